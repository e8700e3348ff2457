"""Where the parts of a TOML text stand: sections, the lines in them, and the values in those."""

from __future__ import annotations

import re

from attrs import define

from confguard.documents.editing.tree import Entry, Node, end_of, next_line
from confguard.documents.toml import BARE, BLANK, KEY, SPACE, STRING, unquoted

__all__ = ["Names", "Section", "sections_of"]

Names = tuple[str, ...]
"""A dotted name."""


@define(eq=False)
class Section:
    """A header with the lines below it; the first section of a file has none."""

    names: Names
    array: bool
    """Is it an element of an array of tables (`[[name]]`)?"""
    entry: Entry
    """The section among the others."""

    @property
    def lines(self) -> Node:
        """Its lines; the key of each is a dotted name."""
        return self.entry.value


_DOT = re.compile(r"[ \t]*\.[ \t]*")


def sections_of(text: str) -> list[Section]:
    """The sections of a text that parses. The first is there if lines stand before any header."""
    sections: list[Section] = []
    at = end_of(BLANK, text, 0)
    while at < len(text):
        if text[at] == "[":
            sections.append(_header(text, at))
            at = sections[-1].lines.end
        else:
            if not sections:
                sections.append(Section((), False, Entry((), Node(0, 0, "map", block=True, body=0), 0, 0)))
            lines = sections[-1].lines
            lines.indent = text[text.rfind("\n", 0, at) + 1 : at]
            lines.entries.append(_pair(text, at))
            at = lines.end = lines.entries[-1].end
        at = end_of(BLANK, text, at)
    return sections


def _header(text: str, start: int) -> Section:
    array = text.startswith("[[", start)
    names, at = _names(text, start + 1 + array)
    end = text.index("]", at) + 1 + array
    below = next_line(text, end)
    lines = Node(start, end, "map", block=True, body=below, after=end)
    return Section(names, array, Entry(names, lines, start, end))


def _pair(text: str, start: int) -> Entry:
    names, key_end = _names(text, start)
    return Entry(names, _value(text, end_of(SPACE, text, end_of(SPACE, text, key_end) + 1)), start, key_end)


def _names(text: str, at: int) -> tuple[Names, int]:
    """A dotted name, and where it ends."""
    names: list[str] = []
    at = end_of(SPACE, text, at)
    while True:
        end = end_of(KEY, text, at)
        names.append(unquoted(text[at:end]))
        dot = _DOT.match(text, end)
        if not dot:
            return tuple(names), end
        at = dot.end()


def _value(text: str, at: int) -> Node:
    close = {"[": "]", "{": "}"}.get(text[at])
    if close is None:
        end = end_of(STRING if text[at] in "\"'" else BARE, text, at)
        return Node(at, at + len(text[at:end].rstrip()))
    node = Node(at, at, "list" if close == "]" else "map")
    at = end_of(BLANK, text, at + 1)
    while text[at] != close:
        if close == "]":
            node.entries.append(Entry(None, _value(text, at), at))
        else:
            node.entries.append(_named(node, _pair(text, at)))
        at = end_of(BLANK, text, node.entries[-1].end)
        if text[at] == ",":
            at = end_of(BLANK, text, at + 1)
    node.end = at + 1
    return node


def _named(table: Node, entry: Entry) -> Entry:
    """An entry of an inline table."""
    if len(entry.key) > 1:
        table.rigid = "it has dotted names in brackets"
    entry.key = entry.key[0]
    return entry
