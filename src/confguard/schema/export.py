"""A schema as pages for people: a commented example, a page of reference."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from html import escape
from typing import Any, TypeAlias

from confguard.paths import show_path
from confguard.schema.absent import NOTHING
from confguard.schema.examples import example_file
from confguard.schema.json_export import json_schema, own_fields
from confguard.schema.limits import allowed, default_text, described
from confguard.schema.schema import Schema
from confguard.schema.secrets import shown_at
from confguard.schema.shape import Shape
from confguard.schema.unions import member_name, tables_of
from confguard.schema.wording import listed
from confguard.secrets import HIDDEN

__all__ = ["Current", "example_file", "json_schema", "reference_page"]


Current: TypeAlias = Callable[[tuple[str, ...]], tuple[str, str, str]]
"""What a setting is now, whose it is, and who changed it last, as Markdown."""


def reference_page(schema: Schema[Any], current: Current | None = None) -> str:
    """A Markdown page with a row for each setting; with what it is now, where that is known."""
    now = ["now", "owner", "last change"] if current else []
    columns = ["setting", "type", "default", *now, "what"]
    rows = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    rows += [_row(*each, current(each[0]) if current else ()) for each in _settings(schema.shape, ())]
    return "\n".join([f"# {schema.name}", "", *rows]) + "\n"


def _settings(
    shape: Shape, path: tuple[str, ...], of: str = ""
) -> Iterator[tuple[tuple[str, ...], Shape, str]]:
    """Each setting, its shape, and which members of a union have it where not all do."""
    tables = tables_of(shape)
    named = {key: child for table in tables for key, child in own_fields(table)}
    for key, child in named.items():
        having = [member_name(shape, table) for table in tables if key in table.fields]
        child = shape.child(key) if len(having) > 1 else child  # noqa: PLW2901 - what all of them say
        which = f"of {listed(having, 'and')}" if len(having) < len(tables) else of
        if child.kind == "map" and child.fields:
            yield from _settings(child, (*path, key), which)
        else:
            yield (*path, key), child, which


def _row(path: tuple[str, ...], shape: Shape, which: str, current: tuple[str, ...]) -> str:
    keywords = allowed(shape)
    default = shown_at(default_text(shape), path, shape)
    shown = "required" if default is NOTHING else f"`{json.dumps(default)}`" if default != HIDDEN else HIDDEN
    extra = keywords.get("x-confguard", {})
    notes = [which, keywords.get("description", "")]
    notes += [f"impact: {extra['impact']}"] if "impact" in extra else []
    notes += [f"deprecated: {shape.deprecated}"] if shape.deprecated else []
    what = escape("; ".join(filter(None, notes)), quote=False)
    cells = (f"`{show_path(path)}`", described(shape), shown, *current, what)
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"
