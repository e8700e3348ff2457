"""Layers put together: names are made one, then later layers win, and each value still knows where it was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import evolve, field, frozen

from confguard.errors import Problem, place
from confguard.paths import Path, follow
from confguard.schema.absent import COMPUTED, NOTHING
from confguard.schema.defaults import called, value_inside
from confguard.schema.elements import Elements
from confguard.schema.instances import as_data
from confguard.schema.layers import Layer
from confguard.schema.names import named
from confguard.schema.placing import place_problem, said_twice
from confguard.schema.shape import Shape
from confguard.schema.wording import listed

__all__ = ["Combined", "combine", "placed_in"]


@frozen
class Combined:
    """What all layers say together."""

    data: Any
    layers: tuple[Layer, ...]
    """The layers, lowest first, under the names that the schema has."""
    problems: tuple[Problem, ...] = ()
    """What is wrong with a layer by itself, placed."""

    def saying(self, path: Path) -> Iterator[tuple[Layer, bool]]:
        """The layers that hold a path, the highest first, and whether it counts: nothing above cut it off."""
        cut = False
        for layer in reversed(self.layers):
            walked, whole = follow(layer.data, path)
            if whole:
                yield layer, not cut
            around = layer.data
            for step in walked:
                around = around[step]
            cut = cut or (not whole and not isinstance(around, Mapping)) or _lost(layer, path) is not None

    def erased(self, path: Path) -> Iterator[tuple[Layer, Path]]:
        """The layers that took away what lower ones say of a path, the highest first, and at which place around it."""
        for layer in reversed(self.layers):
            walked, whole = follow(layer.data, path)
            around = layer.data
            for step in walked:
                around = around[step]
            if not whole and walked and not isinstance(around, Mapping):
                yield layer, tuple(walked)
            elif (lost := _lost(layer, path)) is not None:
                yield layer, lost[:-1]

    def untyped(self, path: Path) -> bool:
        """Does what stands at a path come from a layer whose values are all texts?"""
        return any(layer.texts_only for layer, counts in self.saying(path) if counts)

    def default(self, path: Path, shape: Shape) -> Any:
        """The default of a setting where no layer says anything of it; `COMPUTED` where that cannot be told."""
        for length, step in enumerate(path):
            shape = shape.of(value_inside(self.data, path[:length])).child(step)
            said = any(counts for _, counts in self.saying(path[: length + 1]))
            last = length == len(path) - 1
            if not last and not said and shape.default is not NOTHING:
                around = called(shape.default)
                found = as_data(around, shape) if around is not COMPUTED else COMPUTED
                return value_inside(found, path[length + 1 :]) if isinstance(found, dict) else COMPUTED
        return as_data(called(shape.default), shape) if shape.default is not NOTHING else NOTHING

    def placed(self, problem: Problem, shape: Shape) -> Problem:
        """The problem where its setting is written, else where what is around it is, else in the last file."""
        path = tuple(problem.path)
        related = tuple(self.placed(each, shape) for each in problem.related)
        problem = problem._replace(related=related)
        for length in range(len(path), 0, -1):
            layer = next((layer for layer, counts in self.saying(path[:length]) if counts), None)
            told = placed_in(layer, problem, shape) if layer is not None else problem
            if told.file or (layer is not None and length == len(path)):
                return told
        for layer in reversed(self.layers):
            if layer.document and layer.document.path:
                return placed_in(layer, problem, shape)
        return problem


def combine(layers: list[Layer], shape: Shape) -> Combined:
    """All layers as one; later ones win."""
    merged: Any = {}
    made: list[Layer] = []
    problems: list[Problem] = []
    for layer in layers:
        one = named(layer.data, shape, merged, caseless=layer.caseless)
        found = [
            said_twice(first, second, place(*layer.where_written(first)).removesuffix(": "))
            for first, second in one.twice
        ]
        found += [
            Problem(path, f"may be {listed(map(repr, keys))}, which stand below")
            for path, keys in one.unclear
        ]
        table = isinstance(one.data, Mapping) or shape.kind != "map"
        if not table:
            found.append(Problem((), "expected a table of settings"))
        data = one.data if table else {}
        overlay = _Overlay(found)
        merged = overlay.put(merged, data, shape)
        for path in overlay.refused:
            _remove(data, path)
        lost = tuple(overlay.lost)
        made.append(evolve(layer, data=data, written=one.written, together=merged, lost=lost))
        problems += [placed_in(made[-1], problem, shape) for problem in [*found, *layer.problems]]
    return Combined(merged, tuple(made), tuple(problems))


def _lost(layer: Layer, path: Path) -> Path | None:
    return next((lost for lost in layer.lost if path[: len(lost)] == lost), None)


def _remove(data: Any, path: Path) -> None:
    """Take an element out, and what held nothing else."""
    first, *rest = path
    if rest:
        _remove(data[first], tuple(rest))
    if not rest or not data[first]:
        del data[first]


def placed_in(layer: Layer, problem: Problem, shape: Shape) -> Problem:
    """The problem as the layer wrote it: its file, its line, its name for the setting."""
    path = layer.as_written(tuple(problem.path))
    related = tuple(each if each.file else placed_in(layer, each, shape) for each in problem.related)
    told = problem._replace(path=path, related=related)
    if told.file:
        return told
    file, line, column = layer.where_written(path)
    if layer.document is not None and not layer.origins:
        return place_problem(told, layer.document, shape)
    return told._replace(file=file, line=line, column=column)


@frozen
class _Overlay:
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
        made = dict(below)
        for key, value in above.items():
            made[key] = self.put(below.get(key), value, shape.child(key), (*path, key))
        return made

    def elements(self, below: Any, above: Elements, shape: Shape, path: Path) -> Any:
        """The list below with these elements in it; what leaves a gap is a problem."""
        made = list(below) if isinstance(below, list) else []
        for i, value in sorted(above.items()):
            old = made[i] if i < len(made) else None
            if i > len(made):
                message = f"would be element {i} of {len(made)}: they are numbered from 0, without a gap"
                self.problems.append(Problem((*path, i), message))
                self.refused.append((*path, i))
            else:
                made[i : i + 1] = [self.put(old, value, shape.child(i), (*path, i))]
        return made


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
