"""What the library logs, and what it does not."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import confguard as cg


@dataclass
class Auth:
    n: int = 0


def run(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "confguard", *words]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env=os.environ | environ
    )


def test_each_event_is_a_line_without_secrets(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "confguard")
    with cg.Guard("auth", store="memory://", format="toml") as guard:
        guard.apply(guard.plan({"db_password": "PLANTED1"}, author="ana", reason="start"), "a test")
        plan = guard.plan({"db_password": "PLANTED2"}, author="ana", reason="token=PLANTED3 \x1b[2J")
        guard.apply(plan, "a test")
        guard.revert(reason="Authorization: Bearer PLANTED4")
    lines = [
        (each.levelname, each.getMessage()) for each in caplog.records if each.name == "confguard.events"
    ]
    assert [(level, line.partition(" (")[0]) for level, line in lines] == [
        ("INFO", "auth: revision 1 applied"),
        ("INFO", "auth: revision 2 applied"),
        ("WARNING", "auth: revision 3 reverted"),
    ]
    assert "PLANTED" not in caplog.text
    assert "\x1b" not in caplog.text


@pytest.mark.slow
def test_a_live_logs_what_it_takes_and_what_it_refuses(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "confguard")
    file = Path("auth.toml")
    file.write_text("n = 1\n")
    with cg.Live(Auth, "auth.toml", interval=None) as live:
        file.write_text("n = 2\n")
        live.refresh()
        file.write_text("n = = 3\n")
        live.refresh()
        live.refresh()
    levels = [each.levelname for each in caplog.records if each.name == "confguard.live.settings"]
    assert levels == ["INFO", "WARNING"]


@pytest.mark.slow
def test_a_program_that_configures_no_logging_sees_nothing(folder: Path) -> None:
    code = (
        "import confguard as cg\n"
        "guard = cg.Guard('auth', store='memory://', format='toml')\n"
        "for n in (1, 2): guard.apply(guard.plan({'n': n}, reason='more'))\n"
        "guard.revert(reason='no')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("level", "lines"), [("", 0), ("warning", 0), ("info", 1), ("INFO", 1), ("error", 0)]
)
def test_commands_log_to_standard_error(folder: Path, level: str, lines: int) -> None:
    Path("confguard.toml").write_text('[configs.auth]\nfiles = ["auth.toml"]\n')
    Path("auth.toml").write_text("n = 1\n")
    done: Any = run("apply", "auth", "--reason", "start", CONFGUARD_LOG=level)
    assert done.returncode == 0
    assert done.stderr.count("INFO confguard.events: auth: revision 1 ") == lines
    assert done.stderr.count("\n") == lines
    assert "confguard.events" not in done.stdout


@pytest.mark.slow
def test_a_level_that_is_none(folder: Path) -> None:
    Path("confguard.toml").write_text("[configs.auth]\n")
    done = run("status", CONFGUARD_LOG="loud\x1b")
    assert done.returncode == 2
    assert "CONFGUARD_LOG is 'loud\\x1b'" in done.stderr
    assert "one of debug, info, warning, error" in done.stderr
