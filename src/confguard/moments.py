"""Moments as people, logs and alarms write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from attrs import frozen

EXAMPLES = "2026-11-25T08:45Z, '2026-11-25 08:45 Europe/Berlin', 14:05, '2h ago', 1764060300"
_LONGEST = 100
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_AGO = re.compile(r"(?:-(?P<minus>.+)|(?P<plain>.+?)\s+ago)", re.IGNORECASE)
_PART = re.compile(
    r"\s*(\d{1,9}(?:\.\d{1,9})?)\s*(weeks?|w|days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)(?![a-z])\s*,?",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"@?(\d{9,11}|\d{13}|\d{16}|\d{19})(\.\d{1,9})?")
_CLOCK = re.compile(
    r"(?:(?P<day>today|yesterday)\s+)?(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<half>[ap]m)?",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"\s*(?:UTC|GMT)?([+-])(\d{2}):?(\d{2})?$", re.IGNORECASE)
_NAMED_ZONE = re.compile(r"\s+\(?([A-Za-z]+(?:/[A-Za-z0-9_+-]+)*)\)?$")
_NUMBERS = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
    r"(?:[T ]+(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2}))?)?",
    re.IGNORECASE,
)
_MOST = {"month": 12, "day": 31, "hour": 23, "minute": 59, "second": 59}
_WEEKDAY = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+", re.IGNORECASE)
_FORMS = (
    *("%d %b %Y %H:%M:%S", "%d %b %Y %H:%M", "%b %d %H:%M:%S %Y", "%d %B %Y %H:%M"),
    *("%d/%b/%Y:%H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%Y%m%d%H%M%S", "%Y%m%d%H%M"),
    *("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M"),
)
"""As mail (RFC 2822), `date`, web servers, and countries that write days with dots have it."""


@frozen
class Moment:
    """A moment, and whether its text said in which zone."""

    at: datetime
    """With a zone."""
    local: bool = False
    """Was it taken for local time, because the text names no zone?"""


def read_moment(text: str, now: datetime | None = None) -> Moment:
    """The moment that a text means: ISO 8601, RFC 2822, since the epoch, a time of day, or so long ago.

    A time of day is the latest one that is over. What names no zone is local time. Raises `ValueError` that says where
    the text is wrong.

    >>> now = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
    >>> for text in ("2026-11-25T08:45Z", "Wed, 25 Nov 2026 09:45:00 +0100", "1795596300", "08:45 UTC", "15m ago"):
    ...     print(read_moment(text, now).at.astimezone(UTC).isoformat())
    2026-11-25T08:45:00+00:00
    2026-11-25T08:45:00+00:00
    2026-11-25T08:45:00+00:00
    2026-11-25T08:45:00+00:00
    2026-11-25T08:45:00+00:00
    >>> read_moment("2026-11-31 08:45", now)
    Traceback (most recent call last):
        ...
    ValueError: column 1: day is out of range for month
    """
    now = now or datetime.now(UTC)
    stripped = text.strip()
    if not stripped or len(stripped) > _LONGEST:
        raise ValueError("column 1: no time of a known form")
    try:
        moment = (
            _relative(stripped, now)
            or _since_epoch(stripped)
            or _written(stripped, now, column=1 + len(text) - len(text.lstrip()))
        )
        moment.at.astimezone(UTC)  # is it one in every zone?
    except OverflowError:
        raise ValueError("column 1: lies beyond the years that a computer counts") from None
    return moment


def _relative(text: str, now: datetime) -> Moment | None:
    if text.lower() == "now":
        return Moment(now)
    ago = _AGO.fullmatch(text)
    if ago is None:
        return None
    parts, at, seconds = ago["minus"] or ago["plain"], 0, 0.0
    while at < len(parts):
        part = _PART.match(parts, at)
        if part is None:
            column = ago.start("minus" if ago["minus"] else "plain") + at + 1
            raise ValueError(f"column {column}: expected an amount such as 90m, 2h or 3 days")
        seconds += float(part[1]) * _SECONDS[part[2][0].lower()]
        at = part.end()
    return Moment(now - timedelta(seconds=seconds))


def _since_epoch(text: str) -> Moment | None:
    digits = _EPOCH.fullmatch(text)
    if digits is None:
        return None
    micros = int(digits[1]) * 10**6 // 10 ** max(0, {13: 3, 16: 6, 19: 9}.get(len(digits[1]), 0))
    return Moment(datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros))


def _written(text: str, now: datetime, column: int) -> Moment:
    plain, zone = _zone(text, column)
    clock = _CLOCK.fullmatch(plain)
    if clock is not None:
        at = _of_day(clock, now.astimezone(zone), column)
        return Moment(_in(zone, at), zone is None)
    for at in _dates(plain):
        return Moment(at if at.tzinfo else _in(zone, at), zone is None and at.tzinfo is None)
    raise ValueError(_wrong(plain, column))


def _zone(text: str, column: int) -> tuple[str, tzinfo | None]:
    """A text without the zone at its end, and the zone. `Z` behind digits stays for who reads ISO."""
    offset = _OFFSET.search(text)
    if offset and ":" in text[: offset.start()]:
        hours, minutes = int(offset[2]), int(offset[3] or 0)
        if hours > 23 or minutes > 59:
            raise ValueError(f"column {column + offset.start()}: no offset of a zone: '{offset[0].strip()}'")
        behind = timedelta(hours=hours, minutes=minutes)
        return text[: offset.start()], timezone(-behind if offset[1] == "-" else behind)
    if re.search(r"\d[zZ]$", text):
        return text[:-1], UTC
    named = _NAMED_ZONE.search(text)
    if named and named[1].lower() not in ("am", "pm"):
        return text[: named.start()], _zone_named(named[1], column + named.start(1))
    year_behind = re.fullmatch(r"(.* )([A-Z]{3,5}) (\d{4})", text)  # as `date` prints it
    if year_behind:
        return year_behind[1] + year_behind[3], _zone_named(year_behind[2], column + year_behind.start(2))
    return text, None


def _zone_named(name: str, column: int) -> tzinfo:
    if name.upper() in ("Z", "UTC", "GMT"):
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"column {column}: no zone '{name}': write +01:00 or Europe/Berlin") from None


def _of_day(clock: re.Match[str], now: datetime, column: int) -> datetime:
    hour, half = int(clock["hour"]), (clock["half"] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError(f"column {column + clock.start('hour')}: {hour} is not an hour before {half}")
        hour = hour % 12 + (12 if half == "pm" else 0)
    try:
        of_day = time(hour, int(clock["minute"]), int(clock["second"] or 0))
    except ValueError as error:
        raise ValueError(f"column {column}: {error}") from None
    day = now.date() - timedelta(days=(clock["day"] or "").lower() == "yesterday")
    at = datetime.combine(day, of_day)
    is_ahead = not clock["day"] and at > now.replace(tzinfo=None)
    return at - timedelta(days=1) if is_ahead else at


def _dates(text: str) -> Iterator[datetime]:
    """What a text with a date means, by each form that it has."""
    if re.match(r"\d{4}-?(\d{2}|W\d)", text):
        with suppress(ValueError):
            yield datetime.fromisoformat(text.replace(",", "."))
    without_day = _WEEKDAY.sub("", text, count=1)
    for form in _FORMS:
        try:
            yield datetime.strptime(" ".join(without_day.split()), form)  # noqa: DTZ007 - its zone was cut off
        except ValueError:
            continue


def _in(zone: tzinfo | None, at: datetime) -> datetime:
    return at.replace(tzinfo=zone) if zone else at.astimezone()


def _wrong(text: str, column: int) -> str:
    """What is wrong with a text that has no known form, and where."""
    numbers = _NUMBERS.match(text)
    if numbers is None:
        ambiguous = re.match(r"\d{1,2}/\d{1,2}/\d{2,4}", text)
        why = "day or month first? write 2026-11-25" if ambiguous else "no time of a known form"
        return f"column {column}: {why}"
    for name, most in _MOST.items():
        if numbers[name] and int(numbers[name]) > most:
            return f"column {column + numbers.start(name)}: {numbers[name]} is not a valid {name}"
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        if numbers.end() == len(text):
            return f"column {column}: {error}"
    return f"column {column + numbers.end()}: not expected here: '{text[numbers.end() : numbers.end() + 20].strip()}'"
