"""The tables of a store in PostgreSQL: their names, how they are made, and who may do what with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from attrs import frozen

from confguard.stores.postgres_connections import BoundedConnection

__all__ = ["LAYOUT", "Tables"]

LAYOUT = 1
_CREATING = 0x63666764
"""The advisory lock that whoever makes the tables holds."""
_NAMED = re.compile(r"\b(FROM|JOIN|INTO|UPDATE) (config|revision|place|report|layout)\b")
_STATEMENTS = (
    "CREATE TABLE {schema}.layout (version INTEGER NOT NULL)",
    """CREATE TABLE {schema}.config (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name TEXT NOT NULL UNIQUE, head BIGINT NOT NULL,
  digest BYTEA NOT NULL, bake TEXT, lease BIGINT NOT NULL DEFAULT 0)""",
    """CREATE TABLE {schema}.revision (
  config BIGINT NOT NULL REFERENCES {schema}.config, number BIGINT NOT NULL, content BYTEA NOT NULL,
  format TEXT NOT NULL, author TEXT NOT NULL, reason TEXT NOT NULL, created_at BIGINT NOT NULL, data BYTEA,
  parent BYTEA, digest BYTEA NOT NULL, more TEXT, keyframe BIGINT, payload BYTEA,
  PRIMARY KEY (config, number))""",
    """CREATE TABLE {schema}.place (
  config BIGINT NOT NULL REFERENCES {schema}.config, place TEXT NOT NULL, wanted BIGINT NOT NULL,
  written BIGINT NOT NULL, told BIGINT NOT NULL, error TEXT, PRIMARY KEY (config, place))""",
    """CREATE TABLE {schema}.report (
  config BIGINT NOT NULL REFERENCES {schema}.config, reporter TEXT NOT NULL, revision BIGINT NOT NULL,
  requests BIGINT NOT NULL, errors BIGINT NOT NULL, slow BIGINT NOT NULL, until BIGINT NOT NULL,
  PRIMARY KEY (config, reporter, revision))""",
    """CREATE FUNCTION {schema}.history_is_final() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'history is final'; END $$""",
    """CREATE TRIGGER revision_is_final
  BEFORE UPDATE OF config, number, content, format, author, reason, created_at, data, parent, digest, more
  ON {schema}.revision FOR EACH STATEMENT EXECUTE FUNCTION {schema}.history_is_final()""",
    """CREATE TRIGGER revision_stays BEFORE DELETE OR TRUNCATE ON {schema}.revision
  FOR EACH STATEMENT EXECUTE FUNCTION {schema}.history_is_final()""",
    "INSERT INTO {schema}.layout VALUES (1)",
)


@frozen
class Tables:
    """The tables of one schema."""

    schema: str

    def named(self, query: str) -> bytes:
        """A query with the names of tables in full, and its values marked as PostgreSQL's client wants it."""
        return _named(query, self._quoted)

    def layout(self, connection: BoundedConnection) -> int | None:
        """The layout of the tables; None if there are none."""
        # Not `to_regclass`: it may remember that there was none, while another transaction made it.
        query = "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = %s AND tablename = 'layout'"
        if connection.execute(query, (self.schema,)).fetchone() is None:
            return None
        row = connection.execute(self.named("SELECT version FROM layout")).fetchone()
        return row[0] if row else None

    def make(self, connection: BoundedConnection) -> None:
        """Make what is missing, within a transaction: the schema, too, where nobody made it before."""
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_CREATING,))
        if self.layout(connection) is not None:  # somebody was faster
            return
        query = "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s"
        if connection.execute(query, (self.schema,)).fetchone() is None:
            connection.execute(f"CREATE SCHEMA {self._quoted}".encode())
        for statement in self._statements():
            connection.execute(statement.encode())

    def setup(self, *, owner: str | None, writer: str | None, reader: str | None) -> str:
        """What a DBA runs once: the schema and tables for their owner, and what writers and readers may do.

        >>> print(Tables("confguard").setup(owner=None, writer=None, reader="auth")[-67:])
        GRANT SELECT ON ALL TABLES IN SCHEMA "confguard" TO "auth";
        COMMIT;
        """
        schema, lines = self._quoted, ["BEGIN"]
        lines.append(
            f"CREATE SCHEMA IF NOT EXISTS {schema}" + (f" AUTHORIZATION {_quoted(owner)}" if owner else "")
        )
        lines += [f"SET LOCAL ROLE {_quoted(owner)}"] if owner else []
        lines += self._statements()
        for role in (writer, reader):
            if role:
                lines.append(f"GRANT USAGE ON SCHEMA {schema} TO {_quoted(role)}")
                lines.append(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {_quoted(role)}")
            if role and role == writer:
                appended = ", ".join(f"{schema}.{name}" for name in ("config", "revision", "place", "report"))
                lines.append(f"GRANT INSERT ON {appended} TO {_quoted(role)}")
                lines.append(
                    f"GRANT UPDATE ON {schema}.config, {schema}.place, {schema}.report TO {_quoted(role)}"
                )
                lines.append(f"GRANT DELETE ON {schema}.report TO {_quoted(role)}")
        return "\n".join(f"{line};" for line in [*lines, "COMMIT"])

    @property
    def _quoted(self) -> str:
        return _quoted(self.schema)

    def _statements(self) -> Iterator[str]:
        return (statement.format(schema=self._quoted) for statement in _STATEMENTS)


@lru_cache(maxsize=512)
def _named(query: str, schema: str) -> bytes:
    return _NAMED.sub(rf"\1 {schema}.\2", query).replace("?", "%s").encode()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
