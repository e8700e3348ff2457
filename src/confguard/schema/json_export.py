"""A schema class as JSON Schema: unions as `anyOf`, classes as `$defs`, secrets as `writeOnly`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import copy
from decimal import Decimal
from math import isfinite
from typing import Any

from attrs import define, field

from confguard.paths import Path
from confguard.schema.instances import as_data, plain
from confguard.schema.json_schema import JsonSchema
from confguard.schema.limits import FORMS, allowed, by_pydantic
from confguard.schema.nodes import SAME_PLACE, subschemas, write_only
from confguard.schema.schema import Schema
from confguard.schema.secrets import shown_at
from confguard.schema.shape import NOTHING, Shape
from confguard.secrets import HIDDEN


def json_schema(schema: Schema[Any]) -> dict[str, Any]:
    """The schema as JSON Schema, draft 2020-12; `x-confguard` keeps what that has no word for.

    >>> from attrs import frozen
    >>> from confguard.schema.schema import resolve_schema
    >>> @frozen
    ... class Pool:
    ...     size: int = 64
    >>> json_schema(resolve_schema(Pool))["properties"]
    {'size': {'type': 'integer', 'default': 64}}
    """
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": schema.name}
    model: Any = schema.model
    if isinstance(model, JsonSchema):
        document = model.data if isinstance(model.data, dict) else {"allOf": [model.data]}
    else:
        export = _Export(schema.shape.hint)
        document = export.node(schema.shape, top=True)
        document |= {"$defs": export.definitions} if export.definitions else {}
    exported: dict[str, Any] = _without_secrets(document, ())
    return head | exported


def as_json_schema(schema: Schema[Any]) -> JsonSchema:
    """The schema as one of JSON Schema, as it is where it is one."""
    model: Any = schema.model
    return model if isinstance(model, JsonSchema) else JsonSchema(schema.name, json_schema(schema))


def _without_secrets(node: Any, path: Path) -> Any:
    """A schema without the defaults and examples that hold a secret."""
    if not isinstance(node, dict):
        return node
    copied = dict(node)
    shape = Shape(hidden=write_only(node))
    for keyword in ("default", "examples"):
        if keyword in copied and shown_at(copied[keyword], path, shape) != copied[keyword]:
            del copied[keyword]
    for (keyword, *name), child in subschemas(node):
        if name and copied[keyword] is node[keyword]:
            copied[keyword] = copy(node[keyword])
        around, key = (copied[keyword], name[0]) if name else (copied, keyword)
        inner = (name[0] if name else 0 if keyword == "items" else "*",)
        around[key] = _without_secrets(child, path if keyword in SAME_PLACE else (*path, *inner))
    return copied


def own_fields(shape: Shape) -> Iterator[tuple[str, Shape]]:
    """A table's fields by the name they have now, each once."""
    for (key, *_), child in _named(shape):
        yield key, child


def _named(shape: Shape) -> Iterator[tuple[list[str], Shape]]:
    """A table's fields, each with all the names by which it may be written but those it had before."""
    names: dict[int, list[str]] = {}
    for key, child in shape.fields.items():
        if key not in shape.renamed:
            names.setdefault(id(child), []).append(key)
    yield from ((keys, shape.fields[keys[0]]) for keys in names.values())


_SAID = ("description", "default", "deprecated", "x-confguard")
"""What stands beside a reference, or beside the members of a union."""


@define
class _Export:
    root: Any
    definitions: dict[str, Any] = field(factory=dict)
    _names: dict[Any, str] = field(factory=dict)

    def node(self, shape: Shape, *, top: bool = False) -> dict[str, Any]:
        """What a schema says of one place."""
        shape = shape.whole
        keywords = _own_keywords(shape)
        if shape.variants:
            members = [_tagged(self.node(variant), shape) for variant in shape.variants]
            keywords = {key: keywords[key] for key in _SAID if key in keywords} | {"anyOf": members}
        elif shape.kind == "map" and shape.fields and not top and isinstance(shape.hint, type):
            keywords = {"$ref": self._reference(shape)} | {
                key: keywords[key] for key in _SAID if key in keywords
            }
        elif shape.kind == "map":
            keywords = self._table(shape) | keywords
        elif shape.kind == "list":
            keywords = self._list(shape) | keywords
        return _or_null(keywords) if shape.optional and not top else keywords

    def _reference(self, shape: Shape) -> str:
        if shape.hint is self.root:
            return "#"
        if shape.hint not in self._names:
            name = re.sub(r"[^A-Za-z0-9_.-]+", "_", shape.hint.__name__).strip("_")
            others = sum(1 for other in self._names if other.__name__ == shape.hint.__name__)
            self._names[shape.hint] = name = f"{name}{others + 1}" if others else name
            self.definitions[name] = {}  # its place, before those of the classes inside of it
            self.definitions[name] = self._table(shape)
        return f"#/$defs/{self._names[shape.hint]}"

    def _table(self, shape: Shape) -> dict[str, Any]:
        properties: dict[str, Any] = {}
        required: list[str] = []
        either: list[dict[str, Any]] = []
        for names, child in _named(shape):
            written = self.node(child)
            if len(names) > 1:  # one that is filled in would stand beside another that is given
                written.pop("default", None)
            properties |= dict.fromkeys(names, written)
            if child.default is NOTHING and len(names) == 1:
                required += names
            elif child.default is NOTHING:
                either.append({"anyOf": [{"required": [name]} for name in names]})
        of_keys = {"writeOnly": True} if shape.secret_keys else _of_keys(shape.keys)
        more = {"properties": properties, "required": required, "propertyNames": of_keys, "allOf": either}
        rest = False if shape.closed else self.node(shape.rest) if shape.rest else True
        more = {keyword: value for keyword, value in more.items() if value}
        return {"type": "object"} | more | {"additionalProperties": rest}

    def _list(self, shape: Shape) -> dict[str, Any]:
        if not shape.items:
            return {"type": "array", "items": self.node(shape.rest) if shape.rest else {}}
        return {
            "type": "array",
            "prefixItems": [self.node(child) for child in shape.items],
            "items": False,
            "minItems": sum(child.default is NOTHING for child in shape.items),
            "maxItems": len(shape.items),
        }


_OF_TEXTS = {"enum", "pattern", "minLength", "maxLength", "format", "not", "anyOf", "allOf"}


def _of_keys(keys: Shape | None) -> dict[str, Any]:
    """What a schema says of a table's keys, which are texts whatever they stand for."""
    keywords = _own_keywords(keys) if keys and not keys.secret else {}
    if keywords.get("type", "string") != "string" or not all(
        isinstance(each, str) for each in keywords.get("enum", ())
    ):
        return {}
    return {keyword: each for keyword, each in keywords.items() if keyword in _OF_TEXTS}


def _tagged(member: dict[str, Any], union: Shape) -> dict[str, Any]:
    """A member of a union, in which the key that tells the members apart must be there."""
    if not union.strict_tag or not union.tags:
        return member
    if len(union.tags) == 1:
        return member | {"required": [*member.get("required", []), union.tags[0]]}
    return {"allOf": [member, {"anyOf": [{"required": [tag]} for tag in union.tags]}]}


def _or_null(keywords: dict[str, Any]) -> dict[str, Any]:
    if not keywords.keys() - set(_SAID):
        return keywords
    union = keywords.keys() - set(_SAID) == {"anyOf"}
    if union:
        return keywords | {"anyOf": [*keywords["anyOf"], {"type": "null"}]}
    if not {"$ref", "const", "allOf", "anyOf", "not"} & keywords.keys():
        options = {"enum": [*keywords["enum"], None]} if "enum" in keywords else {}
        kinds = keywords.get("type", [])
        kinds = [*(kinds if isinstance(kinds, list) else [kinds]), "null"]
        return keywords | options | ({"type": kinds} if "type" in keywords else {})
    common = {key: keywords.pop(key) for key in _SAID if key in keywords}
    return {"anyOf": [keywords, {"type": "null"}]} | common


def _own_keywords(shape: Shape) -> dict[str, Any]:
    keywords = allowed(shape)
    name = "Duration" if keywords.get("format") == "duration" else None
    name = shape.field_type.__name__ if shape.field_type else name
    if name in FORMS:
        keywords.pop("format", None)
        keywords = FORMS[name] | {key: value for key, value in keywords.items() if key != "type"}
        keywords["x-confguard"] = {"type": name} | keywords.get("x-confguard", {})
    elif shape.kind in {"any", "value"} and not ({"type", "enum"} & keywords.keys()) and not shape.variants:
        keywords = by_pydantic(shape.hint) | keywords
    if shape.secret:
        keywords["writeOnly"] = True
    keywords.pop("default", None)
    default = NOTHING if keywords.get("writeOnly") and shape.default is not None else _default(shape)
    if default is not NOTHING and shown_at(default, (), shape) == default:
        keywords["default"] = default
    order = [key for key in keywords if key not in {"default", "x-confguard"}]
    return {
        key: _number(keywords[key])
        for key in (*order, "default", "x-confguard")
        if key in keywords and _is_json(keywords[key])
    }


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else getattr(value, "pattern", value)


def _is_json(value: Any) -> bool:
    if isinstance(value, float | Decimal):
        return isfinite(value)
    return value is None or isinstance(value, str | int | list | tuple | dict | re.Pattern)


def _default(shape: Shape) -> Any:
    """The default as a document would write it; nothing for secrets, and for what is made anew each time."""
    value = shape.default
    if value in (list, dict, set, frozenset, tuple):
        return [] if value is not dict else {}
    if value is NOTHING or callable(value):
        return NOTHING
    data = plain_data(_without_secret_keys(as_data(value, shape), shape))
    hidden = any(each == HIDDEN for _, each, _ in shape.places(data))
    return data if _is_json(data) and not hidden else NOTHING


def _without_secret_keys(value: Any, shape: Shape) -> Any:
    if not isinstance(value, dict):
        return value
    children = ((key, inner, shape.child(key)) for key, inner in value.items())
    return {key: _without_secret_keys(inner, child) for key, inner, child in children if not child.secret}


def plain_data(value: Any) -> Any:
    """Data as JSON and TOML have it."""
    if isinstance(value, dict):
        return {str(plain(key)): plain_data(child) for key, child in value.items()}
    return [plain_data(child) for child in value] if isinstance(value, list) else plain(value)
