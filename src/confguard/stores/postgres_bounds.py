"""Ending what takes too long on a connection to PostgreSQL, whatever it is that hangs.

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

__all__ = ["Interruptible", "bounded", "cut"]

Connection: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"

_TICK = 0.25
_INTERRUPTED_WITHIN = 0.1
_CANCEL_SECONDS = 1.0
"""For how long a statement that was cancelled is waited for."""
_IDLE_SECONDS = 30.0
"""For how long the clock is looked at while nothing is under way."""


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
