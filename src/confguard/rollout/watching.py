"""Watching what bakes, stage after stage, with a lease in the store that says who does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from attrs import define, evolve, field

from confguard.errors import ConfguardError, StoreError
from confguard.rollout.bake import Bake, Outcome, Watched, lease_for
from confguard.rollout.bake import watch as watch_bake
from confguard.rollout.steps import Done
from confguard.stores.interface import LEASE_SECONDS, PendingBake
from confguard.stores.retrying import retrying
from confguard.stores.stages import ALL

__all__ = ["LONGEST_AWAY", "leased", "watch"]

_LONGER = LEASE_SECONDS
"""How long after its end a bake counts as watched at most: a probe that never answers must not keep it for ever."""
LONGEST_AWAY = 20.0
"""How many seconds a store may be away at the end of a stage, or of a bake."""


def watch(bake: Bake, done: Sequence[Done], stop: threading.Event | None = None) -> Watched:
    """Watch revisions of several configs as one, in each of their stages; until `stop` is set, if it is given."""
    seen = _Seen(done, stop or threading.Event())

    def notice(name: str, wrong: str) -> None:
        for each in done:
            each.place.emit("probed", each.revision, probe=name, wrong=wrong)

    while True:
        watched = _watch_stage(bake, seen, notice)
        if watched.outcome is not Outcome.HEALTHY or seen.is_last_stage():
            return watched
        ended = seen.go_on(bake)
        if ended:
            return ended


def _watch_stage(bake: Bake, seen: _Seen, notice: Callable[[str, str], None]) -> Watched:
    started = time.monotonic()

    def left() -> float:
        return started + bake.duration.total_seconds() + seen.extended() - time.monotonic()

    with leased(seen.done, lambda: left() > -_LONGER, left):
        return watch_bake(
            bake,
            seen.ended,
            notice,
            extended=seen.extended,
            is_last=seen.is_last_stage(),
            is_alone=seen.is_alone(),
            sleep=seen.sleep,
        )


@define
class _Seen:
    """What the store has said last of bakes that are watched here as one."""

    done: Sequence[Done]
    stop: threading.Event
    bakes: dict[str, PendingBake] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.bakes = {each.place.config: each.bake for each in self.done if each.bake}

    def sleep(self, seconds: float) -> None:
        self.stop.wait(seconds)

    def extended(self) -> float:
        """By how many seconds somebody has made the stage longer."""
        return max((each.extended for each in self.bakes.values()), default=0.0)

    def is_last_stage(self) -> bool:
        return all(each.stage + 1 >= len(each.stages) for each in self.bakes.values())

    def is_alone(self) -> bool:
        """Has everybody the revision, after stages in which some did not?"""
        return any(len(each.stages) > 1 and each.now == ALL for each in self.bakes.values())

    def ended(self) -> Outcome | None:
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
        return self._note(pending)

    def go_on(self, bake: Bake) -> Watched | None:
        """Begin the next stage; how the bake has ended, if it has: failed, where the store stays away."""
        for last in retrying(LONGEST_AWAY):
            try:
                ended = self.ended() or self._begin_next_stage(bake)
            except StoreError as error:
                if last:
                    return Watched(
                        Outcome.FAILED, f"the store does not know that a stage was healthy: {error}"
                    )
                continue
            if ended:
                return Watched(ended)
            return None
        raise AssertionError

    def _begin_next_stage(self, bake: Bake) -> Outcome | None:
        (each,) = self.done  # several have no stages
        config, before = each.place.config, self.bakes[each.place.config]
        deadline = each.place.clock() + bake.duration
        after = evolve(before, stage=before.stage + 1, deadline=deadline, extended=0.0)
        if not each.place.store.change_bake(config, before, after):
            return self.ended() or self._begin_next_stage(bake)  # somebody has extended or ended it just now
        self.bakes[config] = after
        each.place.emit("staged", each.revision, stage=str(after.now), number=after.stage + 1)
        return None

    def _note(self, pending: Mapping[str, PendingBake]) -> Outcome | None:
        for config, now in pending.items():
            if now.watcher != self.bakes[config].watcher:
                return Outcome.TAKEN_OVER
            self.bakes[config] = now
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
