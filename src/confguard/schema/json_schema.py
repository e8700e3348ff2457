"""Schemas written as JSON Schema files, for repositories without Python models. Validated by `jsonschema`.

`x-confguard` in a property says what JSON Schema has no word for: `{"type": "Duration", "impact": "high",
"unordered": true, "keyed_by": ["name"], "safer": "lower", "owner": "team", "renamed": "old", "secret": true}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from attrs import define, field

from confguard.documents.document import Document, read
from confguard.errors import DocumentError, SchemaError
from confguard.schema.instances import with_defaults
from confguard.schema.interface import Failure, InvalidDataError, SchemaAdapter, Untyped
from confguard.schema.json_shapes import shape_of
from confguard.schema.shape import Shape

if TYPE_CHECKING:
    from confguard.schema.nodes import SchemaNode


@define(slots=False, frozen=True, eq=False)
class JsonSchema:
    """A JSON Schema that was read."""

    name: str
    data: Any = field(repr=False)
    document: Document | None = None
    """The file that it was read from; references that are relative lead to files beside it."""
    known: Callable[[str], Any] = field(default=lambda uri: None, repr=False)
    """The schema that is at hand for the URI of a reference; None for one that is read where it stands."""

    @cached_property
    def root(self) -> SchemaNode:
        """The schema with all that it refers to. Raises `SchemaError` for what is wrong with it."""
        try:
            import jsonschema  # noqa: F401
        except ImportError as error:
            raise SchemaError(
                f"schema '{self.name}': reading JSON Schema, and comparing two schemas, needs jsonschema, "
                "which is not installed",
                hint="pip install 'confguard-safety[jsonschema]'",
            ) from error
        from confguard.schema.references import Library

        try:
            return Library(self.name, self.known).root(self.data, self.document)
        except RecursionError:
            raise SchemaError(f"schema '{self.name}': is nested too deep") from None

    @cached_property
    def shape(self) -> Shape:
        """What stands where."""
        return shape_of(self.root)


def read_json_schema(
    path: str, read: Callable[[str], Document] = read, known: Callable[[str], Any] = lambda uri: None
) -> JsonSchema:
    """The schema in a JSON or YAML file, with all that it refers to. Raises `SchemaError`."""
    try:
        document = read(path)
    except DocumentError as error:
        raise SchemaError(f"schema '{path}': {error}", hint=error.hint) from error
    if not isinstance(document.data, dict | bool):
        raise SchemaError(f"schema '{path}': a mapping was expected")
    schema = JsonSchema(path, document.data, document, known)
    _ = schema.root  # now, and not when it is first asked something
    return schema


class JsonSchemaAdapter(SchemaAdapter):
    """JSON Schema, draft 2020-12 unless `$schema` says otherwise. A text is one where its source has other values."""

    tells_unknown_keys = True

    def claims(self, model: object) -> bool:
        return isinstance(model, JsonSchema)

    def shape(self, model: Any) -> Shape:
        cached: Shape = model.shape
        return cached

    def from_texts(self, model: Any, data: Any, untyped: Untyped) -> Any:
        """The data with texts of sources without types as the numbers and booleans that are asked for."""
        from confguard.schema.json_validation import converted

        try:
            return converted(data, model.root, untyped)
        except RecursionError:
            return data  # of which `validate` tells

    def problems(self, error: Exception, data: Any) -> None:
        """Nothing: no code of a user's runs."""

    def validate(self, model: Any, data: Any) -> Any:
        from confguard.schema.formats import as_json, as_written
        from confguard.schema.json_validation import problems

        shape = model.shape
        try:
            failures = problems(as_json(data), model.root)
        except RecursionError:
            failures = [((), "is nested too deep to be checked", None)]
        failures = [(as_written(path, data), message, value) for path, message, value in failures]
        failures = [_for_secrets(each, shape) for each in failures]
        unparsed = list(_unparsed(data, shape))
        told = {path for path, *_ in unparsed}
        failures = [each for each in failures if each[0] not in told] + unparsed
        if failures:
            raise InvalidDataError(failures)
        return with_defaults(data, shape)


def _for_secrets(problem: Failure, shape: Shape) -> Failure:
    """The problem without what the schema says of a secret's values, which may be one."""
    path, message, value = problem
    plain = message.startswith(("required", "unknown", "expected a valid"))
    return problem if plain or not shape.at(path).secret else (path, "does not fit the schema", value)


def _unparsed(data: Any, shape: Shape) -> Iterator[Failure]:
    """Values that their field type does not take."""
    for path, value, here in shape.places(data):
        if here.field_type is not None and not isinstance(value, dict | list | None):
            try:
                here.field_type.parse(value)
            except ValueError as error:
                yield path, str(error), value
