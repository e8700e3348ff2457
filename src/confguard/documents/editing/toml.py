"""How TOML is written: headers, lines below them, and values in brackets."""

from __future__ import annotations

from typing import Any

from confguard.documents.editing.toml_carrying import Carried, Section, Table
from confguard.documents.editing.toml_values import dotted, inline
from confguard.documents.editing.tree import Entry, Node, grow, next_line, spanned
from confguard.documents.editing.weaving import Weaving
from confguard.documents.toml import Statement, statements


class TomlNotation(Weaving):
    """TOML. The tree of the data is not that of the text: what becomes of it is carried over to sections and lines."""

    comment = r"#[^\r\n]*"
    separator = " = "

    def tree(self) -> Node:
        """The tables of the data, and how each is written."""
        self.sections = _sections_of(self.text)
        self.tables: dict[Node, Table] = {}
        self.lines: dict[Entry, tuple[Section, Entry]] = {}
        root = self._table()
        for section in self.sections:
            section.lines.was = tuple(section.lines.entries)
            table = self._opened(root, section)
            for line in section.lines.entries:
                self._line(table, section, line)
        return root

    def key(self, key: Any) -> str:
        if isinstance(key, Section):
            shown = f"[[{dotted(key.names)}]]" if key.array else f"[{dotted(key.names)}]"
        else:
            shown = dotted(key if isinstance(key, tuple) else (key,))
        return self._encoded(shown)

    def value(self, data: Any, old: str = "", indent: str | None = None) -> str:
        """A value on one line, or a text on several where the old one stood so."""
        literal = old.startswith("'") and self.escaped and not str(data).isascii()
        return self._encoded(inline(data, "" if literal else old)).replace("\n", self.newline)

    def row(self, parent: Node, entry: Entry) -> str:
        if isinstance(entry.key, str) and parent.kind == "list":
            return self._encoded(entry.key).replace("\n", self.newline)
        if isinstance(entry.key, Section):
            lines = "".join(self.row(entry.value, line) for line in entry.value.entries)
            return (self.key(entry.key) + self.newline if entry.key.names else "") + lines
        return super().row(parent, entry)

    def _encoded(self, shown: str) -> str:
        """In a file that is kept ASCII by escapes, with such: what is not ASCII stands in quotes that know them."""
        return "".join(map(_escape, shown)) if self.escaped and not shown.isascii() else shown

    def holds(self, parent: Node, lines: list[str], number: int) -> bool:
        """Comments right below a section's last line belong to it, if a blank line follows them."""
        return (
            parent.kind == "list"
            and all(line.strip() for line in lines[:number])
            and not all(line.strip() for line in lines)
        )

    def spaced(self, node: Node) -> bool:
        """Sections are."""
        return node.kind == "list"

    def woven(self, tree: Node) -> str:
        was = tuple(section.entry for section in self.sections)
        file = Node(0, len(self.text), "list", block=True, body=0, touched=True, was=was)
        carried = Carried(self.sections, self.tables, self.lines, self.has_comments)
        carried.visit(tree, (), {})
        file.entries = carried.arranged(carried.order)
        for section in self.sections:
            lines = section.lines
            if section in carried.orders:
                lines.entries = carried.arranged(carried.orders[section])
            else:
                lines.entries = [line for line in lines.was if line in carried.kept]
            lines.touched = tuple(lines.entries) != lines.was or any(
                line.renamed or line.value.touched for line in lines.entries
            )
        first = self.sections[0] if self.sections else None
        if first and not first.names and not first.lines.entries and not self._has_remarks(first):
            file.entries.remove(first.entry)
        return super().woven(file)

    def _has_remarks(self, first: Section) -> bool:
        """Do comments stand above or between the lines of the first section?"""
        ends = [0, *(line.end for line in first.lines.was)]
        return any(
            "#" in self.text[end : line.start] for end, line in zip(ends, first.lines.was, strict=False)
        )

    def _table(self, home: Section | None = None) -> Node:
        table = Node(kind="map")
        self.tables[table] = Table(home=home)
        return table

    def _opened(self, root: Node, section: Section) -> Node:
        """The table of a header."""
        node = root
        for number, name in enumerate(section.names, 1):
            array = section.array and number == len(section.names)
            entry = node.find(name)
            if entry is None:
                entry = Entry(name, Node(kind="list") if array else self._table())
                node.insert(entry)
            node = entry.value
            if array:
                node.insert(Entry(None, self._table()))
            if node.kind == "list":
                node = node.entries[-1].value
        self.tables[node].header = section
        node.start = section.entry.start
        return node

    def _line(self, table: Node, section: Section, line: Entry) -> None:
        for name in line.key[:-1]:
            existing = table.find(name)
            if existing is None:
                existing = Entry(name, self._table(section))
                existing.value.start = line.start
                table.insert(existing)
            table = existing.value
            if table in self.tables and not self.tables[table].home:  # a section below it stood first
                self.tables[table].home = section
        entry = Entry(line.key[-1], line.value)
        self.lines[entry] = section, line
        table.insert(entry)


def _sections_of(text: str) -> list[Section]:
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
    nodes = grow(value, text, (spot for spot, _ in inside), line.names) if inside else {}
    for (path, *_), kind in inside:
        if kind == "dotted":
            nodes[path[:-1]].rigid = "it has dotted names in brackets"
    return Entry(line.names, value, line.start, line.key_end)


def _escape(char: str) -> str:
    code = ord(char)
    return char if code < 128 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
