"""What is worse than usual: more requests fail, or are slow; more than in a control group; fewer requests come."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeAlias

from attrs import define, field

from confguard.errors import brief
from confguard.fields import Duration
from confguard.rollout.monitors.evidence import Evidence, edge, share_between, worse_odds
from confguard.rollout.monitors.interface import Counts, Recorder, Source
from confguard.rollout.monitors.sequential import (
    Sequential,
    check_alpha,
    check_name,
    check_whole,
    is_share,
    now,
    percent,
)
from confguard.texts import amount

_LEAST = 1e-6
"""A usual share of nothing: one failure in a million."""
_RATIOS = tuple(math.exp(0.7 * step) for step in range(1, 8))
"""How many times as often it may fail in the one group as in the control group: 2 to 134."""
_LEFT = (0.75, 0.5, 0.25, 0.1, 0.01)
"""How much of the usual traffic may be left."""
Baseline: TypeAlias = "float | Counts | Sequence[float]"


@define(slots=False)
class ErrorRate(Sequential):
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
        self._recorder = Recorder()
        self._usual = _usual(self.baseline, self.alpha / 2)
        self._ratios = tuple(worse_odds(min(self._usual)))
        super().__attrs_post_init__()

    def record(self, ok: bool, seconds: float = 0.0) -> None:
        """Count one request, where no source does."""
        self._recorder.record(ok, seconds)

    @property
    def seen(self) -> int:
        """How many requests came in since the start."""
        return self._seen.requests

    def _begin(self) -> None:
        super()._begin()
        self._seen, self._evidence = Counts(0, 0), Evidence(len(self._ratios))

    def _enough(self) -> float:
        # Of counts, half of the chance of a false alarm is for having been lucky before.
        return math.log((2 if isinstance(self.baseline, Counts) else 1) / self.alpha)

    def _read(self) -> Counts:
        return (self.source or self._counts)()

    def _counts(self) -> Counts:
        return self._recorder()

    def _weigh(self, before: Counts, reading: Counts) -> None:
        """Weigh how much likelier what came in is under each worse share.

        With bursts, each factor is taken to the power of one over their length: by Hoelder's inequality the mean of a
        product of so many such powers is at most one however they hang together.
        """
        counts, at = reading.since(before), self.now()
        if not counts.requests:
            return
        good, bad = counts.requests - counts.errors, counts.errors
        steps = [
            (bad * failed + good * passed) / self.burst
            for failed, passed in _steps(self._usual_at(at), self._ratios)
        ]
        self._evidence.update(steps, counts.requests, (self._seen, at))
        self._seen += counts

    def _usual_at(self, at: datetime) -> float:
        return self._usual[at.hour % len(self._usual)]

    def _verdict(self, began: tuple[Counts, datetime]) -> str:
        before, when = began
        counts = self._seen.since(before)
        least, _ = share_between(counts.requests, counts.errors, 0.05)
        return (
            f"{counts.errors} of {amount(counts.requests, 'request')} {self.did} since {when:%H:%M:%S} UTC"
            f" ({percent(counts.errors / counts.requests)}, at least {percent(least)}), and"
            f" {percent(self._usual_at(when))} is usual"
        )


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


@define(slots=False)
class Compared(Sequential):
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

    @property
    def seen(self) -> int:
        """How many requests the group got that had fewer since the start: without any in one, nothing is compared."""
        return min(each.requests for each in self._seen)

    def _begin(self) -> None:
        super()._begin()
        self._seen, self._evidence = (Counts(0, 0), Counts(0, 0)), Evidence(len(_RATIOS))

    def _read(self) -> tuple[Counts, Counts]:
        return self.source(), self.control()

    def _weigh(self, before: tuple[Counts, Counts], reading: tuple[Counts, Counts]) -> None:
        new, rest = reading[0].since(before[0]), reading[1].since(before[1])
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

    def _verdict(self, began: tuple[Counts, Counts, datetime]) -> str:
        new_before, rest_before, when = began
        new, rest = self._seen[0].since(new_before), self._seen[1].since(rest_before)
        return (
            f"{new.errors} of {amount(new.requests, 'request')} failed since {when:%H:%M:%S} UTC"
            f" ({percent(new.errors / new.requests)}), and {rest.errors} of {rest.requests} in the control group"
            f" ({percent(rest.errors / max(rest.requests, 1))})"
        )


@define(slots=False)
class Traffic(Sequential):
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

    def _begin(self) -> None:
        super()._begin()
        self._seen, self._evidence = (0, 0.0), Evidence(len(_LEFT))

    def _read(self) -> tuple[Counts, float]:
        at = self.clock()
        return self.source(), at

    def _weigh(self, before: tuple[Counts, float], reading: tuple[Counts, float]) -> None:
        requests, seconds = reading[0].since(before[0]).requests, max(reading[1] - before[1], 0.0)
        when = self.now()
        expected = self._usual_at(when) * seconds
        steps = [(requests * math.log(left) + (1 - left) * expected) / self.burst for left in _LEFT]
        self._evidence.update(steps, math.ceil(expected), (*self._seen, when))
        self._seen = self._seen[0] + requests, self._seen[1] + seconds

    def _usual_at(self, when: datetime) -> float:
        hours = self.usual if isinstance(self.usual, list | tuple) else [self.usual]
        return float(hours[when.hour % len(hours)])

    def _verdict(self, began: tuple[int, float, datetime]) -> str:
        requests_before, seconds_before, when = began
        requests, seconds = self._seen[0] - requests_before, self._seen[1] - seconds_before
        return (
            f"{amount(requests, 'request')} in {seconds:.3g} s since {when:%H:%M:%S} UTC"
            f" ({requests / seconds:.3g} a second), and {self._usual_at(when):g} a second are usual"
        )


def _usual(baseline: Baseline | None, alpha: float) -> tuple[float, ...]:
    """The usual share of each hour of a day; of counts, the largest that is possible but for a chance of `alpha`."""
    if isinstance(baseline, Counts):
        return (_most_likely_at_most(baseline, alpha),)
    hours: Any = baseline if isinstance(baseline, list | tuple) else [baseline]
    return tuple(min(max(float(each or 0), _LEAST), 0.95) for each in hours)


def _most_likely_at_most(counts: Counts, alpha: float) -> float:
    """The largest share that counts leave possible, but for a chance of `alpha`; by Chernoff's bound."""
    share = counts.errors / counts.requests

    def refuted(usual: float) -> bool:
        return counts.requests * _divergence(share, usual) > math.log(1 / alpha)

    return edge(refuted, 0.95, max(share, _LEAST))


def _divergence(share: float, usual: float) -> float:
    """Of Kullback and Leibler, between two shares."""
    failed = share * math.log(share / usual) if share else 0.0
    return failed + (1 - share) * math.log((1 - share) / (1 - usual))


@lru_cache(maxsize=64)
def _steps(usual: float, ratios: tuple[float, ...]) -> list[tuple[float, float]]:
    """For each odds ratio: the logarithms of how much likelier it makes a failure, and a success."""
    steps = []
    for ratio in ratios:
        worse = ratio * usual / (1 - usual + ratio * usual)
        steps.append((math.log(worse / usual), math.log((1 - worse) / (1 - usual))))
    return steps
