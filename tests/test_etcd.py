"""What networks, members and administrators do to a store in etcd, by public reports of its clients' users."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from attrs import evolve, frozen

import confguard as cg
from appending import append
from confguard.errors import InDoubtError, StoreError
from confguard.stores import Append, Draft, PendingBake, PlaceState, Store, chain, etcd_client, open_store
from confguard.stores.urls import EtcdUrl
from conftest import ROOT, fresh_url, unmeasured
from faults.etcd_weather import EtcdServers
from faults.fleet import Sample, bad_weather, stale
from faults.histories import Operation
from proxy import Proxy
from servers import Etcd, until

pytestmark = pytest.mark.slow
ANY = cg.Policy(review=101, block=101)
PATIENT = 60.0
"""Seconds that a busy machine may take: what hangs takes longer."""
BOUND = etcd_client.CALL_SECONDS + 1.5
"""What any call may take: its own limit, and how late a busy machine may be."""


@frozen
class X:
    x: int


def draft(x: int) -> Draft:
    now = datetime.now(UTC)
    return Draft(content=f"x = {x}\n".encode(), format="toml", author="ana", reason="test", created_at=now)


def took(call: Callable[[], object]) -> float:
    started = time.monotonic()
    call()
    return time.monotonic() - started


@pytest.fixture
def through(request: pytest.FixtureRequest) -> Iterator[tuple[Proxy, str, str]]:
    """A proxy before the etcd of all tests, the URL of an empty store through it, and the URL of the same without."""
    direct = fresh_url("etcd", request)
    server: Etcd = request.getfixturevalue("etcd")
    proxy = Proxy(server.ports[0])
    yield proxy, direct.replace(server.endpoints[0], proxy.address), direct
    proxy.close()


@pytest.fixture
def own() -> Iterator[Etcd]:
    """An etcd of this test alone."""
    server = Etcd()
    yield server
    server.close()


WRITE = b"request_put"


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_commit_whose_answer_is_lost_is_made_once(through: tuple[Proxy, str, str], count: int) -> None:
    """etcd#18424, etcd#16659: what retries by itself meets what it wrote."""
    proxy, url, direct = through
    store = open_store(url)
    append(store, "a", [draft(0)], expect=0)
    other = open_store(direct)
    for turn in range(1, 5):
        proxy.lose_answers(count, WRITE)
        append(store, "a", [draft(turn)], expect=turn)
        assert other.newest("a") == turn + 1
    assert proxy.lost == 4 * count
    assert chain.verify(other, "a") == 5
    store.close()
    other.close()


def test_a_commit_whose_answer_is_lost_and_that_is_refused_when_it_is_sent_again(own: Etcd) -> None:
    """It was made: the alarm, that etcd is full, came after it."""
    proxy = Proxy(own.ports[0])
    store = open_store(f"etcd://{proxy.address}/x")
    append(store, "a", [draft(0)], expect=0)
    alarm = {"action": "ACTIVATE", "memberID": "0", "alarm": "NOSPACE"}
    proxy.lose_answers(1, WRITE, then=lambda: own.call(0, "maintenance/alarm", alarm))
    append(store, "a", [draft(1)], expect=1)
    assert proxy.lost == 1
    with pytest.raises(StoreError, match="database space exceeded") as caught:
        append(store, "a", [draft(2)], expect=2)
    assert not isinstance(caught.value, cg.ConflictError | InDoubtError)
    assert store.newest("a") == 2
    store.close()
    proxy.close()


def test_a_lost_answer_does_not_hide_a_real_conflict(through: tuple[Proxy, str, str]) -> None:
    proxy, url, direct = through
    store, other = open_store(url), open_store(direct)
    append(other, "a", [draft(0)], expect=0)
    (late,) = chain.link("a", [draft(1)], store.head("a"))
    append(other, "a", [draft(2)], expect=1)
    proxy.lose_answers(1, WRITE)
    with pytest.raises(cg.ConflictError, match="planned on revision 1, now 2"):
        store.commit(Append("a", (late,)))
    assert proxy.lost == 1
    store.close()
    other.close()


def test_who_follows_at_once_does_not_hide_that_a_commit_was_made(through: tuple[Proxy, str, str]) -> None:
    proxy, url, direct = through
    store, other = open_store(url), open_store(direct)
    append(other, "a", [draft(0)], expect=0)
    stop = threading.Event()

    def follow() -> None:
        while not stop.is_set():
            head = other.head("a")
            with suppress(cg.ConflictError):
                other.commit(Append("a", tuple(chain.link("a", [draft(-1)], head))))

    crowd = threading.Thread(target=follow)
    crowd.start()
    made, refused = [], []
    for turn in range(1, 200):
        head = store.head("a")
        (mine,) = chain.link("a", [draft(turn)], head)
        proxy.lose_answers(1, WRITE)
        try:
            store.commit(Append("a", (mine,)))
            made.append(mine)
        except cg.ConflictError:
            refused.append(mine)
        if len(made) >= 10:
            break
    stop.set()
    crowd.join()
    there = {each.digest for each in other.walk("a")}
    assert len(made) >= 10
    assert all(each.digest in there for each in made)
    assert not any(each.digest in there for each in refused), "refused, and made all the same"
    store.close()
    other.close()


def test_lost_answers_of_bakes_confirms_leases_and_places(through: tuple[Proxy, str, str]) -> None:
    proxy, url, _ = through
    store = open_store(url)
    ends = datetime.now(UTC) + timedelta(minutes=5)
    for what in (WRITE, b"/v3/lease/grant"):
        head = store.newest("a")
        proxy.lose_answers(1, what)
        append(store, "a", [draft(head)], expect=head, bake=PendingBake(head + 1, head, ends))
        proxy.lose_answers(1, b"/v3/lease/keepalive")
        assert store.renew_bake("a", head + 1)
        assert store.pending_bake("a") == PendingBake(head + 1, head, ends)
        proxy.lose_answers(1, b"request_delete_range")
        assert store.end_bake("a", head + 1), "it was this call that ended it"
        assert not store.end_bake("a", head + 1)
    append(store, "a", [draft(9)], expect=2, place="here")
    proxy.lose_answers(1, WRITE)
    store.note_place("a", "here", PlaceState(3), PlaceState(3, 3, 3))
    assert store.places("a")["here"] == PlaceState(3, 3, 3)
    assert proxy.lost == 7
    store.close()


def test_a_confirm_whose_answer_is_lost_is_no_failure(through: tuple[Proxy, str, str], folder: Path) -> None:
    proxy, url, direct = through
    guard = cg.Guard("a", store=url, targets=["a.toml"], policy=ANY)
    guard.apply(guard.plan({"x": 1}, reason="start"))
    append(
        guard.store, "a", [draft(2)], expect=1, bake=PendingBake(2, 1, datetime.now(UTC) + timedelta(hours=1))
    )
    proxy.lose_answers(1, b"request_delete_range")
    guard.confirm()
    assert proxy.lost == 1
    assert open_store(direct).pending_bake("a") is None
    guard.close()


def test_a_losing_bake_keeps_the_lease_of_the_one_that_is_under_way(request: pytest.FixtureRequest) -> None:
    store = open_store(fresh_url("etcd", request))
    ends = datetime.now(UTC) + timedelta(minutes=5)
    append(store, "a", [draft(1)], expect=0, bake=PendingBake(1, 0, ends))
    lease = dict(store._leases)  # type: ignore[attr-defined]
    with pytest.raises(cg.ConflictError):
        append(store, "a", [draft(2)], expect=0, bake=PendingBake(1, 0, ends))
    assert store._leases == lease  # type: ignore[attr-defined]
    assert store.renew_bake("a", 1)
    store.close()


def test_every_call_to_a_frozen_server_ends(own: Etcd, folder: Path) -> None:
    guard = cg.Guard("a", store=f"{own.url}/x", targets=["a.toml"], policy=ANY)
    guard.apply(guard.plan({"x": 1}, reason="start"))
    plan = guard.plan({"x": 2}, reason="next")
    live = cg.Live(X, f"{own.url}/x#a", interval=1)
    store = guard.store
    own.freeze(0)
    for call in (
        lambda: store.head("a"),
        lambda: store.history("a"),
        lambda: store.renew_bake("a", 1),
        lambda: store.end_bake("a", 1),
        lambda: open_store(f"{own.url}/x"),
    ):
        started = time.monotonic()
        with pytest.raises(StoreError, match="no endpoint answers"):
            call()
        assert time.monotonic() - started < PATIENT
    with pytest.raises(StoreError, match="no endpoint answers"):
        list(store.watch("a", threading.Event(), 60))
    assert "no endpoint answers" in str(live.problem)
    assert took(live.refresh) < PATIENT, "one look may be under way already"
    with pytest.raises(StoreError):
        guard.apply(plan)
    own.thaw(0)
    until(lambda: live.problem is None, 30, "the end of the problem")
    guard.recover()
    applied = guard.apply(guard.plan({"x": 3}, reason="after"))
    until(lambda: live.current == X(3), 15, "what was applied after")
    assert [each.number for each in guard.history()] == list(range(applied.number, 0, -1))
    own.freeze(0)
    assert took(live.close) < PATIENT
    assert took(guard.close) < PATIENT


@pytest.mark.parametrize("size", [10, 200_000])
def test_an_answer_that_drips_is_not_waited_for_to_its_end(
    through: tuple[Proxy, str, str], size: int
) -> None:
    """requests#3520, httpbin#642: a time-out that begins anew at each byte never ends. Here, the headers drip, too."""
    proxy, url, direct = through
    other = open_store(direct)
    append(
        other,
        "a",
        [evolve(draft(1), content=f"x = '{os.urandom(size).hex()}'".encode())],
        expect=0,
    )
    store = open_store(url)
    proxy.drip(b"/v3/kv/", 0.05)
    for call in (lambda: store.head("a").content, lambda: store.newest("a")):
        begun = time.monotonic()
        with pytest.raises(StoreError, match="no endpoint answers"):
            call()
        assert time.monotonic() - begun < BOUND
    proxy.recover()
    proxy.cut()
    assert len(store.head("a").content) > size
    store.close()
    other.close()


def test_connections_that_went_silent_are_replaced(through: tuple[Proxy, str, str]) -> None:
    """node-postgres#2234, psycopg2#561: a firewall drops what was idle, and lets new connections in."""
    proxy, url, direct = through
    guard = cg.Guard("a", store=direct, format="toml", policy=ANY)
    guard.apply(guard.plan({"x": 1}, reason="start"))
    with cg.Live(X, f"{url}#a", interval=1) as live:
        until(lambda: len(proxy.flows) >= 2, what="the watch")
        for x in (2, 3):
            proxy.go_silent(new=False)
            guard.apply(guard.plan({"x": x}, reason="next"))
            until(lambda x=x: live.current == X(x), PATIENT, "the settings")
            until(lambda: live.problem is None, PATIENT, "no problem")
        until(lambda: not more_connections(proxy, 3), PATIENT, "a connection and a watch that stay")
    guard.close()


def more_connections(proxy: Proxy, seconds: float) -> int:
    """How many are made in so many seconds."""
    before = len(proxy.flows)
    time.sleep(seconds)
    return len(proxy.flows) - before


def test_a_watch_that_never_answers_leaves_polling(through: tuple[Proxy, str, str]) -> None:
    """python-etcd3#1227."""
    proxy, url, direct = through
    guard = cg.Guard("a", store=direct, format="toml", policy=ANY)
    guard.apply(guard.plan({"x": 1}, reason="start"))
    proxy.mute(b"/v3/watch")
    live = cg.Live(X, f"{url}#a", interval=1)
    for x in (2, 3, 4):
        guard.apply(guard.plan({"x": x}, reason="next"))
        until(lambda x=x: live.current == X(x), PATIENT, "the settings within an interval")
        assert live.problem is None
    assert took(live.close) < PATIENT
    guard.close()


def test_a_server_without_watches_leaves_polling(through: tuple[Proxy, str, str]) -> None:
    """A gateway that allows no streams, as many reverse proxies."""
    proxy, url, direct = through
    guard = cg.Guard("a", store=direct, format="toml", policy=ANY)
    guard.apply(guard.plan({"x": 1}, reason="start"))
    proxy.lose_answers(10**6, b"/v3/watch")
    with cg.Live(X, f"{url}#a", interval=1) as live:
        for x in (2, 3):
            guard.apply(guard.plan({"x": x}, reason="next"))
            until(lambda x=x: live.current == X(x), PATIENT, "the settings within an interval")
        assert live.problem is None
        requests = proxy.lost
        time.sleep(4)
        assert proxy.lost - requests < 15, "it does not hammer"
    guard.close()


STUCK = """
import sys, threading
from attrs import evolve, frozen
import confguard as cg
@frozen
class X:
    x: int
from datetime import UTC, datetime
from confguard.stores import Append, Draft, chain, open_store
draft = Draft(content=b"x = 2", format="toml", author="ana", reason="test", created_at=datetime.now(UTC))
url, what = sys.argv[1:]
store = open_store(url)
head = store.head("a")
if what == "apply":
    guard = cg.Guard("a", store=url, targets=["a.toml"], policy=cg.Policy(review=101, block=101))
    plan = guard.plan({"x": 2}, author="ana", reason="next")
elif what == "refresh":
    live = cg.Live(X, f"{url}#a", interval=1)
print("ready", flush=True)
sys.stdin.readline()
try:
    if what == "head":
        store.head("a")
    elif what == "commit":
        store.commit(Append("a", tuple(chain.link("a", [draft], head))))
    elif what == "apply":
        guard.apply(plan)
    elif what == "refresh":
        live.refresh()
    else:
        for _ in store.watch("a", threading.Event(), 60):
            pass
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("what", ["head", "commit", "watch", "apply", "refresh"])
def test_an_interrupt_ends_a_call_within_a_second(
    own: Etcd, folder: Path, how: signal.Signals, what: str
) -> None:
    url = f"{own.url}/x"
    store = open_store(url)
    append(store, "a", [draft(1)], expect=0)
    store.close()
    command = [sys.executable, "-c", STUCK, url, what]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=unmeasured(), **pipes) as child:  # type: ignore[call-overload]
        assert child.stdout.readline() == "ready\n"
        own.freeze(0)
        child.stdin.write("\n")
        child.stdin.flush()
        time.sleep(1)
        started = time.monotonic()
        child.send_signal(how)
        child.wait(10)
        assert time.monotonic() - started < 1
        assert (child.stdout.read() == "interrupted\n") is (how is signal.SIGINT)


def test_it_logs_in_again_when_users_were_changed(tmp_path: Path) -> None:
    """patroni#2911, etcd#13300: a signed token is of one state of the users."""
    (tmp_path / "key").write_text("a key that signs tokens, of the test alone")
    server = Etcd(auth_token=f"jwt,sign-method=HS256,priv-key={tmp_path}/key,ttl=1h")
    try:
        url = with_users(server)
        store = open_store(url)
        append(store, "a", [draft(0)], expect=0)
        stop, told = threading.Event(), threading.Semaphore(0)
        watcher = threading.Thread(target=lambda: [told.release() for _ in store.watch("a", stop, 60)])
        watcher.start()
        assert told.acquire(timeout=10)
        for turn in range(1, 4):
            server.ctl("user", "add", f"another{turn}:x", user="root:root")
            append(store, "a", [draft(turn)], expect=turn)
            assert told.acquire(timeout=10)
        stop.set()
        watcher.join()
        assert store.newest("a") == 4
        store.close()
    finally:
        server.close()


def test_it_logs_in_again_when_its_token_has_ended_or_its_member_restarted() -> None:
    server = Etcd(auth_token_ttl=1)
    try:
        store = open_store(with_users(server))
        append(store, "a", [draft(0)], expect=0)
        time.sleep(4)
        append(store, "a", [draft(1)], expect=1)
        server.kill(0)
        server.start(0)
        append(store, "a", [draft(2)], expect=2)
        store.close()
    finally:
        server.close()


def with_users(server: Etcd) -> str:
    """Ask everybody who they are from now on; the URL of a user who may write below one prefix."""
    for line in (
        "user add root:root",
        "role add app",
        "role grant-permission app --prefix=true readwrite app/",
        "user add app:s3cret%word",
        "user grant-role app app",
        "user grant-role root root",
        "auth enable",
    ):
        server.ctl(*line.split())
    return server.url.replace("etcd://", "etcd://app:s3cret%25word@") + "/app"


def test_who_logs_in_before_anybody_asks_and_when_they_begin_to(own: Etcd) -> None:
    url = own.url.replace("etcd://", "etcd://app:s3cret%25word@") + "/app"
    store = open_store(url)
    append(store, "a", [draft(0)], expect=0)
    assert with_users(own) == url
    append(store, "a", [draft(1)], expect=1)
    own.ctl("auth", "disable", user="root:root")
    append(store, "a", [draft(2)], expect=2)
    store.close()


def shell(text: str, server: Etcd, folder: Path) -> str:
    """Execute a block of the how-to page."""
    around = {"PATH": os.environ["PATH"], "ETCDCTL_API": "3", "ETCDCTL_ENDPOINTS": ",".join(server.endpoints)}
    ended = subprocess.run(
        ["bash", "-euc", text], cwd=folder, env=around, check=True, capture_output=True, text=True
    )
    return ended.stdout


def blocks(language: str) -> list[str]:
    """The blocks of a language in the how-to page."""
    text = (ROOT / "docs/how-to/fleet.md").read_text()
    return [each.split("```", 1)[0] for each in text.split(f"```{language}\n")[1:]]


def recipe(word: str) -> str:
    (found,) = (each for each in blocks("bash") if word in each)
    return found


def test_a_full_etcd_says_what_to_do_and_that_helps(tmp_path: Path) -> None:
    server = Etcd(quota_backend_bytes=2**20)
    try:
        store = open_store(f"{server.url}/confguard")
        append(store, "a", [draft(0)], expect=0)
        with pytest.raises(subprocess.CalledProcessError):
            for _ in range(30):
                server.ctl("put", "ballast", "x" * 100_000)
        with pytest.raises(StoreError, match="database space exceeded") as caught:
            append(store, "a", [draft(1)], expect=1)
        assert "fleet.md" in str(caught.value.hint)
        assert store.newest("a") == 1, "who reads is served"
        assert chain.verify(store, "a") == 1
        shell(recipe("alarm disarm"), server, tmp_path)
        append(store, "a", [draft(1)], expect=1)
        store.close()
    finally:
        server.close()


@pytest.mark.parametrize("size", [3_000_000, 30_000_000])
def test_what_is_too_large_is_refused_at_once_and_not_in_doubt(
    request: pytest.FixtureRequest, size: int
) -> None:
    """etcd#10749, etcd#14997: it has more than one wording, and none where sending it took too long."""
    store = open_store(fresh_url("etcd", request))
    append(store, "a", [draft(0)], expect=0)
    content = f'x = "{b64encode(os.urandom(size * 3 // 4)).decode()}"'.encode()
    begun = time.monotonic()
    with pytest.raises(StoreError, match="larger than max|too large") as caught:
        append(store, "a", [evolve(draft(1), content=content)], expect=1)
    assert not isinstance(caught.value, InDoubtError)
    assert "larger configs fit SQLite and PostgreSQL" in str(caught.value.hint)
    assert time.monotonic() - begun < BOUND
    assert store.newest("a") == 1
    store.close()


def test_more_configs_at_once_than_etcd_takes(request: pytest.FixtureRequest) -> None:
    """Of the 128 operations of a transaction, where nobody gave etcd another limit."""
    store = open_store(fresh_url("etcd", request))

    def appends(count: int) -> list[Append]:
        return [Append(f"a{i}", tuple(chain.link(f"a{i}", [draft(i)], None))) for i in range(count)]

    with pytest.raises(StoreError, match="too many operations") as caught:
        store.commit(*appends(40))
    assert "fewer configs at once" in str(caught.value.hint)
    assert store.configs() == []
    store.commit(*appends(18))
    assert len(store.configs()) == 18
    store.close()


def test_without_a_quorum_calls_fail_and_say_why_and_go_on_with_it() -> None:
    cluster = Etcd(3)
    try:
        guard = cg.Guard("a", store=f"{cluster.url}/x", format="toml", policy=ANY)
        guard.apply(guard.plan({"x": 1}, reason="start"))
        plan = guard.plan({"x": 2}, reason="next")
        with cg.Live(X, f"{cluster.url}/x#a", interval=1) as live:
            for index in (0, 1):
                cluster.kill(index)
            started = time.monotonic()
            with pytest.raises(StoreError) as caught:
                guard.store.head("a")
            assert time.monotonic() - started < BOUND
            assert "endpoint status" in str(caught.value.hint)
            until(lambda: live.problem, PATIENT, "a problem")
            cluster.start(0)
            guard.apply(plan)
            until(lambda: live.current == X(2), 30, "the settings")
            until(lambda: live.problem is None, 30, "no problem")
        guard.close()
    finally:
        cluster.close()


@pytest.mark.parametrize("how", ["frozen", "frozen leader", "killed"])
def test_a_member_that_is_gone_is_left_for_another(how: str) -> None:
    cluster = Etcd(3)
    try:
        url = f"{cluster.url}/x"
        guard = cg.Guard("a", store=url, format="toml", policy=ANY)
        guard.apply(guard.plan({"x": 1}, reason="start"))
        with cg.Live(X, f"{url}#a", interval=2) as live:
            gone = cluster.leader() if how == "frozen leader" else 0
            if how == "killed":
                cluster.kill(gone)
            else:
                cluster.freeze(gone)
            for x in (2, 3):
                guard.apply(guard.plan({"x": x}, reason="next"))
                until(lambda x=x: live.current == X(x), PATIENT, "the settings")
            assert took(lambda: guard.apply(guard.plan({"x": 4}, reason="next"))) < PATIENT, (
                "it is not asked again"
            )
            until(lambda: live.current == X(4), PATIENT, "the settings")
            until(lambda: live.problem is None, PATIENT, "no problem")
            if how != "killed":
                cluster.thaw(gone)
        assert guard.verify() == 4
        guard.close()
    finally:
        cluster.close()


def test_a_member_restored_from_a_backup_is_followed_without_a_restart(own: Etcd, tmp_path: Path) -> None:
    """etcd#16028: numbers begin anew at the backup's."""
    url = f"{own.url}/confguard"
    store = open_store(url)
    for x in (1, 2):
        append(store, "a", [draft(x)], expect=x - 1)
    shell(recipe("snapshot save"), own, tmp_path)
    append(store, "a", [draft(3)], expect=2)
    live = cg.Live(X, f"{url}#a", interval=1)
    stop, seen = threading.Event(), []
    watcher = threading.Thread(target=lambda: watched(url, stop, seen))
    watcher.start()
    until(lambda: seen, what="the watch")
    own.restore(tmp_path / "backup.db")
    until(lambda: _newest(store) == 2, what="the state of the backup")
    until(lambda: seen[-1] == 2, what="the watch after the restore")
    append(store, "a", [draft(33)], expect=2)
    until(lambda: seen[-1] == 3, PATIENT, "what was committed after the restore")
    until(lambda: live.current == X(33), PATIENT, "the settings of the new third revision")
    live.close()
    head = store.head("a")
    assert head is not None
    assert head.data == {"x": 33}
    assert chain.verify(store, "a") == 3
    stop.set()
    watcher.join()
    store.close()


def watched(url: str, stop: threading.Event, seen: list[int]) -> None:
    store = open_store(url)
    while not stop.is_set():
        with suppress(StoreError):
            seen.extend(store.newest("a") for _ in store.watch("a", stop, 1))
        stop.wait(0.1)
    store.close()


def _newest(store: Store) -> int:
    try:
        return store.newest("a")
    except StoreError:
        return 0


def test_a_compaction_and_a_defragmentation_while_it_is_written(own: Etcd) -> None:
    store = open_store(f"{own.url}/x")
    append(store, "a", [draft(0)], expect=0)
    for turn in range(1, 10):
        append(store, "a", [draft(turn)], expect=turn)
        revision = json.loads(own.ctl("get", "x", "-w", "json"))["header"]["revision"]
        own.ctl("compact", str(revision), "--physical")
        own.ctl("defrag")
    assert chain.verify(store, "a") == 10
    store.close()


@pytest.mark.once
def test_bad_weather_over_three_members_and_what_the_judge_notices() -> None:
    """Half a minute of `make soak ARGS=--fleet`."""
    servers = EtcdServers()
    try:
        assert [wrong for each in bad_weather(servers, 15, 10, seed=7) for wrong in each] == []
    finally:
        servers.close()
    commits = [Operation("commit", number, "d", at, at + 1) for number, at in ((1, 0), (2, 10), (3, 20))]
    told = {1: (0, 1), 2: (0, 2), 3: (0, 3)}
    for samples, wrong in (
        ([Sample("a", 15, 1, (0, 1), None), Sample("a", 24, 2, (0, 2), None)], []),
        ([Sample("a", 40, 2, (0, 2), "it is away")], []),
        ([Sample("a", 40, 2, (0, 2), None)], ["holds 2 without a problem, and 3"]),
        ([Sample("a", 22, 3, (0, 9), None)], []),
        ([Sample("a", at, 3, (0, 9), None) for at in (22, 23)], ["holds what revision 3 is not"]),
    ):
        found = stale(samples, commits, told, 5)
        assert len(found) == len(wrong)
        assert all(part in said for part, said in zip(wrong, found, strict=True))


def test_a_learner_among_the_endpoints_is_left_for_a_member(own: Etcd) -> None:
    """A member that does not vote yet answers, and takes no reads."""
    (endpoint,) = etcd_client.Client(EtcdUrl.parse(own.url))._endpoints
    refused = endpoint._refused(503, "etcdserver: rpc not supported for learner")
    assert isinstance(refused, etcd_client.LostError)
    assert not refused.sent


def test_a_first_endpoint_that_is_not_there_costs_nothing(own: Etcd) -> None:
    url = own.url.replace("etcd://", "etcd://127.0.0.1:9,[::1]:9,") + "/x"
    store = open_store(url)
    assert took(lambda: append(store, "a", [draft(0)], expect=0)) < PATIENT
    store.close()


def test_something_else_than_etcd_is_told_from_it(folder: Path) -> None:
    import http.server

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(StoreError, match="HTTP 404") as caught:
            open_store(f"etcd://127.0.0.1:{server.server_port}")
        assert "client port of an etcd" in str(caught.value.hint)
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("url", "endpoints", "prefix", "user"),
    [
        ("etcd://db", [("db", 2379)], "", None),
        ("etcd://a:1,b:2,c", [("a", 1), ("b", 2), ("c", 2379)], "", None),
        ("etcd://a:1, b:2/p", [("a", 1), ("b", 2)], "p", None),
        ("etcd://[::1]:5,[fe80::1]/p/q/", [("::1", 5), ("fe80::1", 2379)], "p/q", None),
        ("etcds://me:a%2Fb%40c@h:1/p", [("h", 1)], "p", ("me", "a/b@c")),
        ("etcd://me:a@b@h:1/p", [("h", 1)], "p", ("me", "a@b")),
        ("etcd://me:a:b@h:1/p%20q", [("h", 1)], "p q", ("me", "a:b")),
    ],
)
def test_what_a_url_says(
    url: str, endpoints: list[tuple[str, int]], prefix: str, user: tuple[str, str] | None
) -> None:
    parsed = EtcdUrl.parse(url)
    assert (list(parsed.endpoints), parsed.prefix, parsed.user) == (endpoints, prefix, user)


@pytest.mark.parametrize(
    "url",
    [
        "etcd://me:geheim@127.0.0.1:9/x",
        "etcd://me:ge/geheim@127.0.0.1:9/x",
        "etcd://me:ge?geheim@127.0.0.1:9/x",
        "etcd://me:ge#geheim@127.0.0.1:9/x",
        "etcd://me:g@geheim@127.0.0.1:9/x",
        "etcd://me:%67eheim@127.0.0.1:9/x",
        "etcds://me:geheim@127.0.0.1:x/x",
        "etcds://me:geheim@127.0.0.1:9/x?ca=missing.pem",
        "etcds://me:geheim@127.0.0.1:9/x?password=geheim",
        "etcds://me:geheim@127.0.0.1:9/x?key=me.key",
        "etcds://me:geheim@/x",
        "etcds://me:geheim@[::1/x",
        "etcd:/me:geheim@127.0.0.1:9/x",
        "etc://me:geheim@127.0.0.1:9/x",
    ],
)
def test_a_password_is_nowhere_shown(url: str, folder: Path) -> None:
    with pytest.raises(cg.ConfguardError) as caught:
        open_store(url)
    shown = f"{caught.value} {caught.value.hint} {caught.value.__cause__}"
    assert "eheim" not in shown
    if "://" in url:
        with pytest.raises(cg.ConfguardError) as caught:
            cg.Live(X, f"{url}#a")
        assert "eheim" not in f"{caught.value} {caught.value.hint}"
