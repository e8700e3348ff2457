"""`plan`, `apply`, `adopt`, `confirm`, `revert`, `tell` and `recover`: changing what is in force."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from contextlib import ExitStack, suppress
from typing import Any

from confguard.cli import subjects
from confguard.cli.options import (
    Commands,
    argument,
    author_options,
    config_argument,
    duration,
    flag,
    moment,
    nonblank,
    number,
    repeated,
)
from confguard.cli.output import (
    paint,
    report_errors,
    revision_json,
    say,
    show_diff,
    show_risk,
    shown_path,
    wrapped,
)
from confguard.cli.subjects import (
    guarded,
    guarded_anyway,
    guarded_there,
    of_each,
    the_project,
)
from confguard.errors import ConfguardError, ConflictError
from confguard.events import Event
from confguard.group import Group
from confguard.guard import Guard, Plan
from confguard.project import Config
from confguard.project.guards import bake_of, guard_of
from confguard.risk.policy import Decision
from confguard.rollout.bake import Bake
from confguard.rollout.recovering import Recovered
from confguard.stores.interface import Revision
from confguard.stores.stages import stages_of

_EXITS = "0 done, 1 refused, 2 cannot run, 3 the head moved, 4 applied and taken back, 5 not told, 6 in doubt"
_INTERRUPTED = f"{_EXITS}, 129, 130 or 143 ended by a signal"


def register(commands: Commands) -> None:
    example = "confguard plan auth auth.new.toml"
    exits = "0 the policy allows it, 1 it asks for a review or blocks, 2 cannot run"
    command = commands.add("plan", plan, example, exits)
    _add_change(command, reason=False)

    example = 'confguard apply auth auth.new.toml --reason "raise throughput" --bake 10m'
    command = commands.add("apply", apply, example, _INTERRUPTED)
    _add_change(command)
    argument(command, "--expect", "N", "refuse unless revision N is the head", type=number)
    _add_answers(command)
    watched = command.add_mutually_exclusive_group()
    about = "watch it for so long: 10m, 90s (as the project file says)"
    argument(watched, "--bake", "TIME", about, type=duration)
    flag(watched, "--no-bake", "do not watch it, whatever the project file says")
    flag(command, "--confirm", "revert after the bake unless confirmed")
    about = "who takes it, one after the other: canary,1%%,10%%,all (as the project file says)"
    argument(command, "--stages", "STAGES", about, type=_stages)
    flag(command, "--detach", "leave the bake to `confguard agent`, and do not wait")
    flag(command, "--no-tell", "do not tell the service: `confguard tell` does that later")

    command = commands.add(
        "adopt", adopt, 'confguard adopt auth --reason "the fix of last night"', exits=_EXITS
    )
    config_argument(command)
    argument(command, "--target", "FILE", "which, where several were edited in different ways")
    author_options(command, why="why it is kept")
    _add_answers(command)

    command = commands.add(
        "confirm", confirm, "confguard confirm auth", exits="0 done, 2 cannot run, 6 in doubt"
    )
    config_argument(command)

    command = commands.add(
        "extend", extend, "confguard extend auth 10m", exits="0 done, 2 cannot run, 6 in doubt"
    )
    config_argument(command)
    argument(command, "by", "TIME", "how much longer: 10m, 90s", type=duration)

    command = commands.add("revert", revert, 'confguard revert auth --reason "logins fail"', exits=_EXITS)
    config_argument(command)
    where = command.add_mutually_exclusive_group()
    argument(where, "--to", "N", "the revision to go back to", type=number)
    argument(where, "--at", "TIME", "go back to what was the head then", type=moment)
    argument(where, "--label", "LABEL", "go back to the newest revision with this label", type=nonblank)
    argument(where, "--only", "N", "take back revision N alone; what came after it stays", type=number)
    repeated(command, "--with", "NAME", "and this config, as one (again for more)", dest="others")
    author_options(command, why="why it is reverted")

    command = commands.add(
        "tell", tell, "confguard tell auth", exits="0 told, 2 cannot run, 5 the service cannot be told"
    )
    config_argument(command)

    example = "confguard recover\n  confguard recover auth"
    exits = "0 all is well, 2 something cannot be written, 5 a service cannot be told, 6 in doubt"
    command = commands.add("recover", recover, example, exits)
    config_argument(command, optional=True)


def plan(args: Namespace) -> int:
    with guarded(args.name) as guard:
        planned = _planned(guard, args)
    owners = [*planned.owners, *the_project().config(args.name).owners]
    members = planned.to_json() | {"owners": list(dict.fromkeys(owners))}
    say(args.format, members, lambda: _show_plan(planned))
    return 0 if planned.decision is Decision.ALLOW else 1


def apply(args: Namespace) -> None:
    project = the_project()
    config = project.config(args.name)
    bake = _bake(args, config)
    listener = _tell if args.format == "text" else None
    with guard_of(project, args.name, listener) as guard:
        planned = _planned(guard, args)
        if args.format == "text":
            print(_show_plan(planned))
        if planned.base == 0 and bake and not (args.bake or args.confirm):
            bake = None
            print("the first revision is not watched: there is nothing to go back to", file=sys.stderr)
        if args.expect is not None and args.expect != planned.base:
            raise ConflictError(
                f"revision {args.expect} was expected, and {planned.base} is the head of '{args.name}'",
                hint="look at what changed: confguard log, confguard plan",
            )
        revision = guard.apply(
            planned, bake=bake, tell=not args.no_tell, detach=args.detach, **_answers(args)
        )
        detached = args.detach and guard.place.pending_bake() is not None
    state = "is applied, and an agent is to watch it" if detached else "is in force"
    state += " already" if revision.number == planned.base else ""
    say(args.format, revision_json(revision), lambda: f"revision {revision.number} {state}")


def adopt(args: Namespace) -> None:
    listener = _tell if args.format == "text" else None
    with guard_of(the_project(), args.name, listener) as guard:
        planned = guard.plan_adoption(reason=args.reason, author=args.author, target=args.target)
        if args.format == "text":
            print(_show_plan(planned))
        revision = guard.apply(planned, **_answers(args))
    say(args.format, revision_json(revision), lambda: f"revision {revision.number} is in force")


def tell(args: Namespace) -> None:
    with guarded_there(args.name) as guard:
        revision = guard.tell()
        message = f"the service was told of revision {revision.number}"
        if not guard.place.reloads:
            message = f"'{guard.name}' has no reload: there is nobody to tell of revision {revision.number}"
    say(args.format, revision_json(revision), lambda: message)


def recover(args: Namespace) -> int:
    seen, errors = of_each(args.name, lambda guard: guard.recover())
    recovered = [each for done in seen.values() for each in done]
    messages = [
        {"config": each.config, "revision": each.revision.number, "what": each.what} for each in recovered
    ]
    nothing = "" if errors else "nothing was left to do"
    say(args.format, messages, lambda: "\n".join(map(_show_recovered, recovered)) or nothing)
    return report_errors(errors)


def confirm(args: Namespace) -> None:
    with guarded_there(args.name) as guard:
        revision = guard.confirm()
    say(args.format, revision_json(revision), lambda: f"revision {revision.number} stays")


def extend(args: Namespace) -> None:
    with guarded_there(args.name) as guard:
        pending = guard.extend(args.by)
    until = f"{pending.deadline:%Y-%m-%d %H:%M:%S}Z"
    state = {"config": args.name, "revision": pending.revision, "deadline": pending.deadline.isoformat()}
    say(args.format, state, lambda: f"revision {pending.revision} is being watched until {until}")


def revert(args: Namespace) -> None:
    to = args.at or args.label or args.to
    if args.others:
        _revert_together(args)
        return
    with guarded_there(args.name) as guard:
        revision = guard.revert(to, reason=args.reason, author=args.author, only=args.only)
    say(args.format, revision_json(revision), lambda: _show_revert(revision))


def _revert_together(args: Namespace) -> None:
    if args.to is not None or args.only is not None:
        hint = "with --with, go back to a time (--at) or a --label"
        raise ConfguardError("numbers mean another thing in each config", hint=hint)
    names = list(dict.fromkeys([args.name, *args.others]))
    with ExitStack() as stack:
        first = stack.enter_context(guarded_there(names[0]))
        others = [guarded_anyway(name, store=first.store) for name in names[1:]]
        guards = [first, *map(stack.enter_context, others)]
        revisions = Group(*guards).revert(args.at or args.label, reason=args.reason, author=args.author)
    say(
        args.format,
        [revision_json(revision) for revision in revisions],
        lambda: "\n".join(f"{revision.config}: {_show_revert(revision)}" for revision in revisions),
    )


def _show_revert(revision: Revision) -> str:
    if revision.reverts is None:
        return f"revision {revision.number} is in force: {revision.reason}"
    return f"revision {revision.number} is in force, with the bytes of {revision.reverts}"


def _show_recovered(recovered: Recovered) -> str:
    number, config = recovered.revision.number, recovered.config
    return {
        "written": f"{config}: revision {number} was written to its targets",
        "reverted": f"{config}: an abandoned bake was reverted: revision {number} is in force",
        "told": f"{config}: the service was told of revision {number}",
    }[recovered.what]


def _bake(args: Namespace, config: Config) -> Bake | None:
    """The bake that is asked for, else that of the project file; None where there is none."""
    if args.no_bake or not (args.bake or config.bake):
        for option in ("confirm", "stages", "detach"):
            if getattr(args, option):
                raise ConfguardError(f"--{option} needs a bake", hint="add --bake TIME")
        return None
    try:
        return bake_of(config, args.bake, confirm=args.confirm, stages=args.stages)
    except ValueError as error:
        raise ConfguardError(
            f"--bake: {error}",
            hint=f"name probes or monitors in the project file ([configs.{args.name}]), or add --confirm",
        ) from error


def _stages(text: str) -> list[str]:
    try:
        return [str(each) for each in stages_of(text.split(","))]
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def _add_change(command: ArgumentParser, *, reason: bool = True) -> None:
    config_argument(command)
    about = "what is to become the head (the config's one file)"
    argument(command, "file", "FILE", about, nargs="?")
    author_options(command, why="what the change is for", required=reason)
    argument(command, "--ticket", "TICKET", "where it was asked for or discussed", type=nonblank)
    about = "a name for the revision (again for more)"
    repeated(command, "--label", "LABEL", about, dest="labels", type=nonblank)


def _add_answers(command: ArgumentParser) -> None:
    argument(command, "--override", "WHY", "apply what the policy blocks", type=nonblank)
    argument(command, "--approved-by", "WHO", "who reviewed it", type=nonblank)
    flag(command, "--overwrite", "replace what somebody wrote into a target (a copy is kept)")
    argument(command, "--supersede", "WHY", "end the bake of another revision, and say why", type=nonblank)


def _answers(args: Namespace) -> dict[str, Any]:
    return {name: getattr(args, name) for name in ("override", "approved_by", "overwrite", "supersede")}


def _planned(guard: Guard, args: Namespace) -> Plan:
    if args.file == "-":
        raise ConfguardError("a plan is made from a file, not from standard input", hint="name the FILE")
    source = subjects.file_named(args.file or args.name)
    return guard.plan(source, author=args.author, reason=args.reason, ticket=args.ticket, labels=args.labels)


def _show_plan(planned: Plan) -> str:
    base = f"revision {planned.base}" if planned.base else "no revision yet"
    lines = [f"{planned.config}, planned on {base}: {show_diff(planned.diff)}"]
    if planned.imported:
        lines.append(paint("an import: what is there becomes the first revision", "info"))
    lines += [paint(wrapped(f"note: {note}", 6), "review") for note in planned.notes]
    for each in planned.drift:
        target = shown_path(each.target)
        edited = f"{target} was edited: {each.what}; applying this would undo that"
        unreadable = f"{target} cannot be read: {each.what}"
        lines.append(paint(unreadable if each.unreadable else edited, "high"))
        lines += show_diff(each.changes).splitlines()[1:] if each.changes else []
    return "\n".join([*lines, show_risk(planned.risk, planned.decision)])


def _tell(event: Event) -> None:
    why = event.detail.get("wrong") or event.detail.get("why") or event.detail.get("reason") or ""
    kind: str = event.kind
    if kind == "verified":
        healthy = event.detail["healthy"]
        kind = "health not known:" if healthy is None else "healthy again:" if healthy else "still unhealthy:"
    probe = event.detail.get("probe")
    about = f"{probe}: {why}" if probe else str(why)
    line = f"{event.at:%H:%M:%S}Z {kind} revision {event.revision}{': ' if about else ''}{about}"
    with suppress(BrokenPipeError):  # whoever read has seen enough: what is under way goes on
        print(line, flush=True)
