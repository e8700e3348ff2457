"""Monitors: how often they are wrong, how soon they see, what they say, and where their figures come from."""

from __future__ import annotations

import http.server
import json
import math
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from confguard.rollout import (
    Compared,
    Counts,
    ErrorRate,
    HttpCounts,
    Latency,
    LogCounts,
    PrometheusCounts,
    Recorder,
    Traffic,
)
from confguard.rollout.monitors import as_monitor
from confguard.rollout.monitors.evidence import Evidence, share_between, weight_until, worse_odds

NOON = datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)


class Stream:
    """Running totals that a test drives."""

    def __init__(self) -> None:
        self.requests = self.errors = 0

    def __call__(self) -> Counts:
        return Counts(self.requests, self.errors)

    def add(self, requests: int, errors: int) -> None:
        self.requests, self.errors = self.requests + requests, self.errors + errors


def until_alarm(
    rate: float, chance: random.Random, healthy: int = 0, baseline: float = 0.01, most: int = 100_000
) -> int:
    """After how many requests at a rate the alarm comes, looked at after each; `most` if never, 0 if before."""
    stream = Stream()
    monitor = ErrorRate(stream, baseline)
    monitor.start()
    for _ in range(healthy):
        stream.add(1, chance.random() < baseline)
        if monitor.check():
            return 0
    for number in range(1, most + 1):
        stream.add(1, chance.random() < rate)
        if monitor.check():
            return number
    return most


def wald(rate: float, baseline: float, alpha: float = 0.001) -> float:
    """The fewest requests that any test needs in the mean, which knows both rates and when it began."""
    divergence = rate * math.log(rate / baseline) + (1 - rate) * math.log((1 - rate) / (1 - baseline))
    return math.log(1 / alpha) / divergence


@pytest.mark.slow
@pytest.mark.parametrize(("baseline", "rate"), [(0.01, 0.05), (0.01, 0.3), (0.005, 0.01)])
def test_what_is_bad_from_the_start_is_seen_about_as_soon_as_it_can_be(baseline: float, rate: float) -> None:
    runs = 20 if rate == 0.01 else 100
    chance = random.Random(4)
    needed = [until_alarm(rate, chance, baseline=baseline) for _ in range(runs)]
    assert sum(needed) / runs <= 1.75 * wald(rate, baseline)  # 1.6, and what so few runs may be off


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.05, 0.3])
def test_what_goes_bad_later_is_seen_for_the_price_of_not_knowing_when(rate: float) -> None:
    chance = random.Random(5)
    needed = [until_alarm(rate, chance, healthy=10_000) for _ in range(20)]
    seen = [each for each in needed if each]
    assert len(seen) >= 18
    assert sum(seen) / len(seen) <= 3.2 * wald(rate, 0.01)  # 2.6, and what so few runs may be off


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=30))
def test_evidence_only_rises_by_what_is_worse(batches: list[tuple[int, int]]) -> None:
    """A batch in which nothing failed never raises the evidence against the usual share."""
    stream = Stream()
    monitor = ErrorRate(stream, 0.1, alpha=1e-300)
    monitor.start()
    for good, bad in batches:
        before = monitor._evidence.log()
        stream.add(good + bad, bad)
        monitor.check()
        if not bad:
            assert monitor._evidence.log() <= before + 1e-9


@pytest.mark.slow
@settings(max_examples=25)
@given(st.integers(1, 7), st.floats(0.001, 0.5), st.integers(1, 5))
def test_the_mean_of_the_evidence_is_at_most_one(requests: int, usual: float, burst: int) -> None:
    """The law that all promises rest on, counted out over every outcome; also where all of a burst fail together."""
    alone = together = 0.0
    for outcome in range(2**requests):
        bits = [outcome >> bit & 1 for bit in range(requests)]
        chance = math.prod(usual if bit else 1 - usual for bit in bits)
        alone += chance * evidence_of(bits, usual, 1)
        together += chance * evidence_of([bit for bit in bits for _ in range(burst)], usual, burst)
    assert alone <= 1 + 1e-9
    assert together <= 1 + 1e-9


def evidence_of(bits: list[int], usual: float, burst: int) -> float:
    stream = Stream()
    monitor = ErrorRate(stream, usual, burst=burst)
    monitor.start()
    for bit in bits:
        stream.add(1, bit)
        monitor.check()
    return math.exp(monitor._evidence.log())


@given(st.integers(1, 8), st.integers(0, 8), st.integers(1, 8))
def test_the_mean_of_what_is_compared_is_at_most_one(new: int, failed: int, rest: int) -> None:
    """Over every way in which so many failures may fall on both groups."""
    failed = min(failed, new + rest)
    mean = 0.0
    for errors in range(max(0, failed - rest), min(new, failed) + 1):
        chance = math.comb(new, errors) * math.comb(rest, failed - errors) / math.comb(new + rest, failed)
        group, control = Stream(), Stream()
        monitor = Compared(group, control)
        monitor.start()
        group.add(new, errors)
        control.add(rest, failed - errors)
        monitor.check()
        mean += chance * math.exp(monitor._evidence.log())
    assert mean <= 1 + 1e-9


def test_the_weights_of_all_moments_sum_to_one() -> None:
    assert weight_until(0) == 0
    assert 0.999 < weight_until(10**10) <= 1
    assert math.isclose(Evidence(3).log(), 0, abs_tol=1e-12)


@given(st.floats(1e-6, 0.94))
def test_the_grid_reaches_half_and_is_dense(share: float) -> None:
    ratios = worse_odds(share)
    steps = [math.log(b / a) for a, b in zip([1.0, *ratios], ratios, strict=False)]
    assert all(0 < step <= 0.7 + 1e-9 for step in steps)
    odds = ratios[-1] * share / (1 - share)
    assert odds >= 1 - 1e-9


@pytest.mark.slow
def test_a_share_lies_between_its_bounds_at_all_times() -> None:
    outside = 0
    for seed in range(100):
        chance, some = random.Random(seed), 0
        for of in range(1, 200):
            some += chance.random() < 0.2
            low, high = share_between(of, some, 0.05)
            if not low <= 0.2 <= high:
                outside += 1
                break
    assert outside <= 12  # 5 % of 100 is 5


def test_bursts_that_are_not_said_are_false_alarms_and_said_ones_are_not() -> None:
    def alarms(burst: int) -> int:
        count = 0
        for seed in range(60):
            chance, stream = random.Random(seed), Stream()
            monitor = ErrorRate(stream, 0.01, burst=burst)
            monitor.start()
            for _ in range(100):
                stream.add(20, 20 if chance.random() < 0.01 else 0)
                if monitor.check():
                    count += 1
                    break
        return count

    assert alarms(1) > 30
    assert alarms(20) <= 1


def test_hours_have_a_usual_share_each() -> None:
    hours = [0.2 if 8 <= hour < 20 else 0.01 for hour in range(24)]
    time = [NOON]

    def run(baseline: Any) -> str | None:
        stream, chance = Stream(), random.Random(1)
        monitor = ErrorRate(stream, baseline, now=lambda: time[0])
        monitor.start()
        for step in range(96):
            time[0] = NOON + timedelta(minutes=15 * step)
            stream.add(50, sum(chance.random() < hours[time[0].hour] for _ in range(50)))
            if alarm := monitor.check():
                return alarm
        return None

    assert run(hours) is None
    assert run(0.05) is not None


def test_the_time_before_is_a_baseline_with_its_doubt() -> None:
    few, many = (ErrorRate(Stream(), Counts(of, of // 100)) for of in (200, 1_000_000))
    assert few._usual[0] > 0.05
    assert 0.01 < many._usual[0] < 0.0105
    with pytest.raises(ValueError, match="fewer requests than all"):
        ErrorRate(Stream(), Counts(0, 0))


def test_what_both_groups_have_in_common_is_no_evidence() -> None:
    group, control, chance = Stream(), Stream(), random.Random(3)
    monitor = Compared(group, control)
    monitor.start()
    for step in range(400):
        rate = 0.5 if 100 < step < 300 else 0.01  # an attack on all
        group.add(20, sum(chance.random() < rate for _ in range(20)))
        control.add(80, sum(chance.random() < rate for _ in range(80)))
        assert monitor.check() is None
    for _ in range(20):
        group.add(20, 6)
        control.add(80, 1)
        if alarm := monitor.check():
            break
    assert "in the control group" in str(alarm)


def test_a_control_group_that_is_silent_says_so() -> None:
    def away() -> Counts:
        raise OSError("refused")

    for monitor in (Compared(Stream(), away, silence=2), Traffic(away, 5, silence=2)):
        monitor.start()
        assert monitor.check() == "no reading 2 times: refused"


def test_traffic_that_falls_is_seen_and_more_of_it_is_not() -> None:
    clock = [0.0]
    stream = Stream()
    monitor = Traffic(stream, usual=20, clock=lambda: clock[0], now=lambda: NOON)
    monitor.start()
    chance = random.Random(2)
    for _ in range(300):
        clock[0] += 1
        stream.add(sum(chance.random() < 0.3 for _ in range(80)), 0)
        assert monitor.check() is None
    alarm = None
    for _ in range(30):
        clock[0] += 1
        stream.add(4, 0)
        alarm = alarm or monitor.check()
    assert alarm is not None
    assert alarm.startswith("8 requests in 2 s since 12:00:00 UTC (4 a second), and 20 a second are usual"), (
        alarm
    )
    with pytest.raises(ValueError, match="usual is how many"):
        Traffic(stream, usual=0)


def test_a_recorder_counts_from_many_threads() -> None:
    recorder = Recorder(slow=0.1)

    def work() -> None:
        for number in range(2_000):
            recorder.record(number % 10 != 0, 0.2 if number % 4 == 0 else 0.01)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert recorder() == Counts(8_000, 800)
    assert recorder.slow_counts() == Counts(8_000, 2_000)


def test_a_service_reports_by_itself() -> None:
    monitor = ErrorRate(baseline=0.01)
    monitor.start()
    for _ in range(40):
        monitor.record(False)
    assert "40 of 40 requests failed" in str(monitor.check())
    slow = Latency(baseline=0.01, within="100ms")
    slow.start()
    for _ in range(40):
        slow.record(True, 0.05)
    assert slow.check() is None


def test_a_log_is_followed_over_its_rotation(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text("500 before\n")
    counts = LogCounts(log, errors="^5", requests="^[1-5]")
    assert counts() == Counts(0, 0)
    with log.open("a") as file:
        file.write("200 a\n500 b\n# no request\n50")
    assert counts() == Counts(2, 1)
    with log.open("a") as file:
        file.write("3 c\n")
    assert counts() == Counts(3, 2)
    log.rename(tmp_path / "access.log.1")
    log.write_text("200 d\n")
    assert counts() == Counts(4, 2)
    log.write_text("")
    assert counts() == Counts(4, 2)
    log.unlink()
    with pytest.raises(FileNotFoundError):
        counts()
    with pytest.raises(ValueError, match="regular expression"):
        LogCounts(log, errors="(")


def test_what_is_written_while_a_log_is_rotated_counts(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.touch()
    counts = LogCounts(log, errors="^5")
    counts()
    with log.open("a") as writer:
        writer.write("500 a\n" * 10)
        log.rename(tmp_path / "access.log.1")
        log.touch()  # as logrotate does, before it tells the writer
        writer.flush()
        assert counts() == Counts(10, 10)
        writer.write("500 b\n")
    log.write_text("200 c\n")
    assert counts() == Counts(11, 11)
    assert counts() == Counts(12, 11)


def test_a_log_that_is_cut_off_and_has_grown_again(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.touch()
    counts = LogCounts(log, errors="^5")
    counts()
    log.write_text("200 a\n" * 20)
    assert counts() == Counts(20, 0)
    log.write_text("500 b\n" * 30)  # copytruncate: the same file, and longer than it was
    assert counts() == Counts(50, 30)


def test_a_log_of_odd_bytes_and_lines_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("confguard.rollout.monitors.sources._AT_ONCE", 1000)
    log = tmp_path / "access.log"
    log.touch()
    counts = LogCounts(log, errors="^5", requests="^[2-5]")
    counts()
    with log.open("ab") as writer:
        writer.write(b"x" * 5000 + b"\n" + b"500 \xff\xfe\x00\r\n200 \xc3\n")
    for _ in range(6):
        counts()
    assert counts() == Counts(2, 1)


def test_what_is_no_file_is_no_log(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")  # to open it would wait for a writer
    for name, wrong in (("pipe", "no regular file"), (".", "no regular file"), ("none", "No such file")):
        with pytest.raises(OSError, match=wrong):
            LogCounts(tmp_path / name, errors="^5")()


def _raw(*pieces: bytes | float) -> Callable[[socket.socket], None]:
    """What a server sends, and how many seconds it waits in between."""

    def answer(connection: socket.socket) -> None:
        connection.recv(65_536)
        for piece in pieces:
            if isinstance(piece, bytes):
                connection.sendall(piece)
            else:
                time.sleep(piece)

    return answer


OK = b"HTTP/1.1 200 OK\r\n\r\n"
UNREADABLE = {
    "hangs": (_raw(3.0), "did not answer within 500ms"),
    "drips": (_raw(OK, *[b" ", 0.1] * 30), "answered 200, but not in full within 500ms"),
    "closes": (_raw(), "closed the connection"),
    "huge": (_raw(OK, b'{"requests": 1, "errors": 0, "x": "' + b"x" * 5_000_000), "KiB or more"),
    "short": (_raw(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"), "not in full"),
    "redirects": (_raw(b"HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n"), "it leads to /login"),
    "Latin-1": (_raw(OK, '{"requests": 1, "errors": "\u00e9"}'.encode("latin-1")), "(as numbers|no number)"),
    "no HTTP": (_raw(b"\x00\x01\x02 nothing\r\n\r\n"), "(not HTTP|closed)"),
    "deep": (_raw(OK, b"[" * 60_000), "(as numbers|no number)"),
    "not a number": (_raw(OK, b'{"requests": NaN, "errors": 0}'), "(as numbers|no number)"),
    "endless": (_raw(OK, b'{"requests": Infinity, "errors": 0}'), "(as numbers|no number)"),
    "below zero": (_raw(OK, b'{"requests": 5, "errors": -3}'), "(as numbers|no number)"),
    "true": (_raw(OK, b'{"requests": true, "errors": false}'), "(as numbers|no number)"),
    "away": (_raw(b"HTTP/1.1 503 Service Unavailable\r\n\r\nstarting"), "answered 503 Service Unavailable"),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["http", "prometheus"])
@pytest.mark.parametrize("what", UNREADABLE)
def test_a_source_that_gives_no_counts_says_why_in_its_time(kind: str, what: str) -> None:
    answer, wrong = UNREADABLE[what]
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection, suppress(OSError):
                        answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        counts = (
            HttpCounts(url, timeout="500ms")
            if kind == "http"
            else PrometheusCounts(url, "a", "b", timeout="500ms")
        )
        began = time.monotonic()
        with pytest.raises((OSError, ValueError), match=wrong):
            counts()
        assert time.monotonic() - began < 2
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@contextmanager
def answering(answer: Any) -> Iterator[str]:
    """A server of the loopback that answers each query with what a function says."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(answer(parse_qs(urlsplit(self.path).query)["query"][0])).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_what_prometheus_may_answer() -> None:
    def vector(*values: str) -> dict[str, Any]:
        series = [{"metric": {"n": f"{n}"}, "value": [1.0, value]} for n, value in enumerate(values)]
        return {"data": {"resultType": "vector", "result": series}}

    answers = {
        "one": vector("12"),
        "none": vector(),
        "scalar": {"data": {"resultType": "scalar", "result": [1.0, "7"]}},
        "two": vector("1", "2"),
        "nan": vector("NaN"),
        "odd": {"data": []},
    }
    with answering(answers.__getitem__) as url:
        assert PrometheusCounts(url, "one", "none")() == Counts(12, 0)
        assert PrometheusCounts(url, "one", "scalar")() == Counts(12, 7)
        assert PrometheusCounts(url, "one", "two")() == Counts(12, 3)
        for query, wrong in (("nan", "no number"), ("odd", "no number")):
            with pytest.raises(ValueError, match=wrong):
                PrometheusCounts(url, "one", query)()


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        ({"url": "http://h/m", "baseline": 0.01}, ErrorRate),
        ({"log": "/var/log/x", "errors": " 5..", "baseline": [0.01] * 24}, ErrorRate),
        (
            {"prometheus": "http://p:9090", "requests": "a", "errors": "b", "baseline": 0.01, "within": "1s"},
            Latency,
        ),
        ({"url": "http://h/m", "usual": 20, "burst": 4}, Traffic),
        ({"url": "http://h/m", "control": {"url": "http://c/m"}}, Compared),
        (
            {
                "reports": "memory://",
                "config": "auth",
                "side": "new",
                "control": {"reports": "memory://", "config": "auth", "side": "rest"},
            },
            Compared,
        ),
    ],
)
def test_tables(table: dict[str, Any], kind: type) -> None:
    assert type(as_monitor(table)) is kind


@pytest.mark.parametrize(
    ("table", "wrong"),
    [
        ({"url": "http://h/m", "control": 5}, "control is a table"),
        ({"url": "http://h/m", "control": {"urll": "x"}}, "did you mean 'url'"),
        ({"url": "http://h/m", "usual": 20, "baseline": 0.1}, "unknown key 'baseline'"),
        ({"log": "x", "baseline": 0.1}, "needs 'errors'"),
        ({"url": "http://h/m", "baseline": [0.1] * 3}, "one for each of 24 hours"),
        ({"reports": "memory://", "config": "auth", "side": "old", "baseline": 0.1}, "side"),
        ({"prometheus": "http://h", "requests": "", "errors": "b", "baseline": 0.1}, "query in PromQL"),
    ],
)
def test_tables_that_say_nothing(table: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        as_monitor(table)


def test_a_url_stays_a_source() -> None:
    assert HttpCounts("http://u:geheim@h/").url == "http://u:geheim@h/"
    assert "geheim" not in repr(HttpCounts("http://u:geheim@h/"))


@pytest.mark.parametrize(
    "query",
    [
        "rate(logins_total[1m])",
        "sum(rate(logins_total[1m]))",
        "sum by (job) (increase(x[5m]))",
        " (irate(x[1m]))",
    ],
)
def test_a_rate_is_no_running_total(query: str) -> None:
    with pytest.raises(
        ValueError, match=r"is a running total, and \w+\(\) makes a rate of it: name the counter"
    ):
        PrometheusCounts("http://127.0.0.1:9090", query, "errors_total")
