"""Reading an SQLite store without leaving a trace: no file is made, no byte changed, no writer kept waiting.

SQLite itself makes the files of the log beside a database that it reads, and with them carries the log over when it
closes. So where there is no log, the database is read as one that nobody changes; if somebody did meanwhile, it is read
again. Where there is a log, a read-only connection reads both, and whoever writes goes on.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path
from typing import Any
from urllib.parse import quote

from attrs import frozen

from confguard.errors import StoreBusyError, StoreError
from confguard.forking import close_with
from confguard.stores import sqlite_layout as layout

__all__ = ["Reader"]

_TRIES = 20
"""How often to read anew what is changed while it is read."""


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
                self._is_store = self._is_store or layout.is_store(connection, self._path)
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
            self._connection = layout.connect(
                f"file:{quote(str(self._path))}?{mode}", self._busy_seconds, uri=True
            )
            self._finalizer = close_with(self, self._connection.close)
            self._state, self._is_store = state, False
        return self._connection


def _holds_something(path: str) -> bool:
    try:
        return Path(path).stat().st_size > 0
    except FileNotFoundError:
        return False
