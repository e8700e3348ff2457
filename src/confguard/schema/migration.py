"""Bringing an old file up to its schema: keys that were renamed get the name they have now, in place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from confguard.documents.document import Document
from confguard.documents.editing.changing import DataChange
from confguard.errors import ValidationError
from confguard.paths import Path
from confguard.schema.layering import named
from confguard.schema.problems import named_twice, place_problem
from confguard.schema.schema import Schema
from confguard.schema.shape import Shape


def migrate(document: Document, schema: Schema[Any]) -> Document:
    """The document with renamed keys under the names they have now; everything else stays as it is written.

    Raises `DocumentError` where a key cannot be renamed in the text, `ValidationError` where it stands beside the one
    that it became.

    >>> from typing import Annotated
    >>> from confguard.documents.document import parse
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
    return document.edit(list(_renames(document.data, schema.shape, ())))


def _renames(data: Any, shape: Shape, path: Path) -> Iterator[DataChange]:
    """What is renamed in data that stands at a path, from the outside in: so paths are by the new names."""
    shape = shape.of(data)
    items: Any = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        there = (*path, shape.renamed.get(key, key))
        if there[-1] != key:
            yield DataChange("move", there, value, value, (*path, key))
        yield from _renames(value, shape.child(key), there)
