"""Three-way merge by meaning: what only one side changed is taken, what both changed otherwise is a conflict."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from confguard.diffs.identity import keying, token
from confguard.diffs.lists import align, staying
from confguard.diffs.render import json_value, show_value
from confguard.documents.document import Document
from confguard.fields import Unordered
from confguard.paths import Path, path_to_json, show_path
from confguard.schema.schema import SchemaLike
from confguard.schema.secrets import Secrets
from confguard.schema.shape import ANYTHING, Shape
from confguard.schema.sources import Source, read_source, schema_among
from confguard.values import Documents, alone, copied, documents_of, same


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Any = _Missing()
"""The value of a side that has none."""


@frozen
class Conflict:
    """A place that both sides changed, each otherwise. A side that has no value there says `MISSING`.

    A secret's values are `Secret`s. `places` are `file:line:column` of ours and theirs, where they are documents
    (`ours:line:column` where one was parsed from no file).
    """

    path: Path
    base: Any
    ours: Any
    theirs: Any
    places: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """The conflict as JSON, without the sides that have no value."""
        sides = {"base": self.base, "ours": self.ours, "theirs": self.theirs}
        values = {name: json_value(value) for name, value in sides.items() if value is not MISSING}
        return {"path": path_to_json(self.path), **values, "places": list(self.places)}

    def __str__(self) -> str:
        def shown(value: Any) -> str:
            return "nothing" if value is MISSING else show_value(value)

        at = f" ({', '.join(self.places)})" if self.places else ""
        return (
            f"{show_path(self.path)}: ours is {shown(self.ours)}, theirs is {shown(self.theirs)},"
            f" and it was {shown(self.base)}{at}"
        )


@frozen
class Merged:
    """The data of a merge. Where sides conflict it holds ours."""

    data: Any = field(repr=False)
    conflicts: tuple[Conflict, ...] = ()

    @property
    def clean(self) -> bool:
        """Is there no conflict?"""
        return not self.conflicts


def merge(base: Source, ours: Source, theirs: Source, schema: SchemaLike = None) -> Merged:
    """Merge two sources that both came from `base`: paths, documents, mappings, lists or instances.

    With a schema, values that mean the same are no change, and marks say how lists are merged.

    >>> base = {"pool": 64, "timeout": "2s"}
    >>> merge(base, {"pool": 32, "timeout": "2s"}, {"pool": 64, "timeout": "3s"}).data
    {'pool': 32, 'timeout': '3s'}
    >>> print(merge(base, {"pool": 32, "timeout": "2s"}, {"timeout": "2s"}).conflicts[0])
    pool: ours is 32, theirs is nothing, and it was 64
    """
    resolved = schema_among(schema, base, ours, theirs)
    shape = resolved.shape if resolved else ANYTHING
    read = [read_source(side, shape) for side in (base, ours, theirs)]
    sides = [side.data for side in read]
    several = any(isinstance(side, Documents) for side in sides)
    if several:
        shape, sides = shape.of_documents(), [documents_of(side) for side in sides]
    shape = shape.of_data(*sides)
    merger = _Merger(read[1].document, read[2].document, Secrets(shape, *sides))
    data = merger.values(sides[0], sides[1], sides[2], (), shape)
    return Merged(copied(alone(data) if several else data), tuple(merger.conflicts))


@frozen
class _Merger:
    ours: Document | None
    theirs: Document | None
    secrets: Secrets
    conflicts: list[Conflict] = field(factory=list)

    def values(self, base: Any, ours: Any, theirs: Any, path: Path, shape: Shape) -> Any:
        shape = shape.of(ours)
        if shape.agree(ours, theirs) or shape.agree(base, theirs):
            return ours
        if shape.agree(base, ours):
            return theirs
        if isinstance(ours, dict) and isinstance(theirs, dict):
            known = base if isinstance(base, dict) else {}
            return self._mappings(known, ours, theirs, path, shape)
        if isinstance(base, list) and isinstance(ours, list) and isinstance(theirs, list):
            return self._lists(base, ours, theirs, path, shape)
        return self._conflict(base, ours, theirs, path)

    def _mappings(
        self, base: dict[Any, Any], ours: dict[Any, Any], theirs: dict[Any, Any], path: Path, shape: Shape
    ) -> dict[Any, Any]:
        merged = {}
        for key in dict.fromkeys([*ours, *theirs]):
            was, mine, other = (side.get(key, MISSING) for side in (base, ours, theirs))
            value = self.values(was, mine, other, (*path, key), shape.child(key))
            if value is not MISSING:
                merged[key] = value
        return merged

    def _lists(
        self, base: list[Any], ours: list[Any], theirs: list[Any], path: Path, shape: Shape
    ) -> list[Any]:
        if keyed := keying(base, ours, theirs, shape=shape):
            return self._keyed(base, ours, theirs, keyed, path, shape)
        if shape.mark(Unordered):
            return _multisets(base, ours, theirs)
        merged = _sequences(base, ours, theirs)
        return self._conflict(base, ours, theirs, path) if merged is None else merged

    def _keyed(
        self, base: list[Any], ours: list[Any], theirs: list[Any], fields: Any, path: Path, shape: Shape
    ) -> list[Any]:
        """Elements by key; in our order, with theirs that are new behind what they stand behind, and ours there."""
        by_key = [{fields.key(element): element for element in side} for side in (base, ours, theirs)]
        order = list(by_key[1])
        behind = None
        for key in by_key[2]:
            if key not in by_key[1]:
                at = order.index(behind) + 1 if behind in order else 0
                while at < len(order) and order[at] not in by_key[0] and order[at] not in by_key[2]:
                    at += 1
                order.insert(at, key)
            behind = key
        merged = []
        for key in order:
            was, mine, other = (side.get(key, MISSING) for side in by_key)
            value = self.values(was, mine, other, (*path, key), shape.child(key))
            if value is not MISSING:
                merged.append(value)
        return merged

    def _conflict(self, base: Any, ours: Any, theirs: Any, path: Path) -> Any:
        was, mine, other = (
            side if side is MISSING else self.secrets.guarded(side, path) for side in (base, ours, theirs)
        )
        places = [
            f"{document.part_at(path)[0].path or side}:{place.line}:{place.column}"
            for side, document in (("ours", self.ours), ("theirs", self.theirs))
            if document and (place := document.locate(path, nearest=True))
        ]
        self.conflicts.append(Conflict(self.secrets.path(path), was, mine, other, tuple(places)))
        return ours


def _multisets(base: list[Any], ours: list[Any], theirs: list[Any]) -> list[Any]:
    """Ours, with what they added and without what they removed."""
    merged = list(ours)
    plan = align(base, theirs, None, ordered=False)
    for i in plan.removed:
        at = next((n for n, value in enumerate(merged) if same(value, base[i])), None)
        if at is not None:
            del merged[at]
    return merged + [theirs[j] for j in plan.added if not any(same(theirs[j], value) for value in merged)]


def _sequences(base: list[Any], ours: list[Any], theirs: list[Any]) -> list[Any] | None:
    """As diff3 merges lines: stretches between elements that all three have in common; None where both changed one."""
    anchors = _anchors(base, ours, theirs)
    elements: list[Any] = []
    at = (0, 0, 0)
    for anchor in [*anchors, (len(base), len(ours), len(theirs))]:
        stretches = [
            side[start:stop] for side, start, stop in zip((base, ours, theirs), at, anchor, strict=True)
        ]
        merged = _stretch(*stretches)
        if merged is None:
            return None
        elements += merged + ours[anchor[1] : anchor[1] + 1]
        at = (anchor[0] + 1, anchor[1] + 1, anchor[2] + 1)
    return elements


def _anchors(base: list[Any], ours: list[Any], theirs: list[Any]) -> list[tuple[int, int, int]]:
    tokens = [list(map(token, side)) for side in (base, ours, theirs)]
    kept = [dict(staying(tokens[0], side)[0]) for side in tokens[1:]]
    return [(i, kept[0][i], kept[1][i]) for i in range(len(base)) if i in kept[0] and i in kept[1]]


def _stretch(base: list[Any], ours: list[Any], theirs: list[Any]) -> list[Any] | None:
    if same(ours, theirs) or same(base, theirs):
        return ours
    return theirs if same(base, ours) else None
