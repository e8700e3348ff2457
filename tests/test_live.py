"""Live settings: whole, typed, last known good."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import frozen

import confguard as cg
from confguard.stores.sqlite import SqliteStore
from conftest import SERVERS, STORES, fresh_url, unmeasured
from servers import Etcd, Postgres, free_port

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


def eventually(holds: object, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("kind", STORES)
def test_a_new_head_is_taken_while_running(kind: str, folder: Path, request: pytest.FixtureRequest) -> None:
    url = fresh_url(kind, request)
    guard = cg.Guard("pool", store=url, format="toml", policy=ANY)
    guard.apply(guard.plan({"size": 32}, reason="start"))
    with cg.Live(Pool, guard if kind == "memory" else f"{url}#pool", interval=30) as live:
        told: list[cg.Update[Pool]] = []
        stop = live.subscribe(told.append)
        assert (live.current, live.revision, live.problem) == (Pool(32), 1, None)
        before = live.since
        time.sleep(0.2)  # for the watch to stand
        guard.apply(guard.plan({"size": 30}, reason="less"))
        eventually(lambda: told, 20)  # it was told: looking from time to time would take longer
        (update,) = told
        assert (update.before, update.after, update.revision) == (Pool(32), Pool(30), 2)
        assert str(update.diff) == "size: 32 -> 30"
        assert live.current == Pool(30)
        assert live.revision == 2
        assert live.since > before
        assert live.age < timedelta(seconds=20)
        stop()
        guard.apply(guard.plan({"size": 28}, reason="less"))
        eventually(lambda: live.revision == 3)
        assert len(told) == 1
    guard.close()


def test_a_head_that_does_not_fit_is_not_taken(guard: cg.Guard) -> None:
    with cg.Live(Pool, URL, interval=None) as live:
        guard.apply(guard.plan({"size": "many"}, reason="a slip"))
        assert not live.refresh()
        assert live.current == Pool(32)
        assert "expected a valid integer" in str(live.problem)
        guard.revert(reason="back")
        assert live.refresh()
        assert live.problem is None
        assert not live.refresh()


def test_it_starts_from_the_last_good_copy_when_the_store_is_away(guard: cg.Guard) -> None:
    with cg.Live(Pool, URL, cache="pool.last-good", interval=None) as live:
        assert live.current == Pool(32)
    guard.close()
    Path("confguard.db").write_bytes(b"gone" * 100)
    with cg.Live(Pool, URL, cache="pool.last-good", interval=None) as live:
        assert (live.current, live.revision) == (Pool(32), 1)
        assert "not a confguard store" in str(live.problem)
        assert timedelta() < live.age < timedelta(minutes=1)


def test_it_starts_from_the_last_good_copy_when_the_head_is_invalid(guard: cg.Guard) -> None:
    cg.Live(Pool, guard, cache="pool.last-good", interval=None).close()
    guard.apply(guard.plan({"size": "many"}, reason="a slip"))
    with cg.Live(Pool, guard, cache="pool.last-good", interval=None) as live:
        assert live.current == Pool(32)
        assert "size: expected a valid integer" in str(live.problem)
        guard.revert(reason="back")
        assert live.refresh()
        assert live.revision == 3


def test_it_keeps_running_when_the_store_goes_away(guard: cg.Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    with cg.Live(Pool, URL, interval=None) as live:

        def away(*_: object) -> None:
            raise cg.StoreError("the store is away")

        monkeypatch.setattr(SqliteStore, "head", away)
        assert not live.refresh()
        assert (live.current, live.problem) == (Pool(32), "the store is away")
        monkeypatch.undo()
        assert not live.refresh()
        assert live.problem is None


def test_without_store_and_copy_it_says_why(folder: Path) -> None:
    with pytest.raises(cg.NotFoundError, match="there is no store|the store has no config 'pool'"):
        cg.Live(Pool, URL, cache="none.last-good")
    with pytest.raises(cg.SchemaError, match="names no config"):
        cg.Live(Pool, "sqlite:///confguard.db")
    with pytest.raises(cg.SchemaError, match="need a schema"):
        cg.Live(None, URL)  # type: ignore[arg-type]


def test_a_copy_that_cannot_be_kept_is_a_problem_not_a_failure(guard: cg.Guard) -> None:
    with cg.Live(Pool, guard, cache="no/such/folder/copy", interval=None) as live:
        assert live.current == Pool(32)
        assert "cannot be kept" in str(live.problem)


def test_a_subscriber_that_fails_does_not_stop_the_others(guard: cg.Guard) -> None:
    with cg.Live(Pool, guard, interval=None) as live:
        told: list[cg.Update[Pool]] = []
        live.subscribe(lambda _: 1 / 0)
        live.subscribe(told.append)
        guard.apply(guard.plan({"size": 30}, reason="less"))
        assert live.refresh()
        assert [update.after for update in told] == [Pool(30)]
        assert "a subscriber failed: ZeroDivisionError" in str(live.problem)


def test_a_copy_that_was_changed_is_not_used(guard: cg.Guard) -> None:
    cg.Live(Pool, guard, cache="copy", interval=None).close()
    whole = Path("copy").read_bytes()
    for changed in (whole.replace(b"32", b"33"), whole[:-3], b"", b"\n", whole.replace(b'"pool"', b'"pond"')):
        Path("copy").write_bytes(changed)
        with pytest.raises(cg.NotFoundError, match="there is no store"):
            cg.Live(Pool, "sqlite:///other.db#pool", cache="copy", interval=None)
    Path("copy").write_bytes(whole)
    with cg.Live(Pool, "sqlite:///other.db#pool", cache="copy", interval=None) as live:
        assert live.current == Pool(32)


@pytest.mark.slow
def test_any_flipped_byte_of_a_copy_is_noticed(guard: cg.Guard) -> None:
    cg.Live(Pool, guard, cache="copy", interval=None).close()
    whole = bytearray(Path("copy").read_bytes())
    for at in range(len(whole)):
        flipped = whole.copy()
        flipped[at] ^= 1
        Path("copy").write_bytes(flipped)
        try:
            with cg.Live(Pool, "sqlite:///other.db#pool", cache="copy", interval=None) as live:
                assert live.current == Pool(32), at
        except cg.ConfguardError:
            continue


@pytest.mark.slow  # it waits
def test_a_file_is_followed(folder: Path) -> None:
    Path("pool.toml").write_text("size = 1\n")
    with cg.Live(Pool, Path("pool.toml"), cache="copy", interval=30) as live:
        assert live.current == Pool(1)
        time.sleep(0.2)
        Path("pool.toml").write_text("size = 2\n")
        eventually(lambda: live.current == Pool(2))
        Path("pool.toml").write_text("size = \n")
        eventually(lambda: live.problem)
        assert live.current == Pool(2)
    with cg.Live(Pool, "pool.toml", cache="copy", interval=None) as live:
        assert live.current == Pool(2)
        assert "pool.toml:1:" in str(live.problem)


@pytest.mark.slow  # it waits
@pytest.mark.parametrize("trouble", ["not installed", "no watch left"])
def test_a_file_is_followed_without_events(
    folder: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    if trouble == "not installed":
        monkeypatch.setitem(sys.modules, "watchfiles", None)
    else:

        def watch(*_: object, **__: object) -> object:
            raise OSError("OS file watch limit reached")

        monkeypatch.setattr("watchfiles.watch", watch)
    Path("pool.toml").write_text("size = 1\n")
    with cg.Live(Pool, Path("pool.toml"), interval=30) as live:
        Path("pool.toml").write_text("size = 2\n")
        eventually(lambda: live.current == Pool(2))


def test_the_follower_outlives_what_nobody_foresaw(guard: cg.Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> object:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(SqliteStore, "watch", broken)
    with cg.Live(Pool, guard, interval=30) as live:
        eventually(lambda: "ZeroDivisionError: a bug" in str(live.problem))
        monkeypatch.undo()
        guard.apply(guard.plan({"size": 30}, reason="less"))
        eventually(lambda: live.current == Pool(30), 20)


def test_subscribers_may_be_coroutines(guard: cg.Guard) -> None:
    async def service() -> None:
        told: list[cg.Update[Pool]] = []
        ready = asyncio.Event()

        async def on_update(update: cg.Update[Pool]) -> None:
            told.append(update)
            ready.set()
            raise RuntimeError("after it was told")

        with cg.Live(Pool, guard, interval=30) as live:
            live.subscribe(on_update)
            await asyncio.to_thread(guard.apply, guard.plan({"size": 30}, reason="less"))
            await asyncio.wait_for(ready.wait(), 10)
            assert [update.after for update in told] == [Pool(30)]
            end = time.monotonic() + 5
            while "RuntimeError" not in str(live.problem):
                assert time.monotonic() < end
                await asyncio.sleep(0.01)

    asyncio.run(service())


def test_updates_can_be_awaited(guard: cg.Guard) -> None:
    async def service() -> list[int]:
        sizes = []
        with cg.Live(Pool, guard, interval=30) as live:
            updates = live.updates()
            for size in (30, 29):
                waiting = asyncio.ensure_future(anext(updates))
                await asyncio.sleep(0.05)
                await asyncio.to_thread(guard.apply, guard.plan({"size": size}, reason="less"))
                sizes.append((await asyncio.wait_for(waiting, 10)).after.size)
            await updates.aclose()
        return sizes

    assert asyncio.run(service()) == [30, 29]


def test_the_event_loop_is_not_held_up(guard: cg.Guard) -> None:
    """Applies run in threads: what the loop does meanwhile goes on."""

    async def service() -> None:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.001)
                ticks += 1

        ticking = asyncio.ensure_future(tick())
        other = sqlite3.connect("confguard.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")  # somebody holds the store
        applying = asyncio.ensure_future(
            asyncio.to_thread(guard.apply, guard.plan({"size": 31}, reason="less"))
        )
        while ticks < 50:
            await asyncio.sleep(0.001)
        assert not applying.done()
        other.execute("ROLLBACK")
        other.close()
        await applying
        ticking.cancel()

    asyncio.run(service())
    assert guard.drift() == ()


@pytest.mark.parametrize("kind", ["sqlite", *SERVERS])
@pytest.mark.slow
def test_it_goes_on_in_forked_children(kind: str, folder: Path, request: pytest.FixtureRequest) -> None:
    url = fresh_url(kind, request)
    guard = cg.Guard("pool", store=url, format="toml", policy=ANY)
    guard.apply(guard.plan({"size": 32}, reason="start"))
    with cg.Live(Pool, f"{url}#pool", interval=30) as live:  # as gunicorn does with --preload, and Celery
        children = []
        for _ in range(3):
            child = os.fork()
            if child == 0:
                end = time.monotonic() + 20
                while live.current != Pool(30) and time.monotonic() < end:
                    time.sleep(0.01)
                os._exit(0 if live.current == Pool(30) else 1)
            children.append(child)
        time.sleep(0.5)
        guard.apply(guard.plan({"size": 30}, reason="less"))
        assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
        eventually(lambda: live.current == Pool(30))
    guard.close()


@pytest.mark.slow
def test_nobody_is_in_sqlite_while_a_process_forks(guard: cg.Guard) -> None:
    """A child that was forked while another thread was there waited for SQLite's own locks for ever."""
    reading, read = threading.Event(), threading.Event()

    def count() -> None:
        reading.set()
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000)"
        guard.store._rows(f"{numbers} SELECT count(*) FROM n")  # type: ignore[attr-defined]
        read.set()

    thread = threading.Thread(target=count)
    thread.start()
    assert reading.wait(9)
    time.sleep(0.02)
    was_read = read.is_set()
    child = os.fork()
    if child == 0:
        os._exit(0 if guard.store.newest("pool") else 1)
    is_read = read.wait(0.05)
    assert os.waitpid(child, 0)[1] == 0
    thread.join()
    assert (was_read, is_read) == (False, True)


@pytest.mark.slow
def test_it_comes_back_when_the_store_does(guard: cg.Guard) -> None:
    with cg.Live(Pool, URL, cache="copy", interval=None):
        pass
    guard.close()
    Path("confguard.db").rename("away.db")
    for name in ("confguard.db-wal", "confguard.db-shm"):
        Path(name).unlink(missing_ok=True)
    Path("confguard.db").write_bytes(b"gone" * 100)
    with cg.Live(Pool, URL, cache="copy", interval=0.1) as live:
        assert "not a confguard store" in str(live.problem)
        Path("away.db").rename("confguard.db")
        eventually(lambda: live.problem is None)
        assert live.current == Pool(32)


@pytest.mark.slow
def test_it_follows_through_a_restart_of_postgresql(folder: Path) -> None:
    server = Postgres()
    try:
        guard = cg.Guard("pool", store=server.url(), format="toml", policy=ANY)
        guard.apply(guard.plan({"size": 32}, reason="start"))
        with cg.Live(Pool, f"{server.url()}#pool", cache="copy", interval=30) as live:
            server.stop("immediate")
            eventually(lambda: live.problem)
            assert live.current == Pool(32)
            with cg.Live(Pool, f"{server.url()}#pool", cache="copy", interval=30) as late:
                assert late.current == Pool(32)
                assert "cannot be reached" in str(late.problem)
                server.start()
                guard.apply(guard.plan({"size": 30}, reason="less"))
                eventually(lambda: live.current == late.current == Pool(30), 20)
                eventually(lambda: live.problem is late.problem is None, 20)
        guard.close()
    finally:
        server.close()


@pytest.mark.slow
def test_it_follows_through_a_restart_and_a_compaction_of_etcd(folder: Path) -> None:
    server = Etcd()
    try:
        url = f"{server.url}/live"
        guard = cg.Guard("pool", store=url, format="toml", policy=ANY)
        guard.apply(guard.plan({"size": 32}, reason="start"))
        with cg.Live(Pool, f"{url}#pool", interval=30) as live:
            server.kill(0)
            eventually(lambda: live.problem)
            server.start(0)
            for size in (31, 30):
                guard.apply(guard.plan({"size": size}, reason="less"))
            now = server.call(0, "kv/range", {"key": "AA=="})["header"]["revision"]
            server.call(0, "kv/compaction", {"revision": now, "physical": True})
            eventually(lambda: live.current == Pool(30), 20)
            guard.apply(guard.plan({"size": 29}, reason="less"))
            eventually(lambda: live.current == Pool(29), 20)
            eventually(lambda: live.problem is None)
        guard.close()
    finally:
        server.close()


APP = """
import os
from attrs import frozen
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
import confguard as cg

@frozen
class Pool:
    size: int = 64

live = cg.Live(Pool, "sqlite:///confguard.db#pool", interval=30)
app = Starlette(routes=[Route("/", lambda request: JSONResponse([os.getpid(), live.current.size]))])
"""


@pytest.mark.slow
def test_it_works_under_uvicorn_workers(guard: cg.Guard, folder: Path) -> None:
    Path("app.py").write_text(APP)
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "app:app",
        "--workers",
        "2",
        "--port",
        str(port),
        "--log-level",
        "error",
    ]
    server = subprocess.Popen(command, env=unmeasured())

    def answers() -> dict[int, int]:
        found = {}
        for _ in range(20):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                    worker, size = json.load(answer)
                    found[worker] = size
            except OSError:
                time.sleep(0.05)
        return found

    try:
        eventually(lambda: len(answers()) == 2, 60)
        assert set(answers().values()) == {32}
        guard.apply(guard.plan({"size": 30}, reason="less"))
        eventually(lambda: list(answers().values()) == [30, 30], 20)
    finally:
        server.terminate()
        server.wait(20)


def test_a_store_that_went_away_is_called_so(tmp_path: Path) -> None:
    """And not a store without the config, as if somebody had to apply it anew."""
    file = tmp_path / "confguard.db"
    with cg.Guard("pool", store=file, format="toml") as guard:
        guard.apply(guard.plan({"size": 1}, reason="start"))
    with cg.Live(Pool, f"sqlite:///{file}#pool", interval=None) as live:
        for each in tmp_path.iterdir():
            each.rename(f"{each}.moved")
        live.refresh()
        assert live.problem is not None
        assert "there is no store" in live.problem or "was replaced" in live.problem
    with pytest.raises(cg.NotFoundError, match=r"there is no store .*confguard.db"):
        cg.Live(Pool, f"sqlite:///{file}#pool", interval=None)


def test_lengths_of_time_may_be_texts(guard: cg.Guard, folder: Path) -> None:
    Path("pool.toml").write_text("size = 1\n")
    with cg.Live(Pool, "pool.toml", interval="100ms", quiet="20ms", spread="1ms") as live:
        cg.Live(Pool, guard, interval=timedelta(seconds=1)).close()
        Path("pool.toml").write_text("size = 2\n")
        eventually(lambda: live.current.size == 2)
        assert live.problem is None
    for wrong in ({"interval": "soon"}, {"quiet": "-1s"}, {"spread": "x"}):
        with pytest.raises(ValueError, match="expected a duration"):
            cg.Live(Pool, "pool.toml", **wrong)


def test_what_cannot_be_called_is_no_subscriber(guard: cg.Guard) -> None:
    with cg.Live(Pool, guard, interval=None) as live:
        with pytest.raises(TypeError, match="str is not a function that is called with each update"):
            live.subscribe("x")  # type: ignore[arg-type]
        assert live.problem is None
