"""Walking back from the newest version of a config until it is settled which version set each of its values.

As `git blame` does it with lines: each version hands what it shares with one that it was made from on to that one, and
what is left is its own. Versions that do not parse are stepped over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

from attrs import define, field, frozen

from confguard.diffs.identity import document_keys, keying
from confguard.diffs.origins import means_same, origins
from confguard.documents.bundle import parse_bytes
from confguard.documents.document import Document
from confguard.errors import DocumentError, NotFoundError
from confguard.paths import Path
from confguard.records.lines import Lines, plausible
from confguard.records.versions import Version
from confguard.schema.schema import Schema
from confguard.schema.shape import ANYTHING, Shape
from confguard.values import Documents, documents_of

Pending: TypeAlias = "dict[Path, list[Path]]"
"""Values by where they stand in a version, and where they stand in the newest one."""


class Settlement(NamedTuple):
    """Which version set a value; None where that is not known. And what is not sure."""

    version: Version | None
    note: str | None


class _ThinnedOutError(DocumentError):
    """A content is not there any more."""


@define(slots=False, eq=False)
class View:
    """What one version holds, read and parsed when that is needed."""

    version: Version
    schema: Schema[Any] | None = None
    lines: Lines | None = None

    @cached_property
    def content(self) -> bytes:
        """Raises `DocumentError` where it is not there."""
        content = self.version.load()
        if content is None:
            raise _ThinnedOutError("its content was thinned out")
        return content

    @cached_property
    def document(self) -> Document:
        """Raises `DocumentError`."""
        document = parse_bytes(self.content, self.version.format, path=self.version.path, tags=["*"])
        return self.schema.whole(document) if self.schema else document

    @cached_property
    def data(self) -> Any:
        """What it says: nothing, where the file was removed. Raises `DocumentError`."""
        return {} if self.version.is_gone else self.document.data


@define(eq=False)
class _Node:
    """A version that was visited: values that stand there, and of which it is not settled yet who set them."""

    view: View
    pending: Pending
    open: int
    """With how many of the versions that it was made from it was not compared yet."""
    skipped: list[tuple[Version, Exception]] = field(factory=list)
    """The versions before it that could not be read."""


def walked_back(
    versions: Iterable[Version], schema: Schema[Any] | None
) -> tuple[View, dict[Path, Settlement]]:
    """The newest version in force, and by which version each of its values was set.

    Raises `DocumentError` where the newest cannot be read, and `NotFoundError` where there is none.
    """
    walk: _Walk | None = None
    for version in versions:
        if walk is None:
            walk = _Walk(View(version, schema)) if version.in_force else None
        else:
            walk.visit(version)
        if walk and walk.is_done:
            break
    if walk is None:
        raise NotFoundError("there is no revision yet")
    walk.end()
    return walk.newest, walk.settled


class _Walk:
    """From one version to those that it was made from."""

    def __init__(self, newest: View) -> None:
        self.newest = newest
        self.settled: dict[Path, Settlement] = {}
        self._schema = newest.schema
        self._shape = self._schema.shape if self._schema else ANYTHING
        self._waiting: dict[int | str, list[_Node]] = {}
        """The versions that are to be visited, and those that were made from them."""
        pending = {path: [path] for path, _ in leaves_of(newest.data, self._shape)}
        self._values = len(pending)
        self._await(_Node(newest, pending, len(newest.version.parents)))

    @property
    def is_done(self) -> bool:
        """Is it settled of each value who set it?"""
        return len(self.settled) == self._values

    def visit(self, version: Version) -> None:
        """Compare a version with those that were made from it."""
        assert version.id is not None
        children = self._waiting.pop(version.id, [])
        if not children:
            return
        view = View(version, self._schema)
        try:
            shared = [_shared(child, view, self._shape) for child in children] if version.in_force else []
        except DocumentError as error:
            for child in children:
                child.skipped.append((version, error))
            shared = []
        if not shared:
            self._step_over(version, children)
            return
        node = _Node(view, {}, len(version.parents))
        for child, each in zip(children, shared, strict=True):
            each.hand_on(child, node)
            self._close(child)
        self._await(node)

    def end(self) -> None:
        """Settle what waits for versions that are not there."""
        for children in self._waiting.values():
            for child in children:
                self._settle(child, known=False)

    def _await(self, node: _Node) -> None:
        if not node.open or not node.pending:
            self._settle(node)
            return
        for parent in node.view.version.parents:
            self._waiting.setdefault(parent, []).append(node)

    def _close(self, child: _Node) -> None:
        child.open -= 1
        if not child.open:
            self._settle(child)

    def _step_over(self, version: Version, children: list[_Node]) -> None:
        """Let those that were made from a version be compared with the one before it."""
        for child in children:
            if version.parents:
                self._waiting.setdefault(version.parents[0], []).append(child)
            else:
                self._close(child)

    def _settle(self, node: _Node, *, known: bool = True) -> None:
        """What is left in a version was set by it, as far as that can be told."""
        settlement = _settlement(node, known=known)
        for places in node.pending.values():
            self.settled.update(dict.fromkeys(places, settlement))
        node.pending = {}


def _settlement(node: _Node, *, known: bool) -> Settlement:
    version, skipped = node.view.version, node.skipped
    if version.cut:
        return Settlement(None, f"set by {version.name} or before: {version.cut}")
    if skipped and isinstance(skipped[-1][1], _ThinnedOutError) and not skipped[-1][0].parents:
        return Settlement(None, f"set by {version.name} or before: older contents were thinned out")
    if not known:
        return Settlement(None, f"set by {version.name} or before: what was before is not there")
    return Settlement(version, _doubt(skipped))


def _doubt(skipped: list[tuple[Version, Exception]]) -> str | None:
    if not skipped:
        return None
    names = [version.name for version, _ in skipped]
    which = names[0] if len(names) == 1 else f"{names[-1]} to {names[0]}"
    thinned = all(isinstance(error, _ThinnedOutError) for _, error in skipped)
    return f"or by {which}, {'whose content was thinned out' if thinned else 'which cannot be read'}"


@frozen
class _Shared:
    """What a version shares with one that was made from it."""

    stays: set[Path]
    """The values of the later one that it does not share, by their paths there."""
    moved: dict[Path, Path] | None = None
    """Where each of the others stood; None if in the same places."""

    def hand_on(self, child: _Node, node: _Node) -> None:
        """Give what is shared on to the version before."""
        stays = {path: child.pending.pop(path) for path in self.stays if path in child.pending}
        if self.moved is None and not node.pending:
            node.pending = child.pending
        else:
            for path, places in child.pending.items():
                node.pending.setdefault(self.moved[path] if self.moved else path, []).extend(places)
        child.pending = stays


def _shared(child: _Node, older: View, shape: Shape) -> _Shared:
    """What two versions share. Raises `DocumentError` where the older one cannot be read."""
    newer = child.view
    if newer.version.digest is not None and newer.version.digest == older.version.digest:
        if "data" in newer.__dict__:
            older.__dict__["data"] = newer.data
        return _Shared(set())
    if not child.pending:
        return _Shared(set())
    if newer.version.format == older.version.format and not older.version.is_gone:
        changed = _changed_lines(child, older, shape)
        if changed is not None:
            return _Shared({path for path, pair in changed.items() if not _same(path, pair, shape)})
    return _compared(child.pending, older.data, newer.data, shape)


def _same(path: Path, pair: tuple[Any, Any] | None, shape: Shape) -> bool:
    if path and isinstance(path[0], int) and shape.kind == "map":
        shape = shape.of_documents()
    return pair is not None and means_same(*pair, shape.at(path))


def _changed_lines(child: _Node, older: View, shape: Shape) -> dict[Path, tuple[Any, Any] | None] | None:
    """The settings that two texts say otherwise, where their lines tell it."""
    newer = child.view
    if newer.lines is None:
        if not plausible(older.content, newer.content, newer.version.format):
            return None
        newer.lines = Lines.of(newer.document, shape.of_data(newer.data, newer.data))
    if newer.lines is None:
        return None
    lines = newer.lines if child.open == 1 else newer.lines.copy()
    changed = lines.go_back(older.content)
    if changed is not None:
        older.lines = lines
    return changed


def _compared(pending: Pending, before: Any, after: Any, shape: Shape) -> _Shared:
    """What two versions share, by all that they say."""
    several = isinstance(before, Documents) or isinstance(after, Documents)
    old: Path = (0,) if several and not isinstance(before, Documents) else ()
    new: Path = (0,) if several and not isinstance(after, Documents) else ()
    if several:
        before, after = (Documents(documents_of(side)) for side in (before, after))
        shape = shape.of_documents()
    origin = origins(before, after, shape.of_data(before, after))
    if origin.in_place and not several:
        stays = {path for path in (*origin.changed, *origin.emptied) if path in pending}
        tables = origin.changed - stays
        inside = (path for path in pending if any(path[:length] in tables for length in range(len(path))))
        return _Shared(stays | set(inside) if tables else stays)
    moved = {path: place for path in pending if (place := origin.of(new + path)) is not None}
    kept = {path: place[len(old) :] for path, place in moved.items() if place[: len(old)] == old}
    return _Shared(pending.keys() - kept.keys(), kept)


def leaves_of(data: Any, shape: Shape = ANYTHING) -> Iterator[tuple[Path, Path]]:
    """Each value inside of tables and lists: its path by positions, and as it is shown, by names where there are some.

    >>> list(leaves_of({"a": 1, "hosts": [{"name": "x", "port": 80}]}))[2]
    (('hosts', 0, 'port'), ('hosts', {name=x}, 'port'))
    """
    several = isinstance(data, Documents)
    shape = shape.of_documents() if several else shape
    yield from _leaves(data, (), (), shape.of_data(data, data))


def _leaves(value: Any, path: Path, shown: Path, shape: Shape) -> Iterator[tuple[Path, Path]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key), (*shown, key), shape.child(key))
    elif isinstance(value, list) and value:
        for i, (name, inner) in enumerate(zip(_names(value, shape), value, strict=True)):
            yield from _leaves(inner, (*path, i), (*shown, name), shape.child(i))
    else:
        yield path, shown


def _names(elements: list[Any], shape: Shape) -> Iterable[object]:
    """What the elements of a list are called: positions, where they have no names of their own."""
    if isinstance(elements, Documents):
        keys, _ = document_keys(elements, elements)
        return [i if key is None else key for i, key in enumerate(keys)]
    keyed = keying(elements, shape=shape)
    return map(keyed.key, elements) if keyed else range(len(elements))
