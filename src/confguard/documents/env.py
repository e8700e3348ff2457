"""`.env` files: `NAME=value` lines, as bash, python-dotenv and docker compose agree to read them.

Where the three do not agree, docs/reference/formats.md tells what is read here, and why.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from confguard.documents.interface import Format, LineIndex, ParseError, Places, Span, twice

__all__ = ["EnvFormat", "env_quoted"]


class EnvFormat(Format):
    """`.env`: quotes as in a shell, `export` allowed, nothing expanded."""

    name = "env"
    texts_only = True

    def parse(self, text: str) -> Any:
        """The text's data: a mapping of names to texts."""
        data: dict[str, str] = {}
        starts: dict[str, int] = {}
        for entry in _entries(text):
            if entry.name in data:
                index = LineIndex(text)
                first, again = index.position(starts[entry.name]), index.position(entry.start)
                raise twice(f"'{entry.name}'", first, again)
            data[entry.name], starts[entry.name] = entry.value, entry.start
        return data

    def places(self, text: str) -> Places:
        """Where each name stands."""
        index = LineIndex(text)
        return {
            (entry.name,): Span(index.position(entry.start), index.position(entry.at))
            for entry in _entries(text)
        }

    def write(self, data: Any) -> str:
        """A text that holds this data."""
        return "".join(f"{name}={env_quoted(value)}\n" for name, value in data.items())


class _Entry(NamedTuple):
    name: str
    value: str
    start: int
    """Where the name begins."""
    at: int
    """Where the value begins."""


_BETWEEN = re.compile(r"(?:[ \t\f\v]*(?:#[^\n]*)?\r?\n)*[ \t\f\v]*(?:#[^\n]*)?")
_ASSIGN = re.compile(r"(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*")
_PLAIN = re.compile(r"[^\r\n]*")
_COMMENT = re.compile(r"[ \t]#")
_SINGLE = re.compile(r"'([^']*)'")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_BARE = re.compile(r"""(?:[^\s'"\\]|\\[^\r\n])+""")
_REST = re.compile(r"(?:[ \t]+#[^\n]*|[ \t]*)\r?(?:\n|\Z)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "$": "$", "`": "`"}


def _entries(text: str) -> list[_Entry]:
    entries: list[_Entry] = []
    at, end = 0, len(text.rstrip("\r"))
    while True:
        at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr] # it matches nothing at least
        if at >= end:
            return entries
        match = _ASSIGN.match(text, at)
        if not match:
            raise _error("NAME=value was expected", text, at)
        value, after = _quoted(text, match.end()) or _unquoted(text, match)
        entries.append(_Entry(match["name"], value, match.start("name"), match.end()))
        at = after


def _unquoted(text: str, assign: re.Match[str]) -> tuple[str, int]:
    """A value without quotes: up to a `#` that a blank stands before, or to the end of the line."""
    end = _PLAIN.match(text, assign.end()).end()  # type: ignore[union-attr]
    line = text[assign.end() - 1 : end]  # with the blank, or the equals sign, that stands before the value
    comment = _COMMENT.search(line)
    if text.startswith("\r", end) and not text.startswith("\r\n", end) and end + 1 < len(text):
        raise _error("a carriage return without a line feed", text, end)
    return line[1 : comment.start() if comment else None].rstrip(" \t"), end


def _quoted(text: str, at: int) -> tuple[str, int] | None:
    """A word that begins with a quote: what adjoins it belongs to it, as in a shell."""
    if text[at : at + 1] not in {"'", '"'}:
        return None
    parts: list[str] = []
    while True:
        first = text[at : at + 1]
        if first == "'" or first == '"':
            match = (_SINGLE if first == "'" else _DOUBLE).match(text, at)
            if not match:
                raise _error(f"no closing {first}", text, at)
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
        raise _error("text after the closing quote", text, at, hint)
    return "".join(parts), rest.end()


def _unescape(value: str) -> str:
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m.group(1), m.group()), value, flags=re.DOTALL)


def _error(message: str, text: str, at: int, hint: str | None = None) -> ParseError:
    line, column = LineIndex(text).position(at)
    return ParseError(message, line, column, hint)


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
