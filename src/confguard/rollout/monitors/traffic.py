"""A fall in traffic: what no longer arrives cannot fail."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from attrs import define, field

from confguard.errors import brief
from confguard.rollout.monitors.evidence import Evidence
from confguard.rollout.monitors.interface import Counts, Source
from confguard.rollout.monitors.showing import check_alpha, check_name, check_whole, no_reading, now, odds
from confguard.texts import amount

__all__ = ["Traffic"]

_LEFT = (0.75, 0.5, 0.25, 0.1, 0.01)
"""How much of the usual traffic may be left."""


@define(slots=False)
class Traffic:
    """Alarms when fewer requests come in than usual.

    `usual` is how many come in a second at least in a quiet time, or 24 of them, for each hour of the day in UTC. While
    as many come in, independently of each other, it ever alarms falsely with a probability of at most `alpha`. `burst`
    is how many requests come together, as of one page: 1 if each comes alone. Days on which hardly anybody comes (a
    holiday) are not usual: compare with a control group then.

    >>> totals, clock = iter([0, 500, 510]), iter([0.0, 10.0, 20.0])
    >>> monitor = Traffic(lambda: Counts(next(totals), 0), usual=50, clock=lambda: next(clock))
    >>> monitor.start()
    >>> monitor.check()
    >>> print(monitor.check())  # doctest: +ELLIPSIS
    10 requests in 10 s since ... UTC (1 a second), and 50 a second are usual; evidence 10^... to 1
    """

    source: Source
    usual: Any = field()
    alpha: float = field(default=0.001, validator=check_alpha)
    silence: int = field(default=5, validator=check_whole)
    name: str = field(default="traffic", validator=check_name)
    burst: int = field(default=1, validator=check_whole)
    now: Callable[[], datetime] = field(default=now, repr=False, eq=False)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False, eq=False)
    _last: tuple[Counts, float] | None = field(default=None, init=False, repr=False, eq=False)
    _seen: tuple[int, float] = field(default=(0, 0.0), init=False, repr=False, eq=False)
    _evidence: Evidence[tuple[int, float, datetime]] = field(init=False, repr=False, eq=False)
    silent: int = field(default=0, init=False, repr=False, eq=False)
    """How many readings in a row failed, up to now."""

    @usual.validator
    def _check_usual(self, _: Any, value: Any) -> None:
        hours = value if isinstance(value, list | tuple) else [value]
        numbers = all(
            isinstance(each, int | float) and not isinstance(each, bool) and each > 0 for each in hours
        )
        if len(hours) not in {1, 24} or not numbers:
            raise ValueError(
                f"usual is how many requests come in a second (or 24 such numbers), not {brief(repr(value))}"
            )

    def __attrs_post_init__(self) -> None:
        self._begin()

    def start(self) -> None:
        """Forget what was seen, and read the totals from which to count."""
        self._begin()
        self.check()

    def check(self) -> str | None:
        """Read the totals and weigh what came in since the last time."""
        at = self.clock()
        try:
            counts = self.source()
        except Exception as error:  # noqa: BLE001 - a source may raise anything; no reading is no evidence
            self.silent += 1
            return no_reading(self.silent, error) if self.silent >= self.silence else None
        self.silent = 0
        if self._last is not None:
            self._observe(counts.since(self._last[0]).requests, max(at - self._last[1], 0.0))
        self._last = counts, at
        return self._alarm()

    def _begin(self) -> None:
        self._last, self.silent, self._seen, self._evidence = None, 0, (0, 0.0), Evidence(len(_LEFT))

    def _rate(self, when: datetime) -> float:
        hours = self.usual if isinstance(self.usual, list | tuple) else [self.usual]
        return float(hours[when.hour % len(hours)])

    def _observe(self, requests: int, seconds: float) -> None:
        when = self.now()
        expected = self._rate(when) * seconds
        steps = [(requests * math.log(left) + (1 - left) * expected) / self.burst for left in _LEFT]
        self._evidence.update(steps, math.ceil(expected), (*self._seen, when))
        self._seen = self._seen[0] + requests, self._seen[1] + seconds

    def _alarm(self) -> str | None:
        log = self._evidence.log()
        if log < math.log(1 / self.alpha) or self._evidence.began is None:
            return None
        requests_before, seconds_before, when = self._evidence.began
        requests, seconds = self._seen[0] - requests_before, self._seen[1] - seconds_before
        return (
            f"{amount(requests, 'request')} in {seconds:.3g} s since {when:%H:%M:%S} UTC"
            f" ({requests / seconds:.3g} a second), and {self._rate(when):g} a second are usual; evidence {odds(log)}"
        )
