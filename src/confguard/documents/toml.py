"""TOML, read by tomli."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from confguard.documents.bounds import MAX_INTEGER_BITS, TOO_LARGE
from confguard.documents.interface import Format, LineIndex, ParseError, Places, Span, twice

if TYPE_CHECKING:
    from confguard.paths import Path

__all__ = ["BARE", "BLANK", "KEY", "SPACE", "STRING", "TomlFormat", "unquoted"]


class TomlFormat(Format):
    """TOML as tomli reads it."""

    name = "toml"

    def parse(self, text: str) -> Any:
        """The text's data."""
        import tomli

        try:
            data = tomli.loads(text)
        except tomli.TOMLDecodeError as error:
            if duplicate := _Duplicates(text).first(error.pos):
                raise duplicate from error
            raise ParseError(error.msg, error.lineno, error.colno) from error
        except ValueError as error:  # a number with more digits than Python converts
            raise _too_large(text) from error
        if _OTHER_BASE.search(text) and _holds_too_large(data):
            raise _too_large(text)
        return data

    def places(self, text: str) -> Places:
        """Where each path stands. The text is known to parse, so the scan trusts it."""
        return _Scan(text).run()

    def write(self, data: Any) -> str:
        """A text that holds this data."""
        import tomlkit

        return tomlkit.dumps(data)


_OTHER_BASE = re.compile(r"0[xob][0-9A-Fa-f_]{3500}")


def _holds_too_large(data: Any) -> bool:
    """Is there an integer inside that Python makes no text of? In base 16 it reads what it cannot write."""
    if isinstance(data, dict | list):
        return any(map(_holds_too_large, data.values() if isinstance(data, dict) else data))
    return isinstance(data, int) and data.bit_length() > MAX_INTEGER_BITS


def _too_large(text: str) -> ParseError:
    tokens = re.compile(
        rf"{STRING.pattern}|#[^\n]*|(?P<number>[+-]?[0-9][0-9A-Fa-fxob_]{{3500,}})", re.DOTALL
    )
    number = next((match for match in tokens.finditer(text) if match["number"]), None)
    line, column = LineIndex(text).position(number.start() if number else 0)
    return ParseError(TOO_LARGE, line, column)


BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
SPACE = re.compile(r"[ \t]*")
KEY = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|[^\s.=\[\]{},#"\']+')
STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")|\'\'\'.*?\'{3,5}(?!\')|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'',
    re.DOTALL,
)
BARE = re.compile(r"[^,\]}#\r\n]+")


class _Scan:
    """One pass over a valid TOML text that notes where keys and values begin."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.index = LineIndex(text)
        self.places: Places = {}
        self.tables: dict[Path, int] = {}
        self.prefix: Path = ()
        """The table that the scan is in."""

    def run(self) -> Places:
        while True:
            self._skip(BLANK)
            if self.at >= len(self.text):
                return self.places
            if self.text[self.at] == "[":
                self.prefix = self._header()
            else:
                self._pair(self.prefix)

    def _header(self) -> Path:
        start = self.at
        array = self.text.startswith("[[", self.at)
        self.at += 2 if array else 1
        keys = self.key_path()
        self._skip(SPACE)
        self.at += 2 if array else 1
        path: Path = ()
        for i, (key, _) in enumerate(keys):
            path = (*path, key)
            last = i == len(keys) - 1
            self.defined(path, start, ("array" if array else "header") if last else "around")
            if array and last:
                self._note(path, start, start)
                self.tables[path] = self.tables.get(path, -1) + 1
            if path in self.tables:
                path = (*path, self.tables[path])
        self._note(path, start, start)
        return path

    def _pair(self, prefix: Path) -> None:
        keys = self.key_path()
        self._skip(SPACE)
        self.at += 1  # the equals sign
        self._skip(SPACE)
        path = prefix
        for key, start in keys:
            path = (*path, key)
            self.defined(path, start, "value" if len(path) == len(prefix) + len(keys) else "dotted")
            self._note(path, start, self.at)
        self._value(path)

    def key_path(self) -> list[tuple[str, int]]:
        keys = []
        while True:
            self._skip(SPACE)
            match = KEY.match(self.text, self.at)
            if not match:
                raise ParseError("no key where one was expected")
            keys.append((unquoted(match.group()), self.at))
            self.at = match.end()
            self._skip(SPACE)
            if not self.text.startswith(".", self.at):
                return keys
            self.at += 1

    def _value(self, path: Path) -> None:
        first = self.text[self.at : self.at + 1]
        if first == "[":
            self._items(path, "]")
        elif first == "{":
            self._items(path, "}")
        else:
            match = (STRING if first in "\"'" else BARE).match(self.text, self.at)
            if not match:
                raise ParseError("no value where one was expected")
            self.at = match.end()

    def _items(self, path: Path, close: str) -> None:
        self.at += 1
        count = 0
        while True:
            self._skip(BLANK)
            if self.text.startswith(close, self.at):
                self.at += 1
                return
            if self.text.startswith(",", self.at):
                self.at += 1
            elif close == "}":
                self._pair(path)
            else:
                item = (*path, count)
                self._note(item, self.at, self.at)
                self._value(item)
                count += 1

    def _note(self, path: Path, key: int, value: int) -> None:
        if path not in self.places:
            self.places[path] = Span(self.index.position(key), self.index.position(value))

    def defined(self, path: Path, start: int, kind: str) -> None:
        """A key defines a `value`, a table by its `header`, one `around` that or `dotted`, or an `array` of tables."""

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at


_ALLOWED = {("around", "around"), ("around", "header"), ("around", "dotted"), ("dotted", "dotted")}
_ALLOWED |= {("header", "around"), ("dotted", "around"), ("array", "around"), ("array", "array")}
"""What a key may define that something else has defined before."""


class _Duplicates(_Scan):
    """A scan of a text that tomli refuses, for the first key that defines what is there already."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.kinds: dict[Path, tuple[str, int]] = {}
        self.most = 0

    def first(self, most: int) -> ParseError | None:
        """The error with both places, if the key begins before an offset."""
        self.most = most
        try:
            self.run()
        except _TwiceError as found:
            return found.error
        except (ValueError, IndexError, StopIteration, RecursionError):  # the text is wrong in another way
            pass
        return None

    def defined(self, path: Path, start: int, kind: str) -> None:
        if start > self.most:
            raise StopIteration
        known = self.kinds.get(path)
        if known and (known[0], kind) not in _ALLOWED:
            first, again = self.index.position(known[1]), self.index.position(start)
            if kind in {"value", "dotted"}:
                raise _TwiceError(twice(f"key {path[-1]!r}", first, again, " in one table"))
            from confguard.paths import show_path

            raise _TwiceError(twice(f"table {show_path(path)}", first, again))
        if not known or known[0] == "around":
            self.kinds[path] = kind, start


class _TwiceError(Exception):
    def __init__(self, error: ParseError) -> None:
        self.error = error


@cache
def unquoted(key: str) -> str:
    """What a part of a name stands for, which is quoted or not."""
    if key[:1] not in {"'", '"'}:
        return key
    import tomli

    return next(iter(tomli.loads(f"{key} = 0")))
