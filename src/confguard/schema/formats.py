"""The formats that are checked, whatever else is installed: those that the standard library can tell."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit
from uuid import UUID

from confguard.schema.patterns import translated

__all__ = ["CHECKED", "Moment", "fits_format"]


class Moment(str):
    """The text of a date or a time that a document writes without quotes."""

    __slots__ = ("kind",)
    kind: str

    @classmethod
    def of(cls, value: date | datetime | time) -> Moment:
        """The moment as ISO 8601 writes it."""
        moment = cls(value.isoformat())
        moment.kind = {datetime: "date-time", date: "date", time: "time"}[type(value)]
        return moment


def fits_format(text: object, form: object) -> bool:
    """Is a text of this form? What is no text, and forms that are not checked, fit.

    >>> fits_format("2031-02-30", "date"), fits_format("10.0.0.1", "ipv4"), fits_format("x", "iri")
    (False, True, True)
    """
    check = CHECKED.get(form) if isinstance(form, str) else None
    if check is None or not isinstance(text, str):
        return True
    if isinstance(text, Moment) and text.kind == form:  # which exists
        return True
    try:
        check(text)
    except (ValueError, re.error):
        return False
    return True


def _shaped(pattern: str) -> Callable[[str], None]:
    shape = re.compile(pattern, re.ASCII | re.IGNORECASE)

    def check(text: str) -> None:
        if not shape.fullmatch(text):
            raise ValueError

    return check


# A time zone may be missing, as in TOML's local times and in Python's.
_full_date = _shaped(r"\d{4}-\d\d-\d\d")
_full_time = _shaped(r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(z|[+-]([01]\d|2[0-3]):[0-5]\d)?")
_duration = _shaped(
    r"p(\d+w|(?=\d|t\d)((\d+y(\d+m(\d+d)?)?)|(\d+m(\d+d)?)|(\d+d))?(t(?=\d)(\d+h(\d+m(\d+s)?)?|\d+m(\d+s)?|\d+s))?)"
)
_email = _shaped(r"(\"([^\"\\]|\\.)+\"|[^\s@\"<>(),:;\[\]\\.]+(\.[^\s@\"<>(),:;\[\]\\.]+)*)@[^\s@]+")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_hostname = _shaped(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")
_uri = _shaped(r"[a-z][a-z0-9+.-]*:([a-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9a-f]{2})*")


def _date(text: str) -> None:
    _full_date(text)
    date.fromisoformat(text)


def _date_time(text: str) -> None:
    _date(text[:10])
    if text[10:11] not in {"T", "t"}:
        raise ValueError
    _time(text[11:])


def _time(text: str) -> None:
    _full_time(text)
    if text[6:8] == "60" and _leap_minute(text) != "23:59":
        raise ValueError


def _leap_minute(text: str) -> str:
    """Which minute it is in UTC: seconds are 60 in the last one of a day only."""
    clock, offset = int(text[:2]) * 60 + int(text[3:5]), 0
    if re.search(r"[+-]\d\d:\d\d$", text):
        offset = (int(text[-5:-3]) * 60 + int(text[-2:])) * (-1 if text[-6] == "-" else 1)
    hours, minutes = divmod((clock - offset) % 1440, 60)
    return f"{hours:02}:{minutes:02}"


def _url(text: str) -> None:
    _uri(text)
    parts = urlsplit(text)
    if parts.netloc:
        _ = parts.port  # raises where that is no number
    if "[" in parts.path or "]" in parts.path or "#" in parts.fragment:
        raise ValueError


def _ipv6(text: str) -> None:
    if "%" in text:
        raise ValueError
    IPv6Address(text)


def _uuid(text: str) -> None:
    _shaped(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")(text)
    UUID(text)


CHECKED: dict[str, Callable[[str], object]] = {
    "date": _date,
    "date-time": _date_time,
    "time": _time,
    "duration": _duration,
    "email": _email,
    "hostname": _hostname,
    "ipv4": IPv4Address,
    "ipv6": _ipv6,
    "regex": translated,
    "uri": _url,
    "uuid": _uuid,
}
