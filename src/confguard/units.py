"""Amounts: durations, sizes, shares of a whole. The one place where they are read and written, exactly.

What a text means does not depend on who reads it: field types, `timedelta` in any kind of schema, diffs and risk rules
ask here. What means two things is refused, with an error that says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction
from functools import lru_cache
from math import isfinite
from typing import Any

from confguard.texts import shortened

DURATION = "a duration such as '30s', '1m30s' or 'PT5M'"
SIZE = "a size such as '512MiB', '10GB' or a number of bytes"
SHARE = "a ratio from 0 to 1, or a percentage such as '5%'"

_LONGEST = 48
"""No amount that a person writes is a longer text."""
_MOST_KEPT = 100
_LARGEST_SIZE = 10**24
_MICRO = timedelta(microseconds=1)

_SECONDS = {
    name: Fraction(size)
    for names, size in (
        ("ns nsec nanosecond nanoseconds", "1e-9"),
        ("us µs μs usec microsecond microseconds", "1e-6"),
        ("ms msec millisecond milliseconds", "1e-3"),
        ("s sec secs second seconds", 1),
        ("m min mins minute minutes", 60),
        ("h hr hrs hour hours", 3600),
        ("d day days", 86400),
        ("w week weeks", 604800),
    )
    for name in names.split()
}
_BYTES = {
    f"{prefix}{binary}{end}": Fraction((1024 if binary else 1000) ** power)
    for power, prefix in enumerate(["k", "m", "g", "t", "p", "e"], 1)
    for binary in ("", "i")
    for end in ("", "b", "bytes")
} | dict.fromkeys(["b", "byte", "bytes"], Fraction(1))

_PERCENT = {"%": Fraction(1, 100)}

_NUMBER = r"(?:\d+(?:_\d+)*(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,3})?"
_PLAIN = re.compile(rf"[+-]?{_NUMBER}", re.ASCII)
_AMOUNT = re.compile(rf"([+-]?{_NUMBER})\s*([A-Za-zµμ]+|%)", re.ASCII)
_PART = re.compile(rf"({_NUMBER})\s*([A-Za-zµμ]+)\s*", re.ASCII)
_ISO_NUMBER = r"(\d+(?:[.,]\d+)?)"
_ISO = re.compile(
    rf"P(?:{_ISO_NUMBER}Y)?(?:{_ISO_NUMBER}M)?(?:{_ISO_NUMBER}W)?(?:{_ISO_NUMBER}D)?"
    rf"(?:T(?:{_ISO_NUMBER}H)?(?:{_ISO_NUMBER}M)?(?:{_ISO_NUMBER}S)?)?",
    re.ASCII,
)
_CLOCK = re.compile(
    r"(?:(?P<days>\d+)\s*(?:d|days?)\s*,?\s*)?(?P<h>\d+):(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d(?:\.\d+)?))?",
    re.ASCII,
)


class AmbiguousError(ValueError):
    """A text that means one amount to one reader and another to the next."""


def read_duration(value: object) -> timedelta:
    """The length of time that a text, a number of seconds or a `timedelta` stands for. Raises `ValueError`.

    >>> read_duration("1h30m") == read_duration("PT1H30M") == read_duration("1:30:00") == read_duration(5400)
    True
    >>> read_duration("5M")
    Traceback (most recent call last):
        ...
    confguard.units.AmbiguousError: '5M' means minutes to some and months to others: write '5min' or '5m'
    """
    if isinstance(value, timedelta):
        return timedelta(microseconds=value // _MICRO)
    text = value.strip() if isinstance(value, str) else ""
    seconds = _number(value) if not isinstance(value, str) else _seconds_of(text)
    if seconds is None:
        raise ValueError(f"expected {DURATION}, got {shown(value)}")
    micros = seconds * 1_000_000
    if isinstance(value, float) and round(micros):
        micros = Fraction(round(micros))
    if micros.denominator != 1:
        raise ValueError(f"expected {DURATION}, got {shown(value)}, which is finer than a microsecond")
    try:
        return timedelta(microseconds=int(micros))
    except OverflowError:
        raise ValueError(f"expected {DURATION}, got {shown(value)}, which is too long") from None


def read_size(value: object) -> int:
    """The number of bytes that a text or a number stands for; of `1.3KiB`, the whole ones. Raises `ValueError`.

    >>> read_size("1.5k"), read_size("1Gi"), read_size("10 GB")
    (1500, 1073741824, 10000000000)
    """
    number = _number(value) if not isinstance(value, str) else _times(value.strip(), _BYTES)
    counted = unit_of(value).lower() in {"", "b", "byte", "bytes"}
    whole = number is not None and not (counted and number.denominator != 1)
    if number is None or not whole or not 0 <= number < _LARGEST_SIZE:
        raise ValueError(f"expected {SIZE}, got {shown(value)}")
    if number and not int(number):
        raise ValueError(f"expected {SIZE}, got {shown(value)}, which is less than a byte")
    return int(number)


def read_share(value: object) -> float:
    """The share of a whole that a number or a percentage stands for. Raises `ValueError`.

    >>> read_share("5%"), read_share(0.05)
    (0.05, 0.05)
    """
    number = _number(value) if not isinstance(value, str) else _times(value.strip(), _PERCENT)
    if number is None or not 0 <= number <= 1:
        raise ValueError(f"expected {SHARE}, got {shown(value)}")
    return float(number)


def show_duration(value: timedelta) -> str:
    """A duration as short text that reads back as the same.

    >>> show_duration(timedelta(seconds=5400)), show_duration(timedelta(milliseconds=-20))
    ('1h30m', '-20ms')
    """
    rest = abs(value // _MICRO)
    if rest == 0:
        return "0s"
    text = "-" if value < timedelta(0) else ""
    if rest < 1_000_000:
        return text + (f"{rest // 1000}ms" if rest % 1000 == 0 else f"{rest}us")
    for unit, size in (("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000)):
        count, rest = divmod(rest, size)
        text += f"{count}{unit}" if count else ""
    whole, micros = divmod(rest, 1_000_000)
    fraction = f".{micros:06}".rstrip("0") if micros else ""
    return text + (f"{whole}{fraction}s" if rest else "")


def show_size(value: int) -> str:
    """A number of bytes in the largest unit that divides it.

    >>> show_size(1048576), show_size(3000), show_size(7)
    ('1MiB', '3KB', '7B')
    """
    for base, suffix in ((1024, "iB"), (1000, "B")):
        for power, prefix in ((6, "E"), (5, "P"), (4, "T"), (3, "G"), (2, "M"), (1, "K")):
            if value and value % base**power == 0:
                return f"{value // base**power}{prefix}{suffix}"
    return f"{value}B"


def show_share(value: float) -> str:
    """A share as a percentage that reads back as the same.

    >>> show_share(0.05), show_share(0.123456789)
    ('5%', '12.3456789%')
    """
    from decimal import Decimal

    percent = (Decimal(repr(float(value))) * 100).normalize()
    return f"{percent:f}%" if percent.adjusted() >= -9 else f"{percent}%"  # zeros without end are no help


def dimensions(value: Any) -> dict[str, Fraction]:
    """What a value may amount to where no schema says, by dimension: seconds `s`, bytes `B`, a plain number `n`.

    Exactly, but for what is too large for a `float`: that is not an amount.

    >>> dimensions("20ms"), dimensions("PT5M"), dimensions("fast")
    ({'s': Fraction(1, 50)}, {'s': Fraction(300, 1)}, {})
    """
    known = type(value) in {str, int, float} and not (isinstance(value, str) and len(value) > _MOST_KEPT)
    return dict(_kept_dimensions(value)) if known else _dimensions(value)


@lru_cache(maxsize=4096, typed=True)
def _kept_dimensions(value: str | float) -> dict[str, Fraction]:
    """The same few values are asked of again and again, by each rule."""
    return _dimensions(value)


def _dimensions(value: Any) -> dict[str, Fraction]:
    if isinstance(value, timedelta):
        return {"s": Fraction(value // _MICRO, 1_000_000)}
    if not isinstance(value, str):
        number = _number(value)
        return _finite(dict.fromkeys("nsB", number)) if number is not None else {}
    text = value.strip()
    if len(text) > _LONGEST:
        return {}
    if _PLAIN.fullmatch(text):
        return _finite(dict.fromkeys("nsB", _fraction(text)))
    match = _AMOUNT.fullmatch(text)
    amounts: dict[str, Fraction] = {}
    sign, rest = _signed(text)
    if (seconds := _with_units(rest)) is not None or (seconds := _iso(rest, strict=False)) is not None:
        amounts["s"] = sign * seconds
    if match and match[2] != "m" and (size := _BYTES.get(match[2].lower())) is not None:
        amounts["B"] = _fraction(match[1]) * size
    if match and match[2] in {"%", "m"}:  # `m` is thousandths, too, as in Kubernetes' CPU amounts
        amounts["n"] = _fraction(match[1]) / (100 if match[2] == "%" else 1000)
    return _finite(amounts)


def unit_of(value: Any) -> str:
    """The unit that a text amount is written in; empty where there is none, or several.

    >>> unit_of("20ms"), unit_of("PT5M"), unit_of(20)
    ('ms', 'm', '')
    """
    text = value.strip() if isinstance(value, str) and len(value) <= _LONGEST else ""
    if match := _AMOUNT.fullmatch(text):
        return match[2]
    iso = _ISO.fullmatch(text)
    named = [unit for unit, count in zip("ymwdhms", iso.groups(), strict=True) if count] if iso else []
    return named[0] if len(named) == 1 else ""


def shown(value: object) -> str:
    """A value for a message: short, and never a failure itself, as `repr` of a huge number is.

    >>> shown(10**5000), shown("1s")
    ('a huge number', "'1s'")
    """
    if isinstance(value, int) and abs(value) >= 10**_LONGEST:
        return "a huge number"
    if isinstance(value, timedelta):
        return repr(show_duration(value))
    text = shortened(value, 45) if isinstance(value, str) and len(value) > _LONGEST else value
    try:
        return repr(text)
    except Exception:  # noqa: BLE001 - whatever a foreign object's `repr` may raise
        return type(value).__name__


def _number(value: object) -> Fraction | None:
    """A number as it is written: 0.1 is a tenth. A switch is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int):
        return Fraction(int(value))
    return Fraction(repr(float(value))) if isfinite(value) else None


def _fraction(text: str) -> Fraction:
    return Fraction(text.replace("_", "").replace(",", "."))


def _finite(amounts: dict[str, Fraction]) -> dict[str, Fraction]:
    try:
        list(map(float, amounts.values()))
    except OverflowError:
        return {}
    return amounts


def _seconds_of(text: str) -> Fraction | None:
    if len(text) > _LONGEST:
        return None
    if _PLAIN.fullmatch(text):
        return _fraction(text)
    sign, rest = _signed(text)
    for read in (_iso, _clock, _with_units):
        if (seconds := read(rest)) is not None:
            if sign < 0 and read is _clock and _CLOCK.fullmatch(rest)["days"]:  # type: ignore[index]
                raise AmbiguousError(
                    f"{text!r} means less than a day to Python, and more to others: write it as '-36h'"
                )
            return sign * seconds
    if (match := _AMOUNT.fullmatch(text)) and match[2] == "M":
        raise AmbiguousError(
            f"{text!r} means minutes to some and months to others: write '{match[1]}min' or '{match[1]}m'"
        )
    return None


def _iso(text: str, *, strict: bool = True) -> Fraction | None:
    match = _ISO.fullmatch(text)
    if not match or not any(match.groups()):
        return None
    years, months, *counts = match.groups()
    if years or months:
        if not strict:
            return None
        raise AmbiguousError(
            f"{text!r} has {'years' if years else 'months'}, which differ in length:"
            f" write days such as '{'365d' if years else '30d'}', or 'PT5M' for minutes"
        )
    return sum(
        (_fraction(count) * _SECONDS[unit] for unit, count in zip("wdhms", counts, strict=True) if count),
        Fraction(0),
    )


def _clock(text: str) -> Fraction | None:
    match = _CLOCK.fullmatch(text)
    if not match:
        return None
    if match["s"] is None:
        both = int(match["h"]) * 60 + int(match["m"])
        raise AmbiguousError(
            f"{text!r} means {both} minutes to some and {both} seconds to others:"
            f" write '{text}:00', '{both}m' or '{both}s'"
        )
    days, hours, minutes = int(match["days"] or 0), int(match["h"]), int(match["m"])
    return Fraction((days * 24 + hours) * 3600 + minutes * 60) + _fraction(match["s"])


def _with_units(text: str) -> Fraction | None:
    """`1h30m`, `1.5 hours`, `5min 20s`."""
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text):
        return None
    sizes = [_SECONDS.get(_unit(unit)) for _, unit in parts]
    if any(size is None for size in sizes):
        return None
    return sum(
        (_fraction(count) * size for (count, _), size in zip(parts, sizes, strict=True) if size), Fraction(0)
    )


def _signed(text: str) -> tuple[int, str]:
    return (-1, text[1:]) if text[:1] == "-" else (1, text.removeprefix("+"))


def _unit(name: str) -> str:
    """A unit's name in lower case, unless that would make it another: `M` is not a minute, `Ms` no millisecond."""
    other = name.startswith("M") and not name.lower().startswith("min")
    return name if other else name.lower()


def _times(text: str, units: Mapping[str, Fraction]) -> Fraction | None:
    """A number alone, or times its unit."""
    if len(text) > _LONGEST:
        return None
    if _PLAIN.fullmatch(text):
        return _fraction(text)
    match = _AMOUNT.fullmatch(text)
    size = units.get(match[2].lower()) if match else None
    return _fraction(match[1]) * size if match and size is not None else None
