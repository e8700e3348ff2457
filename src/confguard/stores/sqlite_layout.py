"""The tables of an SQLite store."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from confguard.errors import StoreError

__all__ = ["connect", "ensure", "is_store", "statements", "transaction"]

APPLICATION_ID = 0x63666764  # "cfgd"
LAYOUT = 1
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
            raise StoreError(
                f"{path}: made by {'a newer' if version > LAYOUT else 'an older'} confguard"
                f" (layout {version}, this one knows {LAYOUT})",
                hint="upgrade confguard-safety",
            )
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
