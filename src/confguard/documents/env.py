"""`.env` files: `NAME=value` lines as Docker, systemd and dotenv share them."""

from __future__ import annotations

import re
from typing import Any

from confguard.documents.interface import ParseError, Place, Places, Position

__all__ = ["EnvFormat"]


class EnvFormat:
    """`.env`: quotes as in a shell, `export` allowed, nothing expanded."""

    name = "env"
    suffixes = (".env",)

    def parse(self, text: str) -> Any:
        """The text's data: a mapping of names to texts."""
        data: dict[str, str] = {}
        lines: dict[str, int] = {}
        for name, value, line, _ in _entries(text):
            if name in data:
                raise ParseError(f"'{name}' stands twice, as on line {lines[name]}", line, 1)
            data[name], lines[name] = value, line
        return data

    def places(self, text: str) -> Places:
        """Where each name stands."""
        return {
            (name,): Place(Position(line, 1), Position(line, column))
            for name, _, line, column in _entries(text)
        }


_ASSIGN = re.compile(r"[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*")
_SINGLE = re.compile(r"'([^']*)'")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_REST = re.compile(r"[ \t]*(?:#[^\n]*)?\r?(?:\n|\Z)")
_PLAIN = re.compile(r"[^\r\n]*")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "$": "$", "`": "`"}


def _entries(text: str) -> list[tuple[str, str, int, int]]:
    """Each assignment: name, value, line, column of the value."""
    entries = []
    at, line = 0, 1
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        stripped = text[at:end].strip()
        if not stripped or stripped.startswith("#"):
            at, line = end + 1, line + 1
            continue
        found = _ASSIGN.match(text, at)
        if not found:
            raise ParseError("NAME=value was expected", line, 1)
        value, after = _value(text, found.end(), line)
        entries.append((found.group("name"), value, line, found.end() - at + 1))
        line += text.count("\n", at, after)
        at = after
    return entries


def _value(text: str, at: int, line: int) -> tuple[str, int]:
    first = text[at : at + 1]
    if first and first in "'\"":
        found = (_SINGLE if first == "'" else _DOUBLE).match(text, at)
        if not found:
            raise ParseError(f"no closing {first}", line, 1)
        rest = _REST.match(text, found.end())
        if not rest:
            raise ParseError("text after the closing quote", line, 1)
        value = found.group(1)
        return (value if first == "'" else _unescape(value)), rest.end()
    found = _PLAIN.match(text, at)
    plain = found.group() if found else ""
    end = at + len(plain)
    value = "" if plain.startswith("#") else re.split(r"[ \t]#", plain, maxsplit=1)[0].rstrip()
    rest = _REST.match(text, end)
    return value, rest.end() if rest else end


def _unescape(value: str) -> str:
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m.group(1), m.group()), value, flags=re.DOTALL)
