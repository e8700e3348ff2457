"""A changed tree made into a text again: what is untouched is copied, with the comments that belong to it.

A container is cut into one piece an entry. What stands above an entry without a blank line between, and what stands
behind it, belongs to its piece and goes where it goes. What stands apart stays: it is the gap before the piece.
"""

from __future__ import annotations

from confguard.documents.editing.brackets import Brackets
from confguard.documents.editing.notation import Notation
from confguard.documents.editing.rows import Rows
from confguard.documents.editing.tree import Entry, Node, UnfitError, data_of


class Weaving(Notation):
    """A notation whose changed trees become texts: blocks row by row, brackets piece by piece."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.rows = Rows(self)
        self.brackets = Brackets(self)

    def has_comments(self, entry: Entry) -> bool:
        return self.brackets.has_comments(entry)

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
        if entry.renamed:
            return self.key(entry.key) + self.emit(entry.value, entry.key_end, end)
        return self.emit(entry.value, entry.start, end)
