"""What administrators set, renew, move and cut off, by public reports of users of PostgreSQL, pgbouncer and etcd."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from attrs import field, frozen

import confguard as cg
from appending import append
from confguard.errors import InDoubtError, StoreError
from confguard.stores import PendingBake, chain, open_store
from conftest import fresh_url
from proxy import Proxy
from servers import Postgres, Standby, free_port, needed, until
from test_fleet import chain_draft
from test_postgres import Pooler

pytestmark = [pytest.mark.slow, pytest.mark.once]  # what the servers do is the same with any Python
ANY = cg.Policy(review=101, block=101)
PATIENT = 60.0


@frozen
class X:
    x: int


def guard_at(url: str, name: str = "a") -> cg.Guard:
    return cg.Guard(name, store=url, format="toml", policy=ANY)


def change(guard: cg.Guard, *numbers: int) -> None:
    for number in numbers:
        guard.apply(guard.plan({"x": number}, reason="other"))


@frozen
class Role:
    """A role of this test alone, for whom an administrator sets something."""

    server: Postgres
    name: str = field(factory=lambda: f"r{uuid.uuid4().hex[:10]}")

    def set(self, what: str) -> None:
        self.server.sql(f"ALTER ROLE {self.name} SET {what}")

    @property
    def url(self) -> str:
        return self.server.url(schema=self.name, user=self.name)

    @property
    def others(self) -> str:
        """The same store, of the owner of the server."""
        return self.server.url(schema=self.name)

    def sessions(self) -> int:
        asked = f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{self.name}'"
        return int(self.server.sql(asked))

    def end_sessions(self) -> None:
        self.server.sql(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{self.name}'"
        )


@pytest.fixture
def role(postgres: Postgres) -> Role:
    role = Role(postgres)
    postgres.sql(f"CREATE ROLE {role.name} SUPERUSER LOGIN")
    return role


def test_what_came_while_a_connection_was_made_anew_is_told(role: Role) -> None:
    """commanded/eventstore#309, porsager/postgres#391: what is notified between two connections nobody hears."""
    change(guard_at(role.others), 1)
    store, told, stop = open_store(role.url), [], threading.Event()

    def follow() -> None:
        with suppress(StoreError):
            told.extend(store.newest("a") for _ in store.watch("a", stop, 600.0))

    watcher = threading.Thread(target=follow, daemon=True)
    watcher.start()
    until(lambda: role.server.sql("SELECT count(*) FROM pg_listening_channels()") is not None and told)
    time.sleep(0.5)
    for number in range(2, 8):
        with store._lock:  # nobody listens until whoever reads has a connection again
            role.end_sessions()
            until(lambda: role.sessions() == 0)
            change(guard_at(role.others), number)
            assert store.newest("a") == number
        until(lambda now=number: told[-1] == now or not watcher.is_alive(), 5, "being told")
        assert watcher.is_alive()
    stop.set()
    watcher.join()
    store.close()


def test_a_server_that_ends_idle_sessions_is_no_problem(role: Role) -> None:
    """idle_session_timeout: the session that waits for notices is an idle one. It is made anew, quietly."""
    change(guard_at(role.others), 1)
    role.set("idle_session_timeout = '300ms'")
    problems = set()
    with cg.Live(X, f"{role.url}#a", interval=30) as live:
        end = time.monotonic() + 5
        while time.monotonic() < end:
            problems.add(live.problem)
            time.sleep(0.01)
        change(guard_at(role.others), 2)
        until(lambda: live.current == X(2), 5, "the settings")
    assert problems == {None}


@pytest.mark.parametrize("level", ["serializable", "repeatable read"])
def test_writers_at_a_stricter_isolation_lose_no_update_and_say_who_was_faster(
    role: Role, level: str
) -> None:
    """default_transaction_isolation: what moved the head meanwhile is a failure to serialize."""
    role.set(f"default_transaction_isolation = '{level}'")
    change(guard_at(role.others), 0)
    made, others = [], []

    def write(number: int) -> None:
        guard = guard_at(role.url)
        for turn in range(8):
            plan = guard.plan({"x": 1000 * (number + 1) + turn}, reason="other")
            try:
                made.append(guard.apply(plan).number)
            except cg.ConflictError:
                made.append(0)
            except Exception as error:  # noqa: BLE001
                others.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert others == []
    there = [each for each in made if each]
    assert sorted(there) == list(range(2, len(there) + 2))
    assert guard_at(role.url).verify() == len(there) + 1


SETTINGS = [
    "statement_timeout = 0",
    "bytea_output = 'escape'",
    "DateStyle = 'SQL, DMY'",
    "TimeZone = 'Asia/Kathmandu'",
    "standard_conforming_strings = off",
    "search_path = ''",
    "lc_messages = 'C'",
    "quote_all_identifiers = on",
    "row_security = off",
    "default_tablespace = ''",
    "plan_cache_mode = force_generic_plan",
    "client_min_messages = debug5",
    "idle_in_transaction_session_timeout = '1s'",
    "default_transaction_deferrable = on",
]


def test_whatever_a_role_is_set_to_the_store_works(role: Role) -> None:
    for setting in SETTINGS:
        role.set(setting)
    guard = guard_at(role.url)
    change(guard, 1, 2, 3)
    assert guard.revert(reason="back").data == {"x": 2}
    assert guard.verify() == 4
    assert [each.text for each in guard_at(role.others).history()] == [each.text for each in guard.history()]
    with cg.Live(X, f"{role.url}#a", interval=30) as live:
        change(guard_at(role.others), 5)
        until(lambda: live.current == X(5), 5, "the settings")


@pytest.fixture
def own() -> Iterator[Postgres]:
    """A PostgreSQL of this test alone."""
    server = Postgres(wal_level="replica", max_wal_senders=2)
    yield server
    server.close()


def test_a_session_that_became_read_only_is_left_for_another(own: Postgres) -> None:
    """HikariCP#1802, #2185: the connection stays, and its server was demoted, as in a failover of Aurora."""
    role = Role(own)
    own.sql(f"CREATE ROLE {role.name} SUPERUSER LOGIN")
    guard = guard_at(role.url)
    change(guard, 1)
    own.sql("ALTER SYSTEM SET default_transaction_read_only = on")
    own.sql("SELECT pg_reload_conf()")
    until(lambda: own.sql("SHOW default_transaction_read_only") == "on")
    with pytest.raises(StoreError, match="takes no writes") as caught:
        change(guard, 2)
    assert "target_session_attrs=primary" in str(caught.value.hint)
    assert not isinstance(caught.value, InDoubtError)
    assert guard.head().number == 1, "who reads is served"
    with psycopg.connect(own.url().partition("?")[0], autocommit=True) as admin:
        admin.execute("SET default_transaction_read_only = off")
        admin.execute(f"ALTER ROLE {role.name} SET default_transaction_read_only = off")
    change(guard, 2)  # a new session may write, as one to another server
    assert guard.head().number == 2


def test_rights_that_were_taken_and_given_back(role: Role) -> None:
    postgres, reader = role.server, f"{role.name}_reader"
    change(guard_at(role.others), 1)
    give = f'USAGE ON SCHEMA "{role.name}" TO {reader}'
    postgres.sql(f"CREATE ROLE {reader} LOGIN; GRANT {give}")
    postgres.sql(f'GRANT SELECT ON ALL TABLES IN SCHEMA "{role.name}" TO {reader}')
    url = postgres.url(schema=role.name, user=reader)
    with cg.Live(X, f"{url}#a", interval=0.3) as live:
        postgres.sql(f"REVOKE {give.replace(' TO ', ' FROM ')}")
        until(lambda: "may not do that" in str(live.problem), 10, "a problem")
        assert live.current == X(1)
        postgres.sql(f"GRANT {give}")
        change(guard_at(role.others), 2)
        until(lambda: live.current == X(2) and live.problem is None, 40, "the settings")


@pytest.fixture
def with_password(own: Postgres, tmp_path: Path) -> Iterator[tuple[Role, Path]]:
    """A role that logs in by a password, which stands in a file."""
    role, passwords = Role(own), tmp_path / "passwords"
    own.sql(f"CREATE ROLE {role.name} SUPERUSER LOGIN PASSWORD 'first'")
    hba = own.data / "pg_hba.conf"
    hba.write_text(f"host all {role.name} 127.0.0.1/32 scram-sha-256\n{hba.read_text()}")
    own.sql("SELECT pg_reload_conf()")
    passwords.touch(0o600)
    passwords.write_text(f"*:*:*:{role.name}:first\n")
    yield role, passwords


def test_a_password_that_is_rotated_in_its_file(own: Postgres, with_password: tuple[Role, Path]) -> None:
    """asyncpg#291, postgres-nio#431: open connections live on, new ones take the new password."""
    role, passwords = with_password
    url = f"{role.url}&passfile={passwords}"
    guard = guard_at(url)
    change(guard, 1)
    with cg.Live(X, f"{url}#a", interval=0.3) as live:
        own.sql(f"ALTER ROLE {role.name} PASSWORD 'second'")
        change(guard, 2)
        until(lambda: live.current == X(2), what="the settings, on a connection that was open before")
        role.end_sessions()
        until(lambda: "password authentication failed" in str(live.problem), what="a problem")
        assert live.current == X(2)
        passwords.write_text(f"*:*:*:{role.name}:second\n")
        change(guard, 3)
        until(lambda: live.current == X(3) and live.problem is None, what="the settings")
        assert "first" not in str(live.problem)


def test_addresses_of_all_kinds(own: Postgres) -> None:
    """IPv6, sockets, several hosts of which the first is not there."""
    with (own.data / "postgresql.conf").open("a") as conf:
        conf.write("listen_addresses = '127.0.0.1,::1'\n")
    own.stop()
    own.start()
    change(guard_at(own.url()), 1)
    for number, host in enumerate(
        (
            f"confguard@[::1]:{own.port}/postgres?connect_timeout=2",
            f"confguard@/postgres?host={own.folder}&port={own.port}",
            f"confguard@%2F{str(own.folder)[1:].replace('/', '%2F')}:{own.port}/postgres",
            f"confguard@127.0.0.1:{free_port()},[::1]:{own.port}/postgres?target_session_attrs=read-write",
            f"confguard@localhost:{own.port}/postgres",
        ),
        2,
    ):
        url = f"postgresql://{host}"
        guard = guard_at(url)
        change(guard, number)
        with cg.Live(X, f"{url}#a", interval=30) as live:
            assert live.current == X(number)
            change(guard_at(own.url()), 100 + number)
            until(lambda live=live, number=number: live.current == X(100 + number), 5, "the settings")
        guard.close()


def test_several_hosts_follow_the_primary(own: Postgres) -> None:
    """porsager/postgres#815, patroni#2189: the hosts stand in the URL, and who is the primary changes."""
    change(guard_at(own.url()), 1)
    standby = Standby(own)
    try:
        hosts = f"127.0.0.1:{own.port},127.0.0.1:{standby.port}"
        url = f"postgresql://confguard@{hosts}/postgres?target_session_attrs=primary&connect_timeout=2"
        guard = guard_at(url)
        change(guard, 2)
        until(lambda: open_store(standby.url()).newest("a") == 2, what="the standby")
        with cg.Live(X, f"{url}#a", interval=0.5) as live:
            own.stop("immediate")
            standby.promote()
            change(guard, 3)
            until(lambda: live.current == X(3) and live.problem is None, 30, "the settings")
        assert guard.verify() == 3
    finally:
        standby.close()


@pytest.mark.parametrize("mode", ["session", "transaction", "statement"])
def test_a_pooler_of_any_mode(postgres: Postgres, mode: str) -> None:
    """pgbouncer#976: in statement mode there are no transactions of several statements: it is refused, and says why."""
    pooler, schema = Pooler(postgres, mode), f"t{uuid.uuid4().hex[:8]}"
    try:
        url = pooler.url(schema)
        if mode == "statement":
            with pytest.raises(StoreError, match="statement pooling") as caught:
                change(guard_at(url), 1)
            assert not isinstance(caught.value, InDoubtError)
            assert "pool_mode" in str(caught.value.hint)
            change(guard_at(postgres.url(schema=schema)), 1)
        else:
            change(guard_at(url), 1)
        with cg.Live(X, f"{url}#a", interval=0.5) as live:
            change(guard_at(postgres.url(schema=schema)), 2)
            until(lambda: live.current == X(2), 10, "the settings")
            pooler.restart()
            change(guard_at(postgres.url(schema=schema)), 3)
            until(lambda: live.current == X(3) and live.problem is None, 30, "the settings")
    finally:
        pooler.close()


@pytest.mark.parametrize("kind", ["postgresql", "etcd"])
def test_two_hundred_configs_of_one_process(kind: str, request: pytest.FixtureRequest) -> None:
    """They share a connection, and neither idle for much nor wait for one another."""
    url = fresh_url(kind, request)
    names = [f"config {number}" for number in range(200)]
    store = open_store(url)
    for name in names:
        append(store, name, [chain_draft("x = 1\n")], expect=0)
    lives = {name: cg.Live(X, f"{url}#{name}", interval=60) for name in names}
    time.sleep(1)
    begun = time.process_time()
    time.sleep(3)
    idle = (time.process_time() - begun) / 3
    for name in names[::20]:
        append(store, name, [chain_draft("x = 2\n")], expect=1)
    until(lambda: all(lives[name].current == X(2) for name in names[::20]), 5, "the settings")
    begun = time.monotonic()
    for live in lives.values():
        live.close()
    assert time.monotonic() - begun < 60
    store.close()
    assert idle < 0.3, f"{idle:.0%} of a processor while nothing happens"


def test_the_largest_content_goes_through_and_comes_back(postgres: Postgres) -> None:
    store = open_store(postgres.url(schema=f"t{uuid.uuid4().hex[:8]}"))
    text = f'x = "{os.urandom(8_000_000).hex()}"\n'
    for number in range(3):
        append(store, "a", [chain_draft(f"{text}n = {number}\n")], expect=number)
    store.close()
    again = open_store(postgres.url(schema=store.schema))
    assert again.head("a").text == f"{text}n = 2\n"
    assert chain.verify(again, "a") == 3
    again.close()


def test_an_address_that_leads_elsewhere_is_followed(own: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """npgsql#5807, a blue/green switch: a name that leads to another server, and the old one goes on to answer."""
    monkeypatch.setattr("confguard.stores.postgres.LIFETIME_SECONDS", 1.0)
    change(guard_at(own.url()), 1)
    standby, proxy = Standby(own), Proxy(own.port)
    try:
        url = f"postgresql://confguard@{proxy.address}/postgres"
        with cg.Live(X, f"{url}#a", interval=0.3) as live:
            until(lambda: open_store(standby.url()).newest("a") == 1, what="the standby")
            standby.promote()
            proxy.port = standby.port
            change(guard_at(standby.url()), 2)
            until(lambda: live.current == X(2), 10, "what the other server has")
            proxy.listener.close()  # where no new connection is to be had, the old one is kept
            time.sleep(2)
            change(guard_at(standby.url()), 3)
            until(lambda: live.current == X(3), 10, "the settings")
    finally:
        proxy.close()
        standby.close()


def test_a_failover_that_loses_commits_is_said(own: Postgres) -> None:
    """patroni#1411: replication is asynchronous, and the standby did not have the newest when it took over."""
    change(guard_at(own.url()), 1, 2)
    standby = Standby(own)
    try:
        hosts = f"127.0.0.1:{own.port},127.0.0.1:{standby.port}"
        url = f"postgresql://confguard@{hosts}/postgres?target_session_attrs=primary&connect_timeout=2"
        until(lambda: open_store(standby.url()).newest("a") == 2, what="the standby")
        guard = guard_at(url)
        with cg.Live(X, f"{url}#a", interval=0.5) as live:
            with psycopg.connect(standby.url().partition("?")[0], autocommit=True) as admin:
                admin.execute("ALTER SYSTEM SET primary_conninfo = ''")
                admin.execute("SELECT pg_reload_conf()")
            until(
                lambda: own.sql("SELECT count(*) FROM pg_stat_replication") == "0", what="the standby's end"
            )
            change(guard, 3)
            until(lambda: live.current == X(3), what="the settings")
            own.stop("immediate")
            standby.promote()
            until(lambda: live.current == X(2), 40, "the settings that are there")
            assert "history was replaced: revision 3, which was in force" in str(live.problem)
            change(guard, 4)
            until(lambda: live.current == X(4) and live.problem is None, 40, "the settings")
        assert guard.verify() == 3
    finally:
        standby.close()


def test_a_dump_that_is_restored_under_those_who_have_it_open(own: Postgres, tmp_path: Path) -> None:
    """pg_dump and psql, as for a pg_upgrade by hand: the tables go and come back, with what the dump holds."""
    guard = guard_at(own.url())
    change(guard, 1, 2)
    dump = tmp_path / "dump.sql"
    words = ["-h", "127.0.0.1", "-p", str(own.port), "-U", "confguard", "-d", "postgres"]
    pg_dump, psql = (needed(name, "/usr/lib/postgresql/*/bin") for name in ("pg_dump", "psql"))
    kept = subprocess.run([pg_dump, *words, "--clean", "--schema=confguard"], check=True, capture_output=True)
    dump.write_bytes(kept.stdout)
    change(guard, 3)
    with cg.Live(X, f"{own.url()}#a", interval=0.3) as live:
        own.sql("DROP SCHEMA confguard CASCADE")
        until(lambda: live.problem is not None, what="a problem")
        assert live.current == X(3)
        with pytest.raises(StoreError) as caught:
            change(guard, 4)
        assert not isinstance(caught.value, InDoubtError)
        dump.write_text(dump.read_text().replace("DROP SCHEMA", "DROP SCHEMA IF EXISTS"))
        subprocess.run([psql, *words, "-q", "-f", str(dump)], check=True, capture_output=True)
        until(lambda: live.current == X(2), what="what the dump holds")
        assert "history was replaced: revision 3" in str(live.problem)
        change(guard, 4)
        until(lambda: live.current == X(4) and live.problem is None, what="the settings")
    assert guard.verify() == 3


def test_a_database_that_is_full_says_so_and_goes_on(own: Postgres) -> None:
    """synapse#10594: no space left is an answer of the server. It can be reached, and saying it again is no help."""
    place = own.folder / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1M", "tmpfs", str(place)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("mounting needs root")
    try:
        shutil.chown(place, "postgres", "postgres")
        role = Role(own)
        own.sql(f"CREATE ROLE {role.name} SUPERUSER LOGIN")
        own.sql(f"CREATE TABLESPACE small LOCATION '{place}'")
        role.set("default_tablespace = small")
        guard = guard_at(role.url)
        change(guard, 1)
        plan = guard.plan({"x": 2, "more": os.urandom(2_000_000).hex()}, reason="large")
        begun = time.monotonic()
        with pytest.raises(StoreError, match="No space left") as caught:
            guard.apply(plan)
        assert time.monotonic() - begun < 8
        assert "cannot be reached" not in str(caught.value)
        assert "disk" in str(caught.value.hint)
        assert not isinstance(caught.value, InDoubtError)
        change(guard, 3)
        assert guard.verify() == 2
    finally:
        own.stop("immediate")
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize(
    ("behind", "watched"), [(-25, True), (0, True), (5, True), (25, True), (3600, False)]
)
def test_a_bake_is_watched_on_a_server_whose_clock_is_behind(role: Role, behind: int, watched: bool) -> None:
    """After a failover: a lease that a clock gave which was ahead is no reason to take a watched revision back."""
    store = open_store(role.others)
    append(store, "a", [chain_draft("x = 1\n")], expect=0)
    ends = datetime.now(UTC) + timedelta(hours=1)
    append(store, "a", [chain_draft("x = 2\n")], expect=1, bake=PendingBake(2, 1, ends))
    role.server.sql(f'UPDATE "{role.name}".config SET lease = lease + {behind * 1_000_000}')
    assert store.pending_bake("a").watched is watched
    assert store.renew_bake("a", 2)
    assert store.pending_bake("a").watched
    store.close()
