"""How changes of the tables of TOML's data are carried over to the sections of a file and their lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from attrs import define

from confguard.documents.editing.toml_values import dotted, is_sections, sections
from confguard.documents.editing.tree import Entry, Node, UnfitError, data_of

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


@define(eq=False)
class Table:
    """How a table of the data is written."""

    header: Section | None = None
    """Its own section."""
    home: Section | None = None
    """The section in whose lines its name stands before others."""


class Carried:
    """Carries a changed tree over to the sections of a file and their lines."""

    def __init__(
        self,
        sections: Iterable[Section],
        tables: Mapping[Node, Table],
        lines: Mapping[Entry, tuple[Section, Entry]],
        has_comments: Callable[[Entry], bool],
    ) -> None:
        self.tables, self.lines, self.has_comments = tables, lines, has_comments
        self.order = Order(section.entry for section in sections)
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
        table, mark = self.tables[node], len(self.met)
        if table.header:
            around = {**around, table.header: len(names)}
            self._keep_header(table.header, names)
        unwritten = [entry for entry in node.entries if not self._kept(entry, names, around)]
        for entry in unwritten:
            self._write(node, entry, names, around, mark)

    def _kept(self, entry: Entry, names: Names, around: dict[Section, int]) -> bool:
        """Does an entry still stand for what stands in the text? What is below is seen to."""
        value, inner = entry.value, (*names, entry.key)
        if entry in self.lines:
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
        return node in self.tables and self.tables[node].header is not None

    def _keep_header(self, header: Section, names: Names) -> None:
        self.kept.add(header.entry)
        self.met.append(header.entry)
        if header.names != names:
            header.entry.key, header.entry.renamed = Section(names, header.array, header.entry), True

    def _keep_line(self, entry: Entry, names: Names, around: dict[Section, int]) -> None:
        section, line = self.lines[entry]
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
                    raise UnfitError(f"cannot put what is not a table into [[{dotted(names)}]]", node.start)
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
            known = (self.tables.get(each.value) for each in node.entries)
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
        if entry.start >= 0 and self.has_comments(entry):  # it comes from brackets
            raise UnfitError("it has comments that cannot be moved with it", entry.start)
        table, data = self.tables[node], data_of(entry.value)
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


class Order:
    """Entries in the order of a text, with others put before or behind some of them."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = list(entries)
        self._places = {entry: float(number) for number, entry in enumerate(self._entries)}
        self._taken: set[Entry] = set()
        self._ahead: dict[Entry, list[Entry]] = {}
        self._behind: dict[Entry, list[Entry]] = {}
        self._first: list[Entry] = []
        self._last: list[Entry] = []

    def precedes(self, one: Entry, other: Entry) -> bool:
        """Does one entry stand before another?"""
        return self._places[one] < self._places[other]

    def put(
        self, entries: Iterable[Entry], *, behind: Entry | None = None, before: Entry | None = None
    ) -> None:
        """Put entries behind or before one; at the end where neither is named."""
        ordered = list(entries)
        anchor = behind or before
        if behind:
            self._behind[behind] = ordered + self._behind.get(behind, [])
        elif before:
            self._ahead.setdefault(before, []).extend(ordered)
        else:
            self._last += ordered
        place = self._places[anchor] if anchor else float(len(self._entries))
        for entry in ordered:
            self.take(entry)
            self._places[entry] = place - 0.5 if before else place

    def put_first(self, entry: Entry) -> None:
        """Put an entry before all others."""
        self.take(entry)
        self._first.append(entry)
        self._places[entry] = -1.0

    def take(self, entry: Entry) -> None:
        """Take an entry from where it stands in the text."""
        self._taken.add(entry)

    def arranged(self) -> list[Entry]:
        """All entries in their order."""
        order: list[Entry] = []
        stay = (entry for entry in reversed(self._entries) if entry not in self._taken)
        waiting = [*reversed(self._last), *stay, *reversed(self._first)]
        while waiting:
            entry = waiting.pop()
            ahead = self._ahead.pop(entry, None)
            if ahead:
                waiting += [entry, *reversed(ahead)]
                continue
            order.append(entry)
            waiting += reversed(self._behind.pop(entry, []))
        return order
