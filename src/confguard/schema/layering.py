"""Layers: each setting gets one name, then one layer is put over what is below.

Names come first, so that a higher layer wins under whichever name it uses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

from confguard.errors import Problem
from confguard.paths import Path, follow, value_at
from confguard.schema.shape import Shape
from confguard.values import Elements, key_alike, key_text, same


@frozen
class Named:
    """Data under the names that fields have in the schema, and how each was written."""

    data: Any = field(repr=False)
    written: Mapping[Path, Path] = field(factory=dict)
    """The places of settings that were written under another name."""
    twice: tuple[tuple[Path, Path], ...] = ()
    """Settings that say two things under two names: the places as they are written."""
    unclear: tuple[tuple[Path, tuple[str, ...]], ...] = ()
    """Places whose last key may stand for any of several that are there."""

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

    With `caseless`, as of variables, a key of a table that takes any is the one below that is spelt alike; and where a
    list or a table may stand, a number is an element or a key as what is below is a list or a table.

    >>> workers = Shape("value")
    >>> pool = Shape("map", fields={"workers": workers, "threads": workers}, renamed={"threads": "workers"})
    >>> named({"threads": 9}, pool).data
    {'workers': 9}
    """
    naming = _Naming(caseless)
    data_named = naming.named(data, below, shape, (), ())
    return Named(data_named, naming.written, tuple(naming.twice), tuple(naming.unclear))


def spelt_alike(key: str, keys: Iterable[Any]) -> list[Any]:
    """The keys that a variable's may stand for: it itself, else those of another letter case, else with `_` for others.

    >>> spelt_alike("main_db", ["Main_DB", "main-db"]), spelt_alike("a_b", ["a.b", "a-b"])
    (['Main_DB'], ['a.b', 'a-b'])
    """
    known = list(keys)
    for spelling in (str, str.lower, plainly):
        if alike := [each for each in known if spelling(key_text(each)) == spelling(key)]:
            return alike
    return []


def plainly(key: str) -> str:
    """A key as the name of a variable can have it, in small letters."""
    return key.lower().replace("-", "_").replace(".", "_")


@frozen
class _Naming:
    caseless: bool
    written: dict[Path, Path] = field(factory=dict)
    twice: list[tuple[Path, Path]] = field(factory=list)
    unclear: list[tuple[Path, tuple[str, ...]]] = field(factory=list)

    def named(self, data: Any, below: Any, shape: Shape, path: Path, place: Path) -> Any:
        """`path` is where the data stands under its new names, `place` where it is written."""
        if isinstance(data, list):
            return [
                self.named(value, None, shape.child(i), (*path, i), (*place, i))
                for i, value in enumerate(data)
            ]
        if not isinstance(data, dict):
            return data
        if isinstance(data, Elements) and _are_elements(data, below, shape):
            return self.elements(data, below, shape, path, place)
        known = below if isinstance(below, Mapping) else {}
        shape = shape.of({**known, **data}) if shape.variants else shape
        moved = self.moved(data, shape, place) if shape.names else {}
        if known or self.caseless:
            moved |= self.respelled(data, known, shape, place)
        others = set(moved.values()) | shape.names.keys()
        data_named: dict[Any, Any] = {}
        for key, value in data.items():
            if (key,) not in others:
                inner = (*path, key)
                data_named[key] = self.named(value, known.get(key), shape.child(key), inner, (*place, key))
        for own, other in moved.items():
            inner, there = (*path, *own), (*place, *other)
            self.written[inner] = there
            value = self.named(value_at(data, other), value_at(known, own), shape.at(own), inner, there)
            _put(data_named, own, value)
        longer = [other for other in moved.values() if len(other) > 1]
        return _without(data_named, longer) if longer else data_named

    def elements(self, data: Elements, below: Any, shape: Shape, path: Path, place: Path) -> Elements:
        """The same for elements of the list below."""
        known = dict(enumerate(below)) if isinstance(below, list) else {}
        return Elements(
            (i, self.named(value, known.get(i), shape.child(i), (*path, i), (*place, i)))
            for i, value in data.items()
        )

    def moved(self, data: dict[Any, Any], shape: Shape, place: Path) -> dict[Path, Path]:
        """The fields that are written under another name, and that name."""
        moves: dict[Path, Path] = {}
        for other, own in shape.names.items():
            if not follow(data, other)[1]:
                continue
            first = own if follow(data, own)[1] else moves.get(own)
            if first is None:
                moves[own] = other
            elif not same(value_at(data, first), value_at(data, other)):
                self.twice.append(((*place, *first), (*place, *other)))
        return moves

    def respelled(
        self, data: dict[Any, Any], below: Mapping[Any, Any], shape: Shape, place: Path
    ) -> dict[Path, Path]:
        """The keys of a table that takes any, as they are spelt below."""
        free = [key for key in below if key not in shape.fields and key not in data] if self.caseless else []
        moves: dict[Path, Path] = {}
        for key in data:
            if key in shape.fields or key in below:
                continue
            text = key_text(key)
            alike = spelt_alike(text, free) if self.caseless else [key_alike(key, below)]
            if len(alike) > 1:
                self.unclear.append(((*place, key), tuple(map(key_text, alike))))
            elif alike and (alike[0],) in moves:
                self.twice.append(((*place, *moves[(alike[0],)]), (*place, key)))
            elif (own := alike[0] if alike else text) is not key and own not in data:
                moves[(own,)] = (key,)
        return moves


def _are_elements(data: Elements, below: Any, shape: Shape) -> bool:
    """Are these numbers positions, and not keys of a table that takes any?"""
    table = any(leaf.kind == "any" or (leaf.kind == "map" and not leaf.closed) for leaf in shape.leaves)
    if not table or isinstance(below, list):
        return True
    return not isinstance(below, Mapping) and data.keys() == set(range(len(data)))


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


@frozen
class Overlay:
    """Puts a layer over what is below. Tables merge key by key, elements that are named by their position one by one;
    all else replaces what is below.
    """

    problems: list[Problem]
    refused: list[Path] = field(factory=list)
    """Elements of the layer that have no place in a list."""
    lost: list[Path] = field(factory=list)
    """What goes of what is below, as the layer means another member of a union."""

    def put(self, below: Any, above: Any, shape: Shape, path: Path = ()) -> Any:
        """Both as one. Where the layer is of another member of a union, what only others have goes."""
        if isinstance(above, Elements):
            return self.elements(below, above, shape, path)
        if not isinstance(above, Mapping):
            return above
        below = below if isinstance(below, Mapping) else {}
        if shape.variants:
            member, other = _member(below, above, shape)
            lost = shape.fields.keys() - member.fields.keys() if other else ()
            self.lost.extend((*path, key) for key in below if key in lost)
            below = {key: value for key, value in below.items() if key not in lost}
            shape = member
        merged = dict(below)
        for key, value in above.items():
            merged[key] = self.put(below.get(key), value, shape.child(key), (*path, key))
        return merged

    def elements(self, below: Any, above: Elements, shape: Shape, path: Path) -> Any:
        """The list below with these elements in it; what leaves a gap is a problem."""
        merged = list(below) if isinstance(below, list) else []
        for i, value in sorted(above.items()):
            old = merged[i] if i < len(merged) else None
            if i > len(merged):
                message = f"would be element {i} of {len(merged)}: they are numbered from 0, without a gap"
                self.problems.append(Problem((*path, i), message))
                self.refused.append((*path, i))
            else:
                merged[i : i + 1] = [self.put(old, value, shape.child(i), (*path, i))]
        return merged


def _member(below: Mapping[Any, Any], above: Mapping[Any, Any], shape: Shape) -> tuple[Shape, bool]:
    """The member of a union that a layer over what is below is of, and whether that is another one than before.

    It is another where the layer has another tag; or, where no tag is written, is all of one by itself, and together
    with what is below of none.
    """
    both = {**below, **above}
    member = shape.of(both)
    if any(key in below and key in above and below[key] != above[key] for key in shape.tags):
        return member, True
    if shape.tagger is None and shape.tag_of(both) in shape.tagged:
        return member, False
    alone = shape.of(above)
    other = bool(below) and not member.fits(both) and alone.fits(above)
    return (alone, True) if other else (member, False)
