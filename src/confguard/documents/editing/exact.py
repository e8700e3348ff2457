"""The edit of a document: its text as a tree, all changes made to it, the tree woven into a text, and that read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

from attrs import frozen

from confguard.documents.editing.interface import DataChange
from confguard.documents.editing.tree import Entry, Node, UnfitError, attach, data_of, fresh
from confguard.documents.editing.weaving import Weaving
from confguard.documents.interface import LineIndex
from confguard.documents.parsed import Parsed
from confguard.documents.reading import parsed
from confguard.documents.registry import format_named, notation_of
from confguard.documents.wording import worded
from confguard.errors import DocumentError
from confguard.paths import Key, Path, show_path
from confguard.values import copied, identical, same

__all__ = ["Edited", "Revealed", "data_after", "edited", "revealed"]


class Edited(NamedTuple):
    """The text after an edit, and what it says."""

    content: bytes
    data: Any


def edited(document: Parsed, changes: Iterable[DataChange]) -> Edited | None:
    """The text after the changes; None where there are none.

    Raises `DocumentError` where the changes do not fit, and where the format cannot hold them in place.
    """
    asked = list(changes)
    if not asked:
        return None
    written_in = notation_of(document.format)
    if written_in is None:
        raise DocumentError(f"{document.format} files cannot be edited in place", path=document.path)
    bom = "\ufeff" if document.text.startswith("\ufeff") else ""
    text = document.text.removeprefix("\ufeff")
    try:
        notation: Weaving = written_in(text)
        tree = notation.tree()
        attach(tree, document.data)
        # Paths of a diff of files that may hold several documents begin with one of them.
        root = notation.stream(tree) if getattr(changes, "several", False) else tree
        for change in asked:
            _make(revealed(change, partial(worded, document)), root)
        woven = notation.woven(root)
    except UnfitError as error:
        first = asked[0].origin or asked[0].path
        known = error.at is not None and error.at >= 0
        place = LineIndex(text).position(error.at or 0) if known else document.locate(first, nearest=True)
        raise DocumentError(
            str(error),
            path=document.path,
            line=place.line if place else None,
            column=place.column if place else None,
            hint=error.hint or "edit by hand",
        ) from error
    except Exception as error:  # a layout that the spans don't foresee is the user's, and no fault
        raise _refusal(document, asked) from error
    data = data_of(root)
    if root is getattr(notation, "file", None):
        data = data[0] if len(data) == 1 else data or {}
    for end in ["", notation.newline][: 1 if woven.endswith("\n") else 2]:
        # The last line end may be missing as it was, save where it is a part of the last value.
        done = _read(document, bom + woven + end, data)
        if isinstance(done, Edited):
            return done
    raise _refusal(document, asked) from (done if isinstance(done, Exception) else None)


def _read(document: Parsed, text: str, data: Any) -> Edited | Exception | None:
    """The new text, if it says what was asked for: an edit is exact, or it is refused."""
    try:
        content = text.encode("utf-8")
        document_read = parsed(content, format_named(document.format), document.path, document.tags)
    except (DocumentError, UnicodeEncodeError) as error:
        return error
    held = (
        list(document_read) if isinstance(document_read, list) else document_read
    )  # documents are a list of their own
    return Edited(content, document_read) if identical(held, data) or same(held, data) else None


def _refusal(document: Parsed, changes: list[DataChange]) -> DocumentError:
    """The place is one of the user's own text: what was made of it nobody has."""
    first = changes[0]
    place = document.locate(first.origin or first.path, nearest=True)
    return DocumentError(
        f"the changes, {show_path(worded(document, first.path))} first, cannot be made in place exactly",
        path=document.path,
        line=place.line if place else None,
        column=place.column if place else None,
        hint="unusual layout stands in the way, or the format has no way to write it: edit by hand",
    )


def data_after(data: Any, changes: Iterable[Revealed]) -> Any:
    """What data says after changes, whatever text it stands in. Raises `UnfitError`."""
    root = fresh(copied(data))
    for change in changes:
        _make(change, root)
    return data_of(root)


@frozen
class Revealed(DataChange):
    """A change with its secrets revealed: what is written into a file is the file's own."""

    shown: Path = ()
    """Its path, for messages."""
    words: Callable[[Path], Path] = tuple
    """A path in the words of the file, for messages, too."""


def revealed(change: DataChange, words: Callable[[Path], Path] = tuple) -> Revealed:
    origin = _open(change.origin) if change.origin is not None else None
    before, after = _open(change.before), _open(change.after)
    return Revealed(change.op, _open(change.path), before, after, origin, change.position, change.path, words)


def _open(value: Any) -> Any:
    """A value, or a path, in which nothing is hidden."""
    if isinstance(value, dict):
        return {_open(key): _open(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_open, value))
    if isinstance(value, Key):
        return Key(tuple((name, _open(field)) for name, field in value.fields))
    return value.reveal() if hasattr(value, "reveal") else value


def _make(change: Revealed, tree: Node) -> None:
    """Make one change to the tree."""
    if not change.path:
        raise UnfitError("cannot edit a whole document in place", 0, "write the file anew")
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
        raise _misfit(change, "is no position in the list", parent)
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
    entry = _expected(change, source, origin[-1])
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


def _expected(change: Revealed, parent: Node, last: Any) -> Entry:
    """The entry that a change means, if it holds what the change was made from."""
    entry = parent.find(last)
    if entry is None:
        raise _misfit(change, "is not there", parent)
    if not same(data_of(entry.value), data_of(fresh(change.before))):
        raise _misfit(change, "is not what the change was made from", entry.value)
    return entry


def _misfit(change: Revealed, what: str, node: Node) -> UnfitError:
    return UnfitError(
        f"cannot {change.op} {show_path(change.words(change.shown))}: it {what}",
        node.start if node.start >= 0 else None,
        "compare with the file as it is now",
    )
