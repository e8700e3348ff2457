"""Regular expressions as JSON Schema means them (ECMA-262), and the formats that are checked."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, time
from functools import cache, lru_cache
from ipaddress import IPv4Address, IPv6Address
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from confguard.fields.backtracking import pump_of
from confguard.values import key_text

LONGEST_TEXT = 10_000
"""Longer texts are not matched: many patterns take time that grows with the square of a text's length."""

_SPACES = r"\t-\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_PIECE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u\{[0-9a-fA-F]+\}|\\c[A-Za-z]|\\[pP]\{[^}]*\}"
    r"|\\k<[^>]+>|\\.|\(\?<(?![=!])|\[\^?\]?|[\]$.&~|]|.",
    re.DOTALL,
)
_FLAGS = re.compile(r"\(\?([imsx]+)\)")


class Pattern(str):
    """A pattern as Python's `re` takes it; `written` is what the schema says."""

    __slots__ = ("written",)
    written: str


@lru_cache(maxsize=1024)
def translated(pattern: str) -> Pattern:
    r"""The pattern for Python's `re`. Raises `re.error` for what it cannot express, or not match in bounded time.

    >>> translated(r"^\d+$"), bool(re.search(translated(r"^\p{Lu}"), "Ärger"))
    ('(?a:^\\d+\\Z)', True)
    >>> try:
    ...     translated("^(a+)+$")
    ... except re.error as error:
    ...     print(error)
    backtracks without bound on 'aaaa...'
    """
    flags = _FLAGS.match(pattern)  # not ECMA's, but common: Python wants them before all else
    body = pattern[flags.end() :] if flags else pattern
    try:
        pattern_compiled = Pattern(f"(?a{flags[1] if flags else ''}:{_body(body)})")
        re.compile(pattern_compiled)
        pump = pump_of(pattern_compiled)
    except (RecursionError, OverflowError, ValueError) as error:
        raise re.error(str(error)) from None
    if pump:
        raise re.error(f"backtracks without bound on {pump * 4 + '...'!r}")
    pattern_compiled.written = pattern
    return pattern_compiled


def _body(pattern: str) -> str:
    pieces, within = [], False
    for match in _PIECE.finditer(pattern):
        piece = match.group()
        if within:
            within = piece != "]"
            pieces.append(_in_class(piece))
        elif piece.startswith("["):
            within = not piece.endswith("]")
            pieces.append({"[]": "(?!)", "[^]": r"[\s\S]"}.get(piece, piece))
        else:
            pieces.append(_outside(piece))
    return "".join(pieces)


def _outside(piece: str) -> str:
    if piece.startswith(r"\k<"):
        return f"(?P={piece[3:-1]})"
    if piece[:2] in (r"\p", r"\P"):
        return f"[{'^' if piece[1] == 'P' else ''}{_property(piece[3:-1])}]"
    simple = {
        "$": r"\Z",
        ".": r"[^\n\r\u2028\u2029]",
        "(?<": "(?P<",
        r"\s": f"[{_SPACES}]",
        r"\S": f"[^{_SPACES}]",
    }
    return simple.get(piece) or _escape(piece)


def _in_class(piece: str) -> str:
    if piece[:2] == r"\p":
        return _property(piece[3:-1])
    if piece[:2] == r"\P":
        return _property(piece[3:-1], negated=True)
    if piece == r"\s":
        return _SPACES
    if piece[0] in "[&~|":  # Python warns of what may one day be operations on sets
        return "".join("\\" + char if char in "[^&~|" else char for char in piece[:-1]) + (
            "]" if piece.endswith("]") else "\\" + piece[-1]
        )
    return _escape(piece)


def _escape(piece: str) -> str:
    if piece.startswith(r"\c") and len(piece) == 3:
        return rf"\x{ord(piece[2]) % 32:02x}"
    if piece.startswith(r"\u{"):
        return rf"\U{int(piece[3:-1], 16):08x}"
    if len(piece) == 12:  # a pair of surrogates
        return re.escape(bytes.fromhex(piece[2:6] + piece[8:]).decode("utf-16-be"))
    return r"\x00" if piece == r"\0" else piece


@cache
def _property(name: str, *, negated: bool = False) -> str:
    """The ranges of the characters of a Unicode general category, as they stand within brackets."""
    value = name.removeprefix("General_Category=").removeprefix("gc=")
    short = _CATEGORIES.get(value, value)
    if not re.fullmatch(r"[CLMNPSZ][a-z]?", short):
        raise re.error(f"Python's regular expressions have no \\p{{{name}}}")
    ranges: list[list[int]] = []
    for category, first, last in _runs():
        if category.startswith(short) is not negated:
            if ranges and ranges[-1][1] == first - 1:
                ranges[-1][1] = last
            else:
                ranges.append([first, last])
    return "".join(rf"\U{first:08x}-\U{last:08x}" for first, last in ranges)


@cache
def _runs() -> list[tuple[str, int, int]]:
    """The categories of all characters: of each run of one the first code and the last."""
    runs = []
    first = 0
    for category, run in groupby(map(unicodedata.category, map(chr, range(sys.maxunicode + 1)))):
        after = first + sum(1 for _ in run)
        runs.append((category, first, after - 1))
        first = after
    return runs


_CATEGORIES = {
    "Letter": "L",
    "Uppercase_Letter": "Lu",
    "Lowercase_Letter": "Ll",
    "Titlecase_Letter": "Lt",
    "Modifier_Letter": "Lm",
    "Other_Letter": "Lo",
    "Mark": "M",
    "Number": "N",
    "Decimal_Number": "Nd",
    "digit": "Nd",
    "Letter_Number": "Nl",
    "Other_Number": "No",
    "Punctuation": "P",
    "punct": "P",
    "Symbol": "S",
    "Separator": "Z",
    "Space_Separator": "Zs",
    "Other": "C",
    "Control": "Cc",
}


class DateText(str):
    """The text of a date or a time that a document writes without quotes."""

    __slots__ = ("kind",)
    kind: str

    @classmethod
    def of(cls, value: date | datetime | time) -> DateText:
        """The moment as ISO 8601 writes it."""
        moment = cls(value.isoformat())
        moment.kind = {datetime: "date-time", date: "date", time: "time"}[type(value)]
        return moment


def fits_format(text: object, form: object) -> bool:
    """Is a text of this form? What is not a text, and forms that are not checked, fit.

    >>> fits_format("2031-02-30", "date"), fits_format("10.0.0.1", "ipv4"), fits_format("x", "iri")
    (False, True, True)
    """
    check = CHECKED.get(form) if isinstance(form, str) else None
    if check is None or not isinstance(text, str):
        return True
    if isinstance(text, DateText) and text.kind == form:  # which exists
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
        _ = parts.port  # raises where that is not a number
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


def as_json(data: Any) -> Any:
    """Data as JSON has it: keys are texts, as are dates and times.

    >>> from datetime import date
    >>> as_json({8080: [date(2031, 2, 3)]})
    {'8080': ['2031-02-03']}
    """
    if isinstance(data, dict):
        return {key_text(key): as_json(value) for key, value in data.items()}
    if isinstance(data, list | tuple | set | frozenset):
        return [as_json(value) for value in data]
    if type(data) in (date, datetime, time):
        return DateText.of(data)
    return data.decode(errors="replace") if isinstance(data, bytes) else data


def as_written(path: tuple[Any, ...], data: Any) -> tuple[Any, ...]:
    """A path with its keys as the document has them, which are not all texts."""
    segments: list[Any] = []
    for step in path:
        written = step
        if isinstance(data, dict) and step not in data:
            written = next((key for key in data if key_text(key) == step), step)
        segments.append(written)
        try:
            data = data[written]
        except (KeyError, IndexError, TypeError):
            data = None
    return tuple(segments)
