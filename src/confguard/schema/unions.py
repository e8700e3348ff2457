"""The tables of which a union is one, and what each is called."""

from __future__ import annotations

from confguard.schema.shape import Shape

__all__ = ["member_name", "tables_of"]


def tables_of(shape: Shape) -> list[Shape]:
    """The members of a union that are tables with fields; the shape itself where it is none."""
    return [leaf for leaf in shape.leaves if leaf.kind == "map" and leaf.fields]


def member_name(union: Shape, table: Shape) -> str:
    """How a member is told from the others: by its tag, else by its class."""
    tag = next((tag for tag, each in union.tagged.items() if table in each.whole.leaves), None)
    if tag is not None and union.tags:
        return f"{union.tags[0]} {tag!r}"
    return str(tag if tag is not None else getattr(table.hint, "__name__", "a table"))
