"""Writing over a file in place: what it promises, and what an interrupted write leaves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import confguard as cg
from confguard.errors import TargetError
from confguard.targets import FileSet, FileTarget
from conftest import examples, unmeasured
from machine import in_mounts, mounts
from servers import needed

ANY = cg.Policy(review=101, block=101)
BLOCK = 512
texts = st.one_of(
    st.binary(max_size=40),
    st.integers(0, 2500).map(lambda size: (b"setting = 1\n" * 220)[:size]),
    st.integers(0, 2500).map(lambda size: (b"another = 22\n" * 220)[:size]),
)


def in_place(path: str = "a.toml") -> FileTarget:
    return FileTarget(path, in_place=True)


@mounts
@pytest.mark.slow
def test_a_mounted_file_is_written_over_where_that_is_asked_for(folder: Path) -> None:
    Path("source").write_text("x = 0\n# a long comment that is cut off\n")
    Path("a.toml").touch()
    code = """
target = FileTarget("a.toml", in_place=True)
guard = cg.Guard("a", store="memory://", targets=[target], policy=cg.Policy(review=101, block=101))
for number in (1, 2):
    guard.apply(guard.plan({"x": number}, reason="r"))
print(open("a.toml").read(), end="")
guard.revert(reason="back")
print(open("a.toml").read(), end="")
"""
    assert in_mounts("mount --bind source a.toml", code) == "x = 2\nx = 1\n"
    assert Path("source").read_text() == "x = 1\n"
    assert Path("a.toml").read_text() == ""
    assert sorted(os.listdir()) == ["a.toml", "source"]


@given(before=texts, wanted=texts)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_stays_the_same_file(folder: Path, before: bytes, wanted: bytes) -> None:
    Path("a.toml").write_bytes(before)
    number = Path("a.toml").stat().st_ino
    staged = in_place().stage(wanted)
    assert Path("a.toml").read_bytes() == before
    assert not in_place().littered()
    staged.discard()
    staged.commit()
    assert (Path("a.toml").read_bytes(), Path("a.toml").stat().st_ino) == (wanted, number)
    assert os.listdir() == ["a.toml"]


def test_a_file_that_is_new_is_made_as_any_other(folder: Path) -> None:
    staged = in_place().stage(b"x")
    assert in_place().read() is None
    assert in_place().littered()
    staged.commit()
    assert (in_place().read(), in_place().littered()) == (b"x", False)


class Recorder:
    """What a commit asks the system for, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[int, bytes] | int] = []
        pwrite, ftruncate = os.pwrite, os.ftruncate

        def write(descriptor: int, data: Any, at: int) -> int:
            self.calls.append((at, bytes(data)))
            return pwrite(descriptor, data, at)

        def truncate(descriptor: int, size: int) -> None:
            self.calls.append(size)
            ftruncate(descriptor, size)

        monkeypatch.setattr(os, "pwrite", write)
        monkeypatch.setattr(os, "ftruncate", truncate)


def written(content: bytes, at: int, data: bytes) -> bytes:
    return content[:at].ljust(at, b"\0") + data + content[at + len(data) :] if data else content


def recorded(before: bytes, wanted: bytes) -> list[tuple[int, bytes] | int]:
    Path("a.toml").write_bytes(before)
    with pytest.MonkeyPatch.context() as patch:
        recorder = Recorder(patch)
        in_place().stage(wanted).commit()
    return recorder.calls


@given(before=texts, wanted=texts, draw=st.data())
@example(before=b"a = 1\n", wanted=b"a = 1\nb = 2\n", draw=None)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(80))
def test_what_a_kill_leaves_is_known(folder: Path, before: bytes, wanted: bytes, draw: Any) -> None:
    """The system may stop a write after any byte."""
    content = before
    for call in recorded(before, wanted):
        if isinstance(call, int):
            content = content[:call].ljust(call, b"\0")
        else:
            at, data = call
            sizes = (
                range(len(data) + 1)
                if draw is None
                else draw.draw(st.lists(st.integers(0, len(data)), max_size=5))
            )
            for size in sizes:
                left = written(content, at, data[:size])
                assert in_place().torn(left, before, wanted) == (left not in (before, wanted))
            content = written(content, at, data)
    assert content == wanted


@given(before=texts, wanted=texts, draw=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(80))
def test_what_a_power_failure_leaves_is_known(folder: Path, before: bytes, wanted: bytes, draw: Any) -> None:
    """Any of the blocks that were written, in any order, and the new size or the old one."""
    size = len(wanted) if draw.draw(st.booleans()) else max(len(before), len(wanted))
    left, old = bytearray(), before.ljust(size, b"\0")
    done = before
    for call in recorded(before, wanted):
        if not isinstance(call, int):
            done = written(done, *call)
    for at in range(0, size, BLOCK):
        left += draw.draw(st.sampled_from([old, done, (before + wanted[len(before) :]).ljust(size, b"\0")]))[
            :size
        ][at : at + BLOCK]
    assert in_place().torn(bytes(left), before, wanted) == (bytes(left) not in (before, wanted))


@given(before=texts, wanted=texts, at=st.integers(0, 3000), byte=st.integers(1, 255))
def test_what_somebody_wrote_is_not_taken_for_it(before: bytes, wanted: bytes, at: int, byte: int) -> None:
    """A byte that neither has there: nobody but a person wrote it."""
    for whole in (before, wanted):
        if at < len(whole) and byte not in (before[at : at + 1] + wanted[at : at + 1]):
            edited = bytearray(whole)
            edited[at] = byte
            assert not in_place().torn(bytes(edited), before, wanted)


def test_hand_edits_and_whole_files_are_not_torn() -> None:
    before, wanted = b"pool = 10\ntimeout = 2\n", b"pool = 64\ntimeout = 30\n"
    target = in_place()
    for held in (
        before,
        wanted,
        b"",
        b"pool = 99\ntimeout = 2\n",
        before + b"more = 1\n",
        wanted + b"\n",
        before[:-3],
    ):
        assert not target.torn(held, before, wanted), held
    assert target.torn(wanted[:10] + before[10:], before, wanted)
    assert target.torn(b"pool", None, b"pool = 1\n")
    for atomic in (FileTarget("a.toml"), FileSet("set", ["a"])):
        assert not atomic.torn(wanted[:10] + before[10:], before, wanted)


SIZE = 3 * 1024 * 1024
KILLED = f"""
import sys
from pathlib import Path
from confguard.targets import FileTarget
Path("a.toml").write_bytes(bytes([98]) * {SIZE})
FileTarget("a.toml", in_place=True).stage(bytes([119]) * int(sys.argv[1])).commit()
"""


@pytest.mark.slow
@pytest.mark.parametrize("size", [SIZE // 2, 2 * SIZE])
@pytest.mark.parametrize("call", ["pwrite64", "ftruncate", "fsync"])
def test_kills_at_each_call(folder: Path, size: int, call: str) -> None:
    for number in (1, 2):
        command = [
            needed("strace"),
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            f"inject={call}:signal=KILL:when={number}",
        ]
        ended = subprocess.run(
            [*command, sys.executable, "-c", KILLED, str(size)],
            env=unmeasured(),
            capture_output=True,
            text=True,
        )
        assert ended.returncode in (0, -9), ended.stderr
        held, before, wanted = Path("a.toml").read_bytes(), b"b" * SIZE, b"w" * size
        assert held in (before, wanted) or in_place().torn(held, before, wanted)
        assert os.listdir() == ["a.toml"]


@mounts
def test_a_disk_that_fills_up_while_it_is_written_leaves_the_old_bytes(folder: Path) -> None:
    """There was room when it was staged."""
    Path("small").mkdir()
    shell = "mount -t tmpfs -o size=128k tmpfs small; printf 'old bytes' > small/a.toml"
    code = """
target = FileTarget("small/a.toml", in_place=True)
staged = target.stage(b"x" * 60_000)
open("small/other", "wb").write(b"y" * 110_000)
try:
    staged.commit()
except TargetError as error:
    print(error, "|", error.hint)
print(target.read())
"""
    said, held = in_mounts(shell, code).splitlines()
    assert "cannot be written over: No space left on device | make room" in said
    assert held == "b'old bytes'"


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError])
@pytest.mark.parametrize("wanted", [b"longer than it was\n", b"short\n", b"same\n"])
def test_whatever_stops_it_puts_the_old_bytes_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch, stop: type[BaseException], wanted: bytes
) -> None:
    Path("a.toml").write_bytes(b"old bytes\n")
    staged = in_place().stage(wanted)
    fsync, calls = os.fsync, []

    def stopped(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 1:
            raise stop
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", stopped)
    with pytest.raises(TargetError if stop is OSError else stop):
        staged.commit()
    assert Path("a.toml").read_bytes() == b"old bytes\n"


def test_a_disk_that_fails_for_good_is_said_to_hold_a_mixture(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("a.toml").write_bytes(b"old bytes\n")
    staged = in_place().stage(b"new bytes\n")

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(TargetError, match="old bytes mixed, and neither can be written: Input/output error"):
        staged.commit()


def test_a_file_that_went_away(folder: Path) -> None:
    Path("a.toml").touch()
    staged = in_place().stage(b"x")
    Path("a.toml").unlink()
    with pytest.raises(TargetError, match=r"target a\.toml: cannot be written over: No such file"):
        staged.commit()


def test_a_file_system_that_has_no_size_has_room(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.toml").touch()
    values = list(os.statvfs("."))
    values[2:5] = [0, 0, 0]
    monkeypatch.setattr(os, "fstatvfs", lambda _: os.statvfs_result(values))
    in_place().stage(b"x" * 10_000).commit()


def test_a_flag_that_is_none() -> None:
    with pytest.raises(TargetError, match="in_place 'yes': expected true or false"):
        FileTarget("a.toml", in_place="yes")  # type: ignore[arg-type]
