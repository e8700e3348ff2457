"""One name for each setting: data in which a schema's other names for it stand no more.

It comes before layers are merged, so that a higher layer wins under whichever name it uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from confguard.paths import Path, follow
from confguard.schema.elements import Elements
from confguard.schema.shape import Shape
from confguard.values import same

__all__ = ["Named", "named"]


@frozen
class Named:
    """Data under the names that fields have in the schema, and how each was written."""

    data: Any = field(repr=False)
    written: Mapping[Path, Path] = field(factory=dict)
    """The places of settings that were written under another name."""
    twice: tuple[tuple[Path, Path], ...] = ()
    """Settings that say two things under two names: the places as they are written."""

    def as_written(self, path: Path) -> Path:
        """A path as the document has it."""
        return as_written(path, self.written)


def as_written(path: Path, written: Mapping[Path, Path]) -> Path:
    """A path as it is written, where it or what is around it has another name there."""
    for length in range(len(path), 0, -1):
        if path[:length] in written:
            return (*written[path[:length]], *path[length:])
    return path


def named(data: Any, shape: Shape, below: Any = None, *, caseless: bool = False) -> Named:
    """The data with one name for each setting. `below` is what lower layers say, which may tell a union's member.

    With `caseless`, a key of a table that takes any is the one below that differs in letter case only.

    >>> workers = Shape("value")
    >>> pool = Shape("map", fields={"workers": workers, "threads": workers}, renamed={"threads": "workers"})
    >>> named({"threads": 9}, pool).data
    {'workers': 9}
    """
    naming = _Naming(caseless)
    made = naming.named(data, below, shape, (), ())
    return Named(made, naming.written, tuple(naming.twice))


@frozen
class _Naming:
    caseless: bool
    written: dict[Path, Path] = field(factory=dict)
    twice: list[tuple[Path, Path]] = field(factory=list)

    def named(self, data: Any, below: Any, shape: Shape, path: Path, place: Path) -> Any:
        """`path` is where the data stands under its new names, `place` where it is written."""
        if isinstance(data, list):
            return [
                self.named(value, None, shape.child(i), (*path, i), (*place, i))
                for i, value in enumerate(data)
            ]
        if not isinstance(data, dict):
            return data
        known = below if isinstance(below, Mapping) else {}
        shape = shape.of({**known, **data}) if shape.variants else shape
        moved = self.moved(data, shape, place) if shape.names else {}
        if self.caseless:
            moved |= _respelled(data, known, shape)
        others = set(moved.values()) | shape.names.keys()
        made: dict[Any, Any] = Elements() if isinstance(data, Elements) else {}
        for key, value in data.items():
            if (key,) not in others:
                inner = (*path, key)
                made[key] = self.named(value, known.get(key), shape.child(key), inner, (*place, key))
        for own, other in moved.items():
            inner, there = (*path, *own), (*place, *other)
            self.written[inner] = there
            value = self.named(_value(data, other), _value(known, own), shape.at(own), inner, there)
            _put(made, own, value)
        longer = [other for other in moved.values() if len(other) > 1]
        return _without(made, longer) if longer else made

    def moved(self, data: dict[Any, Any], shape: Shape, place: Path) -> dict[Path, Path]:
        """The fields that are written under another name, and that name."""
        found: dict[Path, Path] = {}
        for other, own in shape.names.items():
            if not follow(data, other)[1]:
                continue
            first = own if follow(data, own)[1] else found.get(own)
            if first is None:
                found[own] = other
            elif not same(_value(data, first), _value(data, other)):
                self.twice.append(((*place, *first), (*place, *other)))
        return found


def _respelled(data: dict[Any, Any], below: Mapping[Any, Any], shape: Shape) -> dict[Path, Path]:
    """The keys of a table that takes any, as they are spelt below."""
    spelt = {str(key).lower(): key for key in below if key not in shape.fields}
    free = [key for key in data if key not in shape.fields and key not in below and isinstance(key, str)]
    return {(spelt[key.lower()],): (key,) for key in free if key.lower() in spelt}


def _value(data: Any, path: Path) -> Any:
    for step in path:
        if not isinstance(data, Mapping | list):
            return None
        try:
            data = data[step]  # type: ignore[call-overload]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _put(data: dict[Any, Any], path: Path, value: Any) -> None:
    for step in path[:-1]:
        inner = data.get(step)
        data[step] = dict(inner) if isinstance(inner, dict) else {}
        data = data[step]
    data[path[-1]] = value


def _without(data: dict[Any, Any], places: list[Path]) -> dict[Any, Any]:
    """The data without what stands at these places, and without the tables that held nothing else."""
    for place in places:
        first, *rest = place
        inner = data.get(first)
        if not rest:
            data = {key: value for key, value in data.items() if key != first}
        elif isinstance(inner, dict):
            left = _without(inner, [tuple(rest)])
            data = {key: value for key, value in data.items() if key != first or left}
            if left:
                data[first] = left
    return data
