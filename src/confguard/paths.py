"""Paths into a document: strings for keys, integers for positions, `Key` for an element known by name."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from math import isfinite
from typing import Any, TypeAlias

from attrs import frozen

from confguard.secrets import HIDDEN, masked, secret_name
from confguard.values import key_alike


class Unshown(str):
    """A key, or a value that names an element, that is secret: equal to what it hides, and `***` wherever it is shown.

    >>> key = Unshown("hunter2")
    >>> {"hunter2": 1}[key], f"{key}", Unshown(key) == key
    (1, '***', True)
    """

    __slots__ = ()

    def __new__(cls, key: str) -> Unshown:
        return super().__new__(cls, str.__str__(key))

    def __str__(self) -> str:
        return HIDDEN

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return format(HIDDEN, spec)

    def reveal(self) -> str:
        """The key itself."""
        return str.__str__(self)


@frozen
class Key:
    """Names one element of a keyed list by the fields that identify it.

    >>> Key.of(name="b")
    {name=b}
    """

    fields: tuple[tuple[str, Hashable], ...]

    @classmethod
    def of(cls, **fields: Hashable) -> Key:
        """The key with these field values."""
        return cls(tuple(fields.items()))

    def matches(self, element: object) -> bool:
        """Does this element carry these fields with these values (and types)?"""
        return all(
            (identity := dig(element, name)) == value
            and (type(identity) is type(value) or isinstance(value, Unshown))
            for name, value in self.fields
        )

    @classmethod
    def over(cls, element: object, names: Sequence[str]) -> Key:
        """The key of an element by these fields."""
        return cls(tuple((name, dig(element, name)) for name in names))

    def shown(self) -> list[tuple[str, object]]:
        """The fields with what is secret hidden."""
        return [(name, _shown_field(name, value)) for name, value in self.fields]

    def __repr__(self) -> str:
        return "{" + ",".join(f"{name}={value}" for name, value in self.shown()) + "}"


def _shown_field(name: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    return HIDDEN if secret_name(name) else _shown_text(value)


def _shown_text(text: str) -> str:
    """A key as it may be shown: a token, or an address with a password, may be one."""
    return HIDDEN if isinstance(text, Unshown) else masked(text)


def reveal(value: Any) -> Any:
    """A value or a path in which nothing is hidden: for applying it, never for showing."""
    if isinstance(value, dict):
        return {reveal(key): reveal(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(reveal, value))
    if isinstance(value, Key):
        return Key(tuple((name, reveal(field)) for name, field in value.fields))
    return value.reveal() if hasattr(value, "reveal") else value


Segment: TypeAlias = Hashable
"""One step of a path: a mapping's key, a list's position, or a `Key`."""
Path: TypeAlias = tuple[Segment, ...]

_PLAIN = re.compile(r"[^\s.\[\]{}\"'\\=:]+")


def overlap(one: Path, other: Path) -> bool:
    """Is one of two paths the other, or inside of it?"""
    length = min(len(one), len(other))
    return one[:length] == other[:length]


def dig(element: Any, dotted: str) -> Any:
    """The value of a field, or of a field of a field (`metadata.name`); None where there is none."""
    for name in dotted.split("."):
        if not isinstance(element, Mapping):
            return None
        element = element.get(name)
    return element if isinstance(element, str | int | float) else None


def index_of(elements: Sequence[Any], key: Key) -> int | None:
    """The position of the element that a key names, None if there is none."""
    return next((i for i, element in enumerate(elements) if key.matches(element)), None)


_LONG = 64
"""From so many elements on, where they stand is worked out once for all that are looked up."""


@frozen(eq=False)
class _Same:
    """A list, told from others by being another object."""

    elements: list[Any]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.elements is other.elements

    def __hash__(self) -> int:
        return id(self.elements)


def _looked_up(elements: list[Any], key: Key) -> int | None:
    """As `index_of`, in a list that nobody changes."""
    if len(elements) < _LONG:
        return index_of(elements, key)
    places, length = _places(_Same(elements), tuple(name for name, _ in key.fields))
    index = places.get(tuple(value for _, value in key.fields))
    if index is None and length == len(elements):
        return None
    fits = index is not None and index < len(elements) and key.matches(elements[index])
    return index if fits else index_of(elements, key)


@lru_cache(maxsize=8)
def _places(same: _Same, names: tuple[str, ...]) -> tuple[dict[tuple[Any, ...], int], int]:
    """Where each element stands, by what it has in these fields; and how many there are."""
    places: dict[tuple[Any, ...], int] = {}
    for index, element in enumerate(same.elements):
        places.setdefault(tuple(dig(element, name) for name in names), index)
    return places, len(same.elements)


def follow(data: object, path: Path) -> tuple[Path, bool]:
    """Walk as far as a path leads; keys become positions. Returns the walked part and if it was all.

    The only document of a file answers to the name, or the position, that it would have among several.

    >>> follow({"kind": "Job", "n": 1}, (Key.of(kind="Job"), "n"))
    (('n',), True)
    """
    walked: list[Segment] = []
    if path and isinstance(data, Mapping) and _is_alone(path[0], data):
        path = path[1:]
    for segment in path:
        if isinstance(data, list):
            index = _looked_up(data, segment) if isinstance(segment, Key) else segment
            if not isinstance(index, int) or not 0 <= index < len(data):
                return tuple(walked), False
            walked.append(index)
            data = data[index]
        elif isinstance(data, Mapping) and (key := key_alike(segment, data)) in data:
            walked.append(key)
            data = data[key]
        else:
            return tuple(walked), False
    return tuple(walked), True


def spelt_as(data: object, path: Path) -> Path:
    """A path with the keys that tables have where others are written alike.

    >>> spelt_as({"ports": {"80": {}}}, ("ports", 80, "rate"))
    ('ports', '80', 'rate')
    """
    spelt: list[Segment] = []
    for segment in path:
        own = (
            key_alike(segment, data)
            if isinstance(data, Mapping) and not isinstance(segment, Key)
            else segment
        )
        spelt.append(own)
        data = value_at(data, (own,)) if follow(data, (own,))[1] else None
    return tuple(spelt)


def _is_alone(segment: Segment, document: Mapping[Any, Any]) -> bool:
    if isinstance(segment, Key):
        return segment.matches(document)
    return type(segment) is int and segment == 0 and 0 not in document


_LONGEST_KEY = 120
"""Longer keys are cut where they are shown."""


def value_at(data: Any, path: Path) -> Any:
    """The value at the end of a path; None where there is none.

    >>> value_at({"a": [{"name": "x", "v": 1}]}, ("a", Key.of(name="x"), "v"))
    1
    """
    walked, whole = follow(data, path)
    if not whole:
        return None
    for segment in walked:
        data = data[segment]
    return data


def show_path(path: Sequence[object]) -> str:
    """A path as a person reads it.

    >>> show_path(("spec", "containers", Key.of(name="app"), "ports", 0))
    'spec.containers[name=app].ports[0]'
    >>> show_path(("a.b", ""))
    '"a.b".""'
    >>> show_path(())
    '(the whole document)'
    """
    shown = ""
    for segment in path:
        if isinstance(segment, Key):
            known = ",".join(f"{name}={value}" for name, value in segment.shown() if value is not None)
            shown += f"[{known}]"
        elif isinstance(segment, int) and not isinstance(segment, bool):
            shown += f"[{segment}]"
        else:
            text = _shown_text(segment) if isinstance(segment, str) else str(segment)
            if len(text) > _LONGEST_KEY:
                text = f"{text[: _LONGEST_KEY // 2]}...{text[-_LONGEST_KEY // 2 :]}"
            plain = bool(_PLAIN.fullmatch(text)) and text.isprintable()
            shown += ("." if shown else "") + (text if plain else json.dumps(text))
    return shown or "(the whole document)"


def path_to_json(path: Path) -> list[object]:
    """A path as JSON: strings, integers, and `{"name": "b"}` for a key."""
    return [_segment_to_json(segment) for segment in path]


def _segment_to_json(segment: Segment) -> object:
    if isinstance(segment, Key):
        return {name: _json_scalar(value) for name, value in segment.shown()}
    return _json_scalar(segment)


def _json_scalar(value: object) -> object:
    if isinstance(value, str):
        return _shown_text(value)
    plain = isinstance(value, int) or value is None or (isinstance(value, float) and isfinite(value))
    return value if plain else str(value)


def path_from_json(path: Sequence[object]) -> Path:
    """The path that `path_to_json` wrote."""
    return tuple(Key(tuple(segment.items())) if isinstance(segment, dict) else segment for segment in path)
