"""What closes the gaps: for each setting the narrowest rule, tried again before it is told."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from attrs import evolve, frozen

from confguard.diffs.engine import diff
from confguard.documents.bundle import parse_bytes
from confguard.documents.document import Document
from confguard.documents.editing.toml_values import inline
from confguard.drill.mutants import Mutant
from confguard.errors import ConfguardError
from confguard.paths import Path, show_path, value_at
from confguard.risk.judging import Terms
from confguard.risk.rules.user import UserRule
from confguard.schema.secrets import Secrets
from confguard.values import in_own_file

Kind: TypeAlias = Literal["bound", "pin"]
MOST = 100
"""So many settings are advised on, those with the most gaps first."""
_DURATION = re.compile(r"([0-9]+)(us|ms|s|m|h)")
"""Durations as CEL reads them, too."""
_ROOM = 2
"""A number may become so many times larger or smaller before somebody has to say why."""


@frozen
class Advice:
    """What closes a gap."""

    path: str
    kind: Kind
    """A bound lets changes within it pass; a pin stops every change of the setting, right ones too."""
    closes: int
    """How many of the cases that nothing caught it catches; each was tried again with it."""
    paste: str
    """TOML for the project file."""


def advise(
    document: Document,
    terms: Terms,
    gaps: Sequence[Mutant],
    secrets: Secrets,
    closes: Callable[[Mutant, Terms], bool],
) -> tuple[tuple[Advice, ...], tuple[str, ...]]:
    """A rule for each setting that closes gaps, none of them counted twice; and what could not be done."""
    open_gaps: dict[Path, list[Mutant]] = {}
    for gap in gaps:
        after = parse_bytes(gap.content, document.format, path=document.path)
        for change in list(diff(document, after, terms.schema))[:1]:
            # Of a setting that went elsewhere, by a misspelt key, say, a rule sees that it is gone.
            open_gaps.setdefault(change.origin or change.path, []).append(gap)
    advice: list[Advice] = []
    known = {rule.code for rule in terms.rules}
    codes = (code for n in range(1, 100_000) if (code := f"DRILL-{n}") not in known)
    for path, listed in sorted(open_gaps.items(), key=lambda item: -len(item[1]))[:MOST]:
        if secrets.path(path) != path:
            continue  # the rule would tell a key that is secret
        code, tried = next(codes), []
        for kind, when, message in _conditions(document, path, secrets):
            rule = UserRule(code, when, message, "critical", "Ask its owner, and say why in the override.")
            try:
                rule.compile()
            except ConfguardError as error:
                return (), (f"no advice: {error}{f' ({error.hint})' if error.hint else ''}",)
            stricter = evolve(terms, rules=(*terms.rules, rule))
            count = sum(closes(gap, stricter) for gap in listed)
            tried.append(Advice(show_path(path), kind, count, _toml(rule)))
        most = max(each.closes for each in tried)
        # A bound lets right changes pass, so it is told even if it closes a few gaps less.
        advice += [each for each in tried if most and each.closes > most / 2][:1]
    return tuple(advice), ()


def _conditions(document: Document, path: Path, secrets: Secrets) -> list[tuple[Kind, str, str]]:
    """Conditions that close gaps at a path, the narrowest first."""
    own = in_own_file(path, document.data)
    here = f"path == {json.dumps(show_path(own))}"
    if own != path:
        here = f"{here} && file.endsWith({json.dumps(path[0])})"
    pin: tuple[Kind, str, str] = (
        "pin",
        here,
        "any change of this needs an override: no layer tells a wrong value",
    )
    value = value_at(document.data, path)
    outside = None if secrets.at(path) else _outside(value)
    if outside is None:
        return [pin]
    condition, expected = outside
    return [
        ("bound", f'{here} && (op != "replace" || {condition})', f"expected {expected}, or an override"),
        pin,
    ]


def _outside(value: object) -> tuple[str, str] | None:
    """When a number or a duration is far from a value, in CEL, and what is expected; None for other values."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = sorted((value / _ROOM, value * _ROOM))
        untyped = "!(type(after) in [int, double])"
        limits = f"double(after) < {float(low)} || double(after) > {float(high)}"
        return f"{untyped} || {limits}", f"{low:g} to {high:g}"
    if isinstance(value, str) and value.isdecimal() and value.isascii():  # as INI and .env have them
        low, high = int(value) / _ROOM, int(value) * _ROOM
        unread = f"type(after) != string || !after.matches({json.dumps('^[0-9]{1,18}$')})"
        limits = f"double(after) < {float(low)} || double(after) > {float(high)}"
        return f"{unread} || {limits}", f"{low:g} to {high:g}"
    if isinstance(value, str) and (match := _DURATION.fullmatch(value)):
        shortest, longest = (f"{int(match[1]) * by:g}{match[2]}" for by in (1 / _ROOM, _ROOM))
        unread = f"type(after) != string || !after.matches({json.dumps(f'^{_DURATION.pattern}$')})"
        limits = f'duration(after) < duration("{shortest}") || duration(after) > duration("{longest}")'
        return f"{unread} || {limits}", f"{shortest} to {longest}"
    return None


def _toml(rule: UserRule) -> str:
    members = {name: getattr(rule, name) for name in ("code", "when", "message", "severity", "advice")}
    return "\n".join(["[[rules]]", *(f"{name} = {inline(value)}" for name, value in members.items())])
