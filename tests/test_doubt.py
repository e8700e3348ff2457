"""Changes whose answer is lost: what was done is never reported as refused, and what nobody knows is in doubt."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from attrs import frozen

import confguard as cg
from appending import append
from confguard.cli import main
from confguard.errors import InDoubtError, StoreError
from confguard.stores import Append, PendingBake, Store, chain, open_store
from conftest import fresh_url
from proxy import Proxy
from servers import Postgres
from test_fleet import chain_draft

pytestmark = pytest.mark.slow
TOLD_BY = {"postgres": (b"SET bake = NULL", b"COMMIT"), "etcd": (b"request_delete_range",) * 2}
ANY = cg.Policy(review=101, block=101)


@frozen
class Through:
    """A store behind a proxy, the same store past it, and what tells requests that end a bake, and commit."""

    url: str
    proxy: Proxy
    store: Store
    ends: bytes
    commits: bytes

    def guard(self) -> cg.Guard:
        return cg.Guard("a", store=self.url, format="toml", policy=ANY)


@pytest.fixture(params=["postgresql", "etcd"])
def through(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Through]:
    """The bake of revision 2 is under way."""
    monkeypatch.setattr("confguard.stores.retrying.PATIENCE_SECONDS", 1.0)
    is_postgres = request.param == "postgresql"
    server = request.getfixturevalue("postgres" if is_postgres else "etcd")
    port = server.port if is_postgres else server.ports[0]
    url, proxy = fresh_url(request.param, request), Proxy(port)
    store = open_store(url)
    append(store, "a", [chain_draft("x = 1\n")], expect=0)
    ends = datetime.now(UTC) + timedelta(hours=1)
    append(store, "a", [chain_draft("x = 2\n")], expect=1, bake=PendingBake(2, 1, ends))
    behind = url.replace(f"127.0.0.1:{port}", proxy.address)
    yield Through(behind, proxy, store, *(TOLD_BY["postgres" if is_postgres else "etcd"]))
    proxy.close()
    store.close()


def test_a_confirm_whose_answer_is_lost_for_good_is_in_doubt(through: Through) -> None:
    guard = through.guard()
    through.proxy.lose_answers(1, through.commits, then=through.proxy.close)
    with pytest.raises(InDoubtError, match="in doubt whether revision 2 of 'a' was confirmed") as caught:
        guard.confirm()
    assert "confguard status a" in str(caught.value.hint)
    assert through.store.pending_bake("a") is None, "it was"


def test_in_doubt_is_an_exit_code_of_its_own(
    through: Through, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script that reads 2, that nothing was done, applies once more."""
    Path("confguard.toml").write_text(f'store = "{through.url}"\n[configs.a]\nformat = "toml"\n')
    through.proxy.lose_answers(1, through.commits, then=through.proxy.close)
    assert main(["confirm", "a"]) == 6
    told = capsys.readouterr().err
    assert "in doubt whether revision 2 of 'a' was confirmed" in told
    assert "confguard status a" in told


def test_a_confirm_that_nobody_heard_is_not_in_doubt(through: Through) -> None:
    guard = through.guard()
    through.proxy.close()
    with pytest.raises(StoreError) as caught:
        guard.confirm()
    assert not isinstance(caught.value, InDoubtError)
    assert through.store.pending_bake("a") is not None


def test_a_confirm_is_no_failure_where_the_store_is_lost_right_after_it(through: Through) -> None:
    guard = through.guard()
    end = guard.store.end_bake

    def ends_and_loses(config: str, revision: int) -> bool:
        ended = end(config, revision)
        through.proxy.close()
        return ended

    guard.store.end_bake = ends_and_loses  # type: ignore[method-assign]
    assert guard.confirm().number == 2


def test_a_confirm_whose_answer_is_lost_while_somebody_reverts_is_none(through: Through) -> None:
    """The bake is over; but it was the revert that ended it."""
    guard = through.guard()
    (back,) = chain.link("a", [chain_draft("x = 1\n")], through.store.head("a"))
    through.proxy.swallow(through.ends, then=lambda: through.store.commit(Append("a", (back,))))
    with pytest.raises(cg.NotFoundError, match="no revision that waits to be confirmed; revision 3"):
        guard.confirm()


def test_a_commit_that_was_made_is_not_refused_by_a_server_that_became_read_only(postgres: Postgres) -> None:
    """The answer is lost in a failover, and who is asked next is a standby, or was demoted: HikariCP#1802."""
    role = f"u{uuid.uuid4().hex[:8]}"
    postgres.sql(f"CREATE ROLE {role} SUPERUSER LOGIN")
    proxy = Proxy(postgres.port)
    direct = postgres.url(schema=role)
    guard = cg.Guard("a", store=direct, format="toml", policy=ANY)
    guard.apply(guard.plan({"x": 1}, reason="start"))
    store = open_store(
        postgres.url(schema=role, user=role).replace(f"127.0.0.1:{postgres.port}", proxy.address)
    )
    (lost, later) = chain.link("a", [chain_draft("x = 2\n"), chain_draft("x = 3\n")], store.head("a"))
    read_only = f"ALTER ROLE {role} SET default_transaction_read_only = on"
    proxy.lose_answers(1, b"WITH s0", then=lambda: postgres.sql(read_only))
    store.commit(Append("a", (lost,)))
    assert guard.head().number == 2
    with pytest.raises(StoreError, match="read-only") as caught:
        store.commit(Append("a", (later,)))
    assert not isinstance(caught.value, InDoubtError), "nothing was sent before"
    store.close()
    guard.close()
    proxy.close()


@pytest.fixture
def own() -> Iterator[Postgres]:
    """A PostgreSQL of this test alone, whose log is written late unless a commit asks for it."""
    server = Postgres(wal_level="replica", max_wal_senders=2, wal_writer_delay="'10s'", autovacuum="off")
    yield server
    server.close()


def test_a_commit_that_no_standby_has_is_in_doubt(own: Postgres, folder: Path) -> None:
    """patroni#1412: a commit that is cancelled while it waits for its standby stands on this server alone."""
    guard = cg.Guard("a", store=own.url(), targets=["a.toml"], policy=ANY)
    guard.apply(guard.plan({"x": 1}, reason="start"))
    own.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    own.sql("SELECT pg_reload_conf()")
    with pytest.raises(InDoubtError, match="standby") as caught:
        guard.apply(guard.plan({"x": 2}, reason="no standby has it"))
    assert "pg_stat_replication" in str(caught.value.hint)
    assert Path("a.toml").read_text() == "x = 2\n", "it is in force, and carried out"
    with pytest.raises(InDoubtError, match="standby"):
        guard.revert(reason="going back waits for no standby")
    assert Path("a.toml").read_text() == "x = 1\n"
    own.sql("ALTER SYSTEM RESET synchronous_standby_names")
    own.sql("SELECT pg_reload_conf()")
    assert guard.head().number == 3
    assert guard.recover() == (), "nothing is left to do"
    guard.apply(guard.plan({"x": 3}, reason="goes on"))


def test_a_commit_outlasts_a_crash_whatever_synchronous_commit_is(own: Postgres) -> None:
    own.sql("ALTER ROLE confguard SET synchronous_commit = off")
    store = open_store(own.url())
    for number in range(3):
        append(store, "a", [chain_draft(f"x = {number}\n")], expect=number)
        own.stop("immediate")
        own.start()
        assert store.newest("a") == number + 1
    ends = datetime.now(UTC) + timedelta(hours=1)
    append(store, "a", [chain_draft("x = 4\n")], expect=3, bake=PendingBake(4, 3, ends))
    assert store.end_bake("a", 4)
    own.stop("immediate")
    own.start()
    assert store.pending_bake("a") is None
    store.close()
