"""Outcomes that a service records itself, while it answers."""

from __future__ import annotations

import math
from threading import Lock

from confguard.rollout.monitors.interface import Counts

__all__ = ["Recorder"]


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
