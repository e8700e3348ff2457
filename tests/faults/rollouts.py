"""Any sequence of applies, reverts, edits by hand, kills and failures, on any store: what must hold whatever happens.

Services refuse or are dead, renames are refused, processes are killed at any step, a second process whose clock is
wrong works on the same targets, bakes fail or are abandoned. Kills are real: a forked child ends without a word.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

import confguard as cg
from confguard.errors import TargetError
from confguard.rollout import Bake
from confguard.rollout import bake as bakes
from confguard.stores import Store, open_store
from confguard.targets import FileTarget

__all__ = ["Rollouts", "run_histories", "run_rollouts"]

ANY = cg.Policy(review=101, block=101)
CANARY = "hunter2-canary"
MODE = 0o640
FAILURES = (cg.ConfguardError,)


class Service:
    """What is told: it takes what is new, refuses a revision or two, or is dead."""

    name = f"POST http://ana:{CANARY}@service/reload"

    def __init__(self) -> None:
        self.refusals = 0

    def tell(self) -> None:
        if self.refusals:
            self.refusals -= 1
            raise TargetError(f"reload ({self.name}): token={CANARY}")


class Shaky:
    """A file whose renames may be refused."""

    def __init__(self, path: Path) -> None:
        self._file = FileTarget(path)
        self.refusals = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def stage(self, content: bytes) -> Any:
        staged, target = self._file.stage(content), self

        class Waiting:
            discard = staged.discard

            def commit(self) -> None:
                if target.refusals:
                    target.refusals -= 1
                    raise TargetError(
                        f"target {target._file.name}: cannot be replaced: Device or resource busy"
                    )
                staged.commit()

        return Waiting()


class Rollouts(RuleBasedStateMachine):
    """The machine; `kind` and `url_of` say where its store is."""

    kind = "memory"
    url_of: Callable[[str], str] = staticmethod(lambda folder: "memory://")

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="confguard-rollouts-"))
        self.url = type(self).url_of(str(self.folder))
        self.service = Service()
        self.paths = [self.folder / name for name in ("a.toml", "b.toml")]
        self.targets = [Shaky(path) for path in self.paths]
        self.store = open_store(self.url)
        self.guard = self.opened(self.store, 0)
        self.other = self.opened(self.store if self.kind == "memory" else open_store(self.url), 400)
        self.asked: set[str] = set()
        self.digests: list[str] = []
        self.count = 0
        self.paths[0].write_text("n = 0\n")
        self.paths[0].chmod(MODE)
        self.mode = MODE
        self.asked.add("n = 0\n")
        self.texts: list[str] = []
        self.apply(0, 0, False, None, False)

    def opened(self, store: Store, days: int) -> cg.Guard:
        clock = lambda: datetime.now(UTC) + timedelta(days=days)  # noqa: E731
        return cg.Guard(
            "c", store=store, targets=self.targets, policy=ANY, reload=[self.service], clock=clock
        )

    def text(self) -> str:
        self.count += 1
        return f"n = {self.count}\n"

    def attempt(self, call: Callable[[], Any]) -> Any:
        """What a call returns or raises; what it says is kept, to be searched for secrets."""
        try:
            return call()
        except FAILURES as error:
            self.texts += [str(error), str(error.hint)]
            return error
        finally:
            self.service.refusals = 0
            for target in self.targets:
                target.refusals = 0

    def held(self) -> list[str | None]:
        return [path.read_text() if path.exists() else None for path in self.paths]

    @rule(
        refusals=st.sampled_from([0, 0, 1, 9]),
        busy=st.sampled_from([0, 0, 1, 2, 9]),
        overwrite=st.booleans(),
        bake=st.sampled_from([None, None, "well", "sick"]),
        second=st.booleans(),
    )
    def apply(self, refusals: int, busy: int, overwrite: bool, bake: str | None, second: bool) -> None:
        guard, text, before = self.other if second else self.guard, self.text(), self.held()
        plan, state = guard.plan(cg.parse(text, "toml"), reason="apply"), guard.place.state()
        left = state is not None and not state.complete
        self.service.refusals, self.targets[1].refusals = refusals, busy
        watched = {
            None: None,
            "well": Bake("1ms", [lambda: None], interval="1ms"),
            "sick": Bake("100ms", [lambda: f"token={CANARY}"], interval="1ms"),
        }[bake]
        self.asked.add(text)
        outcome = self.attempt(lambda: guard.apply(plan, overwrite=overwrite, bake=watched))
        if isinstance(outcome, cg.DriftError | cg.BakingError | cg.ConflictError):
            self.asked.discard(text)
        elif isinstance(outcome, cg.Revision):
            assert self.held() == [text, text]
            # What was left before is written, and told, first: that may use up the refusals.
            assert left or not (refusals or busy or bake == "sick")
        elif isinstance(outcome, cg.RefusedError):
            assert len(set(self.held())) == 1
            assert text not in self.held()
        if isinstance(outcome, cg.DriftError):
            assert self.held() == before
            assert not overwrite

    @rule(
        back=st.integers(0, 4),
        refusals=st.sampled_from([0, 1, 9]),
        busy=st.sampled_from([0, 0, 0, 1]),
        second=st.booleans(),
    )
    def revert(self, back: int, refusals: int, busy: int, second: bool) -> None:
        guard = self.other if second else self.guard
        goals = [each for each in guard.history() if not each.drift_copy][1:]
        goal = goals[min(back, len(goals) - 1)] if goals else None
        if goal is None:
            return
        self.service.refusals, self.targets[0].refusals = refusals, busy
        outcome = self.attempt(lambda: guard.revert(goal.number, reason="revert"))
        head = guard.head()
        assert head is not None
        assert head.text == goal.text, "what was decided stays"
        if isinstance(outcome, cg.Revision | cg.NotToldError):
            assert self.held() == [goal.text] * 2
            assert isinstance(outcome, cg.Revision) == (refusals == 0)
        else:
            assert busy
            assert "not yet in every target" in str(outcome)
            self.attempt(guard.recover)
            assert self.held() == [goal.text] * 2

    @rule(which=st.integers(0, 1), text=st.sampled_from(["by = 'hand'\n", "no toml at all", "", None]))
    def edit(self, which: int, text: str | None) -> None:
        if text is None:
            self.paths[which].unlink(missing_ok=True)
            self.mode = 0o600 if which == 0 else self.mode  # what is made anew is private
        elif self.paths[which].exists():
            self.count += 1
            self.paths[which].write_text(f"{text}# {self.count}\n" if text else "")

    @rule(which=st.integers(0, 1))
    def adopt(self, which: int) -> None:
        held = self.held()[which]
        target = self.targets[which].name
        outcome = self.attempt(lambda: self.guard.adopt(reason="adopt", target=target, overwrite=True))
        if isinstance(outcome, cg.Revision):
            assert held is not None
            self.asked.add(held)
            assert self.held() == [held] * 2

    @rule(refusals=st.sampled_from([0, 9]))
    def repair(self, refusals: int) -> None:
        self.service.refusals = refusals
        self.attempt(self.guard.repair)
        assert self.held() == [self.guard.head().text] * 2  # type: ignore[union-attr]

    @rule()
    def recover(self) -> None:
        drifted = self.held()
        state = self.guard.place.state()
        outcome = self.attempt(self.guard.recover)
        assert not isinstance(outcome, Exception), outcome
        state = self.guard.place.state()
        assert state is not None
        assert state.complete
        assert outcome or self.held() == drifted, "what was edited is drift, and nobody's to undo"
        assert self.guard.recover() == ()

    @rule(at=st.integers(0, 20), back=st.booleans(), bake=st.booleans(), overwrite=st.booleans())
    def kill(self, at: int, back: bool, bake: bool, overwrite: bool) -> None:
        """A process dies at one of its steps."""
        if self.kind == "memory":
            return
        text = self.text()
        child = os.fork()
        if child == 0:
            with suppress(BaseException):
                self._die(at)
                if back:
                    self.guard.revert(reason="killed")
                else:
                    watched = Bake("9s", [lambda: os._exit(0)], interval="1ms") if bake else None
                    plan = self.guard.plan(cg.parse(text, "toml"), reason="killed")
                    self.guard.apply(plan, bake=watched, overwrite=overwrite)
            os._exit(0)
        os.waitpid(child, 0)
        self.asked.add(text)
        if self.guard.store.pending_bake("c"):
            self._wait_for_the_lease()

    def _die(self, at: int) -> None:
        """In the child: end without a word at the so-manyeth step."""
        left = [at]

        def dying(call: Callable[..., Any]) -> Callable[..., Any]:
            def step(*arguments: Any, **more: Any) -> Any:
                for _ in range(2):  # before it, or after
                    if left[0] == 0:
                        os._exit(0)
                    left[0] -= 1
                    if _ == 0:
                        done = call(*arguments, **more)
                return done

            return step

        store: Any = self.guard.store
        store.commit, store.note_place = dying(store.commit), dying(store.note_place)
        for target in self.targets:
            target.stage = dying(_committing(target.stage, dying))  # type: ignore[method-assign]
        self.service.tell = dying(self.service.tell)  # type: ignore[method-assign]

    def _wait_for_the_lease(self) -> None:
        end = time.monotonic() + 60
        while (pending := self.guard.store.pending_bake("c")) and pending.watched:
            assert time.monotonic() < end
            time.sleep(0.02)

    @rule()
    def look(self) -> None:
        """Whatever only looks changes nothing."""
        before = self._everything()
        for guard in (self.guard, self.other, self.opened(self.guard.store, -400)):
            guard.history(3)
            guard.drift()
            guard.verify()
            guard.plan(cg.parse("n = -1\n", "toml"), reason="look")
            guard.place.state()
        assert self._everything() == before

    def _everything(self) -> object:
        files = {
            path.name: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode)
            for path in self.folder.iterdir()
            if not path.name.endswith("-shm")
        }
        return files, [each.digest for each in self.guard.history()], self.guard.store.places("c")

    @invariant()
    def holds(self) -> None:
        if not hasattr(self, "texts"):
            return
        history = self.guard.history()[::-1]
        assert [each.digest for each in history][: len(self.digests)] == self.digests, "history only grows"
        self.digests = [each.digest for each in history]
        assert self.guard.verify() == len(history)
        assert history[-1].text in self.asked, "the head is what somebody asked for"
        assert not history[-1].drift_copy
        if self.paths[0].exists():
            assert self.paths[0].stat().st_mode & 0o777 == self.mode
        texts = [*self.texts, *(each.reason for each in history), repr(self.guard.store.places("c"))]
        assert not [text for text in texts if CANARY in text]
        if not self.guard.place.littered():
            return
        self.attempt(self.guard.recover)
        assert not self.guard.place.littered()

    def teardown(self) -> None:
        if hasattr(self, "guard"):
            self.guard.close()
            self.other.close()
            shutil.rmtree(self.folder, ignore_errors=True)


def run_rollouts(kind: str, histories: int, server: Any = None) -> None:
    """Run so many histories on a store of a kind; what breaks a promise is raised, with the shortest history of it."""
    run_histories(Rollouts, kind, histories, server, lease=0.05)


def run_histories(
    machine: type[RuleBasedStateMachine], kind: str, histories: int, server: Any, *, lease: float
) -> None:
    """Run a machine on a store of a kind, with leases so short that many of them end."""

    def url_of(folder: str) -> str:
        name = f"r{uuid.uuid4().hex[:12]}"
        if kind in {"memory", "sqlite"}:
            return "memory://" if kind == "memory" else f"sqlite:///{folder}/{name}.db"
        return str(server.url(schema=name)) if kind == "postgresql" else f"{server.url}/{name}"

    before, bakes.LEASE_SECONDS = bakes.LEASE_SECONDS, 1.0 if kind == "etcd" else lease
    try:
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            type(
                f"{kind.title()}{machine.__name__}",
                (machine,),
                {"kind": kind, "url_of": staticmethod(url_of)},
            ),
            settings=settings(
                max_examples=histories,
                stateful_step_count=20,
                deadline=None,
                database=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            ),
        )
    finally:
        bakes.LEASE_SECONDS = before


def _committing(stage: Callable[..., Any], dying: Callable[..., Any]) -> Callable[..., Any]:
    """Staging whose commits are steps, too."""

    def staging(content: bytes) -> Any:
        staged = stage(content)
        staged.commit = dying(staged.commit)
        return staged

    return staging
