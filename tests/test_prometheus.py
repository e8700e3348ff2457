"""Counts by PromQL from a real Prometheus server, which scrapes targets that start anew, go away and come back."""

from __future__ import annotations

import http.server
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from confguard.rollout import Counts, ErrorRate, PrometheusCounts
from servers import Prometheus, until

pytestmark = [pytest.mark.slow, pytest.mark.once]
REQUESTS, ERRORS = 'requests_total{job="login"}', 'requests_total{job="login", code=~"5.."}'


class Target:
    """A service that is scraped, and says what it is told to say; nothing at all while it is `None`."""

    def __init__(self) -> None:
        self.text: str | None = ""
        target = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(503 if target.text is None else 200)
                self.end_headers()
                self.wfile.write((target.text or "").encode())

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.address = f"127.0.0.1:{self._server.server_port}"

    def says(self, good: float, bad: float | None = None) -> None:
        lines = [f'requests_total{{code="200"}} {good}']
        self.text = "\n".join(
            [*lines, *([f'requests_total{{code="500"}} {bad}'] if bad is not None else []), ""]
        )

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(scope="module")
def targets() -> Iterator[list[Target]]:
    listening = [Target(), Target()]
    yield listening
    for each in listening:
        each.close()


@pytest.fixture(scope="module")
def server(targets: list[Target]) -> Iterator[Prometheus]:
    running = Prometheus(*(each.address for each in targets))
    yield running
    running.close()


def until_read(counts: PrometheusCounts, expected: Counts) -> None:
    seen: list[object] = []

    def holds() -> bool:
        try:
            seen.append(counts())
        except ValueError as error:
            seen.append(error)
        return seen[-1] == expected

    try:
        until(holds, 10)
    except TimeoutError:
        raise AssertionError(f"{expected} was expected, and this read: {seen[-1]}") from None


def begun(server: Prometheus, expected: Counts) -> PrometheusCounts:
    """Counts of which the first reading is the expected one."""
    while True:
        counts = PrometheusCounts(server.url, REQUESTS, ERRORS)
        if _told(counts) == str(expected):
            return counts
        time.sleep(0.02)


def no_reading(counts: PrometheusCounts) -> str:
    seen: list[str] = []

    def holds() -> bool:
        try:
            counts()
        except (OSError, ValueError) as error:
            seen.append(str(error))
            return True
        return False

    until(holds, 10)
    return seen[-1]


def test_targets_that_start_anew_go_away_and_come_back(server: Prometheus, targets: list[Target]) -> None:
    one, other = targets
    one.says(1000)
    other.says(2000, 40)
    counts = begun(server, Counts(3040, 40))
    one.says(1010, 1)  # its first failure: the series is new
    until_read(counts, Counts(3051, 41))
    one.says(5)  # it has started anew; the other has not, and has nothing new
    until_read(counts, Counts(3056, 41))
    other.text = None  # it cannot be scraped: its series are stale
    one.says(6)
    until_read(counts, Counts(3057, 41))
    other.says(2001, 40)
    until_read(counts, Counts(3058, 41))
    one.text = other.text = None
    assert no_reading(counts).endswith("gives no series; is there such a metric, and is it scraped?")
    one.says(7)
    other.says(2001, 41)
    until_read(counts, Counts(3060, 42))


def test_an_error_rate_alarms_and_says_why(server: Prometheus, targets: list[Target]) -> None:
    one, other = targets
    one.says(100, 0)
    other.says(100, 0)
    monitor = ErrorRate(begun(server, Counts(200, 0)), baseline=0.01)
    monitor.start()
    one.says(110, 30)
    alarms: list[str] = []
    until(lambda: alarms.append(monitor.check() or "") or alarms[-1], 10)
    assert alarms[-1].startswith("30 of 40 requests failed"), alarms[-1]


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        (
            "sum(requests_total",
            'answered 400 Bad Request: invalid parameter "query": 1:19: parse error: unclosed',
        ),
        ("requests_total[1m]", "Prometheus gives no number for it"),
        ("vector(0) / 0", "Prometheus gives no number for it"),
        ('"text"', "Prometheus gives no number for it"),
        ("no_such_total", "gives no series; is there such a metric, and is it scraped?"),
        ("no_such_total or vector(0)", ""),
        ("scalar(vector(5))", ""),
        ('label_replace(up, "instance", "", "", "")', "answered 422 Unprocessable Entity"),
    ],
)
def test_what_a_query_may_come_to(server: Prometheus, query: str, wrong: str) -> None:
    until(lambda: "Counts" in _told(PrometheusCounts(server.url, "up", "up")), 10)
    counts = PrometheusCounts(server.url, query, "vector(0)")
    if wrong:
        assert wrong in no_reading(counts)
    else:
        counts()


def test_a_server_that_hangs_and_one_that_is_away(targets: list[Target]) -> None:
    targets[0].says(1)
    server = Prometheus(targets[0].address)
    counts = PrometheusCounts(server.url, REQUESTS, ERRORS, timeout="500ms")
    try:
        until_read(counts, Counts(1, 0))
        server.signal(signal.SIGSTOP)
        began = time.monotonic()
        assert "did not answer within 500ms" in no_reading(counts)
        assert time.monotonic() - began < 3
        server.signal(signal.SIGCONT)
        until(lambda: "500ms" not in _told(counts), 10)
    finally:
        server.close()
    assert no_reading(counts) == f"{ERRORS}: {server.url} did not answer: Connection refused"


def _told(counts: PrometheusCounts) -> str:
    try:
        return str(counts())
    except (OSError, ValueError) as error:
        return str(error)
