"""An instance of a schema as the data that a document would hold, under the names that a document has for them."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Set
from itertools import pairwise
from typing import Any, get_origin

from confguard.fields import Secret
from confguard.schema.elements import Elements
from confguard.schema.shape import Shape

__all__ = ["as_data", "is_instance", "meaning", "with_keys_of"]


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
        return {_written(key): as_data(inner, shape.child(key)) for key, inner in value.items()}
    if is_instance(value, shape):
        return _table(value, shape)
    if isinstance(value, list | tuple):
        return [as_data(inner, shape.child(i)) for i, inner in enumerate(value)]
    if isinstance(value, set | frozenset):
        return [as_data(inner, shape.child(0)) for inner in sorted(value, key=repr)]
    return value


def _written(key: Any) -> Any:
    return key.value if isinstance(key, enum.Enum) else key


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
