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
from confguard.secrets import masked
from confguard.stores.interface import PendingBake, Revision
from confguard.stores.opening import missing_file

__all__ = ["Agent", "Charge"]

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


@define
class _State:
    """What is known of one charge from the last look."""

    charge: Charge
    monitors: tuple[Bounded, ...]
    bake: Bake | None
    """What is asked of a bake that is taken over, however long that lasts."""
    seeing: Thread | None = None
    """Who sees a bake through that was taken over."""
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

    def sees(self) -> bool:
        """Is a bake being seen through here?"""
        return self.seeing is not None and self.seeing.is_alive()


def _state_of(charge: Charge) -> _State:
    monitors = tuple(as_monitor(each) for each in charge.monitors)
    probes = tuple(as_probe(each) for each in charge.probes)
    # How long it lasts, whoever applied it has said.
    bake = Bake(1, probes, monitors) if probes or monitors else None
    return _State(charge, tuple(map(Bounded, monitors)), bake)


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
    _states: Sequence[_State] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._states = [_state_of(each) for each in self.charges]

    def run(self, stop: Flag) -> None:
        """Look until `stop` is set; what is being watched then is left to the next agent."""
        while not stop.is_set():
            self.look(stop)
            stop.wait(self.interval.total_seconds())
        for state in self._states:
            if state.seeing:
                state.seeing.join(_LEAVING)

    def look(self, stop: Flag | None = None) -> None:
        """Look at all once. Bakes are only taken over by one that stays until `stop` is set."""
        for state in self._states:
            now = self.clock()
            if now < state.due:
                continue
            missing = missing_file(state.charge.guard.store)
            if missing is not None:  # it would count as one without revisions
                self._say_problem(
                    state, f"there is no store {missing}: nothing was applied yet, or it was removed"
                )
                continue
            try:
                if stop:
                    self._take_over(state, stop)
                self._recover(state, takes_over=stop is not None)
                self._watch(state)
                if now >= state.drift_due:
                    state.drift_due = now + self.drift_interval.total_seconds()
                    self._compare(state)
                state.problem, state.pause, state.due = "", 0.0, 0.0
            except ConfguardError as error:
                self._failed(state, str(error))
            except Exception as error:  # noqa: BLE001 - a probe, target or callback of the user's own may raise anything
                _LOG.exception("'%s' could not be looked at", state.charge.guard.name)
                self._failed(state, masked(f"{type(error).__name__}: {error}"))

    def _take_over(self, state: _State, stop: Flag) -> None:
        guard = state.charge.guard
        if state.sees():
            return
        taken = take_over(guard.place, state.bake)
        if taken is None:
            if state.bake is None:
                self._say_what_waits(state)
            return
        bake, done = taken
        stage = f" in its stage {pending.now}" if (pending := done[0].bake) and pending.stages else ""
        self.say(guard.name, f"watches revision {done[0].revision.number}{stage} from now on")

        def see() -> None:
            try:
                decided = see_through(bake, done, stop)
            except ConfguardError as error:
                self.say(guard.name, str(error))
            except Exception as error:  # noqa: BLE001 - as below
                _LOG.exception("the bake of '%s' could not be seen through", guard.name)
                self.say(guard.name, masked(f"{type(error).__name__}: {error}"))
            else:
                what = "is over" if decided else "left to the next agent"
                self.say(guard.name, f"the bake of revision {done[0].revision.number} {what}")

        state.seeing = Thread(target=see, name=f"confguard-bake-{guard.name}", daemon=True)
        state.seeing.start()

    def _say_what_waits(self, state: _State) -> None:
        """A bake that waits for an agent, and that this one cannot ask anything."""
        guard = state.charge.guard
        pending = guard.store.pending_bake(guard.name)
        number = pending.revision if pending and not pending.watcher and pending.watched else None
        if number not in {None, state.left}:
            self.say(
                guard.name,
                f"revision {number} waits for an agent to watch it, and this one has nothing to ask: it needs probes or"
                " monitors of its own, in its project file",
            )
        state.left = number

    def _recover(self, state: _State, *, takes_over: bool) -> None:
        """Finish what was left; not what is taken over in a moment, or what goes on here after a stop."""

        def spared(bake: PendingBake) -> bool:
            return state.sees() or (takes_over and can_take_over(bake, state.bake))

        for each in recover(state.charge.guard.place, spared):
            what = {
                "reverted": "nobody watched its bake any more: reverted, as revision {}",
                "written": "revision {} was not written everywhere: written",
                "told": "its service was not told of revision {}: told",
            }[each.what]
            self.say(each.config, what.format(each.revision.number))

    def _watch(self, state: _State) -> None:
        """Ask the monitors; who applied what bakes asks them itself."""
        guard = state.charge.guard
        if not state.monitors or self.clock() < state.watch_due:
            return
        state.watch_due = self.clock() + _BETWEEN_READINGS
        if guard.store.pending_bake(guard.name) is not None:
            state.watching = False
            return
        if not state.watching:
            state.watching = True
            state.alarms.clear()
            for monitor in state.monitors:
                monitor.start()
            return
        for monitor in state.monitors:
            alarm = monitor.check()
            if alarm:
                self._alarmed(state, monitor.name, alarm, silent=monitor.silent > 0)
                monitor.start()  # what was seen so far has been told
        for key, each in list(state.alarms.items()):
            if self.clock() - each.last > _FIRST_PAUSE:
                del state.alarms[key]
                self.say(guard.name, f"{key[0]}: no alarm for a minute")

    def _alarmed(self, state: _State, name: str, told: str, *, silent: bool) -> None:
        """Say it, and take the newest change back if that may be the cause; not for a figure that nobody could read."""
        guard, within, why = state.charge.guard, state.charge.revert_within, f"{name}: {told}"
        now, latest = self.clock(), guard.history(_NAMED)
        head = latest[0] if latest else None
        begins = _Alarm(guard.place.clock(), head.number if head else 0, now, now)
        alarm = state.alarms.setdefault((name, silent), begins)
        alarm.last = now
        if now >= alarm.due:
            alarm.due, alarm.pause = now + alarm.pause, min(2 * alarm.pause, _LAST_PAUSE)
            since = "; ".join(_shown(each) for each in latest)
            self.say(guard.name, f"{why}. Latest changes: {since or 'none'}")
            if head is not None:
                guard.place.emit("alarmed", head, why=why)
        if head is None or within is None or silent:
            return
        if state.reverted is not None and head.number == state.reverted + 1:
            if not alarm.is_no_cause_said:
                alarm.is_no_cause_said = True
                text = f"revision {state.reverted} was taken back, and it is no better: it was not the cause"
                self.say(guard.name, text)
            return
        if head.number == 1 or head.reverts is not None or head.number > alarm.newest:
            return
        if alarm.began - head.created_at > within:  # below 0 where clocks differ
            return
        back = guard.revert(reason=f"by the agent: {brief(why)}")
        state.reverted = head.number
        self.say(
            guard.name,
            f"revision {head.number} came within {within} before: reverted, as revision {back.number}",
        )

    def _compare(self, state: _State) -> None:
        drifted = tuple(f"{each.target}: {each.what}" for each in state.charge.guard.drift())
        if drifted != state.drifted:
            state.drifted = drifted
            if drifted and (head := state.charge.guard.head()):
                state.charge.guard.place.emit("drifted", head, targets=list(drifted))
            self.say(state.charge.guard.name, "; ".join(drifted) or "no drift any more")

    def _failed(self, state: _State, problem: str) -> None:
        """Say what is new, and leave it alone for a while."""
        self._say_problem(state, problem)
        state.pause = min(max(2 * state.pause, self.interval.total_seconds()), _LONGEST_PAUSE)
        state.due = self.clock() + state.pause

    def _say_problem(self, state: _State, problem: str) -> None:
        if problem != state.problem:
            state.problem = problem
            self.say(state.charge.guard.name, problem)


def _shown(revision: Revision) -> str:
    at = f"{revision.created_at:%Y-%m-%d %H:%M:%S}Z"
    return f"revision {revision.number} by {revision.author} at {at} ({brief(revision.reason)})"
