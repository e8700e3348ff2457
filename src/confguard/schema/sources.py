"""Where settings come from: files, documents, mappings, instances, and what knows how to make a layer of itself."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import date, time
from pathlib import Path as FilePath
from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

from attrs import field, frozen

from confguard.documents.document import Document, read
from confguard.errors import DocumentError, Problem
from confguard.paths import Path, follow, value_at
from confguard.schema.conversion import has_fields
from confguard.schema.instances import as_data, document_data, is_instance
from confguard.schema.layering import as_written
from confguard.schema.schema import Schema, SchemaLike, resolve_schema
from confguard.schema.shape import ANYTHING, Shape
from confguard.values import Elements, Files, as_tables

_TOKEN = re.compile(r"[+-]?[.\d][\w.:+-]*(?:[ ]\d\d:[\w.:+-]+)?")

Where: TypeAlias = "tuple[str | None, int | None, int | None]"


@frozen
class Layer:
    """One source's settings, and where each stands."""

    name: str
    data: Any = field(repr=False)
    document: Document | None = None
    origins: Mapping[Path, str] = field(factory=dict)
    """For settings that stand in no document of their own: a variable's or a file's name."""
    beneath: Mapping[Path, tuple[Any, str]] = field(factory=dict)
    """What the text of a table says of settings in it that have a variable or file of their own, and its name."""
    unused: tuple[str, ...] = ()
    """What looked like a setting of ours and is none, with a did-you-mean."""
    caseless: bool = False
    """Does letter case mean nothing in its names?"""
    secret: bool = False
    """Is all that it says secret, whatever the schema marks?"""
    problems: tuple[Problem, ...] = ()
    """What cannot be read as what it is to be."""
    written: Mapping[Path, Path] = field(factory=dict)
    """The places of settings that are written under another name than the schema has for them."""
    together: Any = field(default=None, repr=False)
    """What it and all layers below it say."""
    lost: tuple[Path, ...] = ()
    """What lower layers say and does not count any more, as this one means another member of a union."""

    @property
    def texts_only(self) -> bool:
        """Are all its values texts, as its source has no others: variables, files of secrets, `.env`, INI?"""
        return bool(self.origins) or (self.document is not None and self.document.texts_only)

    def as_written(self, path: Path) -> Path:
        """A path as this layer writes it."""
        return as_written(path, self.written)

    def where(self, path: Path) -> Where:
        """File, line and column of a setting; the variable or secret file it came from."""
        return self.where_written(self.as_written(path))

    def text(self, path: Path) -> str | None:
        """How a file writes a number or a date, where the value reads otherwise: `0o755`, `1e3`, `...T12:00:00Z`."""
        written = self.as_written(path)
        texts = (
            self.document.locate_value(written) if self.document is not None and not self.origins else None
        )
        value = value_at(self.data, path)
        if self.document is None or texts is None or not isinstance(value, int | float | date | time):
            return None
        token = _TOKEN.match(self.document.lines[texts.line - 1], texts.column - 1)
        same = token is None or isinstance(value, bool) or token[0] == str(value)
        return token[0] if token and not same else None

    def value(self, path: Path) -> Any:
        """What it says of a setting; of single elements of a list, the list that they make with what is below."""
        value = value_at(self.data, path)
        return value_at(self.together, path) if isinstance(value, Elements) else value

    def parts(self, path: Path) -> list[tuple[Path, str]]:
        """What stands in a setting under a name of its own, such as `$APP_NS__1` in `$APP_NS`."""
        known = self.as_written(path)
        return [
            ((*path, *inner[len(known) :]), source)
            for inner, source in self.origins.items()
            if len(inner) > len(known)
            and inner[: len(known)] == known
            and follow(self.data, (*path, *inner[len(known) :]))[1]
        ]

    def where_written(self, path: Path) -> Where:
        """The same for a path as this layer writes it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.origins:
                return self.origins[path[:length]], None, None
        below = [source for known, source in self.origins.items() if path and known[: len(path)] == path]
        if self.document is None:
            return (below[0] if below else None), None, None
        position = self.document.locate(path)
        return (
            self.document.part_at(path)[0].path,
            position.line if position else None,
            position.column if position else None,
        )


Source: TypeAlias = "str | os.PathLike[str] | Document | Mapping[Any, Any] | list[Any] | LayerSource | object"
"""A path, a `Document`, a mapping or list, an instance of a model, attrs class or dataclass; for loading, also `Env`,
`Profile` and `SecretFiles`."""


@runtime_checkable
class LayerSource(Protocol):
    """A source of settings other than a file or a mapping."""

    def layer(self, shape: Shape) -> Layer:
        """The settings it has for a schema of this shape."""
        ...


def as_layers(sources: tuple[Source, ...], shape: Shape) -> list[Layer]:
    """The layers of sources, lowest first."""
    return [_layer(each, shape) for source in sources for each in _parts(source)]


def _parts(source: Source) -> list[Source]:
    """The layers that a source is."""
    if isinstance(source, Document) and isinstance(source.data, Files):
        raise DocumentError(
            "each of these files says something of its own", hint="name the one that is meant"
        )
    return [part for _, part in source.parts] if isinstance(source, Document) else [source]


@frozen
class Profile:
    """The file beside another that a profile has settings in: `app.production.toml` for `app.toml`.

    A profile that has none is no error, unless `required`.
    """

    file: str | os.PathLike[str]
    profile: str
    required: bool = False

    @property
    def path(self) -> FilePath:
        """The profile's file."""
        base = FilePath(self.file)
        return base.with_name(f"{base.stem}.{self.profile}{base.suffix}")

    def layer(self, shape: Shape) -> Layer:
        """The profile's settings."""
        if not self.required and not self.path.exists():
            return Layer(f"profile {self.profile}", {})
        return _layer(self.path, shape)


def _layer(source: Source, shape: Shape) -> Layer:
    if isinstance(source, Mapping) or is_instance(source, shape):
        return Layer("given", _given(source, shape))
    if isinstance(source, Document):
        return Layer(source.path or "document", source.single.data, source)
    if isinstance(source, str | os.PathLike):
        document = read(source).single
        return Layer(os.fspath(source), document.data, document)
    if isinstance(source, LayerSource):
        return source.layer(shape)
    several = "; several are given one by one: cg.load(Model, *sources)"
    raise TypeError(
        f"{type(source).__name__} is not a source: a path, a Document, a mapping, an instance of the schema, Env,"
        f" Profile or SecretFiles is{several if isinstance(source, list | tuple) else ''}"
    )


def _given(value: Any, shape: Shape) -> Any:
    """What a program gives, with mappings as plain tables, and instances of the schema's classes as data."""
    if shape.attributes or shape.variants:
        value = as_data(value, shape) if not isinstance(value, Mapping) else value
    if isinstance(value, Mapping):
        return {key: _given(inner, shape.child(key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [_given(inner, shape.child(i)) for i, inner in enumerate(value)]
    return value


class SourceData(NamedTuple):
    """The data of a source, and its document where it has one."""

    data: Any
    document: Document | None = None


def read_source(source: Source, shape: Shape = ANYTHING, *, format: str | None = None) -> SourceData:
    """The data of a source. Raises `DocumentError` for what cannot be read, and `TypeError` for what is not a source.

    >>> read_source({"size": 64}).data
    {'size': 64}
    >>> read_source(64)
    Traceback (most recent call last):
        ...
    TypeError: int is not a source: a path, a Document, a mapping or list, or an instance of a schema's class is
    """
    if isinstance(source, Document):
        return SourceData(source.data, source)
    if isinstance(source, str | os.PathLike):
        document = read(source, format)
        return SourceData(document.data, document)
    if isinstance(source, Mapping | list):
        return SourceData(source if isinstance(source, dict | list) else as_tables(source))
    if is_instance(source, shape):
        return SourceData(document_data(source, shape))
    if schema := _of_instance(source):
        return SourceData(document_data(source, schema.shape))
    raise refused(source)


def schema_among(schema: SchemaLike, *sources: object) -> Schema[Any] | None:
    """The schema that is named; else that of the first source that is an instance of one, whose marks it carries."""
    return resolve_schema(schema) or next(filter(None, map(_of_instance, sources)), None)


def _of_instance(source: object) -> Schema[Any] | None:
    kind = type(source)
    is_one = not isinstance(source, type) and has_fields(kind) and not _is_ours(kind)
    return resolve_schema(kind) if is_one else None


def _is_ours(kind: type) -> bool:
    """Is it one of confguard's own values, such as a `Revision`, which no settings are?"""
    return kind.__module__.startswith("confguard.") and not kind.__module__.startswith("confguard.demo.")


def refused(source: object) -> TypeError:
    """The error for what is not a source."""
    name = source.__name__ if isinstance(source, type) else type(source).__name__
    what = f"the class {name}" if isinstance(source, type) else name
    return TypeError(
        f"{what} is not a source: a path, a Document, a mapping or list, or an instance of a schema's class is"
    )
