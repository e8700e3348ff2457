"""What the tests of this package share: what is read is weighed, and the evidence may be looked at at any time.

Also what they check of their settings, and how their verdicts say amounts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from confguard.errors import brief
from confguard.rollout.monitors.evidence import Evidence
from confguard.secrets import masked
from confguard.texts import amount


class Sequential:
    """Reads totals, weighs what came in since the last reading, and alarms when the evidence is enough.

    Each kind says how it reads, what it weighs, and its verdict since a mark: the moment at which the change began.
    """

    alpha: float
    silence: int
    silent: int
    """How many readings in a row failed, up to now."""
    _evidence: Evidence[Any]
    _last: Any

    def __attrs_post_init__(self) -> None:
        self._begin()

    def start(self) -> None:
        """Forget what was seen, and read the totals from which to count."""
        self._begin()
        self.check()

    def check(self) -> str | None:
        """Read the totals and weigh what came in since the last time."""
        try:
            reading = self._read()
        except Exception as error:  # noqa: BLE001 - a source may raise anything; no reading is no evidence
            self.silent += 1
            if self.silent < self.silence:
                return None
            return masked(f"no reading {amount(self.silent, 'time')}: {error}")
        self.silent = 0
        if self._last is not None:
            self._weigh(self._last, reading)
        self._last = reading
        log = self._evidence.log()
        if log < self._enough() or self._evidence.began is None:
            return None
        return f"{self._verdict(self._evidence.began)}; evidence {odds(log)}"

    def _begin(self) -> None:
        self._last, self.silent = None, 0

    def _enough(self) -> float:
        """From which logarithm of the evidence on it alarms."""
        return math.log(1 / self.alpha)

    def _read(self) -> Any:
        """What the totals are. May raise anything."""
        raise NotImplementedError

    def _weigh(self, before: Any, reading: Any) -> None:
        raise NotImplementedError

    def _verdict(self, began: Any) -> str:
        """What was seen since a mark, and what is usual."""
        raise NotImplementedError


def now() -> datetime:
    return datetime.now(UTC)


def is_share(value: object) -> bool:
    """Is it a number from 0 up to 1?"""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1


def checked(is_good: Callable[[Any], bool], what: str) -> Callable[[Any, Any, Any], None]:
    """A validator of a field: `ValueError` says what is expected."""

    def check(_: Any, attribute: Any, value: Any) -> None:
        if not is_good(value):
            raise ValueError(f"{attribute.name} is {what}, not {brief(repr(value))}")

    return check


check_alpha = checked(lambda value: is_share(value) and value != 0, "a share from 0 to 1")
check_name = checked(lambda value: isinstance(value, str) and bool(value.strip()), "a text")
check_whole = checked(
    lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 1,
    "a whole number, 1 or more",
)


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
