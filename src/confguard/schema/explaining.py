"""Layers put together: later ones win, problems are placed in the layer they come from, every value explained."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from attrs import field, frozen

from confguard.errors import Problem, SchemaError, ValidationError, place
from confguard.fields import FieldType
from confguard.paths import Path, path_to_json, show_path
from confguard.schema.guarded import shown_value
from confguard.schema.interface import NOTHING
from confguard.schema.layers import Layer, Source, as_layers
from confguard.schema.loading import merge_layers
from confguard.schema.schema import Schema, SchemaLike, by_place, place_problem, resolve_schema
from confguard.schema.secrets import Secrets
from confguard.schema.shape import Shape

__all__ = ["Explained", "Explanation", "Origin", "explain", "load_explained"]

T = TypeVar("T")


@frozen
class Origin:
    """Where a value stands: a source, and its place there."""

    source: str
    value: Any
    file: str | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return place(self.file, self.line, self.column).removesuffix(": ") or self.source

    def to_json(self) -> dict[str, object]:
        """The origin as JSON."""
        return {
            "source": self.source,
            "value": _plain(self.value),
            "file": self.file,
            "line": self.line,
            "column": self.column,
        }


@frozen
class Explained:
    """One value, where it comes from, and what it shadows (nearest first). A secret's values are `***`."""

    path: Path
    origin: Origin
    shadowed: tuple[Origin, ...] = ()

    def to_json(self) -> dict[str, object]:
        """The value as JSON."""
        return {
            "path": path_to_json(self.path),
            **self.origin.to_json(),
            "shadowed": [origin.to_json() for origin in self.shadowed],
        }

    def __str__(self) -> str:
        lines = [f"{show_path(self.path)} = {self.origin.value}", f"    from {self.origin}"]
        lines += [f"    over {origin.value} from {origin}" for origin in self.shadowed]
        return "\n".join(lines)


@frozen
class Explanation:
    """Where each value comes from."""

    values: tuple[Explained, ...]
    unused: tuple[str, ...] = field(default=())
    """Variables and files that look like settings and are none."""

    def __getitem__(self, dotted: str) -> Explained:
        """The value of a path as it is shown: `explanation["server.port"]`."""
        return next(each for each in self.values if show_path(each.path) == dotted)

    def to_json(self) -> dict[str, object]:
        """The explanation as JSON."""
        return {"values": [each.to_json() for each in self.values], "unused": list(self.unused)}

    def __str__(self) -> str:
        return "\n".join([*map(str, self.values), *(f"unused: {name}" for name in self.unused)])


def load_explained(model: type[T], sources: tuple[Source, ...]) -> T:
    """What `load` does, with every problem at its place and every warning."""
    schema = _schema(model)
    layers = as_layers(sources, schema.shape)
    data = _merged(layers)
    for layer in layers:
        for name in layer.unused:
            warnings.warn(f"{layer.name}: {name}", UserWarning, stacklevel=3)
    for notice in schema.notices(data):
        warnings.warn(str(_placed(notice, layers, schema.shape)), FutureWarning, stacklevel=3)
    try:
        loaded: T = schema.validate(data)
    except ValidationError as error:
        placed = [_placed(problem, layers, schema.shape) for problem in error.problems]
        raise ValidationError(sorted(placed, key=by_place)) from None
    return loaded


def explain(model: SchemaLike, *sources: Source) -> Explanation:
    """Where each value comes from, what it shadows, and which variables are not used. Validates nothing.

    >>> from attrs import frozen
    >>> @frozen
    ... class Server:
    ...     port: int = 80
    ...     host: str = "localhost"
    >>> print(explain(Server, {"port": 8080}, {"port": 8081}))
    port = 8081
        from given
        over 8080 from given
        over 80 from default
    host = localhost
        from default
    """
    schema = _schema(model)
    layers = [Layer("default", _defaults(schema.shape)), *as_layers(sources, schema.shape)]
    data = _merged(layers)
    secrets = Secrets(schema.shape, data, *(layer.data for layer in layers))
    values = tuple(_explained(path, layers, secrets) for path in _leaves(data, ()))
    return Explanation(values, tuple(name for layer in layers for name in layer.unused))


def _schema(model: SchemaLike) -> Schema[Any]:
    schema = resolve_schema(model)
    if schema is None:
        raise SchemaError("a schema is needed to load configuration")
    return schema


def _merged(layers: list[Layer]) -> Any:
    data: Any = {}
    for layer in layers:
        data = merge_layers(data, layer.data)
    return data


def _placed(problem: Problem, layers: list[Layer], shape: Shape) -> Problem:
    """The problem at its place in the last layer that holds its path, else in the last file."""
    for layer in reversed(layers):
        if layer.holds(problem.path) and (layer.document or layer.origins):
            file, _, _ = layer.where(problem.path)
            if file:
                return (
                    place_problem(problem, layer.document, shape)
                    if layer.document
                    else problem._replace(file=file)
                )
    for layer in reversed(layers):
        if layer.document and layer.document.path:
            return place_problem(problem, layer.document, shape)
    return problem


def _explained(path: Path, layers: list[Layer], secrets: Secrets) -> Explained:
    origins = [
        Origin(layer.name, shown_value(secrets.guarded(_at(layer.data, path), path)), *layer.where(path))
        for layer in reversed(layers)
        if layer.holds(path)
    ]
    return Explained(secrets.path(path), origins[0], tuple(origins[1:]))


def _at(data: Any, path: Path) -> Any:
    for step in path:
        data = data[step]
    return data


def _leaves(data: Any, path: Path) -> Iterator[Path]:
    if isinstance(data, Mapping) and data:
        for key, value in data.items():
            yield from _leaves(value, (*path, key))
    elif path:
        yield path


def _defaults(shape: Shape) -> dict[str, Any]:
    made = {}
    for key, child in shape.fields.items():
        if child.kind == "map" and child.fields:
            made[key] = _defaults(child)
        elif child.default is not NOTHING and key not in shape.renamed:
            made[key] = child.default() if callable(child.default) else child.default
    return made


def _plain(value: Any) -> Any:
    if isinstance(value, FieldType):
        return str(value)
    return value if isinstance(value, str | int | float | bool | list | dict) or value is None else str(value)
