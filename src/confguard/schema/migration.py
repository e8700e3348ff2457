"""Bringing an old file up to its schema: keys that were renamed get the name they have now, in place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from confguard.documents.document import Document, parse
from confguard.documents.interface import Position
from confguard.errors import DocumentError, ValidationError
from confguard.paths import Path, show_path
from confguard.schema.layering import named
from confguard.schema.problems import named_twice, place_problem
from confguard.schema.schema import Schema
from confguard.schema.shape import Shape


def migrate(document: Document, schema: Schema[Any]) -> Document:
    """The document with renamed keys under the names they have now; everything else stays as it is written.

    Raises `DocumentError` where a key cannot be found in the text, `ValidationError` where it stands beside the one
    that it became.

    >>> from typing import Annotated
    >>> from confguard.schema.json_schema import JsonSchema
    >>> from confguard.schema.schema import resolve_schema
    >>> size = {"type": "integer", "x-confguard": {"renamed": "pool_size"}}
    >>> schema = resolve_schema(JsonSchema("pool.schema.json", {"properties": {"size": size}}))
    >>> print(migrate(parse("pool_size = 32  # enough\\n", "toml"), schema).text, end="")
    size = 32  # enough
    """
    problems = [
        place_problem(named_twice(*places), document, schema.shape)
        for places in named(document.data, schema.shape).twice
    ]
    if problems:
        raise ValidationError(problems)
    lines = document.text.removeprefix("\ufeff").split("\n")
    for path, new in sorted(_old_keys(document, schema.shape), reverse=True, key=lambda each: each[1]):
        position, name = new
        _rename(lines, position, str(path[-1]), name, path)
    bom = "\ufeff" if document.text.startswith("\ufeff") else ""
    migrated = parse(bom + "\n".join(lines), document.format, path=document.path)
    if schema.named(migrated.data) != schema.named(document.data):
        raise DocumentError("cannot be migrated in place: edit it by hand", path=document.path)
    return migrated


def _old_keys(document: Document, shape: Shape) -> Iterator[tuple[Path, tuple[Position, str]]]:
    for path, place in document.places().items():
        if not path or not isinstance(path[-1], str):
            continue
        table = shape.at(path[:-1])
        if path[-1] in table.renamed:
            yield path, (place.key, table.renamed[path[-1]])


def _rename(lines: list[str], position: Position, old: str, new: str, path: Path) -> None:
    line, at = lines[position.line - 1], position.column - 1
    for written in (json.dumps(old, ensure_ascii=False), f"'{old}'", old):
        if line.startswith(written, at):
            named = written.replace(old, new)
            lines[position.line - 1] = line[:at] + named + line[at + len(written) :]
            return
    raise DocumentError(f"{show_path(path)} cannot be renamed in place", line=position.line, path=None)
