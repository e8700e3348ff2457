"""A schema as files for people: a commented example, a page of reference."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from confguard.documents.writing import write
from confguard.errors import DocumentError
from confguard.paths import show_path
from confguard.schema.interface import NOTHING
from confguard.schema.json_export import json_schema, own_fields
from confguard.schema.limits import allowed, default_text, type_name
from confguard.schema.schema import Schema
from confguard.schema.secrets import shown_at
from confguard.schema.shape import Shape
from confguard.secrets import HIDDEN
from confguard.texts import in_number

__all__ = ["example_file", "json_schema", "reference_page"]


def example_file(schema: Schema[Any], format: str = "toml", *, schema_file: str | None = None) -> str:
    """An example with every setting: what has a default is commented out, with that default.

    With `schema_file`, it begins with the line by which editors find the JSON Schema. Raises `DocumentError` for a
    format without comments.
    """
    headers = {"toml": "#:schema {}", "yaml": "# yaml-language-server: $schema={}"}
    if format not in headers:
        raise DocumentError(f"an example has comments, and {format} has none", hint="toml or yaml")
    lines = [headers[format].format(schema_file), ""] if schema_file else []
    writer = _toml_lines if format == "toml" else _yaml_lines
    return "\n".join([*lines, *writer(schema.shape, ())]).rstrip("\n") + "\n"


def _toml_lines(shape: Shape, path: tuple[str, ...]) -> Iterator[str]:
    for key, child in own_fields(shape):
        if child.kind != "map" or not child.fields:
            yield from _about(child)
            yield _assignment((*path, key), child, "toml")
    for key, child in own_fields(shape):
        if child.kind == "map" and child.fields:
            inner = (*path, key)
            yield ""
            yield from _about(child)
            yield f"[{'.'.join(inner)}]"
            yield from _toml_lines(child, inner)


def _yaml_lines(shape: Shape, path: tuple[str, ...]) -> Iterator[str]:
    indent = "  " * len(path)
    for key, child in own_fields(shape):
        for line in _about(child):
            yield indent + line
        if child.kind == "map" and child.fields:
            yield f"{indent}{key}:"
            yield from _yaml_lines(child, (*path, key))
        else:
            yield indent + _assignment((*path, key), child, "yaml")


def _about(shape: Shape) -> Iterator[str]:
    keywords = allowed(shape)
    if shape.description:
        yield f"# {shape.description}"
    if shape.kind == "map" and shape.fields:
        return
    bounds = _bounds_text(keywords)
    kind = shape.field_type.expects if shape.field_type else type_name(shape)
    yield f"# {kind}{', ' + bounds if bounds else ''}"


def _assignment(path: tuple[str, ...], shape: Shape, format: str) -> str:
    key, default = path[-1], shown_at(default_text(shape), path, shape)
    if default is NOTHING:
        return _line(key, _placeholder(shape), format)
    return "# " + (_line(key, default, format) if default is not None else f"{key} is not set")


def _line(key: str, value: Any, format: str) -> str:
    text = write({key: value}, format).text.rstrip("\n")
    return text if "\n" not in text else f"{key}{' =' if format == 'toml' else ':'} {json.dumps(value)}"


def _placeholder(shape: Shape) -> Any:
    keywords = allowed(shape)
    if "enum" in keywords:
        return keywords["enum"][0]
    if shape.kind == "list":
        return []
    if shape.kind == "map":
        return {}
    least = keywords.get("minimum", keywords.get("exclusiveMinimum", -1) + 1)
    return {"integer": least, "number": float(least), "boolean": False}.get(str(keywords.get("type")), "...")


def _bounds_text(keywords: dict[str, Any]) -> str:
    words = {
        "minimum": "at least {}",
        "maximum": "at most {}",
        "exclusiveMinimum": "more than {}",
        "exclusiveMaximum": "less than {}",
        "multipleOf": "a multiple of {}",
        "minLength": "at least {} characters",
        "maxLength": "at most {} characters",
        "minItems": "at least {} elements",
        "maxItems": "at most {} elements",
        "pattern": "like {}",
    }
    return ", ".join(
        in_number(text.format(keywords[name])) for name, text in words.items() if name in keywords
    )


def reference_page(schema: Schema[Any]) -> str:
    """A Markdown page with a row for each setting."""
    rows = ["| setting | type | default | what |", "|---|---|---|---|"]
    rows += [_row(path, shape) for path, shape in _settings(schema.shape, ())]
    return "\n".join([f"# {schema.name}", "", *rows]) + "\n"


def _settings(shape: Shape, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Shape]]:
    for key, child in own_fields(shape):
        if child.kind == "map" and child.fields:
            yield from _settings(child, (*path, key))
        else:
            yield (*path, key), child


def _row(path: tuple[str, ...], shape: Shape) -> str:
    keywords = allowed(shape)
    bounds = _bounds_text(keywords)
    default = shown_at(default_text(shape), path, shape)
    shown = "required" if default is NOTHING else f"`{json.dumps(default)}`" if default != HIDDEN else HIDDEN
    extra = keywords.get("x-confguard", {})
    notes = [keywords.get("description", "")]
    notes += [f"impact: {extra['impact']}"] if "impact" in extra else []
    notes += [f"deprecated: {shape.deprecated}"] if shape.deprecated else []
    kind = type_name(shape) + (f", {bounds}" if bounds else "")
    cells = (f"`{show_path(path)}`", kind, shown, "; ".join(filter(None, notes)))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
