"""`status` and `drift`: what is in force, and what targets hold that the head does not say; once, or watched."""

from __future__ import annotations

import time
from argparse import Namespace
from contextlib import ExitStack
from datetime import datetime
from typing import Any

from attrs import asdict, frozen

from confguard.cli.options import Commands, argument, config_argument, duration, flag
from confguard.cli.output import (
    error_json,
    paint,
    relative,
    report_error,
    report_errors,
    revision_json,
    say,
    say_line,
    show_diff,
    shown_path,
)
from confguard.cli.subjects import guarded_there, names_of, of_each, of_each_stored, the_project
from confguard.errors import ConfguardError, harmless
from confguard.guard import Guard
from confguard.live.last_good import compared
from confguard.project import Project
from confguard.stores.interface import PendingBake
from confguard.stores.opening import missing_file
from confguard.targets.drift import Drift
from confguard.texts import indented

_INTERVAL = 5.0
"""Seconds between two looks for drift."""


def register(commands: Commands) -> None:
    example = "confguard status\n  confguard status auth --watch"
    exits = (
        "0 all is well, 1 a target drifted, a bake is under way, something is left to do, or a copy is of another"
        " history, 2 cannot run"
    )
    command = commands.add("status", status, example, exits)
    config_argument(command, optional=True)
    flag(command, "--watch", "go on, and show what changes until Ctrl-C")

    example = "confguard drift\n  confguard drift auth --repair\n  confguard drift auth --watch --format json"
    exits = "0 none, or all repaired; 1 some; 2 cannot run; 5 repaired, and the service not told"
    command = commands.add("drift", drift, example, exits)
    config_argument(command, optional=True)
    flag(command, "--repair", "write the head to targets that drifted")
    flag(command, "--watch", "go on looking, and say what is new; Ctrl-C ends it")
    argument(command, "--for", "TIME", "watch for so long: 10m, 90s", dest="lasting", type=duration)


def drift(args: Namespace) -> int:
    if args.watch or args.lasting:
        return _watch_drift(args)
    seen, errors = of_each_stored(args.name, lambda guard: _look(guard, (), repair=args.repair))
    data: dict[str, object] = {
        "drift": [each for name, looked in seen.items() for each in _drift_json(name, looked)]
    }
    data |= {"errors": {name: error_json(error) for name, error in errors.items()}} if errors else {}

    def text() -> str:
        shown = "\n".join(_show_config(name, looked) for name, looked in seen.items() if looked.drifted)
        return shown or ("" if errors else "no drift")

    say(args.format, data, text)
    return report_errors(errors) or int(any(looked.left for looked in seen.values()))


@frozen
class _Looked:
    """What drifted in a config, and what of that is wrong still."""

    drifted: tuple[Drift, ...] = ()
    left: tuple[Drift, ...] = ()


def _look(guard: Guard, known: tuple[Drift, ...], *, repair: bool) -> _Looked:
    """One look; what is `known` not to be repaired is not tried again."""
    drifted = guard.drift()
    if not repair or drifted == known:
        return _Looked(drifted, drifted)
    return _Looked(guard.repair(), guard.drift())


def _watch_drift(args: Namespace) -> int:
    """Say what is new, a line of JSON or a few of text each time; until it is over."""
    left: dict[str, tuple[Drift, ...]] = {}
    ever = False
    with ExitStack() as stack:
        guards = [stack.enter_context(guarded_there(name)) for name in names_of(args.name)]
        end = time.monotonic() + args.lasting.total_seconds() if args.lasting else None
        while end is None or time.monotonic() < end:
            for guard in guards:
                last = left.get(guard.name, ())
                try:
                    looked = _look(guard, last, repair=args.repair)
                except ConfguardError as error:  # the store is away, or the service was not told
                    report_error(error, args.format)
                    continue
                if looked.drifted != last:
                    ever = ever or bool(looked.left)
                    message = _show_config(guard.name, looked) or f"{guard.name}: no drift any more"
                    data = {"drift": _drift_json(guard.name, looked)}
                    say_line(args.format, data, f"{time.strftime('%H:%M:%S')} {message}")
                left[guard.name] = looked.left
            time.sleep(_INTERVAL if end is None else max(0.0, min(_INTERVAL, end - time.monotonic())))
    return 1 if ever else 0


def _drift_json(name: str, looked: _Looked) -> list[dict[str, object]]:
    wrong = {each.target for each in looked.left}
    return [
        {"config": name, **each.to_json(), "repaired": each.target not in wrong} for each in looked.drifted
    ]


def _show_config(name: str, looked: _Looked) -> str:
    wrong = {each.target: each for each in looked.left}
    lines = [f"{name}: {_show_drift(each, wrong.get(each.target))}" for each in looked.drifted]
    if any(each.unwritten for each in looked.left):
        lines.append(f"what wrote it was cut off, or is at work still: confguard recover {name}")
    return "\n".join(lines)


def _show_drift(drift: Drift, left: Drift | None) -> str:
    since = f" (written {drift.since:%Y-%m-%d %H:%M:%S}Z)" if drift.since else ""
    repaired = "" if left is drift else f"; not repaired by this: {left.what}" if left else "; repaired"
    head = f"{shown_path(drift.target)}: {drift.what}{since}{repaired}"
    if not drift.changes:
        return head
    listed = show_diff(drift.changes).splitlines()[1:]
    return "\n".join([head, *(line if len(line) <= 78 else indented(line.strip(), 2) for line in listed)])


def status(args: Namespace) -> int:
    project = the_project(anyway=True)
    names = names_of(args.name)
    if args.watch:
        from confguard.cli.watching import watch

        configs = {name: project.config(name) for name in names}
        watch(configs, lambda guard: _state(guard, project), _show_state, args.format)
    seen, errors = of_each(args.name, lambda guard: _state(guard, project))
    states = [
        seen[name] if name in seen else {"config": name, "error": error_json(errors[name])} for name in names
    ]
    say(args.format, states, lambda: "\n".join(map(_show_state, states)))
    return 2 if errors else int(any(map(_wants_attention, states)))


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
        "bake": _bake_json(pending) if pending else None,
        "place": asdict(place) if place else None,
        "left": place is not None and not place.complete,
        "copies": [asdict(each, value_serializer=_as_json) for each in copies],
        "owners": config.owners,
    }


def _as_json(_: object, __: object, value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _bake_json(pending: PendingBake) -> dict[str, Any]:
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
        message = f"{state['config']}: {relative(state['error']['message'])}"
        return paint(message, "high") + (f"\n    hint: {hint}" if hint else "")
    head, name = state["head"], state["config"]
    copies = [line for each in state["copies"] for line in _show_copy(each, head)]
    if head is None:
        missing = (
            f": there is no store {shown_path(state['store_missing'])}" if state["store_missing"] else ""
        )
        return "\n".join([f"{name}: no revision yet{missing}", *copies])
    lines = [
        f"{name}: revision {head['number']} by {harmless(head['author'])} at {head['created_at'][:19]}Z",
        indented(harmless(head["reason"])),
    ]
    lines += [indented(f"owners: {harmless(', '.join(state['owners']))}")] if state["owners"] else []
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
    stages, at = bake["stages"], bake["stage"]
    so_far = list(dict.fromkeys(stages[:at]))
    share = [each for each in so_far if each.endswith("%")][-1:]  # a larger share holds the smaller ones
    who = " and ".join([*(each for each in so_far if not each.endswith("%")), *share])
    rest = "" if stages[at - 1] == "all" else f", all others revision {bake['back']}"
    return f"stage {at} of {len(stages)}: {'all' if not rest else who} run revision {bake['revision']}{rest}"


def _show_copy(copy: dict[str, Any], head: dict[str, Any] | None) -> list[str]:
    """What is to be known of a last known good copy: nothing, if it is the head."""
    number, where = copy["revision"], f"last known good copy {shown_path(copy['path'])}: "
    which = f"revision {number} of {copy['kept_at'][:19]}Z" if number is not None else ""
    if copy["problem"]:
        return [paint(indented(f"{where}{which}{' ' if which else ''}{harmless(copy['problem'])}"), "high")]
    is_other = number is not None and head is not None and number != head["number"]
    return [indented(f"{where}{which}, and the head is {head['number']}")] if head and is_other else []


def _left(name: str, place: dict[str, Any]) -> str:
    number, why = place["wanted"], f": {place['error']}" if place["error"] else ""
    if place["written"] != number:
        cut_off = f"what wrote it was cut off, or is at work still; confguard recover {name}"
        return f"revision {number} is not written to its targets{why}; {cut_off}"
    return f"the service was not told of revision {number}{why}; once it answers: confguard tell {name}"
