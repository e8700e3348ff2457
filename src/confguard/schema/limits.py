"""What a schema allows at one place, in words that all ways of writing schemas share: JSON Schema's."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from confguard.fields import FieldType, Impact, KeyedBy, Owner, Renamed, Safer, Unordered
from confguard.schema.conversion import standard
from confguard.schema.interface import NOTHING
from confguard.schema.options import options_of
from confguard.schema.shape import Shape

__all__ = ["BOUNDS", "allowed", "default_text", "plain", "type_name"]

BOUNDS = {
    "ge": "minimum",
    "le": "maximum",
    "gt": "exclusiveMinimum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
}
"""The attributes by which `annotated_types` (and pydantic) give bounds, and JSON Schema's words for them."""

_TYPES = {int: "integer", float: "number", str: "string", bool: "boolean"}
_NUMBERS_TOO = {"duration", "decimal"}


def allowed(shape: Shape) -> dict[str, Any]:
    """JSON Schema's keywords for the value at one place, `x-confguard` among them."""
    made: dict[str, Any] = {}
    if shape.description:
        made["description"] = shape.description
    if shape.field_type:
        made["type"] = ["string", "number"]
        made["description"] = shape.description or shape.field_type.expects
    elif shape.hint in _TYPES:
        made["type"] = _TYPES[shape.hint]
    elif options := options_of(shape.hint):
        made["enum"] = options
    elif known := standard(shape.hint):
        made["type"] = ["string", "number"] if known.form in _NUMBERS_TOO else "string"
        if known.form:
            made["format"] = known.form
    for mark in shape.marks:
        for name, keyword in BOUNDS.items():
            bound = getattr(mark, name, None)
            if bound is not None and not callable(bound):
                made[_for_lists(keyword, shape)] = bound
    if shape.default is not NOTHING and not callable(shape.default):
        made["default"] = plain(shape.default)
    if shape.deprecated:
        made["deprecated"] = True
    extra = dict(_extra(shape))
    return made | ({"x-confguard": extra} if extra else {})


def type_name(shape: Shape) -> str:
    """The type in a word or two, for people."""
    if shape.field_type:
        return shape.field_type.__name__.lower()
    if shape.kind in {"map", "list"}:
        return {"map": "table", "list": "list"}[shape.kind]
    keywords = allowed(shape)
    if "enum" in keywords:
        return " or ".join(f"`{option}`" for option in keywords["enum"])
    return str(keywords.get("format") or keywords.get("type", "anything"))


def default_text(shape: Shape) -> Any:
    """The default as a document writes it; NOTHING where there is none."""
    if shape.default is NOTHING:
        return NOTHING
    value = shape.default() if callable(shape.default) else shape.default
    return plain(value)


def _for_lists(keyword: str, shape: Shape) -> str:
    return keyword.replace("Length", "Items") if shape.kind == "list" else keyword


def _extra(shape: Shape) -> Iterable[tuple[str, Any]]:
    if shape.field_type:
        yield "type", shape.field_type.__name__
    if shape.secret:
        yield "secret", True
    for mark in shape.marks:
        match mark:
            case Impact(level):
                yield "impact", level
            case Safer(direction):
                yield "safer", direction
            case Owner(team):
                yield "owner", team
            case Renamed(old):
                yield "renamed", old
            case Unordered():
                yield "unordered", True
            case KeyedBy():
                yield "keyed_by", list(mark.fields)
            case _:
                pass


def plain(value: Any) -> Any:
    """A scalar as a document would write it."""
    if isinstance(value, FieldType) and not isinstance(value, int):
        return str(value)
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, re.Pattern):
        return value.pattern
    if value is None or isinstance(value, str | int | float | list | dict):
        return value
    return str(value)
