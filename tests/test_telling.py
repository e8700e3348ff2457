"""Telling services and asking them: what commands, servers and pid files do in the world.

The situations are those of public reports, named beside each; the inputs were written anew.
"""

from __future__ import annotations

import base64
import gc
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

import confguard as cg
from confguard.errors import ProjectError, RefusedError, TargetError
from confguard.project import load_project
from confguard.rollout import CallableProbe, CommandProbe, Counts, HttpCounts, HttpProbe
from confguard.rollout.probes import as_probe, ask
from confguard.targets import (
    CallbackTarget,
    CommandReload,
    HttpReload,
    SignalReload,
    SystemdReload,
    as_reload,
    processes,
)
from confguard.targets.addresses import address_of
from confguard.targets.commands import run
from confguard.targets.concealing import concealed_words
from confguard.targets.reload import tell
from conftest import sampled, unmeasured
from servers import until

SECRET = "s3cr3t/w@rd"
LOGIN = f"ana:{quote(SECRET, safe='')}"


def failure(tell: Callable[[], object]) -> TargetError:
    """How telling fails: with a `TargetError` that holds no secret, wherever one looks."""
    with pytest.raises(TargetError) as caught:
        tell()
    said = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + str(caught.value.hint)
    error: BaseException | None = caught.value
    while error is not None:
        said += f"{error} {error.args} {vars(error)}"
        error = error.__cause__ or error.__context__
    for form in (
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET),
        base64.b64encode(f"ana:{SECRET}".encode()).decode(),
    ):
        assert form not in said.replace(f'LOGIN = f"ana:{form}', "")
    return caught.value


def is_alive(process: int) -> bool:
    """Is it there, and no zombie?"""
    try:
        return Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()[0] not in {b"Z", b"X"}
    except OSError:
        return False


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def numbers(folder: Path) -> Iterator[Callable[[str], int]]:
    """Process numbers that commands wrote into files; what is still alive at the end is ended."""
    found: list[int] = []

    def number(file: str) -> int:
        until(lambda: Path(file).exists() and Path(file).read_text().strip(), what=file)
        found.append(int(Path(file).read_text()))
        return found[-1]

    yield number
    for each in found:
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


# Commands


def test_a_daemon_that_keeps_its_output_open_is_no_time_out(numbers: Callable[[str], int]) -> None:
    """IPC-Run#167, BrowserSkill#55: the output never ends, the command did."""
    CommandReload(["sh", "-c", "sleep 60 & echo $! > daemon"], timeout="30s").tell()
    assert is_alive(numbers("daemon"))
    assert CommandProbe(["sh", "-c", "sleep 60 & echo $! > second"], timeout="30s").check() is None
    assert is_alive(numbers("second"))


def test_a_daemon_that_goes_on_printing_lives_on(numbers: Callable[[str], int]) -> None:
    """agent-orchestrator#3182, agent-id#80: once nobody reads what it prints, its next line kills it."""
    loop = "while :; do echo some line of a log; echo . >> beats; sleep 0.01; done"
    CommandReload(["sh", "-c", f"({loop}) & echo $! > daemon"]).tell()
    daemon = numbers("daemon")

    def beats() -> int:
        return Path("beats").stat().st_size if Path("beats").exists() else 0

    before = beats()
    until(lambda: beats() > before + 40, what="the daemon goes on")
    assert is_alive(daemon)


def test_a_daemon_that_prints_much_never_blocks_and_leaves_no_file(numbers: Callable[[str], int]) -> None:
    loop = (
        "i=0; while [ $i -lt 20 ]; do head -c 100000 /dev/zero; echo . >> beats; i=$((i+1)); done; sleep 60"
    )
    CommandReload(["sh", "-c", f"({loop}) & echo $! > daemon"]).tell()
    daemon = numbers("daemon")
    until(lambda: Path("beats").exists() and Path("beats").stat().st_size == 40, what="it printed 2 MB")
    assert not [each for each in Path(f"/proc/{daemon}/fd").iterdir() if "deleted" in str(each.readlink())]


def test_gigabytes_fill_neither_disk_nor_memory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(folder))
    ended = run(["sh", "-c", "head -c 300000000 /dev/zero; echo the end; exit 3"], as_probe(["x"]).timeout)  # type: ignore[attr-defined]
    assert ended.problem == "ended with 3"
    assert ended.output.endswith("the end")
    assert len(ended.output) < 5_000
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "printed", [rb"\377\376 no", rb"\300\200", rb"\033[2J\007", rb"a\000b", rb"\342\202"]
)
def test_any_bytes_may_come(printed: bytes) -> None:
    """confd#346."""
    script = f"printf '{printed.decode()}'; exit 1"
    error = failure(CommandReload(["sh", "-c", script]).tell)
    assert ": ended with 1: " in str(error)
    assert str(error).isprintable()
    answer = CommandProbe(["sh", "-c", script]).check()
    assert answer is not None
    assert answer.startswith("ended with 1: ")
    assert answer.isprintable()


@pytest.mark.parametrize(
    "leader", sampled(["exec sleep 60", "trap '' TERM; sleep 60; sleep 60", "sleep 60 & wait"], 3)
)
@pytest.mark.slow
def test_what_hangs_is_ended_with_all_that_it_started(leader: str, numbers: Callable[[str], int]) -> None:
    """consul-template#1666, kubernetes#124226, containerd#4594: the shell is killed, what it started lives on."""
    script = f"(trap '' TERM; echo $$ > group; sleep 60 & echo $! > child; wait) & {leader}"
    error = failure(CommandReload(["sh", "-c", script], timeout="1s").tell)
    assert "did not end within 1s" in str(error)
    assert error.hint
    child = numbers("child")
    until(lambda: not is_alive(child), what="the child is gone")


@pytest.mark.slow
def test_an_orderly_end_is_waited_for(folder: Path) -> None:
    script = "trap 'sleep 0.2; echo done > orderly; exit 0' TERM; while :; do sleep 0.05; done"
    assert CommandProbe(["sh", "-c", script], timeout="1s").check() == "did not end within 1s"
    assert Path("orderly").read_text() == "done\n"


@pytest.mark.parametrize("interrupt", sampled([KeyboardInterrupt, SystemExit], 2))
@pytest.mark.slow
def test_an_interrupt_ends_the_command(interrupt: type[BaseException], numbers: Callable[[str], int]) -> None:
    """consul#2053: the watcher is stopped, the script lives on."""

    def handler(*_: object) -> None:
        raise interrupt

    def once_it_runs() -> None:
        until(lambda: Path("child").exists())
        os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, handler)
    sender = threading.Thread(target=once_it_runs)
    try:
        sender.start()
        with pytest.raises(interrupt):
            CommandReload(["sh", "-c", "sleep 60 & echo $! > child; wait"]).tell()
    finally:
        sender.join()
        signal.signal(signal.SIGUSR1, before)
    child = numbers("child")
    until(lambda: not is_alive(child), what="the child is gone")


@pytest.mark.slow
def test_nothing_is_left_of_commands(folder: Path) -> None:
    """kubernetes#81042: zombies and open files pile up until the machine is full."""

    def mine() -> tuple[int, list[str]]:
        gc.collect()
        children = [
            each.parent.name
            for each in Path("/proc").glob("[0-9]*/stat")
            if _text(each).rpartition(")")[2].split()[1:2] == [str(os.getpid())]
        ]
        return len(os.listdir("/proc/self/fd")), children

    before = mine()
    for command in (["true"], ["false"], ["sleep", "60"], ["no-such-program"], ["sh", "-c", "sleep 0.1 &"]):
        for _ in range(5):
            CommandProbe(command, timeout="50ms").check()
    files, children = mine()
    assert files <= before[0]
    assert set(children) <= set(before[1])


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""


def test_death_by_a_signal_is_said(folder: Path) -> None:
    assert "was killed by SIGKILL: bye" in str(
        failure(CommandReload(["sh", "-c", "echo bye; kill -9 $$"]).tell)
    )
    assert CommandProbe(["sh", "-c", "kill -SEGV $$"]).check() == "was killed by SIGSEGV"


def test_a_command_reads_nothing_and_knows_who_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONFGUARD_TELLING", raising=False)
    CommandReload(["sh", "-c", 'read x; test -z "$x" && test "$CONFGUARD_TELLING" = 1']).tell()
    assert CommandProbe(["sh", "-c", 'test -z "$CONFGUARD_TELLING"']).check() is None
    CommandReload(
        [sys.executable, "-c", "import os; assert os.getsid(0) == os.getpid() == os.getpgid(0)"]
    ).tell()


def test_programs_that_cannot_be_run(folder: Path) -> None:
    Path("plain").write_text("#!/bin/sh\n")
    Path("lost").write_text("#!/no/such/interpreter\n")
    Path("lost").chmod(0o755)
    Path("headless").write_bytes(b"\0\1\2 no program")
    Path("headless").chmod(0o755)
    for command, says, hint in (
        ("no-such-program", "No such file", "is 'no-such-program' installed"),
        ("nginx -s reload", "No such file", "an item of its own"),
        ("./plain", "Permission denied", "chmod"),
        ("./lost", "No such file", "first line"),
        ("./headless", "Exec format error", "#!/bin/sh"),
        (".", "Permission denied", "chmod"),
    ):
        error = failure(CommandReload([command]).tell)
        assert f"reload ({command}): cannot be run: {says}" in str(error)
        assert hint in str(error.hint)
        answer = CommandProbe([command]).check()
        assert answer is not None
        assert answer.startswith(f"cannot be run: {says}")


WRONG: list[object] = [
    [],
    [""],
    [" "],
    ["a", 3],
    [None],
    ["a", b"b"],
    ["a\0b"],
    ["a", "\ud800"],
    "nginx -s reload",
    b"a",
    5,
]


@pytest.mark.parametrize("command", WRONG)
def test_a_command_that_is_none_is_refused_at_once(command: Any) -> None:
    with pytest.raises(TargetError) as caught:
        CommandReload(command)
    assert str(caught.value).isprintable()
    with pytest.raises(ValueError, match=r".+"):
        CommandProbe(command)
    with pytest.raises(TargetError):
        as_reload({"command": command})


@pytest.mark.parametrize("timeout", ["soon", 0, -1, "2d", float("nan"), None, True, [1]])
def test_a_time_limit_that_is_none_is_refused_at_once(timeout: Any) -> None:
    for make in (
        lambda: as_reload({"command": ["true"], "timeout": timeout}),
        lambda: as_reload({"url": "http://h/", "timeout": timeout}),
        lambda: as_reload({"systemd": "a.service", "timeout": timeout}),
    ):
        with pytest.raises(TargetError, match="timeout"):
            make()
    for kind, what in ((CommandProbe, ["true"]), (HttpProbe, "http://h/"), (CallableProbe, bool)):
        with pytest.raises(ValueError, match="timeout"):
            kind(what, timeout=timeout)  # type: ignore[operator]


@pytest.mark.parametrize(
    "line",
    [
        "reload = [[]]",
        'reload = [[""]]',
        'reload = ["nginx -s reload"]',
        "reload = [7]",
        'reload = [{ command = ["a"], timeout = "soon" }]',
        "reload = [{ pid_file = 7 }]",
        f'reload = ["http://{LOGIN}#@h/"]',
        "probes = [[]]",
        f'probes = ["http://ana:{SECRET}@h/"]',
    ],
)
def test_the_project_file_says_so(folder: Path, line: str) -> None:
    Path("confguard.toml").write_text(f'[configs.a]\nfiles = ["a.toml"]\n{line}\n')
    with pytest.raises(ProjectError, match=r"confguard.toml:3:\d+: configs.a.\w+\[0\]") as caught:
        load_project(Path("confguard.toml"))
    assert "(" in str(caught.value)  # what to write instead
    assert "w@rd" not in str(caught.value)
    assert "cr3t" not in str(caught.value)


# HTTP

Talk = Callable[[socket.socket], None]


@contextmanager
def server(talk: Talk, family: socket.AddressFamily = socket.AF_INET) -> Iterator[str]:
    """A server that talks to everybody as it is told to, and gives its address."""
    host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
    listening = socket.create_server((host, 0), family=family)
    threads: list[threading.Thread] = []

    def one(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            talk(connection)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threads.append(threading.Thread(target=one, args=[connection], daemon=True))
                threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        port = listening.getsockname()[1]
        yield f"[::1]:{port}" if ":" in host else f"127.0.0.1:{port}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for thread in [accepting, *threads]:
            thread.join(20)


def saying(answer: bytes, asked: list[bytes] | None = None) -> Talk:
    """Hears a request, and says one thing."""

    def talk(connection: socket.socket) -> None:
        heard = b""
        while b"\r\n\r\n" not in heard:
            piece = connection.recv(65_536)
            if not piece:
                return
            heard += piece
        if asked is not None:
            asked.append(heard)
        connection.sendall(answer)

    return talk


def dripping(first: bytes, drop: bytes) -> Talk:
    """Says something, and then one more drop as long as anybody is there."""

    def talk(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(first)
        while True:
            connection.sendall(drop)
            time.sleep(0.02)

    return talk


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_tells_nobody_and_is_not_healthy(status: int) -> None:
    """prometheus-operator#5473, kubernetes#61831: a page for logging in, which answers 200."""
    asked: list[bytes] = []
    where = f"http://sso.example/login?token={SECRET}"
    with server(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", asked)) as login:
        answer = (
            f"HTTP/1.1 {status} Found\r\nLocation: http://{login}/?next=%2F&token=s3cr3tw0rd\r\n\r\n".encode()
        )
        with server(saying(answer, asked)) as host:
            error = failure(HttpReload(f"http://{host}/-/reload").tell)
            assert f"status {status}: it leads to http://{login}/" in str(error)
            assert "user:password@" in str(error.hint)
            found = HttpProbe(f"http://{host}/healthz").check()
            assert found is not None
            assert found.startswith(f"answered {status} Found: it leads to http://{login}/")
            assert "s3cr3tw0rd" not in str(error) + found
            assert where not in found
    assert len(asked) == 2


def test_a_redirect_that_leads_nowhere() -> None:
    with server(saying(b"HTTP/1.1 302\r\n\r\n")) as host:
        assert "status 302" in str(failure(HttpReload(f"http://{host}/").tell))
        assert HttpProbe(f"http://{host}/").check() == "answered 302"


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("talk", "says"),
    [
        (dripping(b"", b"H"), "did not answer within 300ms"),
        (dripping(OK, b"X"), "did not answer within 300ms"),
        (dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "did not answer within 300ms"),
        pytest.param(
            dripping(OK + b"Content-Length: 100000\r\n\r\n", b"a"),
            "answered 200, but not in full within 1s",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
            "not in full within 1s",
            marks=pytest.mark.slow,
        ),
        pytest.param(dripping(OK + b"\r\n", b"a"), "not in full within 1s", marks=pytest.mark.slow),
        pytest.param(lambda connection: time.sleep(1), "did not answer within 300ms", marks=pytest.mark.slow),
        (lambda connection: None, "did not answer"),
        (saying(b""), "did not answer: it closed the connection"),
        (saying(b"what?\r\n\r\n"), "did not answer: what it sent is not HTTP"),
        (saying(b"HTTP/1.1 9 x\r\n\r\n"), "did not answer"),
        (saying(OK + b"Content-Length: 10\r\n\r\nabc"), "answered 200, but not in full"),
        (saying(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"), "answered 200, but not in full"),
        (saying(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nab"), "answered 200, but not in full"),
        (saying(OK + b"A: b\r\n" * 500 + b"\r\n"), "did not answer: got more than 100 headers"),
        (saying(OK + b"A: " + b"b" * 100_000 + b"\r\n\r\n"), "did not answer"),
    ],
)
def test_one_deadline_for_the_whole_question(talk: Talk, says: str) -> None:
    """mise#10920: a time-out that begins anew at every byte never comes."""
    timeout = says.partition("within ")[2] or "60s"
    with server(talk) as host:
        error = failure(HttpReload(f"http://{host}/", timeout=timeout).tell)
        assert says in str(error)
        assert error.hint
        assert says in str(HttpProbe(f"http://{host}/", timeout=timeout).check())
        with pytest.raises(OSError, match=says):
            HttpCounts(f"http://{host}/", timeout=timeout)()


def test_bodies_are_read_up_to_a_bound() -> None:
    huge = b"x" * 5_000_000
    with server(saying(b"HTTP/1.1 500 No\r\nContent-Length: 5000000\r\n\r\n" + huge)) as host:
        assert len(str(failure(HttpReload(f"http://{host}/").tell))) < 1_000
    with server(saying(OK + b"Content-Length: 5000000\r\n\r\n" + huge)) as host:
        HttpReload(f"http://{host}/").tell()
        assert HttpProbe(f"http://{host}/").check() is None
    with server(saying(OK + b"Content-Length: 1000000000000000000\r\n\r\n" + huge)) as host:
        assert HttpProbe(f"http://{host}/").check() is None


@pytest.mark.parametrize(
    "answer", [OK + b"\r\n", b"HTTP/1.0 204 No Content\r\n\r\n", OK + b"Content-Length: 2\r\n\r\nok"]
)
def test_an_answer_that_is_well(answer: bytes) -> None:
    with server(saying(answer)) as host:
        HttpReload(f"http://{host}/").tell()
        assert HttpProbe(f"http://{host}?deep=1").check() is None


def test_a_name_that_is_looked_up_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ended.wait(30))
    assert HttpProbe("http://auth.example/", timeout="300ms").check() == "did not answer within 300ms"
    ended.set()


def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert HttpProbe("http://auth.example/").check() == "did not answer: Name or service not known"


def test_the_next_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """`localhost` is ::1 first, and the service listens on 127.0.0.1 only."""
    with server(saying(OK + b"\r\n")) as host:
        port = int(host.rpartition(":")[2])
        dead = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 9))
        here = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [dead, here])
        assert HttpProbe("http://auth.example/").check() is None


def test_version_6() -> None:
    asked: list[bytes] = []
    try:
        with server(saying(OK + b"\r\n", asked), socket.AF_INET6) as host:
            HttpReload(f"http://{host}/").tell()
    except OSError:
        pytest.skip("no IPv6 here")
    assert f"\r\nHost: {host}\r\n".encode() in asked[0]


def test_a_password_in_a_url_is_sent_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """2i2c#8251; the server, as many do, prints what it was sent."""
    asked: list[bytes] = []
    coded = base64.b64encode(f"ana:{SECRET}".encode()).decode()
    forms = [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe="").lower(),
        quote_plus(SECRET),
        f"Basic {coded}",
        coded.rstrip("="),
    ]
    body = f"401 for {' | '.join(forms)}".encode()
    answer = (
        b"HTTP/1.1 401 No "
        + SECRET.encode()
        + b"\r\nLocation: http://x/"
        + SECRET.encode()
        + b"\r\n\r\n"
        + body
    )
    with server(saying(answer, asked)) as host:
        url = f"http://{LOGIN}@{host}/-/reload?key=k3yk3yk3y"
        reload, probe, counts = HttpReload(url), HttpProbe(url), HttpCounts(url)
        error = failure(reload.tell)
        assert "status 401" in str(error)
        assert f"POST http://ana:***@{host}/-/reload?key=***" in str(error)
        answers = [probe.check()]
        with pytest.raises(OSError, match="401") as caught:
            counts()
        answers += [str(caught.value), repr(reload), repr(probe), repr(counts), reload.name, probe.name]
        for said in [*answers, str(error)]:
            assert not [form for form in [*forms, coded, "k3yk3yk3y"] if form in str(said)]
    assert all(f"\r\nAuthorization: Basic {coded}\r\n".encode() in each for each in asked)
    assert b"?key=k3yk3yk3y " in asked[0]


PASSWORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=4, max_size=30)


@given(PASSWORDS, st.text(max_size=40))
@example("pässwörd", "")
@example("a b+c%20d", "%61")
def test_no_form_of_a_password_comes_back(password: str, noise: str) -> None:
    login = f"ana:{quote(password, safe='')}"
    address = address_of(f"http://{login}@db.example:8080/reload")
    shown = repr(address) + address.concealed.shown
    assume(
        password
        not in "Address(scheme='http', host='db.example', port=8080, http://ana:***@db.example:8080/reload"
    )
    assert password not in shown
    assert quote(password, safe="") not in shown.replace("ana:***", "") or password.isalnum()
    coded = base64.b64encode(f"ana:{password}".encode()).decode()
    forms = [password, quote(password), quote(password, safe=""), quote_plus(password), coded]
    said = address.concealed.clean(noise.join(["<", *[f"<{form}>" for form in forms], ">"]))
    assume(not any(form in f"{noise}<>***" for form in forms))
    assert not [form for form in forms if f"<{form}>" in said]


BAD_URLS = [
    "http://", "http:///x", "http://:80/", "http://:x/", "http://h:x/", "http://h:0/", "http://h:99999/", "http://[::1",
    "http://[::g]/", "http://a..b/", "http://h\n/", "http://h/\r\nX: y", "http://h/a b", "http://h\0/", "http://bücher.example/",
    "http://h/ü", "http://-h/", f"http://{'a' * 64}.example/", "http://" + "a." * 130, "http://a%00b/", "http://h%2f/",
    "https://", "ftp://h/", "file:///etc/passwd", "/run/x.sock", "", "nginx -s reload",
    f"http://ana:{SECRET}@h/", f"http://ana:x#{SECRET}@h/", f"http://ana:x?{SECRET}@h/", f"http://ana:80/{SECRET}@h/",
    f"http://ana%3Ab:{quote(SECRET, safe='')}@h/", f"http://{LOGIN}@h:x/", f"http://{LOGIN}@/", f"ana:{SECRET}@h/", f"http://ana:{SECRET}",
]  # fmt: skip


@pytest.mark.parametrize("url", [*BAD_URLS, None, 5, b"http://h/"])
def test_a_url_that_is_none_is_refused_at_once(url: Any) -> None:
    """terraform-provider-apstra#46, urlwatch#10: the error shows the password as a port that is none."""
    error = failure(lambda: HttpReload(url))
    assert str(error).isprintable()
    for kind in (HttpProbe, HttpCounts):
        with pytest.raises(ValueError, match=r".+") as caught:
            kind(url)
        assert SECRET not in str(caught.value)
    if isinstance(url, str):
        failure(lambda: as_reload(url))


@pytest.mark.parametrize(
    "url", ["http://h", "HTTPS://H:8443/", "http://h./", "http://[fe80::1%25eth0]:80/", "http://a_b/?x=[1]"]
)
def test_urls_that_are_good(url: str) -> None:
    assert HttpReload(url).name.startswith("POST ")


@pytest.mark.parametrize("method", ["", "GE T", "POST\r\nX: y", "CONNECT", 5, "Ä"])
def test_a_method_that_is_none_is_refused_at_once(method: Any) -> None:
    with pytest.raises(TargetError, match="not a method"):
        HttpReload("http://h/", method=method)


def certificate(folder: Path) -> tuple[str, str]:
    """A certificate for 127.0.0.1 that nobody signed, and its key."""
    if not (openssl := _openssl()):
        pytest.skip("no openssl here")
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", "key.pem", "-out", "cert.pem", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += [
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-addext",
        "keyUsage=critical,digitalSignature,keyCertSign",
    ]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return str(folder / "cert.pem"), str(folder / "key.pem")


def _openssl() -> str | None:
    import shutil

    return shutil.which("openssl")


def test_https(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cert, key = certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    def secured(talk: Talk) -> Talk:
        def talking(connection: socket.socket) -> None:
            with context.wrap_socket(connection, server_side=True) as inner:
                talk(inner)

        return talking

    with server(secured(saying(OK + b"\r\n"))) as host:
        assert "its certificate is not accepted" in str(HttpProbe(f"https://{host}/").check())
        assert "its certificate is not accepted" in str(failure(HttpReload(f"https://{host}/").tell))
        monkeypatch.setenv("SSL_CERT_FILE", cert)
        assert HttpProbe(f"https://{host}/").check() is None
    with server(secured(dripping(OK, b"X"))) as host:
        assert HttpProbe(f"https://{host}/", timeout="300ms").check() == "did not answer within 300ms"


@pytest.mark.parametrize(
    ("talk", "says"),
    [
        pytest.param(lambda connection: time.sleep(1), "did not answer within 300ms", marks=pytest.mark.slow),
        (saying(b"HTTP/1.1 400 Bad\r\n\r\n"), "did not answer"),
        (dripping(b"\x16\x03\x03\x40\x00", b"\0"), "did not answer within 300ms"),
    ],
)
def test_a_server_that_speaks_no_tls(talk: Talk, says: str) -> None:
    def after_a_hello(connection: socket.socket) -> None:
        connection.recv(10)
        talk(connection) if says.endswith("ms") else connection.sendall(b"HTTP/1.1 400 Bad\r\n\r\n")

    with server(after_a_hello) as host:
        assert says in str(HttpProbe(f"https://{host}/", timeout="300ms").check())


@pytest.mark.slow
def test_nothing_is_left_of_questions() -> None:
    with server(saying(b"HTTP/1.1 500 No\r\n\r\nsorry")) as host:
        HttpProbe(f"http://{host}/").check()
        gc.collect()
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(10):
            HttpProbe(f"http://{host}/").check()
            HttpProbe(f"https://{host}/", timeout="300ms").check()
        until(lambda: len(os.listdir("/proc/self/fd")) <= before, 5, "all is closed")


def test_counts() -> None:
    with server(saying(OK + b'\r\n{"requests": 1200, "errors": 3}')) as host:
        assert HttpCounts(f"http://{host}/")() == Counts(1200, 3)
    for body in (
        b"[]",
        b"{",
        b'{"requests": null, "errors": 1}',
        b"[" * 50_000,
        b'{"requests": 1e999, "errors": 1}',
        b"\xff",
    ):
        with (
            server(saying(OK + b"\r\n" + body)) as host,
            pytest.raises(ValueError, match="expected requests and errors"),
        ):
            HttpCounts(f"http://{host}/")()


# Signals


@pytest.fixture
def service(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that writes a file when it is sent SIGHUP, and whose number stands in `pid`."""
    script = "trap 'echo . >> told' HUP; echo ready > ready; while :; do sleep 0.02; done"
    process = subprocess.Popen(["sh", "-c", script])
    until(lambda: Path("ready").exists())
    Path("pid").write_text(f"{process.pid}\n")
    yield process
    process.kill()
    process.wait()


def test_a_service_is_signalled(service: subprocess.Popen[bytes]) -> None:
    SignalReload("pid").tell()
    until(lambda: Path("told").exists(), what="it was told")


def test_a_service_is_signalled_where_there_are_no_handles(
    service: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    SignalReload("pid").tell()
    until(lambda: Path("told").exists(), what="it was told")
    Path("pid").write_text("4194300")
    assert "No such process" in str(failure(SignalReload("pid").tell))


@pytest.mark.parametrize("refused", [38, 1])  # ENOSYS, EPERM: an old kernel, a sandbox
def test_a_service_is_signalled_where_handles_are_refused(
    service: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch, refused: int
) -> None:
    def refuse(_: int) -> int:
        raise OSError(refused, "refused")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    SignalReload("pid").tell()
    until(lambda: Path("told").exists(), what="it was told")


@pytest.mark.parametrize("age", [10, 300, 86_400, 10 * 365 * 86_400])
def test_a_stale_pid_file_signals_nobody(service: subprocess.Popen[bytes], age: int) -> None:
    """signal-tlsd#10, maldet#42, packetfence#3291: after a crash, or a boot, the number is another process's."""
    old = time.time() - age
    os.utime("pid", (old, old))
    for number in ("HUP", "KILL"):
        error = failure(SignalReload("pid", number).tell)
        assert f"it is stale: process {service.pid} started" in str(error)
        assert error.hint
    assert service.poll() is None
    assert not Path("told").exists()


def test_a_service_that_re_executes_itself_stays_the_same_process(folder: Path) -> None:
    process = subprocess.Popen(["sh", "-c", "echo $$ > pid; exec sleep 60"])
    try:
        until(lambda: Path("pid").exists() and Path("pid").read_text())
        SignalReload("pid", "TERM").tell()
        assert process.wait(10) == -signal.SIGTERM
    finally:
        process.kill()
        process.wait()


def test_a_name_that_looks_like_more_fields(folder: Path) -> None:
    """The name in /proc/PID/stat is what somebody chose."""
    Path("a) Z 1 (b").write_bytes(Path("/bin/sleep").resolve().read_bytes())
    Path("a) Z 1 (b").chmod(0o755)
    process = subprocess.Popen(["./a) Z 1 (b", "60"])
    try:
        Path("pid").write_text(str(process.pid))
        until(lambda: "a) Z 1" in _text(Path(f"/proc/{process.pid}/stat")))
        SignalReload("pid", "TERM").tell()
        assert process.wait(10) == -signal.SIGTERM
    finally:
        process.kill()
        process.wait()


def test_a_process_that_has_ended_but_is_not_buried(folder: Path) -> None:
    process = subprocess.Popen(["true"])
    until(lambda: not is_alive(process.pid))
    Path("pid").write_text(str(process.pid))
    assert f"process {process.pid} has ended" in str(failure(SignalReload("pid").tell))
    process.wait()


@pytest.mark.parametrize(
    "content",
    [
        b"", b" \n", b"abc", b"\xff\xfe\0", b"12 34", b"3362\n961\n0\n", b"0", b"1", b"-5", b"-1", b"+5",
        b"1_000", b"0x10",
        "١٢".encode(),
        b"12\0", b"99999999999", b"9" * 30, b"9" * 5000, b"7" + b" " * 100, b"3.5", b"\x1b[2J",
    ],
)  # fmt: skip
def test_pid_files_that_hold_no_number(folder: Path, content: bytes) -> None:
    """perfsonar#387."""
    Path("pid").write_bytes(content)
    error = failure(SignalReload("pid").tell)
    assert str(error).startswith("reload (SIGHUP to pid): ")
    assert str(error).isprintable()
    assert len(str(error)) < 200
    assert error.hint


def test_pid_files_that_are_none(folder: Path) -> None:
    os.mkfifo("pipe")
    Path("folder").mkdir()
    Path("loop").symlink_to("loop")
    for file, says in (
        ("none", "No such file"),
        ("pipe", "not a regular file"),
        ("folder", "not a regular file"),
        ("/dev/zero", "not a regular file"),
        ("/dev/tty", ""),
        ("loop", "symbolic links"),
        ("a" * 300, "too long"),
    ):
        assert says in str(failure(SignalReload(file).tell))


def test_who_may_not_signal_is_told_so(
    service: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(signal, "pidfd_send_signal", refuse, raising=False)
    monkeypatch.setattr(os, "kill", refuse)
    error = failure(SignalReload("pid").tell)
    assert "Operation not permitted" in str(error)
    assert "root" in str(error.hint)
    monkeypatch.undo()


def test_where_ages_cannot_be_known(
    service: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = time.time() - 1000
    os.utime("pid", (old, old))
    monkeypatch.setattr(processes, "Path", lambda _: Path("/no/proc/here"))
    SignalReload("pid").tell()
    until(lambda: Path("told").exists(), what="it was told")


@pytest.mark.parametrize(
    "like", [{"pid_file": ""}, {"pid_file": 5}, {"pid_file": "a\0b"}, {"pid_file": "x", "signal": 1}]
)
def test_a_signal_that_means_nothing_is_refused_at_once(like: dict[str, Any]) -> None:
    with pytest.raises(TargetError):
        as_reload(like)


@pytest.mark.parametrize("unit", ["", "-x", "a b", "a\nb", "a\0", 5, "ü.service"])
def test_a_unit_that_is_none_is_refused_at_once(unit: Any) -> None:
    with pytest.raises(TargetError, match="unit"):
        SystemdReload(unit)


def test_systemd_is_asked_by_a_command(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("systemctl").write_text('#!/bin/sh\necho "$CONFGUARD_TELLING $*" > told\n')
    Path("systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    SystemdReload("web@1.service").tell()
    assert Path("told").read_text() == "1 reload web@1.service\n"


# Secrets on command lines


@pytest.mark.parametrize(
    "words",
    [
        ["set", "--password=s3cr3tw0rd"],
        ["set", "--password=s3cr3tw0rd and more"],
        ["set", "--token", "s3cr3tw0rd", "now"],
        ["set", "-token", "-s3cr3tw0rd"],
        ["env", "GITHUB_TOKEN=s3cr3tw0rd", "set"],
        ["sh", "-c", "PGPASSWORD=s3cr3tw0rd psql -c x"],
        ["sh", "-c", "true && export API_KEY='s3cr3tw0rd'; true"],
        ["curl", "-H", "Authorization: Bearer s3cr3tw0rd", "http://h/"],
        ["curl", "-H", "X-Api-Key: s3cr3tw0rd", "http://h/"],
        ["curl", "--header=Authorization: Basic s3cr3tw0rd==", "http://h/"],
        ["curl", "-u", "ana:s3cr3tw0rd", "http://h/"],
        ["curl", "http://ana:s3cr3tw0rd@h/"],
        ["curl", "http://h/?x=1&sig=s3cr3tw0rd"],
        ["curl", "http://h/?access_token=s3cr3tw0rd#x"],
        ["curl", "-d", '{"password": "s3cr3tw0rd"}', "http://h/"],
        ["etcdctl", "--key", "s3cr3tw0rd"],
        ["curl", "--cookie", "s3cr3tw0rd"],
    ],
)
def test_a_secret_on_a_command_line_is_shown_nowhere(words: list[str]) -> None:
    """ipmi-sensor#45, nscp#142, dango: the command line comes with the error, and with the password."""
    assert "s3cr3tw0rd" not in repr(CommandReload(words)) + CommandReload(words).name
    assert "s3cr3tw0rd" not in repr(CommandProbe(words)) + CommandProbe(words).name
    assert "***" in CommandReload(words).name
    hidden = concealed_words(words)
    for form in ("s3cr3tw0rd", "%733cr3tw0rd", base64.b64encode(b"s3cr3tw0rd").decode().rstrip("=")):
        assert form not in hidden.clean(f"no such user: {form}, sorry")
    with pytest.raises(TargetError) as caught:
        CommandReload(["no-such-program", *words]).tell()
    assert "s3cr3tw0rd" not in "".join(traceback.format_exception(caught.value))


def test_a_secret_in_the_output_is_not_shown(folder: Path) -> None:
    script = 'echo "for $1 and password=geheim1x"; exit 1'
    command = ["sh", "-c", script, "x", f"--token={SECRET}"]
    command[4:] = ["--token", SECRET]
    error = failure(
        CommandReload(["sh", "-c", 'echo "for $2 and password=geheim1x"; exit 1', *command[3:]]).tell
    )
    assert "ended with 1: for *** and password=***" in str(error)
    answer = CommandProbe(["sh", "-c", 'echo "for $2"; exit 1', *command[3:]]).check()
    assert answer == "ended with 1: for ***"


def test_a_secret_is_not_shown_by_halves(folder: Path) -> None:
    """Only the end of what is printed is kept, and a secret may stand where it was cut."""
    token = "".join(f"{i:04d}" for i in range(25))
    script = 'i=0; while [ $i -lt 400 ]; do printf %s "$2"; i=$((i+1)); done; exit 1'
    for command in (
        ["sh", "-c", script, "x", "--token", token],
        ["sh", "-c", f"printf ab; {script}", "x", "--token", token],
    ):
        answer = str(CommandProbe(command).check())
        assert not [i for i in range(90) if token[i : i + 10] in answer]


def test_an_unknown_secret_is_not_taken_for_known() -> None:
    """What is no secret stays readable."""
    for words in (["nginx", "-s", "reload"], ["kill", "-HUP", "12"], ["curl", "-fsS", "http://h:80/x?a=1"]):
        assert concealed_words(words).shown == " ".join(words)
        assert not concealed_words(words).values


# Functions, and probes and reloads that were written elsewhere


def test_a_function_that_hangs_is_not_healthy_and_piles_nothing_up() -> None:
    goes_on, calls = threading.Event(), []

    def hangs() -> str | None:
        calls.append(1)
        goes_on.wait(60)
        return None

    probe = CallableProbe(hangs, timeout="50ms")
    before = set(threading.enumerate())
    for _ in range(5):
        assert probe.check() == "did not answer within 50ms"
    assert len(set(threading.enumerate()) - before) == 1
    assert calls == [1]
    goes_on.set()
    until(lambda: not set(threading.enumerate()) - before, what="the thread has ended")
    assert CallableProbe(hangs, timeout="9s").check() is None
    assert probe.check() is None
    assert len(calls) == 2
    assert probe.check() is None
    assert len(calls) == 3


def test_threads_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", none)
    assert CallableProbe(lambda: None).check() == "RuntimeError: can't start new thread"


class UnwritableError(Exception):
    def __str__(self) -> str:
        raise ValueError("no")


class Unwritable:
    def __repr__(self) -> str:
        raise ValueError("no")


def raising(error: BaseException) -> Callable[[], object]:
    def function() -> object:
        raise error

    return function


@pytest.mark.parametrize("what", ["reload", "target"])
def test_an_error_that_cannot_be_written_takes_a_change_back_as_any_other(what: str) -> None:
    errors, in_force = list[Exception](), list[bytes]()

    def failing() -> None:
        if errors:
            raise errors.pop()

    def take(content: bytes) -> None:
        if what == "target":
            failing()
        in_force.append(content)

    class Own:
        name = "own"

        def tell(self) -> None:
            if what == "reload":
                failing()

    guard = cg.Guard(
        "a", store="memory://", targets=[CallbackTarget("own", take)], reload=[Own()], format="toml"
    )
    guard.apply(guard.plan({"n": 1}, reason="one"))
    errors.append(UnwritableError())
    with pytest.raises(RefusedError, match="own.*UnwritableError"):
        guard.apply(guard.plan({"n": 2}, reason="two"))
    assert (guard.head().data, in_force[-1]) == ({"n": 1}, b"n = 1\n")  # type: ignore[union-attr]
    assert guard.recover() == ()


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (raising(SystemExit(1)), "SystemExit: 1"),
        (raising(KeyboardInterrupt()), "KeyboardInterrupt: "),
        (raising(UnwritableError()), "UnwritableError"),
        (raising(ValueError("no\nway\x1b[2J")), "ValueError: no\\nway\\x1b[2J"),
        (raising(ConnectionError("postgres://app:hunter2@db/x")), "ConnectionError: postgres://app:***@db/x"),
        (lambda: "wrong is password=hunter2", "wrong is password=***"),
        (lambda: "", "answered ''"),
        (lambda: 0, "answered 0"),
        (Unwritable, "ValueError: no"),
    ],
)
def test_whatever_a_function_does_is_an_answer(function: Callable[[], object], says: str) -> None:
    assert CallableProbe(function).check() == says


def test_a_function_knows_its_context() -> None:
    import contextvars

    variable = contextvars.ContextVar("variable", default="none")
    variable.set("set")
    assert CallableProbe(variable.get).check() == "set"


@pytest.mark.parametrize("probe", [None, 5, {5}, b"x"])
def test_what_is_no_probe_is_refused_at_once(probe: Any) -> None:
    with pytest.raises(ValueError, match="a probe is a URL"):
        as_probe(probe)


class Foreign:
    name = "foreign"

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def tell(self) -> None:
        raise self.error

    def check(self) -> str | None:
        raise self.error


def test_what_was_written_elsewhere_fails_as_the_own_do() -> None:
    with pytest.raises(TargetError, match=r"reload .foreign.: ZeroDivisionError: postgres://a:\*\*\*@h/"):
        tell(Foreign(ZeroDivisionError("postgres://a:hunter2@h/")))
    with pytest.raises(TargetError, match="^my own$"):
        tell(Foreign(TargetError("my own")))
    with pytest.raises(KeyboardInterrupt):
        tell(Foreign(KeyboardInterrupt()))
    assert ask(Foreign(OSError("gone"))) == "OSError: gone"
    assert ask(CallableProbe(lambda: None)) is None


STARTING = """
import os, signal, sys, threading
from pathlib import Path
from confguard.fields import Duration
from confguard.interrupting import interruptible
from confguard.targets.commands import run, started

def interrupt():
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    while not children.read_text().strip():
        pass
    os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=interrupt).start()
with interruptible():
    if sys.argv[1] == "run":
        run(sys.argv[2:], Duration("60s"))
    else:
        with started(sys.argv[2:]) as running:
            running.follow(60)
"""


@pytest.mark.parametrize("way", ["run", "started"])
def test_a_signal_while_a_command_starts_leaves_it_not_behind(way: str) -> None:
    """It comes after the process is there, and before `Popen` has returned."""
    seconds = f"300.{os.getpid()}{way == 'run':d}"
    ended = subprocess.run(
        [sys.executable, "-c", STARTING, way, "sleep", seconds], timeout=30, env=unmeasured()
    )
    assert ended.returncode == 143
    lines = [each.read_bytes() for each in Path("/proc").glob("[0-9]*/cmdline") if each.exists()]
    assert f"sleep\0{seconds}\0".encode() not in lines
