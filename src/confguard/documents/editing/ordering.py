"""An order to which much is added: each addition takes the same time, however long the order is."""

from __future__ import annotations

from collections.abc import Iterable

from confguard.documents.editing.tree import Entry

__all__ = ["Order"]


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
