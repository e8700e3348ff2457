"""`.env` files: `NAME=value` lines, as bash, python-dotenv and docker compose agree to read them.

Where the three do not agree, docs/reference/formats.md tells what is read here, and why.
"""

from __future__ import annotations

import re
from typing import Any

from confguard.documents.interface import Format, ParseError, Places, Spot, places_of, repeated, twice


class EnvFormat(Format):
    """`.env`: quotes as in a shell, `export` allowed, nothing expanded."""

    name = "env"
    nulls = False
    notation = "confguard.documents.editing.lines:EnvNotation"
    texts_only = True

    def parse(self, text: str) -> Any:
        entries = assignments(text)
        if pair := repeated(spot for spot, _ in entries):
            raise twice(text, f"'{pair[1].path[0]}'", pair[0].start, pair[1].start)
        return {spot.path[0]: value for spot, value in entries}

    def places(self, text: str) -> Places:
        return places_of(text, (spot for spot, _ in assignments(text)))

    def write(self, data: Any) -> str:
        return "".join(f"{name}={env_quoted(value)}\n" for name, value in data.items())


_BETWEEN = re.compile(r"(?:[ \t\f\v]*(?:#[^\n]*)?\r?\n)*[ \t\f\v]*(?:#[^\n]*)?")
_ASSIGN = re.compile(r"(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*")
_PLAIN = re.compile(r"[^\r\n]*")
_COMMENT = re.compile(r"[ \t]#")
_SINGLE = re.compile(r"'([^']*)'")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_BARE = re.compile(r"""(?:[^\s'"\\]|\\[^\r\n])+""")
_REST = re.compile(r"(?:[ \t]+#[^\n]*|[ \t]*)\r?(?:\n|\Z)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "$": "$", "`": "`"}


def assignments(text: str) -> list[tuple[Spot, str]]:
    """Where each name stands, and its value."""
    entries: list[tuple[Spot, str]] = []
    at, end = 0, len(text.rstrip("\r"))
    while True:
        at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr] # it matches nothing at least
        if at >= end:
            return entries
        match = _ASSIGN.match(text, at)
        if not match:
            raise ParseError.at(text, at, "NAME=value was expected")
        value, value_end, at = _quoted(text, match.end()) or _unquoted(text, match.end())
        start, name_end = match.span("name")
        entries.append((Spot((match["name"],), start, name_end, match.end(), value_end), value))


def _unquoted(text: str, at: int) -> tuple[str, int, int]:
    """A value without quotes: up to a `#` that a blank stands before, or to the end of the line."""
    end = _PLAIN.match(text, at).end()  # type: ignore[union-attr]
    line = text[at - 1 : end]  # with the blank, or the equals sign, that stands before the value
    comment = _COMMENT.search(line)
    if text.startswith("\r", end) and not text.startswith("\r\n", end) and end + 1 < len(text):
        raise ParseError.at(text, end, "a carriage return without a line feed")
    value = line[1 : comment.start() if comment else None].rstrip(" \t")
    return value, at + len(value), end


def _quoted(text: str, at: int) -> tuple[str, int, int] | None:
    """A word that begins with a quote: what adjoins it belongs to it, as in a shell."""
    if text[at : at + 1] not in {"'", '"'}:
        return None
    parts: list[str] = []
    while True:
        first = text[at : at + 1]
        if first == "'" or first == '"':
            match = (_SINGLE if first == "'" else _DOUBLE).match(text, at)
            if not match:
                raise ParseError.at(text, at, f"no closing {first}")
            inside = match[1].replace("\r\n", "\n")
            parts.append(inside if first == "'" else _unescape(inside))
        else:
            match = _BARE.match(text, at)
            if not match:
                break
            parts.append(re.sub(r"\\(.)", r"\1", match[0]))
        at = match.end()
    rest = _REST.match(text, at)
    if not rest:
        hint = "quote the whole value; a comment begins with ` #`"
        raise ParseError.at(text, at, "text after the closing quote", hint)
    return "".join(parts), at, rest.end()


def _unescape(value: str) -> str:
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m.group(1), m.group()), value, flags=re.DOTALL)


def env_quoted(value: str, quote: str = "", *, expanded: bool = False) -> str:
    """A value of a `.env` file, in the quotes that are asked for where they can hold it.

    It is written so that bash, python-dotenv and docker compose read it alike, as far as there is a way. What follows a
    `$` is literal, unless it is to be `expanded` there.

    >>> print(env_quoted("a"), env_quoted("a b"), env_quoted("$HOME"), env_quoted("a", "'"), env_quoted("it's", "'"))
    a "a b" '$HOME' 'a' "it's"
    >>> print(env_quoted("$HOME/x", expanded=True), env_quoted("$HOME x", expanded=True))
    $HOME/x "$HOME x"
    """
    if expanded:
        plain = quote != '"' and re.fullmatch(r"[\w./:@%+,?=${}-]+", value)
        return value if plain else '"' + re.sub(r'([\\"`])', r"\\\1", value).replace("\r", "\\r") + '"'
    if quote not in {"'", '"'} and re.fullmatch(r"[\w./:@%+,-]+", value):
        return value
    single = not re.search(r"['\r]|\\(?:[\\]|\Z)", value)  # where python-dotenv takes no backslash away
    if single and (quote == "'" or re.search(r'["$`]', value)):
        return f"'{value}'"
    escaped = re.sub(rf'[\\"`]|\$(?={_EXPANDS})', r"\\\g<0>", value)
    return '"' + escaped.replace("\r", "\\r") + '"'


_EXPANDS = r"[\w{(*@#?$!-]"
"""What a `$` has to stand before to mean something to a shell."""
