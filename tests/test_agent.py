"""The agent: what it finishes, what it watches, what it leaves alone; with real processes that die."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import confguard as cg
from confguard.agent import Agent, Charge
from confguard.rollout import Counts, ErrorRate
from confguard.rollout.bake import lease_for
from confguard.stores.interface import LEASE_SECONDS
from conftest import ROOT

PROJECT = '[configs.auth]\nfiles = ["auth.toml"]\ntargets = ["live.toml"]\n'


RUNNING: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def _ended() -> Iterator[None]:
    """Nothing that a test began outlives it, also where it fails."""
    yield
    while RUNNING:
        process = RUNNING.pop()
        if process.poll() is None:
            process.kill()
        if process.stdout and not process.stdout.closed:
            process.communicate()


def run(*words: str, folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "confguard", *words],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    RUNNING.append(process)
    return process


def done(*words: str, folder: Path) -> int:
    return subprocess.run(
        [sys.executable, "-m", "confguard", *words], cwd=folder, capture_output=True, check=False
    ).returncode


def until(true: Callable[[], object], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it does not come to that"
        time.sleep(0.02)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "confguard.toml").write_text(PROJECT)
    (tmp_path / "auth.toml").write_text("n = 1\n")
    assert done("apply", "auth", "--reason", "start", folder=tmp_path) == 0
    (tmp_path / "auth.toml").write_text("n = 2\n")
    return tmp_path


def guard_in(folder: Path) -> cg.Guard:
    return cg.Guard("auth", store=f"sqlite:///{folder}/confguard.db", targets=[folder / "live.toml"])


def baking(folder: Path, lasting: str) -> subprocess.Popen[str]:
    """A process that applied revision 2 and watches it."""
    applier = run("apply", "auth", "--reason", "two", "--bake", lasting, "--confirm", folder=folder)
    with guard_in(folder) as guard:
        until(lambda: guard.store.pending_bake("auth"))
        until(lambda: (folder / "live.toml").read_text() == "n = 2\n")
        until(lambda: (state := guard.place.state()) and state.told == 2)  # it holds no lock any more
    return applier


def ended(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGTERM)
    text, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    return text


@pytest.mark.slow
@pytest.mark.once
def test_a_bake_whose_applier_was_killed_is_over_at_its_deadline(folder: Path) -> None:
    agent = run("agent", "--format", "json", folder=folder)
    applier = baking(folder, "5s")
    begun = time.monotonic()
    applier.kill()
    applier.communicate()
    with guard_in(folder) as guard:
        until(lambda: len(guard.history()) == 3)
        assert time.monotonic() - begun < 5 + 3  # a second, and what a busy machine takes
        assert guard.history()[0].reverts == 1
    until(lambda: (folder / "live.toml").read_text() == "n = 1\n")
    lines = [json.loads(line) for line in ended(agent).splitlines()]
    assert lines[0]["config"] is None
    assert [line["config"] for line in lines if "reverted, as revision 3" in line["message"]] == ["auth"]


@pytest.mark.slow
@pytest.mark.once
def test_two_agents_revert_once(folder: Path) -> None:
    agents = [run("agent", folder=folder) for _ in range(2)]
    applier = baking(folder, "5s")
    applier.kill()
    applier.communicate()
    with guard_in(folder) as guard:
        until(lambda: len(guard.history()) == 3)
        time.sleep(1)
        assert len(guard.history()) == 3
    assert "".join(map(ended, agents)).count("reverted, as revision 3") == 1


def stop_between_writes(process: subprocess.Popen[str], folder: Path) -> None:
    """Stop a process while it does not hold the lock of the store, which nobody could take from it."""
    while True:
        os.kill(process.pid, signal.SIGSTOP)
        database = sqlite3.connect(folder / "confguard.db", timeout=0.2)
        try:
            database.execute("BEGIN IMMEDIATE")
            database.rollback()
            return
        except sqlite3.OperationalError:
            os.kill(process.pid, signal.SIGCONT)
            time.sleep(0.05)
        finally:
            database.close()


@pytest.mark.slow
@pytest.mark.once
def test_a_watcher_that_was_stopped_past_its_lease_notices(folder: Path) -> None:
    applier = baking(folder, "5s")
    stop_between_writes(applier, folder)
    agent = run("agent", folder=folder)
    with guard_in(folder) as guard:
        until(lambda: len(guard.history()) == 3)
    os.kill(applier.pid, signal.SIGCONT)
    text, _ = applier.communicate(timeout=20)
    assert applier.returncode != 0
    assert "revision 3" in text
    assert "reverted" in ended(agent)
    with guard_in(folder) as guard:
        assert len(guard.history()) == 3


@pytest.mark.slow
@pytest.mark.once
def test_a_bake_that_is_watched_is_left_alone(folder: Path) -> None:
    agent = run("agent", folder=folder)
    applier = baking(folder, "30s")
    time.sleep(2)
    assert done("confirm", "auth", folder=folder) == 0
    applier.communicate(timeout=20)
    assert applier.returncode == 0
    assert "reverted" not in ended(agent)


@pytest.mark.slow
def test_a_store_whose_file_is_gone_is_said_once(folder: Path) -> None:
    said: list[str] = []
    with guard_in(folder) as guard:
        agent = Agent([Charge(guard=guard)], say=lambda _, text: said.append(text))
        agent.look()
        (folder / "confguard.db").rename(folder / "away.db")
        agent.look()
        agent.look()
        assert said == [
            f"there is no store {folder}/confguard.db: nothing was applied yet, or it was removed"
        ]
        (folder / "away.db").rename(folder / "confguard.db")
        agent.look()
        (folder / "confguard.db").unlink()
        agent.look()
    assert len(said) == 2


@pytest.mark.slow
def test_once_looks_once(folder: Path) -> None:
    assert done("agent", "--once", folder=folder) == 0


def test_what_fails_is_said_once_and_tried_again_after_a_pause() -> None:
    clock, said, tried = [0.0], [], []
    guard = cg.Guard("a", store="memory://", format="toml", on_event=None)

    class Failing:
        name = "a"
        store = guard.store

        @property
        def place(self) -> None:
            tried.append(clock[0])
            raise cg.errors.StoreError("the store is away")

    agent = Agent(
        [Charge(guard=Failing()), Charge(guard=guard)],  # type: ignore[arg-type]
        say=lambda config, text: said.append((config, text)),
        clock=lambda: clock[0],
    )
    for _ in range(4000):
        clock[0] += 0.1
        agent.look()
    assert said == [("a", "the store is away")]
    assert 8 < len(tried) < 25
    assert tried[-1] - tried[-2] >= 60


def watched(monitor: ErrorRate, within: timedelta | None, **more: Any) -> tuple[Agent, cg.Guard, list[str]]:
    """An agent with a config that was changed a moment ago."""
    guard = cg.Guard("auth", store="memory://", format="toml", **more)
    guard.apply(guard.plan({"n": 1}, reason="start"))
    guard.apply(guard.plan({"n": 2}, author="ana", reason="faster"))
    said: list[str] = []
    clock = iter(range(1_000_000))
    agent = Agent(
        [Charge(guard=guard, monitors=[monitor], revert_within=within)],
        say=lambda _, text: said.append(text),
        clock=lambda: float(next(clock)),
    )
    return agent, guard, said


def failing(agent: Agent, monitor: ErrorRate) -> None:
    """A service that turns away half of all."""
    for number in range(40):
        monitor.record(number % 2 == 0)
    agent.look()


def test_a_monitor_names_the_latest_changes() -> None:
    monitor = ErrorRate(baseline=0.01)
    agent, guard, said = watched(monitor, None)
    agent.look()
    failing(agent, monitor)
    assert len(said) == 1
    assert "20 of 40 requests failed" in said[0]
    assert "Latest changes: revision 2 by ana at " in said[0]
    assert "(faster); revision 1 by " in said[0]
    assert guard.head() is not None
    assert len(guard.history()) == 2


@pytest.mark.parametrize(("age", "reverted"), [(timedelta(minutes=1), True), (timedelta(hours=1), False)])
def test_a_label_does_not_make_a_change_a_new_one(age: timedelta, reverted: bool) -> None:
    monitor = ErrorRate(baseline=0.01)
    now = [datetime(2026, 1, 18, tzinfo=UTC)]
    agent, guard, _ = watched(monitor, timedelta(minutes=5), clock=lambda: now[0])
    now[0] += age
    guard.apply(guard.plan({"n": 2}, reason="it is good", labels=["good"]))
    agent.look()
    failing(agent, monitor)
    newest = guard.head()
    assert newest is not None
    assert newest.is_revert is reverted


def test_the_newest_change_is_reverted_and_told_of_where_it_was_not_the_cause() -> None:
    monitor = ErrorRate(baseline=0.01)
    agent, guard, said = watched(monitor, timedelta(minutes=5))
    agent.look()
    failing(agent, monitor)
    assert [each.data for each in guard.history(1)] == [{"n": 1}]
    assert said[-1] == "revision 2 came within 0:05:00 before: reverted, as revision 3"
    failing(agent, monitor)
    assert said[-1] == "revision 2 was taken back, and it is no better: it was not the cause"
    failing(agent, monitor)
    assert len(guard.history()) == 3


def test_what_came_after_an_alarm_began_is_no_cause_of_it() -> None:
    """It may be the mend, which takes a while: the agent reverted it, again and again."""
    monitor, at = ErrorRate(baseline=0.01), [datetime(2026, 11, 26, tzinfo=UTC)]
    agent, guard, said = watched(monitor, timedelta(minutes=5), clock=lambda: at[0])
    at[0] += timedelta(minutes=10)
    agent.look()
    failing(agent, monitor)
    assert len(guard.history()) == 2, "an older change"
    at[0] += timedelta(minutes=1)
    guard.apply(guard.plan({"n": 3}, reason="the mend"))
    for _ in range(3):
        failing(agent, monitor)
    assert [each.data for each in guard.history(1)] == [{"n": 3}]
    assert len(said) == 1


def test_a_change_from_a_host_whose_clock_is_ahead_is_the_newest_all_the_same() -> None:
    monitor, at = ErrorRate(baseline=0.01), [datetime(2026, 11, 26, tzinfo=UTC)]
    agent, guard, _ = watched(monitor, timedelta(minutes=5), clock=lambda: at[0])
    at[0] -= timedelta(minutes=3)
    agent.look()
    failing(agent, monitor)
    assert [each.data for each in guard.history(1)] == [{"n": 1}]


def test_an_alarm_is_another_one_after_a_bake() -> None:
    monitor = ErrorRate(baseline=0.01)
    agent, guard, said = watched(monitor, None)
    agent.look()
    failing(agent, monitor)
    bake = cg.Bake("10m", [lambda: True])
    guard.apply(guard.plan({"n": 3}, reason="watched"), bake=bake, detach=True)
    agent.look()
    guard.confirm()
    agent.look()
    failing(agent, monitor)
    assert len([each for each in said if "requests failed" in each]) == 2
    assert "no alarm for a minute" not in " ".join(said), "nobody looked"


@pytest.mark.slow
def test_an_alarm_that_goes_on_is_said_again_more_and_more_seldom_and_when_it_is_over() -> None:
    clock, said, events = [0.0], [], []
    guard = cg.Guard("auth", store="memory://", format="toml", on_event=events.append)
    guard.apply(guard.plan({"n": 1}, reason="start"))
    monitor = ErrorRate(baseline=0.01)
    agent = Agent(
        [Charge(guard=guard, monitors=[monitor])],
        say=lambda _, text: said.append(text),
        clock=lambda: clock[0],
    )
    agent.look()
    for _ in range(4 * 3600):
        clock[0] += 1
        failing(agent, monitor)
    assert 7 <= len(said) <= 10, "after 0, 1, 3, 7, 15, 31, 63 and 123 minutes, and an hour later"
    assert len([each for each in events if each.kind == "alarmed"]) == len(said)
    for _ in range(62):
        clock[0] += 1
        agent.look()
    assert said[-1] == "error rate: no alarm for a minute"


def test_a_figure_that_nobody_can_read_takes_nothing_back() -> None:
    def away() -> Counts:
        raise OSError("refused")

    agent, guard, said = watched(ErrorRate(away, baseline=0.01, silence=2), timedelta(minutes=5))
    for _ in range(5):
        agent.look()
    assert said[0].startswith("error rate: no reading 2 times: refused. Latest changes: revision 2")
    assert len(guard.history()) == 2


def test_an_older_change_is_not_taken_for_the_cause() -> None:
    monitor = ErrorRate(baseline=0.01)
    agent, guard, _ = watched(monitor, timedelta(0))
    agent.look()
    failing(agent, monitor)
    assert len(guard.history()) == 2


def test_drift_is_said_when_it_comes_and_goes(tmp_path: Path) -> None:
    clock, said = [0.0], []
    guard = cg.Guard("auth", store="memory://", targets=[tmp_path / "live.toml"])
    guard.apply(guard.plan({"n": 1}, reason="start"))
    agent = Agent([Charge(guard=guard)], say=lambda _, text: said.append(text), clock=lambda: clock[0])
    agent.look()
    (tmp_path / "live.toml").write_text("n = 5\n")
    for _ in range(3):
        clock[0] += 61
        agent.look()
    guard.repair()
    clock[0] += 61
    agent.look()
    assert len(said) == 2
    assert "live.toml" in said[0]
    assert said[1] == "no drift any more"


def test_it_ends_when_it_is_told_to() -> None:
    stop = threading.Event()
    agent = Agent([Charge(guard=cg.Guard("a", store="memory://", format="toml"))])
    thread = threading.Thread(target=agent.run, args=(stop,))
    thread.start()
    stop.set()
    thread.join(5)
    assert not thread.is_alive()


def test_the_unit_of_the_page_is_one(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("needs systemd-analyze")
    page = (ROOT / "docs/how-to/agent.md").read_text()
    (unit,) = re.findall(r"```ini\n(.*?)```", page, re.DOTALL)
    for needed, there in (
        ("/opt/confguard/bin/confguard", sys.executable),
        ("User=confguard\n", "User=root\n"),
    ):
        assert needed in unit
        unit = unit.replace(needed, there)
    file = tmp_path / "confguard-agent.service"
    file.write_text(unit)
    told = subprocess.run([analyze, "verify", str(file)], capture_output=True, text=True, check=False)
    assert str(file) not in told.stderr, told.stderr
    assert "confguard-agent" not in told.stderr, told.stderr


def test_the_manifest_of_the_page_is_judged_harmless() -> None:
    page = (ROOT / "docs/how-to/agent.md").read_text()
    (manifest,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    document = cg.parse(manifest, "yaml")
    assert (document.data["kind"], document.data["apiVersion"]) == ("Deployment", "apps/v1")
    template = document.data["spec"]["template"]
    assert document.data["spec"]["selector"]["matchLabels"] == template["metadata"]["labels"]
    volumes = {each["name"] for each in template["spec"]["volumes"]}
    assert {each["name"] for each in template["spec"]["containers"][0]["volumeMounts"]} == volumes


def test_a_lease_ends_with_its_bake() -> None:
    assert lease_for(3600) == LEASE_SECONDS
    assert 0.5 <= lease_for(0) <= 1
    assert lease_for(-10) == lease_for(0)
