"""Amounts as field types: durations, sizes, shares of a whole. `confguard.units` reads and writes them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Self

from confguard import units
from confguard.fields.base import FieldType

_LONGEST = timedelta(seconds=10**10)


class Duration(timedelta, FieldType):
    """A length of time: `"30s"`, `"1m30s"`, `"250ms"`, ISO 8601 `"PT5M"`, `"1:30:00"`, or plain seconds.

    A `datetime.timedelta`, so `total_seconds()` and arithmetic work; never negative.

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

    expects = units.DURATION

    def __new__(cls, value: object = 0) -> Self:
        read = units.read_duration(value)
        if not timedelta(0) <= read < _LONGEST:
            raise cls._refuse(value)
        return timedelta.__new__(cls, read.days, read.seconds, read.microseconds)

    def __str__(self) -> str:
        return units.show_duration(self)

    def __repr__(self) -> str:
        return f"Duration('{self}')"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (timedelta(self.days, self.seconds, self.microseconds),)


class ByteSize(int, FieldType):
    """A number of bytes: `"512MiB"`, `"10GB"`, `"1Gi"`, or plain bytes. GB is 1000 based, GiB 1024 based.

    >>> ByteSize("1GiB") - ByteSize("1GB")
    73741824
    >>> str(ByteSize(1048576))
    '1MiB'
    """

    expects = units.SIZE

    def __new__(cls, value: object = 0) -> Self:
        return int.__new__(cls, units.read_size(value))

    def __str__(self) -> str:
        return units.show_size(int(self))

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

    expects = units.SHARE

    def __new__(cls, value: object = 0) -> Self:
        return float.__new__(cls, units.read_share(value))

    def __str__(self) -> str:
        return units.show_share(self)

    def __repr__(self) -> str:
        return f"Ratio('{self}')"
