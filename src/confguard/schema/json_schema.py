"""Schemas written as JSON Schema files, for repositories without Python models. Validated by `jsonschema`.

`x-confguard` in a property says what JSON Schema has no word for: `{"type": "Duration", "impact": "high",
"unordered": true, "keyed_by": ["name"], "safer": "lower", "owner": "team", "renamed": "old", "secret": true}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal

from attrs import define, evolve, field

from confguard import fields
from confguard.documents.document import Document, read
from confguard.errors import DocumentError, SchemaError
from confguard.paths import Path
from confguard.schema.interface import NOTHING, InvalidDataError, MembersOf
from confguard.schema.limits import BOUNDS
from confguard.schema.shape import ANYTHING, Shape

if TYPE_CHECKING:
    from confguard.schema.references import Node

__all__ = ["JsonSchema", "JsonSchemaAdapter", "field_type_of", "read_json_schema", "shape_of"]


@define(slots=False, frozen=True, eq=False)
class JsonSchema:
    """A JSON Schema that was read."""

    name: str
    data: Any
    document: Document | None = None
    """The file that it was read from; references that are relative lead to files beside it."""
    others: Mapping[str, Any] = field(factory=dict)
    """Schemas that are at hand, by the URIs that references have for them."""

    @cached_property
    def root(self) -> Node:
        """The schema with all that it refers to. Raises `SchemaError` for what is wrong with it."""
        try:
            import jsonschema  # noqa: F401
        except ImportError as error:
            raise SchemaError(
                "JSON Schema files need jsonschema, which is not installed",
                hint="pip install 'confguard-safety[jsonschema]'",
            ) from error
        from confguard.schema.references import Library

        try:
            return Library(self.name, self.others).root(self.data, self.document)
        except RecursionError:
            raise SchemaError(f"schema '{self.name}': is nested too deep") from None

    @cached_property
    def shape(self) -> Shape:
        """What stands where."""
        return shape_of(self.root)


def read_json_schema(path: str) -> JsonSchema:
    """The schema in a JSON or YAML file. Raises `SchemaError`."""
    try:
        document = read(path)
    except DocumentError as error:
        raise SchemaError(f"schema '{path}': {error}", hint=error.hint) from error
    if not isinstance(document.data, dict | bool):
        raise SchemaError(f"schema '{path}': a mapping was expected")
    made = JsonSchema(path, document.data, document)
    _ = made.root
    return made


class JsonSchemaAdapter:
    """JSON Schema, draft 2020-12 unless `$schema` says otherwise. Texts become numbers where those are asked for."""

    tells_unknown_keys = True

    def claims(self, model: object) -> bool:
        """Is this a JSON Schema?"""
        return isinstance(model, JsonSchema)

    def shape(self, model: Any, members_of: MembersOf) -> Shape:
        """What stands where."""
        found: Shape = model.shape
        return found

    def validate(self, model: Any, data: Any) -> Any:
        """The data itself, with texts converted where the schema asks for numbers or booleans."""
        from confguard.schema.json_conversion import converted
        from confguard.schema.json_validation import problems
        from confguard.schema.references import as_json, as_written

        shape = model.shape
        try:
            made = converted(data, model.root)
            found = problems(as_json(made), model.root)
        except RecursionError:
            made, found = data, [((), "is nested too deep to be checked", None)]
        found = [(as_written(path, made), message, value) for path, message, value in found]
        found = [_for_secrets(each, shape) for each in found]
        found += _unparsed(made, shape, ())
        if found:
            raise InvalidDataError(found)
        return made


def _for_secrets(problem: tuple[Path, str, Any], shape: Shape) -> tuple[Path, str, Any]:
    """The problem without what the schema says of a secret's values, which may be one."""
    path, message, value = problem
    plain = message.startswith(("required", "unknown", "expected a valid"))
    return problem if plain or not shape.at(path).secret else (path, "does not fit the schema", value)


_ROUNDS, _MOST = 4, 4_000
"""How often a schema that contains itself is followed, and after how many places no more."""


def shape_of(root: Node) -> Shape:
    """What a schema says of each place."""
    return _Shapes().of(root, ())


@define
class _Shapes:
    made: int = 0

    def of(self, node: Node, inside: tuple[int, ...]) -> Shape:
        """What a schema says of one place: its own keywords, and those of the schemas it is made of."""
        self.made += 1
        rounds = _ROUNDS if self.made < _MOST else 1 if self.made < 2 * _MOST else 0
        if not isinstance(node.data, dict) or inside.count(id(node.data)) >= rounds:
            return ANYTHING
        below = (*inside, id(node.data))
        keywords = node.keywords
        made = self._own(node, keywords, below)
        for part in (*map(node.target, node.references), *map(node.child, keywords.get("allOf", ()))):
            made = _both(made, self.of(part, below))
        for union in ("anyOf", "oneOf"):
            members = [member for member in keywords.get(union, ()) if not _is_null(member)]
            if members:
                made = _both(made, _either([self.of(node.child(member), below) for member in members]))
        return made

    def _own(self, node: Node, keywords: dict[str, Any], below: tuple[int, ...]) -> Shape:
        marks = tuple(_marks(keywords.get("x-confguard", {})))
        common: dict[str, Any] = {
            "default": keywords.get("default", NOTHING),
            "deprecated": "it is to go" if keywords.get("deprecated") else None,
            "description": keywords.get("description"),
            "field_type": field_type_of(keywords),
        }
        kind = _single_type(keywords.get("type"))
        if kind == "object" or "properties" in keywords:
            return self._map(node, keywords, below, common | {"marks": marks})
        if kind == "array":
            rest = self.of(node.child(keywords.get("items", {})), below)
            return Shape("list", rest=rest, marks=marks, **common)
        told = {"type", "enum", "const", *BOUNDS.values()} & keywords.keys() or common["field_type"] or marks
        return Shape(
            "value" if told or not _COMPOUND & keywords.keys() else "any",
            marks=(*marks, *_bounds(keywords)),
            hint=_hint(keywords),
            **common,
        )

    def _map(
        self, node: Node, keywords: dict[str, Any], below: tuple[int, ...], common: dict[str, Any]
    ) -> Shape:
        known = {
            name: self.of(node.child(child), below) for name, child in keywords.get("properties", {}).items()
        }
        rest = keywords.get("additionalProperties", True)
        matched = [
            self.of(node.child(child), below) for child in keywords.get("patternProperties", {}).values()
        ]
        others = [*matched, self.of(node.child(rest), below)] if isinstance(rest, dict) else matched
        renamed = {mark.old: name for name, child in known.items() if (mark := child.mark(fields.Renamed))}
        return Shape(
            "map",
            fields=known | {old: known[new] for old, new in renamed.items()},
            rest=_either(others) if others else None,
            closed=rest is False and not matched,
            renamed=renamed,
            **common,
        )


_COMPOUND = {"$ref", "$dynamicRef", "$recursiveRef", "allOf", "anyOf", "oneOf"}


def _both(one: Shape, other: Shape) -> Shape:
    """What two schemas say of one place; the first has the last word."""
    kind = one.kind if one.kind != "any" else other.kind
    shared = {
        name: _both(one.fields[name], other.fields[name]) for name in one.fields.keys() & other.fields.keys()
    }
    rests = [shape.rest for shape in (one, other) if shape.rest]
    return Shape(
        kind,
        fields={**other.fields, **one.fields, **shared},
        rest=_both(*rests) if len(rests) == 2 else rests[0] if rests else None,
        closed=one.closed and other.closed if one.fields and other.fields else one.closed or other.closed,
        field_type=fields.Secret if one.secret or other.secret else one.field_type or other.field_type,
        marks=(*one.marks, *(mark for mark in other.marks if mark not in one.marks)),
        default=one.default if one.default is not NOTHING else other.default,
        renamed={**other.renamed, **one.renamed},
        deprecated=one.deprecated or other.deprecated,
        hint=one.hint or other.hint,
        description=one.description or other.description,
    )


def _either(options: list[Shape]) -> Shape:
    """What is true of a place whichever of some schemas it fits: a secret in one is a secret."""
    made, *others = options
    for other in others:
        merged = _both(made, other)
        alike = made.kind == other.kind
        made = evolve(
            merged,
            kind=made.kind if alike else "any" if "value" in (made.kind, other.kind) else merged.kind,
            closed=made.closed and other.closed,
            field_type=merged.field_type if merged.secret or made.field_type == other.field_type else None,
            hint=made.hint if made.hint == other.hint else None,
            marks=tuple(mark for mark in merged.marks if not isinstance(mark, SimpleNamespace)),
            default=NOTHING,
        )
    if not others:
        return made
    # A default in one member is none of the union: what is left out there may be forbidden.
    return evolve(made, fields={name: evolve(child, default=NOTHING) for name, child in made.fields.items()})


def _is_null(node: Any) -> bool:
    return isinstance(node, dict) and node.get("type") == "null"


def _single_type(kind: Any) -> Any:
    kinds = [each for each in kind if each != "null"] if isinstance(kind, list) else [kind]
    return kinds[0] if len(kinds) == 1 else None


_PYTHON = {"integer": int, "number": float, "string": str, "boolean": bool}


def _hint(node: Any) -> Any:
    options = [node["const"]] if "const" in node else node.get("enum")
    if isinstance(options, list) and options and not any(isinstance(each, dict | list) for each in options):
        return Literal[tuple(options)]
    kind = _single_type(node.get("type"))
    return _PYTHON.get(kind) if isinstance(kind, str) else None


def _bounds(node: Any) -> Iterator[object]:
    """The bounds of a node, as marks that have them under the names that pydantic's fields use."""
    by_keyword = {keyword: name for name, keyword in BOUNDS.items()}
    for keyword, bound in node.items():
        if keyword in by_keyword:
            yield SimpleNamespace(**{by_keyword[keyword]: bound})


def field_type_of(node: Any) -> type[fields.FieldType] | None:
    """The field type that a schema names for a value; `Secret` for what is only written."""
    extra = node.get("x-confguard")
    extra = extra if isinstance(extra, dict) else {}
    if extra.get("secret") or node.get("writeOnly") is True or node.get("format") == "password":
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
        if isinstance(extra, dict) and extra.get(name):
            try:
                yield make(extra[name])
            except (TypeError, ValueError) as error:
                raise SchemaError(f"x-confguard: {name}: {error}") from None


def _unparsed(data: Any, shape: Shape, path: Path) -> list[tuple[Path, str, Any]]:
    """Values that their field type does not take."""
    if isinstance(data, dict):
        return [
            each for key, value in data.items() for each in _unparsed(value, shape.child(key), (*path, key))
        ]
    if isinstance(data, list):
        return [each for i, value in enumerate(data) for each in _unparsed(value, shape.child(i), (*path, i))]
    if shape.field_type is None or data is None:
        return []
    try:
        shape.field_type.parse(data)
    except ValueError as error:
        return [(path, str(error), data)]
    return []
