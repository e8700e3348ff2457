"""Stores: one conformance suite and one stateful machine, over every store; and SQLite's own promises."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import confguard as cg
from confguard.errors import StoreBusyError, StoreError
from confguard.stores import Draft, PendingBake, Store, open_store
from confguard.stores.chain import verify_chain
from confguard.stores.sqlite import SqliteStore

NOW = datetime(2026, 1, 18, 8, 45, tzinfo=UTC)


def draft(content: bytes = b"a = 1\n", **more: object) -> Draft:
    return Draft(content=content, format="toml", author="ana", reason="test", created_at=NOW, **more)  # type: ignore[arg-type]


@pytest.fixture(params=["memory://", "sqlite:///store.db"])
def store(request: pytest.FixtureRequest, folder: Path) -> Iterator[Store]:
    opened = open_store(request.param)
    yield opened
    opened.close()


def test_revisions_are_numbered_and_chained(store: Store) -> None:
    first, second = store.append("a", [draft(b"x = 1"), draft(b"x = 2")], expect=0)
    (third,) = store.append("a", [draft(b"x = 3", reverts=1, override="o", approved_by="ben")], expect=2)
    assert [first.number, second.number, third.number] == [1, 2, 3]
    assert (second.parent, third.parent) == (first.digest, second.digest)
    assert store.head("a") == third == store.get("a", 3)
    assert [revision.number for revision in store.history("a")] == [3, 2, 1]
    assert [revision.number for revision in store.history("a", 2)] == [3, 2]
    assert store.verify("a") == 3
    assert (third.data, third.text, third.reverts, third.approved_by) == ({"x": 3}, "x = 3", 1, "ben")


def test_configs_are_apart(store: Store) -> None:
    store.append("a", [draft()], expect=0)
    store.append("b", [draft()], expect=0)
    assert store.configs() == ["a", "b"]
    assert store.head("c") is None
    assert store.verify("c") == 0


def test_the_head_must_be_the_one_that_was_expected(store: Store) -> None:
    store.append("a", [draft()], expect=0)
    for expect in (0, 2):
        with pytest.raises(cg.ConflictError, match=f"planned on revision {expect}, now 1, by ana: test"):
            store.append("a", [draft()], expect=expect)
    assert store.verify("a") == 1


def test_a_revision_that_is_not_there(store: Store) -> None:
    store.append("a", [draft()], expect=0)
    for number in (0, 2, -1):
        with pytest.raises(cg.NotFoundError, match=f"no revision {number}"):
            store.get("a", number)


def test_what_was_appended_is_unsettled_until_published(store: Store) -> None:
    store.append("a", [draft()], expect=0)
    assert store.unsettled("a")
    with pytest.raises(RuntimeError):
        store.publish("a", _fail)
    assert store.unsettled("a")
    seen: list[int] = []
    store.publish("a", lambda head: seen.append(head.number))
    assert (seen, store.unsettled("a")) == ([1], False)
    store.publish("none", _fail)


def _fail(_: object) -> None:
    raise RuntimeError("the target is gone")


def test_a_bake_is_begun_with_its_revision_and_ends_once(store: Store) -> None:
    bake = PendingBake(1, NOW, NOW + timedelta(seconds=30))
    store.append("a", [draft()], expect=0, bake=bake)
    assert store.pending_bake("a") == bake
    assert not store.settle_bake("a", 2)
    assert store.settle_bake("a", 1)
    assert not store.settle_bake("a", 1)
    store.append("a", [draft()], expect=1, bake=attrs.evolve(bake, revision=2))
    store.append("a", [draft()], expect=2)
    assert store.pending_bake("a") is None


class Machine(RuleBasedStateMachine):
    """Any sequence of calls, held against a plain list."""

    url = "memory://"

    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory()
        self.store = self.opened()
        self.model: list[bytes] = []
        self.digests: list[str] = []
        self.settled = True

    def opened(self) -> Store:
        return open_store(self.url.format(folder=self.folder.name))

    @rule(contents=st.lists(st.binary(max_size=40), min_size=1, max_size=3), off=st.integers(-1, 1))
    def append(self, contents: list[bytes], off: int) -> None:
        drafts = [draft(content) for content in contents]
        if off:
            with pytest.raises(cg.ConflictError):
                self.store.append("c", drafts, expect=len(self.model) + off)
            return
        made = self.store.append("c", drafts, expect=len(self.model))
        self.model += contents
        self.digests += [revision.digest for revision in made]
        self.settled = False

    @rule()
    def publish(self) -> None:
        seen: list[bytes] = []
        self.store.publish("c", lambda head: seen.append(head.content))
        assert seen == self.model[-1:]
        self.settled = True

    @rule()
    @precondition(lambda self: "sqlite" in self.url)
    def reopen(self) -> None:
        self.store.close()
        self.store = self.opened()

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "store"):
            return
        history = self.store.history("c")[::-1]
        assert [revision.content for revision in history] == self.model
        assert [revision.digest for revision in history] == self.digests
        assert self.store.verify("c") == len(self.model)
        assert self.store.unsettled("c") is not self.settled

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()


class SqliteMachine(Machine):
    url = "sqlite:///{folder}/store.db"


TestMemoryMachine = Machine.TestCase
TestSqliteMachine = SqliteMachine.TestCase
TestMemoryMachine.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
TestSqliteMachine.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)


@pytest.fixture
def sqlite_store(folder: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore("store.db", busy_seconds=0.1)
    yield opened
    opened.close()


def test_the_file_is_private_and_durable(sqlite_store: SqliteStore) -> None:
    assert stat.S_IMODE(sqlite_store.path.stat().st_mode) == 0o600
    with sqlite3.connect("store.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
    assert sqlite_store._connection.execute("PRAGMA synchronous").fetchone() == (2,)


@pytest.mark.parametrize("statement", ["UPDATE revision SET author = 'eve'", "DELETE FROM revision"])
def test_history_is_final(sqlite_store: SqliteStore, statement: str) -> None:
    sqlite_store.append("a", [draft()], expect=0)
    with (
        sqlite3.connect("store.db") as connection,
        pytest.raises(sqlite3.IntegrityError, match="history is final"),
    ):
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("tampering", "says"),
    [
        ("UPDATE revision SET content = x'00' WHERE number = 2", "revision 2 of 'a' is not what was written"),
        ("UPDATE revision SET author = 'eve' WHERE number = 1", "revision 1 of 'a' is not what was written"),
        (
            "UPDATE revision SET created_at = 'then' WHERE number = 3",
            "revision 3 of 'a' is not what was written",
        ),
        ("DELETE FROM revision WHERE number = 2", "revision 2 of 'a' is missing"),
        ("UPDATE revision SET digest = 'x', parent = 'y' WHERE number = 2", "revision 2"),
    ],
)
def test_verify_names_the_first_bad_link(sqlite_store: SqliteStore, tampering: str, says: str) -> None:
    sqlite_store.append("a", [draft(b"x = %d" % n) for n in range(3)], expect=0)
    with sqlite3.connect("store.db") as connection:
        connection.execute("DROP TRIGGER revision_is_final")
        connection.execute("DROP TRIGGER revision_stays")
        connection.execute(tampering)
    connection.close()
    with pytest.raises(cg.IntegrityError, match=says):
        sqlite_store.verify("a")


def test_a_chain_that_was_forked_is_found() -> None:
    memory = open_store("memory://")
    memory.append("a", [draft(b"x = 1"), draft(b"x = 2")], expect=0)
    other = open_store("memory://")
    other.append("a", [draft(b"y = 1"), draft(b"y = 2")], expect=0)
    with pytest.raises(cg.IntegrityError, match="does not follow"):
        verify_chain("a", [memory.get("a", 1), other.get("a", 2)])


def test_a_damaged_page_is_found(folder: Path) -> None:
    store = SqliteStore("store.db")
    store.append("a", [draft(os.urandom(20_000)) for _ in range(20)], expect=0)
    store.close()
    size = Path("store.db").stat().st_size
    with Path("store.db").open("r+b") as file:
        file.seek(4096 * 2)
        file.write(b"\xff" * min(40_960, size - 8192))
    with pytest.raises(cg.StoreError):
        SqliteStore("store.db").verify("a")


def test_a_locked_store_is_busy_after_a_bounded_wait(sqlite_store: SqliteStore) -> None:
    other = sqlite3.connect("store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusyError, match=r"another process has held it for 0\.1 seconds"):
        sqlite_store.append("a", [draft()], expect=0)
    assert sqlite_store.head("a") is None
    other.close()
    sqlite_store.append("a", [draft()], expect=0)


def test_a_foreign_database_is_left_alone(folder: Path) -> None:
    with sqlite3.connect("other.db") as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    before = Path("other.db").read_bytes()
    with pytest.raises(StoreError, match="a database of another program"):
        SqliteStore("other.db")
    assert Path("other.db").read_bytes() == before


def test_a_newer_store_is_refused(sqlite_store: SqliteStore) -> None:
    sqlite_store._connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match=r"made by a newer confguard \(layout 99"):
        SqliteStore("store.db")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Path("store.db").write_bytes(b"not a database at all " * 50), "not a confguard store"),
        (lambda: Path("store.db").mkdir(), "cannot be opened|unable to open"),
    ],
)
def test_what_is_no_database(folder: Path, make: object, says: str) -> None:
    make()  # type: ignore[operator]
    with pytest.raises(StoreError, match=says):
        SqliteStore("store.db")


def test_a_folder_that_is_not_there(folder: Path) -> None:
    SqliteStore("new/store.db").close()
    assert stat.S_IMODE(Path("new").stat().st_mode) == 0o700
    with pytest.raises(StoreError, match="cannot be opened: No such file or directory"):
        SqliteStore("no/such/store.db")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "postgres:///x", "x", "memory:"])
def test_urls_that_name_no_store(url: str) -> None:
    with pytest.raises(StoreError, match="unknown store"):
        open_store(url)


def test_threads_share_one_store(sqlite_store: SqliteStore) -> None:
    won: list[int] = []

    def work(number: int) -> None:
        while True:
            head = sqlite_store.head("a")
            try:
                made = sqlite_store.append("a", [draft(b"%d" % number)], expect=head.number if head else 0)
            except (cg.ConflictError, StoreBusyError):
                continue
            won.append(made[0].number)
            return

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == list(range(1, 17))
    assert sqlite_store.verify("a") == 16


def test_a_forked_child_opens_the_store_anew(sqlite_store: SqliteStore) -> None:
    sqlite_store.append("a", [draft()], expect=0)
    child = os.fork()
    if child == 0:
        try:
            sqlite_store.append("a", [draft(b"child = 1")], expect=1)
            os._exit(0)
        except BaseException:  # noqa: BLE001
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    assert sqlite_store.verify("a") == 2


def test_a_full_disk_loses_nothing(folder: Path) -> None:
    store = SqliteStore("store.db")
    store.append("a", [draft()], expect=0)
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="full") as caught:
        store.append("a", [draft(b"x" * 100_000)], expect=1)
    assert "make room" in str(caught.value.hint)
    assert store.verify("a") == 1
    store.close()
