"""What monitors check of their settings, and how their verdicts say amounts."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from confguard.errors import brief
from confguard.secrets import masked
from confguard.texts import amount

__all__ = [
    "check_alpha",
    "check_name",
    "check_whole",
    "is_share",
    "no_reading",
    "now",
    "odds",
    "percent",
]


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def is_share(value: object) -> bool:
    """Is it a number from 0 up to 1?"""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1


def check_alpha(_: Any, attribute: Any, value: Any) -> None:
    """Raise `ValueError` for what is no chance of a false alarm."""
    if not is_share(value) or value == 0:
        raise ValueError(f"{attribute.name} is a share from 0 to 1, not {brief(repr(value))}")


def check_whole(_: Any, attribute: Any, value: Any) -> None:
    """Raise `ValueError` for what is no number of something."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{attribute.name} is a whole number, 1 or more, not {brief(repr(value))}")


def check_name(_: Any, attribute: Any, value: Any) -> None:
    """Raise `ValueError` for what cannot be shown as a name."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{attribute.name} is a text, not {brief(repr(value))}")


def no_reading(times: int, error: Exception) -> str:
    """What is said of a source that gives nothing."""
    return masked(f"no reading {amount(times, 'time')}: {error}")


def percent(share: float) -> str:
    """A share in percent.

    >>> percent(0.0125)
    '1.25 %'
    """
    return f"{100 * share:.3g} %"


def odds(log: float) -> str:
    """Evidence, of which the logarithm is given.

    >>> odds(7.1), odds(30.0)
    ('1,212 to 1', '10^13 to 1')
    """
    return f"{math.exp(log):,.0f} to 1" if log < math.log(1e6) else f"10^{log / math.log(10):.0f} to 1"
