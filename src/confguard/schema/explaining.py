"""Layers put together: later ones win, problems are placed in the layer they come from, every value explained."""

from __future__ import annotations

import enum
import json
import warnings
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from attrs import evolve, field, frozen

from confguard.errors import Problem, SchemaError, ValidationError, did_you_mean, place
from confguard.fields import FieldType
from confguard.paths import Path, path_to_json, show_path, value_at
from confguard.schema.combining import Combined, combine, placed_in
from confguard.schema.guarded import shown_value
from confguard.schema.instances import as_data, completed, meaning, with_defaults, with_keys_of
from confguard.schema.interface import Failed
from confguard.schema.problems import by_place
from confguard.schema.schema import Schema, SchemaLike, resolve_schema
from confguard.schema.secrets import Secrets
from confguard.schema.shape import COMPUTED, NOTHING
from confguard.schema.sources import Layer, Source, as_layers
from confguard.secrets import HIDDEN
from confguard.units import show_duration
from confguard.values import Elements, same

T = TypeVar("T")


@frozen
class Origin:
    """Where a value stands: a source, and its place there. `computed` is what the class made of what stands there."""

    source: str
    value: Any
    file: str | None = None
    line: int | None = None
    column: int | None = None
    text: str | None = None
    """How the file writes the value, where that is another text than the value's own: `0o755`."""
    parts: tuple[Origin, ...] = ()
    """Where other parts of the value stand: elements that are written one by one."""

    def __str__(self) -> str:
        if self.source == "computed":
            return self.source
        own = place(self.file, self.line, self.column).removesuffix(": ") or self.source
        return " and ".join(dict.fromkeys([own, *map(str, self.parts)]))

    def to_json(self) -> dict[str, object]:
        """The origin as JSON."""
        return {
            "source": self.source,
            "value": _as_json_data(self.value),
            "file": self.file,
            "line": self.line,
            "column": self.column,
            **({"text": self.text} if self.text is not None else {}),
            **({"parts": [each.to_json() for each in self.parts]} if self.parts else {}),
        }


@frozen
class Erased:
    """What took away the table that a value stood in: `on = None`."""

    path: Path
    origin: Origin

    def to_json(self) -> dict[str, object]:
        """The same as JSON."""
        return {"path": path_to_json(self.path), **self.origin.to_json()}

    def __str__(self) -> str:
        return f"{show_path(self.path)} = {_as_text(self.origin.value)} from {self.origin}"


@frozen
class Explained:
    """One value as `load` gives it, where it comes from, and what it shadows (nearest first). A secret is `***`."""

    path: Path
    value: Any
    origin: Origin
    shadowed: tuple[Origin, ...] = ()
    erased: tuple[Erased, ...] = ()
    """What keeps some of `shadowed` from counting, though nothing above says anything of the value itself."""

    def to_json(self) -> dict[str, object]:
        """The value as JSON, and how it is written where that differs."""
        value, written = _as_json_data(self.value), _as_json_data(self.origin.value)
        return {
            "path": path_to_json(self.path),
            **self.origin.to_json(),
            "value": value,
            **({"written": written} if written != value else {}),
            "shadowed": [origin.to_json() for origin in self.shadowed],
            **({"erased": [each.to_json() for each in self.erased]} if self.erased else {}),
        }

    def __str__(self) -> str:
        written = (
            f", written {self.origin.text}" if self.origin.text and self.origin.source != "computed" else ""
        )
        lines = [f"{show_path(self.path)} = {_as_text(self.value)}", f"    from {self.origin}{written}"]
        lines += [f"    erased by {each}" for each in self.erased]
        lines += [
            f"    over {origin.text or _as_text(origin.value)} from {origin}" for origin in self.shadowed
        ]
        return "\n".join(lines)


@frozen
class Explanation:
    """Where each value comes from."""

    values: tuple[Explained, ...]
    unused: tuple[str, ...] = field(default=())
    """Variables and files that look like settings and are none."""
    problems: tuple[Problem, ...] = field(default=())
    """Why `load` refuses all this; the values are then as they are written."""

    def __getitem__(self, dotted: str) -> Explained:
        """The value of a path as it is shown: `explanation["server.port"]`. Raises `KeyError` with a did-you-mean."""
        by_name = {show_path(each.path): each for each in self.values}
        if dotted not in by_name:
            raise KeyError(f"no setting {dotted!r}{did_you_mean(str(dotted), by_name)}")
        return by_name[dotted]

    def to_json(self) -> dict[str, object]:
        """The explanation as JSON."""
        members = {"values": [each.to_json() for each in self.values], "unused": list(self.unused)}
        return members | ({"problems": [each.to_json() for each in self.problems]} if self.problems else {})

    def __str__(self) -> str:
        unused = (f"unused: {name}" for name in self.unused)
        return "\n".join([*map(str, self.values), *unused, *(f"problem: {each}" for each in self.problems)])


def load_explained(model: type[T], sources: tuple[Source, ...], failed: Failed | None = None) -> T:
    """What `load` does, with every problem at its place and every warning; it may have `failed` before."""
    loading = _Loading.of(model, sources, failed)
    for layer in loading.written:
        for name in layer.unused:
            warnings.warn(f"{layer.name}: {name}", UserWarning, stacklevel=3)
        for notice in loading.schema.notices(layer.data):
            located = placed_in(layer, notice, loading.schema.shape)
            warnings.warn(str(located), FutureWarning, stacklevel=3)
    if loading.problems:
        raise ValidationError(loading.problems)
    loaded: T = loading.settings
    return loaded


def explain(model: SchemaLike, *sources: Source) -> Explanation:
    """What `load` gives for each setting, where it comes from, what it shadows, and which variables are not used.

    The values are those of the instance that `load` makes. Where it would make none, they are as they are written, and
    `problems` says why.

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
    loading = _Loading.of(model, sources)
    shape = loading.schema.shape
    written = bool(loading.problems)
    data = with_defaults(loading.combined.data, shape) if written else as_data(loading.settings, shape)
    data = with_keys_of(data, loading.combined.data)
    secrets = Secrets(
        shape, data, *(layer.data for layer in loading.written if isinstance(layer.data, Mapping))
    )
    explainer = _Explainer(loading.combined, secrets, not written)
    values = tuple(explainer.explained(*each) for each in _leaf_values(data, ()))
    unused = tuple(name for layer in loading.written for name in layer.unused)
    return Explanation(values, unused, loading.problems)


@frozen
class _Loading:
    """Everything that came of some sources: both what is loaded and what is explained."""

    schema: Schema[Any]
    written: list[Layer]
    combined: Combined
    problems: tuple[Problem, ...]
    settings: Any = field(default=None, repr=False)

    @classmethod
    def of(cls, model: SchemaLike, sources: tuple[Source, ...], failed: Failed | None = None) -> _Loading:
        schema = resolve_schema(model)
        if schema is None:
            raise SchemaError("a schema is needed to load configuration")
        written = as_layers(sources, schema.shape)
        combined = combine(written, schema.shape)
        settings, problems = None, list(combined.problems)
        try:
            settings = schema.instance(combined.data, combined.untyped, failed)
        except ValidationError as error:
            failed_paths = [tuple(problem.path) for problem in problems]
            failed_paths += [
                path[:-1] for path in failed_paths if path and isinstance(path[-1], int)
            ]  # a list with a gap
            placed = [combined.placed(problem, schema.shape) for problem in error.problems]
            problems += [each for each in placed if not _about_one_of(tuple(each.path), failed_paths)]
        clean = sorted(map(combined.without_secrets, problems), key=by_place)
        return cls(schema, written, combined, tuple(clean), settings)


def _about_one_of(path: Path, others: list[Path]) -> bool:
    """Is a setting, or what is around it or in it, among others?"""
    return any(path and (other[: len(path)] == path or path[: len(other)] == other) for other in others)


@frozen
class _Explainer:
    """Says of values where they come from."""

    combined: Combined
    secrets: Secrets
    loaded: bool
    """Are they those of an instance, or such as `load` would refuse?"""

    def explained(self, path: Path, value: Any) -> Explained:
        """A value, where it comes from, and what it shadows."""
        place, saying = self.secrets.shape.at(path), list(self.combined.saying(path))
        counting = [layer for layer, counts in saying if counts]
        rest = [self.origin(layer, path) for layer, counts in saying if not counts]
        cut = self.combined.erased(path) if rest else ()
        erased = tuple(Erased(self.secrets.path(at), self.origin(layer, at)) for layer, at in cut)
        default = self.combined.default(path, self.secrets.shape)
        hidden = any(layer.secret for layer in counting[: self.partial(counting, path) + 1])
        shown, where = HIDDEN if hidden else self.shown(value, path), self.secrets.path(path)
        has_default = default is not NOTHING and default is not COMPUTED
        before = value_at(self.combined.data, path) if counting else default
        written = completed(before, value, place) if counting else before
        comparable = self.loaded and bool(counting or has_default)
        computed = comparable and not same(meaning(written, place), meaning(value, place))
        if not counting:
            origin = Origin("computed" if computed else "default", shown)
            return Explained(where, shown, origin, tuple(rest), erased)
        origins = [each for layer in counting for each in self.origins(layer, path)]
        if has_default:
            rest.append(Origin("default", self.shown(default, path)))
        if computed:
            return Explained(where, shown, evolve(origins[0], source="computed"), (*origins, *rest), erased)
        first = evolve(origins[0], parts=(*origins[0].parts, *self.around(counting, path)))
        return Explained(where, shown, first, (*origins[1:], *rest), erased)

    def around(self, counting: list[Layer], path: Path) -> list[Origin]:
        """Where the list stands that a layer has only some elements of."""
        return [self.origin(layer, path) for layer in counting[1 : self.partial(counting, path) + 1]]

    def partial(self, counting: list[Layer], path: Path) -> int:
        """How many layers, from the highest down, have only some elements of the list at a path."""
        partial = 0
        while partial < len(counting) - 1 and isinstance(value_at(counting[partial].data, path), Elements):
            partial += 1
        return partial

    def origins(self, layer: Layer, path: Path) -> list[Origin]:
        """Where a layer has a value, and what it says besides, as the text of a table does of one of its fields."""
        beneath = layer.beneath.get(layer.as_written(path))
        if beneath is None:
            return [self.origin(layer, path)]
        value = HIDDEN if layer.secret else self.shown(beneath[0], path)
        return [self.origin(layer, path), Origin(layer.name, value, beneath[1])]

    def origin(self, layer: Layer, path: Path) -> Origin:
        """Where a layer has a value, and those of its elements that are written one by one."""
        written = layer.value(path)
        value = HIDDEN if layer.secret else self.shown(written, path)
        text = layer.text(path) if value is written else None
        own = Origin(layer.name, value, *layer.where(path), text=text)
        parts = (
            Origin(
                layer.name, HIDDEN if layer.secret else self.shown(value_at(layer.data, inner), inner), source
            )
            for inner, source in layer.parts(path)
            if source != own.file
        )
        return evolve(own, parts=tuple(parts))

    def shown(self, value: Any, path: Path) -> Any:
        """A value without the secrets in it."""
        return shown_value(self.secrets.guarded(value, path))


def _leaf_values(data: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(data, Mapping) and data:
        for key, value in data.items():
            yield from _leaf_values(value, (*path, key))
    elif path:
        yield path, data


def _as_text(value: Any) -> str:
    """A value on one line: what is no text as JSON writes it, which is nearest to how files do."""
    data = _as_json_data(value)
    return data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)


def _as_json_data(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_as_json_data(inner) for inner in value]
    if isinstance(value, Mapping):
        return {str(key): _as_json_data(inner) for key, inner in value.items()}
    if isinstance(value, FieldType):
        return str(value)
    if isinstance(value, enum.Enum):
        return _as_json_data(value.value)
    if isinstance(value, timedelta):
        return show_duration(value)
    return value if isinstance(value, str | int | float) or value is None else str(value)
