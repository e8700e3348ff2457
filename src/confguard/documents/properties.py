"""Java properties: `key = value` lines with continuations and escapes, as `java.util.Properties` reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from confguard.documents.interface import ParseError, Place, Places, Position

__all__ = ["PropertiesFormat"]


class PropertiesFormat:
    """Properties: a flat mapping of texts. Dots in keys are part of the key."""

    name = "properties"
    suffixes = (".properties",)

    def parse(self, text: str) -> Any:
        """The text's data."""
        data: dict[str, str] = {}
        lines: dict[str, int] = {}
        for key, value, place in _entries(text):
            if key in data:
                raise ParseError(
                    f"'{key}' stands twice, as on line {lines[key]}", place.key.line, place.key.column
                )
            data[key], lines[key] = value, place.key.line
        return data

    def places(self, text: str) -> Places:
        """Where each key and value stands."""
        return {(key,): place for key, _, place in _entries(text)}


_KEY = re.compile(r"(?:[^\\\s=:]|\\.)+", re.DOTALL)
_BETWEEN = re.compile(r"[ \t\f]*[=:]?[ \t\f]*")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|u|.)", re.DOTALL)
_NAMED = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def _entries(text: str) -> Iterator[tuple[str, str, Place]]:
    for line, logical in _logical_lines(text):
        stripped = logical.lstrip(" \t\f")
        if not stripped or stripped[0] in "#!":
            continue
        start = len(logical) - len(stripped)
        found = _KEY.match(stripped)
        end = found.end() if found else 0
        between = _BETWEEN.match(stripped, end)
        value = between.end() if between else end
        place = Place(Position(line, start + 1), Position(line, start + value + 1))
        yield _unescaped(stripped[:end], line), _unescaped(stripped[value:], line), place


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines joined where one ends in an odd number of backslashes; each with the number of its first."""
    joined, first = "", 0
    for number, raw in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        line = raw.lstrip(" \t\f") if joined else raw
        first = first or number
        comment = not joined and line.lstrip(" \t\f")[:1] in {"#", "!"}
        slashes = len(line) - len(line.rstrip("\\"))
        if slashes % 2 and not comment:
            joined += line[:-1]
            continue
        yield first, joined + line
        joined, first = "", 0
    if joined:
        yield first, joined


def _unescaped(text: str, line: int) -> str:
    def replaced(found: re.Match[str]) -> str:
        code = found.group(1)
        if code == "u":
            raise ParseError("\\u is followed by four hexadecimal digits", line, 1)
        return chr(int(code[1:], 16)) if len(code) == 5 else _NAMED.get(code, code)

    made = _ESCAPE.sub(replaced, text)
    try:
        return made.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError as error:
        raise ParseError("half of a surrogate pair", line, 1) from error
