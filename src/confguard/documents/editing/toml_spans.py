"""Where the parts of a TOML text stand: sections, the lines in them, and the values in those."""

from __future__ import annotations

from attrs import define

from confguard.documents.editing.tree import Entry, Node, grow, next_line, spanned
from confguard.documents.toml import Statement, statements

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


def sections_of(text: str) -> list[Section]:
    """The sections of a text that parses. The first is there if lines stand before any header."""
    sections: list[Section] = []
    for each in statements(text):
        if each.array is not None:
            body = next_line(text, each.key_end)
            lines = Node(each.start, each.key_end, "map", block=True, body=body, after=each.key_end)
            entry = Entry(each.names, lines, each.start, each.key_end)
            sections.append(Section(each.names, each.array, entry))
            continue
        if not sections:
            sections.append(Section((), False, Entry((), Node(0, 0, "map", block=True, body=0), 0, 0)))
        lines = sections[-1].lines
        lines.indent = text[text.rfind("\n", 0, each.start) + 1 : each.start]
        lines.entries.append(_line(text, each))
        lines.end = lines.entries[-1].end
    return sections


def _line(text: str, line: Statement) -> Entry:
    (_, _, _, start, end), _ = line.spots[len(line.names) - 1]
    value, inside = spanned(text, start, end), line.spots[len(line.names) :]
    nodes = grow(value, text, (spot for spot, _ in inside), line.names)
    for (path, *_), kind in inside:
        if kind == "dotted":
            nodes[path[:-1]].rigid = "it has dotted names in brackets"
    return Entry(line.names, value, line.start, line.key_end)
