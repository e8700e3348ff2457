"""`suspects`: which change was it?"""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime
from typing import TYPE_CHECKING

from confguard.cli.options import Commands, duration, said, whole, written_moment
from confguard.cli.output import indented, paint, say
from confguard.errors import harmless
from confguard.texts import amount

if TYPE_CHECKING:
    from confguard.causes import Suspect, Suspects

__all__ = ["register"]


def register(commands: Commands) -> None:
    """Add the command."""
    command = commands.add(
        "suspects",
        run,
        'confguard suspects --symptom "logins are rejected"\n'
        "  confguard suspects --at 14:05 --symptom 'checkout is slow' --window 2h",
        exits="0 a change is suspected, 1 none is, 2 cannot run",
    )
    command.add_argument(
        "--at", metavar="TIME", type=written_moment, help="when it began: 14:05, '2h ago', any date (now)"
    )
    command.add_argument("--symptom", metavar="TEXT", type=said, help="what is seen: 'login rejected'")
    command.add_argument("--window", type=duration, default="6h", help="how far to look back (6h)")
    command.add_argument("--limit", metavar="N", type=whole, default=5, help="how many to name (5)")


def run(args: Namespace) -> int:
    """`confguard suspects`."""
    from confguard.causes import suspects

    found = suspects(
        at=args.at.at if args.at else None,
        symptom=args.symptom,
        window=args.window,
        limit=max(1, args.limit),
    )
    is_local = bool(args.at and args.at.local)
    say(
        args.format,
        found.to_json() | {"at_is_local_time": is_local},
        lambda: _shown(found, str(args.window), is_local=is_local),
    )
    return 0 if found.suspects else 1


def _shown(found: Suspects, window: str, *, is_local: bool) -> str:
    zone = " (local time: no zone was given)" if is_local else ""
    lines = [f"{amount(found.changes, 'change')} in the {window} before {_time(found.at)}{zone}"]
    for place, each in enumerate(found.suspects, 1):
        lines += ["", *_suspect(place, each)]
    lines += [""] if found.suspects else []
    lines += [f"no suspect: {amount(count, 'change')}, {why}" for why, count in found.left_out.items()]
    lines += [harmless(note) for note in found.notes]
    if not found.suspects:
        return "\n".join([*lines, "nothing in this window can be the cause: look further back with --window"])
    first = found.suspects[0]
    if first.taken_back:
        lines.append(
            f"the first was taken back since, by {harmless(first.taken_back)}; if it has to be again:"
        )
    else:
        lines.append("to take the first back:")
    return "\n".join([*lines, f"  {first.revert}"])


def _suspect(place: int, suspect: Suspect) -> list[str]:
    which = f"revision {suspect.revision}" if isinstance(suspect.revision, int) else suspect.revision
    lines = [
        f"{place}. {paint(harmless(suspect.config), 'high' if place == 1 else '')}, {which} by"
        f" {harmless(suspect.author)} at {_time(suspect.at)}: score {suspect.score}",
        indented(harmless(suspect.reason)),
    ]
    lines += [f"      {change}" for change in suspect.changes]
    lines += [f"    {factor.points:+5.0f}  {factor.name}: {factor.why}" for factor in suspect.factors]
    return lines


def _time(at: datetime) -> str:
    """A moment in local time, with its zone."""
    local = at.astimezone()
    return harmless(f"{local:%Y-%m-%d %H:%M:%S %Z}")
