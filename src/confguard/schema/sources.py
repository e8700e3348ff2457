"""What may stand wherever a source is taken: a path, a document, a mapping or list, an instance of a schema's class."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import date, time, timedelta
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

from confguard.documents.document import Document, read
from confguard.fields import FieldType, Secret
from confguard.schema.instances import as_data, is_instance
from confguard.schema.schema import resolve_schema
from confguard.schema.shape import ANYTHING, Shape

__all__ = ["Source", "SourceData", "read_source", "refused"]

Source: TypeAlias = "str | os.PathLike[str] | Document | Mapping[Any, Any] | list[Any] | object"
"""A path, a `Document`, a mapping or list, or an instance of a model, attrs class or dataclass."""


class SourceData(NamedTuple):
    """The data of a source, and its document where it has one."""

    data: Any
    document: Document | None = None


def read_source(source: Source, shape: Shape = ANYTHING, *, format: str | None = None) -> SourceData:
    """The data of a source. Raises `DocumentError` for what cannot be read, and `TypeError` for what is no source.

    >>> read_source({"size": 64}).data
    {'size': 64}
    >>> read_source(64)
    Traceback (most recent call last):
        ...
    TypeError: int is no source: a path, a Document, a mapping or list, or an instance of a schema's class is
    """
    if isinstance(source, Document):
        return SourceData(source.data, source)
    if isinstance(source, str | os.PathLike):
        document = read(source, format)
        return SourceData(document.data, document)
    if isinstance(source, Mapping | list):
        return SourceData(source)
    if is_instance(source, shape):
        return SourceData(_written(as_data(source, shape)))
    if not isinstance(source, type):
        kind: Any = type(source)
        if any(hasattr(kind, mark) for mark in ("model_fields", "__attrs_attrs__", "__dataclass_fields__")):
            schema = resolve_schema(kind)
            assert schema is not None
            return SourceData(_written(as_data(source, schema.shape)))
    raise refused(source)


def refused(source: object) -> TypeError:
    """The error for what is no source."""
    name = source.__name__ if isinstance(source, type) else type(source).__name__
    what = f"the class {name}" if isinstance(source, type) else name
    return TypeError(
        f"{what} is no source: a path, a Document, a mapping or list, or an instance of a schema's class is"
    )


def _written(value: Any) -> Any:
    """An instance's data as a document writes it: secrets, too, since a document is where they stand."""
    if isinstance(value, dict):
        return {key: _written(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_written(inner) for inner in value]
    if isinstance(value, Secret):
        return value.reveal()
    if hasattr(value, "get_secret_value"):
        value = value.get_secret_value()
    if isinstance(value, FieldType):
        return int(value) if isinstance(value, int) else str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return value.decode(errors="surrogateescape")
    if isinstance(value, re.Pattern):
        return value.pattern
    if value is None or isinstance(value, str | int | float | date | time):
        return value
    return str(value)
