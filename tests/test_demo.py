"""The demo, played whole but short; and its report."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

import confguard as cg
from confguard.demo.load import Login, Measured, Pace, recovery
from confguard.demo.report import Act, Happening, Story, write_report
from confguard.risk.findings import Risk
from conftest import ROOT, incidents, unmeasured

DEMO = [sys.executable, "-m", "confguard", "demo"]


def leftovers(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if name.startswith("confguard-demo-")]


@pytest.mark.slow
def test_all_acts_go_as_they_should(folder: Path) -> None:
    environment = os.environ | {"TMPDIR": str(folder)}
    command = [*DEMO, "--seconds", "4", "--report", "report.html"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for said in (
        "Act 1: as it happened",
        "suspected: revision 2 of auth: ",
        "confguard revert auth --to 1 --reason",
        "Act 2: planned",
        "Act 3: forced",
        "blocked:",
        "alarmed: error rate:",
        "recovered after",
        "logins a second were answered",
        "225 min",
    ):
        assert said in ended.stdout
    page = Path("report.html").read_text()
    assert "<svg" in page
    assert not re.search(r"(src|href)=|<script|https?://", page), "the page loads nothing"
    assert not leftovers(folder)


@pytest.mark.slow
def test_ctrl_c_leaves_nothing_behind(folder: Path) -> None:
    environment = os.environ | {"TMPDIR": str(folder)}
    demo = subprocess.Popen(
        DEMO,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.SIG_DFL
        ),  # a shell's background job ignores it
    )
    assert demo.stdout is not None
    while "start:" not in demo.stdout.readline():
        assert demo.poll() is None
    time.sleep(1)
    demo.send_signal(signal.SIGINT)
    _, said = demo.communicate(timeout=30)
    assert demo.returncode == 130
    assert "Traceback" not in said
    assert not leftovers(folder)
    listed = subprocess.run(["pgrep", "-f", str(folder)], capture_output=True, text=True)
    assert listed.stdout == ""


def story() -> Story:
    before, after = {"timeout": "2s"}, {"timeout": "<b>20ms</b>"}
    logins = [Login(second / 10, "queue full" if 20 <= second < 40 else "ok") for second in range(100)]
    return Story(
        (Act("as it happened", 2, 4, 10), Act("forced", 2, 4, 10)),
        (Happening(2.0, "applied", "<script>alert(1)</script>"),),
        cg.diff(before, after),
        Risk(80),
        "blocked",
    ).with_logins(logins)


class Tags(HTMLParser):
    """Counts what is opened and what is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in {"meta", "br", "line", "polyline"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            assert self.open.pop() == tag


def test_the_report_is_well_formed_and_escapes_what_it_shows() -> None:
    page = write_report(story())
    assert "<script>" not in page
    assert "&lt;b&gt;20ms" in page
    tags = Tags()
    tags.feed(page)
    assert tags.open == []


def test_the_story_is_told_in_figures() -> None:
    told = story()
    assert told.complete
    assert told.to_json()["causes"] == {"queue full": 20}
    assert "forced, reverted by itself" in told.summary()
    calm = told.with_logins([Login(1, "ok")])
    assert not calm.complete
    assert "Not all went as it should" in calm.summary()


CALM = Measured(100, 100, 0.1, 0.2, 0.0)


def test_what_was_under_way_at_the_revert_is_of_the_failure() -> None:
    """A backlog that is answered after the revert, wrongly or late, says nothing of the settings that are back."""
    backlog = [Login(12.0, "password check timed out", took=took / 10) for took in range(21, 40)]
    after = [Login(10 + second / 10, "ok", took=0.05) for second in range(1, 60)]
    assert recovery([*backlog, *after], 10, 16, CALM) == pytest.approx(0.05)
    late = [Login(10 + second / 10, "ok", took=0.05, late=2.0) for second in range(1, 60)]
    assert recovery([*backlog, *late], 10, 16, CALM) == pytest.approx(0.05)


def test_recovered_is_what_goes_on_as_in_calm_time() -> None:
    def logins(failed: range, share: int = 1) -> list[Login]:
        return [
            Login(number / 10, "queue full" if number in failed and number % share == 0 else "ok")
            for number in range(100)
        ]

    assert recovery(logins(range(0)), 0, 10, CALM) == 0
    assert recovery(logins(range(40)), 0, 10, CALM) == pytest.approx(4, abs=0.2)
    assert recovery(logins(range(90)), 0, 10, CALM) is None  # not for as long as a wave takes
    assert recovery(logins(range(100), 10), 0, 10, CALM) is None  # a tenth goes on to fail
    usual = Measured(100, 88, 0.1, 0.2, 0.0)  # as it does in calm time on this machine
    assert recovery(logins(range(100), 10), 0, 10, usual) is not None
    assert recovery([], 0, 10, CALM) is None


def test_a_story_is_judged_by_its_own_calm_time() -> None:
    told = story()
    assert (told.calm.logins, told.calm.share) == (20, 1.0)
    assert told.calm.to_json()["succeeded"] == 20
    assert told.recovered_after(told.acts[0]) == 0
    assert told.failing(told.acts[0]).share == 0
    assert told.after(told.acts[0]).share == 1
    worse = told.with_logins(
        Login(login.at, "queue full" if login.at > 4 and round(login.at * 10) % 10 == 0 else login.ended)
        for login in told.logins
    )
    assert not worse.complete
    assert "not seen" in worse.summary()


@pytest.mark.parametrize("answered", [0.0, 1.0, 5.0, 100.0, 10_000.0])
def test_the_pace_suits_the_machine(answered: float) -> None:
    pace = Pace.for_capacity(answered)
    assert pace.rate > 0
    assert pace.wave >= 12
    assert pace.halved().wave < pace.wave


def test_the_demos_files_are_those_of_the_incident() -> None:
    incident = next(each for each in incidents() if each["id"] == "auth-2024")
    for name, side in (("auth.toml", "before"), ("auth.faster.toml", "after")):
        assert (ROOT / "src/confguard/demo" / name).read_text() == incident[side]


PROJECT = """
[configs.auth]
files = ["auth.toml"]
schema = "confguard.demo.settings:AuthSettings"
impact = "high"
probes = ["http://127.0.0.1:8400/healthz"]
"""


@pytest.mark.slow
def test_the_service_works_by_hand(folder: Path) -> None:
    for name in ("auth.toml", "auth.faster.toml"):
        shutil.copy(ROOT / "src/confguard/demo" / name, name)
    Path("confguard.toml").write_text(PROJECT)

    def run(command: str) -> subprocess.CompletedProcess[str]:
        program, *arguments = shlex.split(command)
        module = [sys.executable, "-m", "confguard"] if program == "confguard" else [sys.executable]
        return subprocess.run([*module, *arguments], capture_output=True, text=True, timeout=60)

    assert run('confguard apply auth --reason "as it was"').returncode == 0
    users = """python -c 'from confguard.demo.service import add_users; add_users("users.db", {"ana": "secret"})'"""
    assert run(users).returncode == 0
    serve = ["-m", "confguard.demo.service", "--store", "sqlite:///confguard.db", "--users", "users.db"]
    service = subprocess.Popen(
        [sys.executable, *serve], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=unmeasured()
    )
    try:
        assert service.stdout is not None
        url = f"http://127.0.0.1:{service.stdout.readline().strip()}"
        project = Path("confguard.toml")
        project.write_text(project.read_text().replace("http://127.0.0.1:8400", url))
        assert httpx.post(f"{url}/login", json={"user": "ana", "password": "secret"}).status_code == 200
        assert httpx.post(f"{url}/login", json={"user": "ana", "password": "wrong"}).status_code == 401
        assert httpx.post(f"{url}/login", json={"user": "eve", "password": "secret"}).status_code == 401
        assert httpx.get(f"{url}/whoami").status_code == 401
        assert run('confguard plan auth auth.faster.toml --reason "tuning for speed"').returncode == 1
        forced = shlex.split('apply auth auth.faster.toml --reason "x" --override "y" --bake 2s --confirm')
        ended = subprocess.run([sys.executable, "-m", "confguard", *forced], capture_output=True, text=True)
        assert ended.returncode == 4, ended.stdout + ended.stderr
        wait_for(lambda: httpx.get(f"{url}/metrics").json()["revision"] == 3)
    finally:
        service.communicate(timeout=10)
    assert service.returncode == 0


def wait_for(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_without_what_it_needs_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from confguard.cli import main

    monkeypatch.setitem(sys.modules, "confguard.demo.play", None)
    assert main(["demo", "--format", "json"]) == 2
    assert "pip install 'confguard-safety[demo]'" in json.loads(capsys.readouterr().out)["error"]["hint"]
