"""Whether nothing fits two JSON Schemas both."""

from __future__ import annotations

from attrs import evolve

from confguard.schema.comparing.cases import Case, cases, children_of, impossible
from confguard.schema.json_validation import fits
from confguard.schema.nodes import SchemaNode

__all__ = ["disjoint", "excludes_some"]


def disjoint(one: Case, node: SchemaNode, depth: int = 0) -> bool:
    """Is it sure that nothing fits both?"""
    return all(_apart(one, other, node, depth) for other in cases((node,)))


def _apart(one: Case, other: Case, node: SchemaNode, depth: int) -> bool:
    if not one.types & other.types:
        return True
    if one.values is not None:
        return not any(fits(value, node) for value in one.values)
    if other.values is not None:
        return all(not all(fits(value, part.node) for part in one.parts) for value in other.values)
    if one.types <= {"integer", "fraction"}:
        return impossible(evolve(one, types=one.types & other.types, parts=(*one.parts, *other.parts)))
    if one.types != {"object"} or depth > 4:
        return False
    names = {name for case in (one, other) for names in case.all("required") for name in names}
    return any(_differs(one, other, name, depth) for name in names)


def _differs(one: Case, other: Case, name: str, depth: int) -> bool:
    """Must a key, where it is there, have a value in the one case that it cannot have in the other?"""
    mine = children_of(one.parts, name)
    yours = children_of(other.parts, name)
    return all(any(disjoint(case, child, depth + 1) for child in yours) for case in cases(mine))


def excludes_some(case: Case) -> bool:
    """May what fits a case fit more than one member of a `oneOf`, and so not fit it?"""
    return any(
        sum(not disjoint(case, part.node.child(member)) for member in part.keywords["oneOf"]) > 1
        for part in case.parts
        if "oneOf" in part.keywords
    )
