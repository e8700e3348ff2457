"""How TOML is written: a table stands in one section, in several, in dotted names, or in brackets."""

from __future__ import annotations

from typing import Any

from attrs import define

from confguard.documents.editing.ordering import Order
from confguard.documents.editing.toml_spans import Names, Section, sections_of
from confguard.documents.editing.toml_values import dotted, inline, is_sections, sections
from confguard.documents.editing.tree import Entry, Node, UnfitError, data_of
from confguard.documents.editing.weaving import Weaving

__all__ = ["TomlNotation"]


@define(eq=False)
class _Table:
    """How a table of the data is written."""

    header: Section | None = None
    """Its own section."""
    home: Section | None = None
    """The section in whose lines its name stands before others."""


class TomlNotation(Weaving):
    """TOML. The tree of the data is not that of the text: what becomes of it is carried over to sections and lines."""

    comment = r"#[^\r\n]*"
    separator = " = "

    def tree(self) -> Node:
        """The tables of the data, and how each is written."""
        self.sections = sections_of(self.text)
        self.tables: dict[Node, _Table] = {}
        self.lines: dict[Entry, tuple[Section, Entry]] = {}
        root = self._table()
        for section in self.sections:
            section.lines.was = tuple(section.lines.entries)
            table = self._opened(root, section)
            for line in section.lines.entries:
                self._line(table, section, line)
        return root

    def key(self, key: Any) -> str:
        """A dotted name, or a header."""
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
        """A new line, or new sections."""
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
        """The text of a changed tree."""
        was = tuple(section.entry for section in self.sections)
        file = Node(0, len(self.text), "list", block=True, body=0, touched=True, was=was)
        carried = _Carried(self)
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
        self.tables[table] = _Table(home=home)
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


class _Carried:
    """Carries a changed tree over to the sections of a file and their lines."""

    def __init__(self, notation: TomlNotation) -> None:
        self.notation = notation
        self.order = Order(section.entry for section in notation.sections)
        """The sections."""
        self.orders: dict[Section, Order] = {}
        """The lines of sections that get more."""
        self.lasts: dict[Section, dict[Names, Entry]] = {}
        """The last line of each table in them."""
        self.kept: set[Entry] = set()
        """The sections and lines that still stand for something."""
        self.met: list[Entry] = []
        """The sections met so far, in the order in which they are to stand."""

    def arranged(self, order: Order) -> list[Entry]:
        """What stands in an order, without what is gone."""
        return [entry for entry in order.arranged() if entry in self.kept or entry.start < 0]

    def visit(self, node: Node, names: Names, around: dict[Section, int]) -> None:
        """Keep what a table still has, then write what it has not yet.

        `around` are the sections of the tables around it, the innermost last, with the length of their names.
        """
        table, mark = self.notation.tables[node], len(self.met)
        if table.header:
            around = {**around, table.header: len(names)}
            self._keep_header(table.header, names)
        unwritten = [entry for entry in node.entries if not self._kept(entry, names, around)]
        for entry in unwritten:
            self._write(node, entry, names, around, mark)

    def _kept(self, entry: Entry, names: Names, around: dict[Section, int]) -> bool:
        """Does an entry still stand for what stands in the text? What is below is seen to."""
        value, inner = entry.value, (*names, entry.key)
        if entry in self.notation.lines:
            self._keep_line(entry, inner, around)
        elif value.opaque or (not value.entries and not self._has_header(value)):
            return False
        elif value.kind == "list" and not any(self._has_header(each.value) for each in value.entries):
            return False  # an array of tables with none of its tables left
        elif value.kind == "list":
            self._elements(value, inner, around)
        else:
            self.visit(value, inner, around)
        return True

    def _has_header(self, node: Node) -> bool:
        return node in self.notation.tables and self.notation.tables[node].header is not None

    def _keep_header(self, header: Section, names: Names) -> None:
        self.kept.add(header.entry)
        self.met.append(header.entry)
        if header.names != names:
            header.entry.key, header.entry.renamed = Section(names, header.array, header.entry), True

    def _keep_line(self, entry: Entry, names: Names, around: dict[Section, int]) -> None:
        section, line = self.notation.lines[entry]
        if section not in around:  # it was moved to another table
            if not around:
                raise UnfitError("cannot move it to where no section is", line.start)
            self._lines(section).take(line)
            section = next(reversed(around))
            self._lines(section).put([line])
        self.kept.add(line)
        if line.key != names[around[section] :]:
            line.key, line.renamed = names[around[section] :], True

    def _elements(self, node: Node, names: Names, around: dict[Section, int]) -> None:
        """An array of tables: its sections stand in the order of its elements."""
        for number, entry in enumerate(node.entries):
            mark = len(self.met)
            if entry.value.opaque:
                data = data_of(entry.value)
                if not isinstance(data, dict):
                    raise UnfitError(f"cannot put what is no table into [[{dotted(names)}]]", node.start)
                self._add_element(node, number, sections(names, [data]))
                continue
            self.visit(entry.value, names, around)
            self._put_behind(self.met[:mark][-1:] if number else [], self.met[mark:])

    def _put_behind(self, before: list[Entry], sections: list[Entry]) -> None:
        """Move the sections of an element behind those of the one before it, if they are not there."""
        if before and not self.order.precedes(before[0], sections[0]):
            self.order.put(sections, behind=before[0])

    def _add_element(self, node: Node, number: int, text: str) -> None:
        """Add a section behind the element before, or before the first that stands in the text."""
        first = None
        if not number:
            known = (self.notation.tables.get(each.value) for each in node.entries)
            first = next((table.header.entry for table in known if table and table.header), None)
        self._insert(Entry(text, Node()), first)

    def _insert(self, entry: Entry, before: Entry | None = None) -> None:
        """Put new sections before one, or behind those that were met last."""
        last = self.met[-1] if self.met and before is None else None
        self.order.put([entry], behind=last, before=before)
        self.met.append(entry)

    def _lines(self, section: Section) -> Order:
        if section not in self.orders:
            self.orders[section] = Order(section.lines.was)
            self.lasts[section] = {line.key[:-1]: line for line in section.lines.was}
        return self.orders[section]

    def _write(self, node: Node, entry: Entry, names: Names, around: dict[Section, int], mark: int) -> None:
        """Write what stands nowhere yet: as sections where that is usual, else as a line."""
        if entry.start >= 0 and self.notation.has_comments(entry):  # it comes from brackets
            raise UnfitError("it has comments that cannot be moved with it", entry.start)
        table, data = self.notation.tables[node], data_of(entry.value)
        in_lines = table.home is not None and table.header is None
        if is_sections(data) and not in_lines:
            self._insert(Entry(sections((*names, entry.key), data), Node()))
            return
        if in_lines and table.home in around:
            home = table.home
        else:
            table.header = home = table.header or self._open(names, mark)
            around = {**around, home: len(names)}
        name = (*names, entry.key)[around[home] :]
        self._add_line(home, name, Entry(name, entry.value))

    def _add_line(self, section: Section, name: Names, line: Entry) -> None:
        """Add a line behind the last one of its table."""
        if section.entry.start < 0:
            section.lines.entries.append(line)
            return
        order = self._lines(section)
        order.put([line], behind=self.lasts[section].get(name[:-1]))
        self.lasts[section][name[:-1]] = line

    def _open(self, names: Names, mark: int) -> Section:
        """A new section for a table that has none of its own, before those that are below it."""
        section = Section(names, False, Entry(None, Node(kind="map", block=True)))
        section.entry.key = section
        if names:
            self._insert(section.entry, self.met[mark] if len(self.met) > mark else None)
        else:
            self.order.put_first(section.entry)
        return section


def _escape(char: str) -> str:
    code = ord(char)
    return char if code < 128 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
