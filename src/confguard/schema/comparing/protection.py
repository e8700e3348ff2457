"""Secrets that lose their protection: wherever a schema says of one that it is, and the next says so no more."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from attrs import define, field

from confguard.schema.comparing.cases import Part, parts_of, subschemas_of
from confguard.schema.comparing.finding import SchemaFinding
from confguard.schema.nodes import SchemaNode
from confguard.schema.secrets import is_secret
from confguard.schema.shape import ANYTHING
from confguard.schema.vocabulary import write_only

__all__ = ["lost_protection"]

_OFTEN = 4
"""At how many paths it is said what changed within one definition."""
_CONDITIONAL = ("anyOf", "oneOf")
_OF_VALUES = ("additionalProperties", "unevaluatedProperties")
_OF_ELEMENTS = ("items", "contains", "unevaluatedItems")


def lost_protection(old: SchemaNode, new: SchemaNode) -> Iterator[SchemaFinding]:
    """What was secret by the old schema, and may be shown by the new one: in unions, tuples, maps, keys, too."""
    yield from _Walk().of((old,), (new,), (), ())


@define
class _Walk:
    _walked: Counter[tuple[int, ...]] = field(factory=Counter)
    _inside: set[tuple[int, ...]] = field(factory=set)

    def of(
        self,
        old: Iterable[SchemaNode],
        new: Iterable[SchemaNode],
        path: tuple[Any, ...],
        now: tuple[Any, ...],
    ) -> Iterator[SchemaFinding]:
        """What changed at one place, which is at `now` in the new schema, and below."""
        before, after = ([part for node in nodes for part in _possible(node, ())] for nodes in (old, new))
        key = tuple(id(part.node.data) for part in (*before, *after))
        if not before or not after or key in self._inside or self._walked[key] >= _OFTEN or _secret(after):
            return
        by_name = path != now and is_secret(path, ANYTHING) and not is_secret(now, ANYTHING)
        if _secret(before) or (by_name and _may_be_text(before)):
            yield SchemaFinding("CS108", "risky", path, "was a secret, and may be shown now")
            return
        self._walked[key] += 1
        self._inside.add(key)
        yield from self._below(before, after, path, now)
        self._inside.discard(key)

    def _below(
        self, before: list[Part], after: list[Part], path: tuple[Any, ...], now: tuple[Any, ...]
    ) -> Iterator[SchemaFinding]:
        if _secret(_keys(before)) and not _secret(_keys(after)):
            yield SchemaFinding(
                "CS108", "risky", (*path, "*"), "had keys that were secret, and may be shown now"
            )
        renamed = {old: name for part in after for old, name in part.renamed.items()}
        own = dict.fromkeys(name for part in before for name in part.keywords.get("properties", ()))
        others = dict.fromkeys(name for part in after for name in part.keywords.get("properties", ()))
        for name in own | {name: None for name in others if name not in renamed.values()}:
            there = renamed.get(name, name)
            nodes = _values(before, name), _values(after, there)
            yield from self.of(*nodes, (*path, name), (*now, there))
        yield from self.of(_values(before, None), _values(after, None), (*path, "*"), (*now, "*"))
        for i in range(max(len(part.keywords.get("prefixItems", ())) for part in (*before, *after))):
            yield from self.of(_elements(before, i), _elements(after, i), (*path, i), (*now, i))
        yield from self.of(_elements(before, None), _elements(after, None), (*path, "*"), (*now, "*"))


def _possible(node: SchemaNode, above: tuple[int, ...]) -> Iterator[Part]:
    """A schema and all that may hold where it does: members of unions, what depends on something else."""
    if node.data is False or id(node.data) in above:
        return
    for part in parts_of(node):
        yield part
        members = [each for union in _CONDITIONAL for each in part.keywords.get(union, ())]
        members += [part.keywords[name] for name in ("then", "else") if name in part.keywords]
        members += part.keywords.get("dependentSchemas", {}).values()
        for member in members:
            if member != {"type": "null"}:
                yield from _possible(part.node.child(member), (*above, id(node.data)))


def _secret(parts: Iterable[Part]) -> bool:
    return any(write_only(part.keywords) for part in parts)


def _may_be_text(parts: Iterable[Part]) -> bool:
    kinds = [part.keywords["type"] for part in parts if "type" in part.keywords]
    return not kinds or any("string" in (kind if isinstance(kind, list) else [kind]) for kind in kinds)


def _keys(parts: list[Part]) -> list[Part]:
    return [part for node in subschemas_of(parts, "propertyNames") for part in _possible(node, ())]


def _values(parts: list[Part], name: str | None) -> list[SchemaNode]:
    """What is said of the values of a key; without one, of those that are not named."""
    named = [
        part.node.child(child)
        for part in parts
        for child in (
            *([part.keywords["properties"][name]] if name in part.keywords.get("properties", ()) else ()),
            *(
                child
                for pattern, child in part.keywords.get("patternProperties", {}).items()
                if name is None or re.search(pattern, name)
            ),
        )
    ]
    return named if named and name is not None else [*named, *_said(parts, _OF_VALUES)]


def _elements(parts: list[Part], position: int | None) -> list[SchemaNode]:
    """What is said of the element at a position; without one, of those that have none of their own."""
    firsts = [(part, part.keywords.get("prefixItems", ())) for part in parts]
    placed = [
        part.node.child(first[position])
        for part, first in firsts
        if position is not None and position < len(first)
    ]
    return placed or _said(parts, _OF_ELEMENTS)


def _said(parts: list[Part], keywords: tuple[str, ...]) -> list[SchemaNode]:
    values = ((part, part.keywords.get(keyword)) for part in parts for keyword in keywords)
    return [part.node.child(child) for part, child in values if isinstance(child, dict)]
