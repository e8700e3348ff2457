"""Shares of requests: those that fail, those that are slow."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeAlias

from attrs import define, field

from confguard.errors import brief
from confguard.fields import Duration
from confguard.rollout.monitors.evidence import Evidence, share_between, worse_odds
from confguard.rollout.monitors.interface import Counts, Source
from confguard.rollout.monitors.recording import Recorder
from confguard.rollout.monitors.showing import (
    check_alpha,
    check_name,
    check_whole,
    is_share,
    no_reading,
    now,
    odds,
    percent,
)
from confguard.texts import amount

__all__ = ["ErrorRate", "Latency"]

_LEAST = 1e-6
"""A usual share of nothing: one failure in a million."""
Baseline: TypeAlias = "float | Counts | Sequence[float]"


@define(slots=False)
class ErrorRate:
    """Alarms when the share of failed requests has risen above what is usual.

    It may be looked at after every request, for as long as you like: it ever alarms falsely with a probability of at
    most `alpha`, in a bake as over months. What went bad at the start is seen at once, what went bad after a long
    healthy time a little later.

    `source` gives running totals (totals that fall mean that the service started anew); without one, report by
    `record`. `baseline` is the usual share, from 0 to 1; or 24 of them, for each hour of the day in UTC; or the
    `Counts` of the time before, of which the largest share that they leave possible is taken. `burst` is how many
    requests in a row may fail of one cause, as when a connection that carries many breaks: where one failure brings
    others with it and that is not said, false alarms are more frequent than `alpha`. `silence` readings in a row that
    fail are an alarm too.

    >>> totals = iter([Counts(1000, 5), Counts(1100, 6), Counts(1200, 30)])
    >>> monitor = ErrorRate(lambda: next(totals), baseline=0.01)
    >>> monitor.start()
    >>> monitor.check()
    >>> print(monitor.check())  # doctest: +ELLIPSIS
    24 of 100 requests failed since ... UTC (24 %, at least 12 %), and 1 % is usual; evidence 10^... to 1
    """

    source: Source | None = None
    baseline: Baseline | None = field(default=None)
    alpha: float = field(default=0.001, validator=check_alpha)
    silence: int = field(default=5, validator=check_whole)
    name: str = field(default="error rate", validator=check_name)
    burst: int = field(default=1, validator=check_whole)
    now: Callable[[], datetime] = field(default=now, repr=False, eq=False)
    _recorder: Recorder = field(factory=Recorder, init=False, repr=False, eq=False)
    _last: Counts | None = field(default=None, init=False, repr=False, eq=False)
    _watch: _Watch = field(init=False, repr=False, eq=False)
    silent: int = field(default=0, init=False, repr=False, eq=False)
    """How many readings in a row failed, up to now."""

    did = "failed"

    @baseline.validator
    def _check_baseline(self, _: Any, value: Any) -> None:
        if isinstance(value, Counts):
            if not 0 <= value.errors < value.requests:
                raise ValueError("baseline: of the time before, fewer requests than all must have failed")
            return
        hours = value if isinstance(value, list | tuple) else [value]
        if len(hours) not in {1, 24} or not all(map(is_share, hours)):
            raise ValueError(
                f"baseline is a share from 0 to 1 (or one for each of 24 hours), not {brief(repr(value))}"
            )

    def __attrs_post_init__(self) -> None:
        self._watch = self._begun()

    def record(self, ok: bool, seconds: float = 0.0) -> None:
        """Count one request, where no source does."""
        self._recorder.record(ok, seconds)

    def start(self) -> None:
        """Forget what was seen, and read the totals from which to count."""
        self._last, self.silent, self._watch = None, 0, self._begun()
        self.check()

    @property
    def seen(self) -> int:
        """How many requests came in since the start."""
        return self._watch.seen.requests

    def check(self) -> str | None:
        """Read the totals and weigh what came in since the last time."""
        try:
            counts = (self.source or self._counts)()
        except Exception as error:  # noqa: BLE001 - a source may raise anything; no reading is no evidence
            self.silent += 1
            return no_reading(self.silent, error) if self.silent >= self.silence else None
        self.silent = 0
        if self._last is not None:
            self._watch.observe(counts.since(self._last), self.now())
        self._last = counts
        return self._watch.alarm(self.did)

    def _counts(self) -> Counts:
        return self._recorder()

    def _begun(self) -> _Watch:
        hours, alpha = _usual(self.baseline, self.alpha)
        return _Watch(hours, alpha, self.burst)


@define(slots=False)
class Latency(ErrorRate):
    """Alarms when more requests than usual take longer than `within`: a quantile of the latency has risen.

    A quantile has risen above a limit exactly if more than the usual share is slower than the limit; so this is the
    test of `ErrorRate` on those that were slow, and promises the same. `source` gives totals of requests and of slow
    ones as `Counts`, as a `Recorder`'s `slow_counts`; without one, report by `record`.

    >>> monitor = Latency(baseline=0.01, within="300ms")  # the 99th percentile is usually below 300 ms
    >>> monitor.start()
    >>> for _ in range(20):
    ...     monitor.record(True, 0.9)
    >>> print(monitor.check())  # doctest: +ELLIPSIS
    20 of 20 requests took longer than 300ms since ... UTC (100 %, at least ...), and 1 % is usual; evidence ... to 1
    """

    within: Duration = field(default=Duration("1s"), converter=Duration, kw_only=True)
    name: str = field(default="latency", validator=check_name, kw_only=True)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self._recorder = Recorder(slow=self.within.total_seconds())
        self.did = f"took longer than {self.within}"

    def _counts(self) -> Counts:
        return self._recorder.slow_counts()


def _usual(baseline: Baseline | None, alpha: float) -> tuple[tuple[float, ...], float]:
    """The usual share of each hour of a day, and the chance of an alarm that is left."""
    if isinstance(baseline, Counts):  # half of the chance is for having been lucky before
        return (_most_likely_at_most(baseline, alpha / 2),), alpha / 2
    hours: Any = baseline if isinstance(baseline, list | tuple) else [baseline]
    return tuple(min(max(float(each or 0), _LEAST), 0.95) for each in hours), alpha


def _most_likely_at_most(counts: Counts, alpha: float) -> float:
    """The largest share that counts leave possible, but for a chance of `alpha`; by Chernoff's bound."""
    low, high = max(counts.errors / counts.requests, _LEAST), 0.95
    for _ in range(50):
        middle = (low + high) / 2
        far = counts.requests * _divergence(counts.errors / counts.requests, middle) > math.log(1 / alpha)
        low, high = (low, middle) if far else (middle, high)
    return high


def _divergence(share: float, usual: float) -> float:
    """Of Kullback and Leibler, between two shares."""
    failed = share * math.log(share / usual) if share else 0.0
    return failed + (1 - share) * math.log((1 - share) / (1 - usual))


@define
class _Watch:
    """What was seen since the start, against the usual shares."""

    usual: tuple[float, ...]
    alpha: float
    burst: int
    seen: Counts = field(default=Counts(0, 0), init=False)
    evidence: Evidence[tuple[Counts, datetime]] = field(init=False)
    _ratios: list[float] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._ratios = worse_odds(min(self.usual))
        self.evidence = Evidence(len(self._ratios))

    def observe(self, counts: Counts, now: datetime) -> None:
        """Weigh what came in: how much likelier it is under each worse share.

        With bursts, each factor is taken to the power of one over their length: by Hoelder's inequality the mean of a
        product of so many such powers is at most one however they hang together.
        """
        if not counts.requests:
            return
        usual = self.usual[now.hour % len(self.usual)]
        good, bad = counts.requests - counts.errors, counts.errors
        steps = [
            (bad * failed + good * passed) / self.burst
            for failed, passed in _steps(usual, tuple(self._ratios))
        ]
        self.evidence.update(steps, counts.requests, (self.seen, now))
        self.seen += counts

    def alarm(self, did: str) -> str | None:
        """Why it alarms; None while the evidence is too little."""
        log = self.evidence.log()
        if log < math.log(1 / self.alpha) or self.evidence.began is None:
            return None
        before, when = self.evidence.began
        seen = self.seen.since(before)
        least, _ = share_between(seen.requests, seen.errors, 0.05)
        usual = self.usual[when.hour % len(self.usual)]
        return (
            f"{seen.errors} of {amount(seen.requests, 'request')} {did} since {when:%H:%M:%S} UTC"
            f" ({percent(seen.errors / seen.requests)}, at least {percent(least)}), and {percent(usual)} is usual;"
            f" evidence {odds(log)}"
        )


@lru_cache(maxsize=64)
def _steps(usual: float, ratios: tuple[float, ...]) -> list[tuple[float, float]]:
    """For each odds ratio: the logarithms of how much likelier it makes a failure, and a success."""
    steps = []
    for ratio in ratios:
        worse = ratio * usual / (1 - usual + ratio * usual)
        steps.append((math.log(worse / usual), math.log((1 - worse) / (1 - usual))))
    return steps
