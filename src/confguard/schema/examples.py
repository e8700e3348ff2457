"""A schema as a commented example, which the schema takes as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from confguard.documents.document import write
from confguard.errors import DocumentError
from confguard.schema.absent import COMPUTED, NOTHING
from confguard.schema.comparing.ranges import Range
from confguard.schema.example_data import example_data
from confguard.schema.json_export import own_fields
from confguard.schema.limits import allowed, default_text, described
from confguard.schema.schema import Schema
from confguard.schema.secrets import shown_at
from confguard.schema.shape import Shape
from confguard.schema.unions import member_name, tables_of
from confguard.schema.wording import listed

__all__ = ["example_file"]


def example_file(schema: Schema[Any], format: str = "toml", *, schema_file: str | None = None) -> str:
    """An example with every setting that fits as it is: what need not be there is commented out, with its default.

    With `schema_file`, it begins with the line by which editors find the JSON Schema. Raises `DocumentError` for a
    format without comments.
    """
    headers = {"toml": "#:schema {}", "yaml": "# yaml-language-server: $schema={}"}
    if format not in headers:
        raise DocumentError(f"an example has comments, and {format} has none", hint="toml or yaml")
    lines = [headers[format].format(schema_file), ""] if schema_file else []
    data = example_data(schema)
    if not isinstance(data, dict):
        if format == "toml" or not isinstance(data, list):
            raise DocumentError(f"{format} holds a table of settings, and '{schema.name}' takes none")
        return "\n".join([*lines, write(data, format).text])
    writer = _toml_lines if format == "toml" else _yaml_lines
    return "\n".join([*lines, *writer(schema.shape, data, ())]).rstrip("\n") + "\n"


def _toml_lines(shape: Shape, data: dict[str, Any] | None, path: tuple[str, ...]) -> Iterator[str]:
    """The lines of a table that holds `data`; where that is None, it is not there."""
    shape = _meant(shape, data)
    fields = list(own_fields(shape))
    for key, child in fields:
        if not _is_table(child, data, key):
            yield from _about(child)
            yield _assignment((*path, key), child, data, "toml")
    yield from _others(shape, data, path, "toml")
    for key, child in fields:
        if _is_table(child, data, key):
            inner, there = (*path, key), data.get(key) if data is not None else None
            lines = list(_toml_lines(child, there, inner))
            open_ = there is not None or (data is not None and _may_be_empty(child))
            yield ""
            yield from _about(child)
            yield ("" if open_ else "# ") + f"[{'.'.join(map(_toml_key, inner))}]"
            yield from lines


def _yaml_lines(shape: Shape, data: dict[str, Any] | None, path: tuple[str, ...]) -> Iterator[str]:
    indent, shape = "  " * len(path), _meant(shape, data)
    for key, child in own_fields(shape):
        for line in _about(child):
            yield indent + line
        if _is_table(child, data, key):
            there = data.get(key) if data is not None else None
            head = write({key: {}}, "yaml").text.partition(":")[0]
            yield indent + ("# " if there is None else "") + f"{head}:" + (" {}" if there == {} else "")
            yield from _yaml_lines(child, there, (*path, key))
        else:
            yield indent + _assignment((*path, key), child, data, "yaml")
    yield from (indent + line for line in _others(shape, data, path, "yaml"))


def _is_table(shape: Shape, data: dict[str, Any] | None, key: str) -> bool:
    """Is it written setting by setting? What is, by chance, no table in this example is not."""
    return shape.kind == "map" and bool(shape.fields) and isinstance((data or {}).get(key, {}), dict)


def _meant(shape: Shape, data: Any) -> Shape:
    """The member of a union that an example is of: what others have would not go with it."""
    while shape.variants:
        shape = shape.of(data).whole if data is not None else (tables_of(shape) or shape.variants)[0]
    return shape


def _may_be_empty(shape: Shape) -> bool:
    required = any(child.default is NOTHING for _, child in own_fields(shape))
    return not (shape.optional or shape.variants or required)


def _others(shape: Shape, data: dict[str, Any] | None, path: tuple[str, ...], format: str) -> Iterator[str]:
    """What the example holds, and no field is named for."""
    for key, value in (data or {}).items():
        if key not in shape.fields:
            yield _line(key, shown_at(value, (*path, key), shape.child(key)), format)


def _about(shape: Shape) -> Iterator[str]:
    yield from (f"# {line}".rstrip() for line in (shape.description or "").splitlines())
    if shape.variants and shape.kind == "map" and shape.fields:
        yield f"# {listed(dict.fromkeys(member_name(shape, table) for table in tables_of(shape)))}"
    elif shape.kind != "map" or not shape.fields:
        yield f"# {described(shape, shape.field_type.expects if shape.field_type else None)}"


def _assignment(path: tuple[str, ...], shape: Shape, data: dict[str, Any] | None, format: str) -> str:
    key, default = path[-1], default_text(shape)
    if data is not None and key in data:
        return _line(key, shown_at(data[key], path, shape), format)
    if default is None:
        return f"# {key} is not set"
    default = _placeholder(shape) if default is NOTHING or shape.default is COMPUTED else default
    try:
        return "# " + _line(key, shown_at(default, path, shape), format)
    except DocumentError:  # such as a null in a list, in TOML
        return f"# {key}"


def _line(key: str, value: Any, format: str) -> str:
    if format == "toml":
        return f"{_toml_key(key)} = {_toml_value(value)}"
    text = write({key: value}, format).text.rstrip("\n")
    return text if "\n" not in text else f"{text.partition(':')[0]}: {json.dumps(value)}"


def _toml_key(key: str) -> str:
    return key if re.fullmatch("[A-Za-z0-9_-]+", key) else json.dumps(key)


def _toml_value(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        inner = ", ".join(f"{_toml_key(str(key))} = {_toml_value(each)}" for key, each in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml_value, value))}]"
    if value is None:
        raise DocumentError(
            "TOML has no null, which the schema asks for", hint="confguard schema example --as yaml"
        )
    text = write({"x": value}, "toml").text.rstrip("\n").removeprefix("x = ")
    return text if "\n" not in text else json.dumps(value)


def _placeholder(shape: Shape) -> Any:
    if shape.variants:
        return _placeholder(shape.variants[0])
    keywords = allowed(shape)
    if "enum" in keywords:
        return keywords["enum"][0]
    if shape.kind in {"list", "map"}:
        return [] if shape.kind == "list" else {}
    kind = str(keywords.get("type"))
    if kind in {"integer", "number"}:
        return _number(keywords, kind)
    return {"boolean": False, "null": None}.get(kind, "...")


def _number(keywords: dict[str, Any], kind: str) -> float:
    """A number within bounds: the least, or the next to zero where there is none."""
    for whole in (True, False) if kind == "number" else (True,):
        allowed_range = Range.of([keywords], whole=whole)
        for near in (
            (allowed_range,) if allowed_range.low else (allowed_range.within({"minimum": 0}), allowed_range)
        ):
            for value in near:
                return float(value) if kind == "number" else int(value)
    return 0
