"""`show`, `status` and `verify`: what was, what is, and whether it is sound."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from datetime import datetime
from typing import Any

from attrs import asdict

from confguard.cli.change import revision_json
from confguard.cli.differences import show_diff
from confguard.cli.options import Commands, whole
from confguard.cli.output import error_json, indented, paint, report_errors, say, shown_path
from confguard.cli.projects import guarded_there, names_of, of_each, the_project
from confguard.diffs.changes import Diff
from confguard.documents.bundle import BUNDLE, files_of
from confguard.errors import DocumentError, NotFoundError, harmless
from confguard.guard import Guard
from confguard.live.last_good import compared
from confguard.project import Project
from confguard.stores.interface import PendingBake, Revision
from confguard.stores.opening import check_there, missing_file
from confguard.stores.selecting import previous
from confguard.texts import amount

__all__ = ["register", "show_revision"]


def register(commands: Commands) -> None:
    """Add the commands."""
    command = commands.add(
        "show",
        show,
        "confguard show auth 3\n  confguard show auth 3 --raw > auth.toml",
    )
    commands.add_config(command)
    command.add_argument("number", metavar="N", nargs="?", type=whole, help="which revision (the head)")
    command.add_argument("--raw", action="store_true", help="its exact bytes, secrets and all")
    command.add_argument("--file", help="with --raw: which one of several")

    command = commands.add(
        "status",
        status,
        "confguard status\n  confguard status auth --watch",
        exits="0 all is well, 1 a target drifted, a bake is under way, something is left to do, or a copy is of another"
        " history, 2 cannot run",
    )
    commands.add_config(command, optional=True)
    command.add_argument("--watch", action="store_true", help="go on, and show what changes until Ctrl-C")

    command = commands.add(
        "verify",
        verify,
        "confguard verify auth\n  confguard verify auth --signers .allowed-signers",
        exits="0 sound, 1 not what was written, 2 cannot run",
    )
    commands.add_config(command, optional=True)
    command.add_argument(
        "--signers", metavar="FILE", help="check signatures, too: allowed signers, as git has them"
    )


def show(args: Namespace) -> int:
    """`confguard show`."""
    with guarded_there(args.name) as guard:
        revision = guard.head() if args.number is None else guard.revision(args.number)
        if revision is None:
            raise NotFoundError(
                f"'{args.name}' has no revision yet", hint="`confguard apply` makes the first"
            )
        if args.raw:
            sys.stdout.buffer.write(_raw(revision, args.file))
            return 0
        before = previous(guard.store, revision)
        changed = _changed(guard, before, revision) if before else None
    members = revision_json(revision) | {"diff": changed.to_json() if changed is not None else None}

    def text() -> str:
        first = "the first revision" if before is None else "it does not parse, or the one before it does not"
        difference = first if changed is None else show_diff(changed)
        return "\n".join([show_revision(revision), f"    digest {revision.digest}", difference])

    say(args.format, members, text)
    return 0


def status(args: Namespace) -> int:
    """`confguard status`."""
    project = the_project(anyway=True)
    names = names_of(args.name)
    if args.watch:
        from confguard.cli.watching import watch

        configs = {name: project.config(name) for name in names}
        watch(configs, lambda guard: _state(guard, project), _show_state, args.format)
    seen, errors = of_each(names, lambda guard: _state(guard, project))
    states = [
        seen[name] if name in seen else {"config": name, "error": error_json(errors[name])} for name in names
    ]
    say(args.format, states, lambda: "\n".join(map(_show_state, states)) or "no configs in the project file")
    if errors:
        return 2
    return 1 if any(map(_wants_attention, states)) else 0


def verify(args: Namespace) -> int:
    """`confguard verify`."""
    project = the_project()
    lengths, errors = of_each(
        names_of(args.name), lambda guard: _verified(guard, args.signers or project.signers)
    )
    if errors and args.name:
        raise errors[args.name]
    say(
        args.format,
        lengths | {name: {"error": error_json(error)} for name, error in errors.items()},
        lambda: "\n".join(
            f"{name}: {amount(length, 'revision')}, every link is good" for name, length in lengths.items()
        ),
    )
    return report_errors(errors)


def _raw(revision: Revision, file: str | None) -> bytes:
    """The bytes of a revision; of several files, those of one."""
    if revision.format != BUNDLE:
        return revision.content
    files = files_of(revision.content)
    if file not in files:
        wrong = f"has no file '{harmless(file)}'" if file else "has several files"
        raise NotFoundError(
            f"revision {revision.number} of '{revision.config}' {wrong}",
            hint=f"--raw --file NAME; it has: {', '.join(map(harmless, files))}",
        )
    return files[file]


def _verified(guard: Guard, signers: str | os.PathLike[str] | None) -> int:
    check_there(guard.store, f"'{guard.name}': ")
    return guard.verify(signers)


def _changed(guard: Guard, before: Revision, revision: Revision) -> Diff | None:
    try:
        return guard.diff(before.number, revision.number)
    except DocumentError:  # what was found in a target need not parse
        return None


def show_revision(revision: Revision) -> str:
    """Number, time, author and what kind it is; the reason below it."""
    kind = f"  revert to {revision.reverts}" if revision.reverts is not None else ""
    kind = "  a copy of drift, never in force" if revision.drift_copy else kind
    forced = paint(f"  override: {harmless(revision.override)}", "review") if revision.override else ""
    seen = f"  approved by {harmless(revision.approved_by)}" if revision.approved_by else ""
    head = (
        f"{revision.number:>4}  {revision.created_at:%Y-%m-%d %H:%M:%S}Z  {harmless(revision.author)}{kind}"
    )
    names = f"  [{', '.join(map(harmless, revision.labels))}]" if revision.labels else ""
    ticket = f" ({harmless(revision.ticket)})" if revision.ticket else ""
    return f"{head}{names}{seen}{forced}\n{indented(harmless(revision.reason) + ticket, 6)}"


def _wants_attention(state: dict[str, Any]) -> bool:
    strange = any(each["problem"] for each in state["copies"])
    return bool(state["drift"] or state["bake"] or state["left"] or strange)


def _state(guard: Guard, project: Project) -> dict[str, Any]:
    config = project.config(guard.name)
    copies = [compared(project.root / each, guard, guard.head()) for each in config.copies]
    head, pending, place = guard.head(), guard.store.pending_bake(guard.name), guard.place.state()
    return {
        "config": guard.name,
        "head": revision_json(head) if head else None,
        "store_missing": str(missing) if (missing := missing_file(guard.store)) else None,
        "targets": [target.name for target in guard.targets],
        "drift": [each.to_json() for each in guard.drift()],
        "bake": _bake(pending) if pending else None,
        "place": asdict(place) if place else None,
        "left": place is not None and not place.complete,
        "copies": [asdict(each, value_serializer=_plain) for each in copies],
        "owners": config.owners,
    }


def _plain(_: object, __: object, value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _bake(pending: PendingBake) -> dict[str, Any]:
    return {
        "revision": pending.revision,
        "back": pending.back,
        "deadline": pending.deadline.isoformat(),
        "watched": pending.watched,
        "watcher": pending.watcher or None,
        "stages": [str(each) for each in pending.stages],
        "stage": pending.stage + 1 if pending.stages else None,
    }


def _show_state(state: dict[str, Any]) -> str:
    if "error" in state:
        hint = state["error"]["hint"]
        message = f"{state['config']}: {state['error']['message']}"
        return paint(message, "high") + (f"\n    hint: {hint}" if hint else "")
    head, name = state["head"], state["config"]
    copies = [line for each in state["copies"] for line in _show_copy(each, head)]
    if head is None:
        missing = f": there is no store {state['store_missing']}" if state["store_missing"] else ""
        return "\n".join([f"{name}: no revision yet{missing}", *copies])
    lines = [
        f"{name}: revision {head['number']} by {harmless(head['author'])} at {head['created_at'][:19]}Z",
        indented(harmless(head["reason"])),
    ]
    drifted = [each for each in state["drift"] if not each["unwritten"]]
    lines += [paint(f"    drift: {shown_path(each['target'])}: {each['what']}", "high") for each in drifted]
    if state["bake"]:
        watched = f"baking until {state['bake']['deadline'][:19]}Z, watched by {_watcher(state['bake'])}"
        abandoned = f"its bake was abandoned; it goes back with: confguard recover {name}"
        lines.append(paint(f"    {watched if state['bake']['watched'] else abandoned}", "review"))
        if state["bake"]["stages"]:
            lines.append(paint(f"    {_stage(state['bake'])}", "review"))
    if state["left"]:
        lines.append(paint(indented(_left(name, state["place"])), "high"))
    lines += copies
    return "\n".join(lines)


def _watcher(bake: dict[str, Any]) -> str:
    return f"process {harmless(bake['watcher'])}" if bake["watcher"] else "nobody yet: it waits for an agent"


def _stage(bake: dict[str, Any]) -> str:
    """Who runs what."""
    stages, at = bake["stages"], bake["stage"]
    so_far = list(dict.fromkeys(stages[:at]))
    share = [each for each in so_far if each.endswith("%")][-1:]  # a larger share holds the smaller ones
    who = " and ".join([*(each for each in so_far if not each.endswith("%")), *share])
    rest = "" if stages[at - 1] == "all" else f", all others revision {bake['back']}"
    return f"stage {at} of {len(stages)}: {'all' if not rest else who} run revision {bake['revision']}{rest}"


def _show_copy(copy: dict[str, Any], head: dict[str, Any] | None) -> list[str]:
    """What is to be known of a last known good copy: nothing, if it is the head."""
    number, where = copy["revision"], f"last known good copy {shown_path(copy['path'])}"
    if copy["problem"]:
        which = f"revision {number} of {copy['kept_at'][:19]}Z " if number is not None else ""
        return [paint(indented(f"{where}: {which}{harmless(copy['problem'])}"), "high")]
    if number is not None and head is not None and number != head["number"]:
        return [
            indented(
                f"{where}: revision {number} of {copy['kept_at'][:19]}Z, and the head is {head['number']}"
            )
        ]
    return []


def _left(name: str, place: dict[str, Any]) -> str:
    why = f": {place['error']}" if place["error"] else ""
    if place["written"] != place["wanted"]:
        return (
            f"revision {place['wanted']} is not written to its targets{why}; what wrote it was cut off, or is at"
            f" work still; confguard recover {name}"
        )
    return (
        f"the service was not told of revision {place['wanted']}{why}; once it answers: confguard tell {name}"
    )
