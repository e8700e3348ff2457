"""What a monitor is, and the totals that it reads."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from threading import Lock
from typing import Protocol, TypeAlias

from attrs import define, field, frozen

from confguard.targets.calls import Call, kind_and_message

_LONGEST = 10.0
"""Seconds that a monitor may take for one look: a source that hangs must not hold a bake, and its lease, for ever."""


class Monitor(Protocol):
    """Watches one figure for as long as a bake lasts, or without end."""

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


@define
class Bounded:
    """Asks a monitor in a thread of its own, and waits so long at most; while a call hangs, no second one is made.

    >>> class Broken:
    ...     name = "broken"
    ...     def start(self): ...
    ...     def check(self): raise ValueError("no such series")
    >>> Bounded(Broken()).check()
    'ValueError: no such series'
    """

    monitor: Monitor
    _call: Call[str | None] | None = field(default=None, init=False, repr=False)
    _is_unread: bool = field(default=False, init=False, repr=False)
    """Did it not answer the last time, or raise?"""
    _not_begun: str | None = field(default=None, init=False, repr=False)

    @property
    def name(self) -> str:
        return self.monitor.name

    @property
    def silent(self) -> int:
        return max(int(getattr(self.monitor, "silent", 0)), int(self._is_unread))

    @property
    def is_idle(self) -> bool:
        """Has it seen nothing since the start, of which it could say how it went? Not one that does not count."""
        return getattr(self.monitor, "seen", None) == 0

    @property
    def compares(self) -> bool:
        """Does it need a control group?"""
        return hasattr(self.monitor, "control")

    def start(self) -> None:
        """Begin; what goes wrong then is an alarm."""
        self._not_begun = self._answer(self.monitor.start)

    def check(self) -> str | None:
        """Why it alarms, or why it cannot tell; None if there is nothing to say."""
        return self._not_begun or self._answer(self.monitor.check)

    def _answer(self, function: Callable[[], str | None]) -> str | None:
        patience = 0.0 if self._call else _LONGEST  # what hung a moment ago was waited for
        self._call = self._call or Call(function)
        if not self._call.wait(patience):
            self._is_unread = True
            return f"no reading: it did not answer within {_LONGEST:g} s"
        call, self._call, self._is_unread = self._call, None, False
        try:
            return call.result()
        except BaseException as error:  # noqa: BLE001 - in a thread of its own, it ends nothing
            self._is_unread = True
            return kind_and_message(error)


@frozen
class Counts:
    """How many requests a service has answered since it started, and how many of them failed.

    >>> Counts(100, 2) + Counts(50, 1)
    Counts(requests=150, errors=3)
    """

    requests: int
    errors: int

    def __add__(self, other: Counts) -> Counts:
        """Of two services, or processes of one, together."""
        return Counts(self.requests + other.requests, self.errors + other.errors)

    def since(self, before: Counts) -> Counts:
        """What came in since then; all of it where the totals fell, as the service has started anew.

        >>> Counts(110, 4).since(Counts(100, 1)), Counts(5, 1).since(Counts(100, 1))
        (Counts(requests=10, errors=3), Counts(requests=5, errors=1))
        """
        restarted = self.requests < before.requests or self.errors < before.errors
        requests = self.requests - (0 if restarted else before.requests)
        errors = self.errors - (0 if restarted else before.errors)
        return Counts(max(requests, errors), errors)


Source: TypeAlias = Callable[[], Counts]
"""Gives running totals whenever it is called."""


class Recorder:
    """Counts requests as they are answered: how many, how many failed, and how many were slower than `slow` seconds.

    Safe from any number of threads, and cheap enough for every request. It is a source of counts itself; `.slow_counts`
    is one for `Latency`.

    >>> recorder = Recorder(slow=0.3)
    >>> recorder.record(True, 0.02)
    >>> recorder.record(False, 0.5)
    >>> recorder(), recorder.slow_counts()
    (Counts(requests=2, errors=1), Counts(requests=2, errors=1))
    """

    __slots__ = ("_errors", "_lock", "_requests", "_slow", "_slower")

    def __init__(self, slow: float = math.inf) -> None:
        self._requests = self._errors = self._slower = 0
        self._slow = slow
        self._lock = Lock()

    def record(self, ok: bool, seconds: float = 0.0) -> None:
        """Count one request: did it go well, and how many seconds did it take?"""
        with self._lock:
            self._requests += 1
            if not ok:
                self._errors += 1
            if seconds > self._slow:
                self._slower += 1

    def __call__(self) -> Counts:
        """The totals of requests and of those that failed."""
        with self._lock:
            return Counts(self._requests, self._errors)

    def slow_counts(self) -> Counts:
        """The totals of requests and of those that were slow."""
        with self._lock:
            return Counts(self._requests, self._slower)


@define
class Totals:
    """What many counters have counted together, since each is followed for itself.

    >>> totals = Totals()
    >>> totals.take({"a": 100, "b": 40}), totals.take({"a": 5, "b": 41}), totals.take({"b": 42}), totals.take({"a": 6})
    (140.0, 146.0, 147.0, 148.0)
    """

    total: float = 0.0
    _last: dict[str, float] = field(factory=dict, init=False)

    def take(self, series: Mapping[str, float], of: Collection[str] | None = None) -> float:
        """The total, with what has come in at each counter since it was read last; or only at some `of` them."""
        for name, value in series.items():
            before = self._last.get(name, 0.0)
            if of is None or name in of:
                self.total += value - before if value >= before else value
        self._last |= series
        return self.total
