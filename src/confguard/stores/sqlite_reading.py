"""Reading an SQLite store without leaving a trace: no file is made, no byte changed, no writer kept waiting.

SQLite itself makes the files of the log beside a database that it reads, and with them carries the log over when it
closes. So where there is no log, the database is read as one that nobody changes; if somebody did meanwhile, it is read
again. Where there is a log, a read-only connection reads both, and whoever writes goes on.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import weakref
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

from confguard.errors import StoreBusyError, StoreError
from confguard.stores import sqlite_layout as layout

__all__ = ["Reader", "close_in_parent"]

_TRIES = 20
"""How often to read anew what is changed while it is read."""

_Seen: TypeAlias = "tuple[bool, int, int, int]"
"""Is there a log? Else what tells one state of the database's file from the next."""


class Reader:
    """One connection that only reads; opened when it is used, and again when the file became another one."""

    def __init__(self, path: Path, busy_seconds: float) -> None:
        self._path, self._busy_seconds = path, busy_seconds
        self._connection: sqlite3.Connection | None = None
        self._opened_at: _Seen | None = None
        self._known = False

    def rows(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        """The rows of a query; none where there is no store yet."""
        for _ in range(_TRIES):
            seen = self._seen()
            if seen is None:
                return []
            try:
                rows = self._usable(seen).execute(query, values).fetchall() if self._holds_store(seen) else []
            except (sqlite3.Error, StoreError, UnicodeDecodeError) as error:
                if getattr(error, "sqlite_errorname", None) == "SQLITE_READONLY_ROLLBACK":
                    return []  # whoever was making the store died: the first commit makes it anew
                if self._seen() == seen:
                    raise
                continue
            if seen[0] or self._seen() == seen:
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

    def _seen(self) -> _Seen | None:
        """What the files are now; None if there is nothing."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(status.st_mode):
            raise StoreError(f"{self._path}: is not a regular file", hint="name a file for the store")
        if any(
            map(_holds_something, (f"{os.path.realpath(self._path)}{end}" for end in ("-wal", "-journal")))
        ):
            return True, status.st_ino, 0, 0
        return (False, status.st_ino, status.st_size, status.st_mtime_ns) if status.st_size else None

    def _holds_store(self, seen: _Seen) -> bool:
        connection = self._usable(seen)
        if not self._known:
            self._known = layout.known(connection, self._path)
        return self._known

    def _usable(self, seen: _Seen) -> sqlite3.Connection:
        if self._connection is None or self._opened_at != seen:
            self.close()
            mode = "mode=ro" if seen[0] else "mode=ro&immutable=1"
            connection = sqlite3.connect(
                f"file:{quote(str(self._path))}?{mode}",
                uri=True,
                timeout=self._busy_seconds,
                isolation_level=None,
                check_same_thread=False,
            )
            connection.create_function("lease_clock", 0, layout.lease_clock)
            self._connection, self._opened_at, self._known = connection, seen, False
            self._finalizer = weakref.finalize(self, close_in_parent, connection, os.getpid())
            connection.execute("PRAGMA cell_size_check = ON")
            connection.execute("PRAGMA trusted_schema = OFF")
        return self._connection


def _holds_something(path: str) -> bool:
    try:
        return Path(path).stat().st_size > 0
    except FileNotFoundError:
        return False


def close_in_parent(connection: sqlite3.Connection, pid: int) -> None:
    """Close a connection, unless this is a forked child of who opened it."""
    if pid == os.getpid():
        connection.close()
