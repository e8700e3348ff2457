"""The last known good copy: only of what was valid, and only where it is ours. And reading makes no store."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from attrs import frozen

import confguard as cg
from confguard.targets import files
from test_live import ANY, Pool

LAZY = "opening a store makes its file until that is left to the first write"


@pytest.fixture
def guard(folder: Path) -> cg.Guard:
    guard = cg.Guard("pool", format="toml", policy=ANY)
    guard.apply(guard.plan({"size": 32}, reason="start"))
    return guard


def look(guard: cg.Guard, cache: str = "copy") -> cg.Live[Pool]:
    live = cg.Live(Pool, guard, cache=cache, interval=None)
    live.close()
    return live


def start_without_store(cache: str = "copy") -> cg.ConfguardError:
    Path("broken.db").write_bytes(b"gone" * 100)
    with pytest.raises(cg.ConfguardError, match="not a confguard store") as caught:
        cg.Live(Pool, "sqlite:///broken.db#pool", cache=cache, interval=None)
    return caught.value


DAMAGES = {
    "cut off": lambda whole: whole[:-3],
    "another value": lambda whole: whole.replace(b"size = 32", b"size = 99"),
    "appended to": lambda whole: whole + b"size = 99\n",
    "empty": lambda _: b"",
    "zeros after a crash": lambda whole: b"\0" * len(whole),
    "half a head": lambda whole: whole[:20],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_copy_is_said_and_not_used_and_replaced_by_what_is_valid(
    guard: cg.Guard, damage: str
) -> None:
    look(guard)
    whole = Path("copy").read_bytes()
    Path("copy").write_bytes(DAMAGES[damage](whole))
    assert "copy" in str(start_without_store().hint)
    live = look(guard)
    assert live.current == Pool(32)
    assert "copy: is no" in str(live.problem)
    assert look(guard).problem is None
    assert Path("copy").read_bytes().endswith(b"size = 32\n")


FOREIGN = {
    "the copy of another config": lambda whole: whole.replace(b'"pool"', b'"pond"'),
    "a settings file": lambda _: b"size = 32\n",
    "json": lambda _: b'{"size": 32}',
    "binary": lambda _: bytes(range(256)),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_is_not_ours_is_said_and_neither_used_nor_written_over(guard: cg.Guard, kind: str) -> None:
    look(guard)
    foreign = FOREIGN[kind](Path("copy").read_bytes())
    Path("copy").write_bytes(foreign)
    assert "copy" in str(start_without_store().hint)
    live = look(guard)
    assert live.current == Pool(32)
    assert "the last known good copy cannot be kept" in str(live.problem)
    assert Path("copy").read_bytes() == foreign


def test_a_copy_beside_its_own_file_does_not_replace_it(folder: Path) -> None:
    Path("pool.toml").write_text("size = 1\n")
    with cg.Live(Pool, "pool.toml", cache="pool.toml", interval=None, quiet=0.02) as live:
        assert "is not replaced" in str(live.problem)
    assert Path("pool.toml").read_text() == "size = 1\n"


@pytest.mark.parametrize("kind", ["a folder", "a pipe"])
def test_a_copy_that_cannot_be_read_keeps_nobody_from_starting(guard: cg.Guard, kind: str) -> None:
    Path("copy").mkdir() if kind == "a folder" else os.mkfifo("copy")
    live = look(guard)
    assert live.current == Pool(32)
    assert "copy" in str(live.problem)
    assert "copy" in str(start_without_store().hint)


def test_a_copy_that_does_not_fit_the_schema_any_more_is_said(guard: cg.Guard) -> None:
    @frozen
    class Newer:
        threads: int

    look(guard)
    Path("broken.db").write_bytes(b"gone" * 100)
    with pytest.raises(cg.StoreError, match="not a confguard store") as caught:
        cg.Live(Newer, "sqlite:///broken.db#pool", cache="copy", interval=None)
    assert "does not fit the schema" in str(caught.value.hint)


@pytest.mark.parametrize("data", [{"size": "many"}, {"sise": 3}])
def test_what_does_not_fit_never_replaces_the_copy(guard: cg.Guard, data: dict[str, object]) -> None:
    with cg.Live(Pool, guard, cache="copy", interval=None) as live:
        kept = Path("copy").read_bytes()
        guard.apply(guard.plan(data, reason="a slip"))
        assert not live.refresh()
        assert Path("copy").read_bytes() == kept


def test_the_copy_is_written_durably(guard: cg.Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    real = os.fsync
    monkeypatch.setattr(
        files.os, "fsync", lambda descriptor: (synced.append(descriptor), real(descriptor))[1]
    )
    look(guard)
    assert len(synced) >= 2  # the file, and the folder that its name stands in


def test_an_empty_revision_in_a_store_was_applied_by_somebody(guard: cg.Guard) -> None:
    with cg.Live(Pool, guard, cache="copy", interval=None) as live:
        guard.apply(guard.plan({}, reason="all defaults"))
        assert live.refresh()
        assert (live.current, live.problem) == (Pool(), None)
    start = cg.Live(Pool, guard, cache="copy", interval=None)
    assert start.current == Pool()
    start.close()


def test_the_copy_of_a_file_named_otherwise_is_its_own(folder: Path) -> None:
    Path("pool.toml").write_text("size = 1\n")
    cg.Live(Pool, "pool.toml", cache="copy", interval=None, quiet=0.02).close()
    Path("pool.toml").unlink()
    with cg.Live(Pool, folder / "pool.toml", cache="copy", interval=None, quiet=0.02) as live:
        assert live.current == Pool(1)


@pytest.mark.parametrize("place", ["nowhere.db", "no/nowhere.db", "no/such/nowhere.db"])
def test_a_reader_makes_no_store(folder: Path, place: str) -> None:
    with pytest.raises(cg.ConfguardError):
        cg.Live(Pool, f"sqlite:///{place}#pool")
    assert os.listdir(".") == []


def test_a_reader_that_goes_on_looking_makes_no_store(guard: cg.Guard) -> None:
    look(guard)
    guard.close()
    for name in os.listdir("."):
        if name.startswith("confguard.db"):
            Path(name).unlink()
    with cg.Live(Pool, "sqlite:///confguard.db#pool", cache="copy", interval=0.05) as live:
        assert live.current == Pool(32)
        for _ in range(3):
            live.refresh()
        assert live.problem
    assert os.listdir(".") == ["copy"]
