"""Java properties: `key = value` lines with continuations and escapes, as `java.util.Properties` reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from confguard.documents.interface import Format, LineIndex, ParseError, Places, Position, Span, twice

__all__ = ["PropertiesFormat", "properties_escaped"]


class PropertiesFormat(Format):
    """Properties: a flat mapping of texts. Dots in keys are part of the key."""

    name = "properties"
    texts_only = True

    def parse(self, text: str) -> Any:
        """The text's data."""
        data: dict[str, str] = {}
        places: Places = {}
        for key, value, place in _entries(text):
            if key in data:
                raise twice(f"'{key}'", places[(key,)].key, place.key)
            data[key], places[(key,)] = value, place
        return data

    def places(self, text: str) -> Places:
        """Where each key and value stands."""
        return {(key,): place for key, _, place in _entries(text)}

    def write(self, data: Any) -> str:
        """A text that holds this data."""
        return "".join(
            f"{properties_escaped(name, ' =:#!')} = {properties_escaped(value, '')}\n"
            for name, value in data.items()
        )


_KEY = re.compile(r"(?:[^\\\s=:]|\\.)+", re.DOTALL)
_BETWEEN = re.compile(r"[ \t\f]*[=:]?[ \t\f]*")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|u|.)", re.DOTALL)
_NAMED = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def _entries(text: str) -> Iterator[tuple[str, str, Span]]:
    index = LineIndex(text)
    for first, end, logical in _logical_lines(text):
        stripped = logical.lstrip(" \t\f")
        if not stripped or stripped[0] in "#!":
            continue
        start = first + len(logical) - len(stripped)
        match = _KEY.match(stripped)
        key_end = match.end() if match else 0
        between = _BETWEEN.match(stripped, key_end)
        value = between.end() if between else key_end
        place = Span(index.position(start), index.position(min(start + value, end)))
        yield _unescaped(stripped[:key_end], place.key), _unescaped(stripped[value:], place.key), place


_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\r|\n|\Z)")


def _logical_lines(text: str) -> Iterator[tuple[int, int, str]]:
    """Lines joined where one ends in an odd number of backslashes; each with where its first begins and ends."""
    joined: list[str] = []
    first = end = 0
    for match in _LINE.finditer(text):
        line = match[1].lstrip(" \t\f") if joined else match[1]
        if not joined:
            first, end = match.span(1)
        comment = not joined and line.lstrip(" \t\f")[:1] in {"#", "!"}
        slashes = len(line) - len(line.rstrip("\\"))
        if slashes % 2 and not comment:
            joined.append(line[:-1])
            continue
        yield first, end, "".join([*joined, line])
        joined = []
    if joined:
        yield first, end, "".join(joined)


def _unescaped(text: str, position: Position) -> str:
    def replaced(match: re.Match[str]) -> str:
        code = match.group(1)
        if code == "u":
            raise ParseError("\\u is followed by four hexadecimal digits", *position)
        return chr(int(code[1:], 16)) if len(code) == 5 else _NAMED.get(code, code)

    value = _ESCAPE.sub(replaced, text)
    try:
        return value.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError as error:
        raise ParseError("half of a surrogate pair, which is no character", *position) from error


def properties_escaped(text: str, special: str, *, ascii_only: bool = True) -> str:
    r"""A key or a value of a properties file, with `special` characters escaped.

    Java has read such files as Latin-1 or as UTF-8, and ASCII is both.

    >>> print(properties_escaped("a b", " "), properties_escaped(" é", ""))
    a\ b \ \u00e9
    """
    named = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f"}
    escaped = "".join(named.get(char, "\\" + char if char in special else char) for char in text)
    escaped = "\\" + escaped if escaped.startswith(" ") else escaped
    if not ascii_only or escaped.isascii():
        return escaped
    units = escaped.encode("utf-16-be").hex()
    codes = [int(units[at : at + 4], 16) for at in range(0, len(units), 4)]
    return "".join(chr(code) if code < 128 else f"\\u{code:04x}" for code in codes)
