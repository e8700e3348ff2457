"""What else a change of a schema means for files that fit before and after: defaults, names, what is new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from attrs import define, field

from confguard.errors import brief
from confguard.schema.absent import NOTHING
from confguard.schema.comparing.cases import Part, children_of, parts_of, takes_nothing
from confguard.schema.comparing.finding import SchemaFinding
from confguard.schema.comparing.same import equal
from confguard.schema.nodes import SchemaNode
from confguard.schema.vocabulary import write_only

__all__ = ["notes"]

_OFTEN = 4
"""At how many paths it is said what changed within one definition."""


def notes(old: SchemaNode, new: SchemaNode) -> Iterator[SchemaFinding]:
    """What changed for those files that both schemas take."""
    yield from _Walk().of((old,), (new,), ())


@define
class _Walk:
    _walked: Counter[tuple[int, ...]] = field(factory=Counter)
    _inside: set[tuple[int, ...]] = field(factory=set)

    def of(
        self, old: tuple[SchemaNode, ...], new: tuple[SchemaNode, ...], path: tuple[Any, ...]
    ) -> Iterator[SchemaFinding]:
        """What changed at one place, and below."""
        before, after = ([part for node in nodes for part in _parts(node)] for nodes in (old, new))
        telling = [part for part in (*before, *after) if part.says_something]
        key = tuple(id(part.node.data) for part in telling or (*before, *after))
        if not before or not after or key in self._inside or self._walked[key] >= _OFTEN:
            return
        self._walked[key] += 1
        self._inside.add(key)
        members = _members(before), _members(after)
        if not members[0] and not members[1]:
            yield from self._keys(before, after, path)
        elif len(members[0]) == len(members[1]):
            for one, other in zip(*members, strict=True):
                yield from self.of((one,), (other,), path)
        self._inside.discard(key)

    def _keys(self, before: list[Part], after: list[Part], path: tuple[Any, ...]) -> Iterator[SchemaFinding]:
        was, now = _properties(before), _properties(after)
        renamed = {old_name: name for part in after for old_name, name in part.renamed.items()}
        for name, children in was.items():
            current, inner = renamed.get(name, name), (*path, name)
            if current != name and current not in was:
                text = f"is called '{current}' now, and read under both names"
                yield SchemaFinding("CS110", "info", inner, text)
            if there := now.get(current) or _of_others(after, current):
                yield from self._child(children, there, inner)
            else:
                yield SchemaFinding("CS101", "risky", inner, "was removed: it is read no more")
        required = {name for part in after for name in part.keywords.get("required", ())}
        for name in sorted(now.keys() - was.keys() - required - {renamed.get(old_name) for old_name in was}):
            if there := _of_others(before, name):
                yield from self._child(there, now[name], (*path, name))
            elif not any(map(takes_nothing, now[name])):
                yield SchemaFinding("CS102", "info", (*path, name), "was added")
        for keyword in ("items", "additionalProperties"):
            yield from self._child(_below(before, keyword), _below(after, keyword), (*path, "*"))

    def _child(
        self, old: tuple[SchemaNode, ...], new: tuple[SchemaNode, ...], path: tuple[Any, ...]
    ) -> Iterator[SchemaFinding]:
        yield from _about(old, new, path)
        yield from self.of(old, new, path)


def _of_others(parts: list[Part], name: str) -> tuple[SchemaNode, ...]:
    """What is said of a key that is not named, as one of many; nothing where that is nothing."""
    return tuple(
        child for child in children_of(parts, name) if child.data != {} and isinstance(child.data, dict)
    )


def _below(parts: list[Part], keyword: str) -> tuple[SchemaNode, ...]:
    values = ((part.node, part.keywords.get(keyword)) for part in parts)
    return tuple(node.child(child) for node, child in values if isinstance(child, dict))


def _parts(node: SchemaNode) -> Iterator[Part]:
    """A schema, those that hold wherever it does, and the one member of a union that is not null."""
    for part in parts_of(node):
        yield part
        for union in ("anyOf", "oneOf"):
            members = [member for member in part.keywords.get(union, ()) if member != {"type": "null"}]
            if len(members) == 1:
                yield from _parts(part.node.child(members[0]))


def _members(parts: list[Part]) -> list[SchemaNode]:
    """The members of a union of more than one."""
    return [
        part.node.child(member)
        for part in parts
        for union in ("anyOf", "oneOf")
        for members in [[each for each in part.keywords.get(union, ()) if each != {"type": "null"}]]
        for member in members
        if len(members) > 1
    ]


def _properties(parts: list[Part]) -> dict[str, tuple[SchemaNode, ...]]:
    properties: dict[str, tuple[SchemaNode, ...]] = {}
    for part in parts:
        for name, child in part.keywords.get("properties", {}).items():
            properties[name] = (*properties.get(name, ()), part.node.child(child))
    return properties


def _about(
    old: tuple[SchemaNode, ...], new: tuple[SchemaNode, ...], path: tuple[Any, ...]
) -> Iterator[SchemaFinding]:
    before, after = ([part.keywords for node in nodes for part in _parts(node)] for nodes in (old, new))
    if not before or not after:
        return
    secret = [any(write_only(keywords) for keywords in parts) for parts in (before, after)]
    was, now = (_first(parts, "default") for parts in (before, after))
    if was is not NOTHING and now is not NOTHING and not equal(was, now) and not any(secret):
        text = f"has the default {brief(repr(now), 80)} and had {brief(repr(was), 80)}"
        yield SchemaFinding("CS106", "risky", path, text, was, now)
    elif was is not NOTHING and now is NOTHING and not any(secret):
        text = f"has no default any more, and had {brief(repr(was), 80)}"
        yield SchemaFinding("CS106", "risky", path, text, was)
    if _first(after, "deprecated") is True and _first(before, "deprecated") is not True:
        yield SchemaFinding("CS111", "info", path, "is deprecated")


def _first(parts: list[dict[str, Any]], keyword: str) -> Any:
    return next((keywords[keyword] for keywords in parts if keyword in keywords), NOTHING)
