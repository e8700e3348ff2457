"""Files as targets: atomic, durable, with mode, owner and links kept."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from confguard.errors import TargetError
from confguard.targets import FileTarget, write_durably
from conftest import as_a_user


def litter(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if "confguard-staged" in name]


def test_what_is_staged_shows_only_when_committed(folder: Path) -> None:
    target = FileTarget("a.toml")
    assert target.read() is None
    staged = target.stage(b"a = 1\n")
    assert target.read() is None
    assert target.littered()
    staged.commit()
    assert target.read() == b"a = 1\n"
    assert not litter(folder)


def test_a_new_file_is_private_and_an_old_one_keeps_its_mode(folder: Path) -> None:
    write_durably(Path("new"), b"x")
    assert stat.S_IMODE(Path("new").stat().st_mode) == 0o600
    Path("old").touch()
    Path("old").chmod(0o644)
    write_durably(Path("old"), b"x")
    assert stat.S_IMODE(Path("old").stat().st_mode) == 0o644


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_an_old_file_keeps_its_owner(folder: Path) -> None:
    Path("old").touch()
    os.chown("old", 1234, 1234)
    write_durably(Path("old"), b"x")
    assert (Path("old").stat().st_uid, Path("old").stat().st_gid) == (1234, 1234)


def test_a_link_stays_a_link(folder: Path) -> None:
    Path("real").mkdir()
    Path("real/a.toml").write_text("old")
    Path("a.toml").symlink_to("real/a.toml")
    write_durably(Path("a.toml"), b"new")
    assert Path("a.toml").is_symlink()
    assert Path("real/a.toml").read_text() == "new"


def test_discarding_leaves_no_trace(folder: Path) -> None:
    staged = FileTarget("a.toml").stage(b"x")
    staged.discard()
    staged.discard()
    assert not os.listdir(folder)


def test_what_was_taken_for_litter_is_written_again(folder: Path) -> None:
    target = FileTarget("a.toml")
    staged = target.stage(b"x")
    target.clean()
    assert not litter(folder)
    staged.commit()
    assert target.read() == b"x"


@pytest.mark.parametrize(
    ("make", "says", "hint"),
    [
        (lambda: None, "No such file or directory", "mkdir -p"),
        (lambda: Path("x").write_text("a file"), "Not a directory", None),
        (lambda: Path("x/a.toml").mkdir(parents=True), "a folder|regular file", None),
    ],
)
def test_a_target_that_cannot_be_written(folder: Path, make: object, says: str, hint: str | None) -> None:
    make()  # type: ignore[operator]
    with pytest.raises(TargetError, match=says) as caught:
        FileTarget("x/a.toml").stage(b"x")
    assert hint is None or hint in str(caught.value.hint)
    with pytest.raises(TargetError):
        write_durably(Path("x/a.toml"), b"x")


def test_a_target_that_cannot_be_read(folder: Path) -> None:
    Path("a.toml").mkdir()
    with pytest.raises(TargetError, match="is a folder"):
        FileTarget("a.toml").read()
    assert not FileTarget("no/such/a.toml").littered()


def test_a_folder_that_may_not_be_written(shared_folder: Path) -> None:
    Path("x").mkdir(mode=0o555)
    with as_a_user(), pytest.raises(TargetError, match="Permission denied") as caught:
        FileTarget("x/a.toml").stage(b"x")
    assert "may not write to" in str(caught.value.hint)


def test_a_rename_that_fails_leaves_the_old_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.toml").write_text("old")
    staged = FileTarget("a.toml").stage(b"new")

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(TargetError, match="cannot be replaced: Input/output error"):
        staged.commit()
    assert Path("a.toml").read_text() == "old"


def test_a_disk_that_fills_up_leaves_no_half_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(TargetError, match="No space left"):
        FileTarget("a.toml").stage(b"new")
    monkeypatch.undo()
    assert not os.listdir(folder)
