"""How YAML is written: blocks and brackets, anchors and what refers to them, several documents in a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from confguard.documents.editing.tree import Entry, Node, UnfitError, data_of
from confguard.documents.editing.weaving import Weaving
from confguard.documents.editing.yaml_spans import YamlSpans
from confguard.documents.editing.yaml_values import block, flow, is_block, scalar
from confguard.values import same

_BLANK = re.compile(r"[ \t\r]*(?:\n|\Z)")
_HEADER = re.compile(r"[|>][-+0-9]*([ \t]+#[^\n]*?)?\r?\n")


class YamlNotation(Weaving):
    """YAML. New tables and lists are blocks, moved in as the others of the file."""

    comment = r"#[^\r\n]*"
    separator = ": "

    def tree(self) -> Node:
        """The spans of the text's values; a list of them where the file has several documents."""
        spans = YamlSpans(self.text)
        documents = list(spans.documents())
        self.step, self.dash = spans.step or "  ", spans.dash or ""
        node = Node(0, len(self.text), "list", documents, block=True, body=0)
        self.documents = node
        if len(documents) > 1:
            self.file = node
        elif documents:
            return documents[0].value
        else:
            return Node(0, len(self.text), "map", block=True, body=0)
        return node

    def stream(self, tree: Node) -> Node:
        self.documents.was = tuple(self.documents.entries)
        self.file = self.documents
        return self.file

    def key(self, key: Any) -> str:
        return flow(key, ascii_only=self.escaped)

    def value(self, data: Any, old: str = "", indent: str | None = None) -> str:
        return scalar(data, old, ascii_only=self.escaped)

    def member(self, parent: Node, entry: Entry, indent: str | None) -> str:
        """In brackets, commas and brackets are quoted, and so is a key that the colon adjoins."""
        value = flow(data_of(entry.value), inside=True, ascii_only=self.escaped)
        if parent.kind != "map":
            return value
        return self._key_inside(parent, entry.key) + value

    def _key_inside(self, parent: Node, key: Any) -> str:
        separator = self.separator_in(parent)
        adjoined = not separator.endswith((" ", "\t"))
        style = '"' if adjoined and isinstance(key, str) else None
        shown = flow(key, style, inside=True, ascii_only=self.escaped)
        return shown + (separator if style or not adjoined else self.separator)

    def core(self, entry: Entry, end: int) -> str:
        """A key in brackets is quoted as a value there; a document that comes behind another is told apart."""
        if self._comes_behind(entry):
            sign = "..." if self.text.startswith("%", entry.start) else "---"
            return f"{sign}{self.newline}{super().core(entry, end)}"
        if entry.renamed and entry.value.outer is None and not entry.value.block:
            shown = flow(entry.key, inside=True, ascii_only=self.escaped)
            return shown + self.emit(entry.value, entry.key_end, end)
        return super().core(entry, end)

    def holds(self, parent: Node, lines: list[str], number: int) -> bool:
        """A comment that is moved in farther than an entry belongs to it; a document has all that follows it."""
        line = lines[number]
        return self._of_documents(parent) or len(line) - len(line.lstrip(" ")) > len(parent.indent)

    def emptied(self, node: Node) -> str | None:
        """Empty brackets, save for a file that is a table: comments alone say the same."""
        return None if node.after < 0 and node.kind == "map" else "[]" if node.kind == "list" else "{}"

    def row(self, parent: Node, entry: Entry) -> str:
        data = data_of(entry.value)
        if self._of_documents(parent):
            return f"---{self.newline}" + "".join(self._lines(data, ""))
        if parent.kind == "list":
            return self._element(data, parent.indent)
        return self._pair(entry.key, data, parent.indent, self.separator_in(parent))

    def rewritten(self, node: Node, start: int, end: int) -> str:
        """A value in the place of another; a table or a list becomes a block where the old value stands in one."""
        data = data_of(node)
        old = "" if node.block else self.text[node.start : node.end]
        head = self.text[start : node.after if node.block else node.start]
        tail, rest = self._behind(node, end)
        note = match.group(1) or "" if (match := _HEADER.match(old)) else ""
        if data and isinstance(data, dict | list) and node.outer is not None:
            inner = node.outer + (self.step if isinstance(data, dict) else self.dash)
            dashed = (
                head.rstrip(" ").endswith("-") and node.kind != "leaf" and self.text[node.after - 1] == "-"
            )
            below = "".join(self._lines(data, node.outer + "  " if dashed else inner))
            if dashed and not (note + tail).strip():
                return f"{head.rstrip(' ')} {below.lstrip(' ')}{rest}"
            return (
                head.rstrip(" ") + note + tail + ("" if tail.endswith("\n") else self.newline) + below + rest
            )
        text = self._scalar(node, data, old)
        space = "" if not head or head[-1].isspace() or not text else " "
        first, ended, lines = text.partition("\n")
        return (
            head
            + space
            + first.removesuffix("\r")
            + note
            + ((self.newline if ended else "") + lines + tail + rest)
        )

    def _scalar(self, node: Node, data: Any, old: str) -> str:
        """A value that is not a block of entries, in the style of the one it replaces."""
        if is_block(old) and isinstance(data, str) and not (self.escaped and not data.isascii()):
            below = self.text.find("\n", node.end) + 1
            blank = bool(0 < below < len(self.text) and _BLANK.match(self.text, below))
            text = block(data, old, node.outer or "", self.step, self.newline, blank_below=blank)
            if text:
                return text
        return scalar(data, old, inside=node.outer is None, ascii_only=self.escaped)

    def woven(self, tree: Node) -> str:
        """The text of a changed tree, once aliases that no longer say what is asked are written out."""
        if "*" in self.text:
            _settle(tree, {})
        return super().woven(tree)

    def _behind(self, node: Node, end: int) -> tuple[str, str]:
        """The rest of a value's line, with its end, and what stands below."""
        if node.block:
            line = self.text[node.after : node.body]
            return (line if line.endswith("\n") else self.newline), ""
        line, ended, rest = self.text[node.end : end].partition("\n")
        return line + ended, rest

    def _comes_behind(self, entry: Entry) -> bool:
        """Is it the document that the file begins with, without a `---`, and stands another before it now?"""
        begun = self.documents.was[:1] == (entry,) and not self.text.startswith("---", entry.start)
        return begun and self.documents.entries[0] is not entry

    def _of_documents(self, node: Node) -> bool:
        return node is self.documents

    def _lines(self, data: Any, indent: str) -> Iterator[str]:
        if isinstance(data, dict) and data:
            for key, value in data.items():
                yield self._pair(key, value, indent, ": ")
        elif isinstance(data, list) and data:
            for value in data:
                yield self._element(value, indent)
        else:
            yield indent + self.value(data) + self.newline

    def _pair(self, key: Any, value: Any, indent: str, separator: str) -> str:
        if not value or not isinstance(value, dict | list):
            return f"{indent}{self.key(key)}{separator}{self.value(value)}{self.newline}"
        inner = indent + (self.step if isinstance(value, dict) else self.dash)
        return f"{indent}{self.key(key)}:{self.newline}" + "".join(self._lines(value, inner))

    def _element(self, value: Any, indent: str) -> str:
        lines = "".join(self._lines(value, indent + "  "))
        return f"{indent}- {lines[len(indent) + 2 :]}"


def _settle(node: Node, defined: dict[str, Any]) -> bool:
    """Let aliases stand that still say what is asked, and write out the others. Returns if anything is touched.

    Walks the tree as it will be written, so an alias whose anchor is gone or comes after it is written out.
    """
    if node.alias is not None:
        kept = node.alias in defined and same(defined[node.alias], data_of(node))
        node.touched = not kept
        node.rigid = ""
        return node.touched
    if node.anchor is not None:
        defined[node.anchor] = data_of(node)
    touched = node.touched
    for entry in node.entries:
        if entry.role == "own":
            touched |= _settle(entry.value, defined)
    if any(entry.role == "merge" for entry in node.entries):
        touched |= _settle_merges(node, defined)
    node.touched = touched
    return touched


def _settle_merges(node: Node, defined: dict[str, Any]) -> bool:
    """Let a merge key stand where it brings nothing that is not asked; what it brings otherwise is written out."""
    merges = [entry for entry in node.entries if entry.role == "merge"]
    sources: list[Any] = []
    for entry in merges:
        sources += [defined.get(part.alias) if part.alias else part.data for part in _parts(entry.value)]
    own = node.named()
    brought: dict[Any, Any] = {}
    for source in sources:
        for key, value in source.items() if isinstance(source, dict) else ():
            brought.setdefault(key, value)
    lost = any(key not in own or own[key].gone for key in brought)
    if lost or not all(isinstance(source, dict) for source in sources):
        written = [part for entry in merges for part in _parts(entry.value) if not part.alias]
        if node.was and any(part.kind != "leaf" for part in written):
            raise UnfitError("cannot take away what a merge key brings", merges[0].start)
        for entry in merges:
            node.take(entry)
        brought = {}
    changed = lost
    for entry in node.entries:
        if entry.role == "inherited" and not (
            entry.key in brought and same(brought[entry.key], data_of(entry.value))
        ):
            entry.role, changed = "own", True
    return changed


def _parts(merged: Node) -> list[Node]:
    """What a merge key names: one mapping, or several."""
    return [entry.value for entry in merged.entries] if merged.kind == "list" else [merged]
