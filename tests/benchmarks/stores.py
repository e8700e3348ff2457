"""Stores, targets and live settings against bare transactions, bare files and plain attributes."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from attrs import frozen

import confguard as cg
from confguard.stores import Append, Draft, Store, chain, open_store

from .measure import Row, best, best_of_each, compare

sys.path.insert(0, str(Path(__file__).parents[1]))
from servers import Etcd, Postgres

ANY = cg.Policy(review=101, block=101)
WATCHERS = int(os.environ.get("WATCHERS", "100"))


def lines(count: int) -> Callable[[], bytes]:
    """A file of so many settings, three of them changed at each call."""
    chance = random.Random(1)
    values = [chance.randrange(10**6) for _ in range(count)]

    def content() -> bytes:
        for _ in range(3):
            values[chance.randrange(count)] = chance.randrange(10**6)
        return "".join(f"setting_{i} = {value}\n" for i, value in enumerate(values)).encode()

    return content


class Committing:
    """Commits one revision after the other to a store."""

    def __init__(self, store: Store, content: Callable[[], bytes]) -> None:
        self.store, self.content = store, content
        self.head: cg.Revision | None = None
        self.at = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self, count: int = 1) -> None:
        drafts = []
        for _ in range(count):
            self.at += timedelta(seconds=977)
            draft = Draft(
                content=self.content(),
                format="toml",
                author="ana@example.com",
                reason=f"raise the throughput of region {self.at.second} for the campaign",
                created_at=self.at,
                data_digest=os.urandom(32).hex(),
                ticket="OPS-1234",
            )
            drafts.append(draft)
        made = chain.link("c", drafts, self.head)
        self.store.commit(Append("c", tuple(made)))
        self.head = made[-1]


def durable_replace(folder: str, content: bytes) -> None:
    """The least that replaces a file durably."""
    descriptor = os.open(f"{folder}/new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.write(descriptor, content)
    os.fsync(descriptor)
    os.close(descriptor)
    Path(folder, "new").replace(Path(folder, "file"))
    parent = os.open(folder, os.O_RDONLY)
    os.fsync(parent)
    os.close(parent)


def bench_commit() -> list[Row]:
    rows = []
    for size, count in (("4 KiB", 200), ("18 KiB", 900)):
        with tempfile.TemporaryDirectory() as folder:
            content = lines(count)
            floor = sqlite3.connect(f"{folder}/floor.db", isolation_level=None)
            floor.execute("PRAGMA journal_mode = WAL")
            floor.execute("PRAGMA synchronous = FULL")
            floor.execute("CREATE TABLE t (x BLOB)")
            store = open_store(f"sqlite:///{folder}/c.db")
            ours, bare = best_of_each(
                Committing(store, content),
                lambda: floor.execute("INSERT INTO t VALUES (?)", (content(),)),  # noqa: B023
                runs=300,
            )
            rows.append(compare(f"a durable commit of {size} to SQLite", ours, bare, "the bare INSERT"))
            floor.close()
            store.close()
    return rows


def bench_apply() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        content = lines(200)
        commit = Committing(open_store(f"sqlite:///{folder}/floor.db"), content)
        guard = cg.Guard("bench", None, f"sqlite:///{folder}/c.db", [f"{folder}/live.toml"], ANY)
        guard.apply(guard.plan(cg.parse(content().decode(), "toml"), reason="bench"))
        spent: dict[str, list[float]] = {"apply": [], "revert": [], "floor": []}
        for _ in range(200):
            plan = guard.plan(cg.parse(content().decode(), "toml"), reason="bench")
            spent["apply"].append(best(partial(guard.apply, plan), 1))
            spent["floor"].append(best(lambda: (commit(), durable_replace(folder, content())), 1))
            spent["revert"].append(best(lambda: guard.revert(reason="bench"), 1))
        least = min(spent["floor"])
        rows = [
            compare(
                f"{name}, SQLite and one file of 4 KiB",
                min(spent[name]),
                least,
                "a commit and a bare durable replace",
            )
            for name in ("apply", "revert")
        ]
        guard.close()
        commit.store.close()
    return rows


@contextmanager
def servers() -> Iterator[dict[str, str]]:
    """URLs of an empty store of each kind."""
    postgres, etcd = Postgres(max_connections=2 * WATCHERS + 50), Etcd()
    with tempfile.TemporaryDirectory() as folder:
        try:
            yield {
                "SQLite": f"sqlite:///{folder}/c.db",
                "PostgreSQL": postgres.url(),
                "etcd": f"{etcd.url}/bench",
            }
        finally:
            postgres.close()
            etcd.close()


def bench_servers() -> list[Row]:
    rows = []
    with servers() as urls:
        content = lines(200)
        for kind in ("PostgreSQL", "etcd"):
            store = open_store(urls[kind])
            ours, bare = best_of_each(Committing(store, content), _bare(store, content), runs=200)
            rows.append(
                compare(f"a commit of 4 KiB to {kind}", ours, bare, "a bare transaction, same client")
            )
            store.close()
    return rows


def _bare(store: Store, content: Callable[[], bytes]) -> Callable[[], object]:
    from confguard.stores.etcd import EtcdStore
    from confguard.stores.etcd_client import put
    from confguard.stores.postgres import PostgresStore
    from confguard.stores.postgres_connections import BoundedConnection

    if isinstance(store, EtcdStore):
        numbers = iter(range(10**6))
        return lambda: store._client.transaction([], [put(b"bare/%d" % next(numbers), content())])
    assert isinstance(store, PostgresStore)
    connection = BoundedConnection.connect(store.url, autocommit=True)
    connection.execute("CREATE TABLE bare (x BYTEA)")

    def insert() -> None:
        with connection.transaction():
            connection.execute("INSERT INTO bare VALUES (%s)", (content(),))

    return insert


@frozen
class _Settings:
    text: str = ""


def bench_live() -> list[Row]:
    from pydantic import create_model

    model = create_model("Model", **{f"setting_{i}": (int, 0) for i in range(200)})  # type: ignore[call-overload]

    class Plain:
        current = 1

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "settings.toml")
        path.write_bytes(lines(200)())
        cache = f"{folder}/last-good"
        guard = cg.Guard("c", model, f"sqlite:///{folder}/c.db")
        guard.apply(guard.plan(str(path), reason="start"))
        live = cg.Live(model, guard, cache=cache, interval=None)
        plain = Plain()
        plain.current = 2

        def read(holder: object) -> Callable[[], None]:
            def reads() -> None:
                for _ in range(10_000):
                    holder.current  # type: ignore[attr-defined]  # noqa: B018

            return reads

        ours, bare = best_of_each(read(live), read(plain), runs=20)
        rows = [compare("Live.current, 10,000 times", ours, bare, "a plain attribute")]
        guard.close()
        away = f"sqlite:///{folder}/no/such/folder/c.db#c"
        ours = bare = float("inf")
        for _ in range(50):
            started: list[cg.Live[object]] = []
            ours = min(ours, best(lambda: started.append(cg.Live(model, away, cache=cache)), 1))  # noqa: B023
            bare = min(bare, best(lambda: cg.load(model, str(path)), 1))
            started[0].close()
        rows.append(
            compare("start from the last known good copy, 200 values", ours, bare, "loading the file")
        )
    return rows


def bench_many(count: int = int(os.environ.get("REVISIONS", "20000"))) -> list[Row]:
    """`REVISIONS=100000 make bench ARGS=bench_many` for the figures of the documentation."""
    with tempfile.TemporaryDirectory() as folder:
        content = lines(900)
        path = f"{folder}/c.db"
        commit = Committing(open_store(f"sqlite:///{path}"), content)
        early: dict[str, float] = {}
        for done in range(0, count, 50):
            commit(50)
            if done == 950:
                early = _reading(path)
        commit.store.close()
        late = _reading(path)
        size = Path(path).stat().st_size / count
        print(
            f"{f'{count:,} revisions of 18 KiB, three values changed':<52} {size:9.0f} bytes a revision, all included"
        )
        rows: list[Row] = [{"what": "bytes a revision", "bytes": size}]
        rows += [
            compare(f"{name}, {count:,} revisions", late[name], early[name], "the same at 1,000")
            for name in early
        ]
        rows.append(_any_revision(folder, path, count, content))
    return rows


def _reading(path: str) -> dict[str, float]:
    store = open_store(f"sqlite:///{path}")
    made = {
        "head": best(lambda: store.head("c"), 200),
        "newest page of 50": best(lambda: store.history("c", 50), 50),
    }
    store.close()
    return made


def _any_revision(folder: str, path: str, count: int, content: Callable[[], bytes]) -> Row:
    """The median of revisions drawn at random, against whole blobs drawn at random from a table of them."""
    floor = sqlite3.connect(f"{folder}/floor.db")
    floor.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, x BLOB)")
    floor.executemany("INSERT INTO t (x) VALUES (?)", ((content(),) for _ in range(5000)))
    floor.commit()
    store = open_store(f"sqlite:///{path}")
    chance = random.Random(2)
    ours = [best(lambda: store.get("c", chance.randrange(1, count + 1)).content, 1) for _ in range(3000)]
    query = "SELECT x FROM t WHERE id = ?"
    bare = [
        best(lambda: floor.execute(query, (chance.randrange(1, 5001),)).fetchone(), 1) for _ in range(3000)
    ]
    floor.close()
    store.close()
    return compare("any revision, median", statistics.median(ours), statistics.median(bare), "a bare blob")


def bench_watch(watchers: int = WATCHERS) -> list[Row]:
    """From a commit to the settings in so many processes: the 95th percentile."""
    rows: list[Row] = []
    with servers() as urls:
        for kind, url in urls.items():
            waits = sorted(_told(url, watchers))
            late = waits[int(len(waits) * 0.95) - 1]
            median = statistics.median(waits)
            what = f"{kind}: from a commit to {watchers} watching processes"
            print(f"{what:<52} {median * 1000:9.0f} ms median, {late * 1000:.0f} ms at 95 %")
            rows.append({"what": what, "median_ms": median * 1000, "p95_ms": late * 1000})
    return rows


def _told(url: str, watchers: int, rounds: int = 5) -> list[float]:
    """Seconds from just before an apply until each process holds what was applied."""
    guard = cg.Guard("c", store=url, format="toml", policy=ANY)
    guard.apply(guard.plan({"text": "start"}, reason="start"))
    reading, writing = os.pipe()
    children = [_watcher(url, reading, writing) for _ in range(watchers)]
    os.close(writing)
    waits = []
    with os.fdopen(reading) as pipe:
        for _ in range(watchers):
            pipe.readline()
        time.sleep(1)
        for _ in range(rounds):
            guard.apply(guard.plan({"text": repr(time.monotonic())}, reason="next"))
            waits += [float(pipe.readline()) for _ in range(watchers)]
            time.sleep(0.5)
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    guard.close()
    return waits


def _watcher(url: str, reading: int, writing: int) -> int:
    child = os.fork()
    if child:
        return child
    try:
        _watch(url, reading, writing)
    finally:
        os._exit(1)


def _watch(url: str, reading: int, writing: int) -> None:
    os.close(reading)
    live = cg.Live(_Settings, f"{url}#c", interval=60)
    live.subscribe(
        lambda update: os.write(writing, f"{time.monotonic() - float(update.after.text)}\n".encode())
    )
    os.write(writing, b"ready\n")
    while True:
        time.sleep(60)
