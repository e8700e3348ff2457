"""The embedded store: one SQLite file, in WAL mode with every commit synced to disk; and one in memory."""

from __future__ import annotations

import os
import sqlite3
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Condition, Event, RLock
from typing import Any

from confguard.errors import StoreBusyError, StoreError
from confguard.forking import close_with, renew_in_children
from confguard.stores import sqlite_connections as connections
from confguard.stores.retrying import retrying
from confguard.stores.sql import SqlStore
from confguard.stores.sql_script import Statement, UnmetError
from confguard.stores.waiting import file_changes

BUSY_SECONDS = 10.0
"""How long a writer waits for another one."""


class SqliteStore(SqlStore):
    """Revisions in one SQLite file. Raises `StoreError` for a file that is not a store or cannot be used.

    The file is made by the first commit. Until something is written, it is only read.
    """

    local = True
    now = "lease_clock()"

    def __init__(self, path: str | os.PathLike[str], *, busy_seconds: float | None = None) -> None:
        super().__init__()
        self.path = Path(path).absolute()  # whoever opened it may go to another folder before it is used
        self._busy_seconds = BUSY_SECONDS if busy_seconds is None else busy_seconds
        self._lock = RLock()
        self._writer: sqlite3.Connection | None = None
        self._opened_file: tuple[int, int] | None = None
        self._reader = connections.Reader(self.path, self._busy_seconds)
        self._closed = self._at_work = False
        renew_in_children(self)
        with self._explained():
            folder = self.path.parent  # is made with the file, where only that is missing
            if not folder.exists() and not folder.parent.exists():
                raise StoreError(f"{self.path}: cannot be opened: there is no folder {folder}")
            self._rows("SELECT 1")

    def damage(self, config: str) -> str | None:
        """What is wrong with the database's pages, its tables, or the config's row."""
        rows = self._rows("PRAGMA integrity_check(1)")
        if not rows:
            return None  # nothing was ever written
        if rows[0][0] != "ok":
            return f"{self.path}: the database is damaged: {rows[0][0]}"
        tables = {row[0] for row in self._rows("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
        if tables != connections.statements():
            return f"{self.path}: the tables or triggers of the store were altered"
        return super().damage(config)

    def thin(self, config: str, keep: frozenset[int]) -> int:
        """Drop the content of all revisions but these, and give the room back to the disk."""
        dropped = super().thin(config, keep)
        if dropped:
            with suppress(StoreBusyError):  # somebody reads: the room is used again later
                self._run([Statement("VACUUM", ())])
        return dropped

    def watch(self, config: str, stop: Event, patience: float) -> Iterator[None]:
        """Yield when the file or its log changes."""
        return file_changes([self.path], stop, patience)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._reader.close()
            if self._writer is not None:
                self._finalizer()

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._entered():
            if self._writer is None:
                return self._reader.rows(query, values)
            return self._writer.execute(query, values).fetchall()

    def _run(self, script: Sequence[Statement], *, durable: bool = True) -> None:
        with self._entered():
            writer = self._writing()
            try:
                self._at_work = True
                if not durable:
                    writer.execute("PRAGMA synchronous = NORMAL")
                _execute(writer, script)
            finally:
                self._at_work = False
                if not durable:
                    writer.execute("PRAGMA synchronous = FULL")

    @contextmanager
    def _entered(self) -> Iterator[None]:
        """Alone in SQLite, with the file that is the store's now."""
        with self._explained(), self._lock:
            if self._at_work:
                raise StoreBusyError(
                    f"{self.path}: it is being written to by the thread that this signal handler interrupted",
                    hint="have the handler note what is to be done, and do it when it has returned",
                )
            if self._closed:
                raise StoreError(f"{self.path}: the store was closed")
            self._leave_a_replaced_file()
            yield

    def _leave_a_replaced_file(self) -> None:
        """Write to no file that is not the store's any more: it was removed, or another was put in its place.

        The connection is not closed: SQLite would remove the log by its name, which may be that of the new file.
        """
        if self._writer is not None and _file_at(self.path) != self._opened_file:
            self._finalizer.detach()
            _LEFT.append(self._writer)
            self._writer = None

    def _writing(self) -> sqlite3.Connection:
        """The connection that writes, opened when the first thing is to be written."""
        if self._writer is not None:
            return self._writer
        try:
            self._create_file()
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be made: {error.strerror or error}") from error
        writer = connections.connect(self.path, self._busy_seconds)
        try:
            connections.ensure(writer, self.path)
            self._write_ahead(writer)
            writer.execute("PRAGMA synchronous = FULL")
        except BaseException:
            writer.close()
            raise
        self._writer, self._opened_file = writer, _file_at(self.path)
        self._finalizer = close_with(self, writer.close)
        self._reader.close()
        return writer

    def _write_ahead(self, connection: sqlite3.Connection) -> None:
        """Switch to the write-ahead log. SQLite does not wait for others that do so at the same moment: we do."""
        for last in retrying(self._busy_seconds):
            try:
                if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                    connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if last or "locked" not in str(error):
                    raise
            else:
                return

    def _create_file(self) -> None:
        """Make the file, private to its user, and its folder where only that is missing."""
        if self.path.exists():
            return
        if not self.path.parent.exists() and self.path.parent.parent.exists():
            self.path.parent.mkdir(mode=0o700, exist_ok=True)
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @property
    def fork_lock(self) -> Any:
        """Held while it is in SQLite, whose own locks a forked child could not get."""
        return self._lock

    def after_fork(self) -> None:
        """In a forked child: a lock that nobody holds, and connections of its own."""
        _LEFT.extend(each for each in (self._writer, self._reader.forget()) if each is not None)
        self._lock, self._at_work = RLock(), False
        self._writer = None

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what SQLite says into what a person can act on."""
        try:
            yield
        except UnicodeDecodeError as error:  # SQLite quotes what it cannot read
            raise StoreError(
                f"{self.path}: not a confguard store, or damaged", hint="restore it from a copy"
            ) from error
        except _NOT_STORED as error:
            text = str(error)
            if "locked" in text or "busy" in text:
                raise StoreBusyError(
                    f"{self.path}: another process has held it for {self._busy_seconds:g} seconds",
                    hint="find out which (`fuser`), or try again",
                ) from error
            if any(word in text for word in _DAMAGE):
                raise StoreError(
                    f"{self.path}: not a confguard store, or damaged: {text}",
                    hint="`confguard verify` tells which; restore it from a copy",
                ) from error
            raise StoreError(f"{self.path}: {text}", hint=_hint(text, self.path)) from error
        except OSError as error:
            if isinstance(error, ConnectionError) or error.filename is None:
                raise
            raise StoreError(
                f"{self.path}: cannot be opened: {error.strerror}", hint=_hint("unable to open", self.path)
            ) from error


class MemoryStore(SqlStore):
    """Keeps revisions as long as the process lives: for tests and rehearsals."""

    local = True
    now = "lease_clock()"

    def __init__(self) -> None:
        super().__init__()
        self._changed = Condition()
        self._connection = connections.connect(":memory:", 0)
        connections.ensure(self._connection, Path(":memory:"))
        # Nobody closes it, and Python warns of one left open. What runs when the process ends may still use it.
        weakref.finalize(self, self._connection.close).atexit = False
        renew_in_children(self)

    def watch(self, config: str, stop: Event, patience: float) -> Iterator[None]:
        while not stop.is_set():
            yield None
            with self._changed:
                self._changed.wait(min(patience, 0.2))

    def close(self) -> None:
        """Nothing: what it keeps is there as long as somebody holds it."""

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._entered():
            return self._connection.execute(query, values).fetchall()

    def _run(self, script: Sequence[Statement], *, durable: bool = True) -> None:
        with self._entered():
            _execute(self._connection, script)
            self._changed.notify_all()

    @contextmanager
    def _entered(self) -> Iterator[None]:
        with self._changed:
            if self._connection.in_transaction:
                raise StoreBusyError(
                    "it is being written to by the thread that this signal handler interrupted"
                )
            try:
                yield
            except _NOT_STORED as error:
                raise StoreError(f"memory://: {error}") from error

    @property
    def fork_lock(self) -> Any:
        """Held while it is in SQLite."""
        return self._changed

    def after_fork(self) -> None:
        """In a forked child: a lock that nobody holds. What is in memory is the child's own."""
        self._changed = Condition()


_NOT_STORED = (sqlite3.Error, UnicodeEncodeError, OverflowError)
"""What SQLite says, and what Python says of a text or a number that SQLite cannot hold."""
_DAMAGE = ("not a database", "malformed", "corrupt", "Could not decode")

_LEFT: list[sqlite3.Connection] = []
"""Connections of a parent process, which SQLite forbids to close in a child, and to files that were replaced: they are
kept from being collected."""


def _file_at(path: Path) -> tuple[int, int] | None:
    """Which file stands at a path."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _execute(connection: sqlite3.Connection, script: Sequence[Statement]) -> None:
    # One statement is a transaction by itself.
    with connections.transaction(connection) if len(script) > 1 else nullcontext():
        for statement in script:
            rows = connection.execute(statement.query, statement.values).fetchall()
            if statement.must and not rows:
                raise UnmetError(statement.must)


def _hint(text: str, path: Path) -> str | None:
    if "disk I/O error" in text:
        return (
            f"is its disk full, or failing? df -h {path.parent}; dmesg | tail. What was acknowledged is there;"
            " make room, and try again"
        )
    if "full" in text:
        return "the disk is full: nothing was written; make room and try again"
    if "readonly" in text or "unable to open" in text:
        return "may this user read and write the file, and its folder?"
    return None
