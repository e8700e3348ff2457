"""What networks, poolers, replicas, administrators and other sessions do to the store in PostgreSQL: real servers."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from attrs import frozen

import confguard as cg
from appending import append
from confguard.cli import main
from confguard.errors import StoreBusyError, StoreError
from confguard.stores import Store, open_store
from confguard.stores.postgres import PostgresStore
from confguard.stores.sql_script import Statement
from confguard.stores.urls import postgres_settings
from conftest import unmeasured
from faults.fleet import bad_weather
from faults.postgres_weather import PostgresServers
from proxy import Proxy
from servers import Postgres, Standby, free_port, needed, until
from test_fleet import chain_draft

pytestmark = pytest.mark.slow
ANY = cg.Policy(review=101, block=101)
PATIENT = 60.0


@frozen
class X:
    x: int


@pytest.fixture
def through(postgres: Postgres, request: pytest.FixtureRequest) -> Iterator[tuple[Proxy, str, str]]:
    """A proxy, the store's URL through it, and past it."""
    schema = f"t{abs(hash(request.node.name)) % 10**12}"
    proxy = Proxy(postgres.port)
    direct = postgres.url(schema=schema)
    yield proxy, direct.replace(f"127.0.0.1:{postgres.port}", proxy.address), direct
    proxy.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds of a second, so that tests need not wait for those that hold."""
    for name in ("READ_SECONDS", "WRITE_SECONDS"):
        monkeypatch.setattr(f"confguard.stores.postgres.{name}", 1.0)
    monkeypatch.setattr("confguard.stores.retrying.PATIENCE_SECONDS", 2.0)
    monkeypatch.setattr("confguard.live.feeds.StoredFeed.patience", 3.0)


def guard_at(url: str | Store, name: str = "a") -> cg.Guard:
    return cg.Guard(name, store=url, format="toml", policy=ANY)


def change(guard: cg.Guard, *numbers: int) -> None:
    for number in numbers:
        guard.apply(guard.plan({"x": number}, reason="other"))


def took(call: Callable[[], object]) -> float:
    begun = time.monotonic()
    call()
    return time.monotonic() - begun


def test_a_commit_whose_answer_was_lost_is_found_out(through: tuple[Proxy, str, str]) -> None:
    proxy, url, _ = through
    guard = guard_at(url)
    change(guard, 1)
    for number in (2, 3):
        proxy.lose_answers(1, b"WITH s0")
        change(guard, number)
    assert proxy.lost == 2
    assert [each.number for each in guard.history()] == [3, 2, 1]
    assert guard.verify() == 3


def test_a_connection_that_went_silent_is_replaced(through: tuple[Proxy, str, str], impatient: None) -> None:
    """node-postgres#2234, psycopg2#561: old connections say nothing more, new ones work."""
    proxy, url, direct = through
    direct_guard = guard_at(direct)
    change(direct_guard, 1)
    with cg.Live(X, f"{url}#a", interval=0.5) as live:
        until(lambda: len(proxy.flows) >= 1, what="the connection")
        proxy.go_silent(new=False)
        change(direct_guard, 2)
        until(lambda: live.current == X(2), PATIENT, "the new settings")
        until(lambda: live.problem is None, PATIENT, "no problem")


def test_a_server_that_is_silent_hangs_nothing(through: tuple[Proxy, str, str], impatient: None) -> None:
    proxy, url, direct = through
    change(guard_at(direct), 1)
    live = cg.Live(X, f"{url}#a", interval=0.5)
    guard = guard_at(url)
    plan = guard.plan({"x": 2}, reason="into the silence")
    proxy.go_silent()
    until(lambda: live.problem is not None, PATIENT, "a problem")
    assert took(live.refresh) < PATIENT
    with pytest.raises(StoreError):
        guard.apply(plan)
    assert took(guard.close) < PATIENT
    assert took(live.close) < PATIENT
    assert live.current == X(1)


@pytest.mark.parametrize("what", [b"SELECT", b"user"], ids=["answers", "the greeting"])
def test_an_answer_that_drips_is_not_waited_for_to_its_end(
    through: tuple[Proxy, str, str], impatient: None, what: bytes
) -> None:
    """requests#3520, httpbin#642: each byte begins the time-out of a read anew."""
    proxy, url, direct = through
    change(guard_at(direct), 1)
    store = open_store(f"{url}&connect_timeout=2")
    proxy.drip(what, 0.3)
    if what == b"user":
        proxy.cut()
    begun = time.monotonic()
    with pytest.raises(StoreError):
        store.head("a")
    assert time.monotonic() - begun < 8
    proxy.recover()
    proxy.cut()
    until(lambda: store.newest("a") == 1, what="an answer")
    store.close()


def test_a_server_that_is_frozen_is_a_problem_and_then_is_none(impatient: None) -> None:
    """Its kernel acknowledges what it gets: no setting of TCP notices."""
    server = Postgres()
    try:
        guard = guard_at(server.url())
        change(guard, 1)
        with cg.Live(X, f"{server.url()}#a", interval=0.5) as live:
            server.freeze()
            until(lambda: live.problem is not None, PATIENT, "a problem")
            server.thaw()
            until(lambda: live.problem is None, PATIENT, "no problem")
            change(guard, 2)
            until(lambda: live.current == X(2), PATIENT, "the settings")
    finally:
        server.close()


def test_somebody_who_holds_a_lock_is_not_waited_for_without_end(
    through: tuple[Proxy, str, str], impatient: None
) -> None:
    _, url, direct = through
    guard = guard_at(url)
    change(guard, 1)
    holder: Any = PostgresStore(direct)
    with holder._connection.transaction():
        holder._connection.execute(holder._tables.named("UPDATE config SET head = head"))
        with pytest.raises(StoreBusyError, match="has not done it in time"):
            change(guard, 2)
    change(guard, 2)
    assert guard.verify() == 2
    holder.close()


def test_twelve_first_opens_at_once(through: tuple[Proxy, str, str]) -> None:
    """svix-webhooks#2589."""
    _, _, url = through
    begin, failures = threading.Barrier(12), []

    def first(number: int) -> None:
        try:
            store = open_store(url)
            begin.wait(30)
            append(store, f"c{number}", [chain_draft("x = 1\n")], expect=0)
            store.close()
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=first, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(open_store(url).configs()) == 12


def test_a_role_with_rights_on_a_schema_that_a_dba_made(postgres: Postgres) -> None:
    """raml-module-builder#1230: no rights on the database itself."""
    postgres.sql(
        "CREATE ROLE tenant LOGIN; CREATE SCHEMA tenant; GRANT USAGE, CREATE ON SCHEMA tenant TO tenant"
    )
    guard = guard_at(postgres.url(schema="tenant", user="tenant"))
    change(guard, 1)
    assert guard.verify() == 1


def test_what_a_dba_runs_for_owner_writer_and_reader(
    postgres: Postgres, capsys: pytest.CaptureFixture[str]
) -> None:
    postgres.sql("CREATE ROLE conf_owner; CREATE ROLE conf_writer LOGIN; CREATE ROLE conf_reader LOGIN")
    roles = ["--owner", "conf_owner", "--writer", "conf_writer", "--reader", "conf_reader"]
    assert main(["store", "setup", postgres.url(schema="dba"), *roles]) == 0
    postgres.sql(capsys.readouterr().out)
    writer, reader = (
        guard_at(postgres.url(schema="dba", user=f"conf_{who}")) for who in ("writer", "reader")
    )
    change(writer, 1, 2)
    assert reader.head().data == {"x": 2}
    with pytest.raises(StoreError, match="may not do that"):
        change(reader, 3)
    with pytest.raises(StoreError, match="may not do that"):
        guard_at(postgres.url(schema="dba", user="conf_writer")).store._run(  # type: ignore[attr-defined]
            [Statement("UPDATE revision SET author = 'x'", ())]
        )
    assert main(["store", "setup", postgres.url(schema="dba2"), "--run", *roles]) == 0
    assert "made" in capsys.readouterr().out
    change(guard_at(postgres.url(schema="dba2", user="conf_writer")), 1)
    assert main(["store", "setup", "sqlite:///x.db"]) == 2
    assert "needs no setting up" in capsys.readouterr().err


def test_a_replica_is_polled(impatient: None) -> None:
    """PostgREST#2781: nobody may LISTEN there."""
    primary = Postgres(wal_level="replica", max_wal_senders=4, hot_standby="on")
    standby = Standby(primary)
    try:
        guard = guard_at(primary.url())
        change(guard, 1)
        until(lambda: _has_a_head(standby.url()), PATIENT, "the replica")
        with cg.Live(X, f"{standby.url()}#a", interval=0.3) as live:
            change(guard, 2)
            until(lambda: live.current == X(2), PATIENT, "the settings")
            assert live.problem is None
        with pytest.raises(StoreError, match="read-only"):
            change(guard_at(standby.url()), 3)
    finally:
        standby.close()
        primary.close()


def test_too_few_connections_leave_polling(impatient: None) -> None:
    """strapi#10999."""
    server = Postgres(max_connections=12, superuser_reserved_connections=0)
    try:
        guard = guard_at(server.url())
        change(guard, 1)
        lives = [cg.Live(X, f"{server.url()}#a", interval=0.5) for _ in range(8)]
        change(guard, 2)
        until(lambda: all(live.current == X(2) for live in lives), PATIENT, "the settings")
        for live in lives:
            live.close()
    finally:
        server.close()


@pytest.mark.parametrize("schemas", [("one", "two")])
def test_through_a_transaction_pooler_each_schema_is_its_own(
    postgres: Postgres, tmp_path: Path, schemas: tuple[str, str]
) -> None:
    """pgbouncer#976, django-tenants#545: sessions are handed to whoever comes; nothing of one may last."""
    pooler = Pooler(postgres)
    try:
        guards = [guard_at(pooler.url(f"pooled_{name}")) for name in schemas]
        for turn in range(1, 6):
            for number, guard in enumerate(guards):
                change(guard, 100 * number + turn)
        assert [guard.head().data for guard in guards] == [{"x": 5}, {"x": 105}]
        assert [guard.verify() for guard in guards] == [5, 5]
        with cg.Live(X, f"{pooler.url('pooled_one')}#a", interval=0.3) as live:
            change(guards[0], 7)
            until(lambda: live.current == X(7), PATIENT, "the settings")
    finally:
        pooler.close()


def test_databases_of_other_encodings(postgres: Postgres) -> None:
    """psycopg#276."""
    for name, encoding in (("latin", "LATIN1"), ("ascii", "SQL_ASCII")):
        postgres.sql(
            f"CREATE DATABASE {name} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        )
    with pytest.raises(StoreError, match="encoding is LATIN1"):
        guard_at(postgres.url().replace("/postgres?", "/latin?"))
    guard = guard_at(postgres.url().replace("/postgres?", "/ascii?"))
    guard.apply(guard.plan({"x": "größer"}, reason="für später — ✓", author="Jürgen"))
    again = guard_at(postgres.url().replace("/postgres?", "/ascii?"))
    assert again.head().reason == "für später — ✓"
    assert again.verify() == 1


@pytest.mark.parametrize(
    ("url", "known", "schema"),
    [
        ("postgresql:///app?host=/run/pg", {"dbname": "app", "host": "/run/pg"}, "confguard"),
        ("postgresql:///app?host=/run/pg&schema=s", {"dbname": "app", "host": "/run/pg"}, "s"),
        ("postgresql://%2Frun%2Fpg/app?schema=s", {"host": "/run/pg"}, "s"),
        ("postgresql://?service=main", {"service": "main"}, "confguard"),
        ("postgresql://a,b:5433/app?schema=s&target_session_attrs=read-write", {"host": "a,b"}, "s"),
        (
            "postgresql://a/app?options=-c%20geqo%3Doff%20-c%20jit%3Doff",
            {"options": "-c geqo=off -c jit=off"},
            "confguard",
        ),
        (
            "postgresql://u:p%40ss@a/app?schema=s&connect_timeout=3",
            {"password": "p@ss", "connect_timeout": "3"},
            "s",
        ),
        ("postgres://a/app?application_name=web", {"application_name": "web"}, "confguard"),
    ],
)
def test_urls_as_libpq_takes_them(url: str, known: dict[str, str], schema: str) -> None:
    from psycopg.conninfo import conninfo_to_dict

    info, found = postgres_settings(url)
    assert found == schema
    assert known.items() <= conninfo_to_dict(info).items()


@pytest.mark.parametrize(
    "url", ["postgresql://u:hunter2@a/app?sslmod=x", "postgresql:///app?password=hunter2&foo=1"]
)
def test_a_url_that_is_none_is_told_without_its_password(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        open_store(url)
    assert "hunter2" not in f"{caught.value}{caught.value.hint}"
    assert "is not a URL that PostgreSQL's library takes" in str(caught.value)


def _has_a_head(url: str) -> bool:
    try:
        return open_store(url).newest("a") > 0
    except StoreError:
        return False


class Pooler:
    """pgbouncer, in front of a server."""

    def __init__(self, postgres: Postgres, mode: str = "transaction") -> None:
        program = needed("pgbouncer", package="pgbouncer")
        self.folder, self.port = Path(tempfile.mkdtemp(prefix="confguard-pool-")), free_port()
        (self.folder / "pgbouncer.ini").write_text(
            f"[databases]\npostgres = host=127.0.0.1 port={postgres.port} dbname=postgres user=confguard pool_size=2\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\nauth_type = any\n"
            f"pool_mode = {mode}\nunix_socket_dir =\nlogfile = {self.folder}/log\npidfile = {self.folder}/pid\n"
        )
        more: dict[str, Any] = {}
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            for each in (self.folder, self.folder / "pgbouncer.ini"):
                os.chown(each, account.pw_uid, account.pw_gid)
            more = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        self._user = "confguard"
        command = [program, str(self.folder / "pgbouncer.ini")]
        self._start = lambda: subprocess.Popen(command, stderr=subprocess.DEVNULL, **more)
        self._process = self._start()
        until((self.folder / "pid").exists, what="pgbouncer")
        time.sleep(0.2)

    def url(self, schema: str) -> str:
        return f"postgresql://{self._user}@127.0.0.1:{self.port}/postgres?schema={schema}"

    def restart(self) -> None:
        self._process.kill()
        self._process.wait(10)
        (self.folder / "pid").unlink()
        self._process = self._start()
        until((self.folder / "pid").exists, what="pgbouncer")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)


def test_a_signal_handler_may_ask_what_its_own_thread_is_asking(postgres: Postgres) -> None:
    """psycopg2#471: a service that is told to stop looks at its store, and was just about to."""
    url = postgres.url(schema="interrupted")
    change(guard_at(url), 1)
    store, told = open_store(url), []
    with psycopg.connect(postgres.url().partition("?")[0]) as admin:
        admin.execute("LOCK TABLE interrupted.config IN ACCESS EXCLUSIVE MODE")

        def handle(*_: object) -> None:
            admin.rollback()
            told.append(store.newest("a"))
            change(guard_at(store), 2)

        before = signal.signal(signal.SIGALRM, handle)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.5)
            assert store.newest("a") == 1
        finally:
            signal.signal(signal.SIGALRM, before)
    assert told == [1]
    assert store.newest("a") == 2
    store.close()


@pytest.mark.parametrize("what", ["guard.apply(plan)", "live.refresh()"])
def test_an_interrupt_ends_a_call_into_the_silence(through: tuple[Proxy, str, str], what: str) -> None:
    """Whatever the bounds are: they are ten minutes here."""
    proxy, url, direct = through
    change(guard_at(direct), 1)
    code = f"""
import confguard as cg
from attrs import frozen
from confguard.live.feeds import StoredFeed
from confguard.stores import postgres, retrying
postgres.READ_SECONDS = postgres.WRITE_SECONDS = retrying.PATIENCE_SECONDS = StoredFeed.patience = 600
@frozen
class X:
    x: int
guard = cg.Guard("a", store={url!r}, format="toml", policy=cg.Policy(review=101, block=101))
live = cg.Live(X, guard, interval=None)
plan = guard.plan({{"x": 2}}, reason="into the silence")
print("silence", flush=True)
input()
print("begun", flush=True)
{what}
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=unmeasured(),
    )
    assert process.stdout is not None and process.stdin is not None
    assert process.stdout.readline() == "silence\n"
    proxy.go_silent()
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "begun\n"
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=PATIENT)
    assert "KeyboardInterrupt" in told


@pytest.mark.once
def test_bad_weather_over_a_primary_and_its_standby() -> None:
    """`make soak` does so for minutes."""
    servers = PostgresServers()
    try:
        assert [wrong for each in bad_weather(servers, 12, 10, seed=5) for wrong in each] == []
    finally:
        servers.close()
