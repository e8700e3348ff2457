"""What processes of a service count, together through the store: real processes, on every store that they can share."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from appending import append
from confguard.rollout import Compared, Counts, ErrorRate, ReportedCounts, Reporter
from confguard.stores import open_store
from conftest import SERVERS, fresh_url, unmeasured
from servers import Etcd, until
from test_stores import draft

_SERVICE = """
import sys
from confguard.rollout import Reporter
from confguard.stores import open_store
url, instance = sys.argv[1:]
revision = 0
with Reporter(open_store(url), "auth", lambda: revision, instance=instance) as reporter:
    for line in sys.stdin:
        revision, good, bad = map(int, line.split())
        reporter.report()
        for number in range(good + bad):
            reporter.record(number >= bad)
        reporter.report()
        print("counted", flush=True)
"""


class Service:
    """A process that counts what it is told to."""

    def __init__(self, url: str, instance: str) -> None:
        command = [sys.executable, "-c", _SERVICE, url, instance]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=unmeasured()
        )

    def counts(self, revision: int, good: int, bad: int = 0) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{revision} {good} {bad}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "counted\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@contextmanager
def services(url: str, *instances: str) -> Iterator[list[Service]]:
    with ExitStack() as stack:
        running = [Service(url, each) for each in instances]
        for each in running:
            stack.callback(each.kill)
        yield running


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", *SERVERS])
def test_processes_are_counted_together_by_what_they_run(
    kind: str, request: pytest.FixtureRequest, folder: Path
) -> None:
    url = fresh_url(kind, request, str(folder))
    store = open_store(url)
    append(store, "auth", [draft()], expect=0)
    everybody = ReportedCounts(store, "auth")
    sides = ReportedCounts(store, "auth", "new"), ReportedCounts(store, "auth", "rest")
    with pytest.raises(ValueError, match="no process of 'auth' reports"):
        everybody()
    with services(url, "h1", "h1", "h2") as (one, two, three):
        for each in (one, two, three):
            each.counts(1, 95, 5)
        assert everybody() == Counts(300, 15)
        append(store, "auth", [draft(b"a = 2\n")], expect=1)
        compared = Compared(*sides)
        compared.start()
        one.counts(2, 20, 20)
        two.counts(1, 99, 1)
        assert "20 of 40 requests failed" in str(compared.check())
        two.kill()
        again = Service(url, "h1")  # an instance that starts anew
        try:
            again.counts(2, 10, 0)
            assert everybody() == Counts(450, 36)
        finally:
            again.kill()
    store.close()


def test_a_revision_that_comes_later_counts_for_itself(folder: Path) -> None:
    store = open_store("memory://")
    append(store, "auth", [draft()], expect=0)
    running = [1]
    with Reporter(store, "auth", lambda: running[0], instance="a", slow=0.1) as reporter:
        monitor = ErrorRate(ReportedCounts(store, "auth", "new"), baseline=0.01)
        reporter.record(False)
        reporter.report()
        monitor.start()
        for _ in range(50):
            reporter.record(True, 0.2)
        running[0] = 2
        reporter.report()
        assert monitor.check() is None
        append(store, "auth", [draft(b"a = 2\n")], expect=1)
        for _ in range(30):
            reporter.record(False)
        reporter.report()
        assert str(monitor.check()).startswith("30 of 30 requests failed")
        running[0] = 1
        reporter.report()
        reporter.record(True)
    assert {each.revision: (each.requests, each.errors, each.slow) for each in store.reports("auth")} == {
        1: (52, 1, 50),
        2: (30, 30, 0),
    }


@pytest.mark.slow
def test_a_store_that_is_away_holds_up_nobody_and_loses_nothing(caplog: pytest.LogCaptureFixture) -> None:
    server = Etcd()
    try:
        store = open_store(f"{server.url}/t")
        append(store, "auth", [draft()], expect=0)
        with caplog.at_level(logging.WARNING, "confguard"), Reporter(store, "auth", lambda: 1) as reporter:
            reporter.record(True)
            reporter.report()
            server.kill(0)
            began = time.monotonic()
            for _ in range(1_000):
                reporter.record(False)
            assert time.monotonic() - began < 0.5
            until(lambda: caplog.records, what="the warning")
            server.start(0)
            counts = ReportedCounts(store, "auth")
            until(lambda: counts() == Counts(1_001, 1_000), what="the report")
        assert "what was counted is not reported" in caplog.records[0].getMessage()
        assert len(caplog.records) <= 3
    finally:
        server.close()


def test_a_forked_process_counts_for_itself(folder: Path) -> None:
    store = open_store("sqlite:///s.db")
    append(store, "auth", [draft()], expect=0)
    with Reporter(store, "auth", lambda: 1, instance="a") as reporter:
        reporter.record(True)
        reporter.report()
        child = os.fork()
        if child == 0:
            reporter.record(False)
            reporter.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    reports = store.reports("auth")
    assert sorted((each.requests, each.errors) for each in reports) == [(1, 0), (1, 1)]
    assert len({each.reporter for each in reports}) == 2
    store.close()
