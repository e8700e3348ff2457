"""The bake: the time in which a new revision is watched before it stays."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from enum import Enum
from typing import Any

from attrs import define, field, frozen

from confguard.fields import Duration
from confguard.rollout.monitors import Monitor, MonitorLike, as_monitor
from confguard.rollout.monitors.interface import Bounded
from confguard.rollout.probes import Probe, ProbeLike, as_probe, ask
from confguard.stores.interface import LEASE_SECONDS
from confguard.stores.stages import Stage, stages_of
from confguard.texts import amount
from confguard.values import listed

_MOMENT = 0.75
"""Seconds in which a watcher that lives says so again at the latest, at the end of a bake."""


def _probes(probes: Iterable[ProbeLike]) -> tuple[Probe, ...]:
    return tuple(map(as_probe, listed(probes)))


def _monitors(monitors: Iterable[MonitorLike]) -> tuple[Monitor, ...]:
    return tuple(map(as_monitor, listed(monitors)))


@frozen
class Bake:
    """How a new revision is watched.

    `duration` is how long, `interval` how often probes and monitors are asked; `failures` in a row of one
    probe, more than a `share` of all its checks failed, or one alarm of a monitor, end the bake and revert. What fails
    at the very end is asked again. With `confirm`, the revision is reverted at the end unless someone has confirmed it;
    without, it stays when all probes are healthy then. Durations are texts such as `"10m"` or seconds. A probe is an
    `HttpProbe`, `CommandProbe`, `CallableProbe`, a URL, a command as a list, or a function; probes and monitors can be
    tables, as the project file has them. With `stages`, services that follow the store (`Live`) take the revision one
    stage after the other, each of which is watched for the `duration`: shares of all instances, or names of groups.
    Raises `ValueError` where there is nothing to ask.

    >>> Bake("10m", probes=["http://127.0.0.1:8080/healthz"]).probes[0].name
    'GET http://127.0.0.1:8080/healthz'
    >>> [str(each) for each in Bake("10m", confirm=True, stages=["canary", "10%", "all"]).stages]
    ['canary', '10%', 'all']
    >>> Bake("10m")
    Traceback (most recent call last):
        ...
    ValueError: a bake asks nothing: give it probes or monitors, or let it be confirmed
    """

    duration: Duration = field(converter=Duration)
    probes: tuple[Probe, ...] = field(default=(), converter=_probes)
    monitors: tuple[Monitor, ...] = field(default=(), converter=_monitors)
    interval: Duration = field(default=Duration("1s"), converter=Duration)
    failures: int = field(default=3)
    share: float = field(default=0.25)
    confirm: bool = False
    stages: tuple[Stage, ...] = field(default=(), converter=stages_of)

    @interval.validator
    @duration.validator
    def _check_positive(self, attribute: Any, value: Duration) -> None:
        if not value:
            raise ValueError(f"{attribute.name} must be longer than 0")

    @failures.validator
    def _check_failures(self, _: Any, value: int) -> None:
        if value < 1:
            raise ValueError(f"failures must be 1 or more, not {value}")

    @share.validator
    def _check_share(self, _: Any, value: float) -> None:
        if not 0 <= value <= 1:
            raise ValueError(f"share is from 0 to 1, not {value}")

    def __attrs_post_init__(self) -> None:
        if not (self.probes or self.monitors or self.confirm):
            raise ValueError("a bake asks nothing: give it probes or monitors, or let it be confirmed")


def lease_for(left: float) -> float:
    """For how many seconds a bake that lasts so many more counts as watched, if its watcher is not heard of again.

    So a bake whose watcher has died is over within a moment of its end, however short before that it died.

    >>> lease_for(600.0), lease_for(10.0), lease_for(-3.0)
    (30.0, 10.75, 0.75)
    """
    return min(LEASE_SECONDS, max(left, 0.0) + _MOMENT)


class Outcome(Enum):
    """How a bake ended."""

    HEALTHY = "healthy"
    CONFIRMED = "confirmed"
    SUPERSEDED = "superseded"
    TAKEN_OVER = "taken over"
    LEFT = "left"
    FAILED = "failed"


@frozen
class Watched:
    """How a bake ended, and why."""

    outcome: Outcome
    why: str = ""


def watch(
    bake: Bake,
    ended: Callable[[], Outcome | None],
    notice: Callable[[str, str], None],
    *,
    extended: Callable[[], float] = lambda: 0.0,
    is_last: bool = True,
    is_alone: bool = False,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> Watched:
    """Ask probes and monitors until the bake has an outcome.

    `ended` tells whether somebody else has ended it, and `extended` by how many seconds somebody has made it longer;
    `notice` is told of each probe that fails, by name and with what is wrong. Nobody has to confirm it unless it is the
    last stage. Where the revision is alone, as everybody has it, there is no control group to compare it with any more.
    """
    asked, started = _Asked(bake, notice, sleep), now()

    def left() -> float:
        return started + bake.duration.total_seconds() + extended() - now()

    asked.start()
    while True:
        sleep(max(0.0, min(bake.interval.total_seconds(), left())))
        if outcome := ended():
            return Watched(outcome)
        failed = asked.fails()
        watched = Watched(Outcome.FAILED, failed) if failed else None
        if watched is None and left() <= 0:
            watched = asked.at_the_end(is_alone=is_alone)
            if watched.outcome is Outcome.HEALTHY and bake.confirm and is_last:
                lasted = Duration(bake.duration + timedelta(seconds=extended()))
                watched = Watched(Outcome.FAILED, f"nobody confirmed within {lasted}")
        if watched is not None:
            outcome = ended()  # probes take their time, and somebody may have decided meanwhile
            return Watched(outcome) if outcome else watched


def health(
    bake: Bake,
    seconds: float,
    *,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> tuple[bool | None, str]:
    """Is what is in force again healthy, and if not, why? Asked for so many seconds at most; None if nobody can say.

    Probes are asked until all of them are; monitors are watched for the whole time.
    """
    asked, end = _Asked(bake, lambda *_: None, sleep), now() + seconds
    asked.start()
    while True:
        wrong = asked.alarm() or next(
            (f"{probe.name}: {answer}" for probe in bake.probes if (answer := ask(probe))), None
        )
        if wrong is None and not asked.monitors:
            return True, ""
        if now() >= end:
            return (False, wrong) if wrong else asked.is_healthy()
        sleep(bake.interval.total_seconds())


_ENOUGH = 10
"""So many checks make a share worth looking at before the bake is over."""


@define
class _Tally:
    """What one probe has answered so far."""

    probe: Probe
    bake: Bake
    notice: Callable[[str, str], None]
    checks: int = 0
    failed: int = 0
    in_a_row: int = 0
    wrong: str = ""

    def ask(self) -> str | None:
        """Ask once; why the bake fails, if it does now."""
        wrong = ask(self.probe)
        self.checks += 1
        if wrong is None:
            self.in_a_row = 0
            return None
        self.notice(self.probe.name, wrong)
        self.failed, self.in_a_row, self.wrong = self.failed + 1, self.in_a_row + 1, wrong
        if self.in_a_row >= self.bake.failures:
            return f"{self.probe.name}: {wrong} ({amount(self.in_a_row, 'time')} in a row)"
        return self.flapping() if self.checks >= _ENOUGH and self.failed >= self.bake.failures else None

    def flapping(self) -> str | None:
        """Why it fails for failing too often, if it does."""
        if self.failed < 2 or self.failed <= self.bake.share * self.checks:
            return None
        return f"{self.probe.name}: failed {self.failed} of {amount(self.checks, 'time')}, the last time: {self.wrong}"


@define
class _Asked:
    """Who is asked in one stage of a bake."""

    bake: Bake
    notice: Callable[[str, str], None]
    sleep: Callable[[float], object]
    monitors: tuple[Bounded, ...] = field(init=False)
    tallies: tuple[_Tally, ...] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.monitors = tuple(map(Bounded, self.bake.monitors))
        self.tallies = tuple(_Tally(probe, self.bake, self.notice) for probe in self.bake.probes)

    def start(self) -> None:
        for monitor in self.monitors:
            monitor.start()

    def alarm(self) -> str | None:
        """What the first monitor that alarms says."""
        for monitor in self.monitors:
            if alarm := monitor.check():
                return f"{monitor.name}: {alarm}"
        return None

    def fails(self) -> str | None:
        """Why the bake fails, if it does now: all probes are asked where no monitor alarms."""
        if alarm := self.alarm():
            return alarm
        answers = [tally.ask() for tally in self.tallies]
        return next((each for each in answers if each), None)

    def is_healthy(self) -> tuple[bool | None, str]:
        """What nobody has measured is not healthy."""
        silent = next((each for each in self.monitors if each.silent), None)
        if silent is not None:
            return None, f"{silent.name} cannot be read"
        measured = self.bake.probes or not all(each.is_idle for each in self.monitors)
        return (True, "") if measured else (None, "no request was seen")

    def at_the_end(self, *, is_alone: bool) -> Watched:
        """What failed a moment ago is asked until it is healthy, or has failed too often in a row.

        So is a monitor that could not be read: what nobody has measured is not healthy. Those that saw no request are
        told, but where there is no control group any more.
        """
        interval = self.bake.interval.total_seconds()
        while any(each.silent for each in self.monitors):
            self.sleep(interval)
            if alarm := self.alarm():
                return Watched(Outcome.FAILED, f"not measured at the end of the bake: {alarm}")
        for tally in self.tallies:
            while tally.in_a_row:
                self.sleep(interval)
                if failed := tally.ask():
                    return Watched(Outcome.FAILED, f"unhealthy at the end of the bake: {failed}")
            if flapping := tally.flapping():
                return Watched(Outcome.FAILED, flapping)
        idle = [each.name for each in self.monitors if each.is_idle and not (is_alone and each.compares)]
        unseen = f"{', '.join(idle)}: no request was seen" if idle else ""
        if idle and len(idle) == len(self.monitors) and not (self.bake.probes or self.bake.confirm):
            return Watched(Outcome.FAILED, f"nothing was measured: {unseen}")
        return Watched(Outcome.HEALTHY, unseen)
