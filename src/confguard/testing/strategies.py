"""Hypothesis strategies from any schema: data that fits it, and data that just does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

from attrs import field, frozen

try:
    from hypothesis import assume
    from hypothesis import strategies as st
except ImportError as error:
    raise ImportError("strategies need hypothesis: pip install 'confguard-safety[testing]'") from error

from confguard import fields
from confguard.errors import SchemaError, ValidationError
from confguard.paths import Path
from confguard.schema.limits import allowed
from confguard.schema.schema import Schema, SchemaLike, resolve_schema
from confguard.schema.shape import NOTHING, Shape


@frozen
class Flaw:
    """Data that does not fit, where, and why."""

    data: Any = field(repr=False)
    path: Path
    reason: str


def valid(schema: SchemaLike) -> st.SearchStrategy[dict[str, Any]]:
    """Data that fits a schema, as a document would hold it. Rules across fields are kept by trying.

    >>> from attrs import frozen
    >>> @frozen
    ... class Pool:
    ...     size: int = 64
    >>> from hypothesis import find
    >>> find(valid(Pool), lambda data: "size" in data)
    {'size': 0}
    """
    resolved = _resolved(schema)
    return _table(resolved.shape).filter(lambda data: _problem_paths(resolved, data) == [])


def invalid(schema: SchemaLike) -> st.SearchStrategy[Flaw]:
    """Data that fits but for one value: one that is missing, misspelt, of another type or out of its bounds."""
    resolved = _resolved(schema)

    @st.composite
    def flaws(draw: st.DrawFn) -> Flaw:
        data = draw(valid(resolved))
        path, wrong, reason = draw(st.sampled_from(_flaws(resolved.shape, ())))
        parent = data
        for step in path[:-1]:
            parent = parent.setdefault(step, {})
            assume(isinstance(parent, dict))
        if wrong is NOTHING:
            parent.pop(path[-1], None)
        else:
            parent[path[-1]] = wrong
        assume(path in _problem_paths(resolved, data))
        return Flaw(data, path, reason)

    return flaws()


def _resolved(schema: SchemaLike) -> Schema[Any]:
    resolved = resolve_schema(schema)
    if resolved is None:
        raise SchemaError("a schema is needed")
    return resolved


def _problem_paths(schema: Schema[Any], data: Any) -> list[Path]:
    try:
        schema.validate(data)
    except ValidationError as error:
        return [problem.path for problem in error.problems]
    return []


def _table(shape: Shape) -> st.SearchStrategy[dict[str, Any]]:
    required: dict[str, Any] = {}
    optional: dict[str, Any] = {}
    seen: set[int] = set()
    for key, child in shape.fields.items():
        if key in shape.renamed or id(child) in seen:
            continue
        seen.add(id(child))
        (required if shape.requires(key) else optional)[key] = _value(child)
    return st.fixed_dictionaries(required, optional=optional)


def _value(shape: Shape) -> st.SearchStrategy[Any]:
    keywords = allowed(shape)
    if shape.variants:
        return st.one_of([_value(variant) for variant in shape.variants])
    if shape.field_type:
        return _FIELDS[shape.field_type]
    if shape.kind == "map":
        if shape.fields:
            return _table(shape)
        return st.dictionaries(_TEXTS, _value(shape.rest) if shape.rest else _TEXTS, max_size=3)
    if shape.kind == "list":
        bounds = {"min_size": keywords.get("minItems", 0), "max_size": keywords.get("maxItems")}
        return st.lists(_value(shape.rest) if shape.rest else _TEXTS, **bounds)
    if "enum" in keywords:
        return st.sampled_from(keywords["enum"])
    if "format" in keywords:
        return _FORMATS[keywords["format"]]
    make = _SCALARS.get(str(keywords.get("type")))
    return make(keywords) if make else _TEXTS


_TEXTS = st.text("abcdefgh", min_size=1, max_size=8)


def _integers(keywords: dict[str, Any]) -> st.SearchStrategy[int]:
    least = keywords.get(
        "minimum", keywords["exclusiveMinimum"] + 1 if "exclusiveMinimum" in keywords else None
    )
    most = keywords.get(
        "maximum", keywords["exclusiveMaximum"] - 1 if "exclusiveMaximum" in keywords else None
    )
    return st.integers(least, most)


def _floats(keywords: dict[str, Any]) -> st.SearchStrategy[float]:
    return st.floats(
        keywords.get("minimum", keywords.get("exclusiveMinimum")),
        keywords.get("maximum", keywords.get("exclusiveMaximum")),
        exclude_min="exclusiveMinimum" in keywords,
        exclude_max="exclusiveMaximum" in keywords,
        allow_nan=False,
        allow_infinity=False,
    )


def _strings(keywords: dict[str, Any]) -> st.SearchStrategy[str]:
    if "pattern" in keywords:
        return st.from_regex(keywords["pattern"], fullmatch=True)
    return st.text(
        st.characters(codec="utf-8", exclude_characters="\0"),
        min_size=keywords.get("minLength", 0),
        max_size=keywords.get("maxLength"),
    )


_SCALARS: dict[str, Callable[[dict[str, Any]], st.SearchStrategy[Any]]] = {
    "integer": _integers,
    "number": _floats,
    "string": _strings,
    "boolean": lambda _: st.booleans(),
}
_FORMATS: dict[str, st.SearchStrategy[Any]] = {
    "date-time": st.datetimes().map(datetime.isoformat),
    "date": st.dates().map(date.isoformat),
    "time": st.times().map(time.isoformat),
    "duration": st.integers(0, 86400),
    "decimal": st.decimals(-(10**9), 10**9, places=2).map(str),
    "uuid": st.uuids().map(str),
    "regex": st.sampled_from(["[a-z]+", r"\d{3}", "a|b", "^x.*$"]),
    "ipv4": st.ip_addresses(v=4).map(str),
    "ipv6": st.ip_addresses(v=6).map(str),
    "ipv4network": st.builds("10.{}.0.0/16".format, st.integers(0, 255)),
    "ipv6network": st.builds("fd00:{:x}::/32".format, st.integers(0, 255)),
    "ipv4interface": st.builds("10.0.0.{}/16".format, st.integers(0, 255)),
    "ipv6interface": st.builds("fd00::{:x}/32".format, st.integers(0, 255)),
    "path": st.builds("/{}/{}".format, _TEXTS, _TEXTS),
}
_FIELDS: dict[type[fields.FieldType], st.SearchStrategy[Any]] = {
    fields.Duration: st.builds("{}{}".format, st.integers(1, 999), st.sampled_from(["ms", "s", "m", "h"])),
    fields.ByteSize: st.builds(
        "{}{}".format, st.integers(1, 999), st.sampled_from(["KB", "MiB", "GB", "Gi"])
    ),
    fields.Ratio: st.builds("{}%".format, st.integers(0, 100)),
    fields.Port: st.integers(1, 65535),
    fields.Network: st.builds("10.{}.0.0/16".format, st.integers(0, 255)),
    fields.Url: st.builds("https://{}.example.com/{}".format, _TEXTS, _TEXTS),
    fields.Regex: st.sampled_from(["[a-z]+", r"\d{3}", "a|b", "^x.*$"]),
    fields.Cron: st.builds("{} {} * * *".format, st.integers(0, 59), st.integers(0, 23)),
    fields.Secret: _TEXTS,
}


def _flaws(shape: Shape, path: Path) -> list[tuple[Path, Any, str]]:
    """One flaw of each kind for each place: where, what stands there then, and why that is wrong."""
    flaws: list[tuple[Path, Any, str]] = []
    for key, child in shape.fields.items():
        inner, keywords = (*path, key), allowed(child)
        if key in shape.renamed:
            continue
        if shape.requires(key):
            flaws.append((inner, NOTHING, "required, but missing"))
        if shape.closed:
            flaws.append(((*path, f"{key}_"), 1, "unknown key"))
        if child.variants:
            continue
        if child.kind == "map" and child.fields:
            flaws += _flaws(child, inner)
        if child.field_type and child.field_type is not fields.Secret:
            flaws.append((inner, "no such thing", f"not {child.field_type.expects}"))
        elif child.kind in {"map", "list"} or "enum" in keywords or "type" in keywords:
            flaws.append(
                (inner, "\x7fno such thing" if keywords.get("type") != "string" else [], "of another type")
            )
        for name, step in (("minimum", -1), ("exclusiveMinimum", 0), ("maximum", 1), ("exclusiveMaximum", 0)):
            if name in keywords:
                flaws.append((inner, keywords[name] + step, f"{name} is {keywords[name]}"))
    return flaws
