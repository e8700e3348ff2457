"""Two groups side by side: those that run the new revision, and the control group that does not yet."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime

from attrs import define, field

from confguard.rollout.monitors.evidence import Evidence
from confguard.rollout.monitors.interface import Counts, Source
from confguard.rollout.monitors.showing import (
    check_alpha,
    check_name,
    check_whole,
    no_reading,
    now,
    odds,
    percent,
)
from confguard.texts import amount

__all__ = ["Compared"]

_RATIOS = tuple(math.exp(0.7 * step) for step in range(1, 8))
"""How many times as often it may fail in the one group as in the other: 2 to 134."""


@define(slots=False)
class Compared:
    """Alarms when requests fail more often in one group than in a control group at the same time.

    Needs no usual share: what both groups have in common (a bad hour, a season, an attack) is no evidence. Of all
    failures that came in between two readings, each is as likely to be of either group as their requests say, if
    nothing is worse; by Hoeffding's bound on sampling without replacement the evidence against that is an e-process,
    and ever reaches `1/alpha` with a probability of at most `alpha`. `burst` and `silence` are as in `ErrorRate`.

    - W. Hoeffding, Probability inequalities for sums of bounded random variables, JASA 58 (1963), section 6
    - R. Turner, A. Ly, P. Gruenwald, Generic E-variables for exact sequential k-sample tests, Journal of Statistical
      Planning and Inference 230 (2024), doi:10.1016/j.jspi.2023.106116

    >>> new = iter([Counts(0, 0), Counts(100, 30)])
    >>> rest = iter([Counts(0, 0), Counts(900, 9)])
    >>> monitor = Compared(lambda: next(new), control=lambda: next(rest))
    >>> monitor.start()
    >>> print(monitor.check())  # doctest: +ELLIPSIS
    30 of 100 requests failed since ... UTC (30 %), and 9 of 900 in the control group (1 %); evidence 10^... to 1
    """

    source: Source
    control: Source
    alpha: float = field(default=0.001, validator=check_alpha)
    silence: int = field(default=5, validator=check_whole)
    name: str = field(default="error rate against the control group", validator=check_name)
    burst: int = field(default=1, validator=check_whole)
    now: Callable[[], datetime] = field(default=now, repr=False, eq=False)
    _last: tuple[Counts, Counts] | None = field(default=None, init=False, repr=False, eq=False)
    _seen: tuple[Counts, Counts] = field(init=False, repr=False, eq=False)
    _evidence: Evidence[tuple[Counts, Counts, datetime]] = field(init=False, repr=False, eq=False)
    silent: int = field(default=0, init=False, repr=False, eq=False)
    """How many readings in a row failed, up to now."""

    def __attrs_post_init__(self) -> None:
        self._begin()

    def start(self) -> None:
        """Forget what was seen, and read the totals from which to count."""
        self._begin()
        self.check()

    @property
    def seen(self) -> int:
        """How many requests the group got that had fewer since the start: without any in one, nothing is compared."""
        return min(each.requests for each in self._seen)

    def check(self) -> str | None:
        """Read both totals and weigh what came in since the last time."""
        try:
            counts = self.source(), self.control()
        except Exception as error:  # noqa: BLE001 - a source may raise anything; no reading is no evidence
            self.silent += 1
            return no_reading(self.silent, error) if self.silent >= self.silence else None
        self.silent = 0
        if self._last is not None:
            self._observe(counts[0].since(self._last[0]), counts[1].since(self._last[1]))
        self._last = counts
        return self._alarm()

    def _begin(self) -> None:
        self._last, self.silent, self._evidence = None, 0, Evidence(len(_RATIOS))
        self._seen = Counts(0, 0), Counts(0, 0)

    def _observe(self, new: Counts, rest: Counts) -> None:
        requests, errors = new.requests + rest.requests, new.errors + rest.errors
        if not requests:
            return
        share = new.requests / requests
        steps = [
            (new.errors * math.log(ratio) - errors * math.log(1 - share + share * ratio)) / self.burst
            for ratio in _RATIOS
        ]
        self._evidence.update(steps, requests, (*self._seen, self.now()))
        self._seen = self._seen[0] + new, self._seen[1] + rest

    def _alarm(self) -> str | None:
        log = self._evidence.log()
        if log < math.log(1 / self.alpha) or self._evidence.began is None:
            return None
        new_before, rest_before, when = self._evidence.began
        new, rest = self._seen[0].since(new_before), self._seen[1].since(rest_before)
        return (
            f"{new.errors} of {amount(new.requests, 'request')} failed since {when:%H:%M:%S} UTC"
            f" ({percent(new.errors / new.requests)}), and {rest.errors} of {rest.requests} in the control group"
            f" ({percent(rest.errors / max(rest.requests, 1))}); evidence {odds(log)}"
        )
