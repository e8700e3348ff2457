"""A connection to PostgreSQL: what takes too long on it is ended, and what the server says is said to a person.

A frozen server acknowledges what is sent to it, and a firewall that forgot a connection says nothing: no setting of TCP
or of a session notices both, and a session behind a pooler keeps no settings. So somebody looks at the clock: first the
server is asked to cancel the statement, which ends a wait for somebody's lock; where that does not help, the
connection is cut.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias

import psycopg
from attrs import define, field
from psycopg import waiting

from confguard.errors import StoreBusyError, StoreError
from confguard.stores.retrying import LostError, UnreplicatedError
from confguard.stores.urls import first_line

__all__ = ["Connection", "Interruptible", "bounded", "check_replicated", "cut", "explained", "nothing_sent"]

Connection: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"

_TICK = 0.25
_INTERRUPTED_WITHIN = 0.1
_CANCEL_SECONDS = 1.0
"""For how long a statement that was cancelled is waited for."""
_IDLE_SECONDS = 30.0
"""For how long the clock is looked at while nothing is under way."""
_SYNC_REP_WAIT = "SyncRepWaitForLSN"
"""Where the server's warning comes from, in whatever language, that a wait for its standby was given up."""
_BUSY = (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable)
_LOST = (
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


class Interruptible(psycopg.Connection[tuple[Any, ...]]):
    """A connection on which Ctrl-C ends what is under way at once, also where the server says nothing.

    psycopg asks the server to cancel it, and waits for the answer.
    """

    def wait(self, *operation: Any, **options: Any) -> Any:
        """Wait for an operation; the connection is cut where somebody interrupts that."""
        generator, *interval = operation
        if not interval:
            options.setdefault("interval", _INTERRUPTED_WITHIN)
        try:
            return waiting.wait(generator, self.pgconn.socket, *interval, **options)
        except (KeyboardInterrupt, SystemExit):
            cut(self)
            self.close()
            raise


@define(eq=False)
class _Work:
    """A statement that is under way."""

    connection: Connection
    end: float
    cancelled: bool = False


@define(eq=False)
class _Watch:
    """A thread that looks at the clock while statements are under way; one for a process."""

    pid: int = field(factory=os.getpid)
    works: set[_Work] = field(factory=set)
    lock: threading.Lock = field(factory=threading.Lock)
    thread: threading.Thread | None = None

    def begin(self, work: _Work) -> None:
        """Look after a statement."""
        with self.lock:
            self.works.add(work)
            if self.thread is None:
                self.thread = threading.Thread(target=self._run, name="confguard-postgres", daemon=True)
                self.thread.start()

    def end(self, work: _Work) -> None:
        """Stop looking after a statement that has ended."""
        with self.lock:
            self.works.discard(work)

    def _run(self) -> None:
        idle_since = time.monotonic()
        while True:
            time.sleep(_TICK)
            now = time.monotonic()
            with self.lock:
                if self.works:
                    idle_since = now
                elif now - idle_since > _IDLE_SECONDS:
                    self.thread = None
                    return
                late = [work for work in self.works if now > work.end]
                for work in late:
                    self._intervene(work, now)

    def _intervene(self, work: _Work, now: float) -> None:
        if work.cancelled:
            self.works.discard(work)
            cut(work.connection)
            return
        work.cancelled, work.end = True, now + _CANCEL_SECONDS
        # In a thread of its own: it speaks to a server that may not answer.
        threading.Thread(target=_cancel, args=(work.connection,), daemon=True).start()


_watch = _Watch()


@contextmanager
def bounded(connection: Connection, seconds: float) -> Iterator[None]:
    """What is done on a connection within: cancelled after so many seconds, and cut a second later."""
    global _watch
    if _watch.pid != os.getpid():
        _watch = _Watch()
    work = _Work(connection, time.monotonic() + seconds)
    _watch.begin(work)
    try:
        yield
    finally:
        _watch.end(work)


def _cancel(connection: Connection) -> None:
    with suppress(psycopg.Error, OSError):
        connection.cancel_safe(timeout=_CANCEL_SECONDS)


def cut(connection: Connection) -> None:
    """End the connection below libpq, which then reads its end."""
    with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(connection.fileno())) as end:
        end.shutdown(socket.SHUT_RDWR)


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
    if not isinstance(error, _LOST):
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
