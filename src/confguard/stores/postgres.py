"""A store in PostgreSQL, for services on several machines."""

from __future__ import annotations

import os
import re
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from threading import Event, RLock
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from confguard.errors import ConflictError, StoreError
from confguard.forking import renew_in_children
from confguard.stores import chain
from confguard.stores.interface import Append
from confguard.stores.packing import Packed
from confguard.stores.retrying import LostError, retrying
from confguard.stores.sql import SqlStore
from confguard.stores.sql_script import FOLLOW, Statement, UnmetError
from confguard.stores.urls import missing_extra, without_password

try:
    import psycopg
    from psycopg import sql
except ImportError as error:
    raise missing_extra("postgres", "psycopg") from error

__all__ = ["CHANNEL", "LAYOUT", "PostgresStore"]

Connection: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"

LAYOUT = 1
CHANNEL = "confguard"
CONNECT_SECONDS = 5
PATIENCE_SECONDS = 10.0
"""How long to ask for the outcome of a commit whose answer was lost."""
_TICK = 0.2
"""How long a watcher waits before it looks whether it shall stop."""

_TABLES = (
    "CREATE TABLE layout (version INTEGER NOT NULL)",
    """CREATE TABLE config (
      id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name TEXT NOT NULL UNIQUE, head BIGINT NOT NULL,
      digest BYTEA NOT NULL, bake TEXT, lease BIGINT NOT NULL DEFAULT 0)""",
    """CREATE TABLE revision (
      config BIGINT NOT NULL REFERENCES config, number BIGINT NOT NULL, content BYTEA NOT NULL, format TEXT NOT NULL,
      author TEXT NOT NULL, reason TEXT NOT NULL, created_at BIGINT NOT NULL, data BYTEA, parent BYTEA,
      digest BYTEA NOT NULL, more TEXT, keyframe BIGINT, payload BYTEA,
      PRIMARY KEY (config, number))""",
    """CREATE TABLE place (
      config BIGINT NOT NULL REFERENCES config, place TEXT NOT NULL, wanted BIGINT NOT NULL, written BIGINT NOT NULL,
      told BIGINT NOT NULL, error TEXT, PRIMARY KEY (config, place))""",
    """CREATE FUNCTION history_is_final() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'history is final'; END $$""",
    """CREATE TRIGGER revision_is_final
      BEFORE UPDATE OF config, number, content, format, author, reason, created_at, data, parent, digest, more
      ON revision FOR EACH STATEMENT EXECUTE FUNCTION history_is_final()""",
    """CREATE TRIGGER revision_stays BEFORE DELETE OR TRUNCATE ON revision
      FOR EACH STATEMENT EXECUTE FUNCTION history_is_final()""",
    f"INSERT INTO layout VALUES ({LAYOUT})",
)
_AT_ONCE = 4
"""The head, one revision, its place, and the notice."""
_CREATING = 0x63666764
"""The advisory lock that whoever makes the tables holds."""


class PostgresStore(SqlStore):
    """Revisions in a schema of a PostgreSQL database, `confguard` unless the URL says `?schema=`.

    One connection, shared by threads; another for each watcher. A lost connection is made anew at the next call. The
    schema and its tables are made by the first commit: until then there is nothing to read. Raises `StoreError`.
    """

    local = False
    now = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url, self.schema = _parted(url)
        self._shown = without_password(url)
        self._lock = RLock()
        self._closed = self._made = False
        self._keep(self._connect())
        with self._explained():
            self._has_tables()
        renew_in_children(self)

    def commit(self, *appends: Append) -> None:
        """Append to one config or several, in one transaction; where the answer is lost, find out what became of it."""
        in_doubt = False
        for last in retrying(PATIENCE_SECONDS):
            try:
                return super().commit(*appends)
            except ConflictError:
                if in_doubt and chain.stored(self, appends):
                    return None
                raise
            except LostError as error:
                in_doubt = in_doubt or error.sent
                if last:
                    raise (chain.in_doubt(appends, error) if in_doubt else error) from error
        return None

    def watch(self, config: str, stop: Event, patience: float) -> Iterator[None]:
        """Yield when the server notifies of a commit to this config."""
        with self._explained(), self._connect() as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            yield None
            quiet_until = time.monotonic() + patience
            while not stop.is_set():
                told = [note.payload for note in connection.notifies(timeout=_TICK, stop_after=1)]
                if config in told or time.monotonic() > quiet_until:
                    quiet_until = time.monotonic() + patience
                    yield None

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._closed = True
            if not self._stale:
                self._connection.close()

    def after_fork(self) -> None:
        """In a forked child: a lock that nobody holds, and a connection of its own."""
        _FORKED.append(self._connection)
        self._lock = RLock()
        self._stale = True

    def _script(self, append: Append, packed: Sequence[Packed | None]) -> Iterator[Statement]:
        yield from super()._script(append, packed)
        yield Statement("SELECT pg_notify(?, ?)", (CHANNEL, append.config))

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._explained(), self._lock:
            for first in (True, False):
                try:
                    self._usable()
                    if not self._has_tables():
                        return []
                    return self._connection.execute(_translated(query), values).fetchall()
                except (psycopg.OperationalError, psycopg.InterfaceError):
                    if not (first and self._connection.broken):
                        raise
            raise AssertionError

    def _run(self, script: Sequence[Statement], *, durable: bool = True) -> None:
        with self._explained(), self._lock:
            connection = self._usable()
            if not self._has_tables():
                self._make_tables()
            if len(script) <= _AT_ONCE and script[0].query == FOLLOW.format(now=self.now):
                _run_at_once(connection, script)
                return
            with connection.transaction():
                if not durable:
                    connection.execute("SET LOCAL synchronous_commit = off")
                for statement in script:
                    cursor = connection.execute(_translated(statement.query), statement.values)
                    if statement.must and cursor.fetchone() is None:
                        raise UnmetError(statement.must)

    def _usable(self) -> Connection:
        """The connection; a new one in a forked child, and where it was lost."""
        if self._stale:
            self._keep(self._connect())
        elif self._connection.closed:
            if self._closed:
                raise StoreError(f"{self._shown}: the store was closed")
            self._keep(self._connect())
        return self._connection

    def _connect(self) -> Connection:
        try:
            with self._explained():
                connection = psycopg.connect(
                    self.url,
                    autocommit=True,
                    connect_timeout=CONNECT_SECONDS,
                    fallback_application_name="confguard",
                )
                path = sql.SQL("SET search_path TO {}").format(sql.Identifier(self.schema))
                connection.execute(path)
                return connection
        except LostError as error:
            error.sent = False
            raise

    def _keep(self, connection: Connection) -> Connection:
        """Use a connection from now on. A store that nobody closed is closed when nobody holds it any more."""
        self._connection, self._stale = connection, False
        weakref.finalize(self, _close, connection, os.getpid())
        return connection

    def _has_tables(self) -> bool:
        """Are there tables that this version knows?"""
        if not self._made:
            layout = self._layout()
            if layout is not None and layout > LAYOUT:
                raise StoreError(
                    f"{self._shown}: made by a newer confguard (layout {layout}, this one knows {LAYOUT})",
                    hint="upgrade confguard-safety",
                )
            self._made = layout is not None
        return self._made

    def _make_tables(self) -> None:
        """Make the schema and its tables, unless somebody else does at the same moment."""
        connection = self._connection
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_CREATING,))
            if self._layout() is None:  # nobody was faster
                made = sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(self.schema))
                connection.execute(made)
                for statement in _TABLES:
                    connection.execute(statement)
        self._has_tables()

    def _layout(self) -> int | None:
        """The layout of the tables; None if there are none."""
        # Not `to_regclass`: it may remember that there was none, while another transaction made it.
        query = "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = %s AND tablename = 'layout'"
        if self._connection.execute(query, (self.schema,)).fetchone() is None:
            return None
        row = self._connection.execute("SELECT version FROM layout").fetchone()
        return row[0] if row else None

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what the server says into what a person can act on."""
        try:
            yield
        except psycopg.errors.InsufficientPrivilege as error:
            raise StoreError(
                f"{self._shown}: this role may not do that: {_first_line(error)}",
                hint="docs/how-to/fleet.md tells which privileges a reader and a writer need",
            ) from error
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise LostError(
                f"{self._shown}: cannot be reached: {_first_line(error)}",
                hint="does the server run, and are host, port, user and password right?",
            ) from error
        except psycopg.Error as error:
            raise StoreError(f"{self._shown}: {_first_line(error)}") from error


def _run_at_once(connection: Connection, script: Sequence[Statement]) -> None:
    """A commit of one revision, the usual case, as one statement: one round trip instead of five.

    What must return a row, and does not, makes the last part fail, and with it all of it.
    """
    parts = ", ".join(f"s{i} AS ({each.query})" for i, each in enumerate(script))
    checks = [
        f"CAST(CASE WHEN EXISTS (SELECT 1 FROM s{i}) THEN '1' ELSE '{each.must}' END AS INTEGER)"
        for i, each in enumerate(script)
        if each.must
    ]
    asked = [
        f"(SELECT count(*) FROM s{i})" for i, each in enumerate(script) if each.query.startswith("SELECT")
    ]
    query = f"WITH {parts} SELECT {', '.join(checks + asked)}"
    try:
        connection.execute(_translated(query), [value for each in script for value in each.values])
    except psycopg.errors.InvalidTextRepresentation as error:
        unmet = next((each.must for each in script if each.must and each.must in str(error)), None)
        if unmet is None:
            raise
        raise UnmetError(unmet) from error


_FORKED: list[Connection] = []
"""Connections of a parent process: closing them in a child would end the parent's, too."""


def _close(connection: Connection, pid: int) -> None:
    if pid == os.getpid():
        connection.close()


def _parted(url: str) -> tuple[str, str]:
    """The URL as libpq takes it, and the schema."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    schema = query.pop("schema", "confguard")
    if not re.fullmatch(r"\w{1,63}", schema):
        raise StoreError(f"'{schema}' is no schema's name", hint="letters, digits and underscores")
    return urlunsplit(parts._replace(query=urlencode(query))), schema


@lru_cache(maxsize=256)
def _translated(query: str) -> bytes:
    """Our queries mark values with `?`, as SQLite does."""
    return query.replace("?", "%s").encode()


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
