"""Monitors: watch a stream of outcomes and alarm when it has become worse than it used to be."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

from attrs import define, field, frozen

from confguard.errors import brief
from confguard.fields import Duration
from confguard.rollout.probes import fetch
from confguard.targets.addresses import checked_url, shown_url
from confguard.targets.concealing import shown_by
from confguard.targets.kinds import Kind, keys_of, read_table
from confguard.targets.refusing import UnusableError, time_limit
from confguard.texts import amount

__all__ = ["Counts", "ErrorRate", "HttpCounts", "Monitor", "MonitorLike", "as_monitor"]


class Monitor(Protocol):
    """Watches one figure for as long as a bake lasts."""

    @property
    def name(self) -> str:
        """How it is called in messages."""
        ...

    def start(self) -> None:
        """Begin: what happened before does not count."""
        ...

    def check(self) -> str | None:
        """None while there is nothing to say, else why it alarms. Never raises."""
        ...


@frozen
class Counts:
    """How many requests a service has answered since it started, and how many of them failed."""

    requests: int
    errors: int


@frozen
class HttpCounts:
    """Counts from a URL that answers with JSON: `{"requests": 1200, "errors": 3}`. It is asked as an `HttpProbe` is."""

    url: str = field(converter=checked_url, repr=shown_by(shown_url))
    timeout: Duration = field(default=Duration("2s"), converter=time_limit)

    def __call__(self) -> Counts:
        """Ask once. Raises `OSError` or `ValueError` where there is no such answer."""
        body, wrong = fetch(self.url, self.timeout)
        if wrong is not None:
            raise OSError(f"GET {shown_url(self.url)} {wrong}")
        counts = _counts(body)
        if counts is None:
            raise ValueError(f"GET {shown_url(self.url)}: expected requests and errors as numbers, in JSON")
        return counts


def _counts(body: bytes) -> Counts | None:
    try:
        answer = json.loads(body)
        return Counts(int(answer["requests"]), int(answer["errors"]))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


@define
class ErrorRate:
    """Alarms when the share of failed requests has risen above a baseline.

    It may be looked at after every request: over a bake of any length it alarms falsely with a probability
    of at most `alpha`. The evidence is a likelihood ratio against the baseline, mixed over rates above it;
    while the rate is at or below the baseline it is a supermartingale, so by Ville's inequality it ever
    reaches `1/alpha` with probability at most `alpha` (Ville 1939; Howard, Ramdas et al. 2021,
    doi:10.1214/20-AOS1991).

    `source` gives running totals; totals that fall mean that the service started anew. `baseline` is the
    share that is usual, from 0 to 1. `silence` readings in a row that fail are an alarm too.

    >>> totals = iter([Counts(1000, 5), Counts(1100, 6), Counts(1200, 30)])
    >>> monitor = ErrorRate(lambda: next(totals), baseline=0.01)
    >>> monitor.start()
    >>> monitor.check()
    >>> monitor.check()
    '25 of 200 requests failed (12.5%), and 1% is usual'
    """

    source: Callable[[], Counts]
    baseline: float = field()
    alpha: float = field(default=0.001)
    silence: int = field(default=5)
    name: str = field(default="error rate")
    _last: Counts | None = field(default=None, init=False)
    _seen: Counts = field(default=Counts(0, 0), init=False)
    _silent: int = field(default=0, init=False)

    @baseline.validator
    @alpha.validator
    def _check_share(self, attribute: Any, value: Any) -> None:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 <= value < 1 or (attribute.name == "alpha" and value == 0):
            raise ValueError(f"{attribute.name} is a share from 0 to 1, not {brief(repr(value))}")

    @silence.validator
    def _check_silence(self, _: Any, value: Any) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(f"silence is a number of readings, 1 or more, not {brief(repr(value))}")

    @name.validator
    def _check_name(self, _: Any, value: Any) -> None:
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"name is a text, not {brief(repr(value))}")

    def start(self) -> None:
        """Forget what was seen, and read the totals from which to count."""
        self._last, self._seen, self._silent = None, Counts(0, 0), 0
        self.check()

    def check(self) -> str | None:
        """Read the totals and weigh what came in since the start."""
        try:
            now = self.source()
        except Exception as error:  # noqa: BLE001 - a source may raise anything; no reading is no evidence
            self._silent += 1
            return (
                f"no reading {amount(self._silent, 'time')}: {error}"
                if self._silent >= self.silence
                else None
            )
        self._silent = 0
        if self._last is not None:
            self._count(self._last, now)
        self._last = now
        if evidence(self._seen, self.baseline) < math.log(1 / self.alpha):
            return None
        requests, errors = self._seen.requests, self._seen.errors
        share, usual = _percent(errors / requests), _percent(self.baseline)
        return f"{errors} of {requests} requests failed ({share}), and {usual} is usual"

    def _count(self, last: Counts, now: Counts) -> None:
        restarted = now.requests < last.requests or now.errors < last.errors
        since = Counts(0, 0) if restarted else last
        requests = self._seen.requests + now.requests - since.requests
        errors = self._seen.errors + now.errors - since.errors
        self._seen = Counts(max(requests, errors), errors)


MonitorLike: TypeAlias = "Monitor | Mapping[str, Any]"
"""A monitor, or a table that says where an error rate is read, and which one is usual."""

_EXPECTED = 'expected is a table such as { url = "http://.../metrics.json", baseline = 0.01 }'


def as_monitor(monitor: MonitorLike) -> Monitor:
    """The monitor that a table stands for: an `ErrorRate` of `HttpCounts`. Raises `ValueError` if it stands for none.

    >>> as_monitor({"url": "http://localhost/metrics.json", "baseline": 0.01, "name": "logins"}).name
    'logins'
    """
    if isinstance(monitor, Mapping):
        return read_table("a monitor", monitor, _KINDS, hint=_EXPECTED)
    if not hasattr(monitor, "check") or not hasattr(monitor, "start"):
        raise UnusableError(f"a monitor is a table, and no {type(monitor).__name__}", hint=_EXPECTED)
    return monitor


def _error_rate(**values: Any) -> ErrorRate:
    asked = {name: values.pop(name) for name in keys_of(HttpCounts) if name in values}
    return ErrorRate(HttpCounts(**asked), **values)


_RATED = {key: each for key, each in keys_of(ErrorRate).items() if key != "source"}
_KINDS: dict[str, Kind[Monitor]] = {"url": Kind(_error_rate, keys_of(HttpCounts) | _RATED)}

_STEPS = 24


def evidence(seen: Counts, baseline: float) -> float:
    """The logarithm of the mixture likelihood ratio: over 6.9 is 1,000 to 1 against the baseline.

    The mixture is over rates spaced evenly in log-odds from just above the baseline to 0.95.

    >>> evidence(Counts(100, 1), 0.01) < 0 < evidence(Counts(100, 10), 0.01)
    True
    """
    floor = min(max(baseline, 1e-6), 0.9)
    low, high = _log_odds(floor), _log_odds(0.95)
    logs = []
    for step in range(1, _STEPS + 1):
        rate = 1 / (1 + math.exp(-(low + (high - low) * step / _STEPS)))
        better = seen.errors * math.log(rate / floor)
        worse = (seen.requests - seen.errors) * math.log((1 - rate) / (1 - floor))
        logs.append(better + worse)
    top = max(logs)
    return top + math.log(sum(math.exp(value - top) for value in logs) / _STEPS)


def _percent(share: float) -> str:
    return f"{100 * share:.3g}%"


def _log_odds(share: float) -> float:
    return math.log(share / (1 - share))
