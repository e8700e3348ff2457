"""A connection to PostgreSQL: what takes too long on it is ended, and what the server says is said to a person.

A frozen server acknowledges what is sent to it, and a firewall that forgot a connection says nothing: no setting of TCP
or of a session notices both, and a session behind a pooler keeps no settings. So whoever waits looks at the clock. The
server is asked to cancel the statement, which ends a wait for somebody's lock; where that does not help, the connection
is cut.
"""

from __future__ import annotations

import math
import os
import socket
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import waiting

from confguard.errors import StoreBusyError, StoreError
from confguard.stores.retrying import LostError, UnreplicatedError
from confguard.stores.urls import first_line

__all__ = ["BoundedConnection", "check_replicated", "explained", "nothing_sent"]

_TICK = 0.1
"""How often to look at the clock, and whether somebody interrupts."""
_CANCEL_SECONDS = 1.0
"""For how long a statement that was cancelled is waited for."""
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
