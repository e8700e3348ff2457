"""The agent: a small process for a host that finishes what was left, and watches what nobody looks at.

It holds nothing that another one needs: all that is to be done stands in the store. So any number of agents may run,
on one host or on many; each finishes the work of its own place, and what a bake comes to is decided once, by the store.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from threading import Event as Flag
from threading import Thread

from attrs import define, field, frozen

from confguard.errors import ConfguardError, brief
from confguard.guard import Guard
from confguard.rollout.bake import Bake
from confguard.rollout.baking import can_take_over, see_through, take_over
from confguard.rollout.monitors import MonitorLike, as_monitor
from confguard.rollout.monitors.interface import Bounded
from confguard.rollout.probes import ProbeLike, as_probe
from confguard.rollout.recovering import recover
from confguard.stores.interface import PendingBake, Revision
from confguard.stores.opening import missing_file
from confguard.stores.selecting import brought
from confguard.targets.calls import message_of

_LOG = logging.getLogger(__name__)
_LONGEST_PAUSE = 60.0
"""How many seconds at most what failed is left alone before it is tried again."""
_BETWEEN_READINGS = 1.0
"""Seconds between two looks at a monitor: as in a bake, so that `silence` means the same."""
_LEAVING = 5.0
"""For how many seconds at most the end of the agent waits until a bake is left to the next one."""
_FIRST_PAUSE, _LAST_PAUSE = 60.0, 3600.0
"""An alarm that goes on is said again after a minute, then more and more seldom; without one for so long it is over."""
_NAMED = 3
"""So many of the latest changes are named when a monitor alarms."""


@frozen(kw_only=True)
class Charge:
    """One config in the agent's care.

    `monitors` are watched all the time, but while something bakes: then whoever watches that does. A bake that waits
    for an agent, or whose watcher died in one of its stages, is watched with them and the `probes`. With
    `revert_within`, the newest change is reverted where it came at most so long before an alarm.
    """

    guard: Guard
    probes: Sequence[ProbeLike] = ()
    monitors: Sequence[MonitorLike] = ()
    revert_within: timedelta | None = None


@define
class _Alarm:
    """An alarm of one monitor, for as long as it comes again."""

    began: datetime
    newest: int
    """The newest revision then: what came since is no cause of it, but may be what mends it."""
    last: float
    due: float
    """When it is said again, if it still comes then."""
    pause: float = _FIRST_PAUSE
    is_no_cause_said: bool = False


def _log(config: str, text: str) -> None:
    _LOG.warning("%s: %s", config, text)


@define
class Agent:
    """Looks at each of its charges again and again: what is left of it, its monitors, its targets.

    Each `interval` it finishes what was left (`Guard.recover`): a bake that nobody watches any more is reverted, a head
    that was not written is written, a service that was not told is told. What fails is tried again after a pause that
    grows up to a minute, and never stops the others. Each `drift_interval` it looks whether targets hold the head.

    `say` is told of what happened: the config's name, and a line of text.

    >>> from confguard.testing import memory_guard
    >>> agent = Agent([Charge(guard=memory_guard("auth"))], say=print)
    >>> agent.look()
    """

    charges: Sequence[Charge]
    interval: timedelta = field(default=timedelta(seconds=0.25), kw_only=True)
    drift_interval: timedelta = field(default=timedelta(minutes=1), kw_only=True)
    say: Callable[[str, str], None] = field(default=_log, kw_only=True)
    clock: Callable[[], float] = field(default=time.monotonic, kw_only=True, repr=False)
    _watches: Sequence[_Care] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._watches = [_Care(self, each) for each in self.charges]

    def run(self, stop: Flag) -> None:
        """Look until `stop` is set; what is being watched then is left to the next agent."""
        while not stop.is_set():
            self.look(stop)
            stop.wait(self.interval.total_seconds())
        for each in self._watches:
            if each.bake_thread:
                each.bake_thread.join(_LEAVING)

    def look(self, stop: Flag | None = None) -> None:
        """Look at all once. Bakes are only taken over by one that stays until `stop` is set."""
        for each in self._watches:
            each.look(stop)


@define
class _Care:
    """What an agent does about one config, and what it knows of it from the last look."""

    agent: Agent
    charge: Charge
    guard: Guard = field(init=False)
    monitors: tuple[Bounded, ...] = field(init=False)
    bake: Bake | None = field(init=False)
    """What is asked of a bake that is taken over, however long that lasts."""
    bake_thread: Thread | None = None
    """Sees a bake through that was taken over."""
    watching: bool = False
    drifted: tuple[str, ...] = ()
    problem: str = ""
    pause: float = 0.0
    due: float = 0.0
    drift_due: float = 0.0
    watch_due: float = 0.0
    left: int | None = None
    """The revision whose bake nobody watches, and that cannot be watched here: said once."""
    alarms: dict[tuple[str, bool], _Alarm] = field(factory=dict)
    """By the monitor's name, and whether it is one of a figure that nobody can read."""
    reverted: int | None = None
    """The revision that was taken back last: if the alarm comes again, it was not the cause."""

    def __attrs_post_init__(self) -> None:
        monitors = tuple(as_monitor(each) for each in self.charge.monitors)
        probes = tuple(as_probe(each) for each in self.charge.probes)
        self.guard, self.monitors = self.charge.guard, tuple(map(Bounded, monitors))
        # How long it lasts, whoever applied it has said.
        self.bake = Bake(1, probes, monitors) if probes or monitors else None

    def look(self, stop: Flag | None) -> None:
        """Take over, recover, watch and compare, unless what failed is to be left alone for a while."""
        now = self.agent.clock()
        if now < self.due:
            return
        missing = missing_file(self.guard.store)
        if missing is not None:  # it would count as one without revisions
            self._say_problem(f"there is no store {missing}: nothing was applied yet, or it was removed")
            return
        try:
            if stop and not self._bakes():
                self._take_over(stop)
            self._recover(takes_over=stop is not None)
            self._watch()
            if now >= self.drift_due:
                self.drift_due = now + self.agent.drift_interval.total_seconds()
                self._compare()
            self.problem, self.pause, self.due = "", 0.0, 0.0
        except Exception as error:  # noqa: BLE001 - a probe, target or callback of the user's own may raise anything
            self._log_unexpected(error)
            self._say_problem(message_of(error))
            self.pause = min(max(2 * self.pause, self.agent.interval.total_seconds()), _LONGEST_PAUSE)
            self.due = self.agent.clock() + self.pause

    def _say(self, text: str) -> None:
        self.agent.say(self.guard.name, text)

    def _say_problem(self, problem: str) -> None:
        if problem != self.problem:
            self.problem = problem
            self._say(problem)

    def _log_unexpected(self, error: Exception) -> None:
        if not isinstance(error, ConfguardError):
            _LOG.error("'%s' could not be looked at", self.guard.name, exc_info=error)

    def _bakes(self) -> bool:
        return self.bake_thread is not None and self.bake_thread.is_alive()

    def _take_over(self, stop: Flag) -> None:
        taken = take_over(self.guard.place, self.bake)
        if taken is None:
            if self.bake is None:
                self._say_what_waits()
            return
        bake, done = taken
        number, pending = done[0].revision.number, done[0].bake
        stage = f" in its stage {pending.now}" if pending and pending.stages else ""
        self._say(f"watches revision {number}{stage} from now on")

        def see() -> None:
            try:
                decided = see_through(bake, done, stop)
            except Exception as error:  # noqa: BLE001 - as above
                self._log_unexpected(error)
                self._say(message_of(error))
            else:
                what = "is over" if decided else "left to the next agent"
                self._say(f"the bake of revision {number} {what}")

        self.bake_thread = Thread(target=see, name=f"confguard-bake-{self.guard.name}", daemon=True)
        self.bake_thread.start()

    def _say_what_waits(self) -> None:
        """A bake that waits for an agent, and that this one cannot ask anything."""
        pending = self.guard.place.pending_bake()
        number = pending.revision if pending and not pending.watcher and pending.watched else None
        if number not in {None, self.left}:
            self._say(
                f"revision {number} waits for an agent to watch it, and this one has nothing to ask: it needs probes or"
                " monitors of its own, in its project file"
            )
        self.left = number

    def _recover(self, *, takes_over: bool) -> None:
        """Finish what was left; not what is taken over in a moment, or what goes on here after a stop."""

        def spared(bake: PendingBake) -> bool:
            return self._bakes() or (takes_over and can_take_over(bake, self.bake))

        for each in recover(self.guard.place, spared):
            what = {
                "reverted": "nobody watched its bake any more: reverted, as revision {}",
                "written": "revision {} was not written everywhere: written",
                "told": "its service was not told of revision {}: told",
            }[each.what]
            self._say(what.format(each.revision.number))

    def _watch(self) -> None:
        """Ask the monitors; who applied what bakes asks them itself."""
        clock = self.agent.clock
        if not self.monitors or clock() < self.watch_due:
            return
        self.watch_due = clock() + _BETWEEN_READINGS
        if self.guard.place.pending_bake() is not None:
            self.watching = False
            return
        if not self.watching:
            self.watching = True
            self.alarms.clear()
            for monitor in self.monitors:
                monitor.start()
            return
        for monitor in self.monitors:
            alarm = monitor.check()
            if alarm:
                self._alarmed(monitor.name, alarm, silent=monitor.silent > 0)
                monitor.start()  # what was seen so far has been told
        for key, each in list(self.alarms.items()):
            if clock() - each.last > _FIRST_PAUSE:
                del self.alarms[key]
                self._say(f"{key[0]}: no alarm for a minute")

    def _alarmed(self, name: str, verdict: str, *, silent: bool) -> None:
        """Say it, and take the newest change back if that may be the cause; not for a figure that nobody could read."""
        now, latest, why = self.agent.clock(), self.guard.history(_NAMED), f"{name}: {verdict}"
        head = latest[0] if latest else None
        begins = _Alarm(self.guard.place.clock(), head.number if head else 0, now, now)
        alarm = self.alarms.setdefault((name, silent), begins)
        alarm.last = now
        if now >= alarm.due:
            alarm.due, alarm.pause = now + alarm.pause, min(2 * alarm.pause, _LAST_PAUSE)
            self._say(f"{why}. Latest changes: {'; '.join(map(_shown, latest)) or 'none'}")
            if head is not None:
                self.guard.place.emit("alarmed", head, why=why)
        if head is not None and not silent:
            self._take_back(head, alarm, why)

    def _take_back(self, head: Revision, alarm: _Alarm, why: str) -> None:
        """Revert the newest change if it came just before an alarm, and was not taken back in vain already."""
        within = self.charge.revert_within
        if within is None:
            return
        change = brought(self.guard.store, head)
        if self.reverted is not None and change.number == self.reverted + 1:
            if not alarm.is_no_cause_said:
                alarm.is_no_cause_said = True
                self._say(
                    f"revision {self.reverted} was taken back, and it is no better: it was not the cause"
                )
            return
        if change.number == 1 or change.is_revert or change.number > alarm.newest:
            return
        if alarm.began - change.created_at > within:  # below 0 where clocks differ
            return
        back = self.guard.revert(reason=f"by the agent: {brief(why)}")
        self.reverted = head.number
        self._say(
            f"revision {change.number} came within {within} before: reverted, as revision {back.number}"
        )

    def _compare(self) -> None:
        drifted = tuple(f"{each.target}: {each.what}" for each in self.guard.drift())
        if drifted != self.drifted:
            self.drifted = drifted
            if drifted and (head := self.guard.head()):
                self.guard.place.emit("drifted", head, targets=list(drifted))
            self._say("; ".join(drifted) or "no drift any more")


def _shown(revision: Revision) -> str:
    at = f"{revision.created_at:%Y-%m-%d %H:%M:%S}Z"
    return f"revision {revision.number} by {revision.author} at {at} ({brief(revision.reason)})"
