"""A revision that bakes: watched stage after stage, with a lease in the store that says who does; what becomes of it.

It stays or is reverted; extended, confirmed and taken over from anywhere.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TypeVar

from attrs import define, evolve, field

from confguard import telemetry
from confguard.errors import (
    BakeFailedError,
    ConfguardError,
    InDoubtError,
    NotFoundError,
    StoreError,
    harmless,
)
from confguard.interrupting import uninterrupted
from confguard.rollout.bake import Bake, Outcome, Watched, health, lease_for, watch
from confguard.rollout.changes import this_watcher
from confguard.rollout.places import Place
from confguard.rollout.reverting import bake_failed
from confguard.rollout.steps import Done, newer
from confguard.stores.interface import LEASE_SECONDS, PendingBake, Revision
from confguard.stores.retrying import retrying
from confguard.stores.stages import ALL

_LONGEST_AFTER = LEASE_SECONDS
"""How long after its end a bake counts as watched at most: a probe that never answers must not keep it for ever."""
_LONGEST_AWAY = 20.0
"""How many seconds a store may be away at the end of a stage, or of a bake."""
_LONGEST_VERIFYING = 10.0
"""For how many seconds at most what was reverted is watched, until it is healthy again."""

T = TypeVar("T")


def see_through(bake: Bake, done: Sequence[Done], stop: threading.Event | None = None) -> bool:
    """Watch what is to prove itself until it is decided; False where it is left to somebody else, as `stop` was set.

    Raises `BakeFailedError` after reverting it, and `InDoubtError` where somebody else watches it by now.
    """
    with telemetry.span("confguard.bake", [each.place.config for each in done]):
        watched = _Watch(bake, done, stop or threading.Event()).outcome()
    left = [leave(each) for each in done] if watched.outcome is Outcome.LEFT else []
    if any(left):
        return False
    if watched.outcome is Outcome.TAKEN_OVER:
        raise _taken_over(done[0])
    if watched.outcome is Outcome.FAILED:
        _revert(bake, done, watched.why)
    if watched.outcome is Outcome.HEALTHY:
        for each in done:
            if _end_bake(each):
                why = "; ".join(filter(None, ["healthy for the whole bake", watched.why]))
                each.place.emit("confirmed", each.revision, why=why)
    replaced = [each for each in done if newer(each)]
    if replaced:
        with uninterrupted():
            raise _replaced_while_watched(replaced, done)
    return True


@define
class _Watch:
    """The bakes of several configs, watched as one."""

    bake: Bake
    done: Sequence[Done]
    stop: threading.Event
    pending: dict[str, PendingBake] = field(init=False)
    """As the store has said last."""

    def __attrs_post_init__(self) -> None:
        self.pending = {each.place.config: each.bake for each in self.done if each.bake}

    def outcome(self) -> Watched:
        """Watch each stage."""
        while True:
            watched = self._watch_stage()
            if watched.outcome is not Outcome.HEALTHY or self._is_last_stage():
                return watched
            try:
                ended = _insisting(lambda: self._ended() or self._begin_next_stage())
            except StoreError as error:
                return Watched(Outcome.FAILED, f"the store does not know that a stage was healthy: {error}")
            if ended:
                return Watched(ended)

    def _watch_stage(self) -> Watched:
        started = time.monotonic()

        def left() -> float:
            return started + self.bake.duration.total_seconds() + self._extended() - time.monotonic()

        with leased(self.done, lambda: left() > -_LONGEST_AFTER, left):
            return watch(
                self.bake,
                self._ended,
                self._notice,
                extended=self._extended,
                is_last=self._is_last_stage(),
                # Has everybody the revision, after stages in which some did not?
                is_alone=any(len(each.stages) > 1 and each.now == ALL for each in self.pending.values()),
                sleep=self.stop.wait,
            )

    def _notice(self, probe: str, wrong: str) -> None:
        for each in self.done:
            each.place.emit("probed", each.revision, probe=probe, wrong=wrong)

    def _extended(self) -> float:
        """By how many seconds somebody has made the stage longer."""
        return max((each.extended for each in self.pending.values()), default=0.0)

    def _is_last_stage(self) -> bool:
        return all(each.stage + 1 >= len(each.stages) for each in self.pending.values())

    def _ended(self) -> Outcome | None:
        """Has somebody else ended it, or is it another's? Nobody knows while the store is away, or its file."""
        if self.stop.is_set():
            return Outcome.LEFT
        try:
            for each in self.done:
                head = each.place.head()
                if head is None:
                    return None
                if head.digest != each.revision.digest:
                    return Outcome.SUPERSEDED
            pending = {each.place.config: bake for each in self.done if (bake := each.place.pending_bake())}
        except ConfguardError:
            return None
        if not pending:
            return Outcome.CONFIRMED
        if any(each.watcher != self.pending[config].watcher for config, each in pending.items()):
            return Outcome.TAKEN_OVER
        self.pending |= pending
        return None

    def _begin_next_stage(self) -> Outcome | None:
        (each,) = self.done  # several have no stages
        place, before = each.place, self.pending[each.place.config]
        deadline = place.clock() + self.bake.duration
        after = evolve(before, stage=before.stage + 1, deadline=deadline, extended=0.0)
        if not place.store.change_bake(place.config, before, after):
            return self._ended() or self._begin_next_stage()  # somebody has extended or ended it just now
        self.pending[place.config] = after
        place.emit("staged", each.revision, stage=str(after.now), number=after.stage + 1)
        return None


@contextmanager
def leased(done: Sequence[Done], is_due: Callable[[], bool], left: Callable[[], float]) -> Iterator[None]:
    """Say again and again that the bakes are watched, on a thread of its own: probes may take long.

    As long as it `is_due`; `left` is how many seconds the bakes go on for.
    """
    over = threading.Event()

    def renew() -> None:
        while is_due():
            lease = lease_for(left())
            for each in done:
                watcher = each.bake.watcher if each.bake else ""
                with suppress(ConfguardError):  # the store is away: tried again in a moment
                    each.place.store.renew_bake(each.place.config, each.revision.number, lease, watcher)
            if over.wait(lease / 4):
                return

    thread = threading.Thread(target=renew, name="confguard-lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _insisting(call: Callable[[], T]) -> T:
    """What the store answers; asked again while it is away. Raises `StoreError` when it stays so."""
    for last in retrying(_LONGEST_AWAY):
        try:
            return call()
        except StoreError:
            if last:
                raise
    raise AssertionError


def _end_bake(done: Done) -> bool:
    """Let it stay; False if somebody else has decided already."""
    config = done.place.config
    try:
        return _insisting(lambda: done.place.store.end_bake(config, done.revision.number))
    except StoreError as error:
        raise BakeFailedError(
            f"{done.title} was healthy for the whole bake, and the store does not know it: {error}",
            hint=f"it is reverted as abandoned, unless: confguard confirm {config}",
        ) from error


def _revert(bake: Bake, done: Sequence[Done], why: str) -> None:
    """Raises the error that says so; returns where somebody has let it stay meanwhile."""
    with uninterrupted():
        for each in done:
            each.place.emit("alarmed", each.revision, why=why)
        error = bake_failed(done, why)
    if error is None:
        return
    asks = bool(bake.probes or bake.monitors)
    if asks and isinstance(error, BakeFailedError) and any(each.back for each in done):
        _verify(bake, done, error)
    raise error


def _verify(bake: Bake, done: Sequence[Done], error: BakeFailedError) -> None:
    """Let the error say whether what is in force again is healthy: if not, the change was not the cause."""
    seconds = min(bake.duration.total_seconds(), _LONGEST_VERIFYING)
    started = time.monotonic()
    healthy, wrong = health(bake, seconds)
    took = time.monotonic() - started
    error.healthy_again = healthy
    error.args = (f"{error}\n{_shown_health(healthy, wrong, took)}",)
    for each in done:
        with suppress(StoreError):
            in_force = each.place.head() or each.revision
            each.place.emit("verified", in_force, healthy=healthy, wrong=wrong)


def _shown_health(healthy: bool | None, wrong: str, took: float) -> str:
    if healthy is None:
        return f"whether it is healthy again is not known {took:.1f} s later: {wrong}"
    if healthy:
        return f"it is healthy again, as seen {took:.1f} s later"
    return f"it is no better {took:.1f} s later: the change was not the cause, or not the only one ({wrong})"


def _replaced_while_watched(replaced: Sequence[Done], done: Sequence[Done]) -> ConfguardError:
    """The error for what somebody replaced; what is watched with it is not left alone."""
    first = replaced[0]
    why = f"{first.title} was replaced by revision {newer(first)} while it was watched"
    others = [each for each in done if each not in replaced]
    error = bake_failed(others, why) if others else None
    return error or BakeFailedError(why)


def _taken_over(done: Done) -> InDoubtError:
    pending = None
    with suppress(StoreError):
        pending = done.place.pending_bake()
    by = f" {pending.watcher}" if pending and pending.watcher else " somebody else"
    return InDoubtError(
        f"{done.title} is watched by{by} now: this process was not heard of for longer than its lease",
        hint=f"confguard status {done.place.config} says what becomes of it",
    )


def confirm(place: Place) -> Revision:
    """The revision that has proved itself because somebody says so. Raises `NotFoundError` if none is being watched."""
    pending = place.pending_bake()
    if pending is not None:
        revision = place.revision(pending.revision)  # before: a store that is lost afterwards is no failure
        if place.store.end_bake(place.config, pending.revision):
            place.emit("confirmed", revision)
            return revision
    raise _nothing_bakes(place, "waits to be confirmed")


def extend(place: Place, by: timedelta) -> PendingBake:
    """Let the stage that is under way be longer; the bake as it is then.

    Raises `NotFoundError` if there is none, and `ConfguardError` for one that is abandoned: nobody would watch it.
    """
    while pending := place.pending_bake():
        if not pending.watched:
            raise ConfguardError(
                f"the bake of revision {pending.revision} of '{place.config}' is abandoned: nobody watches it",
                hint=f"confguard recover {place.config} takes it back; confguard confirm {place.config} lets it stay",
            )
        longer = evolve(
            pending, deadline=pending.deadline + by, extended=pending.extended + by.total_seconds()
        )
        if place.store.change_bake(place.config, pending, longer):
            place.emit("extended", place.revision(pending.revision), until=longer.deadline.isoformat())
            return longer
    raise _nothing_bakes(place, "is being watched")


def _nothing_bakes(place: Place, what: str) -> NotFoundError:
    head = place.head()
    since = f"; revision {head.number} by {harmless(head.author)} is in force" if head else ""
    why = f": {harmless(head.reason)}" if head and head.is_revert else ""
    return NotFoundError(
        f"'{place.config}' has no revision that {what}{since}{why}", hint=f"confguard log {place.config}"
    )


_TRIES = 5
"""How often a bake that changes meanwhile is looked at again by who leaves it, and is being ended."""


def leave(done: Done) -> bool:
    """Leave a bake to the next agent that looks, if there is one within the lease; else it is abandoned.

    False if there is nothing to leave: somebody has ended the bake.
    """
    place, config, number = done.place, done.place.config, done.revision.number
    with suppress(StoreError):  # then it is abandoned when the lease ends
        for _ in range(_TRIES):
            pending = place.pending_bake()
            if pending is None or pending.revision != number:
                return False
            if done.bake is None or pending.watcher != done.bake.watcher:
                return True
            if place.store.change_bake(config, pending, evolve(pending, watcher="")):
                place.store.renew_bake(config, number, lease_for(math.inf))
                return True
    return True


def take_over(place: Place, terms: Bake | None) -> tuple[Bake, list[Done]] | None:
    """Watch a bake from now on that nobody watches: its stage begins anew. None if there is none, or nothing to ask.

    `terms` name the probes and monitors. One without stages whose watcher died is not gone on with, but reverted.
    """
    pending = place.pending_bake()
    if pending is None or not can_take_over(pending, terms) or not _is_free(pending):
        return None
    bake = _bake_of(pending, terms)
    seconds = pending.seconds + pending.extended
    deadline = place.clock() + timedelta(seconds=seconds)
    ours = evolve(pending, watcher=this_watcher(), deadline=deadline)
    if not place.store.change_bake(place.config, pending, ours):
        return None
    if not place.store.renew_bake(place.config, ours.revision, lease_for(seconds), ours.watcher):
        return None
    revision = place.revision(ours.revision)
    place.emit("taken over", revision, stage=str(ours.now))
    return bake, [Done(place, revision, ours.back, bake=ours)]


def can_take_over(pending: PendingBake, terms: Bake | None) -> bool:
    """Is it one that goes on, with these probes and monitors, when nobody watches it?"""
    asks = bool(terms and (terms.probes or terms.monitors)) or pending.confirm
    return asks and pending.seconds > 0 and (bool(pending.stages) or not pending.watcher)


def _is_free(pending: PendingBake) -> bool:
    return not pending.watcher if pending.watched else bool(pending.stages)


def _bake_of(pending: PendingBake, terms: Bake | None) -> Bake:
    probes, monitors = (terms.probes, terms.monitors) if terms else ((), ())
    duration, interval = pending.seconds, terms.interval if terms else "1s"
    return Bake(duration, probes, monitors, interval, confirm=pending.confirm, stages=pending.stages)
