"""Java properties: `key = value` lines with continuations and escapes, as `java.util.Properties` reads them."""

from __future__ import annotations

import re
from typing import Any

from confguard.documents.interface import Format, ParseError, Places, Spot, end_of, places_of, repeated, twice


class PropertiesFormat(Format):
    """Properties: a flat mapping of texts. Dots in keys are part of the key."""

    name = "properties"
    nulls = False
    notation = "confguard.documents.editing.lines:PropertiesNotation"
    texts_only = True

    def parse(self, text: str) -> Any:
        entries = spots(text)
        if pair := repeated(entries):
            raise twice(text, f"'{pair[1].path[0]}'", pair[0].start, pair[1].start)
        return {spot.path[0]: _unescaped(text, spot.value, spot.end, spot.start) for spot in entries}

    def places(self, text: str) -> Places:
        return places_of(text, spots(text))

    def write(self, data: Any) -> str:
        return "".join(
            f"{properties_escaped(name, ' =:#!')} = {properties_escaped(value, '')}\n"
            for name, value in data.items()
        )


_BREAK = r"(?:\r\n|\r|\n|\Z)"
_BLANK = re.compile(rf"(?:[ \t\f]*(?:[#!][^\r\n]*)?{_BREAK})*[ \t\f]*")
_NOTHING = re.compile(rf"(?:[ \t\f]|\\{_BREAK})*")
_KEY = re.compile(rf"(?:[^\\\s=:]|\\{_BREAK}[ \t\f]*|\\.)*", re.DOTALL)
_BETWEEN = re.compile(rf"(?:[ \t\f]|\\{_BREAK})*[=:]?(?:[ \t\f]|\\{_BREAK})*")
_VALUE = re.compile(rf"(?:[^\\\r\n]|\\{_BREAK}|\\.)*", re.DOTALL)
_ESCAPE = re.compile(rf"\\({_BREAK}[ \t\f]*|u[0-9a-fA-F]{{4}}|.)", re.DOTALL)
_NAMED = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def spots(text: str) -> list[Spot]:
    """Where each key and value stands. A line that ends in a backslash goes on in the next."""
    entries: list[Spot] = []
    at = 0
    while (start := end_of(_BLANK, text, at)) < len(text):
        key_end = end_of(_KEY, text, start)
        value = end_of(_BETWEEN, text, key_end)
        at = end_of(_VALUE, text, value)
        if not _NOTHING.fullmatch(text, start, at):
            key = _unescaped(text, start, key_end, start)
            entries.append(Spot((key,), start, key_end, value, at))
    return entries


def _unescaped(text: str, start: int, end: int, place: int) -> str:
    def replaced(match: re.Match[str]) -> str:
        code = match.group(1)
        if code == "u":
            raise ParseError.at(text, place, "\\u is followed by four hexadecimal digits")
        if not code or code[0] in "\r\n":
            return ""  # the line goes on
        return chr(int(code[1:], 16)) if len(code) == 5 else _NAMED.get(code, code)

    value = _ESCAPE.sub(replaced, text[start:end])
    try:
        return value.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError as error:
        raise ParseError.at(text, place, "half of a surrogate pair, which is not a character") from error


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
