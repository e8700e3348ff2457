"""The engine: a type-strict walk of both sides at once, guided by the schema's shape where there is one."""

from __future__ import annotations

from typing import Any

from confguard.diff.changes import Change, Diff
from confguard.diff.lists import Alignment, align, key_fields
from confguard.documents.document import Document
from confguard.errors import DiffError
from confguard.fields import KeyedBy, Secret, Unordered
from confguard.paths import Key, Path, Segment, dig
from confguard.schema.schema import SchemaLike, resolve_schema
from confguard.schema.secrets import is_secret
from confguard.schema.shape import ANYTHING, Shape
from confguard.values import same

__all__ = ["diff"]


def diff(before: Any, after: Any, schema: SchemaLike = None) -> Diff:
    """The semantic diff of two documents (or of their data).

    With a schema, values that mean the same are no change, and marks say how lists are compared. Without
    one nothing is guessed equal: `true`, `1`, `1.0` and `"true"` all differ. Raises `DiffError` for data
    that refers to itself or is nested deeper than Python can walk.

    >>> print(diff({"servers": [{"name": "a", "w": 1}]}, {"servers": [{"name": "a", "w": 2}]}))
    servers[name=a].w: 1 -> 2 (2 times more)
    >>> diff([1, True], [1, True]).same
    True
    """
    resolved = resolve_schema(schema)
    old = before.data if isinstance(before, Document) else before
    new = after.data if isinstance(after, Document) else after
    walk = _Walk()
    try:
        walk.values(old, new, (), (), resolved.shape if resolved else ANYTHING)
    except RecursionError:
        raise DiffError("the data is nested too deep to walk, or refers to itself") from None
    return Diff(
        tuple(walk.changes),
        before_document=before if isinstance(before, Document) else None,
        after_document=after if isinstance(after, Document) else None,
    )


class _Walk:
    """Collects changes. `path` counts positions before, `place` after; they are one object where equal."""

    def __init__(self) -> None:
        self.changes: list[Change] = []

    def values(self, old: Any, new: Any, path: Path, place: Path, shape: Shape) -> None:
        if isinstance(old, dict) and isinstance(new, dict):
            self.mappings(old, new, path, place, shape)
        elif isinstance(old, list) and isinstance(new, list):
            self.lists(old, new, path, place, shape)
        elif not same(old, new) and not _means_same(old, new, shape):
            self.emit("replace", path, place, shape, old, new)

    def mappings(
        self, old: dict[Any, Any], new: dict[Any, Any], path: Path, place: Path, shape: Shape
    ) -> None:
        for key, value in old.items():
            if key in new and (type(key) is str or _same_key(key, new)):
                other = new[key]
                kind = type(value)
                if kind is type(other) and kind is not dict and kind is not list and value == other:
                    continue
                inner = (*path, key)
                self.values(value, other, inner, inner if place is path else (*place, key), shape.child(key))
            elif not _is_default(value, shape.child(key)):
                self.emit("remove", (*path, key), place, shape.child(key), value, None)
        for key, value in new.items():
            if key in old and (type(key) is str or _same_key(key, old)):
                continue
            if not _is_default(value, shape.child(key)):
                self.emit("add", (*path, key), (*place, key), shape.child(key), None, value)

    def lists(self, old: list[Any], new: list[Any], path: Path, place: Path, shape: Shape) -> None:
        keyed = shape.mark(KeyedBy)
        fields = key_fields(old, new, keyed.fields if keyed else None)
        ordered = shape.mark(Unordered) is None
        plan = align(old, new, fields, ordered=ordered)
        for i, j in plan.pairs:
            step: Segment = _key(old[i], fields) if fields else i
            inner = (*path, step)
            there = inner if fields and place is path else (*place, step if fields else j)
            self.values(old[i], new[j], inner, there, shape.child(i))
        self._structure(old, new, path, place, shape, plan, fields)

    def _structure(
        self,
        old: list[Any],
        new: list[Any],
        path: Path,
        place: Path,
        shape: Shape,
        plan: Alignment,
        fields: tuple[str, ...],
    ) -> None:
        """Removes from the end, then moves, then adds from the front: each position holds at its turn."""
        for i in plan.removed:
            step: Segment = _key(old[i], fields) if fields else i
            self.emit("remove", (*path, step), place, shape.child(i), old[i], None, i if fields else None)
        for move in plan.moves:
            if fields:
                key = _key(new[move.index], fields)
                moved = Change(
                    "move", (*path, key), move.start, move.end, (*path, move.start), place=(*place, key)
                )
            else:
                value = _guarded(new[move.index], (*path, move.end), shape.child(move.end))
                moved = Change(
                    *("move", (*path, move.end), value, value, (*path, move.start)),
                    place=(*place, move.index),
                )
            self.changes.append(moved)
        for j in plan.added:
            step = _key(new[j], fields) if fields else j
            self.emit("add", (*path, step), (*place, j), shape.child(j), None, new[j], j if fields else None)

    def emit(
        self,
        op: Any,
        path: Path,
        place: Path,
        shape: Shape,
        before: Any,
        after: Any,
        position: int | None = None,
    ) -> None:
        before, after = _guarded(before, path, shape), _guarded(after, path, shape)
        self.changes.append(Change(op, path, before, after, None, position, place=place))


def _same_key(key: Any, mapping: dict[Any, Any]) -> bool:
    """`1` and `True` are one key to Python, but not to a reader of YAML."""
    return any(type(other) is type(key) for other in mapping if other == key)


def _key(element: Any, fields: tuple[str, ...]) -> Key:
    return Key(tuple((name, dig(element, name)) for name in fields))


def _means_same(old: Any, new: Any, shape: Shape) -> bool:
    return shape.field_type is not None and same(shape.meaning(old), shape.meaning(new))


def _is_default(value: Any, shape: Shape) -> bool:
    """Is this a default written out, which changes nothing?"""
    if shape.kind != "value" or callable(shape.default):
        return False
    return same(shape.meaning(value), shape.meaning(shape.default))


def _guarded(value: Any, path: Path, shape: Shape) -> Any:
    """The value with secrets wrapped, so that no one shows them by accident."""
    if value is None or isinstance(value, bool):
        return value
    if is_secret(path, shape):
        return Secret(value)
    if isinstance(value, dict):
        return {key: _guarded(inner, (*path, key), shape.child(key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [_guarded(inner, (*path, i), shape.child(i)) for i, inner in enumerate(value)]
    return value
