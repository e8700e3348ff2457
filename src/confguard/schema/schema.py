"""One schema: a class, the adapter that knows how it is written, and its shape."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Hashable, Iterator
from functools import cache, cached_property, partial
from importlib import import_module
from itertools import islice
from typing import Any, Generic, TypeAlias, TypeVar

import attrs
from attrs import define

from confguard.documents.bundle import Bundle
from confguard.documents.document import Document
from confguard.errors import Problem, SchemaError, ValidationError, did_you_mean
from confguard.paths import Path
from confguard.schema.interface import Failed, SchemaAdapter, Untyped
from confguard.schema.json_schema import JsonSchemaAdapter, read_json_schema
from confguard.schema.layering import Named, Overlay, named
from confguard.schema.problems import by_place, moved, named_twice, place_problem, without_secrets
from confguard.schema.secrets import Secrets
from confguard.schema.shape import Shape
from confguard.schema.validating import CLASSES, instance_of, name_of
from confguard.values import Documents, Files

T = TypeVar("T")

_ADAPTERS: tuple[SchemaAdapter, ...] = (*CLASSES, JsonSchemaAdapter())


def _typed(_: Path) -> bool:
    return False


def _below(name: Any, path: Path) -> Path:
    return (name, *path)


def _untyped_in(untyped: Untyped, name: Any, path: Path) -> bool:
    return untyped(_below(name, path))


@define(slots=False, frozen=True, eq=False)
class Schema(Generic[T]):
    """A schema class behind the one face that the rest of confguard sees."""

    model: type[T]
    adapter: SchemaAdapter

    @cached_property
    def shape(self) -> Shape:
        """What stands where."""
        return self.adapter.shape(self.model)

    @property
    def name(self) -> str:
        """How it is called in messages."""
        return name_of(self.model)

    def validate(self, data: Any, *, untyped: Untyped = _typed, failed: Failed | None = None) -> T:
        """An instance from a document's data. Raises `ValidationError` with every problem.

        Other names of settings are read as their own; `notices` tells of those that are deprecated. A schema says what
        one document may hold: of a file with several, or of several files, each is validated, and has an instance.
        `untyped` tells what is a text only because its format has no other values.
        """
        if isinstance(data, Documents | Files):
            return self._each(data, untyped)  # type: ignore[return-value]
        renamed = named(data, self.shape)
        problems = [named_twice(*places) for places in renamed.twice]
        try:
            settings = self.instance(renamed.data, untyped, failed)
        except ValidationError as error:
            problems += [moved(problem, renamed.as_written) for problem in error.problems]
        if problems:
            secrets = Secrets(self.shape, data)
            raise ValidationError(without_secrets(problem, secrets) for problem in problems)
        return settings

    def instance(self, data: Any, untyped: Untyped, failed: Failed | None = None) -> T:
        """An instance from data that has one name for each setting. Raises `ValidationError` with every problem.

        What has `failed` for the same data already is not tried again.
        """
        settings: T = instance_of(self.model, self.adapter, self.shape, data, untyped, failed)
        return settings

    def named(self, data: Any) -> Any:
        """The data with one name for each setting: the one that its field has now."""
        return named(data, self.shape).data

    def notices(self, data: Any) -> list[Problem]:
        """What is still read, and will not be for ever: keys that were renamed or are deprecated."""
        return list(_notices(data, self.shape_of(data)))

    def shape_of(self, data: Any) -> Shape:
        """What stands where in data: of one document, or of several."""
        return self.shape.of_documents() if isinstance(data, Documents) else self.shape.of_data(data)

    def whole(self, document: Document) -> Document:
        """A document whose layers are put together as `load` does it, by the names that the schema has."""
        return self._layered(document)[0]

    def _layered(self, document: Document) -> tuple[Document, list[Problem]]:
        """The same, and where one layer says a setting under two names: together they do not show it."""
        if not isinstance(document, Bundle) or not document.layered:
            return document, []
        data: Any = {}
        written: dict[str, Named] = {}
        problems: list[Problem] = []
        for name, part in document.files.items():
            written[name] = named(part.data, self.shape, data)
            twice = (named_twice(*places) for places in written[name].twice)
            problems += [place_problem(each, part, self.shape) for each in twice]
            data = Overlay([]).put(data, written[name].data, self.shape)
        by_layer = attrs.evolve(
            document, data=data, as_written=lambda name, path: written[name].as_written(path)
        )
        return by_layer, problems

    def _each(self, documents: Documents | Files, untyped: Untyped) -> list[T] | dict[str, T]:
        settings: dict[Any, T] = {}
        problems: list[Problem] = []
        for name, document in documents.items() if isinstance(documents, Files) else enumerate(documents):
            try:
                settings[name] = self.validate(document, untyped=partial(_untyped_in, untyped, name))
            except ValidationError as error:
                problems += [moved(problem, partial(_below, name)) for problem in error.problems]
        if problems:
            raise ValidationError(problems)
        return settings if isinstance(documents, Files) else list(settings.values())

    def validate_document(self, document: Document, failed: Failed | None = None) -> T:
        """An instance from a document; problems name the file, line and column. Warns of what is deprecated."""
        for _, part in document.parts:
            for notice in self.notices(part.data):
                located = place_problem(notice, part, self.shape_of(part.data))
                warnings.warn(str(located), FutureWarning, stacklevel=2)
        document, twice = self._layered(document)
        try:
            if twice:
                raise ValidationError(twice)
            return self.validate(document.data, untyped=document.is_untyped, failed=failed)
        except ValidationError as error:
            shape = self.shape_of(document.data)
            secrets = Secrets(shape, document.data)
            placed = [place_problem(problem, document, shape, secrets) for problem in error.problems]
            raise ValidationError(sorted(placed, key=by_place)) from None


SchemaLike: TypeAlias = "Schema[Any] | type | str | None"
"""What every function takes as a schema: a class, `"module:Class"`, `"schema.json"`, a `Schema`, or nothing."""


def resolve_schema(schema: SchemaLike) -> Schema[Any] | None:
    """The `Schema` of a class or of `"module:Class"`. Raises `SchemaError` with what to do.

    >>> resolve_schema("no_such:Model")
    Traceback (most recent call last):
        ...
    confguard.errors.SchemaError: schema 'no_such:Model': cannot import 'no_such': No module named 'no_such'
    """
    if schema is None or isinstance(schema, Schema):
        return schema
    model = _named(schema) if isinstance(schema, str) else schema
    wrapped = _wrapped(model) if isinstance(model, Hashable) else None
    if wrapped is None:
        named = getattr(model, "__name__", None)
        raise SchemaError(
            f"'{named}' is not a schema"
            if named
            else f"an instance of {type(model).__name__} is not a schema",
            hint="a schema is a pydantic model, an attrs class, a dataclass, or the name of a JSON Schema file",
        )
    return wrapped


@cache
def _wrapped(model: Any) -> Schema[Any] | None:
    return next((Schema(model, adapter) for adapter in _ADAPTERS if adapter.claims(model)), None)


def _named(spec: str) -> Any:
    if spec.endswith((".json", ".yaml", ".yml")):
        return read_json_schema(spec)
    return _imported(spec)


def _imported(spec: str) -> Any:
    module_name, _, name = spec.partition(":")
    if not module_name or not name:
        raise SchemaError(
            f"schema '{spec}': expected 'module:Class'",
            hint="such as 'app.settings:Auth', or a JSON Schema file such as 'auth.schema.json'",
        )
    try:
        module = import_module(module_name)
    except (Exception, SystemExit) as error:  # a module that ends the program is none to import
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        searched = missing and f"{module_name}.".startswith(f"{missing}.")  # else it was found, and is wrong
        folders = (path or "." for path in sys.path if not path.endswith(".zip"))
        raise SchemaError(
            f"schema '{spec}': cannot import '{module_name}': {error}",
            hint=f"searched in: {', '.join(islice(folders, 3))}" if searched else None,
        ) from error
    if not hasattr(module, name):
        raise SchemaError(f"schema '{spec}': no '{name}' there{did_you_mean(name, vars(module))}")
    return getattr(module, name)


def _notices(data: Any, shape: Shape) -> Iterator[Problem]:
    for path, value, here in shape.places(data):
        for key in value if isinstance(value, dict) else ():
            if key in here.renamed:
                yield Problem((*path, key), f"is called '{here.renamed[key]}' now")
            if deprecated := here.child(key).deprecated:
                yield Problem((*path, key), f"is deprecated: {deprecated}")
