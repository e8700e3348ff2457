"""How dates with times, and times of day, are written in the notation of those that they replace."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import Any

__all__ = ["moment"]

_MOMENT = re.compile(
    r"(?:\d{4}-\d\d?-\d\d?(?P<between>[Tt]|[ \t]+))?\d\d?:\d\d(?P<seconds>:\d\d)?(?:\.(?P<digits>\d*))?"
    r"(?P<zone>[ \t]*(?:[Zz]|(?P<sign>[-+])(?P<hours>\d\d?)(?::(?P<minutes>\d\d))?))?",
    re.ASCII,
)


def moment(data: Any, old: str) -> str | None:
    """A date with a time, or a time of day, as the old one is written; None where there is no such to follow.

    What stands between date and time is kept, and so are the digits of a fraction, and a time zone that is the same.

    >>> from datetime import UTC
    >>> moment(datetime(2031, 2, 3, 4, 5, 6, 500_000, UTC), "2030-01-01 00:00:00.25Z")
    '2031-02-03 04:05:06.50Z'
    >>> moment(time(4, 5, 6), "04:05:07"), moment(time(4), "soon")
    ('04:05:06', None)
    """
    match = _MOMENT.fullmatch(old)
    if not match or not isinstance(data, datetime | time):
        return None
    if isinstance(data, datetime) is (match["between"] is None):
        return None
    date = f"{data.date().isoformat()}{match['between']}" if isinstance(data, datetime) else ""
    digits = f"{data.microsecond:06}".rstrip("0").ljust(len(match["digits"] or ""), "0")
    # TOML 1.1 may leave the seconds out.
    seconds = f":{data.second:02}" if match["seconds"] or data.second or digits else ""
    fraction = f".{digits}" if digits else ""
    return f"{date}{data.hour:02}:{data.minute:02}{seconds}{fraction}{_zone(data, match)}"


def _zone(data: datetime | time, old: re.Match[str]) -> str:
    offset = data.utcoffset()
    if offset is None:
        return ""
    zone: str = old["zone"] or ""
    if zone and offset == _offset(old):
        return zone
    blank = zone[: len(zone) - len(zone.lstrip())]
    return blank + data.isoformat()[len(data.replace(tzinfo=None).isoformat()) :]


def _offset(old: re.Match[str]) -> timedelta:
    by = timedelta(hours=int(old["hours"] or 0), minutes=int(old["minutes"] or 0))
    return -by if old["sign"] == "-" else by
