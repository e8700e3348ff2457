"""`drift`: what targets hold that the head does not say; once, or watched."""

from __future__ import annotations

import json
import time
from argparse import Namespace
from collections.abc import Sequence
from contextlib import ExitStack

from attrs import frozen

from confguard.cli.differences import show_diff
from confguard.cli.options import Commands, duration
from confguard.cli.output import error_json, indented, report_error, report_errors, say, shown_path
from confguard.cli.projects import guarded_there, names_of, of_each
from confguard.errors import ConfguardError
from confguard.guard import Guard
from confguard.stores.opening import check_there
from confguard.targets.drift import Drift

__all__ = ["register"]

_INTERVAL = 5.0
"""Seconds between two looks."""


def register(commands: Commands) -> None:
    """Add the command."""
    command = commands.add(
        "drift",
        drift,
        "confguard drift\n  confguard drift auth --repair\n  confguard drift auth --watch --format json",
        exits="0 none, or all repaired; 1 some; 2 cannot run; 5 repaired, and the service not told",
    )
    commands.add_config(command, optional=True)
    command.add_argument("--repair", action="store_true", help="write the head to targets that drifted")
    command.add_argument(
        "--watch", action="store_true", help="go on looking, and say what is new; Ctrl-C ends it"
    )
    command.add_argument(
        "--for", dest="lasting", metavar="TIME", type=duration, help="watch for so long: 10m, 90s"
    )


def drift(args: Namespace) -> int:
    """`confguard drift`: of all configs, even if one cannot be looked at."""
    names = names_of(args.name)
    if args.watch or args.lasting:
        with ExitStack() as stack:
            return _watch([stack.enter_context(guarded_there(name)) for name in names], args)
    seen, errors = of_each(names, lambda guard: _looked_once(guard, repair=args.repair))
    if args.name and errors:
        raise errors[args.name]
    data: dict[str, object] = {
        "drift": [each for name, looked in seen.items() for each in _json(name, looked)]
    }
    data |= {"errors": {name: error_json(error) for name, error in errors.items()}} if errors else {}

    def text() -> str:
        shown = "\n".join(_shown(name, looked) for name, looked in seen.items() if looked.drifted)
        return shown or ("" if errors else "no drift")

    say(args.format, data, text)
    return report_errors(errors) or int(any(looked.left for looked in seen.values()))


@frozen
class _Looked:
    """What drifted in a config, and what of that is wrong still."""

    drifted: tuple[Drift, ...] = ()
    left: tuple[Drift, ...] = ()


def _looked(guard: Guard, known: tuple[Drift, ...], *, repair: bool) -> _Looked:
    """One look; what is `known` not to be repaired is not tried again."""
    drifted = guard.drift()
    if not repair or drifted == known:
        return _Looked(drifted, drifted)
    return _Looked(guard.repair(), guard.drift())


def _looked_once(guard: Guard, *, repair: bool) -> _Looked:
    check_there(guard.store, f"'{guard.name}': ")
    return _looked(guard, (), repair=repair)


def _watch(guards: Sequence[Guard], args: Namespace) -> int:
    """Say what is new, a line of JSON or a few of text each time; until it is over."""
    end = time.monotonic() + args.lasting.total_seconds() if args.lasting else None
    left: dict[str, tuple[Drift, ...]] = {}
    ever = False
    while end is None or time.monotonic() < end:
        for guard in guards:
            last = left.get(guard.name, ())
            try:
                looked = _looked(guard, last, repair=args.repair)
            except (
                ConfguardError
            ) as error:  # the store is away, or the service was not told: it goes on looking
                report_error(error, args.format)
                continue
            if looked.drifted != last:
                ever = ever or bool(looked.left)
                _say_new(guard.name, looked, args.format)
            left[guard.name] = looked.left
        time.sleep(_INTERVAL if end is None else max(0.0, min(_INTERVAL, end - time.monotonic())))
    return 1 if ever else 0


def _say_new(name: str, looked: _Looked, format: str) -> None:
    if format == "json":
        print(json.dumps({"drift": _json(name, looked)}, ensure_ascii=False), flush=True)
    else:
        message = _shown(name, looked) or f"{name}: no drift any more"
        print(f"{time.strftime('%H:%M:%S')} {message}", flush=True)


def _json(name: str, looked: _Looked) -> list[dict[str, object]]:
    wrong = {each.target for each in looked.left}
    return [
        {"config": name, **each.to_json(), "repaired": each.target not in wrong} for each in looked.drifted
    ]


def _shown(name: str, looked: _Looked) -> str:
    wrong = {each.target: each for each in looked.left}
    lines = [f"{name}: {_show(each, wrong.get(each.target))}" for each in looked.drifted]
    if any(each.unwritten for each in looked.left):
        lines.append(f"what wrote it was cut off, or is at work still: confguard recover {name}")
    return "\n".join(lines)


def _show(drift: Drift, left: Drift | None) -> str:
    since = f" (written {drift.since:%Y-%m-%d %H:%M:%S}Z)" if drift.since else ""
    repaired = "" if left is drift else f"; not repaired by this: {left.what}" if left else "; repaired"
    head = f"{shown_path(drift.target)}: {drift.what}{since}{repaired}"
    if not drift.changes:
        return head
    listed = show_diff(drift.changes).splitlines()[1:]
    return "\n".join([head, *(line if len(line) <= 78 else indented(line.strip(), 2) for line in listed)])
