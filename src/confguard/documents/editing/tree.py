"""A text as a tree of its values, each with the span where it stands: what changes are made to."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, Literal, TypeAlias

from attrs import define, field

from confguard.documents.interface import Spot
from confguard.paths import Key, Path, dig
from confguard.values import copied

Kind: TypeAlias = Literal["leaf", "map", "list"]


class UnfitError(Exception):
    """Something cannot be done to this text; `at` is where the text stands in the way."""

    def __init__(self, message: str, at: int | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.at, self.hint = at, hint


@define(eq=False)
class Entry:
    """A value with its key, or its position in a list. What is new has no span (`start` is -1)."""

    key: Any
    value: Node
    start: int = -1
    """Where the key, the dash or, in brackets, the value begins."""
    key_end: int = -1
    role: Literal["own", "merge", "inherited"] = "own"
    """`inherited` is what a YAML merge key brings, and stands nowhere itself; `merge` is that key."""
    renamed: bool = False
    gone: bool = False

    @property
    def end(self) -> int:
        """Where it ends, without what stands behind it."""
        return self.value.end


@define(eq=False)
class Node:
    """A value as it stands in a text."""

    start: int = -1
    end: int = -1
    kind: Kind = "leaf"
    _entries: list[Entry] | None = field(factory=list, alias="entries")
    """None where they are as in the data: most of it is never looked at."""
    data: Any = None
    """Of a leaf, or of what has no entries of its own yet."""
    block: bool = False
    """Are its entries lines of their own, and not in brackets?"""
    body: int = -1
    """Of a block: where the lines of its entries begin."""
    indent: str = ""
    """Of a block: what stands before each of its entries."""
    after: int = -1
    """Where what introduces the value ends: a colon, a dash, an anchor."""
    outer: str | None = None
    """What the entries around it are moved in by, where they are lines of a block."""
    alias: str | None = None
    anchor: str | None = None
    opaque: bool = False
    """Is it written anew as a whole when something inside changes?"""
    rigid: str = ""
    """Why nothing inside can be changed, if nothing can."""
    touched: bool = False
    was: tuple[Entry, ...] = ()
    """The entries in the text, before any change."""
    _found: dict[Any, dict[Any, Entry]] = field(factory=dict, init=False)

    @property
    def entries(self) -> list[Entry]:
        """What is inside of it."""
        if self._entries is None:
            if self.kind == "map":
                self._entries = [Entry(key, fresh(inner)) for key, inner in self.data.items()]
            else:
                self._entries = (
                    [Entry(None, fresh(inner)) for inner in self.data] if self.kind == "list" else []
                )
        return self._entries

    @entries.setter
    def entries(self, entries: list[Entry]) -> None:
        self._entries = entries

    @property
    def is_as_read(self) -> bool:
        """Did nobody look inside, so that its data is what it holds?"""
        return self._entries is None

    def find(self, segment: Hashable) -> Entry | None:
        """The entry that one step of a path leads to."""
        if self.kind == "list":
            if isinstance(segment, Key):
                return self._element(segment)
            if type(segment) is not int or not 0 <= segment < len(self.entries):
                return None
            return self.entries[segment]
        entry = self.named().get(segment) if self.kind == "map" else None
        if entry is None or entry.gone:
            return None
        return entry if type(entry.key) is type(segment) else None

    def insert(self, entry: Entry, position: int | None = None) -> None:
        """Put an entry at a position, or at the end."""
        entry.gone = False
        self.entries.insert(len(self.entries) if position is None else position, entry)
        if self.kind == "map":
            self.named()[entry.key] = entry

    def take(self, entry: Entry) -> None:
        """Take an entry out."""
        self.entries.remove(entry)
        entry.gone = True

    def assign(self, value: Any) -> None:
        """Let it hold another value."""
        self.kind, self.data, self._entries = _kind_of(value), value, None
        self.opaque = self.touched = True
        self.rigid = ""
        self._found = {}

    def named(self) -> dict[Any, Entry]:
        """The entries of a mapping by their keys."""
        if None not in self._found:
            self._found[None] = {entry.key: entry for entry in self.entries if entry.role != "merge"}
        return self._found[None]

    def _element(self, key: Key) -> Entry | None:
        """By an index, since many changes name elements of one long list."""
        names = tuple(name for name, _ in key.fields)
        wanted = tuple((type(value), value) for _, value in key.fields)
        for again in (False, True):
            if again or names not in self._found:
                index: dict[Any, Entry] = {}
                for entry in self.entries:
                    index.setdefault(tuple(_field(entry.value, name) for name in names), entry)
                self._found[names] = index
            number = self._found[names].get(wanted)
            if number and not number.gone and tuple(_field(number.value, name) for name in names) == wanted:
                return number
        return None


def _field(node: Node, dotted: str) -> Any:
    """Type and value of a field, or of a field of a field, as `Key` compares it."""
    name, _, below = dotted.partition(".")
    if node.is_as_read:
        value = dig(node.data, dotted)
        return type(value), value
    entry = node.find(name) if node.kind == "map" else None
    if entry is not None and below:
        return _field(entry.value, below)
    value = entry.value.data if entry is not None and entry.value.kind == "leaf" else None
    return (type(value), value) if isinstance(value, str | int | float) else (type(None), None)


def _kind_of(value: Any) -> Kind:
    return "map" if isinstance(value, dict) else "list" if isinstance(value, list) else "leaf"


def fresh(value: Any) -> Node:
    """A value that stands in no text yet."""
    return Node(kind=_kind_of(value), entries=None, data=value, opaque=True)


def data_of(node: Node) -> Any:
    """The data that a tree stands for."""
    if node.is_as_read:
        return copied(node.data)
    if node.kind == "map":
        return {entry.key: data_of(entry.value) for entry in node.entries if entry.role != "merge"}
    if node.kind == "list":
        return [data_of(entry.value) for entry in node.entries]
    return node.data


def attach(node: Node, data: Any) -> None:
    """Give a tree of spans the data that was read from the same text.

    What does not agree with the data is written in a way that is not understood: nothing inside can be changed.
    """
    node.was = tuple(node.entries)
    if node.kind == "list" and isinstance(data, list) and len(data) == len(node.entries) and not node.rigid:
        for entry, element in zip(node.entries, data, strict=True):
            attach(entry.value, element)
    elif node.kind == "map" and isinstance(data, dict) and _attach_keys(node, data) and not node.rigid:
        pass
    else:
        if node.kind != "leaf":
            node.rigid = node.rigid or "it is written in an unusual way"
        node.kind, node._entries, node.data, node.was = _kind_of(data), None, data, ()
        node.opaque = True


def _attach_keys(node: Node, data: dict[Any, Any]) -> bool:
    """Do the keys agree? Those that stand nowhere come from a merge key."""
    named = node.named()
    missing = [key for key in data if key not in named]
    merges = any(entry.role == "merge" for entry in node.entries)
    if len(data) - len(missing) != len(named) or (missing and not merges):
        return False
    for key, entry in named.items():
        attach(entry.value, data[key])
    for key in missing:
        node.insert(Entry(key, fresh(data[key]), role="inherited"))
    return True


_KINDS: dict[str, Kind] = {"{": "map", "[": "list"}


def spanned(text: str, start: int, end: int) -> Node:
    """The value between two places: a container if it stands in brackets."""
    return Node(start, end, _KINDS.get(text[start : start + 1], "leaf"))


def grow(root: Node, text: str, spots: Iterable[Spot], at: Path = ()) -> dict[Path, Node]:
    """Give a value in brackets all that stands inside; `at` is its path. Returns the nodes by their paths."""
    nodes = {at: root}
    for path, start, key_end, value, end in spots:
        parent, nodes[path] = nodes[path[:-1]], spanned(text, value, end)
        key = path[-1] if parent.kind == "map" else None
        parent.entries.append(Entry(key, nodes[path], start, key_end))
    return nodes


def next_line(text: str, at: int) -> int:
    """Where the line behind an offset begins; the end of the text where there is none."""
    return text.find("\n", max(at, 0)) + 1 or len(text)
