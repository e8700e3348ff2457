"""Blame by meaning: for each value who set it, when, why, and in which version."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from attrs import asdict, frozen

from confguard.diffs.render import json_value, show_value
from confguard.errors import harmless
from confguard.guard import Guard
from confguard.paths import Path as DocumentPath
from confguard.paths import path_to_json, show_path, value_at
from confguard.records.versions import GitFile, Version, of_store
from confguard.records.walking import leaves_of, walked_back
from confguard.schema.guarded import shown_value
from confguard.schema.schema import Schema, SchemaLike, resolve_schema
from confguard.schema.secrets import Secrets
from confguard.schema.shape import ANYTHING
from confguard.secrets import HIDDEN
from confguard.values import check_type


@frozen(kw_only=True)
class BlamedValue:
    """One value of a config, and who set it. What is secret is hidden."""

    path: DocumentPath
    value: Any
    """What it is; `***` for a secret."""
    revision: int | str | None
    """The number of the revision, or the commit; None where it is not committed yet, or not known."""
    author: str | None
    at: str | None
    """When, in UTC, as ISO 8601 has it."""
    reason: str | None
    ticket: str | None = None
    file: str | None = None
    line: int | None = None
    note: str | None = None
    """What is not sure about it."""

    def to_json(self) -> dict[str, object]:
        """The value as the JSON that other programs rely on."""
        return asdict(self, recurse=False) | {
            "path": path_to_json(self.path),
            "value": json_value(self.value),
        }

    @property
    def why(self) -> str:
        """Reason, ticket and what is not sure, in a line."""
        ticket = self.ticket if self.ticket and self.ticket not in (self.reason or "") else None
        return harmless("; ".join(each for each in (self.reason, ticket, self.note) if each))


@frozen
class Blame:
    """Who set each value of a config, in the order in which they stand."""

    values: tuple[BlamedValue, ...]

    def __iter__(self) -> Iterator[BlamedValue]:
        return iter(self.values)

    def __len__(self) -> int:
        return len(self.values)

    def to_json(self) -> dict[str, object]:
        """The JSON that other programs rely on."""
        return {"values": [value.to_json() for value in self.values]}

    def __str__(self) -> str:
        rows = [
            (
                str(value.revision)[:10] if value.revision is not None else "-",
                value.at[:10] if value.at else "-",
                harmless(value.author or "-"),
                f"{show_path(value.path)} = {value.value if value.value == HIDDEN else show_value(value.value)}",
                f"  ({value.why})" if value.why else "",
            )
            for value in self.values
        ]
        number, who = (max((len(row[n]) for row in rows), default=0) for n in (0, 2))
        lines = [f"{row[0]:>{number}}  {row[1]:10}  {row[2]:{who}}  {row[3]}{row[4]}" for row in rows]
        return "\n".join(lines) or "it holds no value"


def blame(
    source: Guard | str | os.PathLike[str],
    *,
    schema: SchemaLike = None,
    revision: str | None = None,
    format: str | None = None,
) -> Blame:
    """For each value who set it, when, why and in which version: by meaning, not by lines.

    `source` is a guard, whose store's history is asked, or a file in git, as it is in the work tree or in a `revision`.
    Layout, comments, the order of keys, another unit for the same amount, and a new place for a setting or for the file
    change no blame; with a schema, nothing does that means the same to it. Raises `DocumentError` where the newest
    version cannot be read, or git does not know the file; `NotFoundError` where the store has no revision.

    >>> guard = Guard("pool", store="memory://", format="toml")
    >>> for size, why in [(8, "start"), (16, "more visitors")]:
    ...     applied = guard.apply(guard.plan({"size": size, "host": "db1"}, author="ana", reason=why), override="test")
    >>> [(value.path, value.revision, value.reason) for value in blame(guard)]
    [(('size',), 2, 'more visitors'), (('host',), 1, 'start')]
    """
    if isinstance(source, Guard):
        known = source.schema if schema is None else resolve_schema(schema)
        return _blamed(of_store(source.store, source.name), known)
    check_type(source, str | os.PathLike, "guard, and not a file's path")
    return _blamed(GitFile(Path(source), revision, format).versions(), resolve_schema(schema))


def _blamed(versions: Iterable[Version], schema: Schema[Any] | None) -> Blame:
    newest, settlements = walked_back(versions, schema)
    document = newest.document
    secrets = Secrets.in_files(schema.shape if schema else ANYTHING, document.data)
    reasons: dict[object, str] = {}
    values = []
    for walked, shown in leaves_of(document.data, schema.shape if schema else ANYTHING):
        value = secrets.guarded(value_at(document.data, walked), walked)
        version, note = settlements[walked]
        if version is not None and version.id not in reasons:
            reasons[version.id] = secrets.clean(version.reason)
        place = document.locate(walked, nearest=True)
        values.append(
            BlamedValue(
                path=secrets.path(shown),
                value=shown_value(value),
                revision=version.id if version else None,
                author=version.author if version else None,
                at=version.at.isoformat() if version and version.at else None,
                reason=reasons[version.id] if version else None,
                ticket=version.ticket if version else None,
                file=document.part_at(walked)[0].path,
                line=place.line if place else None,
                note=note,
            )
        )
    return Blame(tuple(values))
