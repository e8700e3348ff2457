"""Loading typed configuration: sources in order, later ones win, problems placed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, TypeAlias, TypeVar

from confguard.documents.document import Document, read
from confguard.errors import Problem, SchemaError, ValidationError
from confguard.schema.schema import resolve_schema

__all__ = ["Source", "load", "merge_layers"]

T = TypeVar("T")
Source: TypeAlias = "str | os.PathLike[str] | Document | Mapping[str, Any]"


def load(model: type[T], *sources: Source) -> T:
    """An instance of a schema from files, documents or mappings; later sources win key by key.

    Raises `ValidationError` with every problem, each at `file:line:column`; `DocumentError` for a file
    that cannot be read.

    >>> from attrs import frozen
    >>> @frozen
    ... class Server:
    ...     port: int = 80
    >>> load(Server, {"port": 8080}).port
    8080
    """
    schema = resolve_schema(model)
    if schema is None:
        raise SchemaError("a schema is needed to load configuration")
    documents = [_document(source) for source in sources]
    data: Any = {}
    for document in documents:
        data = merge_layers(data, document.data)
    try:
        loaded: T = schema.validate(data)
    except ValidationError as error:
        raise ValidationError(_placed(problem, documents) for problem in error.problems) from None
    return loaded


def merge_layers(below: Any, above: Any) -> Any:
    """Mappings merge key by key; anything else in the upper layer replaces what is below.

    >>> merge_layers({"a": {"x": 1, "y": 2}}, {"a": {"y": 3}})
    {'a': {'x': 1, 'y': 3}}
    """
    if not isinstance(below, Mapping) or not isinstance(above, Mapping):
        return above
    added = {key: merge_layers(below[key], value) if key in below else value for key, value in above.items()}
    return {**below, **added}


def _document(source: Source) -> Document:
    if isinstance(source, Document):
        return source
    if isinstance(source, Mapping):
        return Document(dict(source), b"", "mapping")
    return read(source)


def _placed(problem: Problem, documents: list[Document]) -> Problem:
    """The problem at its place in the last source that holds its path, else in the last file."""
    files = [document for document in documents if document.path]
    for document in reversed(files):
        if found := document.locate(problem.path):
            return Problem(problem.path, problem.message, document.path, found.line, found.column)
    if not files:
        return problem
    nearest = files[-1].locate(problem.path, nearest=True)
    line, column = (nearest.line, nearest.column) if nearest else (None, None)
    return Problem(problem.path, problem.message, files[-1].path, line, column)
