"""What a JSON Schema allows, as cases without `anyOf` and the like: each a set of types and what holds there."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from attrs import evolve, frozen

from confguard.schema.comparing.ranges import Range
from confguard.schema.comparing.texts import all_matching
from confguard.schema.json_validation import fits
from confguard.schema.nodes import SchemaNode, subschemas

ALL_TYPES = frozenset({"null", "boolean", "integer", "fraction", "string", "array", "object"})
"""The types of values; `fraction` is what is a number and no integer."""
_MOST = 64
"""More cases than these are taken together, which loses what tells them apart."""


@frozen(eq=False)
class SchemaCase:
    """One way to fit a schema."""

    types: frozenset[str]
    parts: tuple[SchemaNode, ...] = ()
    exact: bool = True
    """Is this all that the schema says? Where not, values may be meant here that it does not allow."""
    values: tuple[Any, ...] | None = None
    """All the values there are, where they can be listed."""

    def all(self, keyword: str) -> list[Any]:
        """What the parts say with a keyword."""
        return [part.keywords[keyword] for part in self.parts if keyword in part.keywords]

    def highest(self, *keywords: str) -> Any:
        """The greatest bound that any part sets; None where there is none."""
        return max((bound for keyword in keywords for bound in self.all(keyword)), default=None)

    def lowest(self, *keywords: str) -> Any:
        """The least bound that any part sets; None where there is none."""
        return min((bound for keyword in keywords for bound in self.all(keyword)), default=None)

    def requires(self, name: str) -> bool:
        """Is a key there in every object?"""
        return any(name in names for names in self.all("required"))


def children_of(parts: Iterable[SchemaNode], name: str) -> tuple[SchemaNode, ...]:
    """What the values of a key must fit, by all of some schemas."""
    return tuple(child for part in parts for child in part.children(name))


def subschemas_of(parts: Iterable[SchemaNode], *keywords: str) -> list[SchemaNode]:
    """What some schemas say with keywords that hold one schema each."""
    return [
        part.child(part.keywords[keyword])
        for part in parts
        for keyword in keywords
        if keyword in part.keywords
    ]


def cases(nodes: tuple[SchemaNode, ...]) -> list[SchemaCase]:
    """The cases of what fits all of some schemas; none where nothing does."""
    result = []
    for case in _expanded(SchemaCase(ALL_TYPES), list(nodes)):
        result.append(case)
        if len(result) > _MOST:
            result = list(_expanded(SchemaCase(ALL_TYPES, exact=False), list(nodes), split=False))
            break
    return [case for case in map(_narrowed, map(listed, result)) if not impossible(case)]


def _narrowed(case: SchemaCase) -> SchemaCase:
    """The case without the types of which nothing fits."""
    if case.values is not None:
        return case
    return evolve(
        case,
        types=frozenset(kind for kind in case.types if not impossible(evolve(case, types=frozenset({kind})))),
    )


def _expanded(case: SchemaCase, waiting: list[SchemaNode], *, split: bool = True) -> Iterator[SchemaCase]:
    if not waiting:
        yield case
        return
    node, *rest = waiting
    if node.data is True or node.data == {}:
        yield from _expanded(case, rest, split=split)
        return
    keywords = node.keywords
    if keywords.get("not") in ({}, True):
        return
    case = evolve(
        case,
        types=case.types & types_named(keywords.get("type")),
        parts=(*case.parts, node),
        exact=case.exact and not ({"not", "dependentSchemas", "if", "unevaluatedItems"} & keywords.keys()),
    )
    if not case.types:
        return
    rest = [*node.parts, *rest]
    unions = [keywords[name] for name in ("anyOf", "oneOf") if name in keywords]
    if "if" in keywords:
        then, other = keywords.get("then", True), keywords.get("else", True)
        unions.append([{"allOf": [keywords["if"], then]}, other])
    yield from _product(case, node, unions if split else [], rest, split=split)


def _product(
    case: SchemaCase, node: SchemaNode, unions: list[Any], rest: list[SchemaNode], *, split: bool
) -> Iterator[SchemaCase]:
    if not unions:
        yield from _expanded(case, rest, split=split)
        return
    first, *others = unions
    for member in first:
        yield from _product(case, node, others, [node.child(member), *rest], split=split)


def listed(case: SchemaCase) -> SchemaCase:
    """The case with all its values, where it says which there are."""
    options = [*case.all("enum"), *([value] for value in case.all("const"))]
    if options:
        values = min(options, key=len)
    elif case.types <= {"null", "boolean"}:
        values = [
            value
            for kind, members in (("null", [None]), ("boolean", [True, False]))
            if kind in case.types
            for value in members
        ]
    elif case.types == {"string"} and (texts := _all_texts(case)) is not None:
        values = texts
    elif case.types == {"array"} and longest(case) == 0:
        values = [[]]
    elif case.types == {"object"} and case.lowest("maxProperties") == 0:
        values = [{}]
    else:
        return case
    fitting = tuple(value for value in values if all(fits(value, part) for part in case.parts))
    return evolve(case, values=fitting, exact=True)


def _all_texts(case: SchemaCase) -> Any:
    if case.lowest("maxLength") == 0:
        return [""]
    languages = [texts for pattern in case.all("pattern") if (texts := all_matching(pattern)) is not None]
    return min(languages, key=len, default=None)


def numbers(case: SchemaCase, kind: str) -> Range:
    """The numbers of a case that are integers, or that are fractions."""
    return Range.of((part.keywords for part in case.parts), whole=kind == "integer")


def impossible(case: SchemaCase) -> bool:
    """Does nothing fit, as far as can be told at once?"""
    if case.values is not None:
        return not case.values
    if not case.types:
        return True
    if case.types <= {"integer", "fraction"}:
        return all(numbers(case, kind).empty for kind in case.types)
    if case.types == {"string"}:
        return (case.highest("minLength") or 0) > _or_infinity(case.lowest("maxLength"))
    if case.types == {"array"}:
        needing = (part for part in case.parts if part.keywords.get("minContains", 1) > 0)
        wanted = subschemas_of(needing, "contains")
        return (case.highest("minItems") or 0) > _or_infinity(longest(case)) or any(
            map(takes_nothing, wanted)
        )
    if case.types == {"object"}:
        needed = dict.fromkeys(name for names in case.all("required") for name in names)
        least = max(case.highest("minProperties") or 0, len(needed))
        return least > _or_infinity(case.lowest("maxProperties")) or any(
            any(map(takes_nothing, children_of(case.parts, name))) or not takes_key(case, name)
            for name in needed
        )
    return False


def longest(case: SchemaCase) -> int | None:
    """How many elements a list has at most; None where it may have any number."""
    bounds = case.all("maxItems")
    for part in case.parts:
        placed = len(part.keywords.get("prefixItems", ()))
        bounds += [i for i in range(placed + 1) if takes_nothing(part.element(i))][:1]
    return min(map(int, bounds), default=None)


def _or_infinity(bound: Any) -> float:
    return math.inf if bound is None else bound


def takes_key(case: SchemaCase, name: str) -> bool:
    """Does the case take a key, by what it says of names?"""
    return all(fits(name, node) for node in subschemas_of(case.parts, "propertyNames"))


def takes_nothing(node: SchemaNode) -> bool:
    """Does a schema say, plainly, that nothing fits?"""
    return node.data is False or (isinstance(node.data, dict) and node.data.get("not", False) in ({}, True))


def parts_of(node: SchemaNode) -> Iterator[SchemaNode]:
    """A schema and those that hold wherever it does."""
    yield node
    for part in node.parts:
        yield from parts_of(part)


def parts_below(node: SchemaNode, keywords: Collection[str], depth: int = 8) -> Iterator[SchemaNode]:
    """A schema, those that hold wherever it does, and those that these keywords have: under some condition."""
    for part in parts_of(node):
        yield part
        for (keyword, *_), child in subschemas(part.keywords) if depth > 0 else ():
            if keyword in keywords:
                yield from parts_below(part.child(child), keywords, depth - 1)


def types_named(kinds: Any) -> frozenset[str]:
    """The types of values that `type` names; all where it is not there."""
    if kinds is None:
        return ALL_TYPES
    named = {kind for kind in (kinds if isinstance(kinds, list) else [kinds]) if isinstance(kind, str)}
    if "any" in named:
        return ALL_TYPES
    return frozenset(named - {"number"} | ({"integer", "fraction"} if "number" in named else set()))
