"""Policy: turns a risk into a decision."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs
from attrs import field, frozen, validators

from confguard.diffs.changes import Diff
from confguard.risk.acceptance import Acceptance, as_date
from confguard.risk.circumstances import Process
from confguard.risk.findings import Risk
from confguard.risk.rules.edits import leaves
from confguard.schema.guarded import opaque
from confguard.values import refusing_in_words


class Decision(StrEnum):
    """What a policy says of a change. Decisions compare by how strict they are.

    >>> Decision.BLOCK.at_least(Decision.REVIEW)
    True
    """

    ALLOW = "allow"
    REVIEW = "review"
    BLOCK = "block"

    def at_least(self, other: Decision) -> bool:
        """Is this decision as strict as another, or stricter?"""
        order = list(Decision)
        return order.index(self) >= order.index(other)


_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_SCORE = validators.and_(validators.instance_of(int), validators.ge(0), validators.le(101))


def _is_hours(_: object, attribute: attrs.Attribute[str | None], value: str | None) -> None:
    if value is None:
        return
    if not _HOURS.fullmatch(str(value)):
        midnight = "; midnight is 00:00" if "24:00" in str(value) else ""
        raise ValueError(f"expected hours such as '09:00-17:00', got {value!r}{midnight}")
    start, end = value.split("-")
    if start == end:
        raise ValueError(f"hours such as '09:00-17:00' end at another time than they begin, got {value!r}")


def _is_zone(_: object, attribute: attrs.Attribute[str], value: str) -> None:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, TypeError):
        raise ValueError(f"expected a time zone such as 'Europe/Berlin', got {value!r}") from None


@frozen(kw_only=True)
class Freeze:
    """Days on which nothing changes, both included."""

    start: date = field(converter=as_date)
    end: date = field(converter=as_date)
    reason: str

    def __attrs_post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"the freeze ends ({self.end}) before it starts ({self.start})")

    def holds(self, today: date) -> bool:
        """Is it a day of the freeze?"""
        return self.start <= today <= self.end


@refusing_in_words
@frozen(kw_only=True)
class PathPolicy:
    """Thresholds for changes to settings that match, in files that match: those of an environment, say."""

    match: list[str] = field(factory=lambda: ["*"])
    """Settings, as patterns: `server.*`."""
    files: list[str] = field(factory=lambda: ["*"])
    """Files, as patterns: `deploy/production/*`."""
    review: int = field(default=50, validator=_SCORE)
    block: int = field(default=75, validator=_SCORE)

    def covers(self, path: str, file: str) -> bool:
        """Is it for this setting of this file?"""
        in_file = any(fnmatchcase(file, pattern) for pattern in self.files)
        return in_file and any(fnmatchcase(path, pattern) for pattern in self.match)


@refusing_in_words
@frozen
class Policy:
    """The scores from which a change needs a review, and from which it is blocked.

    A threshold of 101 is never reached. `paths` has stricter or looser ones for some settings (the strictest that a
    change touches counts). Outside of `hours` and `days`, and in a `freeze`, rules of process speak up. `accept` lists
    findings that are meant.

    >>> Policy().decide(Risk(60)).value
    'review'
    """

    review: int = field(default=50, validator=_SCORE)
    block: int = field(default=75, validator=_SCORE)
    hours: str | None = field(default=None, validator=_is_hours, kw_only=True)
    """When changes are agreed to go in: `09:00-17:00`, or over midnight `22:00-04:00`."""
    days: list[str] = field(
        factory=list, validator=validators.deep_iterable(validators.in_(_DAYS)), kw_only=True
    )
    """On which days: `mon` to `sun`. Hours over midnight belong to the day on which they begin."""
    timezone: str = field(default="UTC", validator=_is_zone, kw_only=True)
    freeze: list[Freeze] = field(
        factory=list, validator=validators.deep_iterable(validators.instance_of(Freeze)), kw_only=True
    )
    paths: list[PathPolicy] = field(
        factory=list, validator=validators.deep_iterable(validators.instance_of(PathPolicy)), kw_only=True
    )
    accept: list[Acceptance] = field(
        factory=list, validator=validators.deep_iterable(validators.instance_of(Acceptance)), kw_only=True
    )

    def __attrs_post_init__(self) -> None:
        if self.review > self.block:
            raise ValueError(f"review ({self.review}) is above block ({self.block})")

    def decide(self, risk: Risk, diff: Diff | None = None) -> Decision:
        """The decision for a risk; with the diff, by the thresholds of the settings that it touches."""
        review, block = self.thresholds(diff)
        if risk.score >= block:
            return Decision.BLOCK
        return Decision.REVIEW if risk.score >= review else Decision.ALLOW

    def thresholds(self, diff: Diff | None = None) -> tuple[int, int]:
        """The scores from which a change needs a review, and is blocked: the strictest of what it touches."""
        limits = list(self._limits(diff)) if diff and self.paths else []
        review = min([each.review for each in limits], default=self.review)
        return review, min([each.block for each in limits], default=self.block)

    def _limits(self, diff: Diff) -> Iterator[Policy | PathPolicy]:
        """The thresholds of every setting that changes: where none are for it, those of all."""
        for names in _touched(diff):
            own = [each for each in self.paths if any(each.covers(path, file) for path, file in names)]
            yield from own or (self,)

    def looser_than(self, other: Policy) -> list[str]:
        """In what it lets pass more than another policy does.

        >>> Policy(review=80, block=90).looser_than(Policy())
        ['review from 80 on (was 50)', 'block from 90 on (was 75)']
        """
        messages = [
            f"{name} from {mine} on (was {theirs})"
            for name in ("review", "block")
            if (mine := getattr(self, name)) > (theirs := getattr(other, name))
        ]
        messages += [f"accepts {each.code}" for each in self.accept if each not in other.accept]
        messages += [f"no freeze from {each.start}" for each in other.freeze if each not in self.freeze]
        if (self.hours, self.days, self.timezone) != (other.hours, other.days, other.timezone):
            messages += ["other hours or days"] if other.hours or other.days else []
        if self.paths != other.paths:
            messages.append("other thresholds for some settings")
        return messages

    def process(self, now: datetime) -> Process:
        """What rules of process are told: whether it is a time for changes.

        >>> friday = datetime.fromisoformat("2026-11-27T18:30:00+00:00")
        >>> Policy(hours="09:00-17:00").process(friday).outside_hours
        'Friday 18:30 UTC, and changes go in from 09:00 to 17:00'
        """
        local = now.astimezone(ZoneInfo(self.timezone))
        frozen = next((each for each in self.freeze if each.holds(local.date())), None)
        return Process(
            outside_hours=self._outside(local),
            freeze=f"{frozen.reason} (until {frozen.end})" if frozen else "",
        )

    def _outside(self, local: datetime) -> str:
        at = f"{local:%A %H:%M} {self.timezone}"
        time = f"{local:%H:%M}"
        start, end = self.hours.split("-") if self.hours else ("00:00", "24:00")
        begun_yesterday = time < end < start
        day = _DAYS[(local.weekday() - begun_yesterday) % 7]
        if self.days and day not in self.days:
            hours = f" from {start} to {end}" if begun_yesterday else ""
            return f"{at}, and changes go in on {', '.join(self.days)}{hours}"
        if not (start <= time < end if start < end else time >= start or time < end):
            return f"{at}, and changes go in from {start} to {end}"
        return ""


def _touched(diff: Diff) -> Iterator[list[tuple[str, str]]]:
    """Every setting that changes: its name and file, and those of what comes, goes or moves with it around it."""
    for change in diff:
        values = [opaque(value) for value in (change.before, change.after)]
        settings = {path for value in values for path, _ in leaves(value, ()) if value is not None} or {()}
        left = [attrs.evolve(change, op="remove", path=change.origin)] if change.origin else []
        for each in (change, *left):
            for within in settings:
                file = diff.file_of(each, within)
                yield [(diff.setting(each.path + within[:length]), file) for length in range(len(within) + 1)]
