"""Texts with a meaning: regular expressions, schedules."""

from __future__ import annotations

import re
from typing import Self

from confguard.fields.backtracking import normal_form, pump_of
from confguard.fields.base import TextType


class Regex(TextType):
    """A regular expression that compiles, and that no text makes exponentially slow. Two are equal that parse to the
    same: groups that capture nothing and the order within `[...]` do not matter.

    >>> Regex("[a-z]+").compiled.fullmatch("abc") is not None
    True
    >>> Regex("(a+)+$")
    Traceback (most recent call last):
        ...
    ValueError: expected a regular expression that is safe to match, and '(a+)+$' backtracks without bound on 'aaaa...'
    >>> Regex("(?:[ab])c") == Regex("[ba]c")
    True
    """

    expects = "a regular expression"

    def __new__(cls, value: object) -> Self:
        if not isinstance(value, str):
            raise cls._refuse(value)
        try:
            re.compile(value)
            pump = pump_of(value)
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(f"{cls._refuse(value)}: {error}") from None
        if pump:
            raise ValueError(
                f"expected a regular expression that is safe to match, and {str(value)!r}"
                f" backtracks without bound on {pump * 4 + '...'!r}"
            )
        return str.__new__(cls, value)

    @property
    def compiled(self) -> re.Pattern[str]:
        """The compiled pattern."""
        return re.compile(str(self))

    @property
    def normal(self) -> str:
        """The form by which two are compared."""
        return normal_form(str(self))


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_CRON_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    ("day of the week", 0, 7, {name: number for number, name in enumerate(_DAYS)}),
)
_CRON_NAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


class Cron(TextType):
    """A schedule of five fields as crontab(5) has them, or `@daily` and its like. Two are equal that run at the
    same times.

    >>> Cron("*/15 * * * *") == Cron("0,15,30,45 * * * *")
    True
    >>> Cron("61 * * * *")
    Traceback (most recent call last):
        ...
    ValueError: expected a schedule such as '*/5 * * * *' or '@daily', got '61 * * * *': the minute is from 0 to 59
    """

    expects = "a schedule such as '*/5 * * * *' or '@daily'"
    times: tuple[frozenset[int] | None, ...]
    """The minutes, hours, days, months and days of the week it runs at; None for a day that is `*`."""

    def __new__(cls, value: object) -> Self:
        if not isinstance(value, str):
            raise cls._refuse(value)
        value_made = str.__new__(cls, value.strip())
        written = _CRON_NAMES.get(value.strip().lower(), value).split()
        if len(written) != len(_CRON_FIELDS):
            raise ValueError(f"{cls._refuse(value)}: expected five fields")
        try:
            value_made.times = tuple(
                _cron_times(text, *field) for text, field in zip(written, _CRON_FIELDS, strict=True)
            )
        except ValueError as error:
            raise ValueError(f"{cls._refuse(value)}: {error}") from None
        return value_made

    @property
    def normal(self) -> tuple[frozenset[int] | None, ...]:
        """The form by which two are compared."""
        return self.times


def _cron_times(text: str, name: str, least: int, most: int, names: dict[str, int]) -> frozenset[int] | None:
    """The numbers one field stands for; None for a `*` in a day, which means the other day decides."""
    if text == "*" and "day" in name:
        return None
    times: set[int] = set()
    for part in text.lower().split(","):
        span, slash, step = part.partition("/")
        if slash and not (step.isdecimal() and int(step)):
            raise ValueError(f"the {name} has a step that is not a number above 0")
        first, dash, last = (str(least), "-", str(most)) if span == "*" else span.partition("-")
        start, end = _cron_number(first, names), _cron_number(last if dash else first, names)
        if start is None or end is None or not least <= start <= end <= most:
            raise ValueError(f"the {name} is from {least} to {most}")
        times.update(range(start, (end if dash or not slash else most) + 1, int(step) if slash else 1))
    return frozenset(number % 7 if most == 7 else number for number in times)


def _cron_number(text: str, names: dict[str, int]) -> int | None:
    return names.get(text, int(text) if text.isdecimal() and text.isascii() else None)
