"""One schema: a class, the adapter that knows how it is written, and its shape."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache, cached_property
from importlib import import_module
from typing import Any, Generic, TypeAlias, TypeVar

from attrs import define

from confguard.documents.document import Document
from confguard.errors import Problem, SchemaError, ValidationError, did_you_mean
from confguard.fields import FieldType
from confguard.paths import Path
from confguard.schema.attrs import AttrsAdapter
from confguard.schema.interface import NOTHING, InvalidDataError, Members, SchemaAdapter
from confguard.schema.pydantic import PydanticAdapter
from confguard.schema.secrets import is_secret
from confguard.schema.shape import Shape, build_shape

__all__ = ["Schema", "SchemaLike", "resolve_schema"]

T = TypeVar("T")

_ADAPTERS: tuple[SchemaAdapter, ...] = (PydanticAdapter(), AttrsAdapter())


@define(slots=False, frozen=True, eq=False)
class Schema(Generic[T]):
    """A schema class behind the one face that the rest of confguard sees."""

    model: type[T]
    adapter: SchemaAdapter

    @cached_property
    def shape(self) -> Shape:
        """What stands where."""
        return build_shape(self.model, _members)

    def validate(self, data: Any) -> T:
        """An instance from a document's data. Raises `ValidationError` with every problem."""
        problems = list(_unknown_keys(data, self.shape, ()))
        try:
            made: T = self.adapter.validate(self.model, _with_parsed_defaults(data, self.shape))
        except InvalidDataError as error:
            problems += [_problem(path, text, value, self.shape) for path, text, value in error.problems]
        if problems:
            raise ValidationError(problems)
        return made

    def validate_document(self, document: Document) -> T:
        """An instance from a document; problems name the file, line and column."""
        try:
            return self.validate(document.data)
        except ValidationError as error:
            raise ValidationError(_placed(problem, document) for problem in error.problems) from None


SchemaLike: TypeAlias = "Schema[Any] | type | str | None"
"""What every function takes as a schema: a class, `"module:Class"`, a `Schema`, or nothing."""


def resolve_schema(schema: SchemaLike) -> Schema[Any] | None:
    """The `Schema` of a class or of `"module:Class"`. Raises `SchemaError` with what to do.

    >>> resolve_schema("no_such:Model")
    Traceback (most recent call last):
        ...
    confguard.errors.SchemaError: schema 'no_such:Model': cannot import 'no_such': No module named 'no_such'
    """
    if schema is None or isinstance(schema, Schema):
        return schema
    return _wrapped(_imported(schema) if isinstance(schema, str) else schema)


@cache
def _wrapped(model: Any) -> Schema[Any]:
    for adapter in _ADAPTERS:
        if adapter.claims(model):
            return Schema(model, adapter)
    raise SchemaError(
        f"{getattr(model, '__name__', model)!r} is no schema",
        hint="a schema is a pydantic model, an attrs class or a dataclass",
    )


def _imported(spec: str) -> Any:
    module_name, _, name = spec.partition(":")
    if not module_name or not name:
        raise SchemaError(f"schema '{spec}': expected 'module:Class'", hint="such as 'app.settings:Auth'")
    try:
        module = import_module(module_name)
    except Exception as error:
        raise SchemaError(
            f"schema '{spec}': cannot import '{module_name}': {error}",
            hint=f"searched in: {', '.join(path or '.' for path in sys.path[:3])}",
        ) from error
    if not hasattr(module, name):
        raise SchemaError(f"schema '{spec}': no '{name}' there{did_you_mean(name, vars(module))}")
    return getattr(module, name)


def _members(model: Any) -> Members | None:
    for adapter in _ADAPTERS:
        if adapter.claims(model):
            return adapter.members(model)
    return None


def _unknown_keys(data: Any, shape: Shape, path: Path) -> Iterator[Problem]:
    if isinstance(data, dict):
        for key, value in data.items():
            if shape.closed and key not in shape.fields:
                yield Problem((*path, key), f"unknown key{did_you_mean(str(key), shape.fields)}")
            else:
                yield from _unknown_keys(value, shape.child(key), (*path, key))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from _unknown_keys(value, shape.child(number), (*path, number))


def _with_parsed_defaults(data: Any, shape: Shape) -> Any:
    """The data with defaults that are still texts (`timeout: Duration = "2s"`) written in, to be parsed."""
    if not isinstance(data, dict) or shape.kind != "map":
        return data
    filled = {key: _with_parsed_defaults(value, shape.child(key)) for key, value in data.items()}
    for key, child in shape.fields.items():
        if key in data or child.default is NOTHING:
            continue
        unparsed = child.field_type and not isinstance(child.default, FieldType)
        if unparsed and child.default is not None and not callable(child.default):
            filled[key] = child.default
        elif child.kind == "map" and isinstance(child.default, type):
            filled[key] = _with_parsed_defaults({}, child)
    return filled


def _problem(path: Path, message: str, value: Any, shape: Shape) -> Problem:
    shown = not isinstance(value, dict | list | None.__class__) and "got " not in message
    if shown and not is_secret(path, shape.at(path)):
        message = f"{message}, got {value!r}"
    return Problem(path, message)


def _placed(problem: Problem, document: Document) -> Problem:
    position = document.locate(problem.path, nearest=True)
    return Problem(
        problem.path,
        problem.message,
        document.path,
        position.line if position else None,
        position.column if position else None,
    )
