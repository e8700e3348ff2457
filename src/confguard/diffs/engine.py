"""The engine: a type-strict walk of both sides at once, guided by the schema's shape where there is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import attrs

from confguard.diffs.changes import Change, Diff, Step
from confguard.diffs.identity import document_keys, keying
from confguard.diffs.lists import Alignment, align, align_documents
from confguard.diffs.moves import find_moves
from confguard.documents.document import Document
from confguard.errors import DiffError
from confguard.fields import Unordered
from confguard.paths import Key, Path, Segment
from confguard.schema.guarded import hidden, secret_texts
from confguard.schema.schema import Schema, SchemaLike
from confguard.schema.secrets import Secrets
from confguard.schema.shape import ANYTHING, Shape
from confguard.schema.sources import Source, SourceData, read_source, schema_among
from confguard.values import Documents, as_tables, documents_of, has_odd_tables, identical, same


def diff(before: Source, after: Source, schema: SchemaLike = None, *, moves: bool = True) -> Diff:
    """The semantic diff of two sources: paths, documents, mappings, lists, or instances of a schema's class.

    With a schema, which an instance brings along, values that mean the same are no change, and marks say how lists
    are compared. Without one nothing is guessed equal: `true`, `1`, `1.0` and `"true"` all differ. Where a side holds
    several documents, as YAML may, they are compared one by one. What went elsewhere is one `move` unless `moves` is
    false. Raises `DocumentError` for a file that cannot be read, `TypeError` for what is not a source, and `DiffError`
    for data that refers to itself or is nested deeper than Python can walk.

    >>> print(diff({"servers": [{"name": "a", "w": 1}]}, {"servers": [{"name": "a", "w": 2}]}))
    servers[name=a].w: 1 -> 2 (2 times more)
    >>> diff([1, True], [1, True]).same
    True
    """
    resolved = schema_among(schema, before, after)
    shape = resolved.shape if resolved else ANYTHING
    one, two = (_whole(read_source(side, shape), resolved) for side in (before, after))
    return compare(one, two, shape, moves=moves)


def diff_of_file(before: Document | None, after: Document | None, schema: SchemaLike = None) -> Diff:
    """What became of a file that may have come or gone: one that is not there holds nothing."""
    empty: Any = [] if any(isinstance(side.data, list) for side in (before, after) if side) else {}
    return diff(before or empty, after or empty, schema)


def _whole(side: SourceData, schema: Schema[Any] | None) -> SourceData:
    """A side whose layers, where it has some, are put together as the schema's names have it."""
    document = schema.whole(side.document) if schema and side.document else None
    return SourceData(document.data, document) if document else side


def compare(before: SourceData, after: SourceData, shape: Shape = ANYTHING, *, moves: bool = True) -> Diff:
    """The diff of two sides that were read."""
    try:
        difference = _compared(before, after, shape, moves=moves)
        if not any(has_odd_tables(side) for change in difference for side in (change.before, change.after)):
            return difference
    except TypeError:  # a mapping of another kind has no identity
        pass
    # Only now: to look for mappings of other kinds first would cost everybody a walk.
    one, two = (SourceData(as_tables(side.data), side.document) for side in (before, after))
    return _compared(one, two, shape, moves=moves)


def _compared(before: SourceData, after: SourceData, shape: Shape, *, moves: bool) -> Diff:
    old, new = before.data, after.data
    several = isinstance(old, Documents) or isinstance(new, Documents)
    if several:  # a plain list that was handed in beside documents is one of documents
        old, new = _of_documents(before), _of_documents(after)
        shape = shape.of_documents()
    shape = shape.of_data(old, new)
    walk, secrets = Walk(), Secrets(shape, old, new)
    try:
        if _same_text(before.document, after.document):
            pass
        elif several:
            walk.documents(old, new, shape)
        else:
            walk.values(old, new, (), (), shape)
        steps = find_moves(walk.steps, walk.between) if moves else walk.steps
        changes = _without_copies([_change(step, secrets) for step in steps])
    except RecursionError:
        raise DiffError("the data is nested too deep to walk, or refers to itself") from None
    return Diff(
        changes,
        coarse=tuple(walk.coarse),
        shape=shape,
        several=several,
        secrets=secrets,
        before=old,
        after=new,
        before_document=before.document,
        after_document=after.document,
    )


def _of_documents(side: SourceData) -> Documents:
    plain = side.document is None and type(side.data) is list
    return Documents(side.data if plain else documents_of(side.data))


def _same_text(before: Document | None, after: Document | None) -> bool:
    return bool(before and after and before.content == after.content and before.format == after.format)


_SEVERAL = 4
_TELLING = 6
"""Shorter secrets may well be the same as something that is none."""


class _Known(NamedTuple):
    """By what the element at a position is known, before and after; None where it is by its position."""

    before: Callable[[int], Key | None]
    after: Callable[[int], Key | None]


class Walk:
    """Collects steps. In them, `path` counts positions before, `place` after; they are one object where equal."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.coarse: list[Path] = []
        self.aligned: list[tuple[Path, list[tuple[int, int]]]] = []
        """Lists of which elements stand elsewhere now: where each is, and positions before and after."""
        self.renamed: list[tuple[Path, Path]] = []
        """Settings that the schema knows under two names: where each is now, and where it was."""

    def between(self, old: Any, new: Any, path: Path, place: Path, shape: Shape) -> list[Step]:
        """The edits inside of what moved."""
        walk = Walk()
        walk.values(old, new, path, place, shape)
        self.aligned += walk.aligned
        self.renamed += walk.renamed
        return walk.steps

    def values(
        self, old: Any, new: Any, path: Path, place: Path, shape: Shape, *, compared: bool = False
    ) -> None:
        shape = shape.of(new) if shape.variants else shape
        if isinstance(old, dict) and isinstance(new, dict):
            self.mappings(old, new, path, place, shape, compared=compared)
        elif isinstance(old, list) and isinstance(new, list):
            self.lists(old, new, path, place, shape)
        elif not shape.agree(old, new):
            self.steps.append(Step("replace", path, place, shape, old, new))

    def mappings(
        self,
        old: dict[Any, Any],
        new: dict[Any, Any],
        path: Path,
        place: Path,
        shape: Shape,
        *,
        compared: bool,
    ) -> None:
        # Comparing bytes is several times faster than walking, and wasted where something differs inside: so it is
        # tried where there are several tables to skip, and not again right inside of one that differs.
        comparing = not compared and len(old) >= _SEVERAL
        for key, value in old.items():
            if key in new and (type(key) is str or _same_key(key, new)):
                other = new[key]
                kind = type(value)
                if kind is dict or kind is list:
                    if comparing and identical(value, other):
                        continue
                elif kind is type(other) and value == other:
                    continue
                inner = (*path, key)
                there = inner if place is path else (*place, key)
                self.values(value, other, inner, there, shape.child(key), compared=comparing)
            elif not self._renamed(key, value, new, path, place, shape) and not _is_default(
                value, shape.child(key)
            ):
                self.steps.append(Step("remove", (*path, key), place, shape.child(key), value, None))
        for key, value in new.items():
            if key in old and (type(key) is str or _same_key(key, old)):
                continue
            if not _is_default(value, shape.child(key)) and _name_in(old, key, shape) is None:
                self.steps.append(Step("add", (*path, key), (*place, key), shape.child(key), None, value))

    def _renamed(
        self, key: Any, value: Any, new: dict[Any, Any], path: Path, place: Path, shape: Shape
    ) -> bool:
        """A key that the schema knows under a new name: no change, unless its value changed too."""
        name = _name_in(new, key, shape)
        if name is None:
            return False
        inner, there = (*path, name), (*place, name)
        edits = self.between(value, new[name], inner, there, shape.child(name))
        self.renamed.append((there, (*path, key)))
        if edits:
            self.steps.append(
                Step("move", inner, there, shape.child(name), value, value, origin=(*path, key))
            )
            self.steps += edits
        return True

    def lists(self, old: list[Any], new: list[Any], path: Path, place: Path, shape: Shape) -> None:
        keyed = keying(old, new, shape=shape)
        plan = align(old, new, keyed, ordered=shape.mark(Unordered) is None)
        if plan.coarse:
            self.coarse.append(path)
        known = _Known(
            lambda i: keyed.key(old[i]) if keyed else None, lambda j: keyed.key(new[j]) if keyed else None
        )
        self._elements(old, new, path, place, shape, plan, known)

    def documents(self, old: list[Any], new: list[Any], shape: Shape) -> None:
        """The documents of two files: each by its name where it has one of its own, the others by position."""
        before, after = document_keys(old, new)
        plan = align_documents(old, new, before, after)
        known = _Known(before.__getitem__, after.__getitem__)
        self._elements(old, new, (), (), shape, plan, known)

    def _elements(
        self,
        old: list[Any],
        new: list[Any],
        path: Path,
        place: Path,
        shape: Shape,
        plan: Alignment,
        known: _Known,
    ) -> None:
        """The edits inside of elements, then what came, went and moved."""
        if any(i != j for i, j in plan.pairs):
            self.aligned.append((place, plan.pairs))
        for i, j in _differing(old, new, plan.pairs):
            key = known.before(i)
            inner = (*path, i if key is None else key)
            there = inner if key is not None and place is path else (*place, j if key is None else key)
            self.values(old[i], new[j], inner, there, shape.child(i), compared=True)
        self._structure(old, new, path, place, shape.child(0), plan, known)

    def _structure(
        self,
        old: list[Any],
        new: list[Any],
        path: Path,
        place: Path,
        child: Shape,
        plan: Alignment,
        known: _Known,
    ) -> None:
        """Removes from the end, then moves, then adds from the front: each position holds at its turn."""
        for i in plan.removed:
            key = known.before(i)
            step: Segment = i if key is None else key
            position = None if key is None else i
            self.steps.append(Step("remove", (*path, step), place, child, old[i], None, position))
        for move in plan.moves:
            key = known.after(move.after)
            if key is not None:
                inner = (*path, key)
                there = inner if place is path else (*place, key)
                self.steps.append(Step("move", inner, there, child, move.start, move.end))
            else:
                value = new[move.after]
                there = (*place, move.after)
                self.steps.append(
                    Step("move", (*path, move.end), there, child, value, value, origin=(*path, move.start))
                )
        for j in plan.added:
            key = known.after(j)
            step = j if key is None else key
            position = None if key is None else j
            self.steps.append(Step("add", (*path, step), (*place, j), child, None, new[j], position))


_CHUNK = 32


def _differing(old: list[Any], new: list[Any], pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The pairs that may differ: those in stretches whose bytes do."""
    if len(pairs) <= _CHUNK:
        return pairs
    different: list[tuple[int, int]] = []
    for at in range(0, len(pairs), _CHUNK):
        chunk = pairs[at : at + _CHUNK]
        if not identical([old[i] for i, _ in chunk], [new[j] for _, j in chunk]):
            different += [(i, j) for i, j in chunk if not identical(old[i], new[j])]
    return different


def _same_key(key: Any, mapping: dict[Any, Any]) -> bool:
    """`1` and `True` are one key to Python, but not to a reader of YAML."""
    return any(type(other) is type(key) for other in mapping if other == key)


def _name_in(mapping: dict[Any, Any], key: Any, shape: Shape) -> Any:
    """The other name under which a mapping holds a setting; None where it does not."""
    if not shape.names or type(key) is not str:
        return None
    own = shape.names.get((key,), (key,))
    names = [own, *(name for name, of in shape.names.items() if of == own)]
    return next((name[0] for name in names if len(name) == 1 and name[0] != key and name[0] in mapping), None)


def _is_default(value: Any, shape: Shape) -> bool:
    """Is this a default written out, which changes nothing?"""
    if shape.kind != "value" or callable(shape.default):
        return False
    return same(shape.meaning(value), shape.meaning(shape.default))


def _without_copies(changes: Sequence[Change]) -> tuple[Change, ...]:
    """A secret that changes is one under every name: also where it went, or where it came from."""
    texts = [text for text in secret_texts([(c.before, c.after) for c in changes]) if len(text) >= _TELLING]
    if not texts:
        return tuple(changes)
    return tuple(
        attrs.evolve(each, before=hidden(each.before, texts), after=hidden(each.after, texts))
        for each in changes
    )


def _change(step: Step, secrets: Secrets) -> Change:
    path = secrets.path(step.path)
    place = path if step.place is step.path else secrets.path(step.place)
    origin = secrets.path(step.origin) if step.origin is not None else None
    if step.op == "move" and origin is None:  # it is counted: there is no value to guard
        return Change("move", path, step.before, step.after, place=place, shape=step.shape)
    before = secrets.guarded(step.before, step.path, step.origin or step.place)
    after = before if step.after is step.before else secrets.guarded(step.after, step.path, step.place)
    return Change(step.op, path, before, after, origin, step.position, place, step.shape)
