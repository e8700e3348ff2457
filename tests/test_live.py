"""Live settings: whole, typed, last known good."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from attrs import frozen

import confguard as cg
from confguard.stores.sqlite import SqliteStore

ANY = cg.Policy(review=101, block=101)
URL = "sqlite:///confguard.db#pool"


@frozen
class Pool:
    size: int = 64


@pytest.fixture
def guard(folder: Path) -> cg.Guard:
    guard = cg.Guard("pool", format="toml", policy=ANY)
    guard.apply(guard.plan({"size": 32}, reason="start"))
    return guard


def eventually(holds: object) -> None:
    end = time.monotonic() + 5
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_new_head_is_taken_while_running(guard: cg.Guard) -> None:
    with cg.Live(Pool, URL, interval=0.02) as live:
        told: list[Pool] = []
        stop = live.subscribe(told.append)
        assert (live.current, live.revision, live.problem) == (Pool(32), 1, None)
        before = live.since
        guard.apply(guard.plan({"size": 30}, reason="less"))
        eventually(lambda: live.current == Pool(30) and told == [Pool(30)])
        assert live.revision == 2
        assert live.since > before
        stop()
        guard.apply(guard.plan({"size": 28}, reason="less"))
        eventually(lambda: live.revision == 3)
        assert told == [Pool(30)]


def test_a_head_that_does_not_fit_is_not_taken(guard: cg.Guard) -> None:
    with cg.Live(Pool, URL, interval=60) as live:
        guard.apply(guard.plan({"size": "many"}, reason="a slip"))
        assert not live.refresh()
        assert live.current == Pool(32)
        assert "expected a valid integer" in str(live.problem)
        guard.revert(reason="back")
        assert live.refresh()
        assert live.problem is None
        assert not live.refresh()


def test_it_starts_from_the_last_good_copy_when_the_store_is_away(guard: cg.Guard) -> None:
    with cg.Live(Pool, URL, cache="pool.last-good", interval=60) as live:
        assert live.current == Pool(32)
    guard.close()
    Path("confguard.db").write_bytes(b"gone" * 100)
    with cg.Live(Pool, URL, cache="pool.last-good", interval=60) as live:
        assert (live.current, live.revision) == (Pool(32), 0)
        assert "not a confguard store" in str(live.problem)


def test_it_starts_from_the_last_good_copy_when_the_head_is_invalid(guard: cg.Guard) -> None:
    cg.Live(Pool, guard, cache="pool.last-good", interval=60).close()
    guard.apply(guard.plan({"size": "many"}, reason="a slip"))
    with cg.Live(Pool, guard, cache="pool.last-good", interval=60) as live:
        assert live.current == Pool(32)
        assert "size: expected a valid integer" in str(live.problem)
        guard.revert(reason="back")
        assert live.refresh()
        assert live.revision == 3


def test_it_keeps_running_when_the_store_goes_away(guard: cg.Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    with cg.Live(Pool, URL, interval=60) as live:

        def away(*_: object) -> None:
            raise cg.StoreError("the store is away")

        monkeypatch.setattr(SqliteStore, "head", away)
        assert not live.refresh()
        assert (live.current, live.problem) == (Pool(32), "the store is away")
        monkeypatch.undo()
        assert not live.refresh()
        assert live.problem is None


def test_without_store_and_copy_it_says_why(folder: Path) -> None:
    with pytest.raises(cg.NotFoundError, match="the store has no config 'pool'"):
        cg.Live(Pool, URL, cache="none.last-good")
    with pytest.raises(cg.SchemaError, match="names no config"):
        cg.Live(Pool, "sqlite:///confguard.db")
    with pytest.raises(cg.SchemaError, match="need a schema"):
        cg.Live(None, URL)  # type: ignore[arg-type]


def test_a_copy_that_cannot_be_kept_is_a_problem_not_a_failure(guard: cg.Guard) -> None:
    with cg.Live(Pool, guard, cache="no/such/folder/copy", interval=60) as live:
        assert live.current == Pool(32)
        assert "cannot be kept" in str(live.problem)


def test_a_subscriber_that_fails_does_not_stop_the_others(guard: cg.Guard) -> None:
    with cg.Live(Pool, guard, interval=60) as live:
        told: list[Pool] = []
        live.subscribe(lambda _: 1 / 0)
        live.subscribe(told.append)
        guard.apply(guard.plan({"size": 30}, reason="less"))
        assert live.refresh()
        assert told == [Pool(30)]
        assert "a subscriber failed: ZeroDivisionError" in str(live.problem)
