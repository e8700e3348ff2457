"""Settings as single texts: variables of the environment, and files in a folder of secrets. The name tells the path."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from attrs import evolve, field, frozen

from confguard.documents.document import parse, read
from confguard.documents.reading import load_bytes
from confguard.errors import DocumentError, Problem, did_you_mean
from confguard.paths import Path, follow, value_at
from confguard.schema.conversion import options_of
from confguard.schema.guarded import is_secret_key
from confguard.schema.layering import plainly, spelt_alike
from confguard.schema.secrets import is_secret
from confguard.schema.shape import Shape
from confguard.schema.sources import Layer
from confguard.secrets import HIDDEN
from confguard.values import Elements, check_type, same

_SECRET_BYTES = 1024 * 1024
_MOST_ELEMENTS = 1000


@frozen
class Env:
    """Environment variables that begin with a prefix: `APP_SERVER__PORT` is `server.port` for `Env("APP_")`.

    Letter case does not matter, and `_` stands for `-` and `.`, too. Lists and tables are written as JSON, or one by
    one: `APP_SERVERS__0__PORT`. For a setting that may be nothing, an empty variable and `null` are nothing. With
    `file`, the variables are those of a `.env` file. `environ` stands for the process's environment in tests.

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
    environ: Mapping[str, str] | None = field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        check_type(self.prefix, str, "prefix of variables")
        check_type(self.environ, Mapping | None, "mapping of variables")

    def layer(self, shape: Shape) -> Layer:
        """The variables that are settings; others with the prefix are `unused`."""
        document = read(self.file, "env") if self.file else None
        variables = document.data if document else (os.environ if self.environ is None else self.environ)
        texts = _Texts(shape)
        unused = []
        known = [self.prefix.upper() + "__".join(path).upper() for path in _leaf_paths(shape, ())]
        for name, text in variables.items():
            if not name.upper().startswith(self.prefix.upper()):
                continue
            line = document.locate((name,)) if document else None
            source = f"{document.path}:{line.line}" if document and line else f"${name}"
            variable = texts.add(name[len(self.prefix) :], "" if text is None else str(text), source)
            if not variable and self.prefix:  # without a prefix, most variables are others'
                unused.append(f"{name} is not a setting{did_you_mean(name.upper(), known)}")
        about = str(self.file) if self.file else f"environment {self.prefix}*"
        return texts.layer(about, sorted(unused))


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
        texts = _Texts(shape)
        unused = []
        known = ["__".join(path) for path in _leaf_paths(shape, ())]
        for name in names:
            if _matched(name, shape) is None:
                unused.append(f"{root / name} is not a setting{did_you_mean(name, known)}")
            else:
                texts.add(name, _secret_text(root, name), str(root / name))
        return evolve(texts.layer(f"secrets in {root}", unused), secret=True)


@frozen
class _Texts:
    """Collects texts by the path that their name stands for, and makes a layer of them."""

    shape: Shape
    texts: dict[Path, tuple[str, str]] = field(factory=dict)
    """By their paths, each with its source."""
    problems: list[Problem] = field(factory=list)

    def add(self, name: str, text: str, source: str) -> bool:
        """Take a text, if its name stands for a setting."""
        path = _matched(name, self.shape)
        if path is None:
            return False
        if _has_secret_key(path, self.shape):
            source = source.replace(name, HIDDEN)
        known, first = self.texts.setdefault(path, (text, source))
        if known != text:
            self.problems.append(_two_things(path, first, source))
        return True

    def layer(self, about: str, unused: list[str]) -> Layer:
        """A layer of all texts: tables before what stands in them, so that a single setting wins over the table."""
        data: dict[Any, Any] = {}
        origins: dict[Path, str] = {}
        beneath: dict[Path, tuple[Any, str]] = {}
        for named in sorted(self.texts, key=lambda path: (len(path), str(path))):
            text, source = self.texts[named]
            try:
                value = _value(text, self.shape.at(named), named)
            except ValueError as error:
                self.problems.append(Problem(named, str(error), source))
                continue
            path = _settled(named, data, self.shape)
            if path in origins and not same(value_at(data, path), value):
                self.problems.append(_two_things(path, origins[path], source))
                continue
            around = next(
                (origins[path[:n]] for n in range(len(path) - 1, 0, -1) if path[:n] in origins), None
            )
            if around is not None and follow(data, path)[1]:
                beneath[path] = value_at(data, path), around
            if (single := _put(data, path, value)) is not None:
                message = f"is not a table, and {source} is a setting in it"
                self.problems.append(Problem(single, message, origins.get(single)))
                continue
            origins[path] = source
        problems = tuple(self.problems)
        return Layer(about, data, None, origins, beneath, tuple(unused), caseless=True, problems=problems)


def _two_things(path: Path, first: str, second: str) -> Problem:
    return Problem(path, f"{first} and {second} are the same setting, and say two things: keep one", second)


def _settled(path: Path, data: Any, shape: Shape) -> Path:
    """A path by the keys that are there already, as of a table whose text another variable holds."""
    settled: list[Any] = []
    for i, step in enumerate(path):
        shape = shape.of(data)
        if isinstance(data, dict) and not isinstance(data, Elements):
            step = _key_there(step, data, shape, last=i == len(path) - 1)  # noqa: PLW2901 - the same step
        settled.append(step)
        data, shape = value_at(data, (step,)) if follow(data, (step,))[1] else None, shape.child(step)
    return tuple(settled)


def _key_there(step: Any, table: dict[Any, Any], shape: Shape, *, last: bool) -> Any:
    if step in table:
        return step
    if step in shape.fields:
        own = shape.names.get((step,), (step,))
        others = (key for key in table if shape.names.get((key,), (key,)) == own)
        return step if last else next(others, step)
    alike = spelt_alike(str(step), (key for key in table if key not in shape.fields))
    return alike[0] if len(alike) == 1 else str(step)


def _put(data: Any, path: Path, value: Any) -> Path | None:
    """Put a value at a path; where that cannot be done, the place on the way that is not a table."""
    for i, step in enumerate(path):
        if isinstance(data, list) and isinstance(step, int) and step <= len(data):
            data += [None] if step == len(data) else []
        elif not isinstance(data, dict):
            return path[:i]
        if i == len(path) - 1:
            data[step] = value
        elif (data.get(step) if isinstance(data, dict) else data[step]) is None:
            data[step] = Elements() if isinstance(path[i + 1], int) else {}
        data = data[step]
    return None


def _matched(name: str, shape: Shape) -> Path | None:
    """The path that a name stands for; None where the schema has none."""
    words = name.split("__")
    known = _matching(words, shape, free=False)
    return known if known is not None else _matching(words, shape, free=True)


def _has_secret_key(path: Path, shape: Shape) -> bool:
    """Is one of the keys on the way a secret itself, so that a variable's name holds it?"""
    steps = ((shape.at(path[:n]), step) for n, step in enumerate(path))
    return any(isinstance(step, str) and is_secret_key(above, step, None) for above, step in steps)


def _matching(words: list[str], shape: Shape, *, free: bool) -> Path | None:
    """Two underscores part the steps of a path, and may stand in a key: the shortest key that leads on is meant.

    `free`: may a key be one that a table with fields does not name, and takes all the same?
    """
    for count in range(1, len(words) + 1):
        for key in _keys("__".join(words[:count]), shape, free=free or not shape.fields):
            rest = _matching(words[count:], shape.child(key), free=free) if count < len(words) else ()
            if rest is not None:
                return (key, *rest)
    return None


def _keys(word: str, shape: Shape, *, free: bool) -> Iterator[str | int]:
    """The keys that a word may stand for: as it is, letter case aside, with `_` for other characters."""
    if _is_number(word) and shape.kinds & {"list", "any"}:
        yield int(word)  # or a key, which is told by what stands below
    if word in shape.fields:
        yield word
    lower = word.lower()
    yield from (key for key in shape.fields if key != word and key.lower() == lower)
    yield from (key for key in shape.fields if key.lower() != lower and plainly(key) == plainly(word))
    if shape.keys is not None and (alike := spelt_alike(word, options_of(shape.keys.hint))):
        yield alike[0]
    if free and word and shape.kind in {"map", "any"} and not shape.closed and lower not in shape.fields:
        yield lower


def _is_number(word: str) -> bool:
    short = word.isascii() and word.isdigit() and len(word) < 9
    return short and str(int(word)) == word and int(word) < _MOST_ELEMENTS


def _leaf_paths(shape: Shape, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for key, child in shape.fields.items():
        if child.kind == "map" and child.fields:
            yield from _leaf_paths(child, (*path, key))
        else:
            yield (*path, key)


def _value(text: str, shape: Shape, path: Path) -> Any:
    """A text as the value it is written for: JSON where a list or a table is wanted. Raises `ValueError`."""
    if shape.optional and text.strip().lower() in {"", "null"}:
        return None
    kinds = shape.kinds
    if not kinds & {"list", "map"}:
        return text
    wanted = {"list": "a list", "map": "a table"}[shape.kind] if shape.kind in {"list", "map"} else "a value"
    may_be_text = bool(kinds & {"value", "any"})
    try:
        value = parse(text, "json").data
    except DocumentError as error:
        if may_be_text:
            return text
        raise ValueError(_no_json(text, wanted, error, hidden=_hidden(shape, path))) from None
    fits = (isinstance(value, list) and "list" in kinds) or (isinstance(value, dict) and "map" in kinds)
    if may_be_text:
        return value if fits else text
    if isinstance(value, list | dict):
        return value
    raise ValueError(f"expected {wanted} as JSON, such as {_EXAMPLES[wanted]}")


_EXAMPLES = {"a list": '["a", "b"]', "a table": '{"key": 1}', "a value": '["a", "b"]'}


def _no_json(text: str, wanted: str, error: DocumentError, *, hidden: bool) -> str:
    """What is wrong with a text that is not JSON: where it broke, and what stands there unless that is a secret."""
    if not text.strip():
        return f"is empty, and {wanted} as JSON was expected, such as {_EXAMPLES[wanted]}"
    line, column = error.line or 1, error.column or 1
    rest = text.splitlines()[line - 1][column - 1 :] if line <= len(text.splitlines()) else ""
    shown = f", at {rest[:20]!r}" if rest and not hidden else ", at its end" if not rest else ""
    where = f"line {line}, column {column}" if line > 1 else f"character {column}"
    return f"expected {wanted} as JSON, such as {_EXAMPLES[wanted]}: it breaks at {where}{shown}"


def _hidden(shape: Shape, path: Path) -> bool:
    """May a secret stand in what is written here?"""
    return (
        is_secret(path, shape)
        or any(_hidden(child, (*path, key)) for key, child in shape.fields.items())
        or (shape.rest is not None and _hidden(shape.rest, path))
    )


def _secret_text(root: FilePath, name: str) -> str:
    file = root / name
    if not file.resolve().is_relative_to(root.resolve()):
        raise DocumentError("leads outside of its folder", path=str(file))
    try:
        return load_bytes(str(file), _SECRET_BYTES).decode("utf-8").removesuffix("\n")
    except UnicodeDecodeError as error:
        raise DocumentError("is not UTF-8", path=str(file)) from error
