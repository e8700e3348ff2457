"""The bake: the time in which a new revision is watched before it stays."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

from attrs import field, frozen

from confguard.fields import Duration
from confguard.rollout.monitors import Monitor
from confguard.rollout.probes import Probe, ProbeLike, as_probe

__all__ = ["Bake", "Outcome", "Watched", "watch"]


def _probes(probes: Iterable[ProbeLike]) -> tuple[Probe, ...]:
    return tuple(as_probe(probe) for probe in probes)


def _monitors(monitors: Iterable[Monitor]) -> tuple[Monitor, ...]:
    return tuple(monitors)


@frozen
class Bake:
    """How a new revision is watched.

    `duration` is how long, `interval` how often probes and monitors are asked; `failures` in a row of one
    probe, or one alarm of a monitor, end the bake and revert. With `confirm`, the revision is reverted at the
    end unless someone has confirmed it; without, it stays when all probes are healthy then. Durations are
    texts such as `"10m"` or seconds. A probe is an `HttpProbe`, `CommandProbe`, `CallableProbe`, a URL, a
    command as a list, or a function.

    >>> Bake("10m", probes=["http://127.0.0.1:8080/healthz"]).probes[0].name
    'GET http://127.0.0.1:8080/healthz'
    """

    duration: Duration = field(converter=Duration)
    probes: tuple[Probe, ...] = field(default=(), converter=_probes)
    monitors: tuple[Monitor, ...] = field(default=(), converter=_monitors)
    interval: Duration = field(default=Duration("1s"), converter=Duration)
    failures: int = field(default=3)
    confirm: bool = False

    @interval.validator
    @duration.validator
    def _check_positive(self, attribute: Any, value: Duration) -> None:
        if not value:
            raise ValueError(f"{attribute.name} must be longer than nothing")

    @failures.validator
    def _check_failures(self, _: Any, value: int) -> None:
        if value < 1:
            raise ValueError(f"failures must be 1 or more, not {value}")


class Outcome(Enum):
    """How a bake ended."""

    HEALTHY = "healthy"
    CONFIRMED = "confirmed"
    SUPERSEDED = "superseded"
    FAILED = "failed"


@frozen
class Watched:
    """How a bake ended, and why."""

    outcome: Outcome
    why: str = ""


def watch(
    bake: Bake,
    settled: Callable[[], Outcome | None],
    notice: Callable[[str, str], None],
    *,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Watched:
    """Ask probes and monitors until the bake has an outcome.

    `settled` tells whether somebody else has ended it; `notice` is told of each probe that fails, by name and
    with what is wrong.
    """
    end = now() + bake.duration.total_seconds()
    failing: dict[str, int] = {}
    for monitor in bake.monitors:
        monitor.start()
    while True:
        sleep(max(0.0, min(bake.interval.total_seconds(), end - now())))
        ended = settled()
        if ended:
            return Watched(ended)
        failed = _ask(bake, failing, notice)
        if failed:
            return Watched(Outcome.FAILED, failed)
        if now() >= end:
            return _at_the_end(bake, failing)


def _ask(bake: Bake, failing: dict[str, int], notice: Callable[[str, str], None]) -> str | None:
    for monitor in bake.monitors:
        alarm = monitor.check()
        if alarm:
            return f"{monitor.name}: {alarm}"
    for probe in bake.probes:
        wrong = probe.check()
        if wrong is None:
            failing.pop(probe.name, None)
            continue
        notice(probe.name, wrong)
        failing[probe.name] = failing.get(probe.name, 0) + 1
        if failing[probe.name] >= bake.failures:
            return f"{probe.name}: {wrong} ({failing[probe.name]} times in a row)"
    return None


def _at_the_end(bake: Bake, failing: dict[str, int]) -> Watched:
    if failing:
        return Watched(Outcome.FAILED, f"unhealthy at the end of the bake: {', '.join(failing)}")
    if bake.confirm:
        return Watched(Outcome.FAILED, f"nobody confirmed within {bake.duration}")
    return Watched(Outcome.HEALTHY)
