"""The tables of an SQLite store, and how those of older versions are brought forward."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from confguard.errors import StoreError
from confguard.stores.interface import Append, PendingBake, Revision
from confguard.stores.sql import SqlStore
from confguard.stores.sql_script import ANYWHERE, Statement

__all__ = ["ensure", "statements", "transaction"]

APPLICATION_ID = 0x63666764  # "cfgd"
LAYOUT = 2

_TABLES = """
CREATE TABLE config (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, head INTEGER NOT NULL, digest BLOB NOT NULL, bake TEXT
) STRICT;
CREATE TABLE revision (
  config INTEGER NOT NULL, number INTEGER NOT NULL, content BLOB NOT NULL, format TEXT NOT NULL,
  author TEXT NOT NULL, reason TEXT NOT NULL, created_at INTEGER NOT NULL, data BLOB, parent BLOB,
  digest BLOB NOT NULL, more TEXT, base INTEGER, depth INTEGER NOT NULL, size INTEGER NOT NULL, payload BLOB,
  PRIMARY KEY (config, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE mark (
  config INTEGER NOT NULL, place TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (config, place)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER revision_is_final
BEFORE UPDATE OF config, number, content, format, author, reason, created_at, data, parent, digest, more ON revision
BEGIN SELECT RAISE(ABORT, 'history is final'); END;
CREATE TRIGGER revision_stays BEFORE DELETE ON revision BEGIN SELECT RAISE(ABORT, 'history is final'); END;
"""


def ensure(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables in an empty file, bring older ones forward; refuse what is not a store, or a newer one."""
    if _known(connection) == (APPLICATION_ID, LAYOUT):
        return
    with transaction(
        connection
    ):  # only here is it certain that no other process makes them at the same moment
        layout = _layout(connection, path)
        if layout == LAYOUT:
            return
        if layout == 1:
            _bring_forward(connection)
        elif layout is None:
            _make_tables(connection)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {LAYOUT}")


def statements() -> set[str]:
    """The tables and triggers, as SQLite keeps their text."""
    return {statement.strip().rstrip(";") for statement in _statements(_TABLES)}


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """One transaction that may write, from its first moment on: none has to give way in its middle."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _layout(connection: sqlite3.Connection, path: Path) -> int | None:
    """The layout of the tables; None in an empty file. Raises `StoreError` for what is not ours, or newer."""
    application, version = _known(connection)
    if application == APPLICATION_ID:
        if version > LAYOUT:
            raise StoreError(
                f"{path}: made by a newer confguard (layout {version}, this one knows {LAYOUT})",
                hint="upgrade confguard-safety",
            )
        return version
    if application or connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise StoreError(
            f"{path}: a database of another program", hint="name a file of its own for the store"
        )
    return None


def _known(connection: sqlite3.Connection) -> tuple[int, int]:
    """What the file says that it is, and of which layout."""
    application: int = connection.execute("PRAGMA application_id").fetchone()[0]
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return application, version


def _make_tables(connection: sqlite3.Connection) -> None:
    for statement in _statements(_TABLES):
        connection.execute(statement)


def _statements(script: str) -> Iterator[str]:
    """The script's statements; those of a trigger belong together."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


_OLD_COLUMNS = (
    "config, number, content, format, author, reason, created_at,"
    " reverts, override, approved_by, parent, digest"
)


def _bring_forward(connection: sqlite3.Connection) -> None:
    """From layout 1, where each revision's content stood whole in its row. Digests stay what they were."""
    for name in ("revision_is_final", "revision_stays"):
        connection.execute(f"DROP TRIGGER {name}")
    for name in ("revision", "unsettled", "bake"):
        connection.execute(f"ALTER TABLE {name} RENAME TO old_{name}")
    _make_tables(connection)
    within = _Within(connection)
    unsettled = {row[0] for row in connection.execute("SELECT config FROM old_unsettled")}
    bakes = {row[0]: _old_bake(row) for row in connection.execute("SELECT * FROM old_bake")}
    rows = connection.execute(f"SELECT {_OLD_COLUMNS} FROM old_revision ORDER BY config, number")
    for row in rows:
        place = ANYWHERE if row[0] in unsettled else None
        within.commit(Append(row[0], (_old_revision(row),), place, bakes.get(row[0])))
    for name in ("revision", "unsettled", "bake"):
        connection.execute(f"DROP TABLE old_{name}")


def _old_bake(row: Sequence[Any]) -> PendingBake:
    return PendingBake(row[1], datetime.fromisoformat(row[2]), datetime.fromisoformat(row[3]))


def _old_revision(row: Sequence[Any]) -> Revision:
    kept = dict(zip(_OLD_COLUMNS.split(", "), row, strict=True))
    content = kept.pop("content")
    kept["created_at"] = datetime.fromisoformat(kept["created_at"])
    return Revision(content_digest=hashlib.sha256(content).hexdigest(), load=lambda: content, **kept)


class _Within(SqlStore):
    """The new tables, inside of the transaction that fills them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__()
        self._connection = connection

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, values).fetchall()

    def _run(self, script: Sequence[Statement], *, durable: bool = True) -> None:
        for statement in script:
            self._connection.execute(statement.query, statement.values)
