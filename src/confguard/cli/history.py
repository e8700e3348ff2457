"""`log`, `show`, `status` and `verify`: what was, what is, and whether it is sound."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import Any

from confguard.cli.change import revision_json
from confguard.cli.differences import show_diff
from confguard.cli.options import Commands, whole
from confguard.cli.output import indented, paint, say
from confguard.cli.projects import guarded, the_project
from confguard.errors import DocumentError, NotFoundError, harmless
from confguard.guard import Guard
from confguard.stores.interface import Revision

__all__ = ["register"]


def register(commands: Commands) -> None:
    """Add the commands."""
    command = commands.add("log", log, "List the revisions of a config, newest first.", "confguard log auth")
    commands.add_config(command)
    command.add_argument("--limit", metavar="N", type=whole, default=20, help="how many (20)")
    command.add_argument("--before", metavar="N", type=whole, help="only those before revision N")

    command = commands.add(
        "show",
        show,
        "Show one revision: who, when, why, and what it changed.",
        "confguard show auth 3\n  confguard show auth 3 --raw > auth.toml",
    )
    commands.add_config(command)
    command.add_argument("number", metavar="N", nargs="?", type=whole, help="which revision (the head)")
    command.add_argument("--raw", action="store_true", help="its exact bytes, secrets and all")

    command = commands.add(
        "status",
        status,
        "Say for each config what is in force, and whether all is well.",
        "confguard status",
        exits="0 all is well, 1 a target drifted or a bake is under way, 2 cannot run",
    )
    commands.add_config(command, optional=True)

    command = commands.add(
        "verify",
        verify,
        "Check every link of the chain of revisions.",
        "confguard verify auth\n  confguard verify auth --signers .allowed-signers",
        exits="0 sound, 1 not what was written, 2 cannot run",
    )
    commands.add_config(command, optional=True)
    command.add_argument(
        "--signers", metavar="FILE", help="check signatures, too: allowed signers, as git has them"
    )


def log(args: Namespace) -> int:
    """`confguard log`."""
    with guarded(args.name) as guard:
        revisions = guard.history(args.limit, args.before)
    say(
        args.format,
        [revision_json(revision) for revision in revisions],
        lambda: "\n".join(map(_show_line, revisions)) or f"'{args.name}' has no revision yet",
    )
    return 0


def show(args: Namespace) -> int:
    """`confguard show`."""
    with guarded(args.name) as guard:
        revision = guard.head() if args.number is None else guard.revision(args.number)
        if revision is None:
            raise NotFoundError(
                f"'{args.name}' has no revision yet", hint="`confguard apply` makes the first"
            )
        if args.raw:
            sys.stdout.buffer.write(revision.content)
            return 0
        changed = _changed(guard, revision)
    made = revision_json(revision) | {"diff": changed.to_json() if changed is not None else None}

    def text() -> str:
        first = "the first revision, or next to one that does not parse"
        difference = first if changed is None else show_diff(changed)
        return "\n".join([_show_line(revision), f"    digest {revision.digest}", difference])

    say(args.format, made, text)
    return 0


def status(args: Namespace) -> int:
    """`confguard status`."""
    project = the_project()
    states = []
    for name in [args.name] if args.name else project.configs:
        with project.guard(name) as guard:
            states.append(_state(guard, project.config(name).owners))
    say(args.format, states, lambda: "\n".join(map(_show_state, states)) or "no configs in the project file")
    return 1 if any(state["drift"] or state["bake"] for state in states) else 0


def verify(args: Namespace) -> int:
    """`confguard verify`."""
    project = the_project()
    lengths = {}
    for name in [args.name] if args.name else project.configs:
        with project.guard(name) as guard:
            lengths[name] = guard.verify(args.signers or project.signers)
    say(
        args.format,
        lengths,
        lambda: "\n".join(
            f"{name}: {length} revisions, every link is good" for name, length in lengths.items()
        ),
    )
    return 0


def _changed(guard: Guard, revision: Revision) -> Any:
    if revision.number == 1:
        return None
    try:
        return guard.diff(revision.number - 1, revision.number)
    except DocumentError:  # what was found in a target need not parse
        return None


def _show_line(revision: Revision) -> str:
    """Number, time, author and what kind it is; the reason below it."""
    kind = f"  revert to {revision.reverts}" if revision.reverts is not None else ""
    forced = paint(f"  override: {harmless(revision.override)}", "review") if revision.override else ""
    seen = f"  approved by {harmless(revision.approved_by)}" if revision.approved_by else ""
    head = (
        f"{revision.number:>4}  {revision.created_at:%Y-%m-%d %H:%M:%S}Z  {harmless(revision.author)}{kind}"
    )
    names = f"  [{', '.join(map(harmless, revision.labels))}]" if revision.labels else ""
    ticket = f" ({harmless(revision.ticket)})" if revision.ticket else ""
    return f"{head}{names}{seen}{forced}\n{indented(harmless(revision.reason) + ticket, 6)}"


def _state(guard: Guard, owners: list[str]) -> dict[str, Any]:
    head, pending = guard.head(), guard.store.pending_bake(guard.name)
    return {
        "config": guard.name,
        "head": revision_json(head) if head else None,
        "targets": [target.name for target in guard.targets],
        "drift": [each.to_json() for each in guard.drift()],
        "bake": {"revision": pending.revision, "deadline": pending.deadline.isoformat()} if pending else None,
        "owners": owners,
    }


def _show_state(state: dict[str, Any]) -> str:
    head = state["head"]
    if head is None:
        return f"{state['config']}: no revision yet"
    lines = [
        f"{state['config']}: revision {head['number']} by {harmless(head['author'])} at {head['created_at'][:19]}Z",
        indented(harmless(head["reason"])),
    ]
    lines += [paint(f"    drift: {each['target']}: {each['what']}", "high") for each in state["drift"]]
    if state["bake"]:
        lines.append(paint(f"    baking until {state['bake']['deadline'][:19]}Z", "review"))
    return "\n".join(lines)
