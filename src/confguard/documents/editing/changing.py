"""Changes, made one after the other to a tree: to the spans of a text, or to plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeAlias

from attrs import frozen

from confguard.documents.editing.tree import Entry, Node, UnfitError, attach, data_of, fresh
from confguard.documents.editing.weaving import Weaving
from confguard.paths import Key, Path, reveal, show_path
from confguard.values import Files, check_type, listed, same

Operation: TypeAlias = Literal["add", "remove", "replace", "move"]


@frozen
class DataChange:
    """One change of a document's data. `confguard.Change` is one that also knows what it means."""

    op: Operation
    path: Path
    before: Any = None
    after: Any = None
    origin: Path | None = None
    """For a move: the path it came from; None for an element of a keyed list, which keeps its path."""
    position: int | None = None
    """For an element of a keyed list that is added or removed: its position in the list."""


@frozen
class Revealed(DataChange):
    """A change with its secrets revealed: what is written into a file is the file's own."""

    shown: Path = ()
    """Its path, for messages."""
    shown_origin: Path = ()
    words: Callable[[Path], Path] = tuple
    """A path in the words of the file, for messages, too."""


def asked_for(changes: Iterable[DataChange]) -> tuple[DataChange, ...]:
    """The changes that are to be made: those of a diff, or a part of them. Raises `TypeError` for anything else."""
    for each in (asked := listed(changes)):
        check_type(each, DataChange, "change: document.edit(cg.diff(before, after))")
    return asked


def revealed(change: DataChange, words: Callable[[Path], Path] = tuple) -> Revealed:
    """The change with its secrets revealed."""
    path, before, after, origin = map(reveal, (change.path, change.before, change.after, change.origin))
    shown_origin = change.origin or change.path
    return Revealed(change.op, path, before, after, origin, change.position, change.path, shown_origin, words)


def edited(
    notation: Weaving,
    data: Any,
    changes: Iterable[DataChange],
    words: Callable[[Path], Path],
    *,
    several: bool,
) -> tuple[str, Any]:
    """The text of a notation after changes to its data, and what it is to say. Raises `UnfitError`."""
    tree = notation.tree()
    attach(tree, data)
    root = notation.stream(tree) if several else tree
    for change in changes:
        if not change.path:
            raise UnfitError("cannot edit a whole document in place", 0, "write the file anew")
        make(revealed(change, words), root)
    woven, after = notation.woven(root), data_of(root)
    if root is notation.file:
        after = after[0] if len(after) == 1 else after or {}
    return woven, after


def data_after(data: Any, changes: Iterable[DataChange]) -> Any:
    """What data says after changes, whatever text it stands in. Raises `UnfitError`.

    >>> data_after({"a": 1}, [DataChange("add", ("b",), after=2)])
    {'a': 1, 'b': 2}
    """
    root = fresh(data)
    for change in changes:
        make(revealed(change), root)
    after = data_of(root)
    return Files(after) if isinstance(data, Files) else after


def make(change: Revealed, tree: Node) -> None:
    """Make one change to the tree."""
    if not change.path:
        _expect(change, tree)
        tree.assign(change.after)
        return
    if change.op == "move" and isinstance(change.path[-1], str):
        _move_to_key(change, tree)
        return
    parent = _parent(change, tree, change.path)
    last = change.path[-1]
    if change.op == "move":
        _move_in_list(change, parent)
    elif change.op == "add":
        _add(change, parent, last)
    else:
        entry = _expected(change, parent, last)
        if change.op == "remove":
            parent.take(entry)
        else:
            entry.value.assign(change.after)


def _add(change: Revealed, parent: Node, last: Any) -> None:
    if parent.kind == "map":
        if parent.find(last):
            raise _misfit(change, "is there already", parent)
        parent.insert(Entry(last, fresh(change.after)))
        return
    position = change.position if change.position is not None else last
    if parent.kind != "list" or type(position) is not int or not 0 <= position <= len(parent.entries):
        raise _misfit(change, "is not a position in the list", parent)
    parent.insert(Entry(None, fresh(change.after)), position)


def _move_in_list(change: Revealed, parent: Node) -> None:
    last: Any = change.path[-1]
    start, end = (
        (change.before, change.after) if isinstance(last, Key) else ((change.origin or change.path)[-1], last)
    )
    entry = parent.find(start) if parent.kind == "list" else None
    if entry is None:
        raise _misfit(change, "is not there", parent)
    parent.take(entry)
    parent.insert(entry, end)


def _move_to_key(change: Revealed, tree: Node) -> None:
    """From one mapping to another; within one it is a new name, and the place stays."""
    origin = change.origin or change.path
    source = _parent(change, tree, origin)
    target = _parent(change, tree, change.path)
    entry = _expected(change, source, origin[-1], f"is not at {show_path(change.words(change.shown_origin))}")
    if target.kind != "map" or source.kind != "map" or target.find(change.path[-1]):
        raise _misfit(change, "is there already", target)
    position = source.entries.index(entry) if source is target else None
    source.take(entry)
    if entry.role == "inherited":
        entry = Entry(change.path[-1], fresh(data_of(entry.value)))
    else:
        entry.key, entry.renamed = change.path[-1], True
    target.insert(entry, position)


def _parent(change: Revealed, tree: Node, path: Path) -> Node:
    """The container of a path's end. All on the way to it is touched."""
    node = tree
    for segment in path[:-1]:
        node.touched = True
        entry = node.find(segment)
        if entry is None:
            raise _misfit(change, "has no parent there", node)
        node = entry.value
    node.touched = True
    if node.kind == "leaf":
        raise _misfit(change, "has no parent there", node)
    return node


def _expected(change: Revealed, parent: Node, last: Any, problem: str = "is not there") -> Entry:
    """The entry that a change means, if it holds what the change was made from."""
    entry = parent.find(last)
    if entry is None:
        raise _misfit(change, problem, parent)
    _expect(change, entry.value)
    return entry


def _expect(change: Revealed, node: Node) -> None:
    if not same(data_of(node), change.before):
        raise _misfit(change, "is not what the diff was made from", node)


def _misfit(change: Revealed, what: str, node: Node) -> UnfitError:
    return UnfitError(
        f"cannot {change.op} {show_path(change.words(change.shown))}: it {what}",
        node.start if node.start >= 0 else None,
        "compare with the file as it is now",
    )
