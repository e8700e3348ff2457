"""Schemas written as JSON Schema files, for repositories without Python models. Validated by `jsonschema`.

`x-confguard` in a property says what JSON Schema has no word for: `{"type": "Duration", "impact": "high",
"unordered": true, "keyed_by": ["name"], "safer": "lower", "owner": "team", "renamed": "old", "secret": true}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, Literal

from attrs import frozen

from confguard import fields
from confguard.documents.document import read
from confguard.errors import DocumentError, SchemaError
from confguard.paths import Path
from confguard.schema.interface import NOTHING, InvalidDataError, MembersOf
from confguard.schema.limits import BOUNDS
from confguard.schema.shape import ANYTHING, Shape

__all__ = ["JsonSchema", "JsonSchemaAdapter", "read_json_schema"]


@frozen(eq=False)
class JsonSchema:
    """A JSON Schema that was read."""

    name: str
    data: Any


def read_json_schema(path: str) -> JsonSchema:
    """The schema in a JSON or YAML file. Raises `SchemaError`."""
    try:
        data = read(path).data
    except DocumentError as error:
        raise SchemaError(f"schema '{path}': {error}", hint=error.hint) from error
    if not isinstance(data, dict):
        raise SchemaError(f"schema '{path}': a mapping was expected")
    try:
        _validator(data)
    except ValueError as error:
        raise SchemaError(f"schema '{path}': is no JSON Schema: {error}") from error
    return JsonSchema(path, data)


class JsonSchemaAdapter:
    """JSON Schema, draft 2020-12 unless `$schema` says otherwise. Texts become numbers where those are asked for."""

    def claims(self, model: object) -> bool:
        """Is this a JSON Schema?"""
        return isinstance(model, JsonSchema)

    def shape(self, model: Any, members_of: MembersOf) -> Shape:
        """What stands where."""
        return _shape(model.data, model.data, ())

    def validate(self, model: Any, data: Any) -> Any:
        """The data itself, with texts converted where the schema asks for numbers or booleans."""
        shape = _shape(model.data, model.data, ())
        made = _converted(data, model.data, model.data)
        errors = _validator(model.data).iter_errors(made)
        problems = [problem for error in errors for problem in _problems(error)]
        problems += _unparsed(made, shape, ())
        if problems:
            raise InvalidDataError(problems)
        return made


def _validator(schema: Any) -> Any:
    try:
        import jsonschema
        from jsonschema.validators import validator_for
    except ImportError as error:
        raise SchemaError(
            "JSON Schema files need jsonschema, which is not installed",
            hint="pip install 'confguard-safety[jsonschema]'",
        ) from error
    kind = validator_for(schema, default=jsonschema.Draft202012Validator)
    try:
        kind.check_schema(schema)
    except jsonschema.SchemaError as error:
        raise ValueError(error.message) from error
    return kind(schema)


def _resolved(node: Any, root: Any, seen: tuple[str, ...] = ()) -> Any:
    """The node that a local `$ref` leads to."""
    reference = node.get("$ref") if isinstance(node, dict) else None
    if not isinstance(reference, str) or not reference.startswith("#/") or reference in seen:
        return node
    found = root
    for step in reference[2:].split("/"):
        found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        return node
    return _resolved({**found, **{key: node[key] for key in node if key != "$ref"}}, root, (*seen, reference))


def _shape(node: Any, root: Any, inside: tuple[int, ...]) -> Shape:
    if not isinstance(node, dict) or len(inside) > 20:
        return ANYTHING
    node = _resolved(node, root)
    below = (*inside, id(node))
    default, marks = node.get("default", NOTHING), tuple(_marks(node.get("x-confguard", {})))
    kind = node.get("type")
    if kind == "object" or "properties" in node:
        known = {name: _shape(child, root, below) for name, child in node.get("properties", {}).items()}
        rest = node.get("additionalProperties", True)
        renamed = {mark.old: name for name, child in known.items() if (mark := child.mark(fields.Renamed))}
        return Shape(
            "map",
            fields=known | {old: known[new] for old, new in renamed.items()},
            rest=_shape(rest, root, below) if isinstance(rest, dict) else None,
            closed=rest is False,
            marks=marks,
            default=default,
            renamed=renamed,
        )
    if kind == "array":
        return Shape("list", rest=_shape(node.get("items", {}), root, below), marks=marks, default=default)
    return Shape(
        "value",
        field_type=_field_type(node),
        marks=(*marks, *_bounds(node)),
        default=default,
        hint=_hint(node),
        deprecated="it is to go" if node.get("deprecated") else None,
        description=node.get("description"),
    )


_PYTHON = {"integer": int, "number": float, "string": str, "boolean": bool}


def _hint(node: Any) -> Any:
    options = node.get("enum")
    if isinstance(options, list) and options:
        return Literal[tuple(options)]
    kind = node.get("type")
    return _PYTHON.get(kind) if isinstance(kind, str) else None


def _bounds(node: Any) -> Iterator[object]:
    """The bounds of a node, as marks that have them under the names that pydantic's fields use."""
    by_keyword = {keyword: name for name, keyword in BOUNDS.items()}
    for keyword, bound in node.items():
        if keyword in by_keyword:
            yield SimpleNamespace(**{by_keyword[keyword]: bound})


def _field_type(node: Any) -> type[fields.FieldType] | None:
    extra = node.get("x-confguard", {})
    if extra.get("secret") or node.get("writeOnly"):
        return fields.Secret
    found = getattr(fields, str(extra.get("type", "")), None)
    return found if isinstance(found, type) and issubclass(found, fields.FieldType) else None


def _marks(extra: Any) -> Iterator[object]:
    makers: dict[str, Callable[[Any], object]] = {
        "impact": fields.Impact,
        "safer": fields.Safer,
        "owner": fields.Owner,
        "renamed": fields.Renamed,
        "unordered": lambda _: fields.Unordered(),
        "keyed_by": lambda names: fields.KeyedBy(*names),
    }
    for name, make in makers.items():
        if extra.get(name):
            yield make(extra[name])


def _converted(data: Any, node: Any, root: Any) -> Any:
    """The data with texts as numbers and booleans where those are asked for, as the other adapters do."""
    node = _resolved(node, root)
    if not isinstance(node, dict):
        return data
    if isinstance(data, dict):
        known, rest = node.get("properties", {}), node.get("additionalProperties", {})
        return {key: _converted(value, known.get(key, rest), root) for key, value in data.items()}
    if isinstance(data, list):
        return [_converted(value, node.get("items", {}), root) for value in data]
    convert = _CONVERT.get(str(node.get("type")))
    if isinstance(data, str) and convert:
        try:
            return convert(data)
        except (ValueError, KeyError):
            return data
    return data


_BOOLEANS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}
_CONVERT: dict[str, Callable[[str], Any]] = {
    "integer": int,
    "number": float,
    "boolean": lambda text: _BOOLEANS[text.lower()],
}


def _problems(error: Any) -> Iterator[tuple[Path, str, Any]]:
    path = tuple(error.absolute_path)
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        # One error comes for each name that is missing, and says which only in its message.
        named = next((name for name in missing if repr(name) in error.message), missing[0])
        yield (*path, named), "required, but missing", None
    elif error.validator == "type":
        wanted = error.validator_value
        names = wanted if isinstance(wanted, list) else [wanted]
        yield path, "expected a valid " + " or ".join(names), error.instance
    elif error.validator != "additionalProperties":  # reported with a did-you-mean instead
        yield path, error.message, error.instance


def _unparsed(data: Any, shape: Shape, path: Path) -> list[tuple[Path, str, Any]]:
    """Values that their field type does not take."""
    if isinstance(data, dict):
        return [
            each for key, value in data.items() for each in _unparsed(value, shape.child(key), (*path, key))
        ]
    if isinstance(data, list):
        return [each for i, value in enumerate(data) for each in _unparsed(value, shape.child(i), (*path, i))]
    if shape.field_type is None:
        return []
    try:
        shape.field_type.parse(data)
    except ValueError as error:
        return [(path, str(error), data)]
    return []
