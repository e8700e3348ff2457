"""Monitors: what it costs a service to report a request, and to look."""

from __future__ import annotations

from collections import deque

from confguard.rollout import ErrorRate, Recorder

from .measure import Row, best_of_each, compare

_MANY = 200_000


def bench_record() -> list[Row]:
    """Reporting a request, beside appending to a deque."""
    recorder, monitor, kept = (
        Recorder(slow=0.3),
        ErrorRate(baseline=0.01),
        deque[tuple[bool, float]](maxlen=1000),
    )

    def append() -> None:
        for _ in range(_MANY):
            kept.append((True, 0.02))

    def record() -> None:
        for _ in range(_MANY):
            recorder.record(True, 0.02)

    def report() -> None:
        for _ in range(_MANY):
            monitor.record(True, 0.02)

    floor, recorded, reported = best_of_each(append, record, report)
    for name, seconds in (("Recorder.record", recorded), ("ErrorRate.record", reported)):
        print(f"{name}: {seconds / _MANY * 1e9:.0f} ns")
    against = "appending to a deque"
    return [
        compare("Recorder.record, 200,000 requests", recorded, floor, against),
        compare("ErrorRate.record, 200,000 requests", reported, floor, against),
    ]
