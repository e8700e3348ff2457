"""`plan`, `apply`, `adopt`, `confirm`, `revert`, `tell` and `recover`: changing what is in force."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from contextlib import ExitStack

from confguard.cli import sources
from confguard.cli.compare import show_risk
from confguard.cli.differences import show_diff
from confguard.cli.options import Commands, duration, moment, said, whole
from confguard.cli.output import paint, report_errors, say, shown_path
from confguard.cli.projects import (
    guarded,
    guarded_anyway,
    guarded_there,
    names_of,
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

__all__ = ["register", "revision_json"]

_EXITS = "0 done, 1 refused, 2 cannot run, 3 the head moved, 4 applied and taken back, 5 not told, 6 in doubt"
_INTERRUPTED = f"{_EXITS}, 129, 130 or 143 ended by a signal"


def register(commands: Commands) -> None:
    """Add the commands."""
    command = commands.add(
        "plan",
        plan,
        "confguard plan auth auth.new.toml",
        exits="0 the policy allows it, 1 it asks for a review or blocks, 2 cannot run",
    )
    _add_change(commands, command, reason=False)

    command = commands.add(
        "apply",
        apply,
        'confguard apply auth auth.new.toml --reason "raise throughput" --bake 10m',
        exits=_INTERRUPTED,
    )
    _add_change(commands, command)
    command.add_argument("--expect", metavar="N", type=whole, help="refuse unless revision N is the head")
    _add_answers(command)
    watched = command.add_mutually_exclusive_group()
    watched.add_argument(
        "--bake",
        metavar="TIME",
        type=duration,
        help="watch it for so long: 10m, 90s (as the project file says)",
    )
    watched.add_argument(
        "--no-bake", action="store_true", help="do not watch it, whatever the project file says"
    )
    command.add_argument("--confirm", action="store_true", help="revert after the bake unless confirmed")
    command.add_argument(
        "--stages",
        metavar="STAGES",
        type=_stages,
        help="who takes it, one after the other: canary,1%%,10%%,all (as the project file says)",
    )
    command.add_argument(
        "--detach", action="store_true", help="leave the bake to `confguard agent`, and do not wait"
    )
    command.add_argument(
        "--no-tell", action="store_true", help="do not tell the service: `confguard tell` does that later"
    )

    command = commands.add(
        "adopt",
        adopt,
        'confguard adopt auth --reason "the fix of last night"',
        exits=_EXITS,
    )
    commands.add_config(command)
    command.add_argument(
        "--target", metavar="FILE", help="which, where several were edited in different ways"
    )
    commands.add_author(command, why="why it is kept")
    _add_answers(command)

    command = commands.add(
        "confirm", confirm, "confguard confirm auth", exits="0 done, 2 cannot run, 6 in doubt"
    )
    commands.add_config(command)

    command = commands.add(
        "extend", extend, "confguard extend auth 10m", exits="0 done, 2 cannot run, 6 in doubt"
    )
    commands.add_config(command)
    command.add_argument("by", metavar="TIME", type=duration, help="how much longer: 10m, 90s")

    command = commands.add(
        "revert",
        revert,
        'confguard revert auth --reason "logins fail"',
        exits=_EXITS,
    )
    commands.add_config(command)
    where = command.add_mutually_exclusive_group()
    where.add_argument("--to", metavar="N", type=whole, help="the revision to go back to")
    where.add_argument("--at", metavar="TIME", type=moment, help="go back to what was the head then")
    where.add_argument("--label", type=said, help="go back to the newest revision with this label")
    where.add_argument(
        "--only", metavar="N", type=whole, help="take back revision N alone; what came after it stays"
    )
    command.add_argument(
        "--with",
        dest="others",
        metavar="NAME",
        action="append",
        default=[],
        help="and this config, as one (again for more)",
    )
    commands.add_author(command, why="why it is reverted")

    command = commands.add(
        "tell",
        tell,
        "confguard tell auth",
        exits="0 told, 2 cannot run, 5 the service cannot be told",
    )
    commands.add_config(command)

    command = commands.add(
        "recover",
        recover,
        "confguard recover\n  confguard recover auth",
        exits="0 all is well, 2 something cannot be written, 5 a service cannot be told, 6 in doubt",
    )
    commands.add_config(command, optional=True)


def plan(args: Namespace) -> int:
    """`confguard plan`."""
    with guarded(args.name) as guard:
        planned = _planned(guard, args)
    say(args.format, planned.to_json(), lambda: _show_plan(planned))
    return 0 if planned.decision is Decision.ALLOW else 1


def apply(args: Namespace) -> int:
    """`confguard apply`."""
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
            planned,
            args.override,
            approved_by=args.approved_by,
            bake=bake,
            overwrite=args.overwrite,
            supersede=args.supersede,
            tell=not args.no_tell,
            detach=args.detach,
        )
    detached = args.detach and bake is not None
    said = "is applied, and an agent is to watch it" if detached else "is in force"
    say(args.format, revision_json(revision), lambda: f"revision {revision.number} {said}")
    return 0


def adopt(args: Namespace) -> int:
    """`confguard adopt`."""
    listener = _tell if args.format == "text" else None
    with guard_of(the_project(), args.name, listener) as guard:
        planned = guard.plan_adoption(reason=args.reason, author=args.author, target=args.target)
        if args.format == "text":
            print(_show_plan(planned))
        revision = guard.apply(
            planned,
            args.override,
            approved_by=args.approved_by,
            overwrite=args.overwrite,
            supersede=args.supersede,
        )
    say(args.format, revision_json(revision), lambda: f"revision {revision.number} is in force")
    return 0


def tell(args: Namespace) -> int:
    """`confguard tell`."""
    with guarded_there(args.name) as guard:
        revision = guard.tell()
        message = f"the service was told of revision {revision.number}"
        if not guard.place.reloads:
            message = f"'{guard.name}' has no reload: there is nobody to tell of revision {revision.number}"
    say(args.format, revision_json(revision), lambda: message)
    return 0


def recover(args: Namespace) -> int:
    """`confguard recover`: of all configs, even if one cannot be finished."""
    seen, errors = of_each(names_of(args.name), lambda guard: guard.recover())
    recovered = [each for done in seen.values() for each in done]
    messages = [
        {"config": each.config, "revision": each.revision.number, "what": each.what} for each in recovered
    ]
    nothing = "" if errors else "nothing was left to do"
    say(args.format, messages, lambda: "\n".join(map(_show_recovered, recovered)) or nothing)
    return report_errors(errors)


def confirm(args: Namespace) -> int:
    """`confguard confirm`."""
    with guarded_there(args.name) as guard:
        revision = guard.confirm()
    say(args.format, revision_json(revision), lambda: f"revision {revision.number} stays")
    return 0


def extend(args: Namespace) -> int:
    """`confguard extend`."""
    with guarded_there(args.name) as guard:
        pending = guard.extend(args.by)
    until = f"{pending.deadline:%Y-%m-%d %H:%M:%S}Z"
    state = {"config": args.name, "revision": pending.revision, "deadline": pending.deadline.isoformat()}
    say(args.format, state, lambda: f"revision {pending.revision} is being watched until {until}")
    return 0


def revert(args: Namespace) -> int:
    """`confguard revert`."""
    to = args.at or args.label or args.to
    if args.others:
        return _revert_together(args)
    with guarded_there(args.name) as guard:
        revision = guard.revert(to, reason=args.reason, author=args.author, only=args.only)
    say(args.format, revision_json(revision), lambda: _show_revert(revision))
    return 0


def _revert_together(args: Namespace) -> int:
    """Several configs of the project as one."""
    if args.to is not None or args.only is not None:
        raise ConfguardError(
            "numbers mean another thing in each config",
            hint="with --with, go back to a time (--at) or a --label",
        )
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
    return 0


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
    """Stages with commas between."""
    try:
        return [str(each) for each in stages_of(text.split(","))]
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def revision_json(revision: Revision) -> dict[str, object]:
    """A revision as JSON, without its content."""
    return {
        "config": revision.config,
        "number": revision.number,
        "author": revision.author,
        "reason": revision.reason,
        "created_at": revision.created_at.isoformat(),
        "reverts": revision.reverts,
        "override": revision.override,
        "approved_by": revision.approved_by,
        "ticket": revision.ticket,
        "labels": list(revision.labels),
        "drift_copy": revision.drift_copy,
        "signed": revision.signature is not None,
        "content_digest": revision.content_digest,
        "data_digest": revision.data_digest,
        "digest": revision.digest,
        "parent": revision.parent,
    }


def _add_change(commands: Commands, command: ArgumentParser, *, reason: bool = True) -> None:
    commands.add_config(command)
    about = "what is to become the head (the config's one file)"
    command.add_argument("file", metavar="FILE", nargs="?", help=about)
    commands.add_author(command, why="what the change is for", required=reason)
    command.add_argument("--ticket", type=said, help="where it was asked for or discussed")
    command.add_argument(
        "--label",
        dest="labels",
        action="append",
        type=said,
        default=[],
        help="a name for the revision (again for more)",
    )


def _add_answers(command: ArgumentParser) -> None:
    command.add_argument("--override", metavar="WHY", type=said, help="apply what the policy blocks")
    command.add_argument("--approved-by", metavar="WHO", type=said, help="who reviewed it")
    command.add_argument(
        "--overwrite", action="store_true", help="replace what somebody wrote into a target (a copy is kept)"
    )
    command.add_argument(
        "--supersede", metavar="WHY", type=said, help="end the bake of another revision, and say why"
    )


def _planned(guard: Guard, args: Namespace) -> Plan:
    source = sources.file_named(args.file or args.name)
    return guard.plan(source, author=args.author, reason=args.reason, ticket=args.ticket, labels=args.labels)


def _show_plan(planned: Plan) -> str:
    base = f"revision {planned.base}" if planned.base else "no revision yet"
    lines = [f"{planned.config}, planned on {base}: {show_diff(planned.diff)}"]
    lines += (
        [paint("an import: what is there becomes the first revision", "info")] if planned.imported else []
    )
    lines += [paint(f"note: {note}", "review") for note in planned.notes]
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
    print(
        f"{event.at:%H:%M:%S}Z {kind} revision {event.revision}{': ' if about else ''}{about}",
        flush=True,
    )
