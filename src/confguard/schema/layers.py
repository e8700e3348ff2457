"""Where settings come from: files, mappings, the environment, folders of secrets. Each becomes a layer."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any, Protocol, TypeAlias

from attrs import field, frozen

from confguard.documents.document import Document, read
from confguard.documents.reading import load_bytes
from confguard.errors import DocumentError, did_you_mean
from confguard.paths import Path, follow
from confguard.schema.shape import Shape

__all__ = ["Env", "Layer", "Profile", "SecretFiles", "Source", "as_layers"]

Where: TypeAlias = "tuple[str | None, int | None, int | None]"
_SECRET_BYTES = 1024 * 1024


@frozen
class Layer:
    """One source's settings, and where each stands."""

    name: str
    data: Any = field(repr=False)
    document: Document | None = None
    origins: Mapping[Path, str] = field(factory=dict)
    """For settings that stand in no document: a variable's or a file's name."""
    unused: tuple[str, ...] = ()
    """What looked like a setting of ours and is none, with a did-you-mean."""

    def holds(self, path: Path) -> bool:
        """Does this layer say anything about a path?"""
        return follow(self.data, path)[1]

    def where(self, path: Path) -> Where:
        """File, line and column of a path; the variable or secret file it came from."""
        if path in self.origins:
            return self.origins[path], None, None
        if self.document is None:
            return None, None, None
        found = self.document.locate(path)
        return self.document.path, found.line if found else None, found.column if found else None


class LayerSource(Protocol):
    """A source of settings other than a file or a mapping."""

    def layer(self, shape: Shape) -> Layer:
        """The settings it has for a schema of this shape."""
        ...


Source: TypeAlias = "str | os.PathLike[str] | Document | Mapping[str, Any] | LayerSource"
"""A file, a document, a mapping, `Env`, `Profile` or `SecretFiles`."""


def as_layers(sources: tuple[Source, ...], shape: Shape) -> list[Layer]:
    """The layers of sources, lowest first."""
    return [_layer(source, shape) for source in sources]


@frozen
class Env:
    """Environment variables that begin with a prefix: `APP_SERVER__PORT` is `server.port` for `Env("APP_")`.

    Letter case does not matter. Lists and tables are written as JSON. With `file`, the variables are those of a
    `.env` file. `environ` stands for the process's environment in tests.

    >>> from confguard.schema.schema import resolve_schema
    >>> from attrs import frozen
    >>> @frozen
    ... class App:
    ...     port: int = 80
    >>> Env("APP_", environ={"APP_PORT": "8080"}).layer(resolve_schema(App).shape).data
    {'port': '8080'}
    """

    prefix: str
    file: str | os.PathLike[str] | None = None
    environ: Mapping[str, str] | None = None

    def layer(self, shape: Shape) -> Layer:
        """The variables that are settings; others with the prefix are `unused`."""
        document = read(self.file, "env") if self.file else None
        variables = document.data if document else (os.environ if self.environ is None else self.environ)
        named = {
            name: text for name, text in variables.items() if name.upper().startswith(self.prefix.upper())
        }
        data: dict[str, Any] = {}
        origins: dict[Path, str] = {}
        unused = []
        for name, text in sorted(named.items()):
            path = _matched(name[len(self.prefix) :].split("__"), shape)
            if path is None:
                unused.append(f"{name} is no setting{did_you_mean(name.upper(), self._names(shape))}")
                continue
            _put(data, path, _value(text, shape.at(path)))
            line = document.locate((name,)) if document else None
            origins[path] = f"{document.path}:{line.line}" if document and line else f"${name}"
        about = str(self.file) if self.file else f"environment {self.prefix}*"
        return Layer(about, data, origins=origins, unused=tuple(unused))

    def _names(self, shape: Shape) -> list[str]:
        return [self.prefix.upper() + "__".join(path).upper() for path in _leaves(shape, ())]


@frozen
class SecretFiles:
    """A folder with a file for each value, as Docker and Kubernetes mount secrets: `db__password` is `db.password`.

    Hidden files are left out; a file that a link leads to outside of the folder is refused. One newline at the end
    is not part of the value.
    """

    folder: str | os.PathLike[str]

    def layer(self, shape: Shape) -> Layer:
        """The files that are settings."""
        root = FilePath(self.folder)
        try:
            names = sorted(entry.name for entry in root.iterdir() if not entry.name.startswith("."))
        except OSError as error:
            raise DocumentError(f"cannot be read: {error.strerror}", path=str(root)) from error
        data: dict[str, Any] = {}
        origins: dict[Path, str] = {}
        unused = []
        for name in names:
            path = _matched(name.split("__"), shape)
            if path is None:
                known = ["__".join(each) for each in _leaves(shape, ())]
                unused.append(f"{root / name} is no setting{did_you_mean(name, known)}")
                continue
            _put(data, path, _value(_secret_text(root, name), shape.at(path)))
            origins[path] = str(root / name)
        return Layer(f"secrets in {root}", data, origins=origins, unused=tuple(unused))


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
    if isinstance(source, Mapping):
        return Layer("given", dict(source))
    if isinstance(source, Document):
        return Layer(source.path or "document", source.single.data, source)
    if isinstance(source, str | os.PathLike):
        document = read(source).single
        return Layer(os.fspath(source), document.data, document)
    return source.layer(shape)


def _matched(names: list[str], shape: Shape) -> Path | None:
    """The path that names stand for, letter case aside; None where the schema has none."""
    path: Path = ()
    for name in names:
        known = {key.lower(): key for key in shape.fields}
        if name.lower() in known:
            key = known[name.lower()]
        elif name and shape.kind in {"map", "any"} and not shape.closed:
            key = name.lower()
        else:
            return None
        path, shape = (*path, key), shape.child(key)
    return path


def _leaves(shape: Shape, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for key, child in shape.fields.items():
        if child.kind == "map" and child.fields:
            yield from _leaves(child, (*path, key))
        else:
            yield (*path, key)


def _value(text: str, shape: Shape) -> Any:
    """A text as the value it is written for: JSON where a list or a table is wanted."""
    if shape.kind in {"list", "map"} and text.lstrip()[:1] in {"[", "{"}:
        try:
            return json.loads(text)
        except ValueError:
            return text  # validation says what was expected
    return text


def _put(data: Any, path: Path, value: Any) -> None:
    for step in path[:-1]:
        data = data.setdefault(step, {})
    data[path[-1]] = value


def _secret_text(root: FilePath, name: str) -> str:
    file = root / name
    if not file.resolve().is_relative_to(root.resolve()):
        raise DocumentError("leads outside of its folder", path=str(file))
    try:
        return load_bytes(str(file), _SECRET_BYTES).decode("utf-8").removesuffix("\n")
    except UnicodeDecodeError as error:
        raise DocumentError("is not UTF-8", path=str(file)) from error
