"""The quick way for models that pydantic alone reads nearly right: their amounts are read, other names are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from confguard.schema.conversion import is_span
from confguard.schema.schema import resolve_schema
from confguard.schema.shape import Shape

__all__ = ["quick_reader"]


def quick_reader(model: Any) -> Callable[[Any], Any]:
    """What reads a layer's amounts of time. Raises `ValueError` for whatever needs a closer look.

    That is a setting under another name than its own, and an amount that is none.
    """
    schema = resolve_schema(model)
    assert schema is not None
    reader = _Reader()
    return lambda data: reader.read(data, schema.shape)


class _Reader:
    """Walks data and its shape as far as there is something to do."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[Shape, list[tuple[str, Shape]]]] = {}

    def read(self, data: Any, shape: Shape) -> Any:
        """The data with amounts of time; the very same where there are none."""
        if data is None or shape.custom:
            return data
        if shape.variants:
            return self.read(data, shape.of(data))
        if is_span(shape.hint):
            return shape.read(data)
        if isinstance(data, dict) and shape.kind == "map":
            return self.table(data, shape)
        if isinstance(data, list) and shape.rest is not None and self.matters(shape.rest, ()):
            return [self.read(value, shape.child(i)) for i, value in enumerate(data)]
        return data

    def table(self, data: dict[Any, Any], shape: Shape) -> Any:
        """The same for a table."""
        if any(other[0] in data for other in shape.names):
            raise ValueError("a name that is not the setting's own")
        if shape.rest is not None and self.matters(shape.rest, ()):
            return {key: self.read(value, shape.child(key)) for key, value in data.items()}
        read = {key: self.read(data[key], child.whole) for key, child in self.fields(shape) if key in data}
        return {**data, **read} if read else data

    def fields(self, shape: Shape) -> list[tuple[str, Shape]]:
        """The fields of a table in which there is something to do."""
        if id(shape) not in self.known:
            mattering = [(key, child) for key, child in shape.fields.items() if self.matters(child, ())]
            self.known[id(shape)] = shape, mattering
        return self.known[id(shape)][1]

    def matters(self, shape: Shape, inside: tuple[Shape, ...]) -> bool:
        """Is there an amount of time here, or a field with other names?"""
        if shape in inside:
            return False
        if shape.link is not None or is_span(shape.hint) or shape.names:
            return True
        below = [*shape.variants, *shape.items, *shape.fields.values(), *([shape.rest] if shape.rest else [])]
        return any(self.matters(child, (*inside, shape)) for child in below)
