"""Live settings from a file: never an empty one, never one that is being written."""

from __future__ import annotations

import itertools
import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st

import confguard as cg
from confguard.errors import DocumentError
from confguard.live.files import FileFeed
from conftest import examples, sampled
from test_live import eventually


@frozen
class Pool:
    size: int = 64
    wait: int = 5
    name: str = "main"


SOMETHING = {
    "toml": "size = 32\n",
    "yaml": "size: 32\n",
    "json": '{"size": 32}\n',
    "jsonc": '{"size": 32} // enough\n',
    "env": "size=32\n",
    "properties": "size = 32\n",
}
COMMENT = {"toml": "# x", "yaml": "# x", "json": "", "jsonc": "// x", "env": "# x", "properties": "! x"}
NOTHING = [
    *itertools.product(SOMETHING, ("", " \n\t\n", "\ufeff")),
    *((name, f"{comment}\n") for name, comment in COMMENT.items()),
    ("yaml", "---\n"),
    ("yaml", "null\n"),
    ("json", "{}"),
    ("json", "null"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("format", "text"), NOTHING)
def test_a_file_without_settings_is_not_taken_after_one_with_some(
    folder: Path, format: str, text: str
) -> None:
    file = Path(f"pool.{format}")
    file.write_text(SOMETHING[format])
    with cg.Live(Pool, file, cache="copy", interval=None, quiet=0.02) as live:
        kept = Path("copy").read_bytes()
        file.write_text(text)
        assert not live.refresh()
        assert live.current == Pool(32)
        assert f"{file}:" in str(live.problem)
        assert "is empty" in str(live.problem)
        assert Path("copy").read_bytes() == kept
        file.write_text(SOMETHING[format].replace("32", "30"))
        assert live.refresh()
        assert (live.current, live.problem) == (Pool(30), None)


def gone() -> None:
    Path("pool.toml").unlink()


def moved_with_its_folder() -> None:
    Path("pool.toml").rename("away")


def a_folder_now() -> None:
    gone()
    Path("pool.toml").mkdir()


def a_pipe_now() -> None:
    gone()
    os.mkfifo("pool.toml")


def a_dangling_link_now() -> None:
    gone()
    Path("pool.toml").symlink_to("nowhere")


def zeros_after_a_crash() -> None:
    Path("pool.toml").write_bytes(b"\0" * 10)


@pytest.mark.parametrize(
    ("happens", "said"),
    [
        (gone, "is missing"),
        (moved_with_its_folder, "is missing"),
        (a_dangling_link_now, "is missing"),
        (a_folder_now, "a folder"),
        (a_pipe_now, "not a regular file"),
        (zeros_after_a_crash, "is binary"),
    ],
)
def test_a_file_that_is_none_any_more_changes_nothing(
    folder: Path, happens: Callable[[], None], said: str
) -> None:
    Path("pool.toml").write_text("size = 32\n")
    with cg.Live(Pool, "pool.toml", cache="copy", interval=None, quiet=0.02) as live:
        kept = Path("copy").read_bytes()
        happens()
        assert not live.refresh()
        assert live.current == Pool(32)
        assert said in str(live.problem)
        assert Path("copy").read_bytes() == kept


def test_a_file_of_several_documents_is_refused_as_when_it_is_loaded(folder: Path) -> None:
    Path("pool.yaml").write_text("size: 32\n")
    with cg.Live(Pool, "pool.yaml", interval=None, quiet=0.02) as live:
        Path("pool.yaml").write_text("size: 1\n---\nsize: 2\n")
        assert not live.refresh()
        assert live.current == Pool(32)
        assert "holds 2 documents, and settings are one" in str(live.problem)
    with pytest.raises(DocumentError, match="holds 2 documents"):
        cg.Live(Pool, "pool.yaml", interval=None, quiet=0.02)


def test_a_file_that_is_empty_from_the_start_is_meant(folder: Path) -> None:
    file = Path("pool.toml")
    file.write_text("# all defaults\n")
    for _ in range(2):  # the second time with a copy of it
        with cg.Live(Pool, file, cache="copy", interval=None, quiet=0.02) as live:
            assert (live.current, live.problem) == (Pool(), None)
            file.write_text("" if file.read_text() else "# still all defaults\n")
            assert live.refresh()
            assert live.problem is None
    with cg.Live(Pool, file, cache="copy", interval=None, quiet=0.02) as live:
        file.write_text("size = 1\n")
        assert live.refresh()
        file.write_text("")
        assert not live.refresh()
        assert live.current == Pool(1)


def test_an_empty_file_does_not_start_a_service_that_had_settings(folder: Path) -> None:
    file = Path("pool.toml")
    file.write_text("size = 32\n")
    cg.Live(Pool, file, cache="copy", interval=None, quiet=0.02).close()
    file.write_text("")
    with cg.Live(Pool, file, cache="copy", interval=None, quiet=0.02) as live:
        assert live.current == Pool(32)
        assert "is empty" in str(live.problem)
        file.write_text("size = 31\n")
        assert live.refresh()
        assert (live.current, live.problem) == (Pool(31), None)


def test_a_required_setting_that_is_missing_starts_nothing(folder: Path) -> None:
    @frozen
    class Strict:
        size: int

    Path("pool.toml").write_text("")
    with pytest.raises(cg.ValidationError, match="size"):
        cg.Live(Strict, "pool.toml", quiet=0.02)
    with pytest.raises(DocumentError, match="is missing"):
        cg.Live(Strict, "nowhere.toml", quiet=0.02)


# How programs save: each was seen to make somebody's watcher read nothing, or half, or never again.


def truncate_and_write(file: Path, text: str) -> None:
    file.write_text(text)


def slowly_in_pieces(file: Path, text: str) -> None:
    with file.open("w") as opened:
        for line in text.splitlines(keepends=True):
            opened.write(line)
            opened.flush()
            time.sleep(0.1)


def beside_and_renamed(file: Path, text: str) -> None:
    beside = file.with_name(f".{file.name}.tmp")
    slowly_in_pieces(beside, text)
    beside.replace(file)


def moved_away_and_written_anew(file: Path, text: str) -> None:
    file.replace(f"{file}~")
    time.sleep(0.1)
    slowly_in_pieces(file, text)


def removed_and_written_anew(file: Path, text: str) -> None:
    file.unlink()
    time.sleep(0.1)
    file.write_text(text)


def saved_twice(file: Path, text: str) -> None:
    for _ in range(2):
        file.write_text(text)
        time.sleep(0.1)


def written_over_without_truncating(file: Path, text: str) -> None:
    with file.open("r+") as opened:
        for letter in text:
            opened.write(letter)
            opened.flush()
            time.sleep(0.01)
        opened.truncate()


def copied_with_the_time_of_another(file: Path, text: str) -> None:
    slowly_in_pieces(file, text)
    os.utime(file, (1, 1))


SAVES = [
    truncate_and_write,
    slowly_in_pieces,
    beside_and_renamed,
    moved_away_and_written_anew,
    removed_and_written_anew,
    saved_twice,
    written_over_without_truncating,
    copied_with_the_time_of_another,
]


@pytest.mark.slow
@pytest.mark.parametrize("save", sampled(SAVES, 8))
@pytest.mark.parametrize("followed", sampled([True, False], 2))
def test_a_file_is_taken_whole_however_it_is_saved(
    folder: Path, save: Callable[[Path, str], None], followed: bool
) -> None:
    file = Path("pool.yaml")  # cut off at a line, it still parses, and the rest is defaults
    file.write_text("# the pool\nsize: 1\nwait: 2\nname: a\n")
    with cg.Live(Pool, file, cache="copy", interval=30 if followed else None) as live:
        told: list[cg.Update[Pool]] = []
        live.subscribe(told.append)
        time.sleep(0.1)
        saving = threading.Thread(target=save, args=(file, "# the pool\nsize: 3\nwait: 4\nname: bcdef\n"))
        saving.start()
        if not followed:
            while not live.refresh():
                assert live.current == Pool(1, 2, "a")
        eventually(lambda: told, 20)
        saving.join()
        assert [update.after for update in told] == [Pool(3, 4, "bcdef")]
        assert (live.current, live.problem) == (Pool(3, 4, "bcdef"), None)


@pytest.mark.slow
def test_a_service_that_starts_while_its_file_is_written_waits(folder: Path) -> None:
    file = Path("pool.yaml")
    file.write_text("")
    saving = threading.Thread(target=slowly_in_pieces, args=(file, "size: 3\nwait: 4\nname: b\n"))
    saving.start()
    with cg.Live(Pool, file, interval=None) as live:
        assert live.current == Pool(3, 4, "b")
    saving.join()


@pytest.mark.slow
def test_links_that_are_swapped_are_followed(folder: Path) -> None:
    """As Kubernetes mounts a ConfigMap: the file is a link through a link to a folder."""
    for number in (1, 2):
        Path(f"..{number}").mkdir()
        Path(f"..{number}/pool.toml").write_text(f"size = {number}\n")
    Path("..data").symlink_to("..1")
    Path("pool.toml").symlink_to("..data/pool.toml")
    with cg.Live(Pool, "pool.toml", interval=30, quiet=0.1) as live:
        assert live.current == Pool(1)
        Path("..data_tmp").symlink_to("..2")
        Path("..data_tmp").rename("..data")
        Path("..1/pool.toml").unlink()
        Path("..1").rmdir()
        eventually(lambda: live.current == Pool(2))
        Path("..3").mkdir()
        Path("..3/pool.toml").write_text("size = 3\n")
        Path("..data_tmp").symlink_to("..3")
        Path("..data_tmp").rename("..data")
        eventually(lambda: live.current == Pool(3))


@pytest.mark.slow  # it waits
def test_a_file_that_never_comes_to_rest_is_said_and_not_taken(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("confguard.live.files.PATIENCE", 0.5)
    file, stop = Path("pool.toml"), threading.Event()
    file.write_text("size = 1\n")

    def scribble() -> None:
        for size in itertools.count(2):
            file.write_text(f"size = {size}\n")
            if stop.wait(0.01):
                return

    with cg.Live(Pool, file, interval=None, quiet=2) as live:
        live._feed.quiet = 0.1  # type: ignore[attr-defined]
        scribbling = threading.Thread(target=scribble)
        scribbling.start()
        try:
            eventually(lambda: file.read_text() > "size = 1\n")
            assert not live.refresh()
            assert "is being written all the time" in str(live.problem)
            assert live.current == Pool(1)
        finally:
            stop.set()
            scribbling.join()
        assert live.refresh()
        assert live.problem is None


@pytest.mark.slow
def test_a_file_that_was_broken_for_long_is_taken_as_soon_as_it_is_mended(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Growing pauses are for a store that is away, not for a file that is there."""
    monkeypatch.setattr("confguard.live.settings.pauses", lambda _: itertools.repeat(600.0))
    Path("pool.toml").write_text("size = 1\n")
    with cg.Live(Pool, "pool.toml", interval=30, quiet=0.05) as live:
        for broken in ("size = \n", "size = 'x'\n", ""):
            Path("pool.toml").write_text(broken)
            eventually(lambda: live.problem)
            Path("pool.toml").write_text("size = 1\n")
            eventually(lambda: live.problem is None)


def test_a_service_that_changes_its_folder_keeps_its_file(folder: Path) -> None:
    Path("elsewhere").mkdir()
    Path("pool.toml").write_text("size = 1\n")
    with cg.Live(Pool, "pool.toml", cache="copy", interval=None, quiet=0.02) as live:
        os.chdir("elsewhere")  # as a daemon does
        Path("../pool.toml").write_text("size = 2\n")
        assert live.refresh()
        assert live.current == Pool(2)
        assert os.listdir(".") == []
    Path("../pool.toml").unlink()
    with cg.Live(Pool, folder / "pool.toml", cache="../copy", interval=None, quiet=0.02) as live:
        assert live.current == Pool(2)


class Clock:
    """A clock that moves when it is waited for, and by which a file is written."""

    def __init__(self, file: Path, steps: list[tuple[float, bytes | None]]) -> None:
        self.file, self.steps = file, steps
        self.now = self.changed_at = 1000.0
        self.due = self.now + steps[0][0]

    def wait(self, seconds: float) -> bool:
        self.now += max(seconds, 0.01)
        while self.steps and self.due <= self.now:
            _, content = self.steps.pop(0)
            if content is None:
                self.file.unlink(missing_ok=True)
            else:
                self.file.write_bytes(content)
            os.utime(self.file, (self.due, self.due)) if content is not None else None
            self.changed_at = self.due
            self.due += self.steps[0][0] if self.steps else 0
        return False


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0.05, 3),
            st.one_of(st.none(), st.sampled_from([b"", b"size = 1\n", b"size = 2\n", b"size = 3", b"# x\n"])),
        ),
        min_size=1,
        max_size=12,
    ),
    st.floats(0.1, 2),
)
def test_whatever_is_taken_was_still_for_as_long_as_was_asked(
    steps: list[tuple[float, bytes | None]], quiet: float
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        file = Path(folder) / "pool.toml"
        file.write_bytes(b"size = 0\n")
        clock = Clock(file, list(steps))
        moments = SimpleNamespace(monotonic=lambda: clock.now, time=lambda: 0.0)
        patched.setattr("confguard.live.files.time", moments)
        feed = FileFeed((str(file),), quiet)
        held = b""
        while clock.steps:
            try:
                seen = feed.look(None, clock)  # type: ignore[arg-type]
            except DocumentError:
                clock.wait(0.1)
                continue
            assert seen is not None
            assert file.read_bytes() == seen.document.content
            assert seen.document.content == held or clock.now - clock.changed_at >= quiet - 1e-6
            held = seen.document.content
            clock.wait(0.1)
