"""`drift`: what targets hold that the head does not say; once, or watched."""

from __future__ import annotations

import json
import time
from argparse import Namespace

from confguard.cli.differences import show_diff
from confguard.cli.options import Commands, duration
from confguard.cli.output import indented, report_error, say
from confguard.cli.projects import guarded_anyway
from confguard.errors import ConfguardError
from confguard.guard import Guard
from confguard.targets.drift import Drift

__all__ = ["register"]

_INTERVAL = 5.0
"""Seconds between two looks."""


def register(commands: Commands) -> None:
    """Add the command."""
    command = commands.add(
        "drift",
        drift,
        "Say which values in targets differ from the head, and since when.",
        "confguard drift auth\n  confguard drift auth --repair\n  confguard drift auth --watch --format json",
        exits="0 none, or all repaired; 1 some; 2 cannot run",
    )
    commands.add_config(command)
    command.add_argument("--repair", action="store_true", help="write the head to targets that drifted")
    command.add_argument(
        "--watch", action="store_true", help="go on looking, and say what is new; Ctrl-C ends it"
    )
    command.add_argument(
        "--for", dest="lasting", metavar="TIME", type=duration, help="watch for so long: 10m, 90s"
    )


def drift(args: Namespace) -> int:
    """`confguard drift`."""
    with guarded_anyway(args.name) as guard:
        if args.watch or args.lasting:
            return _watch(guard, args)
        drifted = guard.repair() if args.repair else guard.drift()
    say(args.format, _json(drifted), lambda: _shown(drifted, repaired=args.repair) or "no drift")
    return 1 if drifted and not args.repair else 0


def _watch(guard: Guard, args: Namespace) -> int:
    """Say what is new, a line of JSON or a few of text each time; until it is over."""
    end = time.monotonic() + args.lasting.total_seconds() if args.lasting else None
    last, ever = None, False
    while end is None or time.monotonic() < end:
        try:
            drifted = guard.repair() if args.repair else guard.drift()
        except ConfguardError as error:  # the store is away, or the service was not told: it goes on looking
            report_error(error, args.format)
            drifted = last or ()
        if drifted != last and (drifted or last):
            ever = ever or bool(drifted)
            if args.format == "json":
                print(json.dumps(_json(drifted), ensure_ascii=False), flush=True)
            else:
                told = _shown(drifted, repaired=args.repair) or "no drift any more"
                print(f"{time.strftime('%H:%M:%S')} {told}", flush=True)
        last = None if args.repair else drifted
        time.sleep(_INTERVAL if end is None else max(0.0, min(_INTERVAL, end - time.monotonic())))
    return 1 if ever and not args.repair else 0


def _json(drifted: tuple[Drift, ...]) -> dict[str, object]:
    return {"drift": [each.to_json() for each in drifted]}


def _shown(drifted: tuple[Drift, ...], *, repaired: bool) -> str:
    return "\n".join(_show(each, repaired=repaired) for each in drifted)


def _show(drift: Drift, *, repaired: bool) -> str:
    since = f" (written {drift.since:%Y-%m-%d %H:%M:%S}Z)" if drift.since else ""
    head = f"{drift.target}: {drift.what}{since}{'; repaired' if repaired else ''}"
    if not drift.changes:
        return head
    listed = show_diff(drift.changes).splitlines()[1:]
    return "\n".join([head, *(line if len(line) <= 78 else indented(line.strip(), 2) for line in listed)])
