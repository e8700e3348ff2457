"""A schema as pages for people: a commented example, which the schema takes as it is, and a page of reference."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from html import escape
from typing import Any, NamedTuple, TypeAlias

from confguard.documents.document import write
from confguard.documents.editing.toml_values import dotted, inline
from confguard.documents.editing.tree import UnfitError
from confguard.errors import DocumentError
from confguard.paths import show_path
from confguard.schema.bounds import listed
from confguard.schema.example_data import example_data, placeholder
from confguard.schema.json_export import own_fields, plain_data
from confguard.schema.limits import allowed, default_text, described
from confguard.schema.schema import Schema
from confguard.schema.secrets import shown_at
from confguard.schema.shape import COMPUTED, NOTHING, Shape
from confguard.secrets import HIDDEN


def tables_of(shape: Shape) -> list[Shape]:
    """The members of a union that are tables with fields; the shape itself where it is none."""
    return [leaf for leaf in shape.leaves if leaf.kind == "map" and leaf.fields]


def member_name(union: Shape, table: Shape) -> str:
    """How a member is told from the others: by its tag, else by its class."""
    tag = next((tag for tag, each in union.tagged.items() if table in each.whole.leaves), None)
    if tag is not None and union.tags:
        return f"{union.tags[0]} {tag!r}"
    return str(tag if tag is not None else getattr(table.hint, "__name__", "a table"))


def example_file(schema: Schema[Any], format: str = "toml", *, schema_file: str | None = None) -> str:
    """An example with every setting that fits as it is: what need not be there is commented out, with its default.

    What must be there is marked as required: its value is made up.

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
            yield from _about(child, required=shape.requires(key))
            yield _assignment((*path, key), child, data, "toml")
    yield from _others(shape, data, path, "toml")
    for key, child in fields:
        if _is_table(child, data, key):
            inner, there = (*path, key), data.get(key) if data is not None else None
            lines = list(_toml_lines(child, there, inner))
            open_ = there is not None or (data is not None and _may_be_empty(child))
            yield ""
            yield from _about(child, required=shape.requires(key))
            yield ("" if open_ else "# ") + f"[{dotted(inner)}]"
            yield from lines


def _yaml_lines(shape: Shape, data: dict[str, Any] | None, path: tuple[str, ...]) -> Iterator[str]:
    indent, shape = "  " * len(path), _meant(shape, data)
    for key, child in own_fields(shape):
        for line in _about(child, required=shape.requires(key)):
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
    required = any(shape.requires(key) for key, _ in own_fields(shape))
    return not (shape.optional or shape.variants or required)


def _others(shape: Shape, data: dict[str, Any] | None, path: tuple[str, ...], format: str) -> Iterator[str]:
    """What the example holds, and no field is named for."""
    for key, value in (data or {}).items():
        if key not in shape.fields:
            yield _line(key, shown_at(value, (*path, key), shape.child(key)), format)


def _about(shape: Shape, *, required: bool) -> Iterator[str]:
    yield from (f"# {line}".rstrip() for line in (shape.description or "").splitlines())
    says = ["required"] if required else []
    if shape.variants and shape.kind == "map" and shape.fields:
        says.append(listed(dict.fromkeys(member_name(shape, table) for table in tables_of(shape))))
    elif shape.kind != "map" or not shape.fields:
        says.append(described(shape, shape.field_type.expects if shape.field_type else None))
    if says:
        yield f"# {', '.join(says)}"


def _assignment(path: tuple[str, ...], shape: Shape, data: dict[str, Any] | None, format: str) -> str:
    key, default = path[-1], default_text(shape)
    if data is not None and key in data:
        return _line(key, shown_at(data[key], path, shape), format)
    if default is None:
        return f"# {key} is not set"
    default = placeholder(shape) if default is NOTHING or shape.default is COMPUTED else default
    try:
        return "# " + _line(key, shown_at(default, path, shape), format)
    except DocumentError:  # such as a null in a list, in TOML
        return f"# {key}"


def _line(key: str, value: Any, format: str) -> str:
    if format == "toml":
        try:
            return f"{dotted([key])} = {inline(plain_data(value))}"
        except UnfitError as error:
            hint = "confguard schema example --as yaml"
            raise DocumentError("TOML has no null, which the schema asks for", hint=hint) from error
    text = write({key: value}, format).text.rstrip("\n")
    return text if "\n" not in text else f"{text.partition(':')[0]}: {json.dumps(value)}"


Current: TypeAlias = Callable[[tuple[str, ...]], tuple[str, str, str]]
"""What a setting is now, whose it is, and who changed it last, as Markdown."""


def reference_page(schema: Schema[Any], current: Current | None = None) -> str:
    """A Markdown page with a row for each setting; with what it is now, where that is known."""
    now = ["now", "owner", "last change"] if current else []
    columns = ["setting", "type", "default", *now, "what"]
    rows = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    rows += [_row(each, current(each.path) if current else ()) for each in _settings(schema.shape, ())]
    return "\n".join([f"# {schema.name}", "", *rows]) + "\n"


class _Setting(NamedTuple):
    path: tuple[str, ...]
    shape: Shape
    required: bool
    of: str
    """Which members of a union have it, where not all do."""


def _settings(shape: Shape, path: tuple[str, ...], of: str = "") -> Iterator[_Setting]:
    tables = tables_of(shape)
    named = {key: child for table in tables for key, child in own_fields(table)}
    for key, child in named.items():
        having = [table for table in tables if key in table.fields]
        names = (member_name(shape, table) for table in having)
        child = shape.child(key) if len(having) > 1 else child  # noqa: PLW2901 - what all of them say
        which = f"of {listed(names, 'and')}" if len(having) < len(tables) else of
        if child.kind == "map" and child.fields:
            yield from _settings(child, (*path, key), which)
        else:
            yield _Setting((*path, key), child, all(table.requires(key) for table in having), which)


def _row(setting: _Setting, current: tuple[str, ...]) -> str:
    path, shape, required, which = setting
    keywords = allowed(shape)
    if required or shape.default is NOTHING:
        default = "required" if required else "optional"
    else:
        shown = shown_at(default_text(shape), path, shape)
        default = f"`{json.dumps(shown)}`" if shown != HIDDEN else HIDDEN
    extra = keywords.get("x-confguard", {})
    notes = [which, keywords.get("description", "")]
    notes += [f"impact: {extra['impact']}"] if "impact" in extra else []
    notes += [f"deprecated: {shape.deprecated}"] if shape.deprecated else []
    what = escape("; ".join(filter(None, notes)), quote=False)
    cells = (f"`{show_path(path)}`", described(shape), default, *current, what)
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"
