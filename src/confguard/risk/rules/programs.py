"""Programs that everybody runs: what their own documentation warns of, refuses, or takes in another unit."""

from __future__ import annotations

import re
import tomllib
from abc import abstractmethod
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from attrs import frozen

from confguard.paths import Path
from confguard.risk.findings import Severity
from confguard.risk.names import name_of
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Verdict, sized
from confguard.risk.rules.programs_known import Fact, fact_of
from confguard.texts import plain, word_set

_WORD = re.compile(r"[A-Za-z][\w.+-]*")
_BARE = re.compile(r"-?\d+(\.\d+)?")
_SLIP = 150
"""From this many times on, an amount beside the default may be one in another unit."""
_TAKEN_FOR: dict[str, tuple[float, ...]] = {
    "s": (1e-3,),
    "ms": (1e3,),
    "us": (1e3, 1e6),
    "b": (1024.0, 1024.0**2, 1024.0**3),
    "kb": (1024.0, 1024.0**2, 1 / 1024),
}
"""By a setting's unit: what an amount is times, when it was meant in another one."""
_ANY_NUMBER = {1.0, 100.0, *(float(2**bits - sign) for bits in (8, 16, 31, 32, 63, 64) for sign in (0, 1))}
"""Bounds of what a number can hold, or of a share: nothing happens near to them."""
_NEAR = 6
"""Within this many times of the default, read in another unit, it probably is."""


@frozen
class Warned:
    """One warning of a program's documentation."""

    to: frozenset[str]
    was: frozenset[str]
    says: str
    source: str


class DangerousValue(EditRule):
    code = "CG543"
    title = "a value that its program warns of"
    reason = "The documentation of the program says what goes wrong with it."
    advice = "Read what it says there; keep the safe value where it matters."
    example = Example(
        "unclean.leader.election.enable = false\n",
        "unclean.leader.election.enable = true\n",
        "unclean.leader.election.enable = false\nx = 1\n",
        "properties",
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A known setting that has such a value now."""
        if edit.removed or isinstance(edit.after, dict | list):
            return None
        before, after = _plain(edit.before), _plain(edit.after)
        for warned in warnings_of(edit.path):
            known = not warned.was or before in warned.was
            if after in warned.to and before not in warned.to and known and edit.before is not None:
                return f"{sized(edit)}: {warned.says} ({warned.source})"
        return None


def warnings_of(path: Path) -> tuple[Warned, ...]:
    """What is warned of for the setting that a path leads to.

    >>> [each.says for each in warnings_of(("mtls", "mode"))][1]
    'connections are neither encrypted nor authenticated'
    """
    names = [_plain(each) for each in path if isinstance(each, str)] or [_plain(name_of(path))]
    known = _known()
    warnings: tuple[Warned, ...] = ()
    for length in range(1, min(len(names), 4) + 1):
        warnings += known.get("".join(names[-length:]), ())
    return warnings


_LONGEST = 200
"""A longer text is not a word that a program knows."""


@cache
def _known() -> Mapping[str, tuple[Warned, ...]]:
    read = tomllib.loads(files(__package__).joinpath("programs.toml").read_text("utf-8"))
    known: dict[str, tuple[Warned, ...]] = {}
    for each in read["value"]:
        to = word_set(each["to"]) or frozenset({""})
        warned = Warned(to, word_set(each.get("was", "")), each["says"], each["source"])
        for name in each["names"]:
            known[_plain(name)] = (*known.get(_plain(name), ()), warned)
    return known


def _plain(value: Any) -> str:
    text = str(value)[:_LONGEST].lower()
    return text if text == "/dev/null" else plain(text)


class _FactRule(EditRule):
    """A rule about what a program states of a setting; it says where that is stated."""

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """What is dangerous by the fact, where one is known."""
        program, fact = fact_of(edit, context) or (None, None)
        verdict = self.judged_by(fact, edit) if fact else None
        if program is None or verdict is None:
            return None
        severity, message = (self.severity, verdict) if isinstance(verdict, str) else verdict
        return severity, f"{message} ({program.program}, {program.source})"

    @abstractmethod
    def judged_by(self, fact: Fact, edit: Edit) -> Verdict:
        """What is dangerous about an edit of the setting of which this is stated."""


class Refused(_FactRule):
    code = "CG544"
    title = "a value that its program refuses"
    severity = "critical"
    reason = "The program does not start with it, or a reload leaves the old value with a line in the log."
    advice = "Stay within what the reference of the program's version states."
    example = Example(
        "max_connections = 200\nshared_buffers = '4GB'\n",
        "max_connections = 400000\nshared_buffers = '4GB'\n",
        "max_connections = 300\nshared_buffers = '4GB'\n",
    )

    def judged_by(self, fact: Fact, edit: Edit) -> Verdict:
        """Out of range, no word that it knows, without the unit that it wants, or a change that it never takes."""
        refused = _refused(edit.after, fact)
        if refused and not _refused(edit.before, fact):
            return refused
        fixed = fact.immutable and _is_set(edit.before) and _is_set(edit.after)
        return ("high", f"{sized(edit)}: a change of it is refused") if fixed else None


class OtherUnit(_FactRule):
    code = "CG545"
    title = "an amount that its program reads in another unit"
    reason = "A bare number is in the setting's own unit: milliseconds or seconds, bytes or pages of 8 kB."
    advice = "Look up the unit of the setting; write it out where the program takes that."
    example = Example(
        "max_connections = 200\nshared_buffers = '4GB'\n",
        "max_connections = 200\nshared_buffers = '4096'\n",
        "max_connections = 200\nshared_buffers = '5GB'\n",
    )

    def judged_by(self, fact: Fact, edit: Edit) -> Verdict:
        """The unit went and the amount is another, or it is the default in another unit."""
        if fact.unit is None or not _BARE.fullmatch(str(edit.after).strip()):
            return None
        before, after = fact.amount(edit.before), fact.amount(edit.after)
        if not after or after < 0:
            return None
        meant = f"{edit.after} is read in {fact.unit}"
        if before and not _BARE.fullmatch(str(edit.before).strip()) and not 0.01 < after / before < 100:
            return f"{sized(edit)}: {meant}"
        default = fact.amount(fact.default) or 0
        slipped = _in_another_unit(after, default, fact)
        if slipped and not (before and _in_another_unit(before, default, fact)):
            return f"{meant}, and the default is {_shown(default, fact)}"
        return None


class NearTheMost(_FactRule):
    code = "CG555"
    title = "an amount near the most that its program takes"
    reason = (
        "The bound stands there since nothing works beyond it; what has to happen before has no room left."
    )
    advice = "Keep some way from it; go up in steps."
    example = Example(
        "autovacuum_freeze_max_age = 200000000\nmax_connections = 200\n",
        "autovacuum_freeze_max_age = 1900000000\nmax_connections = 200\n",
        "autovacuum_freeze_max_age = 400000000\nmax_connections = 200\n",
    )

    def judged_by(self, fact: Fact, edit: Edit) -> Verdict:
        """From a half or less of it to nine tenths or more, where it is an amount that was chosen."""
        before, after, most = fact.amount(edit.before), fact.amount(edit.after), fact.max
        if before is None or after is None or not most or most in _ANY_NUMBER:
            return None
        near = before <= most / 2 and most * 0.9 <= after <= most
        return f"{sized(edit)}: the most is {_shown(most, fact)}" if near else None


class NeedsRestart(_FactRule):
    code = "CG546"
    title = "takes effect at a restart of its program"
    severity = "low"
    reason = "Until then the program runs with the old value; what fails shows itself at the next start."
    advice = "Restart when it suits, and watch that start."
    example = Example(
        "max_connections = 200\nshared_buffers = '4GB'\n",
        "max_connections = 220\nshared_buffers = '4GB'\n",
        "max_connections = 200\nshared_buffers = '4GB'\nwork_mem = '8MB'\n",
    )

    def judged_by(self, fact: Fact, edit: Edit) -> Verdict:
        """By what the reference states."""
        return f"{sized(edit)}: only a restart takes it" if fact.restart else None


class MadeAnew(_FactRule):
    code = "CG547"
    title = "a change for which the thing is removed and made anew"
    reason = "What was in it, its address and its name are gone with it, unless somebody brings them over."
    advice = "Make the new one beside the old one, move what is in it, and remove the old one last."
    example = Example(
        "Resources: {Db: {Type: 'AWS::RDS::DBInstance', Properties: {DBInstanceIdentifier: a}}}\n",
        "Resources: {Db: {Type: 'AWS::RDS::DBInstance', Properties: {DBInstanceIdentifier: b}}}\n",
        "Resources: {Db: {Type: 'AWS::RDS::DBInstance', Properties: {DBInstanceIdentifier: a, MultiAZ: true}}}\n",
        "yaml",
    )

    def judged_by(self, fact: Fact, edit: Edit) -> Verdict:
        """By what the schema states."""
        anew = fact.anew and _is_set(edit.before) and _is_set(edit.after)
        return f"{sized(edit)}: it is replaced by a new one" if anew else None


def _refused(value: object, fact: Fact) -> tuple[Severity, str] | None:
    """Why a program refuses a value; None where it takes it, or where that is not known. Versions know other words."""
    text = str(value).strip()
    if value is None or isinstance(value, bool) or not text:
        return None
    if fact.needs_unit and _BARE.fullmatch(text) and float(text) != 0:
        return "high", f"{text} has no unit"
    if fact.values and _WORD.fullmatch(text) and text.lower() not in {each.lower() for each in fact.values}:
        return "high", f"{text} is none of {', '.join(fact.values)}"
    amount = fact.amount(value)
    if amount is not None and fact.min is not None and amount < fact.min:
        return "critical", f"{text} is less than {_shown(fact.min, fact)}"
    if amount is not None and fact.max is not None and amount > fact.max:
        return "critical", f"{text} is more than {_shown(fact.max, fact)}"
    return None


def _shown(amount: float, fact: Fact) -> str:
    """An amount with its unit, as a setting would say it."""
    return f"{int(amount) if amount == int(amount) else amount}{fact.unit or ''}"


def _in_another_unit(amount: float, default: float, fact: Fact) -> bool:
    """Is an amount far from the default, and near to it when it is read in a unit that people take it for?

    Round amounts are meant: who writes 1000 for milliseconds, or a power of two for bytes, knows the unit.
    """
    if default <= 0 or 1 / _SLIP < amount / default < _SLIP:
        return False
    unit = (fact.unit or "").lower()
    if amount % {"ms": 1000, "us": 1000, "b": 1024}.get(unit, amount + 1) == 0:
        return False
    return any(1 / _NEAR <= amount * step / default <= _NEAR for step in _TAKEN_FOR.get(unit, ()))


def _is_set(value: object) -> bool:
    return value is not None and not isinstance(value, dict | list)
