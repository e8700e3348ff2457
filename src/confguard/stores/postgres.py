"""A store in PostgreSQL, for services on several machines."""

from __future__ import annotations

import math
import selectors
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Event, RLock
from typing import Any, TypeVar

from confguard.errors import StoreError
from confguard.forking import close_with, renew_in_children
from confguard.stores.sql import SqlStore
from confguard.stores.sql_script import FOLLOW, Statement, UnmetError
from confguard.stores.urls import missing_extra, newer_layout, postgres_settings, without_password

try:
    import psycopg

    from confguard.stores.postgres_connections import (
        LAYOUT,
        LOST,
        BoundedConnection,
        Tables,
        check_replicated,
        explained,
        nothing_sent,
    )
except ImportError as error:
    raise missing_extra("postgres", "psycopg") from error

__all__ = ["CHANNEL", "LAYOUT", "PostgresStore", "setup_script"]

_T = TypeVar("_T")

CHANNEL = "confguard"
READ_SECONDS = 5.0
"""How long the server may take to answer a question."""
WRITE_SECONDS = 10.0
"""How long it may take to write, and to wait for somebody's lock."""
_CLOSE_SECONDS = 2.0
"""How long `close` waits for what is under way."""
_TICK = 0.2
"""How long a watcher waits before it looks whether it shall stop."""
_DURABLE = (
    "set_config('synchronous_commit', replace(current_setting('synchronous_commit'), 'off', 'local'), true)"
)
"""Whatever the database or the role is set to, what is committed outlasts a crash of the server."""
_AT_ONCE = 4
"""The head, one revision, its place, and the notice."""
LIFETIME_SECONDS = 600.0
"""How long a connection is used: its name may lead to another server by then, and the old one go on to answer."""
_LISTEN_AGAIN = 60.0
"""Seconds after which a watcher that could not listen tries again."""


class PostgresStore(SqlStore):
    """Revisions in a schema of a PostgreSQL database, `confguard` unless the URL says `?schema=`.

    One connection, shared by threads and watchers; a lost one is made anew at the next call. The schema and its tables
    are made by the first commit, or by a DBA (`confguard store setup`): until then there is nothing to read. Nothing
    depends on the state of a session, so that a pooler may hand out another one for each transaction; and nothing
    waits without end. Raises `StoreError`.
    """

    local = False
    longest_lease = 2  # the clock of a server that took over may be behind
    now = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url, self.schema = postgres_settings(url)
        self._shown = without_password(url)
        self._tables = Tables(self.schema)
        self._lock = RLock()
        self._closed = self._is_set_up = self._at_work = False
        self._notices: Counter[str] = Counter()
        self._warnings: set[str | None] = set()
        self._listens_until, self._listens = 0.0, 0
        self._used_until, self._closing = 0.0, close_with(self, lambda: None)
        self._connect()
        with explained(self._shown):
            self._has_tables()
        renew_in_children(self)

    def watch(self, config: str, stop: Event, patience: float) -> Iterator[None]:
        """Yield when the server notifies of a commit to this config; where it cannot, every `patience` seconds."""
        yield None
        last, due = (0, 0), time.monotonic() + patience
        while not stop.is_set():
            notices = self._notices_of(config)
            if notices != last or time.monotonic() > due:
                last, due = notices, time.monotonic() + patience
                yield None
            self._wait_for_a_notice(stop)

    def _notices_of(self, config: str) -> tuple[int, int]:
        """How often the server notified of this config, on the connection that everything here shares.

        And how often it began to: what came before that, nobody was told of.
        """
        # Where somebody is at work on it, what comes is counted by that.
        if self._lock.acquire(timeout=_TICK):
            try:
                with self._alone():
                    self._take_notices()
            finally:
                self._lock.release()
        return self._listens, self._notices[config]

    def _take_notices(self) -> None:
        """Count what came; a connection that was lost, as idle ones are, is made anew first."""

        def take() -> None:
            connection = self._usable()
            self._listen(connection)
            connection.pgconn.consume_input()
            while notice := connection.pgconn.notifies():
                self._notices[notice.extra.decode()] += 1

        _twice(take, lambda error: isinstance(error, LOST) and self._connection.closed)

    def _listen(self, connection: BoundedConnection) -> None:
        """Ask to be notified; where nobody may (a replica, a role), ask again after a while."""
        now = time.monotonic()
        if now < self._listens_until:
            return
        self._listens_until = now + _LISTEN_AGAIN
        try:
            with connection.bounded(READ_SECONDS):
                connection.execute(f"LISTEN {CHANNEL}")
        except psycopg.Error:
            if connection.closed:
                raise
        else:
            self._listens_until = math.inf
            self._listens += 1

    def _wait_for_a_notice(self, stop: Event) -> None:
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._connection.fileno(), selectors.EVENT_READ)
                selector.select(_TICK)
        except (psycopg.Error, OSError, ValueError, KeyError):  # the connection was closed meanwhile
            stop.wait(_TICK)

    def run_setup(self, script: str) -> None:
        """Run what `setup_script` says. Raises `StoreError`."""
        with self._alone(), self._usable().bounded(WRITE_SECONDS):
            self._connection.execute(script.encode())

    def close(self) -> None:
        """Close the connection; one on which something is under way is cut."""
        self._closed = True
        if self._lock.acquire(timeout=_CLOSE_SECONDS):
            try:
                if not self._stale:
                    self._connection.close()
            finally:
                self._lock.release()
        else:
            self._connection.cut()

    def after_fork(self) -> None:
        """In a forked child: a lock that nobody holds, and a connection of its own."""
        _FORKED.append(self._connection)
        self._lock, self._at_work = RLock(), False
        self._stale = True

    def _waking(self, config: str) -> Iterator[Statement]:
        yield Statement("SELECT pg_notify(?, ?)", (CHANNEL, config))

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        def read() -> list[tuple[Any, ...]]:
            with self._usable().bounded(READ_SECONDS):
                if not self._has_tables():
                    return []
                return self._connection.execute(self._tables.named(query), values).fetchall()

        with nothing_sent(), self._alone():
            return _twice(read, lambda error: isinstance(error, LOST) and self._connection.broken)

    def _run(self, script: Sequence[Statement], *, durable: bool = True) -> None:
        def was_demoted(error: psycopg.Error) -> bool:
            """Where we connect anew, the primary may answer."""
            if demoted := isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
                self._connection.close()
            return demoted

        with self._alone():
            _twice(lambda: self._run_on(self._usable(), script, durable), was_demoted)

    def _run_on(self, connection: BoundedConnection, script: Sequence[Statement], durable: bool) -> None:
        with connection.bounded(WRITE_SECONDS), check_replicated(self._shown, self._warnings):
            if not self._has_tables():
                with connection.transaction():
                    self._tables.make(connection)
                self._has_tables()
            if len(script) <= _AT_ONCE and script[0].query == FOLLOW.format(now=self.now):
                self._run_at_once(connection, script)
                return
            with connection.transaction():
                connection.execute(f"SELECT {_DURABLE}" if durable else "SET LOCAL synchronous_commit = off")
                for statement in script:
                    cursor = connection.execute(self._tables.named(statement.query), statement.values)
                    if statement.must and cursor.fetchone() is None:
                        raise UnmetError(statement.must)

    def _run_at_once(self, connection: BoundedConnection, script: Sequence[Statement]) -> None:
        """A commit of one revision, the usual case, as one statement: one round trip instead of five.

        What must return a row, and does not, makes the last part fail, and with it all of it.
        """
        parts = ", ".join(f"s{i} AS ({each.query})" for i, each in enumerate(script))
        checks = [
            f"CAST(CASE WHEN EXISTS (SELECT 1 FROM s{i}) THEN '1' ELSE '{each.must}' END AS INTEGER)"
            for i, each in enumerate(script)
            if each.must
        ]
        others = [
            f"(SELECT count(*) FROM s{i})" for i, each in enumerate(script) if each.query.startswith("SELECT")
        ]
        query = self._tables.named(f"WITH {parts} SELECT {', '.join([*checks, *others, _DURABLE])}")
        try:
            connection.execute(query, [value for each in script for value in each.values])
        except psycopg.errors.InvalidTextRepresentation as error:
            unmet = next((each.must for each in script if each.must and each.must in str(error)), None)
            if unmet is None:
                raise
            raise UnmetError(unmet) from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the only one at work here. A signal handler within a call of its own thread takes another connection."""
        with explained(self._shown), self._lock:
            if not self._at_work:
                try:
                    self._at_work = True
                    yield
                finally:
                    self._at_work = False
                return
            interrupted = self._connection
            self._connect()
            try:
                yield
            finally:
                self._connection.close()
                self._keep(interrupted)

    def _usable(self) -> BoundedConnection:
        """The connection; a new one in a forked child, where it was lost, and after its lifetime."""
        if self._connection.closed and self._closed and not self._stale:
            raise StoreError(f"{self._shown}: the store was closed")
        if self._stale or self._connection.closed:
            self._connect()
        elif time.monotonic() > self._used_until:
            self._used_until = time.monotonic() + LIFETIME_SECONDS
            with suppress(StoreError):  # then the old one is used on
                old = self._connection
                self._connect()
                old.close()
        return self._connection

    def _connect(self) -> None:
        with nothing_sent(), explained(self._shown):
            connection = BoundedConnection.connect(self.url, autocommit=True, prepare_threshold=None)
        notices, warnings = self._notices, self._warnings  # not the store: that would never be collected
        connection.add_notify_handler(lambda notice: notices.update([notice.payload]))
        connection.add_notice_handler(lambda message: warnings.add(message.source_function))
        self._keep(connection)

    def _keep(self, connection: BoundedConnection) -> None:
        """Use a connection from now on. A store that nobody closed is closed when nobody holds it any more."""
        self._connection, self._stale, self._listens_until = connection, False, 0.0
        self._used_until = time.monotonic() + LIFETIME_SECONDS
        self._closing.detach()
        self._closing = close_with(self, connection.close)

    def _has_tables(self) -> bool:
        """Are there tables that this version knows?"""
        if not self._is_set_up:
            encoding = self._connection.info.parameter_status("server_encoding")
            if encoding not in {"UTF8", "SQL_ASCII", None}:
                raise StoreError(
                    f"{self._shown}: the database's encoding is {encoding}, which cannot hold every text",
                    hint="use a database made with ENCODING 'UTF8'",
                )
            layout = self._tables.layout(self._connection)
            if layout is not None and layout > LAYOUT:
                raise newer_layout(self._shown, layout, LAYOUT)
            self._is_set_up = layout is not None
        return self._is_set_up


def _twice(attempt: Callable[[], _T], again: Callable[[psycopg.Error], bool]) -> _T:
    """Once more, where the error says that this may help."""
    try:
        return attempt()
    except psycopg.Error as error:
        if not again(error):
            raise
    try:
        return attempt()
    except psycopg.Error as error:
        again(error)  # the next call begins with a new connection, too
        raise


_FORKED: list[BoundedConnection] = []
"""Connections of a parent process: closing them in a child would end the parent's, too."""


def setup_script(
    url: str, *, owner: str | None = None, writer: str | None = None, reader: str | None = None
) -> str:
    """The SQL that makes the schema of a store and its tables, for their owner, and lets roles write and read."""
    return Tables(postgres_settings(url)[1]).setup(owner=owner, writer=writer, reader=reader)
