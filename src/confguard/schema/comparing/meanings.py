"""What else a change of a schema means than what it refuses: defaults, names, what is new, secrets that are shown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Literal, TypeAlias

from attrs import define, field, frozen

from confguard.errors import brief
from confguard.paths import path_to_json, show_path
from confguard.schema.comparing.cases import Part, children_of, parts_of, subschemas_of, takes_nothing
from confguard.schema.comparing.relations import equal
from confguard.schema.nodes import SchemaNode, write_only
from confguard.schema.secrets import is_secret
from confguard.schema.shape import ANYTHING, NOTHING

__all__ = ["GRADES", "Grade", "SchemaFinding", "lost_protection", "notes"]

Grade: TypeAlias = Literal["breaking", "may-break", "risky", "info"]
GRADES: tuple[Grade, ...] = ("breaking", "may-break", "risky", "info")

_ADVICE = {
    "CS101": "Keep it, with `deprecated`, until no file has it; or give its new name the mark `Renamed`.",
    "CS102": "Give it a default, or add it to every file first.",
    "CS103": "Give it a default, or add it to every file first.",
    "CS104": "Take both types until every file is changed.",
    "CS105": "Look whether every file is within it: `confguard check --schema NEW FILE...`.",
    "CS106": "Files that leave it out now mean something else: write the old value where it is to stay.",
    "CS107": "Keep the option, with a note, until no file has it.",
    "CS108": "Mark it as a secret again, or change what it holds.",
    "CS109": "Allow other keys, or look whether every file has only these.",
    "CS110": "Bring files up to it: `confguard schema migrate NEW FILE`.",
    "CS111": "Tell who sets it what to use instead.",
    "CS112": "Keep the member, or change every file that is of it first.",
    "CS113": "Tell members apart by a key with one value for each, or use `anyOf`.",
    "CS114": "Look whether every file still fits: `confguard check --schema NEW FILE...`.",
    "CS115": "Look whether every value has this form: `confguard check --schema NEW FILE...`.",
}


@frozen
class SchemaFinding:
    """One difference between two versions of a schema.

    `breaking`: a file that was right is refused. `may-break`: it cannot be told whether there is one. `risky`: a file
    is read, and means something else. `info`: worth knowing.
    """

    code: str
    grade: Grade
    path: tuple[Any, ...]
    message: str
    was: Any = None
    now: Any = None
    example: tuple[Any] | None = None
    """In a tuple of one: a value here that the old schema takes and the new one does not, where one was found."""

    @property
    def advice(self) -> str:
        """What to do."""
        return _ADVICE[self.code]

    def to_json(self) -> dict[str, object]:
        """The finding as JSON."""
        members: dict[str, object] = {
            "code": self.code,
            "grade": self.grade,
            "path": path_to_json(self.path),
            "message": self.message,
            "was": self.was,
            "now": self.now,
            "advice": self.advice,
        }
        return members | ({"example": self.example[0]} if self.example else {})

    def report(self) -> str:
        """The finding, a value that shows it, and what to do, on a line each."""
        lines = [str(self)]
        if self.example:
            lines.append(f"    Refused now: {brief(repr(self.example[0]), 100)}")
        return "\n".join([*lines, f"    {self.advice}"])

    def __str__(self) -> str:
        return f"{self.code} {self.grade}: {show_path(self.path)}: {self.message}"


_OFTEN = 4
"""At how many paths it is said what changed within one definition."""


def notes(old: SchemaNode, new: SchemaNode) -> Iterator[SchemaFinding]:
    """What changed for those files that both schemas take."""
    yield from _Meanings().of((old,), (new,), ())


@define
class _Walk:
    """Goes through two schemas side by side: into each definition at a few paths only, and never within itself."""

    _walked: Counter[tuple[int, ...]] = field(factory=Counter)
    _inside: set[tuple[int, ...]] = field(factory=set)

    def limited(self, parts: Iterable[Part], below: Iterator[SchemaFinding]) -> Iterator[SchemaFinding]:
        """What is found below, unless these parts were gone through too often."""
        key = tuple(id(part.node.data) for part in parts)
        if key in self._inside or self._walked[key] >= _OFTEN:
            return
        self._walked[key] += 1
        self._inside.add(key)
        yield from below
        self._inside.discard(key)


class _Meanings(_Walk):
    def of(
        self, old: tuple[SchemaNode, ...], new: tuple[SchemaNode, ...], path: tuple[Any, ...]
    ) -> Iterator[SchemaFinding]:
        """What changed at one place, and below."""
        before, after = ([part for node in nodes for part in _parts(node)] for nodes in (old, new))
        telling = [part for part in (*before, *after) if part.says_something]
        if before and after:
            yield from self.limited(telling or [*before, *after], self._below(before, after, path))

    def _below(self, before: list[Part], after: list[Part], path: tuple[Any, ...]) -> Iterator[SchemaFinding]:
        members = _members(before), _members(after)
        if not members[0] and not members[1]:
            yield from self._keys(before, after, path)
        elif len(members[0]) == len(members[1]):
            for one, other in zip(*members, strict=True):
                yield from self.of((one,), (other,), path)

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


_CONDITIONAL = ("anyOf", "oneOf")
_OF_VALUES = ("additionalProperties", "unevaluatedProperties")
_OF_ELEMENTS = ("items", "contains", "unevaluatedItems")


def lost_protection(old: SchemaNode, new: SchemaNode) -> Iterator[SchemaFinding]:
    """What was secret by the old schema, and may be shown by the new one: in unions, tuples, maps, keys, too."""
    yield from _Protection().of((old,), (new,), (), ())


class _Protection(_Walk):
    def of(
        self,
        old: Iterable[SchemaNode],
        new: Iterable[SchemaNode],
        path: tuple[Any, ...],
        now: tuple[Any, ...],
    ) -> Iterator[SchemaFinding]:
        """What changed at one place, which is at `now` in the new schema, and below."""
        before, after = ([part for node in nodes for part in _possible(node, ())] for nodes in (old, new))
        if not before or not after or _secret(after):
            return
        by_name = path != now and is_secret(path, ANYTHING) and not is_secret(now, ANYTHING)
        if _secret(before) or (by_name and _may_be_text(before)):
            yield SchemaFinding("CS108", "risky", path, "was a secret, and may be shown now")
            return
        yield from self.limited((*before, *after), self._below(before, after, path, now))

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
