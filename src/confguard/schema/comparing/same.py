"""Whether two JSON Schemas say the same."""

from __future__ import annotations

from typing import Any

from confguard.schema.comparing.cases import Case
from confguard.schema.nodes import SchemaNode
from confguard.schema.vocabulary import SILENT, subschemas

__all__ = ["equal", "same", "says_same"]


def says_same(case: Case, new: SchemaNode, *keywords: str) -> bool:
    """Does the old schema say the same with these keywords?"""
    asked = SchemaNode(
        {key: new.keywords[key] for key in keywords if key in new.keywords}, new.resolver, new.draft
    )
    return any(
        same(
            SchemaNode(
                {key: part.keywords[key] for key in keywords if key in part.keywords},
                part.node.resolver,
                part.node.draft,
            ),
            asked,
        )
        for part in case.parts
    )


def same(one: SchemaNode, other: SchemaNode, assumed: set[tuple[int, int]] | None = None) -> bool:
    """Do two schemas say the same, but for what is only for people?"""
    assumed = set() if assumed is None else assumed
    key = (id(one.data), id(other.data))
    if one.data is other.data or key in assumed:
        return True
    if not isinstance(one.data, dict) or not isinstance(other.data, dict):
        return bool(one.data == other.data)
    assumed.add(key)  # if that proves wrong, then so does the whole
    mine, yours = one.keywords, other.keywords
    if {key for key in mine if key not in SILENT} != {key for key in yours if key not in SILENT}:
        return False
    below_mine, below_yours = (
        {steps: child for steps, child in subschemas(keywords) if steps[0] not in SILENT}
        for keywords in (mine, yours)
    )
    references = [list(map(node.target, node.references)) for node in (one, other)]
    return (
        below_mine.keys() == below_yours.keys()
        and len(references[0]) == len(references[1])
        and all(
            equal(mine[key], yours[key])
            for key in mine
            if key not in SILENT | {steps[0] for steps in below_mine}
        )
        and all(same(a, b, assumed) for a, b in zip(*references, strict=True))
        and all(
            same(one.child(child), other.child(below_yours[steps]), assumed)
            for steps, child in below_mine.items()
        )
    )


def equal(one: Any, other: Any) -> bool:
    """Are two values of keywords equal and of one type? `true` is not 1."""
    return type(one) is type(other) and bool(one == other)
