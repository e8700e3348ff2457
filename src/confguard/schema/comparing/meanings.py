"""What else a change of a schema means than what it refuses: defaults, names, what is new, secrets that are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

from attrs import define, field, frozen

from confguard.errors import brief
from confguard.paths import Path, path_to_json, show_path
from confguard.schema.comparing.cases import children_of, parts_of, takes_nothing
from confguard.schema.comparing.relations import equal
from confguard.schema.nodes import SchemaNode, write_only
from confguard.schema.secrets import is_secret
from confguard.schema.shape import ANYTHING, NOTHING, Shape

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
    yield from _Walk().of((old,), (new,), ())


@define
class _Walk:
    """Goes through two schemas side by side: into each definition at a few paths only, and never within itself."""

    _walked: Counter[tuple[int, ...]] = field(factory=Counter)
    _inside: set[tuple[int, ...]] = field(factory=set)

    def of(
        self, old: tuple[SchemaNode, ...], new: tuple[SchemaNode, ...], path: tuple[Any, ...]
    ) -> Iterator[SchemaFinding]:
        """What changed at one place, and below."""
        before, after = ([part for node in nodes for part in _parts(node)] for nodes in (old, new))
        telling = [part for part in (*before, *after) if part.says_something]
        key = tuple(id(part.data) for part in telling or (*before, *after))
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

    def _keys(
        self, before: list[SchemaNode], after: list[SchemaNode], path: tuple[Any, ...]
    ) -> Iterator[SchemaFinding]:
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


def _of_others(parts: list[SchemaNode], name: str) -> tuple[SchemaNode, ...]:
    """What is said of a key that is not named, as one of many; nothing where that is nothing."""
    return tuple(
        child for child in children_of(parts, name) if child.data != {} and isinstance(child.data, dict)
    )


def _below(parts: list[SchemaNode], keyword: str) -> tuple[SchemaNode, ...]:
    values = ((part, part.keywords.get(keyword)) for part in parts)
    return tuple(node.child(child) for node, child in values if isinstance(child, dict))


def _parts(node: SchemaNode) -> Iterator[SchemaNode]:
    """A schema, those that hold wherever it does, and the one member of a union that is not null."""
    for part in parts_of(node):
        yield part
        for union in ("anyOf", "oneOf"):
            members = [member for member in part.keywords.get(union, ()) if member != {"type": "null"}]
            if len(members) == 1:
                yield from _parts(part.child(members[0]))


def _members(parts: list[SchemaNode]) -> list[SchemaNode]:
    """The members of a union of more than one."""
    return [
        part.child(member)
        for part in parts
        for union in ("anyOf", "oneOf")
        for members in [[each for each in part.keywords.get(union, ()) if each != {"type": "null"}]]
        for member in members
        if len(members) > 1
    ]


def _properties(parts: list[SchemaNode]) -> dict[str, tuple[SchemaNode, ...]]:
    properties: dict[str, tuple[SchemaNode, ...]] = {}
    for part in parts:
        for name, child in part.properties.items():
            properties[name] = (*properties.get(name, ()), part.child(child))
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


def lost_protection(old: Shape, new: Shape, path: Path = (), now: Path = ()) -> Iterator[SchemaFinding]:
    """What was secret by the old schema at a path, or below, and may be shown by the new one, where it is at `now`."""
    if new.secret:
        return
    by_name = path != now and is_secret(path, ANYTHING) and not is_secret(now, ANYTHING)
    if old.secret or (by_name and old.kind in {"value", "any"} and old.hint not in {bool, int, float}):
        yield SchemaFinding("CS108", "risky", path, "was a secret, and may be shown now")
        return
    if old.secret_keys and not new.secret_keys:
        text = "had keys that were secret, and may be shown now"
        yield SchemaFinding("CS108", "risky", (*path, "*"), text)
    places: list[tuple[Any, Any]] = [(name, new.renamed.get(name, name)) for name in old.fields]
    renamed = {current for _, current in places}
    places += [(name, name) for name in new.fields if name not in renamed and name not in new.renamed]
    places += [(i, i) for i in range(max(len(old.items), len(new.items)))]
    for step, current in [*places, ("*", "*")]:
        was, there = _said_of(old, step), _said_of(new, current)
        if was and there and not was is there is ANYTHING:
            yield from lost_protection(was, there, (*path, step), (*now, current))


def _said_of(shape: Shape, step: Any) -> Shape | None:
    """What a schema says of a key or an element; None where it takes none."""
    if isinstance(step, int) and step < len(shape.items):
        return shape.items[step]
    return shape.fields.get(step, shape.rest or (None if shape.closed else ANYTHING))
