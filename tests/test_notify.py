"""Notifiers: what real servers receive, verified on its own; servers that hang, drip, redirect; secrets."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import confguard as cg
from confguard.agent import Agent, Charge
from confguard.errors import ProjectError
from confguard.notify import KINDS, AppriseNotifier, Notifications, Notifier, Webhook, as_notifier
from confguard.project import find_project
from confguard.project.guards import guard_of
from confguard.targets.options import UnusableError
from conftest import unmeasured
from servers import until

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
Answer = Callable[[BaseHTTPRequestHandler], None]


class Receiver:
    """A server that keeps what it is sent, and answers as it is told: the n-th request by the n-th answer."""

    def __init__(self, *answers: int | Answer) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.paths: list[str] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.paths.append(self.path)
                receiver.received.append(({k.lower(): v for k, v in self.headers.items()}, body))
                answer = answers[min(len(receiver.received), len(answers)) - 1]
                if isinstance(answer, int):
                    self.send_response(answer)
                    if 300 <= answer < 400:
                        self.send_header("Location", "/elsewhere")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                else:
                    answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.received]


@pytest.fixture
def serving() -> Iterator[Callable[..., Receiver]]:
    running: list[Receiver] = []

    def serve(*answers: int | Answer) -> Receiver:
        running.append(Receiver(*(answers or (204,))))
        return running[-1]

    yield serve
    for each in running:
        each.server.shutdown()
        each.server.server_close()


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", SECRET)


def hook(receiver: Receiver, **more: Any) -> Webhook:
    return Webhook(
        url=receiver.url, secret_env="HOOK_SECRET", **{"events": KINDS, "timeout": "300ms", **more}
    )


def guard_with(notifier: Notifier, heard: list[Any] | None = None) -> tuple[cg.Guard, Notifications]:
    notifications = Notifications({"ops": notifier}, heard.append if heard is not None else None)
    return cg.Guard("auth", store="memory://", format="toml", on_event=notifications), notifications


def change(guard: cg.Guard, value: int, reason: str = "more") -> None:
    guard.apply(guard.plan({"pool": value}, author="ana", reason=reason))


def is_signed(headers: dict[str, str], body: bytes) -> bool:
    """As a receiver verifies it, by the text of Standard Webhooks."""
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(KEY, content, hashlib.sha256).digest()).decode()
    fresh = abs(time.time() - int(headers["webhook-timestamp"])) < 60
    return fresh and f"v1,{expected}" in headers["webhook-signature"].split(" ")


def test_apply_and_revert_are_sent_signed_as_cloud_events(serving: Callable[..., Receiver]) -> None:
    receiver = serving(204)
    guard, notifications = guard_with(hook(receiver))
    change(guard, 1, "start")
    change(guard, 2)
    guard.revert(reason="too many")
    assert notifications.close()
    events = receiver.events()
    assert [each["type"] for each in events] == [
        "confguard.applied",
        "confguard.applied",
        "confguard.reverted",
    ]
    for (headers, body), event in zip(receiver.received, events, strict=True):
        assert is_signed(headers, body)
        assert not is_signed(headers, body + b" ")
        assert headers["content-type"] == "application/cloudevents+json; charset=UTF-8"
        assert event["id"] == headers["webhook-id"]
        assert (event["specversion"], event["subject"]) == ("1.0", "auth")
        assert event["time"].endswith("Z")
    assert events[2]["data"] == {
        "config": "auth",
        "revision": 3,
        "detail": {"to": 1, "reason": "too many"},
    }


def test_a_known_signature() -> None:
    """The example that Standard Webhooks gives for implementers."""
    from confguard.notify.notifiers import signature

    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_only_what_it_wants(serving: Callable[..., Receiver]) -> None:
    receiver = serving(204)
    guard, notifications = guard_with(hook(receiver, events=["reverted"]))
    change(guard, 1)
    change(guard, 2)
    guard.revert(reason="no")
    assert notifications.close()
    assert [each["type"] for each in receiver.events()] == ["confguard.reverted"]


@pytest.mark.slow
def test_what_fails_for_the_moment_is_sent_again_under_the_same_id(serving: Callable[..., Receiver]) -> None:
    receiver = serving(503, 429, 200)
    guard, notifications = guard_with(hook(receiver))
    change(guard, 1)
    assert notifications.close()
    assert len({headers["webhook-id"] for headers, _ in receiver.received}) == 1
    assert len(receiver.received) == 3
    assert all(is_signed(*each) for each in receiver.received)


def _hang(_: BaseHTTPRequestHandler) -> None:
    time.sleep(3)


def _drip(handler: BaseHTTPRequestHandler) -> None:
    try:
        for _ in range(100):
            handler.wfile.write(b"H")
            time.sleep(0.05)
    except OSError:
        pass


def _flood(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(500)
    handler.end_headers()
    try:
        for _ in range(10_000):
            handler.wfile.write(b"x" * 65_536)
    except OSError:
        pass


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "says", "requests"),
    [
        (_hang, "did not answer within 300ms (2 attempts)", 2),
        (_drip, "did not answer within 300ms (2 attempts)", 2),
        (_flood, "answered 500 Internal Server Error (2 attempts)", 2),
        (302, "answered 302 Found: it leads to /elsewhere, and is not followed", 1),
        (403, "answered 403 Forbidden", 1),
    ],
)
def test_a_hostile_server_delays_nothing_and_is_said(
    serving: Callable[..., Receiver],
    caplog: pytest.LogCaptureFixture,
    answer: int | Answer,
    says: str,
    requests: int,
) -> None:
    receiver, heard = serving(answer), list[Any]()
    guard, notifications = guard_with(hook(receiver, attempts=2, events=["applied"]), heard)
    started = time.monotonic()
    change(guard, 1)
    assert time.monotonic() - started < 0.25
    assert not [each for each in heard if each.kind == "not notified"]
    until(lambda: any(each.kind == "not notified" for each in heard), 5)
    assert heard[-1].detail == {"notifier": "ops", "event": "applied", "why": says}
    assert says in caplog.text
    assert receiver.paths == ["/hook"] * requests
    head = guard.head()
    assert head is not None
    assert head.number == 1
    notifications.close()


def test_the_end_waits_a_bounded_time_and_says_what_is_not_sent(serving: Callable[..., Receiver]) -> None:
    heard: list[Any] = []
    guard, notifications = guard_with(hook(serving(_hang), timeout="20s", events=["applied"]), heard)
    change(guard, 1)
    change(guard, 2)
    started = time.monotonic()
    assert not notifications.close(0.2)
    assert time.monotonic() - started < 1
    assert [each.detail["why"] for each in heard if each.kind == "not notified"] == [
        "not known to be sent before the end"
    ] * 2


def test_one_that_hangs_holds_up_no_other(serving: Callable[..., Receiver]) -> None:
    slow, quick = serving(_hang), serving(204)
    notifications = Notifications({"slow": hook(slow, timeout="2s"), "quick": hook(quick)})
    guard = cg.Guard("auth", store="memory://", format="toml", on_event=notifications)
    change(guard, 1)
    until(lambda: quick.received, 1)
    notifications.close(0)


@pytest.mark.parametrize("secret", ["", "whsec_c2hvcnQ=", "no base64 hunter2!", "whsec_" + "QUJD" * 40])
def test_a_secret_that_cannot_be_used_is_said_without_it(
    serving: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setenv("HOOK_SECRET", secret)
    receiver, heard = serving(204), list[Any]()
    guard, notifications = guard_with(hook(receiver), heard)
    change(guard, 1)
    assert notifications.close()
    assert not receiver.received
    why = heard[-1].detail["why"]
    assert "secret" in why
    assert not secret or secret.removeprefix("whsec_") not in why


def test_no_planted_secret_is_sent_logged_or_said(
    serving: Callable[..., Receiver], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "confguard")
    receiver, heard = serving(204, 500), list[Any]()
    address = receiver.url.replace("http://", "http://ops:PLANTED1@") + "?token=PLANTED2"
    notifier = Webhook(url=address, secret_env="HOOK_SECRET", events=KINDS, attempts=1)
    guard, notifications = guard_with(notifier, heard)
    plan = guard.plan(
        {"db_password": "PLANTED3", "url": "postgres://app:PLANTED4@db/x"},
        author="ana",
        reason="password=PLANTED5 \x1b[2J",
    )
    guard.apply(plan, "a test")
    guard.apply(guard.plan({"db_password": "PLANTED6"}, author="ana", reason="new"), "a test")
    guard.revert(reason="Authorization: Bearer PLANTED7", author="token=PLANTED8")
    notifications.close()
    sent = b"".join(body for _, body in receiver.received).decode()
    assert len(receiver.received) == 3
    failed = [each for each in heard if each.kind == "not notified"]
    assert len(failed) == 2
    for text in (sent, caplog.text, repr(notifier), repr(failed), notifier.name):
        assert "PLANTED" not in text
        assert SECRET not in text
    assert "\x1b" not in sent


def test_the_agent_sends_drift_and_alarms(serving: Callable[..., Receiver], folder: Path) -> None:
    receiver = serving(204)
    notifications = Notifications({"ops": hook(receiver, events=["drifted"])})
    with cg.Guard("auth", store="sqlite:///c.db", targets=["live.toml"], on_event=notifications) as guard:
        change(guard, 1)
        Path("live.toml").write_text("pool = 9\n")
        agent = Agent([Charge(guard=guard)], say=lambda *_: None)
        agent.look()
        assert notifications.close()
    assert [each["type"] for each in receiver.events()] == ["confguard.drifted"]
    assert "live.toml" in receiver.events()[0]["data"]["detail"]["targets"][0]


@pytest.mark.slow
def test_a_command_sends_before_it_ends(serving: Callable[..., Receiver], folder: Path) -> None:
    receiver = serving(204)
    Path("hook.key").write_text(SECRET + "\n")
    Path("confguard.toml").write_text(
        f'[notifiers.ops]\nurl = "{receiver.url}"\nsecret_file = "hook.key"\n'
        '[configs.auth]\nfiles = ["auth.toml"]\n'
    )
    Path("auth.toml").write_text("pool = 1\n")
    command = [sys.executable, "-m", "confguard", "apply", "auth", "--reason", "start"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert receiver.events()[-1]["type"] == "confguard.applied"
    assert all(is_signed(*each) for each in receiver.received)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (
            'url = "http://127.0.0.1/"\nsecret = "hunter2"',
            "3:1: notifiers.ops.secret: a secret does not stand",
        ),
        ('apprise = "slack://hunter2"', "2:1: notifiers.ops.apprise: a secret does not stand"),
        ('url = "http://127.0.0.1/"\nsecret_evn = "X"', "did you mean 'secret_env'?"),
        ('url = "http://127.0.0.1/"', "needs one of 'secret_env' and 'secret_file'"),
        ('url = "ftp://127.0.0.1/"\nsecret_env = "X"', "is not an http or https URL"),
        ('apprise_env = "X"\nevents = ["revertd"]', "no event 'revertd' (did you mean 'reverted'?)"),
        ('apprise_env = "X"\nevents = []', "`events` is a list of kinds of events"),
        ('apprise_env = "X"\napprise_file = "x"', "needs one of"),
        ("apprise_env = 3", "`apprise_env` is a text"),
        ('url = "http://127.0.0.1/"\nsecret_env = "X"\nattempts = 99', "`attempts` is a number from 1 to 10"),
        ('events = ["applied"]', "needs one of url, apprise_env, apprise_file"),
    ],
)
def test_tables_that_cannot_be_used(folder: Path, table: str, says: str) -> None:
    Path("confguard.toml").write_text(f"[notifiers.ops]\n{table}\n")
    with pytest.raises(ProjectError) as error:
        find_project()
    assert says in str(error.value)
    assert "hunter2" not in str(error.value)


def test_a_project_without_its_secrets_can_be_looked_at(folder: Path) -> None:
    Path("confguard.toml").write_text('[notifiers.ops]\napprise_env = "NOT_SET"\n[configs.auth]\n')
    project = find_project()
    assert project is not None
    with guard_of(project, "auth") as guard:
        assert guard.head() is None


@pytest.mark.parametrize("table", [3, [], "http://127.0.0.1/", None])
def test_what_is_no_table(table: object) -> None:
    with pytest.raises(UnusableError, match="a notifier is a table"):
        as_notifier(table)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("after", "times", "says"), [("3600", 1, "and asks not to be told again for 3600 s"), ("1", 2, "")]
)
def test_a_receiver_says_when_to_come_again(
    serving: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch, after: str, times: int, says: str
) -> None:
    def busy(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(429)
        handler.send_header("Retry-After", after)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    receiver, heard = serving(busy, 204), list[Any]()
    guard, notifications = guard_with(hook(receiver, events=["applied"]), heard)
    begun = time.monotonic()
    change(guard, 1)
    assert notifications.close() is True
    assert len(receiver.received) == times
    if says:
        assert says in heard[-1].detail["why"]
    else:
        assert time.monotonic() - begun >= 1


def test_a_receiver_that_hangs_is_waited_for_once(
    serving: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = serving(lambda handler: time.sleep(20))
    guard, notifications = guard_with(hook(receiver, events=["applied"], timeout="30s"), list[Any]())
    change(guard, 1)
    begun = time.monotonic()
    assert notifications.flush(0.5) is False
    assert notifications.close() is False
    assert 0.5 <= time.monotonic() - begun < 3


@pytest.mark.slow
@pytest.mark.once
def test_apprise_sends_from_a_command_that_has_ended(serving: Callable[..., Receiver], folder: Path) -> None:
    """Apprise was imported while the process ended, which cannot be done then."""
    pytest.importorskip("apprise")
    receiver = serving(200)
    Path("urls").write_text(f"# operations: all of them\n{receiver.url.replace('http://', 'json://')}\n")
    Path("urls").chmod(0o600)
    Path("confguard.toml").write_text(
        '[notifiers.chat]\napprise_file = "urls"\nevents = ["applied"]\n[configs.z]\nfiles = ["z.toml"]\n'
    )
    Path("z.toml").write_text("n = 1\n")
    words = [sys.executable, "-m", "confguard", "apply", "z", "--reason", "x"]
    ended = subprocess.run(words, capture_output=True, text=True, check=False, env=unmeasured())
    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(receiver.received) == 1


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.imghdr. is deprecated")  # by Apprise, with Python 3.11
def test_apprise(
    serving: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("apprise")
    caplog.set_level(logging.INFO)
    receiver, heard = serving(200), list[Any]()
    json_url = receiver.url.replace("http://", "json://ana:PLANTED@")
    monkeypatch.setenv("OPS_URLS", f"{json_url}\nnothing://PLANTED")
    notifier = AppriseNotifier(apprise_env="OPS_URLS", events=["applied"])
    guard, notifications = guard_with(notifier, heard)
    change(guard, 1, "start password=PLANTED")
    assert notifications.close()
    (sent,) = receiver.events()
    assert sent["title"] == "auth: revision 1 applied"
    assert "reason: start password=***" in sent["message"]
    assert heard[-1].detail["why"] == "URL 2 is none that Apprise knows"
    for text in (receiver.received[0][1].decode(), caplog.text, repr(notifier), repr(heard[-1])):
        assert "PLANTED" not in text
