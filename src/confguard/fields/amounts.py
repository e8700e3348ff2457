"""Amounts: durations, sizes, shares of a whole."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Self

from confguard.fields.base import FieldType

__all__ = ["ByteSize", "Duration", "Ratio"]

_UNIT_SECONDS = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "sec": Decimal(1),
    "m": Decimal(60),
    "min": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
    "w": Decimal(604800),
}
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ns|us|µs|ms|sec|s|min|m|h|d|w)\s*")
_ISO_DURATION = re.compile(
    r"P(?:(?P<w>\d+)W)?(?:(?P<d>\d+)D)?(?:T(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?)?",
)


class Duration(timedelta, FieldType):
    """A length of time: `"30s"`, `"1m30s"`, `"250ms"`, ISO 8601 `"PT5M"`, or plain seconds.

    A `datetime.timedelta`, so `total_seconds()` and arithmetic work.

    >>> Duration("1m30s").total_seconds()
    90.0
    >>> Duration("PT1H") == Duration(3600)
    True
    >>> str(Duration("5400s"))
    '1h30m'
    >>> Duration("soon")
    Traceback (most recent call last):
        ...
    ValueError: expected a duration such as '30s', '1m30s' or 'PT5M', got 'soon'
    """

    expects = "a duration such as '30s', '1m30s' or 'PT5M'"

    def __new__(cls, value: object = 0) -> Self:
        return cls.parse(value)

    @classmethod
    def parse(cls, value: object) -> Self:
        """The duration that a text or a number of seconds stands for. Raises `ValueError`."""
        if isinstance(value, timedelta):
            return cls._of(Decimal(value // timedelta(microseconds=1)) / 1_000_000)
        if isinstance(value, bool):
            raise cls._refuse(value)
        if isinstance(value, int | float):
            seconds: Decimal | None = Decimal(str(value))
        else:
            seconds = _seconds(value.strip()) if isinstance(value, str) else None
        if seconds is None or not seconds.is_finite() or not 0 <= seconds < 10**10:
            raise cls._refuse(value)
        return cls._of(seconds)

    @classmethod
    def _of(cls, seconds: Decimal) -> Self:
        return timedelta.__new__(cls, microseconds=int(seconds * 1_000_000))

    def __str__(self) -> str:
        rest = self // timedelta(microseconds=1)
        if rest == 0:
            return "0s"
        shown = ""
        for unit, size in (("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000)):
            count, rest = divmod(rest, size)
            shown += f"{count}{unit}" if count else ""
        if rest % 1_000_000 and not shown and rest < 1_000_000:
            return f"{rest // 1000}ms" if rest % 1000 == 0 else f"{rest}us"
        return shown + (f"{Decimal(rest) / 1_000_000:f}s" if rest else "")

    def __repr__(self) -> str:
        return f"Duration('{self}')"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self),)


def _seconds(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        pass
    if (iso := _ISO_DURATION.fullmatch(text)) and any(iso.groupdict().values()):
        return sum(
            (_UNIT_SECONDS[unit] * Decimal(count) for unit, count in iso.groupdict().items() if count),
            Decimal(0),
        )
    parts = _DURATION_PART.findall(text)
    if not parts or _DURATION_PART.sub("", text):
        return None
    return sum((_UNIT_SECONDS[unit] * Decimal(count) for count, unit in parts), Decimal(0))


_BYTE_UNITS = {
    **{prefix: 1000 ** (i + 1) for i, prefix in enumerate(["k", "m", "g", "t", "p"])},
    **{f"{prefix}i": 1024 ** (i + 1) for i, prefix in enumerate(["k", "m", "g", "t", "p"])},
    "": 1,
}
_BYTES = re.compile(r"(\d+(?:\.\d+)?)\s*((?:[kmgtp]i?)?)b?", re.IGNORECASE)


class ByteSize(int, FieldType):
    """A number of bytes: `"512MiB"`, `"10GB"`, `"1Gi"`, or plain bytes. GB is 1000 based, GiB 1024 based.

    >>> ByteSize("1GiB") - ByteSize("1GB")
    73741824
    >>> str(ByteSize(1048576))
    '1MiB'
    """

    expects = "a size such as '512MiB', '10GB' or a number of bytes"

    def __new__(cls, value: object = 0) -> Self:
        return cls.parse(value)

    @classmethod
    def parse(cls, value: object) -> Self:
        """The size that a text or a number of bytes stands for. Raises `ValueError`."""
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return int.__new__(cls, value)
        found = _BYTES.fullmatch(value.strip()) if isinstance(value, str) else None
        if not found:
            raise cls._refuse(value)
        return int.__new__(cls, int(Decimal(found[1]) * _BYTE_UNITS[found[2].lower()]))

    def __str__(self) -> str:
        for base, suffix in ((1024, "iB"), (1000, "B")):
            for power, prefix in ((5, "P"), (4, "T"), (3, "G"), (2, "M"), (1, "K")):
                if self and self % base**power == 0:
                    return f"{int(self) // base**power}{prefix}{suffix}"
        return f"{int(self)}B"

    def __repr__(self) -> str:
        return f"ByteSize('{self}')"


class Ratio(float, FieldType):
    """A share of a whole, from 0 to 1: `"5%"` or `0.05`.

    >>> Ratio("5%") == Ratio(0.05)
    True
    >>> Ratio(5)
    Traceback (most recent call last):
        ...
    ValueError: expected a ratio from 0 to 1, or a percentage such as '5%', got 5
    """

    expects = "a ratio from 0 to 1, or a percentage such as '5%'"

    def __new__(cls, value: object = 0) -> Self:
        return cls.parse(value)

    @classmethod
    def parse(cls, value: object) -> Self:
        """The ratio that a number or a percentage stands for. Raises `ValueError`."""
        text = str(value).strip() if isinstance(value, str | int | float) else ""
        percent = text.endswith("%")
        try:
            number = Decimal(text.removesuffix("%")) / (100 if percent else 1)
        except InvalidOperation:
            raise cls._refuse(value) from None
        if isinstance(value, bool) or not number.is_finite() or not 0 <= number <= 1:
            raise cls._refuse(value)
        return float.__new__(cls, number)

    def __str__(self) -> str:
        return f"{float(self) * 100:g}%"

    def __repr__(self) -> str:
        return f"Ratio('{self}')"
