"""A schema class as JSON Schema: unions as `anyOf`, classes as `$defs`, secrets as `writeOnly`."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from copy import copy
from decimal import Decimal
from math import isfinite
from typing import Any

import attrs
from attrs import define, field

from confguard.paths import Path
from confguard.schema.absent import NOTHING
from confguard.schema.json_schema import JsonSchema
from confguard.schema.limits import allowed, by_pydantic, plain
from confguard.schema.schema import Schema
from confguard.schema.secrets import shown_at
from confguard.schema.shape import Shape
from confguard.schema.vocabulary import SAME_PLACE, subschemas, write_only

__all__ = ["json_schema", "own_fields"]


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
        made = model.data if isinstance(model.data, dict) else {"allOf": [model.data]}
    else:
        export = _Export(schema.shape.hint)
        made = export.node(schema.shape, top=True)
        made |= {"$defs": export.definitions} if export.definitions else {}
    told: dict[str, Any] = _without_secrets(made, ())
    return head | told


def _without_secrets(node: Any, path: Path) -> Any:
    """A schema without the defaults and examples that hold a secret."""
    if not isinstance(node, dict):
        return node
    made = dict(node)
    shape = Shape(hidden=write_only(node))
    for keyword in ("default", "examples"):
        if keyword in made and shown_at(made[keyword], path, shape) != made[keyword]:
            del made[keyword]
    for (keyword, *name), child in subschemas(node):
        if name and made[keyword] is node[keyword]:
            made[keyword] = copy(node[keyword])
        around, key = (made[keyword], name[0]) if name else (made, keyword)
        inner = (name[0] if name else 0 if keyword == "items" else "*",)
        around[key] = _without_secrets(child, path if keyword in SAME_PLACE else (*path, *inner))
    return made


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
        made = _own_keywords(shape)
        if shape.variants:
            members = [_tagged(self.node(variant), shape) for variant in shape.variants]
            made = {key: made[key] for key in _SAID if key in made} | {"anyOf": members}
        elif shape.kind == "map" and shape.fields and not top and isinstance(shape.hint, type):
            made = {"$ref": self._reference(shape)} | {key: made[key] for key in _SAID if key in made}
        elif shape.kind == "map":
            made = self._table(shape) | made
        elif shape.kind == "list":
            made = self._list(shape) | made
        return _or_null(made) if shape.optional and not top else made

    def _reference(self, shape: Shape) -> str:
        if shape.hint is self.root:
            return "#"
        if shape.hint not in self._names:
            name = re.sub(r"[^A-Za-z0-9_.-]+", "_", shape.hint.__name__).strip("_")
            taken = sum(1 for other in self._names if other.__name__ == shape.hint.__name__)
            self._names[shape.hint] = name = f"{name}{taken + 1}" if taken else name
            self.definitions[name] = {}  # its place, before those of the classes inside of it
            self.definitions[name] = self._table(shape)
        return f"#/$defs/{self._names[shape.hint]}"

    def _table(self, shape: Shape) -> dict[str, Any]:
        made: dict[str, Any] = {"type": "object"}
        properties: dict[str, Any] = {}
        required: list[str] = []
        either: list[dict[str, Any]] = []
        for names, child in _named(shape):
            node = self.node(child)
            properties |= dict.fromkeys(names, node)
            if child.default is NOTHING:
                if len(names) == 1:
                    required += names
                else:
                    either.append({"anyOf": [{"required": [name]} for name in names]})
        if properties:
            made["properties"] = properties
        if required:
            made["required"] = required
        if of_keys := _of_keys(shape.keys):
            made["propertyNames"] = of_keys
        if either:
            made["allOf"] = either
        made["additionalProperties"] = (
            False if shape.closed else self.node(shape.rest) if shape.rest else True
        )
        if shape.secret_keys:
            made["propertyNames"] = {"writeOnly": True}
        return made

    def _list(self, shape: Shape) -> dict[str, Any]:
        if not shape.items:
            return {"type": "array", "items": self.node(shape.rest) if shape.rest else {}}
        size = len(shape.items)
        return {
            "type": "array",
            "prefixItems": [self.node(child) for child in shape.items],
            "items": False,
            "minItems": sum(child.default is NOTHING for child in shape.items),
            "maxItems": size,
        }


_OF_TEXTS = {"enum", "pattern", "minLength", "maxLength", "format", "not", "anyOf", "allOf"}


def _of_keys(keys: Shape | None) -> dict[str, Any]:
    """What a schema says of a table's keys, which are texts whatever they stand for."""
    said = _own_keywords(keys) if keys and not keys.secret else {}
    if said.get("type", "string") != "string" or not all(
        isinstance(each, str) for each in said.get("enum", ())
    ):
        return {}
    return {keyword: each for keyword, each in said.items() if keyword in _OF_TEXTS}


def _tagged(member: dict[str, Any], union: Shape) -> dict[str, Any]:
    """A member of a union, in which the key that tells the members apart must be there."""
    if not union.strict_tag or not union.tags:
        return member
    if len(union.tags) == 1:
        return member | {"required": [*member.get("required", []), union.tags[0]]}
    return {"allOf": [member, {"anyOf": [{"required": [tag]} for tag in union.tags]}]}


def _or_null(made: dict[str, Any]) -> dict[str, Any]:
    if not made.keys() - set(_SAID):
        return made
    union = made.keys() - set(_SAID) == {"anyOf"}
    if union:
        return made | {"anyOf": [*made["anyOf"], {"type": "null"}]}
    if not {"$ref", "const", "allOf", "anyOf", "not"} & made.keys():
        options = {"enum": [*made["enum"], None]} if "enum" in made else {}
        kinds = made.get("type", [])
        kinds = [*(kinds if isinstance(kinds, list) else [kinds]), "null"]
        return made | options | ({"type": kinds} if "type" in made else {})
    said = {key: made.pop(key) for key in _SAID if key in made}
    return {"anyOf": [made, {"type": "null"}]} | said


_NUMBER = r"[-+]?[0-9][0-9._]*([eE][-+]?[0-9]+)?"
_FORMS: dict[str, dict[str, Any]] = {
    "ByteSize": {
        "type": ["string", "integer"],
        "pattern": rf"^\s*{_NUMBER}\s*([kKmMgGtTpPeE][iI]?)?[bB]?\s*$",
        "minimum": 0,
    },
    "Cron": {"type": "string"},
    "Duration": {
        "type": ["string", "number"],
        "pattern": rf"^\s*(P[0-9TYWDHMS.,]+|{_NUMBER}\s*([a-zA-Zµμ]+\s*([0-9][0-9._]*\s*[a-zA-Zµμ]+\s*)*)?)\s*$",
        "minimum": 0,
    },
    "Network": {"type": "string"},
    "Port": {"type": ["string", "integer"], "pattern": "^[0-9]{1,5}$", "minimum": 1, "maximum": 65535},
    "Ratio": {
        "type": ["string", "number"],
        "pattern": rf"^\s*{_NUMBER}\s*%?\s*$",
        "minimum": 0,
        "maximum": 1,
    },
    "Regex": {"type": "string"},
    "Secret": {"type": "string", "writeOnly": True},
    "Url": {"type": "string", "pattern": "^\\s*[A-Za-z][A-Za-z0-9+.-]*://"},
}
"""What JSON Schema can say of the field types: a little more than they take, and nothing that they do."""


def _own_keywords(shape: Shape) -> dict[str, Any]:
    made = allowed(shape)
    name = (
        shape.field_type.__name__
        if shape.field_type
        else "Duration"
        if made.get("format") == "duration"
        else None
    )
    if name in _FORMS:
        made.pop("format", None)
        made = _FORMS[name] | {key: value for key, value in made.items() if key != "type"}
        made["x-confguard"] = {"type": name} | made.get("x-confguard", {})
    elif shape.kind in {"any", "value"} and not ({"type", "enum"} & made.keys()) and not shape.variants:
        made = by_pydantic(shape.hint) | made
    if shape.secret:
        made["writeOnly"] = True
    made.pop("default", None)
    default = NOTHING if made.get("writeOnly") else _default(shape)
    if default is not NOTHING and shown_at(default, (), shape) == default:
        made["default"] = default
    order = [key for key in made if key not in {"default", "x-confguard"}]
    return {
        key: _number(made[key])
        for key in (*order, "default", "x-confguard")
        if key in made and _is_json(made[key])
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
    made = _as_data(value)
    return made if _is_json(made) else NOTHING


def _as_data(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return _as_data(value.model_dump(by_alias=True))
    if attrs.has(type(value)) and not hasattr(type(value), "parse"):
        return {
            item.name: _as_data(getattr(value, item.name)) for item in attrs.fields(type(value)) if item.init
        }
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            item.name: _as_data(getattr(value, item.name)) for item in dataclasses.fields(value) if item.init
        }
    if isinstance(value, dict):
        return {str(plain(key)): _as_data(child) for key, child in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_as_data(child) for child in value]
    return plain(value)
