"""Subscribers of live settings: one that is slow, hangs, fails or is gone is a trouble of its own."""

from __future__ import annotations

import asyncio
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import confguard as cg
from confguard.live.subscribers import Current, Cursor
from confguard.live.versions import SettingsVersion
from confguard.stores.sqlite import MemoryStore
from test_live import ANY, Pool, eventually


@pytest.fixture
def guard() -> cg.Guard:
    guard = cg.Guard("pool", store="memory://", format="toml", policy=ANY)
    guard.apply(guard.plan({"size": 1}, reason="start"))
    return guard


@pytest.fixture
def live(guard: cg.Guard) -> Iterator[cg.Live[Pool]]:
    with cg.Live(Pool, guard, interval=None) as live:
        yield live


def change(guard: cg.Guard, size: int) -> None:
    guard.apply(guard.plan({"size": size}, reason="other"))


class Hanging:
    """A subscriber that does not return until it is let go."""

    def __init__(self) -> None:
        self.told: list[cg.Update[Pool]] = []
        self.called, self.go = threading.Event(), threading.Event()

    def __call__(self, update: cg.Update[Pool]) -> None:
        self.told.append(update)
        self.called.set()
        assert self.go.wait(60)

    def sizes(self) -> list[tuple[int, int]]:
        return [(update.before.size, update.after.size) for update in self.told]


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    hanging = Hanging()
    yield hanging
    hanging.go.set()


@pytest.mark.slow
def test_one_that_hangs_delays_nobody(guard: cg.Guard, hanging: Hanging) -> None:
    with cg.Live(Pool, guard, interval=30) as live:
        others: list[int] = []
        live.subscribe(lambda update: others.append(update.after.size))
        live.subscribe(hanging)
        live.subscribe(lambda update: others.append(update.after.size))
        for size in (2, 3, 4):  # it hangs in the first, and following goes on
            change(guard, size)
            eventually(lambda size=size: live.current == Pool(size) and others[-2:] == [size, size])
        assert hanging.sizes() == [(1, 2)]
        eventually(lambda: "a subscriber has not returned" in str(live.problem))
        assert "Hanging" in str(live.problem)
        change(guard, 5)
        live.refresh()
        eventually(lambda: live.current == Pool(5))
    assert threading.current_thread().is_alive()  # closing came to an end while it hangs
    assert "a subscriber has not returned" in str(live.problem)


@pytest.mark.slow
def test_what_came_while_one_was_at_work_is_told_at_once(
    guard: cg.Guard, live: cg.Live[Pool], hanging: Hanging
) -> None:
    live.subscribe(hanging)
    for size in (2, 3, 4, 5):
        change(guard, size)
        assert live.refresh()
    hanging.go.set()
    eventually(lambda: len(hanging.told) == 2)
    assert hanging.sizes() == [(1, 2), (2, 5)]
    assert str(hanging.told[1].diff).startswith("size: 2 -> 5")
    assert hanging.told[1].revision == 5
    eventually(lambda: live.problem is None)
    change(guard, 6)
    live.refresh()
    eventually(lambda: hanging.sizes()[2:] == [(5, 6)])


def test_settings_are_in_force_before_anybody_is_told(guard: cg.Guard, live: cg.Live[Pool]) -> None:
    seen: list[bool] = []
    live.subscribe(lambda update: seen.append(live.current == update.after))
    change(guard, 2)
    live.refresh()
    assert seen == [True]


def test_a_call_may_end_subscriptions(guard: cg.Guard, live: cg.Live[Pool]) -> None:
    told: list[str] = []
    ends: dict[str, Callable[[], None]] = {}

    def once(_: cg.Update[Pool]) -> None:
        told.append("once")
        for _ in range(2):  # to end what has ended is no mistake
            ends["once"]()
            ends["other"]()

    ends["other"] = live.subscribe(lambda _: told.append("other"))
    ends["once"] = live.subscribe(once)
    live.subscribe(lambda _: told.append("always"))
    for size in (2, 3):
        change(guard, size)
        live.refresh()
    assert told.count("once") == 1
    assert told.count("always") == 2
    assert told.count("other") <= 1


def test_a_call_may_look_for_more(guard: cg.Guard, live: cg.Live[Pool]) -> None:
    told: list[int] = []

    def look(update: cg.Update[Pool]) -> None:
        told.append(update.after.size)
        if update.after.size < 4:
            change(guard, update.after.size + 1)
            assert live.refresh()

    live.subscribe(look)
    change(guard, 2)
    live.refresh()
    eventually(lambda: told == [2, 3, 4])
    assert live.problem is None


def test_a_call_may_close(guard: cg.Guard) -> None:
    live = cg.Live(Pool, guard, interval=30)
    closed = threading.Event()

    def close(_: cg.Update[Pool]) -> None:
        live.close()
        closed.set()

    live.subscribe(close)
    change(guard, 2)
    assert closed.wait(20)
    assert live.current == Pool(2)
    assert live.problem is None
    live.close()


class UnwritableError(Exception):
    def __str__(self) -> str:
        raise ValueError("no")


@pytest.mark.slow
@pytest.mark.parametrize(
    "error", [SystemExit(3), KeyboardInterrupt(), RuntimeError("a bug"), TimeoutError(), UnwritableError()]
)
def test_whatever_one_raises_is_its_own(guard: cg.Guard, error: BaseException) -> None:
    with cg.Live(Pool, guard, interval=30) as live:
        told: list[int] = []

        def fail(update: cg.Update[Pool]) -> None:
            told.append(update.after.size)
            if update.after.size == 2:
                raise error

        end = live.subscribe(fail)
        change(guard, 2)
        eventually(lambda: f"a subscriber failed: {type(error).__name__}" in str(live.problem))
        change(guard, 3)
        eventually(lambda: told[-1] == 3)
        eventually(lambda: live.problem is None)
        end()


@pytest.mark.slow
def test_no_thread_is_left(guard: cg.Guard) -> None:
    before = set(threading.enumerate())
    for _ in range(3):
        with cg.Live(Pool, guard, interval=30) as live:
            for _ in range(3):
                live.subscribe(lambda _: None)
            change(guard, live.current.size + 1)
            live.refresh()
            eventually(lambda: live.current.size > 1)
    assert set(threading.enumerate()) <= before


def test_callers_and_the_follower_take_each_revision_once_and_in_order(guard: cg.Guard) -> None:
    with cg.Live(Pool, guard, interval=0.01, spread=0) as live:
        told: list[cg.Update[Pool]] = []
        live.subscribe(told.append)
        stop = threading.Event()

        def look() -> None:
            while not stop.is_set():
                live.refresh()

        looking = [threading.Thread(target=look) for _ in range(4)]
        for thread in looking:
            thread.start()
        for size in range(2, 20):
            change(guard, size)
        stop.set()
        for thread in looking:
            thread.join()
        live.refresh()
        eventually(lambda: told[-1].after == Pool(19))
        assert all(earlier.after is later.before for earlier, later in itertools.pairwise(told))
        numbers = [update.revision for update in told]
        assert numbers == sorted(set(numbers))


def test_an_old_copy_of_the_store_does_not_bring_old_settings_back(
    guard: cg.Guard, live: cg.Live[Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replica that lags, a connection that went to the old primary."""
    old = guard.head()
    change(guard, 2)
    live.refresh()
    monkeypatch.setattr(MemoryStore, "head", lambda *_: old)
    assert not live.refresh()
    assert live.current == Pool(2)
    assert "an old copy answers" in str(live.problem)
    monkeypatch.undo()
    assert not live.refresh()
    assert live.problem is None


# Coroutines


async def said(live: cg.Live[Pool], text: str) -> None:
    end = time.monotonic() + 10
    while text not in str(live.problem):
        assert time.monotonic() < end, live.problem
        await asyncio.sleep(0.01)


def test_whatever_can_be_awaited_is(guard: cg.Guard, live: cg.Live[Pool]) -> None:
    async def service() -> list[str]:
        told: list[str] = []
        main = threading.get_ident()

        async def hear(name: str, update: cg.Update[Pool]) -> None:
            await asyncio.sleep(0)
            assert threading.get_ident() == main
            told.append(name)

        class Object:
            async def __call__(self, update: cg.Update[Pool]) -> None:
                await hear("object", update)

            async def method(self, update: cg.Update[Pool]) -> None:
                await hear("method", update)

        async def function(update: cg.Update[Pool]) -> None:
            await hear("function", update)

        for subscriber in (
            function,
            partial(hear, "partial"),
            partial(partial(hear), "partial of a partial"),
            Object(),
            partial(Object()),
            Object().method,
            lambda update: hear("lambda", update),
        ):
            live.subscribe(subscriber)
        change(guard, 2)
        assert live.refresh()
        while len(told) < 7:
            await asyncio.sleep(0.01)
        assert live.problem is None
        return sorted(told)

    assert asyncio.run(asyncio.wait_for(service(), 20)) == [
        "function",
        "lambda",
        "method",
        "object",
        "object",
        "partial",
        "partial of a partial",
    ]


def test_coroutines_are_run_one_after_the_other(guard: cg.Guard, live: cg.Live[Pool]) -> None:
    async def service() -> list[str]:
        log: list[str] = []
        go = asyncio.Event()

        async def hear(update: cg.Update[Pool]) -> None:
            log.append(f"{update.before.size}-{update.after.size} begins")
            await go.wait()
            log.append(f"{update.before.size}-{update.after.size} ends")

        live.subscribe(hear)
        for size in (2, 3, 4):
            change(guard, size)
            live.refresh()
            while not log:
                await asyncio.sleep(0.01)
        go.set()
        while len(log) < 4:
            await asyncio.sleep(0.01)
        return log

    wanted = ["1-2 begins", "1-2 ends", "2-4 begins", "2-4 ends"]
    assert asyncio.run(asyncio.wait_for(service(), 20)) == wanted


def test_a_coroutine_may_look_and_close(guard: cg.Guard) -> None:
    async def service() -> None:
        live = cg.Live(Pool, guard, interval=30)
        closed = asyncio.Event()

        async def hear(update: cg.Update[Pool]) -> None:
            change(guard, 3)
            live.refresh()
            live.close()
            closed.set()

        live.subscribe(hear)
        await asyncio.to_thread(change, guard, 2)
        await asyncio.wait_for(closed.wait(), 20)
        assert live.current == Pool(3)

    asyncio.run(service())


@pytest.mark.slow
def test_a_coroutine_that_hangs_or_fails_is_said(guard: cg.Guard, live: cg.Live[Pool]) -> None:
    async def service() -> None:
        async def hang(_: cg.Update[Pool]) -> None:
            await asyncio.Event().wait()

        async def fail(_: cg.Update[Pool]) -> None:
            raise TimeoutError("the backend")

        told: list[int] = []
        live.subscribe(hang)
        live.subscribe(fail)
        live.subscribe(lambda update: told.append(update.after.size))
        change(guard, 2)
        assert live.refresh()
        assert told == [2]
        await said(live, "a subscriber failed: TimeoutError: the backend")
        await said(live, "a subscriber has not returned")
        live.close()

    asyncio.run(service())
    eventually(lambda: not any("subscriber" in thread.name for thread in threading.enumerate()))


def test_an_event_loop_that_is_closed_is_said(guard: cg.Guard, live: cg.Live[Pool]) -> None:
    async def hear(_: cg.Update[Pool]) -> None:
        """Would be told."""

    async def service() -> None:
        live.subscribe(hear)
        live.subscribe(lambda update: hear(update))  # noqa: PLW0108

    asyncio.run(service())
    change(guard, 2)
    assert live.refresh()
    eventually(lambda: str(live.problem).count("Event loop is closed") == 2)
    assert live.current == Pool(2)


def test_a_coroutine_without_an_event_loop_is_said(guard: cg.Guard, live: cg.Live[Pool]) -> None:
    async def hear(_: cg.Update[Pool]) -> None:
        """Would be told."""

    with pytest.raises(RuntimeError, match="within the event loop that runs it"):
        live.subscribe(hear)
    with pytest.raises(RuntimeError, match="within the event loop that runs it"):
        live.subscribe(partial(hear))
    live.subscribe(lambda update: hear(update))  # noqa: PLW0108
    change(guard, 2)
    assert live.refresh()
    assert "it returned a coroutine" in str(live.problem)


def test_updates_come_as_one_while_one_is_worked_on_and_end_with_it(guard: cg.Guard) -> None:
    async def service() -> list[tuple[int, int]]:
        got = []
        live = cg.Live(Pool, guard, interval=None)
        waiting = asyncio.ensure_future(consume(live, got))
        await asyncio.sleep(0)
        for size in (2, 3, 4):
            change(guard, size)
            live.refresh()
        while not got:
            await asyncio.sleep(0.01)
        live.close()
        await waiting
        return got

    async def consume(live: cg.Live[Pool], got: list[tuple[int, int]]) -> None:
        async for update in live.updates():
            got.append((update.before.size, update.after.size))  # noqa: PERF401

    assert asyncio.run(asyncio.wait_for(service(), 20)) == [(1, 4)]


def test_subscribers_are_told_in_forked_children(folder: Path) -> None:
    guard = cg.Guard("pool", store="sqlite:///confguard.db", format="toml", policy=ANY)
    guard.apply(guard.plan({"size": 1}, reason="start"))
    hanging = Hanging()
    with cg.Live(Pool, "sqlite:///confguard.db#pool", interval=30) as live:
        told: list[int] = []
        live.subscribe(lambda update: told.append(update.after.size))
        live.subscribe(hanging)
        change(guard, 2)
        assert hanging.called.wait(20)
        child = os.fork()  # while a subscriber is at work
        if child == 0:
            end = time.monotonic() + 20
            while told[-1:] != [3] and time.monotonic() < end:
                time.sleep(0.01)
            os._exit(0 if told[-1:] == [3] else 1)
        time.sleep(0.3)
        change(guard, 3)
        assert os.waitpid(child, 0)[1] == 0
        eventually(lambda: told == [2, 3])
        hanging.go.set()
    guard.close()


def test_a_child_waits_for_no_watch_that_a_fork_broke(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What tells of changes may hang for ever in a child of a process in which it was at work."""
    watchfiles = pytest.importorskip("watchfiles")
    parent, watch = os.getpid(), watchfiles.watch

    def broken_in_children(*paths: object, **options: object) -> object:
        return watch(*paths, **options) if os.getpid() == parent else iter(threading.Event().wait, True)

    monkeypatch.setattr(watchfiles, "watch", broken_in_children)
    guard = cg.Guard("pool", store="sqlite:///confguard.db", format="toml", policy=ANY)
    guard.apply(guard.plan({"size": 1}, reason="start"))
    with cg.Live(Pool, "sqlite:///confguard.db#pool", interval=30) as live:
        change(guard, 2)
        eventually(lambda: live.current.size == 2)
        child = os.fork()
        if child == 0:
            end = time.monotonic() + 20
            while live.current.size != 3 and time.monotonic() < end:
                time.sleep(0.01)
            os._exit(0 if live.current.size == 3 else 1)
        time.sleep(0.5)
        change(guard, 3)
        assert os.waitpid(child, 0)[1] == 0
    guard.close()


@given(st.lists(st.one_of(st.integers(0, 3), st.none()), max_size=30))
def test_what_is_told_is_a_chain_from_first_to_last(steps: list[int | None]) -> None:
    """A number is a revision that comes, None a subscriber who has time."""
    now = Current(Pool(0), SettingsVersion(1, cg.parse("size = 0", "toml"), "1"))
    held = SimpleNamespace(now=now)
    cursor = Cursor(lambda: held.now, cg.diff, now)
    data = now.version.document.data
    number = 1
    for step in [*steps, None]:
        if step is not None:
            number += 1
            held.now = Current(
                Pool(step), SettingsVersion(number, cg.parse(f"size = {step}", "toml"), str(number))
            )
            continue
        update = cursor.advance()
        assert (update is None) == (not cursor.behind and now is held.now)
        if update is not None:
            assert update.before is now.settings
            assert update.revision > now.version.number
            data, now = update.diff.apply(data), held.now
    assert data == held.now.version.document.data
    assert not cursor.behind


@pytest.mark.slow  # it waits
@pytest.mark.parametrize("interval", [None, 0.01])
def test_a_look_that_hangs_does_not_keep_it_from_closing(
    guard: cg.Guard, monkeypatch: pytest.MonkeyPatch, interval: float | None
) -> None:
    """A file server or a database that does not answer."""
    live = cg.Live(Pool, guard, interval=None)
    hangs, go = threading.Event(), threading.Event()

    def head(*_: object) -> None:
        hangs.set()
        assert go.wait(60)

    monkeypatch.setattr(MemoryStore, "head", head)
    if interval is None:
        looking = threading.Thread(target=live.refresh)
        looking.start()
    else:
        live._interval = interval
        live._begin_to_follow()
        looking = live._thread  # type: ignore[assignment]
    assert hangs.wait(20)
    assert live.current == Pool(1)
    live.close()
    assert "has not ended" in str(live.problem)
    go.set()
    looking.join()
    assert live.current == Pool(1)
