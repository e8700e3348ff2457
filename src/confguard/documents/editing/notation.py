"""How one text of a format is written: what every format tells of its values and entries."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from datetime import datetime, time, timedelta
from typing import Any, ClassVar

from confguard.documents.editing.tree import Entry, Node, data_of

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

    @abstractmethod
    def core(self, entry: Entry, end: int) -> str:
        """An entry of the text up to a place, with its key and its value as they are now."""

    @abstractmethod
    def has_comments(self, entry: Entry) -> bool:
        """Has an entry in brackets comments around or inside?"""

    def separator_in(self, parent: Node) -> str:
        """What the last entry in the text has between key and value."""
        for entry in reversed(parent.was):
            if 0 <= entry.key_end <= entry.value.start:
                between = self.text[entry.key_end : entry.value.start]
                if between.strip() == self.separator.strip() and "\n" not in between:
                    return between
        return self.separator


_MOMENT = re.compile(
    r"(?:\d{4}-\d\d?-\d\d?(?P<between>[Tt]|[ \t]+))?\d\d?:\d\d(?P<seconds>:\d\d)?(?:\.(?P<digits>\d*))?"
    r"(?P<zone>[ \t]*(?:[Zz]|(?P<sign>[-+])(?P<hours>\d\d?)(?::(?P<minutes>\d\d))?))?",
    re.ASCII,
)


def moment(data: Any, old: str) -> str | None:
    """A date with a time, or a time of day, as the old one is written; None where there is no such to follow.

    What stands between date and time is kept, and so are the digits of a fraction, and a time zone that is the same.

    >>> from datetime import UTC
    >>> moment(datetime(2031, 2, 3, 4, 5, 6, 500_000, UTC), "2030-01-01 00:00:00.25Z")
    '2031-02-03 04:05:06.50Z'
    >>> moment(time(4, 5, 6), "04:05:07"), moment(time(4), "soon")
    ('04:05:06', None)
    """
    match = _MOMENT.fullmatch(old)
    if not match or not isinstance(data, datetime | time):
        return None
    if isinstance(data, datetime) is (match["between"] is None):
        return None
    date = f"{data.date().isoformat()}{match['between']}" if isinstance(data, datetime) else ""
    digits = f"{data.microsecond:06}".rstrip("0").ljust(len(match["digits"] or ""), "0")
    # TOML 1.1 may leave the seconds out.
    seconds = f":{data.second:02}" if match["seconds"] or data.second or digits else ""
    fraction = f".{digits}" if digits else ""
    return f"{date}{data.hour:02}:{data.minute:02}{seconds}{fraction}{_zone(data, match)}"


def _zone(data: datetime | time, old: re.Match[str]) -> str:
    offset = data.utcoffset()
    if offset is None:
        return ""
    zone: str = old["zone"] or ""
    if zone and offset == _offset(old):
        return zone
    blank = zone[: len(zone) - len(zone.lstrip())]
    return blank + data.isoformat()[len(data.replace(tzinfo=None).isoformat()) :]


def _offset(old: re.Match[str]) -> timedelta:
    by = timedelta(hours=int(old["hours"] or 0), minutes=int(old["minutes"] or 0))
    return -by if old["sign"] == "-" else by
