"""Connections to an SQLite store: its tables, and one that reads without leaving a trace.

Reading makes no file, changes no byte, keeps no writer waiting. SQLite itself makes the files of the log beside a
database that it reads, and with them carries the log over when it closes. So where there is no log, the database is
read as one that nobody changes; if somebody did meanwhile, it is read again. Where there is a log, a read-only
connection reads both, and whoever writes goes on.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from attrs import frozen

from confguard.errors import StoreBusyError, StoreError
from confguard.forking import close_with
from confguard.stores.urls import newer_layout

APPLICATION_ID = 0x63666764  # "cfgd"
LAYOUT = 1
_TRIES = 20
"""How often to read anew what is changed while it is read."""
_WHAT = (
    "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version),"
    " (SELECT count(*) FROM sqlite_master)"
)

_TABLES = """
CREATE TABLE config (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, head INTEGER NOT NULL, digest BLOB NOT NULL, bake TEXT,
  lease INTEGER NOT NULL
) STRICT;
CREATE TABLE revision (
  config INTEGER NOT NULL, number INTEGER NOT NULL, content BLOB NOT NULL, format TEXT NOT NULL,
  author TEXT NOT NULL, reason TEXT NOT NULL, created_at INTEGER NOT NULL, data BLOB, parent BLOB,
  digest BLOB NOT NULL, more TEXT, keyframe INTEGER, payload BLOB,
  PRIMARY KEY (config, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE place (
  config INTEGER NOT NULL, place TEXT NOT NULL, wanted INTEGER NOT NULL, written INTEGER NOT NULL,
  told INTEGER NOT NULL, error TEXT, PRIMARY KEY (config, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE report (
  config INTEGER NOT NULL, reporter TEXT NOT NULL, revision INTEGER NOT NULL, requests INTEGER NOT NULL,
  errors INTEGER NOT NULL, slow INTEGER NOT NULL, until INTEGER NOT NULL, PRIMARY KEY (config, reporter, revision)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER revision_is_final
BEFORE UPDATE OF config, number, content, format, author, reason, created_at, data, parent, digest, more ON revision
BEGIN SELECT RAISE(ABORT, 'history is final'); END;
CREATE TRIGGER revision_stays BEFORE DELETE ON revision BEGIN SELECT RAISE(ABORT, 'history is final'); END;
"""


def connect(database: str | Path, busy_seconds: float, *, uri: bool = False) -> sqlite3.Connection:
    """A connection on which no transaction begins by itself, and which trusts no file."""
    connection = sqlite3.connect(
        database, timeout=busy_seconds, isolation_level=None, check_same_thread=False, uri=uri
    )
    connection.create_function("lease_clock", 0, _lease_clock)
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def ensure(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables in an empty file; refuse what is not a store, or of another layout."""
    if is_store(connection, path):
        return
    with transaction(connection):  # only here is it certain that no other process makes them, too
        if is_store(connection, path):
            return
        for statement in _statements(_TABLES):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {LAYOUT}")


def is_store(connection: sqlite3.Connection, path: Path) -> bool:
    """Is it a store? False for an empty file. Raises `StoreError` for what is not ours, or of another layout."""
    application, version, tables = connection.execute(_WHAT).fetchone()  # one statement: one moment
    if application == APPLICATION_ID:
        if version != LAYOUT:
            raise newer_layout(path, version, LAYOUT)
        return True
    if application or tables:
        raise StoreError(
            f"{path}: a database of another program", hint="name a file of its own for the store"
        )
    return False


def _lease_clock() -> int:
    """Microseconds by a clock that no one sets, and that all processes of the host share; anew with each boot.

    Times of two boots are far from each other, so that nothing of the one before is taken for a moment ago.
    """
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return _boot_offset() + time.clock_gettime_ns(clock) // 1000


@cache
def _boot_offset() -> int:
    try:
        identity = Path("/proc/sys/kernel/random/boot_id").read_text("ascii")
        return int(identity.replace("-", "")[:14], 16)
    except (OSError, ValueError):
        return 0


def statements() -> set[str]:
    """The tables and triggers, as SQLite keeps their text."""
    return {statement.strip().rstrip(";") for statement in _statements(_TABLES)}


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """One transaction that may write, from its first moment on: none has to give way in its middle."""
    try:
        connection.execute("BEGIN IMMEDIATE")  # in here: it may be interrupted while it waits
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> Iterator[str]:
    """The script's statements; those of a trigger belong together."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@frozen
class _FileState:
    """What tells one state of the database's file from the next, where there is no log."""

    logged: bool
    inode: int
    size: int = 0
    modified_at: int = 0


class Reader:
    """One connection that only reads; opened when it is used, and again when the file became another one."""

    def __init__(self, path: Path, busy_seconds: float) -> None:
        self._path, self._busy_seconds = path, busy_seconds
        self._connection: sqlite3.Connection | None = None
        self._state: _FileState | None = None
        """The file's state when the connection was opened."""
        self._is_store = False

    def rows(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        """The rows of a query; none where there is no store yet."""
        for _ in range(_TRIES):
            state = self._state_now()
            if state is None:
                return []
            try:
                connection = self._usable(state)
                self._is_store = self._is_store or is_store(connection, self._path)
                rows = connection.execute(query, values).fetchall() if self._is_store else []
            except (sqlite3.Error, StoreError, UnicodeDecodeError) as error:
                if getattr(error, "sqlite_errorname", None) == "SQLITE_READONLY_ROLLBACK":
                    return []  # whoever was making the store died: the first commit makes it anew
                if self._state_now() == state:
                    raise
                continue
            if state.logged or self._state_now() == state:
                return rows
        raise StoreBusyError(f"{self._path}: is written to without a pause", hint="try again")

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._finalizer()
            self._connection = None

    def forget(self) -> sqlite3.Connection | None:
        """The connection, which is not closed: a forked child must not."""
        connection, self._connection = self._connection, None
        return connection

    def _state_now(self) -> _FileState | None:
        """The files' state; None if there is nothing."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(status.st_mode):
            raise StoreError(f"{self._path}: is not a regular file", hint="name a file for the store")
        real = os.path.realpath(self._path)
        if _holds_something(f"{real}-wal") or _holds_something(f"{real}-journal"):
            return _FileState(True, status.st_ino)
        if not status.st_size:
            return None
        return _FileState(False, status.st_ino, status.st_size, status.st_mtime_ns)

    def _usable(self, state: _FileState) -> sqlite3.Connection:
        if self._connection is None or self._state != state:
            self.close()
            mode = "mode=ro" if state.logged else "mode=ro&immutable=1"
            self._connection = connect(f"file:{quote(str(self._path))}?{mode}", self._busy_seconds, uri=True)
            self._finalizer = close_with(self, self._connection.close)
            self._state, self._is_store = state, False
        return self._connection


def _holds_something(path: str) -> bool:
    try:
        return Path(path).stat().st_size > 0
    except FileNotFoundError:
        return False
