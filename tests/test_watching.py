"""`confguard status --watch`: in a terminal, and elsewhere."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from conftest import ROOT
from servers import until

COMMAND = [sys.executable, "-m", "confguard"]
RUNNING: list[subprocess.Popen[str]] = []
pytestmark = [pytest.mark.slow, pytest.mark.once]


@pytest.fixture(autouse=True)
def _project(folder: Path) -> Iterator[None]:
    Path("confguard.toml").write_text(
        '[configs.auth]\nfiles = ["auth.toml"]\nprobes = [["test", "-e", "well"]]\n'
    )
    Path("well").touch()
    apply(1)
    yield
    while RUNNING:
        process = RUNNING.pop()
        process.kill()
        process.wait()


def apply(value: int, *more: str) -> None:
    Path("auth.toml").write_text(f"n = {value}\n")
    subprocess.run([*COMMAND, "apply", "auth", "--reason", "more", *more], check=True, capture_output=True)


def watching(*words: str, out: int) -> subprocess.Popen[str]:
    environ = os.environ | {"PYTHONPATH": str(ROOT / "src"), "TERM": "xterm"}
    process = subprocess.Popen(
        [*COMMAND, "status", "--watch", *words], stdout=out, stderr=subprocess.PIPE, text=True, env=environ
    )
    RUNNING.append(process)
    return process


def interrupted(process: subprocess.Popen[str]) -> int:
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    return process.returncode


def test_a_line_of_json_for_each_change(folder: Path) -> None:
    with Path("out").open("w") as out:
        process = watching("--format", "json", out=out.fileno())
    until(lambda: Path("out").read_text().count("\n") == 1)
    apply(2, "--bake", "20s", "--detach")
    until(lambda: '"test -e well": null' in Path("out").read_text())
    assert interrupted(process) == 130
    lines = [json.loads(line) for line in Path("out").read_text().splitlines()]
    assert lines[0]["head"]["number"] == 1
    assert lines[-1]["bake"]["revision"] == 2
    states = [{key: each[key] for key in each if key != "at"} for each in lines]
    assert all(now != before for before, now in pairwise(states))


def test_drawn_in_a_terminal(folder: Path) -> None:
    apply(2, "--bake", "20s", "--detach")
    ours, theirs = pty.openpty()
    process = watching(out=theirs)
    os.close(theirs)
    seen = b""
    while b"s left" not in seen or seen.count(b"\x1b[H\x1b[J") < 2:
        seen += os.read(ours, 4096)
    assert interrupted(process) == 130
    os.close(ours)
    assert b"test -e well: healthy" in seen
    assert b"auth: revision 2 by " in seen


def test_what_monitors_count_is_plotted(folder: Path) -> None:
    with Path("confguard.toml").open("a") as project:
        project.write(
            "monitors = [{ log = 'access.log', errors = ' 500', baseline = 0.1, name = 'logins' }]\n"
        )
    log = Path("access.log")
    log.write_text("")
    ours, theirs = pty.openpty()
    process = watching(out=theirs)
    os.close(theirs)
    seen = b""
    while b"50 % succeed" not in seen:
        with log.open("a") as file:
            file.write("GET / 200\nGET / 500\n" * 5)
        seen += os.read(ours, 4096)
    assert interrupted(process) == 130
    os.close(ours)
    assert b"logins: " in seen
    assert b"no request yet" in seen
