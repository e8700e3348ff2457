"""Instances of a schema and its defaults as the data that a document would hold, under a document's names."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Set
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, get_origin

from confguard.fields import FieldType, Secret
from confguard.schema.conversion import written
from confguard.schema.shape import COMPUTED, NOTHING, Shape
from confguard.values import Elements


def as_data(value: Any, shape: Shape) -> Any:
    """Tables for instances, lists for lists, tuples and sets; every other value as it is.

    >>> from attrs import frozen
    >>> from confguard.schema.schema import resolve_schema
    >>> @frozen
    ... class Pool:
    ...     size: int = 64
    >>> as_data(Pool(), resolve_schema(Pool).shape)
    {'size': 64}
    """
    shape = _of(value, shape)
    if shape.wrapper is not None and isinstance(value, shape.wrapper):
        return as_data(getattr(value, "root", None), shape)
    if isinstance(value, Mapping):
        return {written(key): as_data(inner, shape.child(key)) for key, inner in value.items()}
    if is_instance(value, shape):
        return _table(value, shape)
    if isinstance(value, list | tuple):
        return [as_data(inner, shape.child(i)) for i, inner in enumerate(value)]
    if isinstance(value, set | frozenset):
        return [as_data(inner, shape.child(0)) for inner in sorted(value, key=repr)]
    return value


def document_data(value: Any, shape: Shape) -> Any:
    """An instance as the data of a document: with secrets, too, since a document is where they stand."""
    return _revealed(as_data(value, shape))


def _revealed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _revealed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_revealed(inner) for inner in value]
    if isinstance(value, Secret):
        return value.reveal()
    if hasattr(value, "get_secret_value"):
        value = value.get_secret_value()
    if isinstance(value, bytes):
        return value.decode(errors="surrogateescape")
    if isinstance(value, date | time) or _is_object(value):
        return value
    return int(value) if isinstance(value, FieldType) and isinstance(value, int) else plain(value)


def _is_object(value: Any) -> bool:
    """Has it no text but the one that every object has, as functions and instances of any class do?"""
    kind: Any = type(value)
    return kind.__str__ is object.__str__ and not isinstance(value, int | float | re.Pattern | None)


def plain(value: Any) -> Any:
    """A scalar as a document would write it."""
    if isinstance(value, FieldType):
        return int(value) if isinstance(value, int) and str(value).isdecimal() else str(value)
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, re.Pattern):
        return value.pattern
    if value is None or isinstance(value, str | int | float | list | dict):
        return value
    return str(value)


def with_keys_of(data: Any, written: Any) -> Any:
    """Data under the keys that are written for it: a text where a schema made a number of it.

    >>> with_keys_of({5: {"a": 1}}, {"5": {}})
    {'5': {'a': 1}}
    """
    if not isinstance(data, Mapping) or not isinstance(written, Mapping):
        return data
    texts = {str(key): key for key in written}
    return {
        there: with_keys_of(inner, written.get(there))
        for key, inner in data.items()
        for there in (key if key in written else texts.get(str(key), key),)
    }


def meaning(data: Any, shape: Shape) -> Any:
    """Data as the schema reads it, for comparing: what is written with what became of it."""
    if isinstance(data, Secret):
        return data.reveal()
    if hasattr(data, "get_secret_value"):
        return data.get_secret_value()
    shape = shape.of(data)
    if isinstance(data, Mapping):
        return {key: meaning(inner, shape.child(key)) for key, inner in data.items()}
    if isinstance(data, list | tuple | set | frozenset):
        elements = [meaning(inner, shape.child(i)) for i, inner in enumerate(data)]
        kind = get_origin(shape.hint) or shape.hint
        unordered = isinstance(kind, type) and issubclass(kind, Set)
        return sorted({repr(each) for each in elements}) if unordered else elements
    return shape.meaning(data)


def _table(value: Any, shape: Shape) -> dict[Any, Any]:
    converted: dict[Any, Any] = {}
    for path, name in shape.attributes.items():
        if not hasattr(value, name):
            continue
        table = converted
        for step, following in pairwise(path):
            table = table.setdefault(step, Elements() if isinstance(following, int) else {})
        table[path[-1]] = as_data(getattr(value, name), shape.at(path))
    more = getattr(value, "__pydantic_extra__", None)
    return converted | (dict(more) if isinstance(more, dict) else {})


def is_instance(value: Any, shape: Shape) -> bool:
    """Is a value an instance of the class that a shape is of?"""
    kind = get_origin(shape.hint) or shape.hint
    return bool(shape.attributes) and isinstance(kind, type) and isinstance(value, kind)


def _of(value: Any, shape: Shape) -> Shape:
    """The member of a union that an instance is of; a table's by what it holds."""
    for variant in shape.variants:
        inner = _of(value, variant.whole)
        if is_instance(value, inner):
            return inner
    return shape.of(value) if isinstance(value, dict | list) else shape


def with_defaults(data: Any, shape: Shape) -> Any:
    """Data that no class completes, with the defaults that can be told."""
    shape = shape.of(data)
    if isinstance(data, list) and shape.kind == "list":
        return [with_defaults(value, shape.child(i)) for i, value in enumerate(data)]
    if not isinstance(data, dict) or shape.kind != "map":
        return data
    completed_table: dict[Any, Any] = {}
    for own in shape.attributes or [(key,) for key in shape.fields if key not in shape.renamed]:
        key, child = str(own[0]), shape.child(own[0])
        if len(own) > 1:
            continue
        if key in data:
            completed_table[key] = with_defaults(data[key], child)
        elif not shape.requires(key):
            default = default_data(child)
            completed_table |= {} if default is NOTHING or default is COMPUTED else {key: default}
    others = {key: with_defaults(data[key], shape.child(key)) for key in data.keys() - completed_table}
    return completed_table | {key: others[key] for key in data if key in others}


def default_data(shape: Shape) -> Any:
    """A default as a document would write it, with those inside of it; `COMPUTED` where it cannot be told."""
    default = called(shape.default)
    return with_defaults(as_data(default, shape), shape)


def completed(data: Any, defaulted: Any, shape: Shape) -> Any:
    """What is written in a list, with the defaults that the data of its instance, `defaulted`, has besides.

    >>> completed([{}], [{"a": 1}], Shape("list", rest=Shape("map", fields={"a": Shape(default=1)})))
    [{'a': 1}]
    """
    shape = shape.of(defaulted)
    if isinstance(data, list) and isinstance(defaulted, list):
        pairs = zip(data, defaulted, strict=False)
        filled = [completed(value, there, shape.child(i)) for i, (value, there) in enumerate(pairs)]
        return [*filled, *data[len(filled) :]]
    if not isinstance(data, dict) or not isinstance(defaulted, dict):
        return data
    inner = {key: completed(value, defaulted.get(key), shape.child(key)) for key, value in data.items()}
    for key in defaulted.keys() - data.keys():
        default = called(shape.child(key).default)
        if default is not NOTHING:
            inner[key] = defaulted[key] if default is COMPUTED else as_data(default, shape.child(key))
    return inner


def called(default: Any) -> Any:
    """A default, made where a factory makes it; `COMPUTED` where that fails."""
    if not callable(default):
        return default
    try:
        return default()
    except Exception:  # noqa: BLE001 - a factory may raise anything
        return COMPUTED
