"""Bounds that `Annotated` gives a type: those of `annotated_types`, of pydantic's `Field`, and of their like."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

__all__ = ["BOUNDS", "bounds_of", "broken_bound", "field_marks"]


def _length(value: Any) -> int:
    reveal = getattr(value, "reveal", None) or getattr(value, "get_secret_value", None)
    return len(reveal() if reveal else value)


def _is_multiple(value: Any, bound: Any) -> bool:
    if isinstance(value, float) or isinstance(bound, float):
        return bool(abs(value / bound - round(value / bound)) < 1e-9)
    rest = value % bound
    return bool(rest == type(rest)())


_KEPT: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "ge": ("minimum", lambda value, bound: value >= bound),
    "le": ("maximum", lambda value, bound: value <= bound),
    "gt": ("exclusiveMinimum", lambda value, bound: value > bound),
    "lt": ("exclusiveMaximum", lambda value, bound: value < bound),
    "multiple_of": ("multipleOf", _is_multiple),
    "min_length": ("minLength", lambda value, bound: _length(value) >= bound),
    "max_length": ("maxLength", lambda value, bound: _length(value) <= bound),
    "pattern": ("pattern", lambda value, bound: bool(re.search(bound, value))),
}
"""By the attributes that give them: JSON Schema's words for them, and whether a value keeps them."""

BOUNDS = {name: word for name, (word, _) in _KEPT.items()}
"""The attributes by which `annotated_types` (and pydantic) give bounds, and JSON Schema's words for them."""


def bounds_of(mark: object) -> Iterator[tuple[str, Any]]:
    """The bounds that a mark gives, in JSON Schema's words."""
    yield from ((word, bound) for word, bound, _ in _bounds(mark))


def broken_bound(value: Any, marks: Iterable[object]) -> tuple[str, Any] | None:
    """The first bound that a value breaks; None where it keeps all, and for what has no size to compare."""
    for mark in marks:
        for word, bound, keeps in _bounds(mark):
            try:
                if value is not None and not keeps(value, bound):
                    return word, bound
            except TypeError:
                continue
    return None


def field_marks(marks: Iterable[object]) -> Iterator[object]:
    """The marks, and what pydantic's `Field` holds inside of them."""
    for mark in marks:
        yield mark
        metadata = getattr(mark, "metadata", ())
        yield from metadata if isinstance(metadata, list | tuple) else ()


def _bounds(mark: object) -> Iterator[tuple[str, Any, Callable[[Any, Any], bool]]]:
    for name, (word, keeps) in _KEPT.items():
        bound = getattr(mark, name, None)
        if bound is not None and not callable(bound):
            yield word, bound, keeps
