"""A changed tree made into a text again: what is untouched is copied, with the comments that belong to it.

A container is cut into one piece an entry. What stands above an entry without a blank line between, and what stands
behind it, belongs to its piece and goes where it goes. What stands apart stays: it is the gap before the piece.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from confguard.documents.editing.brackets import Brackets
from confguard.documents.editing.rows import Rows
from confguard.documents.editing.tree import Entry, Node, UnfitError, data_of

__all__ = ["Notation"]


_ESCAPE = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|x[0-9A-Fa-f]{2})")


class Notation(ABC):
    """How one text of a format is written. One subclass a format says how values and entries are written in it."""

    comment: ClassVar[str]
    """A pattern of a comment."""
    separator: ClassVar[str]
    """What stands between a key and its value."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.newline = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
        self.escaped = text.isascii() and bool(_ESCAPE.search(text))
        """Is the text kept ASCII by escapes? What is written into it is, too."""
        self.file: Node | None = None
        """The list of documents, where the text is edited as one."""
        self.rows = Rows(self)
        self.brackets = Brackets(self)

    @abstractmethod
    def tree(self) -> Node:
        """The spans of the text's values; their data comes from the document."""

    def stream(self, tree: Node) -> Node:
        """The list of all documents of the text; a format that has but one in a file holds it alone."""
        self.file = Node(kind="list", entries=[Entry(None, tree)])
        return self.file

    @abstractmethod
    def key(self, key: Any) -> str:
        """A key as it is written."""

    @abstractmethod
    def value(self, data: Any, old: str = "", indent: str | None = None) -> str:
        """A value on one line, in the style of the one it replaces; with an `indent` lines below may be used."""

    def row(self, parent: Node, entry: Entry) -> str:
        """A new entry of a block, with its line end."""
        key = f"{self.key(entry.key)}{self.separator_in(parent)}" if parent.kind == "map" else ""
        return f"{parent.indent}{key}{self.value(data_of(entry.value))}{self.newline}"

    def member(self, parent: Node, entry: Entry, indent: str | None) -> str:
        """A new entry of brackets."""
        key = self.key(entry.key) + self.separator_in(parent) if parent.kind == "map" else ""
        return key + self.value(data_of(entry.value), "", indent)

    def holds(self, parent: Node, lines: list[str], number: int) -> bool:
        """Does a comment belong to the entry above it? It is one of the lines up to the next entry."""
        return False

    def spaced(self, node: Node) -> bool:
        """Do blank lines stand between the entries of a block, where its own entries don't tell?"""
        return False

    def emptied(self, node: Node) -> str | None:
        """What stands for a block that has lost all entries; None where what introduces it is enough."""
        return None

    def woven(self, tree: Node) -> str:
        """The text of a changed tree."""
        if tree is self.file and tree.start < 0:
            if len(tree.entries) != 1 or tree.entries[0].value.opaque:
                raise UnfitError("a file of this format holds one document", 0)
            return self.woven(tree.entries[0].value)
        self.split(tree, len(self.text))
        return self.emit(tree, 0, len(self.text))

    def split(self, node: Node, end: int) -> None:
        """Cut all containers that are touched into pieces."""
        if not node.touched or node.start < 0 or node.opaque:
            return
        if node.block:
            self.rows.split(node, end)
        else:
            self.brackets.split(node)
        for entry in node.was:
            self.split(entry.value, self.rows.end_of(entry) if node.block else entry.end)

    def emit(self, node: Node, start: int, end: int) -> str:
        """The text between two places, with a value that stands between them as it is now."""
        if not node.touched:
            return self.text[start:end]
        if node.rigid:
            raise UnfitError(f"cannot change what is inside of it in place: {node.rigid}", node.start)
        if node.opaque:
            return self.rewritten(node, start, end)
        if not node.block:
            return self.text[start : node.start] + self.brackets.woven(node) + self.text[node.end : end]
        emptied = self.emptied(node) if not any(entry.role != "inherited" for entry in node.entries) else None
        rows = self.rows.woven(node, end)
        if emptied is None:
            head = self.text[start : node.body]
            unended = rows and head and node.body == len(self.text) and not head.endswith("\n")
            return head + (self.newline if unended else "") + rows
        rest = self.text[node.after : node.body]
        rest = rest if rest.endswith("\n") else self.newline
        return f"{self.text[start : node.after]} {emptied}{rest}{rows}"

    def rewritten(self, node: Node, start: int, end: int) -> str:
        """The same, for a value that is written anew."""
        if node.block:
            raise UnfitError("a section cannot become a value in place", node.start)
        old = self.text[node.start : node.end]
        return self.text[start : node.start] + self.value(data_of(node), old) + self.text[node.end : end]

    def core(self, entry: Entry, end: int) -> str:
        """An entry of the text up to a place, with its key and its value as they are now."""
        if entry.renamed:
            return self.key(entry.key) + self.emit(entry.value, entry.key_end, end)
        return self.emit(entry.value, entry.start, end)

    def separator_in(self, parent: Node) -> str:
        """What the last entry in the text has between key and value."""
        for entry in reversed(parent.was):
            if 0 <= entry.key_end <= entry.value.start:
                between = self.text[entry.key_end : entry.value.start]
                if between.strip() == self.separator.strip() and "\n" not in between:
                    return between
        return self.separator
