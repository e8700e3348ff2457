"""Connections to PostgreSQL, and the tables of a store: their names, how they are made, who may do what with them.

A frozen server acknowledges what is sent to it, and a firewall that forgot a connection says nothing: no setting of TCP
or of a session notices both, and a session behind a pooler keeps no settings. So whoever waits looks at the clock. The
server is asked to cancel the statement, which ends a wait for somebody's lock; where that does not help, the connection
is cut.
"""

from __future__ import annotations

import math
import os
import re
import socket
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

import psycopg
from attrs import frozen
from psycopg import waiting

from confguard.errors import StoreBusyError, StoreError
from confguard.stores.retrying import LostError, UnreplicatedError
from confguard.stores.urls import first_line

_TICK = 0.1
"""How often to look at the clock, and whether somebody interrupts."""
_CANCEL_SECONDS = 1.0
"""For how long a statement that was cancelled is waited for."""
_SYNC_REP_WAIT = "SyncRepWaitForLSN"
"""Where the server's warning comes from, in whatever language, that a wait for its standby was given up."""
_BUSY = (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable)
LOST = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.IdleInTransactionSessionTimeout,
)
_EXPLAINED: tuple[tuple[Any, str, str], ...] = (
    (
        psycopg.errors.InsufficientPrivilege,
        "this role may not do that",
        "docs/how-to/fleet.md tells which privileges a reader and a writer need",
    ),
    (
        _BUSY,
        "the server has not done it in time",
        "somebody may hold a lock (pg_locks, pg_stat_activity), or the server is overloaded; try again",
    ),
    (
        psycopg.errors.ReadOnlySqlTransaction,
        "this server takes no writes",
        "is it a standby, or was it demoted? Name the primary, or all hosts with target_session_attrs=primary",
    ),
    (
        psycopg.errors.ProtocolViolation,
        "refused",
        "a commit is a transaction: behind pgbouncer, pool_mode is to be transaction or session",
    ),
)
"""Errors, what is said of them, and what helps. The first that fits counts: some are among those below, too."""
_UNABLE = ("531", "532", "54", "55", "58")
"""The classes of errors of a server that answers, and to which saying it again is no help: a full disk, a limit."""
_GOING_DOWN = ("57P", "08")
"""The classes of errors of which a commit that was under way may have been done."""
LAYOUT = 1
_CREATING = 0x63666764
"""The advisory lock that whoever makes the tables holds."""
_NAMED = re.compile(r"\b(FROM|JOIN|INTO|UPDATE) (config|revision|place|report|layout)\b")
_STATEMENTS = (
    "CREATE TABLE {schema}.layout (version INTEGER NOT NULL)",
    """CREATE TABLE {schema}.config (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name TEXT NOT NULL UNIQUE, head BIGINT NOT NULL,
  digest BYTEA NOT NULL, bake TEXT, lease BIGINT NOT NULL DEFAULT 0)""",
    """CREATE TABLE {schema}.revision (
  config BIGINT NOT NULL REFERENCES {schema}.config, number BIGINT NOT NULL, content BYTEA NOT NULL,
  format TEXT NOT NULL, author TEXT NOT NULL, reason TEXT NOT NULL, created_at BIGINT NOT NULL, data BYTEA,
  parent BYTEA, digest BYTEA NOT NULL, more TEXT, keyframe BIGINT, payload BYTEA,
  PRIMARY KEY (config, number))""",
    """CREATE TABLE {schema}.place (
  config BIGINT NOT NULL REFERENCES {schema}.config, place TEXT NOT NULL, wanted BIGINT NOT NULL,
  written BIGINT NOT NULL, told BIGINT NOT NULL, error TEXT, PRIMARY KEY (config, place))""",
    """CREATE TABLE {schema}.report (
  config BIGINT NOT NULL REFERENCES {schema}.config, reporter TEXT NOT NULL, revision BIGINT NOT NULL,
  requests BIGINT NOT NULL, errors BIGINT NOT NULL, slow BIGINT NOT NULL, until BIGINT NOT NULL,
  PRIMARY KEY (config, reporter, revision))""",
    """CREATE FUNCTION {schema}.history_is_final() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'history is final'; END $$""",
    """CREATE TRIGGER revision_is_final
  BEFORE UPDATE OF config, number, content, format, author, reason, created_at, data, parent, digest, more
  ON {schema}.revision FOR EACH STATEMENT EXECUTE FUNCTION {schema}.history_is_final()""",
    """CREATE TRIGGER revision_stays BEFORE DELETE OR TRUNCATE ON {schema}.revision
  FOR EACH STATEMENT EXECUTE FUNCTION {schema}.history_is_final()""",
    "INSERT INTO {schema}.layout VALUES (1)",
)


class BoundedConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection on which nothing takes longer than it may, and Ctrl-C ends what is under way at once.

    psycopg itself asks the server to cancel it then, and waits for the answer.
    """

    _end = math.inf
    _is_cancelled = False

    @contextmanager
    def bounded(self, seconds: float) -> Iterator[None]:
        """What is done within is cancelled after so many seconds, and the connection cut a second later."""
        before = self._end, self._is_cancelled
        self._end, self._is_cancelled = time.monotonic() + seconds, False
        try:
            yield
        finally:
            self._end, self._is_cancelled = before

    def wait(self, *operation: Any, **options: Any) -> Any:
        """Wait for an operation; the connection is cut where somebody interrupts that."""
        generator, *interval = operation
        if not interval:
            options.setdefault("interval", _TICK)
        try:
            return waiting.wait(self._timed(generator), self.pgconn.socket, *interval, **options)
        except (KeyboardInterrupt, SystemExit):
            self.cut()
            self.close()
            raise

    def cut(self) -> None:
        """End the connection below libpq, which then reads its end."""
        with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(self.fileno())) as end:
            end.shutdown(socket.SHUT_RDWR)

    def _timed(self, operation: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """The operation, with a look at the clock whenever something comes, and every tick."""
        try:
            awaited = next(operation)
            while True:
                ready = yield awaited
                self._look_at_the_clock()
                awaited = operation.send(ready)
        except StopIteration as result:
            return result.value

    def _look_at_the_clock(self) -> None:
        if time.monotonic() <= self._end:
            return
        if self._is_cancelled:
            self.cut()
            return
        self._is_cancelled, self._end = True, time.monotonic() + _CANCEL_SECONDS
        # In a thread of its own: it speaks to a server that may not answer.
        threading.Thread(target=self._cancel, daemon=True).start()

    def _cancel(self) -> None:
        with suppress(psycopg.Error, OSError):
            self.cancel_safe(timeout=_CANCEL_SECONDS)


@contextmanager
def explained(shown: str) -> Iterator[None]:
    """Raise `StoreError` for what the server and its library raise within; `shown` names the store."""
    try:
        yield
    except psycopg.Error as error:
        raise _explanation(shown, error) from error


def _explanation(shown: str, error: psycopg.Error) -> StoreError:
    for kinds, what, hint in _EXPLAINED:
        if isinstance(error, kinds):
            kind = StoreBusyError if kinds is _BUSY else StoreError
            return kind(f"{shown}: {what}: {first_line(error)}", hint=hint)
    if not isinstance(error, LOST):
        return StoreError(f"{shown}: {first_line(error)}")
    if (error.sqlstate or "").startswith(_UNABLE):
        return StoreError(
            f"{shown}: the server cannot do that: {first_line(error)}",
            hint="its log says more; has it room on its disk, and memory?",
        )
    lost = LostError(
        f"{shown}: cannot be reached: {first_line(error)}",
        hint="does the server run, and are host, port, user and password right?",
    )
    # What the server says of a statement is that it was not done; but for one that goes down at that moment.
    lost.sent = error.sqlstate is None or error.sqlstate.startswith(_GOING_DOWN)
    return lost


@contextmanager
def nothing_sent() -> Iterator[None]:
    """Whatever is lost within leaves no change in doubt."""
    try:
        yield
    except LostError as error:
        error.sent = False
        raise


@contextmanager
def check_replicated(shown: str, warnings: set[str | None]) -> Iterator[None]:
    """Raise `UnreplicatedError` where what is committed within is not on the standby that it has to be on.

    `warnings` are the functions of the server that warned.
    """
    warnings.clear()
    yield
    if _SYNC_REP_WAIT in warnings:
        raise UnreplicatedError(
            f"{shown}: what was written is in force on this server, and its synchronous standby has not said that it"
            " has it: a failover now may lose it",
            hint="nothing is to be done again; see pg_stat_replication: once a standby follows, it has this, too",
        )


@frozen
class Tables:
    """The tables of one schema."""

    schema: str

    def named(self, query: str) -> bytes:
        """A query with the names of tables in full, and its values marked as PostgreSQL's client wants it."""
        return _named(query, self._quoted)

    def layout(self, connection: BoundedConnection) -> int | None:
        """The layout of the tables; None if there are none."""
        # Not `to_regclass`: it may remember that there was none, while another transaction made it.
        query = "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = %s AND tablename = 'layout'"
        if connection.execute(query, (self.schema,)).fetchone() is None:
            return None
        row = connection.execute(self.named("SELECT version FROM layout")).fetchone()
        return row[0] if row else None

    def make(self, connection: BoundedConnection) -> None:
        """Make what is missing, within a transaction: the schema, too, where nobody made it before."""
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_CREATING,))
        if self.layout(connection) is not None:  # somebody was faster
            return
        query = "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s"
        if connection.execute(query, (self.schema,)).fetchone() is None:
            connection.execute(f"CREATE SCHEMA {self._quoted}".encode())
        for statement in self._statements():
            connection.execute(statement.encode())

    def setup(self, *, owner: str | None, writer: str | None, reader: str | None) -> str:
        """What a DBA runs once: the schema and tables for their owner, and what writers and readers may do.

        >>> print(Tables("confguard").setup(owner=None, writer=None, reader="auth")[-67:])
        GRANT SELECT ON ALL TABLES IN SCHEMA "confguard" TO "auth";
        COMMIT;
        """
        schema, lines = self._quoted, ["BEGIN"]
        lines.append(
            f"CREATE SCHEMA IF NOT EXISTS {schema}" + (f" AUTHORIZATION {_quoted(owner)}" if owner else "")
        )
        lines += [f"SET LOCAL ROLE {_quoted(owner)}"] if owner else []
        lines += self._statements()
        for role in (writer, reader):
            if role:
                lines.append(f"GRANT USAGE ON SCHEMA {schema} TO {_quoted(role)}")
                lines.append(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {_quoted(role)}")
            if role and role == writer:
                appended = ", ".join(f"{schema}.{name}" for name in ("config", "revision", "place", "report"))
                lines.append(f"GRANT INSERT ON {appended} TO {_quoted(role)}")
                lines.append(
                    f"GRANT UPDATE ON {schema}.config, {schema}.place, {schema}.report TO {_quoted(role)}"
                )
                lines.append(f"GRANT DELETE ON {schema}.report TO {_quoted(role)}")
        return "\n".join(f"{line};" for line in [*lines, "COMMIT"])

    @property
    def _quoted(self) -> str:
        return _quoted(self.schema)

    def _statements(self) -> Iterator[str]:
        return (statement.format(schema=self._quoted) for statement in _STATEMENTS)


@lru_cache(maxsize=512)
def _named(query: str, schema: str) -> bytes:
    return _NAMED.sub(rf"\1 {schema}.\2", query).replace("?", "%s").encode()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
