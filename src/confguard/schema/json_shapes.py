"""The shapes of JSON Schemas: what stands where, with all that may hold for a place made one."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal

from attrs import define, evolve

from confguard import fields
from confguard.errors import SchemaError
from confguard.schema.bounds import BOUNDS
from confguard.schema.limits import FORMS, MARKS
from confguard.schema.nodes import subschemas, write_only
from confguard.schema.shape import ANYTHING, NOTHING, Shape

if TYPE_CHECKING:
    from confguard.schema.nodes import SchemaNode


_ROUNDS, _MOST = 4, 4_000
"""How often a schema that contains itself is followed, and after how many places no more."""


def shape_of(root: SchemaNode) -> Shape:
    """What a schema says of each place."""
    return _Shapes().of(root, ())


@define
class _Shapes:
    count: int = 0

    def of(self, node: SchemaNode, inside: tuple[int, ...]) -> Shape:
        """What a schema says of one place: its own keywords, and those of the schemas it is made of."""
        self.count += 1
        rounds = _ROUNDS if self.count < _MOST else 1 if self.count < 2 * _MOST else 0
        if not isinstance(node.data, dict) or inside.count(id(node.data)) >= rounds:
            return ANYTHING
        below = (*inside, id(node.data))
        keywords = node.keywords
        shape = self._own(node, keywords, below)
        for part in node.parts:
            shape = _both(shape, self.of(part, below))
        for union in ("anyOf", "oneOf"):
            nodes = map(node.child, keywords.get(union, ()))
            if members := [each for each in nodes if each.keywords.get("type") != "null"]:
                shape = _both(shape, _either([self.of(member, below) for member in members]))
        for (keyword, *_), child in subschemas(keywords):
            if keyword in {"if", "then", "else", "dependentSchemas"}:  # which hold for some values only
                shape = _with_secrets(shape, self.of(node.child(child), below))
        return shape

    def _own(self, node: SchemaNode, keywords: dict[str, Any], below: tuple[int, ...]) -> Shape:
        marks = tuple(_marks(keywords.get("x-confguard", {})))
        field_type, said = _field_type(keywords), keywords.get("description")
        common: dict[str, Any] = {
            "default": keywords.get("default", NOTHING),
            "required": _required(keywords),
            "deprecated": "it will be removed" if keywords.get("deprecated") else None,
            "description": None if field_type and said == field_type.expects else said,
            "field_type": field_type,
            "hidden": write_only(keywords),
        }
        kind = _single_type(keywords.get("type"))
        if kind == "object" or "properties" in keywords or (kind is None and _OF_TABLES & keywords.keys()):
            return self._map(node, keywords, below, common | {"marks": marks})
        if kind == "array" or (kind is None and _OF_LISTS & keywords.keys()):
            return self._list(node, keywords, below, common | {"marks": marks})
        constraints = {"type", "enum", "const", *BOUNDS.values()} & keywords.keys() or field_type or marks
        return Shape(
            "value" if constraints or not _COMPOUND & keywords.keys() else "any",
            marks=(*marks, *_bounds(keywords, field_type)),
            hint=_hint(keywords),
            **common,
        )

    def _list(
        self, node: SchemaNode, keywords: dict[str, Any], below: tuple[int, ...], common: dict[str, Any]
    ) -> Shape:
        first = tuple(self.of(node.child(child), below) for child in keywords.get("prefixItems", ()))
        elements = [
            keywords[keyword] for keyword in ("items", "contains", "unevaluatedItems") if keyword in keywords
        ]
        others = [self.of(node.child(child), below) for child in elements if isinstance(child, dict)]
        rest = _either([*others, *(each for each in first if each.holds_secret)] or [ANYTHING])
        return Shape("list", items=first, rest=rest, **common)

    def _map(
        self, node: SchemaNode, keywords: dict[str, Any], below: tuple[int, ...], common: dict[str, Any]
    ) -> Shape:
        known = {
            name: self.of(node.child(child), below) for name, child in keywords.get("properties", {}).items()
        }
        rest = keywords.get("additionalProperties", keywords.get("unevaluatedProperties", True))
        matched = [
            self.of(node.child(child), below) for child in keywords.get("patternProperties", {}).values()
        ]
        others = [*matched, self.of(node.child(rest), below)] if isinstance(rest, dict) else matched
        renamed = {mark.old: name for name, child in known.items() if (mark := child.mark(fields.Renamed))}
        names = self.of(node.child(keywords.get("propertyNames")), below)
        return Shape(
            "map",
            fields=known | {old: known[new] for old, new in renamed.items()},
            rest=_either(others) if others else None,
            closed=rest is False and not matched,
            renamed=renamed,
            secret_keys=names.secret,
            keys=names,
            **common,
        )


_OF_TABLES = {"patternProperties", "additionalProperties", "unevaluatedProperties", "propertyNames"}
_OF_LISTS = {"items", "prefixItems", "contains", "unevaluatedItems"}
_COMPOUND = {
    *("$ref", "$dynamicRef", "$recursiveRef", "allOf", "anyOf", "oneOf"),
    *("if", "then", "else", "dependentSchemas"),
}


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
        items=tuple(map(_both, one.items, other.items)) or one.items or other.items,
        field_type=one.field_type or other.field_type,
        hidden=one.secret or other.secret,
        secret_keys=one.secret_keys or other.secret_keys,
        keys=one.keys or other.keys,
        marks=(*one.marks, *(mark for mark in other.marks if mark not in one.marks)),
        default=one.default if one.default is not NOTHING else other.default,
        required=(one.required or frozenset()) | (other.required or frozenset()),
        renamed={**other.renamed, **one.renamed},
        deprecated=one.deprecated or other.deprecated,
        hint=one.hint or other.hint,
        description=one.description or other.description,
    )


def _either(options: list[Shape]) -> Shape:
    """What is true of a place whichever of some schemas it fits: a secret in one is a secret."""
    first, *others = options
    for other in others:
        merged = _both(first, other)
        alike = first.kind == other.kind
        first = evolve(
            merged,
            kind=first.kind if alike else "any" if "value" in (first.kind, other.kind) else merged.kind,
            closed=first.closed and other.closed,
            field_type=first.field_type if first.field_type == other.field_type else None,
            hint=first.hint if first.hint == other.hint else None,
            marks=tuple(mark for mark in merged.marks if not isinstance(mark, SimpleNamespace)),
            default=NOTHING,
            required=(first.required or frozenset()) & (other.required or frozenset()),
        )
    if not others:
        return first
    # A default in one member is not one of the union: what is left out there may be forbidden.
    return evolve(
        first, fields={name: evolve(child, default=NOTHING) for name, child in first.fields.items()}
    )


def _with_secrets(shape: Shape, part: Shape) -> Shape:
    """What is said of a place, with what is secret by a schema that holds for some values only."""
    if not part.holds_secret:
        return shape
    known = {
        key: _with_secrets(shape.fields.get(key, Shape(default=None)), child)
        for key, child in part.fields.items()
        if child.holds_secret
    }
    items = tuple(map(_with_secrets, (shape.child(i) for i in range(len(part.items))), part.items))
    rest = _with_secrets(shape.rest or ANYTHING, part.rest) if part.rest else shape.rest
    return evolve(
        shape,
        kind=part.kind if shape.kind == "any" else shape.kind,
        fields={**shape.fields, **known},
        items=(*items, *shape.items[len(items) :]),
        rest=rest,
        hidden=shape.hidden or part.secret,
        secret_keys=shape.secret_keys or part.secret_keys,
    )


def _single_type(kind: Any) -> Any:
    kinds = [each for each in kind if each != "null" or len(kind) == 1] if isinstance(kind, list) else [kind]
    return kinds[0] if len(kinds) == 1 else None


_PYTHON = {"integer": int, "number": float, "string": str, "boolean": bool, "null": type(None)}


def _hint(node: Any) -> Any:
    options = [node["const"]] if "const" in node else node.get("enum")
    if isinstance(options, list) and options and not any(isinstance(each, dict | list) for each in options):
        return Literal[tuple(options)]
    kind = _single_type(node.get("type"))
    return _PYTHON.get(kind) if isinstance(kind, str) else None


def _required(keywords: Any) -> frozenset[str]:
    names = keywords.get("required")
    if isinstance(names, list):
        return frozenset(names)
    properties = keywords.get("properties", {}).items()  # of draft 3, they say it themselves
    return frozenset(
        name for name, child in properties if isinstance(child, dict) and child.get("required") is True
    )


def _bounds(node: Any, field_type: type[fields.FieldType] | None) -> Iterator[object]:
    """The bounds of a node, as marks that have them under the names that pydantic's fields use.

    What all values of its field type keep is none: `schema json` writes it for those who do not know the type.
    """
    by_keyword = {keyword: name for name, keyword in BOUNDS.items()}
    of_all = FORMS.get(field_type.__name__, {}) if field_type else {}
    for keyword, bound in node.items():
        if keyword in by_keyword and getattr(bound, "written", bound) != of_all.get(keyword):
            yield SimpleNamespace(**{by_keyword[keyword]: bound})


def _field_type(node: Any) -> type[fields.FieldType] | None:
    extra = node.get("x-confguard")
    extra = extra if isinstance(extra, dict) else {}
    named = getattr(fields, str(extra.get("type", "")), None)
    return named if isinstance(named, type) and issubclass(named, fields.FieldType) else None


def _marks(extra: Any) -> Iterator[object]:
    for name, kind in MARKS.items() if isinstance(extra, dict) else ():
        if value := extra.get(name):
            values = () if kind is fields.Unordered else value if kind is fields.KeyedBy else (value,)
            try:
                yield kind(*values)
            except (TypeError, ValueError) as error:
                raise SchemaError(f"x-confguard: {name}: {error}") from None
