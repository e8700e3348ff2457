"""Files as targets: atomic, durable, with mode, owner and links kept."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import confguard as cg
from appending import append
from confguard.documents.layout import Layout
from confguard.errors import RefusedError, StoreBusyError, TargetError
from confguard.stores import Draft, PlaceState
from confguard.targets import CallbackTarget, FileSet, FileTarget, as_reload, write_durably
from confguard.targets.locking import alone
from conftest import as_a_user
from sets import content_of

ANY = cg.Policy(review=101, block=101)


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


NAMES = ("a.toml", "b.toml")


def held(root: str = "set") -> list[bytes]:
    return [Path(root, name).read_bytes() for name in NAMES]


def both(content: bytes) -> bytes:
    return content_of(FileSet("set", NAMES), content)


def test_a_set_switches_as_one(folder: Path) -> None:
    target = FileSet("set", NAMES)
    assert (target.read(), target.littered()) == (None, False)
    staged = target.stage(both(b"x = 1\n"))
    assert target.read() is None
    assert target.littered()
    staged.commit()
    assert (target.read(), held(), target.littered()) == (both(b"x = 1\n"), [b"x = 1\n"] * 2, False)
    assert stat.S_IMODE(Path("set").stat().st_mode) == 0o700
    Path("set/a.toml").chmod(0o640)
    second = target.stage(both(b"x = 2\n"))
    assert held() == [b"x = 1\n"] * 2
    opened = os.open("set/..data", os.O_RDONLY)
    second.commit()
    assert held() == [b"x = 2\n"] * 2
    os.close(opened)
    assert stat.S_IMODE(Path("set/a.toml").stat().st_mode) == 0o640
    assert sorted(path.name for path in Path("set").iterdir() if path.name.startswith("..")) == sorted(
        ["..data", str(Path("set/..data").readlink())]
    )


@pytest.mark.slow  # it reads for a second
def test_readers_of_a_set_never_see_two_revisions(folder: Path) -> None:
    target = FileSet("set", NAMES)
    target.stage(both(b"0")).commit()
    torn, done = [], threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                root = os.open("set/..data", os.O_RDONLY | os.O_DIRECTORY)
            except FileNotFoundError:
                continue
            try:
                seen = []
                for name in NAMES:
                    with os.fdopen(os.open(name, os.O_RDONLY, dir_fd=root), "rb") as file:
                        seen.append(file.read())
            except FileNotFoundError:  # it was removed in the meantime: begin again
                continue
            finally:
                os.close(root)
            if seen[0] != seen[1]:
                torn.append(seen)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(150):
        target.stage(both(b"%d" % number)).commit()
    done.set()
    for reader in readers:
        reader.join()
    assert not torn


def test_a_set_whose_files_are_edited_or_missing(folder: Path) -> None:
    target = FileSet("set", NAMES)
    guard = cg.Guard("c", files=NAMES, targets=[target], policy=ANY)
    guard.apply(guard.plan({"a.toml": {"x": 1}, "b.toml": {"x": 2}}, reason="one"))
    assert held() == [b"x = 1\n", b"x = 2\n"]
    Path("set/b.toml").write_bytes(b"x = 3\n")
    (drifted,) = guard.drift()
    assert (drifted.what, drifted.target) == ("1 value differs", "set")
    assert drifted.since is not None
    guard.close()
    Path("set/..data/b.toml").unlink()
    assert target.read() == Layout(NAMES).content({"a.toml": b"x = 1\n"})
    Path("set/..data/a.toml").unlink()
    assert target.read() is None
    grown = FileSet("set", (*NAMES, "c.toml"))
    grown.stage(content_of(grown, b"x = 3\n")).commit()
    assert grown.read() == content_of(grown, b"x = 3\n")


def test_a_set_sweeps_what_was_left_behind(folder: Path) -> None:
    target = FileSet("set", NAMES)
    target.stage(both(b"x = 1\n")).commit()
    waiting = target.stage(both(b"x = 2\n"))
    Path("set/..confguard-0123.link").symlink_to("nowhere")
    Path("set/gone.toml").symlink_to("..data/gone.toml")
    target.clean()
    assert not target.littered()
    waiting.commit()  # by somebody who was slow: written again
    assert target.read() == both(b"x = 2\n")
    waiting.discard()
    assert target.read() == both(b"x = 2\n")
    target.stage(both(b"x = 3\n")).discard()
    assert not target.littered()


def test_sets_that_cannot_be(folder: Path) -> None:
    for names in (["a//b"], [".."], ["..data"], [""], ["/a"]):
        with pytest.raises(TargetError, match="not a file's name"):
            FileSet("set", names)
    with pytest.raises(TargetError, match="cannot be written: No such file"):
        FileSet("no/such/set", NAMES).stage(both(b"x"))
    Path("plain").write_text("")
    with pytest.raises(TargetError, match="cannot be written"):
        FileSet("plain", NAMES).stage(both(b"x"))


def test_a_template_is_no_target_and_its_marks_are_left_alone(folder: Path) -> None:
    with pytest.raises(TargetError, match="is a template by its name"):
        FileTarget("auth.toml.j2")
    text = b"x = '{{ secret }} ${HOME} $(id) %(name)s <%= 1 %>'\n"
    FileTarget("auth.toml").stage(text).commit()
    assert Path("auth.toml").read_bytes() == text


def test_a_callback_that_raises_undoes_the_apply() -> None:
    target = CallbackTarget("limits", {}.__getitem__)
    with pytest.raises(TargetError, match="target limits: KeyError"):
        target.stage(b"x").commit()
    assert target.read() is None
    assert not target.littered()
    target.clean()
    assert CallbackTarget("limits", print, lambda: b"y").read() == b"y"


def test_only_one_writes_to_a_folder_at_a_time(folder: Path) -> None:
    inside, most = 0, 0
    counting = threading.Lock()

    def work() -> None:
        nonlocal inside, most
        with alone([folder]):
            with counting:
                inside += 1
                most = max(most, inside)
            time.sleep(0.01)
            with counting:
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    with (
        alone([folder]),
        pytest.raises(StoreBusyError, match=r"another process has been writing to it for 0\.1"),
    ):
        alone([folder], 0.1).__enter__()
    with pytest.raises(TargetError, match="cannot be opened"):
        alone([Path("nowhere")]).__enter__()
    with alone([]), alone([]):
        pass


class Service:
    """A process that notes the signals it gets."""

    def __enter__(self) -> Service:
        code = (
            "import signal, time, os, pathlib\n"
            "signal.signal(signal.SIGHUP, lambda *_: os.system('cp a.toml reloaded'))\n"
            "pathlib.Path('pid').write_text(f'{os.getpid()}\\n')\n"
            "while True: time.sleep(0.05)\n"
        )
        self.process = subprocess.Popen([sys.executable, "-c", code])
        end = time.monotonic() + 20
        while not Path("pid").exists() or not Path("pid").read_text().strip():
            assert time.monotonic() < end
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()


def test_a_service_is_told_by_a_signal(folder: Path) -> None:
    with Service():
        guard = cg.Guard("a", targets=["a.toml"], policy=ANY, reload=[{"pid_file": "pid", "signal": "HUP"}])
        guard.apply(guard.plan({"x": 1}, reason="one"))
        end = time.monotonic() + 10
        while not Path("reloaded").exists() or Path("reloaded").read_text() != "x = 1\n":
            assert time.monotonic() < end
            time.sleep(0.01)


def answering(status: int) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.server.asked.append(self.path)  # type: ignore[attr-defined]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"the new settings are wrong")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server


@pytest.mark.parametrize("status", [204, 500])
def test_a_service_is_told_by_a_request(folder: Path, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # nothing stands in between
    server = answering(status)
    url = f"http://127.0.0.1:{server.server_address[1]}/reload"
    try:
        if status == 204:
            as_reload(url).tell()
        else:
            with pytest.raises(TargetError, match="status 500: the new settings are wrong"):
                as_reload(url).tell()
        assert server.asked == ["/reload"]  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
    with pytest.raises(TargetError, match="refused"):
        as_reload(url).tell()


def test_a_reload_that_fails_reverts(folder: Path) -> None:
    """The service refuses settings without `x`: it says so when it is told."""
    told = [sys.executable, "-c", "import sys; sys.exit('x' not in open('a.toml').read() and 'x is missing')"]
    guard = cg.Guard("a", targets=["a.toml"], policy=ANY, reload=[told])
    guard.apply(guard.plan({"x": 1}, reason="one"))
    with pytest.raises(
        RefusedError, match="(?s)taken back: reload.*ended with 1: x is missing.*its service was told"
    ):
        guard.apply(guard.plan({"y": 1}, reason="two"))
    assert Path("a.toml").read_text() == "x = 1\n"
    head = guard.head()
    assert head is not None
    assert (head.number, head.reverts, head.data) == (3, 1, {"x": 1})
    assert guard.drift() == ()
    assert guard.place.state() == PlaceState(3, 3, 3)


def test_a_reload_that_was_cut_off_is_done_by_recover(folder: Path) -> None:
    """The file is in place, the service was not told."""
    told = [sys.executable, "-c", "open('told', 'a').write('.')"]
    guard = cg.Guard("a", targets=["a.toml"], policy=ANY)
    place = cg.Guard("a", targets=["a.toml"], policy=ANY, reload=[told]).place.key
    guard.apply(guard.plan({"x": 1}, reason="one"))
    draft = Draft(content=b"x = 2\n", format="toml", author="a", reason="b", created_at=datetime.now(UTC))
    append(guard.store, "a", [draft], expect=1, place=place)
    FileTarget("a.toml").stage(b"x = 2\n").commit()
    opened = cg.Guard("a", targets=["a.toml"], policy=ANY, reload=[told])
    assert not Path("told").exists()
    assert [each.what for each in opened.recover()] == ["written"]
    assert Path("told").read_text() == "."
    assert opened.recover() == ()
    assert Path("told").read_text() == "."


def test_an_answer_that_is_none(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"what?\r\n\r\n")

        answering = threading.Thread(target=answer)
        answering.start()
        with pytest.raises(TargetError, match=r"reload .POST http://127\.0\.0\.1:"):
            as_reload(f"http://127.0.0.1:{port}/").tell()
        answering.join()


@pytest.mark.parametrize(
    ("like", "says"),
    [
        ({"pid_file": "none"}, "SIGHUP to none.*No such file"),
        ({"pid_file": "empty"}, "SIGHUP to empty"),
        ({"pid_file": "zero"}, "0 is not a service's process"),
        ({"pid_file": "gone", "signal": "USR1"}, "SIGUSR1 to gone.*No such process"),
        ({"systemd": "no-such-unit.service"}, "systemctl reload no-such-unit.service"),
        ({"command": ["no-such-program"]}, "No such file"),
        ({"command": ["sleep", "9"], "timeout": "100ms"}, "did not end within 100ms"),
        ({"url": "http://127.0.0.1:9/reload", "method": "PUT"}, "PUT http://127.0.0.1:9/reload"),
    ],
)
def test_services_that_cannot_be_told(folder: Path, like: dict[str, object], says: str) -> None:
    Path("empty").touch()
    Path("zero").write_text("0")
    Path("gone").write_text("4194300")
    with pytest.raises(TargetError, match=says):
        as_reload(like).tell()


@pytest.mark.parametrize(
    ("like", "says"),
    [
        ({"pid_file": "x", "signal": "HPU"}, "no signal 'HPU' .did you mean 'HUP'"),
        ({"pid_file": "x", "sginal": "HUP"}, "unknown key 'sginal' of a reload .did you mean 'signal'"),
        ({"url": "ftp://x"}, "not an http or https URL"),
        ({"systemd": "--now"}, "not a unit's name"),
        ({"command": "nginx -s reload"}, "a command is a list"),
        ({"what": 1}, "needs one of pid_file, command, url, systemd"),
    ],
)
def test_reloads_that_mean_nothing(like: dict[str, object], says: str) -> None:
    with pytest.raises(TargetError, match=says):
        as_reload(like)
