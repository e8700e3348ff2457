"""Any sequence of staged applies, agents that come, crash, stop and race, confirms, aborts, lost stores, wrong clocks.

What must hold: stages only go on; who runs a revision keeps it until it is decided; it is decided once; in the end
everybody runs the head, and what was sick all the time did not stay.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import confguard as cg
from confguard.errors import InDoubtError, StoreError
from confguard.live.feeds import StoredFeed
from confguard.rollout import Bake
from confguard.rollout.baking import see_through, take_over
from confguard.rollout.steps import Done
from confguard.stores import PendingBake, Store, open_store
from confguard.stores.stages import Instance

from .rollouts import run_histories

__all__ = ["Staged", "run_staged"]

ANY = cg.Policy(review=101, block=101)
AGENTS = 3
INSTANCES = [Instance(f"i{n}", frozenset({"canary"} if n == 0 else ())) for n in range(8)]
STAGES = [["canary", "50%", "all"], ["10%", "60%"], ["all"], []]


class CrashError(BaseException):
    """A process that watches ends without a word."""


class Vanishing:
    """A store that does not answer a few calls, before or after it has done what it was asked."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.local = store.local
        self.after = self.times = 0
        self.late = False

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name not in {"commit", "change_bake", "end_bake", "renew_bake", "pending_bake", "head", "get"}:
            return method

        def call(*arguments: Any, **more: Any) -> Any:
            if self.times and self.after <= 0:
                self.times -= 1
                if self.late and name in {"change_bake", "renew_bake"}:
                    method(*arguments, **more)
                raise StoreError("the store is away")
            self.after -= 1
            return method(*arguments, **more)

        return call


class Staged(RuleBasedStateMachine):
    """The machine; `kind` and `url_of` say where its store is."""

    kind = "memory"
    url_of: Callable[[str], str] = staticmethod(lambda folder: "memory://")

    @initialize()
    def begin(self) -> None:
        self.temporary = TemporaryDirectory(prefix="confguard-staged-")
        self.folder = Path(self.temporary.name)
        self.store = open_store(type(self).url_of(str(self.folder)))
        self.vanishing = Vanishing(self.store)
        # Hosts whose clocks differ by years, and by minutes.
        self.guards = [self.opened(days) for days in (0, 400, -400)]
        self.feeds = [StoredFeed("c", self.guards[0], each) for each in INSTANCES]
        self.held: dict[int, tuple[Bake, list[Done]]] = {}
        self.count, self.sick, self.crash_after = 0, False, -1
        self.always_sick: set[int] = set()
        self.confirmed: set[int] = set()
        self.stage: dict[int, int] = {}
        self.runs: dict[str, int] = {}
        self.wrong: list[str] = []
        self.guards[0].apply(self.guards[0].plan({"n": 0}, reason="start"))

    def opened(self, days: int) -> cg.Guard:
        clock = lambda: datetime.now(UTC) + timedelta(days=days)  # noqa: E731
        name = self.folder / f"{days}.toml"
        return cg.Guard("c", store=self.vanishing, targets=[name], policy=ANY, clock=clock)  # type: ignore[arg-type]

    def probe(self) -> str | None:
        with self._there():
            self._look()
        if self.crash_after == 0:
            raise CrashError
        self.crash_after -= 1
        return "sick" if self.sick else None

    def attempt(self, call: Callable[[], Any]) -> Any:
        """What a call returns or raises."""
        try:
            return call()
        except (cg.ConfguardError, CrashError) as error:
            return error
        finally:
            self.vanishing.times = 0
            self.crash_after = -1

    @rule(
        host=st.integers(0, 2),
        stages=st.sampled_from(STAGES),
        detach=st.sampled_from([True, True, False]),
        sick=st.booleans(),
    )
    def apply(self, host: int, stages: list[str], detach: bool, sick: bool) -> None:
        self.count += 1
        self.sick = sick
        guard, before = self.guards[host], self.store.newest("c")
        with self._there():
            plan = guard.plan({"n": self.count}, reason="apply")
        bake = Bake("20ms", [self.probe], interval="4ms", failures=1, stages=stages)
        outcome = self.attempt(lambda: guard.apply(plan, bake=bake, detach=detach))
        if isinstance(outcome, cg.BakingError):
            assert self.store.newest("c") == before
        elif isinstance(outcome, cg.Revision | cg.BakeFailedError) and sick:
            self.always_sick.add(before + 1)

    def take(self, host: int) -> None:
        before = self.store.pending_bake("c")
        bake = Bake("1s", [self.probe], interval="4ms")
        taken = self.attempt(lambda: take_over(self.guards[host].place, bake))
        if isinstance(taken, tuple):
            assert before is not None
            assert before.watcher == "" or before.stages, "one without stages goes back when its watcher dies"
            after = self.store.pending_bake("c")
            assert after is not None
            assert (after.revision, after.stage) == (before.revision, before.stage)
            self.held[host] = taken

    @rule(host=st.integers(0, AGENTS - 1), sick=st.booleans())
    def stopped_for_long(self, host: int, sick: bool) -> None:
        """Another one has taken over what it watched when it goes on."""
        other = (host + 1) % AGENTS
        self.held.pop(other, None)
        if host not in self.held:
            self.agent(host, "stopped", 0, False, True)
        self.time_passes()
        self.take(other)
        if host in self.held and other in self.held:
            self.agent(host, "see", 0, sick, False)
            self.agent(other, "see", 0, False, False)

    @rule()
    def race(self) -> None:
        """Agents that look at the same moment: at most one takes it over."""
        taken: list[Any] = []
        bake = Bake("1s", [self.probe], interval="4ms")

        def take(host: int) -> None:
            taken.append((host, self.attempt(lambda: take_over(self.guards[host].place, bake))))

        threads = [threading.Thread(target=take, args=(host,)) for host in range(AGENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        pending = self.store.pending_bake("c")
        winners = [(host, each) for host, each in taken if isinstance(each, tuple)]
        assert len(winners) <= 1
        for host, each in winners:
            assert pending is not None
            assert each[1][0].bake.watcher == pending.watcher
            self.held[host] = each

    @rule(
        host=st.integers(0, AGENTS - 1),
        end=st.sampled_from(["see", "see", "crash", "leave", "stopped"]),
        after=st.integers(0, 12),
        sick=st.sampled_from([False, False, True]),
        wait=st.booleans(),
    )
    def agent(self, host: int, end: str, after: int, sick: bool, wait: bool) -> None:
        """One looks: it takes over what it may, and watches it; or is stopped before it can."""
        if host not in self.held:
            if wait:
                self.time_passes()
            self.take(host)
        if end == "stopped" or host not in self.held:
            return
        bake, done = self.held.pop(host)
        self.sick = sick
        if not sick:
            self.always_sick.discard(done[0].revision.number)
        before, stop = self.store.pending_bake("c"), threading.Event()
        ours = before is not None and done[0].bake is not None and before.watcher == done[0].bake.watcher
        heads = self.store.newest("c")
        if end == "crash":
            self.crash_after = after
        elif end == "leave":
            threading.Timer(after * 0.004, stop.set).start()
        outcome = self.attempt(lambda: see_through(bake, done, stop))
        if not ours:  # it was stopped for long, and somebody else has it
            assert self.store.newest("c") == heads
            assert isinstance(outcome, InDoubtError | cg.BakeFailedError | None)
            assert self.store.pending_bake("c") == before

    @rule(host=st.integers(0, 2), how=st.sampled_from(["confirm", "abort", "extend", "recover", "both"]))
    def decide(self, host: int, how: str) -> None:
        guard, pending = self.guards[host], self.store.pending_bake("c")
        if how in {"confirm", "both"} and pending:
            self.confirmed.add(pending.revision)
        calls: dict[str, list[Callable[[], Any]]] = {
            "confirm": [guard.confirm],
            "abort": [lambda: guard.revert(reason="abort")],
            "extend": [lambda: guard.extend("5ms")],
            "recover": [guard.recover],
            "both": [guard.confirm, lambda: self.guards[0].revert(reason="abort")],
        }
        if how == "abort" and pending is None:
            return
        threads = [threading.Thread(target=self.attempt, args=(call,)) for call in calls[how]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def time_passes(self) -> None:
        """Until what nobody watches counts as such."""
        end = time.monotonic() + 30
        while (pending := self.store.pending_bake("c")) and pending.watched:
            assert time.monotonic() < end
            time.sleep(0.005)

    @rule(after=st.integers(0, 12), times=st.integers(1, 3), late=st.booleans())
    def vanish(self, after: int, times: int, late: bool) -> None:
        """In what comes next, the store does not answer some calls."""
        self.vanishing.after, self.vanishing.times, self.vanishing.late = after, times, late

    @rule()
    def settle(self) -> None:
        """An agent that stays brings it to an end."""
        self.vanishing.times = 0
        self.time_passes()
        self.sick = False
        pending = self.store.pending_bake("c")
        if pending:
            self.always_sick.discard(pending.revision)
        taken = take_over(self.guards[0].place, Bake("1s", [self.probe], interval="4ms"))
        if taken:
            see_through(*taken)
        else:
            self.guards[0].recover()
        assert self.store.pending_bake("c") is None
        head = self.store.newest("c")
        assert [feed.look(None, threading.Event()).number for feed in self.feeds] == [head] * len(INSTANCES)  # type: ignore[union-attr]

    @invariant()
    def holds(self) -> None:
        if not hasattr(self, "runs"):
            return
        with self._there():
            pending = self._look()
            assert not self.wrong
            history = self.store.history("c")[::-1]
            for before, after in pairwise(history):
                assert after.reverts is None or before.reverts is None or "abort" in after.reason, (
                    "reverted once"
                )
            kept = {each.number for each in history if each.reverts is None}
            kept -= {each.number - 1 for each in history if each.reverts is not None}
            kept -= {pending.revision} if pending else set()
            assert not (kept & self.always_sick) - self.confirmed, "what was sick all the time does not stay"

    def _look(self) -> PendingBake | None:
        """What the services see."""
        pending = self.store.pending_bake("c")
        if pending:
            if pending.stage < self.stage.get(pending.revision, 0):
                self.wrong.append(f"revision {pending.revision} went back to stage {pending.stage}")
            self.stage[pending.revision] = pending.stage
        for instance, feed in zip(INSTANCES, self.feeds, strict=True):
            seen = feed.look(None, threading.Event())
            assert seen is not None
            if pending and self.runs.get(instance.name) == pending.revision != seen.number:
                self.wrong.append(f"{instance.name} ran revision {pending.revision}, and runs {seen.number}")
            self.runs[instance.name] = seen.number
        return pending

    @contextmanager
    def _there(self) -> Iterator[None]:
        """While the machine itself looks, the store answers."""
        times, self.vanishing.times = self.vanishing.times, 0
        try:
            yield
        finally:
            self.vanishing.times = times

    def teardown(self) -> None:
        if hasattr(self, "guards"):
            self.store.close()
            self.temporary.cleanup()


def run_staged(kind: str, histories: int, server: Any = None) -> None:
    """Run so many histories on a store of a kind; what breaks a promise is raised, with the shortest history of it."""
    run_histories(Staged, kind, histories, server, lease=0.06)
