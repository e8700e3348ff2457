"""Probes, monitors and the bake."""

from __future__ import annotations

import http.server
import json
import random
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from confguard.rollout import (
    Bake,
    CallableProbe,
    CommandProbe,
    Compared,
    Counts,
    ErrorRate,
    HttpCounts,
    HttpProbe,
)
from confguard.rollout.bake import Outcome, health, watch
from confguard.rollout.monitors.interface import Bounded


class Handler(http.server.BaseHTTPRequestHandler):
    answers: ClassVar[dict[str, tuple[int, bytes]]] = {
        "/ok": (200, b"fine"),
        "/sick": (503, b"no"),
        "/counts": (200, json.dumps({"requests": 10, "errors": 2}).encode()),
        "/nonsense": (200, b"[]"),
        "/text": (200, b"hello"),
    }

    def do_GET(self) -> None:
        if self.path == "/slow":
            time.sleep(0.5)
        status, body = self.answers.get(self.path, (200, b""))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def _proxied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")


@pytest.mark.usefixtures("_proxied")
def test_http_probes(url: str) -> None:
    assert HttpProbe(f"{url}/ok").check() is None
    assert HttpProbe(f"{url}/sick").check() == "answered 503 Service Unavailable"
    assert HttpProbe(f"{url}/slow", timeout="100ms").check() == "did not answer within 100ms"
    assert "did not answer" in str(HttpProbe("http://127.0.0.1:9/").check())
    assert HttpProbe("http://u:geheim@h/").name == "GET http://u:***@h/"
    with pytest.raises(ValueError, match="not an http or https URL"):
        HttpProbe("file:///etc/passwd")


def test_command_probes() -> None:
    assert CommandProbe(["true"]).check() is None
    loud = "import sys; print('first'); print('no \\x1b[31m memory'); sys.exit(3)"
    assert CommandProbe([sys.executable, "-c", loud]).check() == "ended with 3: no \\x1b[31m memory"
    assert CommandProbe(["sleep", "5"], timeout="100ms").check() == "did not end within 100ms"
    assert CommandProbe(["no-such-command-x"]).check() == "cannot be run: No such file or directory"


def test_callable_probes() -> None:
    def healthy() -> None:
        return None

    assert CallableProbe(healthy).check() is None
    assert CallableProbe(healthy).name == "healthy"
    assert CallableProbe(lambda: False).check() == "answered False"
    assert CallableProbe(lambda: 1 / 0).check() == "ZeroDivisionError: division by zero"


def test_counts_over_http(url: str) -> None:
    assert HttpCounts(f"{url}/counts")() == Counts(10, 2)
    for path in ("nonsense", "text"):
        with pytest.raises(ValueError, match=r".+"):
            HttpCounts(f"{url}/{path}")()
    with pytest.raises(OSError, match="503"):
        HttpCounts(f"{url}/sick")()


def monitored(readings: list[Counts], baseline: float = 0.01) -> tuple[str | None, int]:
    """What a monitor says of these readings, and after how many requests."""
    feed = iter([Counts(0, 0), *readings])
    monitor = ErrorRate(lambda: next(feed), baseline)
    monitor.start()
    for reading in readings:
        alarm = monitor.check()
        if alarm:
            return alarm, reading.requests
    return None, 0


def stream(rate: float, seed: int, steps: int = 200, batch: int = 10) -> list[Counts]:
    chance, errors, made = random.Random(seed), 0, []
    for step in range(1, steps + 1):
        errors += sum(chance.random() < rate for _ in range(batch))
        made.append(Counts(step * batch, errors))
    return made


@pytest.mark.slow  # it simulates many bakes
def test_false_alarms_stay_below_alpha_however_often_it_is_looked_at() -> None:
    alarms = sum(monitored(stream(0.01, seed))[0] is not None for seed in range(1000))
    assert alarms <= 5  # alpha is 0.001; six or more of 1,000 has a probability of 0.0006 even at the bound


@pytest.mark.parametrize(("rate", "most"), [(0.5, 20), (0.1, 250), (0.05, 900)])
def test_a_worse_rate_is_noticed_soon(rate: float, most: int) -> None:
    needed = sorted(monitored(stream(rate, seed))[1] or 10**9 for seed in range(100))
    assert needed[50] <= most


def test_a_service_that_starts_anew_counts_from_zero() -> None:
    alarm, _ = monitored([Counts(1000, 9), Counts(10, 0), Counts(60, 40)])
    assert alarm is not None
    assert alarm.startswith("40 of 50 requests failed since "), alarm


def test_no_reading_is_an_alarm_after_a_while() -> None:
    def away() -> Counts:
        raise OSError("connection refused")

    monitor = ErrorRate(away, 0.01, silence=3)
    monitor.start()
    assert monitor.check() is None
    assert monitor.check() == "no reading 3 times: connection refused"


def test_figures_that_make_no_sense() -> None:
    for wrong in ({"baseline": 1.5}, {"baseline": -0.1}, {"baseline": 0.1, "alpha": 0}):
        with pytest.raises(ValueError, match="share from 0 to 1"):
            ErrorRate(lambda: Counts(0, 0), **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong", [{"duration": "0s"}, {"duration": "1s", "interval": 0}, {"duration": "1s", "failures": 0}]
)
def test_bakes_that_make_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Bake(**wrong)


class Time:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_a_bake_asks_at_its_interval_and_not_longer_than_it_lasts() -> None:
    clock = Time()
    asked: list[float] = []

    def probe() -> bool:
        asked.append(clock.now)
        return True

    bake = Bake("2500ms", probes=[probe], interval="1s")
    assert watch(bake, lambda: None, print, now=clock, sleep=clock.sleep).outcome is Outcome.HEALTHY
    assert asked == [1.0, 2.0, 2.5]


def test_failures_must_come_in_a_row() -> None:
    clock = Time()
    answers = iter(["down", "down", None, "down", "down", *[None] * 15])
    bake = Bake("20s", probes=[lambda: next(answers)], failures=3)
    assert watch(bake, lambda: None, lambda *_: None, now=clock, sleep=clock.sleep).outcome is Outcome.HEALTHY


def test_a_probe_that_failed_too_often_in_a_short_bake_fails_at_its_end() -> None:
    """Fewer checks than make a share worth looking at before, and healthy at the very end."""
    clock = Time()
    answers = iter(["down", None, "down", None])
    bake = Bake("4s", probes=[lambda: next(answers)], failures=3)
    watched = watch(bake, lambda: None, lambda *_: None, now=clock, sleep=clock.sleep)
    assert (watched.outcome, "failed 2 of 4 times" in watched.why) == (Outcome.FAILED, True)


def test_who_decides_during_the_last_probe_is_heard() -> None:
    clock = Time()
    asked: list[int] = []
    bake = Bake("4s", probes=[lambda: asked.append(1) or "down"], failures=1)
    ended = lambda: Outcome.CONFIRMED if asked else None  # noqa: E731
    watched = watch(bake, ended, lambda *_: None, now=clock, sleep=clock.sleep)
    assert (watched.outcome, len(asked)) == (Outcome.CONFIRMED, 1)


class Reading:
    """A monitor's source that answers only now and then."""

    def __init__(self, *good: int, each: int = 100) -> None:
        self.good, self.times, self.each = set(good), 0, each

    def __call__(self) -> Counts:
        self.times += 1
        if self.times in self.good:
            return Counts(self.each * self.times, 0)
        raise ValueError("<html> is no total")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("good", "outcome"), [((), Outcome.FAILED), ((1, 2), Outcome.FAILED), (range(1, 99), Outcome.HEALTHY)]
)
def test_what_nobody_could_measure_is_not_healthy(good: Any, outcome: Outcome) -> None:
    """A bake that is over before `silence` readings have failed was called healthy without one."""
    bake = Bake("30ms", monitors=[ErrorRate(Reading(*good), 0.01, silence=50)], interval="10ms")
    clock = Time()
    watched = watch(bake, lambda: None, lambda *_: None, now=clock, sleep=clock.sleep)
    assert watched.outcome is outcome
    if outcome is Outcome.FAILED:
        assert watched.why.startswith("not measured at the end of the bake: error rate: no reading")
        assert "<html> is no total" in watched.why


@pytest.mark.parametrize(
    ("probes", "confirm", "outcome"),
    [((), False, Outcome.FAILED), ([lambda: True], False, Outcome.HEALTHY), ((), True, Outcome.FAILED)],
)
def test_a_service_that_nobody_asked_anything_is_not_measured(
    probes: Any, confirm: bool, outcome: Outcome
) -> None:
    """No request in the whole bake: a rate of failures of nothing is no sign of health."""
    monitors = [ErrorRate(lambda: Counts(7, 0), 0.01), Compared(lambda: Counts(7, 0), lambda: Counts(9, 0))]
    bake = Bake("30ms", probes, monitors, interval="10ms", confirm=confirm)
    watched = watch(bake, lambda: None, lambda *_: None)
    unseen = "error rate, error rate against the control group: no request was seen"
    assert watched.outcome is outcome
    assert watched.why == (
        unseen if probes else "nobody confirmed within 30ms" if confirm else f"nothing was measured: {unseen}"
    )


@pytest.mark.parametrize("how", ["start", "check"])
def test_a_monitor_that_hangs_or_raises_is_an_alarm(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("confguard.rollout.monitors.interface._LONGEST", 0.1)
    released = threading.Event()

    class Odd:
        name = "odd"

        def start(self) -> None:
            if how == "start":
                raise SystemExit("no such series")

        def check(self) -> None:
            released.wait(20)

    begun = time.monotonic()
    watched = watch(Bake("10s", monitors=[Odd()], interval="10ms"), lambda: None, lambda *_: None)
    released.set()
    assert time.monotonic() - begun < 5
    assert watched.outcome is Outcome.FAILED
    says = "SystemExit: no such series" if how == "start" else "no reading: it did not answer within 0.1 s"
    assert watched.why == f"odd: {says}"


def test_a_monitor_that_hangs_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent looks after others, too."""
    monkeypatch.setattr("confguard.rollout.monitors.interface._LONGEST", 0.3)
    released = threading.Event()
    monitor = Bounded(ErrorRate(lambda: (released.wait(20) and Counts(1, 0)) or Counts(0, 0), 0.01))
    monitor.start()
    begun = time.monotonic()
    for _ in range(20):
        assert monitor.check() == "no reading: it did not answer within 0.3 s"
        monitor.start()
    assert time.monotonic() - begun < 0.3
    assert monitor.silent
    released.set()


def test_a_control_group_without_requests_is_compared_with_nothing() -> None:
    """A canary of which half fails was called healthy, as nobody asked the others anything."""
    totals = iter(range(0, 100_000, 100))
    monitor = Compared(lambda: Counts(next(totals), 0), lambda: Counts(0, 0))
    watched = watch(Bake("30ms", monitors=[monitor], interval="10ms"), lambda: None, lambda *_: None)
    assert watched.outcome is Outcome.FAILED
    assert watched.why == "nothing was measured: error rate against the control group: no request was seen"


@pytest.mark.parametrize(
    ("good", "totals", "healthy", "why"),
    [
        (range(1, 99), 100, True, ""),
        ((1, 2), 100, None, "error rate cannot be read"),
        (range(1, 99), 0, None, "no request was seen"),
    ],
)
def test_health_that_nobody_measured_is_not_known(
    good: Any, totals: int, healthy: bool | None, why: str
) -> None:
    monitor = ErrorRate(Reading(*good, each=totals), 0.01, silence=50)
    assert health(Bake("30ms", monitors=[monitor], interval="10ms"), 0.05) == (healthy, why)


def test_an_extended_bake_says_how_long_it_lasted() -> None:
    begun = time.monotonic()

    def extended() -> float:
        return 0.2 if time.monotonic() - begun > 0.02 else 0.0

    watched = watch(
        Bake("50ms", confirm=True, interval="10ms"), lambda: None, lambda *_: None, extended=extended
    )
    assert watched.why == "nobody confirmed within 250ms"
