"""`drift`: what targets hold that the head does not say; once, or watched."""

from __future__ import annotations

import json
import time
from argparse import Namespace

from confguard.cli.differences import show_diff
from confguard.cli.options import Commands, duration
from confguard.cli.output import indented, report_error, say
from confguard.cli.projects import guarded_there
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
        exits="0 none, or all repaired; 1 some; 2 cannot run; 5 repaired, and the service not told",
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
    with guarded_there(args.name) as guard:
        if args.watch or args.lasting:
            return _watch(guard, args)
        drifted, left = _looked(guard, (), repair=args.repair)
    cut_off = f"\nwhat wrote it was cut off, or is at work still: confguard recover {args.name}"
    more = cut_off if any(each.unwritten for each in left) else ""
    say(args.format, _json(drifted, left), lambda: (_shown(drifted, left) or "no drift") + more)
    return 1 if left else 0


def _looked(
    guard: Guard, known: tuple[Drift, ...], *, repair: bool
) -> tuple[tuple[Drift, ...], tuple[Drift, ...]]:
    """What drifted, and what of that is wrong still; what is `known` not to be repaired is not tried again."""
    drifted = guard.drift()
    if not repair or drifted == known:
        return drifted, drifted
    return guard.repair(), guard.drift()


def _watch(guard: Guard, args: Namespace) -> int:
    """Say what is new, a line of JSON or a few of text each time; until it is over."""
    end = time.monotonic() + args.lasting.total_seconds() if args.lasting else None
    last: tuple[Drift, ...] = ()
    ever = False
    while end is None or time.monotonic() < end:
        left = last
        try:
            drifted, left = _looked(guard, last, repair=args.repair)
        except ConfguardError as error:  # the store is away, or the service was not told: it goes on looking
            report_error(error, args.format)
            drifted = last
        if drifted != last:
            ever = ever or bool(left)
            if args.format == "json":
                print(json.dumps(_json(drifted, left), ensure_ascii=False), flush=True)
            else:
                told = _shown(drifted, left) or "no drift any more"
                print(f"{time.strftime('%H:%M:%S')} {told}", flush=True)
        last = left
        time.sleep(_INTERVAL if end is None else max(0.0, min(_INTERVAL, end - time.monotonic())))
    return 1 if ever else 0


def _json(drifted: tuple[Drift, ...], left: tuple[Drift, ...]) -> dict[str, object]:
    wrong = {each.target for each in left}
    return {"drift": [{**each.to_json(), "repaired": each.target not in wrong} for each in drifted]}


def _shown(drifted: tuple[Drift, ...], left: tuple[Drift, ...]) -> str:
    wrong = {each.target: each for each in left}
    return "\n".join(_show(each, wrong.get(each.target)) for each in drifted)


def _show(drift: Drift, left: Drift | None) -> str:
    since = f" (written {drift.since:%Y-%m-%d %H:%M:%S}Z)" if drift.since else ""
    repaired = "" if left is drift else f"; not repaired by this: {left.what}" if left else "; repaired"
    head = f"{drift.target}: {drift.what}{since}{repaired}"
    if not drift.changes:
        return head
    listed = show_diff(drift.changes).splitlines()[1:]
    return "\n".join([head, *(line if len(line) <= 78 else indented(line.strip(), 2) for line in listed)])
