"""Whether two JSON Schemas say the same, and whether nothing fits them both."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from confguard.schema.comparing.cases import SchemaCase, cases, children_of, impossible
from confguard.schema.json_validation import fits
from confguard.schema.nodes import SILENT, SchemaNode, subschemas


def says_same(case: SchemaCase, new: SchemaNode, *keywords: str) -> bool:
    """Does the old schema say the same with these keywords?"""

    def only(node: SchemaNode) -> SchemaNode:
        return node.child(
            {keyword: node.keywords[keyword] for keyword in keywords if keyword in node.keywords}
        )

    asked = only(new)
    return any(same(only(part), asked) for part in case.parts)


def same(one: SchemaNode, other: SchemaNode, assumed: set[tuple[int, int]] | None = None) -> bool:
    """Do two schemas say the same, but for what is only for people?"""
    assumed = set() if assumed is None else assumed
    key = (id(one.data), id(other.data))
    if one.data is other.data or key in assumed:
        return True
    if not isinstance(one.data, dict) or not isinstance(other.data, dict):
        return bool(one.data == other.data)
    assumed.add(key)  # if that proves wrong, then so does the whole
    mine, yours = (
        {keyword: value for keyword, value in node.keywords.items() if keyword not in SILENT}
        for node in (one, other)
    )
    below_mine, below_yours = dict(subschemas(mine)), dict(subschemas(yours))
    leading_mine, leading_yours = (list(map(node.target, node.references)) for node in (one, other))
    if mine.keys() != yours.keys() or below_mine.keys() != below_yours.keys():
        return False
    pairs = [(one.child(child), other.child(below_yours[steps])) for steps, child in below_mine.items()]
    return (
        len(leading_mine) == len(leading_yours)
        and all(equal(mine[key], yours[key]) for key in mine.keys() - {steps[0] for steps in below_mine})
        and all(same(*pair, assumed) for pair in [*zip(leading_mine, leading_yours, strict=True), *pairs])
    )


def equal(one: Any, other: Any) -> bool:
    """Are two values of keywords equal and of one type? `true` is not 1."""
    return type(one) is type(other) and bool(one == other)


def disjoint(one: SchemaCase, node: SchemaNode, depth: int = 0) -> bool:
    """Is it sure that nothing fits both?"""
    return all(_apart(one, other, node, depth) for other in cases((node,)))


def _apart(one: SchemaCase, other: SchemaCase, node: SchemaNode, depth: int) -> bool:
    if not one.types & other.types:
        return True
    if one.values is not None:
        return not any(fits(value, node) for value in one.values)
    if other.values is not None:
        return all(not all(fits(value, part) for part in one.parts) for value in other.values)
    if one.types <= {"integer", "fraction"}:
        return impossible(evolve(one, types=one.types & other.types, parts=(*one.parts, *other.parts)))
    if one.types != {"object"} or depth > 4:
        return False
    names = {name for case in (one, other) for names in case.all("required") for name in names}
    return any(_differs(one, other, name, depth) for name in names)


def _differs(one: SchemaCase, other: SchemaCase, name: str, depth: int) -> bool:
    """Must a key, where it is there, have a value in the one case that it cannot have in the other?"""
    mine = children_of(one.parts, name)
    yours = children_of(other.parts, name)
    return all(any(disjoint(case, child, depth + 1) for child in yours) for case in cases(mine))


def excludes_some(case: SchemaCase) -> bool:
    """May what fits a case fit more than one member of a `oneOf`, and so not fit it?"""
    return any(
        sum(not disjoint(case, part.child(member)) for member in part.keywords["oneOf"]) > 1
        for part in case.parts
        if "oneOf" in part.keywords
    )
