"""What a service sees when the store's history is not what it was: backups, replicas, other stores, and silence."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import confguard as cg
from confguard.cli import main
from confguard.stores.selecting import find
from confguard.stores.sqlite import MemoryStore
from test_live import ANY, Pool, eventually


def guard_at(store: Any, name: str = "pool") -> cg.Guard:
    return cg.Guard(name, store=store, format="toml", policy=ANY)


def change(guard: cg.Guard, *sizes: int) -> None:
    for size in sizes:
        guard.apply(guard.plan({"size": size}, reason="other"))


def restored(backup: Path, file: Path) -> None:
    """As people restore one: the old files are moved away, the backup is put in their place."""
    for each in file.parent.glob(f"{file.name}*"):
        each.rename(file.parent / f"old-{each.name}")
    shutil.copy(backup, file)


@pytest.fixture
def backup(folder: Path) -> Path:
    """A store with a revision 2; the store goes on to 3, a backup keeps 2."""
    guard = guard_at("sqlite:///store.db")
    change(guard, 1, 2)
    guard.close()
    shutil.copy("store.db", "backup.db")
    guard = guard_at("sqlite:///store.db")
    change(guard, 3)
    guard.close()
    return folder / "backup.db"


@pytest.mark.parametrize("interval", [0.2, None])
def test_a_restored_backup_with_another_revision_of_the_same_number_is_taken_and_said(
    backup: Path, interval: float | None
) -> None:
    with cg.Live(Pool, "sqlite:///store.db#pool", interval=interval) as live:
        assert (live.current, live.revision) == (Pool(3), 3)
        restored(backup, Path("store.db").absolute())
        change(guard_at("sqlite:///store.db"), 33)
        live.refresh()
        eventually(lambda: live.current == Pool(33))
        assert live.revision == 3
        assert "history was replaced: revision 3, which was in force, is not in it" in str(live.problem)
        change(guard_at("sqlite:///store.db"), 34)
        live.refresh()
        eventually(lambda: live.current == Pool(34) and live.problem is None)


@pytest.mark.slow
def test_a_history_that_went_back_is_believed_when_it_stays_so(backup: Path) -> None:
    guard = guard_at("sqlite:///store.db")
    with cg.Live(Pool, guard, interval=0.3) as live:
        change(guard, 4)
        eventually(lambda: live.current == Pool(4))
        restored(backup, Path("store.db").absolute())
        eventually(lambda: live.current == Pool(2))
        assert "history was replaced" in str(live.problem)
    guard.close()


def test_a_guard_writes_to_no_file_that_was_replaced(backup: Path) -> None:
    guard = guard_at("sqlite:///store.db")
    change(guard, 4)
    plan = guard.plan({"size": 5}, reason="planned before")
    restored(backup, Path("store.db").absolute())
    change(guard_at("sqlite:///store.db"), 33, 34)
    assert guard.head().data == {"size": 34}
    with pytest.raises(cg.ConflictError, match="history was replaced"):
        guard.apply(plan)
    change(guard, 6)
    assert guard_at("sqlite:///store.db").verify() == 5


def test_a_copy_that_is_newer_than_the_store_is_said(backup: Path) -> None:
    with cg.Live(Pool, "sqlite:///store.db#pool", cache="copy", interval=None):
        pass
    restored(backup, Path("store.db").absolute())
    with cg.Live(Pool, "sqlite:///store.db#pool", cache="copy", interval=None) as live:
        assert live.current == Pool(2)
        assert (
            f"revision 3 of sqlite:///{backup.with_name('store.db')}, is not in the store's history"
            in str(live.problem)
        )
        assert "the store's newest is 2" in str(live.problem)
    with cg.Live(Pool, "sqlite:///store.db#pool", cache="copy", interval=None) as live:
        assert live.problem is None


def test_a_copy_of_another_store_is_said(backup: Path) -> None:
    change(guard_at("sqlite:///other.db"), 7)
    with cg.Live(Pool, "sqlite:///other.db#pool", cache="copy", interval=None):
        pass
    with cg.Live(Pool, "sqlite:///store.db#pool", cache="copy", interval=None) as live:
        assert live.current == Pool(3)
        assert (
            f"revision 1 of sqlite:///{backup.with_name('other.db')}, is not in the store's history"
            in str(live.problem)
        )
    with cg.Live(Pool, "sqlite:///other.db#pool", cache="copy", interval=None):
        pass
    Path("store.db").write_bytes(b"gone" * 100)
    with cg.Live(Pool, "sqlite:///store.db#pool", cache="copy", interval=None) as live:
        assert live.current == Pool(7)
        assert f"came from sqlite:///{backup.with_name('other.db')}" in str(live.problem)


def test_a_copy_knows_its_store_however_that_is_named(backup: Path) -> None:
    guard = guard_at(backup.with_name("store.db"))
    with cg.Live(Pool, guard, cache="copy", interval=None):
        pass
    guard.close()
    Path("store.db").write_bytes(b"gone" * 100)
    with cg.Live(Pool, "sqlite:///store.db#pool", cache="copy", interval=None) as live:
        assert live.current == Pool(3)
        assert "came from" not in str(live.problem)


def test_a_copy_tells_no_password(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    change(guard_at(store), 1)
    monkeypatch.setattr("confguard.live.feeds.open_store", lambda url: store)
    with cg.Live(Pool, "postgresql://app:hunter2@db/main#pool", cache="copy", interval=None):
        pass
    assert b"hunter2" not in Path("copy").read_bytes()
    assert b"postgresql://app" in Path("copy").read_bytes()


class Silent(MemoryStore):
    """A store that does not answer once it is told so: a server that froze, a firewall that drops."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = threading.Event()
        self.answers.set()

    def head(self, config: str) -> Any:
        self.answers.wait(60)
        return super().head(config)

    def watch(self, config: str, stop: threading.Event, patience: float) -> Iterator[None]:
        for _ in super().watch(config, stop, patience):
            self.answers.wait(60)
            yield None


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[Silent]:
    monkeypatch.setattr("confguard.live.feeds.StoredFeed.patience", 0.3)
    monkeypatch.setattr("confguard.live.settings._GRACE", 0.2)
    store = Silent()
    change(guard_at(store), 1)
    yield store
    store.answers.set()


@pytest.mark.slow
def test_silence_is_a_problem_within_the_interval_and_its_bound(silent: Silent) -> None:
    with cg.Live(Pool, guard_at(silent), interval=0.2) as live:
        eventually(lambda: live.age < timedelta(seconds=0.2))
        silent.answers.clear()
        eventually(lambda: "has not answered for" in str(live.problem))
        begun = time.monotonic()
        assert not live.refresh()
        assert time.monotonic() - begun < 5, "bounded, whatever the source does"
        silent.answers.set()
        change(guard_at(silent), 2)
        eventually(lambda: live.current == Pool(2) and live.problem is None)


@pytest.mark.slow
def test_nothing_hangs_where_nothing_is_followed(silent: Silent) -> None:
    live = cg.Live(Pool, guard_at(silent), interval=None)
    silent.answers.clear()
    for _ in range(3):
        assert not live.refresh()
        assert "has not" in str(live.problem)
    live.close()
    silent.answers.set()


def test_the_age_is_never_negative_whatever_the_clock_does(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryStore()
    change(guard_at(store), 1)
    with cg.Live(Pool, guard_at(store), cache="copy", interval=None) as live:
        ages = [live.age]
        monkeypatch.setattr("confguard.live.settings._now", lambda: live.since - timedelta(days=1))
        ages.append(live.age)
        assert live.refresh() is False
        assert timedelta() <= live.age < timedelta(seconds=10)
        assert timedelta() <= ages[0] <= ages[1] < timedelta(seconds=10)
    Path("broken.db").write_bytes(b"gone" * 100)
    with cg.Live(Pool, "sqlite:///broken.db#pool", cache="copy", interval=None) as later:
        assert later.age >= timedelta(), "the copy was kept in the future"


class Awaited:
    """An object whose call is a coroutine."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    async def __call__(self, update: cg.Update[Pool]) -> None:
        await asyncio.sleep(0)
        self.sizes.append(update.after.size)


def test_a_subscriber_whose_call_is_a_coroutine_is_awaited_or_refused() -> None:
    store = MemoryStore()
    guard = guard_at(store)
    change(guard, 1)
    awaited, partly = Awaited(), Awaited()
    with cg.Live(Pool, guard, interval=None) as live:
        for subscriber in (awaited, partial(partly), partial(awaited.__call__)):
            with pytest.raises(RuntimeError, match="within the event loop that runs it"):
                live.subscribe(subscriber)

        async def within() -> None:
            live.subscribe(awaited)
            live.subscribe(partial(partly))
            change(guard, 2)
            await asyncio.to_thread(live.refresh)
            for _ in range(100):
                if awaited.sizes and partly.sizes:
                    return
                await asyncio.sleep(0.02)

        asyncio.run(within())
    assert awaited.sizes == partly.sizes == [2]


def test_going_back_to_a_time_is_by_the_order_of_revisions_and_not_by_clocks_that_disagree() -> None:
    """The second writer's clock is an hour behind: what it wrote is later all the same."""
    now = [datetime(2026, 1, 1, 12, tzinfo=UTC)]
    store = MemoryStore()
    guard = cg.Guard("pool", store=store, format="toml", policy=ANY, clock=lambda: now[0])
    change(guard, 1)
    now[0] += timedelta(hours=-1)
    change(guard, 2)
    now[0] += timedelta(hours=3)
    change(guard, 3)
    assert [each.number for each in guard.history()] == [3, 2, 1]
    noon = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)
    assert find(store, "pool", noon).number == 2, "the newest that says to be of then, or before"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("happened", "code", "says"),
    [
        ("nothing", 0, ""),
        (
            "restored",
            1,
            "revision 3 of .*Z is not in the store's history: that was replaced; its newest is 2",
        ),
        ("restored, and went on", 1, "revision 3 of .*Z is not in the store's history: .* newest is 4"),
        (
            "another store",
            1,
            "revision 3 of .*Z came from another store, sqlite:///.*/store.db, .* newest is 1",
        ),
        ("moved", 0, ""),
        ("behind", 0, "revision 3 of .*Z, and the head is 4"),
        ("damaged", 1, "is not a last known good copy|is not what was kept"),
        ("empty store", 1, "revision 3 of .*Z is not in the store's history: .*, which has no revision"),
    ],
)
def test_status_compares_the_copies_of_services_with_the_store(
    backup: Path, capsys: pytest.CaptureFixture[str], happened: str, code: int, says: str
) -> None:
    """What is edited by hand and what a restored backup lost look alike in a target; a copy knows its digest."""
    project = '[configs.pool]\nformat = "toml"\ncopies = ["last-good", "of-a-service-that-never-ran"]\n'
    store = {"another store": "other.db", "moved": "moved.db"}.get(happened, "store.db")
    Path("confguard.toml").write_text(f'store = "sqlite:///{store}"\n{project}')
    with cg.Live(Pool, "sqlite:///store.db#pool", cache="last-good", interval=None):
        pass
    if happened.startswith("restored"):
        restored(backup, Path("store.db").absolute())
    if happened == "restored, and went on":
        change(guard_at("sqlite:///store.db"), 33, 34)
    if happened == "behind":
        change(guard_at("sqlite:///store.db"), 4)
    if happened == "another store":
        change(guard_at("sqlite:///other.db"), 7)
    if happened == "moved":
        Path("store.db").rename("moved.db")
    if happened == "damaged":
        Path("last-good").write_bytes(Path("last-good").read_bytes()[:-1])
    if happened == "empty store":
        Path("store.db").unlink()
    ended = main(["status"])
    told = " ".join(capsys.readouterr().out.split())
    assert ended == code, told
    assert re.search(f"last known good copy last-good: ({says})" if says else r"\A((?!last-good).)*\Z", told)
    main(["status", "--format", "json"])
    first, other = json.loads(capsys.readouterr().out)[0]["copies"]
    assert (first["problem"] is None) == (code == 0)
    assert (other["revision"], other["problem"]) == (None, None)
