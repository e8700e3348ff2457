"""One schema: a class, the adapter that knows how it is written, and its shape."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator
from functools import cache, cached_property, partial
from importlib import import_module
from typing import Any, Generic, TypeAlias, TypeVar, get_origin

import attrs
from attrs import define

from confguard import units
from confguard.documents.bundle import Bundle
from confguard.documents.document import Document
from confguard.errors import Problem, SchemaError, ValidationError, brief, did_you_mean
from confguard.paths import Path
from confguard.schema.attrs import AttrsAdapter
from confguard.schema.conversion import expected_options, is_choice, options_of, written_choice
from confguard.schema.instances import with_parsed_defaults
from confguard.schema.interface import Failed, InvalidDataError, SchemaAdapter, Untyped
from confguard.schema.json_schema import JsonSchemaAdapter, read_json_schema
from confguard.schema.layering import Named, Overlay, named
from confguard.schema.placing import by_place, place_problem, said_twice
from confguard.schema.preparing import Preparation, unknown_keys
from confguard.schema.pydantic import PydanticAdapter
from confguard.schema.secrets import Secrets
from confguard.schema.shape import Shape
from confguard.values import Documents, Files

__all__ = ["Schema", "SchemaLike", "resolve_schema"]

T = TypeVar("T")
Found: TypeAlias = "tuple[Path, str, Any]"

_CLASSES = (PydanticAdapter(), AttrsAdapter())
_ADAPTERS: tuple[SchemaAdapter, ...] = (*_CLASSES, JsonSchemaAdapter())


def _typed(_: Path) -> bool:
    return False


def _inside(untyped: Untyped, name: Any, path: Path) -> bool:
    return untyped((name, *path))


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
        return str(getattr(self.model, "__name__", None) or getattr(self.model, "name", self.model))

    def validate(self, data: Any, *, untyped: Untyped = _typed, failed: Failed | None = None) -> T:
        """An instance from a document's data. Raises `ValidationError` with every problem.

        Other names of settings are read as their own; `notices` tells of those that are to go. A schema says what one
        document may hold: of a file with several, or of several files, each is validated, and has an instance.
        `untyped` tells what is a text only because its format has no other values.
        """
        if isinstance(data, Documents | Files):
            return self._each(data, untyped)  # type: ignore[return-value]
        one = named(data, self.shape)
        problems = [said_twice(*places) for places in one.twice]
        try:
            settings = self.made(one.data, untyped, failed)
        except ValidationError as error:
            problems += [
                problem._replace(path=one.as_written(problem.path), related=_written(problem.related, one))
                for problem in error.problems
            ]
        if problems:
            secrets = Secrets(self.shape, data)
            raise ValidationError(_without_secrets(problem, secrets) for problem in problems)
        return settings

    def made(self, data: Any, untyped: Untyped, failed: Failed | None = None) -> T:
        """An instance from data that has one name for each setting. Raises `ValidationError` with every problem.

        What has `failed` for the same data already is not tried again.
        """
        data = self.adapter.from_texts(self.model, data, untyped)
        keys = [] if self.adapter.tells_unknown_keys else unknown_keys(data, self.shape)
        unknown = [Problem(path, text) for path, text in keys]
        written = with_parsed_defaults(data, self.shape)
        preparation, ready = self._prepared(written, failed)
        settings: T
        settings, failures = self._attempt(
            [ready, written] if self._changed(ready, written) else [ready], failed
        )
        problems = preparation.all_with(failures or [])
        certain = preparation.certain or preparation.ambiguous
        if failures is None and not certain:  # what looked wrong is right for the class
            problems = []
        elif self._may_be_right(problems) and not unknown and not preparation.ambiguous:
            rewritten: T
            rewritten, wrong = self._attempt([written]) if ready != written else (settings, failures)
            if wrong is None:  # right once the class has changed it
                return rewritten
        if failures is not None and not problems and not unknown:
            problems.append(((), f"is no {self.name}", None))
        if problems or unknown:
            secrets = Secrets(self.shape, data)
            located = [
                _problem(*each, self.shape, secrets)
                for each in _each_once(self._in_words(problems), self.shape)
            ]
            raise ValidationError(_without_secrets(problem, secrets) for problem in [*unknown, *located])
        return settings

    def _prepared(self, written: Any, failed: Failed | None) -> tuple[Preparation, Any]:
        """The data made ready for the class; as it was when the class failed, where it is the same."""
        sure = not self.shape.rewrites
        if failed is not None:
            preparation = Preparation(self.adapter, _maker, asked=True, sure=sure)
            if (ready := preparation.made(written, self.shape)) == failed.data:
                return preparation, ready
        preparation = Preparation(self.adapter, _maker, sure=sure)
        return preparation, preparation.made(written, self.shape)

    def _changed(self, ready: Any, written: Any) -> bool:
        """Might a class that changes what is written choke on what was made ready of it?"""
        return self.shape.rewrites and ready is not written and bool(ready != written)

    def _may_be_right(self, problems: list[Found]) -> bool:
        """Are problems with tables, of a class that changes what is written before it is read?"""
        return self.shape.rewrites and any(self.shape.at(path).kind == "map" for path, _, _ in problems)

    def _in_words(self, problems: list[Found]) -> list[Found]:
        """The problems, of those that are none of a few options in the same words for every kind of class."""
        if isinstance(self.adapter, JsonSchemaAdapter):
            return problems
        return [
            (path, _of_choice(message, value, self.shape.at(path)), value)
            for path, message, value in problems
        ]

    def _attempt(self, candidates: list[Any], failed: Failed | None = None) -> tuple[Any, list[Found] | None]:
        """An instance from the first of these data that no validator of the user's own chokes on, and its problems."""
        wrong: Exception | None = None
        for data in candidates:
            try:
                if failed is not None and failed.data == data:
                    raise failed.error
                return self.adapter.validate(self.model, data), None
            except InvalidDataError as error:
                return None, error.problems
            except SchemaError:
                raise
            except Exception as error:  # noqa: BLE001 - a user's own validator may raise anything
                wrong = error
                known = failed is not None and error is failed.error
                failures = self.adapter.problems(error, failed.data if known and failed else data)
                if failures is not None:
                    return None, failures
        return None, [((), f"a validator of the schema failed: {type(wrong).__name__}", None)]

    def named(self, data: Any) -> Any:
        """The data with one name for each setting: the one that its field has now."""
        return named(data, self.shape).data

    def notices(self, data: Any) -> list[Problem]:
        """What is still read, and will not be for ever: keys that were renamed or are to go."""
        return list(_notices(data, self.shape_of(data), ()))

    def shape_of(self, data: Any) -> Shape:
        """What stands where in data: of one document, or of several."""
        return self.shape.of_documents() if isinstance(data, Documents) else self.shape.of_data(data)

    def whole(self, document: Document) -> Document:
        """A document whose layers are put together as `load` does it, by the names that the schema has."""
        if not isinstance(document, Bundle) or not document.layered:
            return document
        data: Any = {}
        written: dict[str, Named] = {}
        for name, part in document.files.items():
            one = written[name] = named(part.data, self.shape, data)
            data = Overlay([]).put(data, one.data, self.shape)
        return attrs.evolve(document, data=data, as_written=lambda name, path: written[name].as_written(path))

    def _each(self, documents: Documents | Files, untyped: Untyped) -> list[T] | dict[str, T]:
        settings: dict[Any, T] = {}
        problems: list[Problem] = []
        for name, document in documents.items() if isinstance(documents, Files) else enumerate(documents):
            try:
                settings[name] = self.validate(document, untyped=partial(_inside, untyped, name))
            except ValidationError as error:
                problems += [_within(name, problem) for problem in error.problems]
        if problems:
            raise ValidationError(problems)
        return settings if isinstance(documents, Files) else list(settings.values())

    def validate_document(self, document: Document, failed: Failed | None = None) -> T:
        """An instance from a document; problems name the file, line and column. Warns of what is to go."""
        for _, part in document.parts:
            for notice in self.notices(part.data):
                located = place_problem(notice, part, self.shape_of(part.data))
                warnings.warn(str(located), FutureWarning, stacklevel=2)
        document = self.whole(document)
        try:
            if isinstance(document, Bundle) and document.layered:
                _refuse_twice(document, self.shape)
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
    return _wrapped(_named(schema) if isinstance(schema, str) else schema)


@cache
def _wrapped(model: Any) -> Schema[Any]:
    for adapter in _ADAPTERS:
        if adapter.claims(model):
            return Schema(model, adapter)
    raise SchemaError(
        f"{getattr(model, '__name__', model)!r} is no schema",
        hint="a schema is a pydantic model, an attrs class, a dataclass, or the name of a JSON Schema file",
    )


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
        raise SchemaError(
            f"schema '{spec}': cannot import '{module_name}': {error}",
            hint=f"searched in: {', '.join(path or '.' for path in sys.path[:3])}",
        ) from error
    if not hasattr(module, name):
        raise SchemaError(f"schema '{spec}': no '{name}' there{did_you_mean(name, vars(module))}")
    return getattr(module, name)


def _maker(outer: SchemaAdapter, model: Any) -> SchemaAdapter:
    """Who makes instances of a class inside of another: pydantic knows dataclasses, but not attrs classes."""
    kind = get_origin(model) or model
    if isinstance(outer, PydanticAdapter):
        return _CLASSES[1] if attrs.has(kind) else outer
    return next((adapter for adapter in _CLASSES if adapter.claims(kind)), outer)


def _written(problems: tuple[Problem, ...], one: Named) -> tuple[Problem, ...]:
    return tuple(problem._replace(path=one.as_written(tuple(problem.path))) for problem in problems)


def _of_choice(message: str, value: Any, shape: Shape) -> str:
    if (
        not is_choice(shape.hint)
        or value is None
        or written_choice(value, shape.hint) in options_of(shape.hint)
    ):
        return message
    return expected_options(shape.hint, value)


def _refuse_twice(layers: Bundle, shape: Shape) -> None:
    """Raise `ValidationError` where one layer says a setting under two names: together they do not show it."""
    problems = [
        place_problem(said_twice(*places), part, shape)
        for _, part in layers.parts
        for places in named(part.data, shape).twice
    ]
    if problems:
        raise ValidationError(problems)


def _each_once(failures: list[Found], shape: Shape) -> list[Found]:
    """The problems, those of a union's members at one place as one."""
    unique: dict[tuple[Path, int], Found] = {}
    for i, (path, message, value) in enumerate(failures):
        place = (path, -1 if shape.at(path).variants else i)
        known = unique.get(place)
        if known is None:
            unique[place] = (path, message, value)
        elif message not in known[1]:
            unique[place] = (path, f"{known[1]} or {message.removeprefix('expected ')}", value)
    return list(unique.values())


def _notices(data: Any, shape: Shape, path: Path) -> Iterator[Problem]:
    shape = shape.of(data)
    if isinstance(data, list):
        for i, value in enumerate(data):
            yield from _notices(value, shape.child(i), (*path, i))
    if not isinstance(data, dict):
        return
    for key, value in data.items():
        child, inner = shape.child(key), (*path, key)
        if key in shape.renamed:
            yield Problem(inner, f"is called '{shape.renamed[key]}' now")
        if child.deprecated:
            yield Problem(inner, f"is deprecated: {child.deprecated}")
        yield from _notices(value, child, inner)


def _problem(path: Path, message: str, value: Any, shape: Shape, secrets: Secrets) -> Problem:
    shown = not isinstance(value, dict | list | None.__class__) and "got " not in message
    if shown and not secrets.at(path):
        message = f"{message}, got {brief(units.shown(value), 80)}"
    if isinstance(value, dict):
        return _across(path, message, value, shape.at(path))
    return Problem(path, message)


def _without_secrets(problem: Problem, secrets: Secrets) -> Problem:
    related = tuple(_without_secrets(each, secrets) for each in problem.related)
    return problem._replace(
        path=secrets.path(problem.path), message=secrets.clean(problem.message, problem.path), related=related
    )


def _across(path: Path, message: str, table: dict[Any, Any], shape: Shape) -> Problem:
    """The problem of a rule across fields: at the first setting that its message names, the others with it."""
    words = set(re.findall(r"\w+", message))
    named = [key for key in table if key in shape.fields and key in words]
    if not named:
        return Problem(path, message)
    others = tuple(Problem((*path, key), "is part of it") for key in named[1:])
    return Problem((*path, named[0]), message, related=others)


def _within(number: int | str, problem: Problem) -> Problem:
    """The problem of one of several documents."""
    related = tuple(_within(number, each) for each in problem.related)
    return problem._replace(path=(number, *problem.path), related=related)
