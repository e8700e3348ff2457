"""The embedded store: one SQLite file, in WAL mode with every commit synced to disk.

Two short transactions carry an apply. The first appends the revisions and marks the config as unsettled.
The second holds SQLite's write lock while the head is written to its targets and takes the mark off again:
nobody else can append or publish meanwhile, and a process that dies in it leaves the mark behind, by which
the next one to open the store knows that the targets may still be those of the revision before.
"""

from __future__ import annotations

import os
import sqlite3
import weakref
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from threading import RLock
from typing import Any

from confguard.errors import IntegrityError, NotFoundError, StoreBusyError, StoreError
from confguard.stores.chain import check_expected, check_link, link, verify_chain
from confguard.stores.interface import Draft, PendingBake, Publish, Revision

__all__ = ["SqliteStore"]

APPLICATION_ID = 0x63666764  # "cfgd"
SCHEMA_VERSION = 1
BUSY_SECONDS = 10.0
"""How long a writer waits for another one."""

_COLUMNS = "config, number, content, format, author, reason, created_at, reverts, override, approved_by, parent, digest"
_SCHEMA = f"""
CREATE TABLE revision (
  config TEXT NOT NULL, number INTEGER NOT NULL, content BLOB NOT NULL, format TEXT NOT NULL,
  author TEXT NOT NULL, reason TEXT NOT NULL, created_at TEXT NOT NULL, reverts INTEGER, override TEXT,
  approved_by TEXT, parent TEXT, digest TEXT NOT NULL, PRIMARY KEY (config, number)
) STRICT;
CREATE TABLE unsettled (config TEXT PRIMARY KEY) STRICT;
CREATE TABLE bake (
  config TEXT PRIMARY KEY, revision INTEGER NOT NULL, deadline TEXT NOT NULL, abandoned_at TEXT NOT NULL
) STRICT;
CREATE TRIGGER revision_is_final BEFORE UPDATE ON revision BEGIN SELECT RAISE(ABORT, 'history is final'); END;
CREATE TRIGGER revision_stays BEFORE DELETE ON revision BEGIN SELECT RAISE(ABORT, 'history is final'); END;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
"""


class SqliteStore:
    """Revisions in one SQLite file. Raises `StoreError` for a file that is not a store or cannot be used."""

    def __init__(self, path: str | os.PathLike[str], *, busy_seconds: float | None = None) -> None:
        self.path = Path(path)
        self._busy_seconds = BUSY_SECONDS if busy_seconds is None else busy_seconds
        self._lock = RLock()
        self._pid = os.getpid()
        with self._explained():
            self._connection = self._open()

    def append(
        self, config: str, drafts: Sequence[Draft], *, expect: int, bake: PendingBake | None = None
    ) -> list[Revision]:
        """Append revisions in one transaction if the head's number is `expect`."""
        with self._transaction() as connection:
            parent = self._head(connection, config)
            check_expected(config, parent, expect)
            made = []
            for draft in drafts:
                parent = link(config, draft, parent)
                made.append(parent)
            marks = ", ".join("?" * 12)
            rows = [_row(revision) for revision in made]
            connection.executemany(f"INSERT INTO revision ({_COLUMNS}) VALUES ({marks})", rows)
            connection.execute("INSERT OR IGNORE INTO unsettled VALUES (?)", (config,))
            connection.execute("DELETE FROM bake WHERE config = ?", (config,))
            if bake:
                times = (bake.deadline.isoformat(), bake.abandoned_at.isoformat())
                connection.execute("INSERT INTO bake VALUES (?, ?, ?, ?)", (config, bake.revision, *times))
            return made

    def publish(self, config: str, write: Publish) -> None:
        """Call `write` with the head while holding the write lock; then the config is settled."""
        with self._transaction() as connection:
            head = self._head(connection, config)
            if head:
                write(head)
            connection.execute("DELETE FROM unsettled WHERE config = ?", (config,))

    def unsettled(self, config: str) -> bool:
        """Was the head appended, but perhaps not published?"""
        return bool(self._rows("SELECT 1 FROM unsettled WHERE config = ?", config))

    def head(self, config: str) -> Revision | None:
        """The newest revision."""
        with self._explained(), self._lock:
            return self._head(self._usable(), config)

    def get(self, config: str, number: int) -> Revision:
        """One revision. Raises `NotFoundError`, or `IntegrityError` if it is not what was written."""
        rows = self._rows(f"SELECT {_COLUMNS} FROM revision WHERE config = ? AND number = ?", config, number)
        if not rows:
            newest = self.head(config)
            raise NotFoundError(
                f"'{config}' has no revision {number}; it has {newest.number if newest else 0}"
            )
        return check_link(_revision(rows[0]))

    def history(self, config: str, limit: int | None = None) -> list[Revision]:
        """Revisions, newest first."""
        query = f"SELECT {_COLUMNS} FROM revision WHERE config = ? ORDER BY number DESC LIMIT ?"
        rows = self._rows(query, config, -1 if limit is None else limit)
        return [check_link(_revision(row)) for row in rows]

    def configs(self) -> list[str]:
        """The names of all configs."""
        return [row[0] for row in self._rows("SELECT DISTINCT config FROM revision ORDER BY config")]

    def pending_bake(self, config: str) -> PendingBake | None:
        """The bake that is under way."""
        rows = self._rows("SELECT revision, deadline, abandoned_at FROM bake WHERE config = ?", config)
        if not rows:
            return None
        revision, deadline, abandoned_at = rows[0]
        return PendingBake(revision, datetime.fromisoformat(deadline), datetime.fromisoformat(abandoned_at))

    def settle_bake(self, config: str, revision: int) -> bool:
        """End the bake of a revision."""
        with self._transaction() as connection:
            ended = connection.execute(
                "DELETE FROM bake WHERE config = ? AND revision = ?", (config, revision)
            )
            return ended.rowcount > 0

    def verify(self, config: str) -> int:
        """Check the database's pages and the whole chain."""
        with self._explained(), self._lock:
            damage = self._usable().execute("PRAGMA integrity_check(1)").fetchone()[0]
            if damage != "ok":
                raise IntegrityError(f"{self.path}: the database is damaged: {damage}")
            query = f"SELECT {_COLUMNS} FROM revision WHERE config = ? ORDER BY number"
            rows = self._usable().execute(query, (config,))
            return verify_chain(config, (_revision(row) for row in rows))

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._finalizer()

    def _open(self) -> sqlite3.Connection:
        self._create_file()
        connection = sqlite3.connect(
            self.path, timeout=self._busy_seconds, isolation_level=None, check_same_thread=False
        )
        try:
            self._check_file(connection)
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA cell_size_check = ON")
        except BaseException:
            connection.close()
            raise
        # A store that nobody closed is closed when nobody holds it any more.
        self._finalizer = weakref.finalize(self, _close, connection, os.getpid())
        return connection

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

    def _check_file(self, connection: sqlite3.Connection) -> None:
        """Make the tables in an empty file; refuse what is not a store, or a newer one."""
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        if application == APPLICATION_ID and version > SCHEMA_VERSION:
            raise StoreError(
                f"{self.path}: made by a newer confguard (layout {version}, this one knows {SCHEMA_VERSION})",
                hint="upgrade confguard-safety",
            )
        if application == APPLICATION_ID:
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if application != APPLICATION_ID and (tables or application):
                raise StoreError(
                    f"{self.path}: a database of another program",
                    hint="name a file of its own for the store",
                )
            if application != APPLICATION_ID:
                for statement in _statements(_SCHEMA):
                    connection.execute(statement)
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise

    def _usable(self) -> sqlite3.Connection:
        """The connection; a new one in a forked child, which must not use its parent's."""
        if self._pid != os.getpid():
            _FORKED.append(self._connection)
            self._pid = os.getpid()
            self._connection = self._open()
        return self._connection

    def _head(self, connection: sqlite3.Connection, config: str) -> Revision | None:
        query = f"SELECT {_COLUMNS} FROM revision WHERE config = ? ORDER BY number DESC LIMIT 1"
        row = connection.execute(query, (config,)).fetchone()
        return check_link(_revision(row)) if row else None

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._explained(), self._lock, closing(self._usable().execute(query, values)) as cursor:
            return cursor.fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._explained(), self._lock:
            connection = self._usable()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what SQLite says into what a person can act on."""
        try:
            yield
        except sqlite3.Error as error:
            text = str(error)
            if "locked" in text or "busy" in text:
                raise StoreBusyError(
                    f"{self.path}: another process has held it for {self._busy_seconds:g} seconds",
                    hint="find out which (`fuser`), or try again",
                ) from error
            if "not a database" in text or "malformed" in text or "corrupt" in text:
                raise StoreError(
                    f"{self.path}: not a confguard store, or damaged: {text}",
                    hint="`confguard verify` tells which; restore it from a copy",
                ) from error
            raise StoreError(f"{self.path}: {text}", hint=_hint(text)) from error
        except OSError as error:
            if isinstance(error, ConnectionError) or error.filename is None:
                raise
            raise StoreError(f"{self.path}: cannot be opened: {error.strerror}") from error


_FORKED: list[sqlite3.Connection] = []
"""Connections of a parent process. SQLite forbids to close them in a child, so they are kept from being collected."""


def _close(connection: sqlite3.Connection, pid: int) -> None:
    if pid == os.getpid():
        connection.close()


def _hint(text: str) -> str | None:
    if "full" in text:
        return "the disk is full: nothing was written; make room and try again"
    if "readonly" in text or "unable to open" in text:
        return "may this user read and write the file, and its folder?"
    return None


def _statements(script: str) -> Iterator[str]:
    """The script's statements; those of a trigger belong together."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _row(revision: Revision) -> tuple[Any, ...]:
    return (
        *(revision.config, revision.number, revision.content, revision.format, revision.author),
        *(revision.reason, revision.created_at.isoformat(), revision.reverts, revision.override),
        *(revision.approved_by, revision.parent, revision.digest),
    )


def _revision(row: tuple[Any, ...]) -> Revision:
    made = dict(zip(_COLUMNS.split(", "), row, strict=True))
    try:
        made["created_at"] = datetime.fromisoformat(str(made["created_at"]))
        return Revision(**made)
    except (TypeError, ValueError) as error:
        raise IntegrityError(f"revision {row[1]} of '{row[0]}' is not what was written: {error}") from error
