"""Layers put together: names are made one, then later layers win, and each value still knows where it was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import evolve, field, frozen

from confguard.errors import Problem, place
from confguard.paths import Path, follow, value_at
from confguard.schema.bounds import listed
from confguard.schema.guarded import guarded, secret_texts, without
from confguard.schema.instances import default_data
from confguard.schema.layering import Overlay, named
from confguard.schema.problems import named_twice, place_problem
from confguard.schema.shape import ANYTHING, COMPUTED, NOTHING, Shape
from confguard.schema.sources import Layer
from confguard.schema.standing import State


@frozen
class Combined:
    """What all layers say together."""

    data: Any = field(repr=False)
    layers: tuple[Layer, ...]
    """The layers, lowest first, under the names that the schema has."""
    problems: tuple[Problem, ...] = ()
    """What is wrong with a layer by itself, placed."""

    def saying(self, path: Path) -> Iterator[tuple[Layer, bool]]:
        """The layers that hold a path, the highest first, and whether it counts: nothing above cut it off."""
        cut = False
        for layer in reversed(self.layers):
            if follow(layer.data, path)[1]:
                yield layer, not cut
            cut = cut or _cut_at(layer, path) is not None

    def erased(self, path: Path) -> Iterator[tuple[Layer, Path]]:
        """The layers that took away what lower ones say of a path, the highest first, and at which place around it."""
        for layer in reversed(self.layers):
            if (place := _cut_at(layer, path)) is not None:
                yield layer, place

    def without_secrets(self, problem: Problem) -> Problem:
        """The problem without what layers hold that keep nothing but secrets."""
        held = [guarded(each.data, None, State.SECRET, ANYTHING) for each in self.layers if each.secret]
        return problem._replace(message=without(problem.message, secret_texts(held)))

    def untyped(self, path: Path) -> bool:
        """Does what stands at a path come from a layer whose values are all texts?"""
        return any(layer.texts_only for layer, counts in self.saying(path) if counts)

    def default(self, path: Path, shape: Shape) -> Any:
        """The default of a setting where no layer says anything of it; `COMPUTED` where that cannot be told."""
        for length, step in enumerate(path):
            shape = shape.of(value_at(self.data, path[:length])).child(step)
            covered = any(counts for _, counts in self.saying(path[: length + 1]))
            last = length == len(path) - 1
            if not last and not covered and shape.default is not NOTHING:
                data = default_data(shape)
                if not isinstance(data, dict):
                    return COMPUTED
                below = path[length + 1 :]
                return value_at(data, below) if follow(data, below)[1] else NOTHING
        return default_data(shape)

    def placed(self, problem: Problem, shape: Shape) -> Problem:
        """The problem where its setting is written, else where what is around it is, else in the last file."""
        path = tuple(problem.path)
        related = tuple(self.placed(each, shape) for each in problem.related)
        problem = problem._replace(related=related)
        for length in range(len(path), 0, -1):
            layer = next((layer for layer, counts in self.saying(path[:length]) if counts), None)
            located = placed_in(layer, problem, shape) if layer is not None else problem
            if located.file or (layer is not None and length == len(path)):
                return located
        for layer in reversed(self.layers):
            if layer.document and layer.document.path:
                return placed_in(layer, problem, shape)
        return problem


def combine(layers: list[Layer], shape: Shape) -> Combined:
    """All layers as one; later ones win."""
    merged: Any = {}
    layers_read: list[Layer] = []
    problems: list[Problem] = []
    for layer in layers:
        renamed = named(layer.data, shape, merged, caseless=layer.caseless)
        all_problems = [
            named_twice(first, second, place(*layer.where_written(first)).removesuffix(": "))
            for first, second in renamed.twice
        ]
        all_problems += [
            Problem(path, f"may be {listed(map(repr, keys))}, which stand below")
            for path, keys in renamed.unclear
        ]
        table = isinstance(renamed.data, Mapping) or shape.kind != "map"
        if not table:
            all_problems.append(Problem((), "expected a table of settings"))
        data = renamed.data if table else {}
        overlay = Overlay(all_problems)
        merged = overlay.put(merged, data, shape)
        for path in overlay.refused:
            _remove(data, path)
        lost = tuple(overlay.lost)
        layers_read.append(evolve(layer, data=data, written=renamed.written, together=merged, lost=lost))
        problems += [
            placed_in(layers_read[-1], problem, shape) for problem in [*all_problems, *layer.problems]
        ]
    return Combined(merged, tuple(layers_read), tuple(problems))


def _cut_at(layer: Layer, path: Path) -> Path | None:
    """At which place around a path a layer takes away what lower ones say of it; None where it does not."""
    walked, whole = follow(layer.data, path)
    if not whole and not isinstance(value_at(layer.data, walked), Mapping):
        return walked
    return next((lost[:-1] for lost in layer.lost if path[: len(lost)] == lost), None)


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
    located = problem._replace(path=path, related=related)
    if located.file:
        return located
    file, line, column = layer.where_written(path)
    if layer.document is not None and not layer.origins:
        return place_problem(located, layer.document, shape)
    return located._replace(file=file, line=line, column=column)
