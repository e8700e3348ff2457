"""TOML, read by tomli."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from confguard.documents.interface import LineIndex, ParseError, Place, Places

if TYPE_CHECKING:
    from confguard.paths import Path

__all__ = ["TomlFormat"]


class TomlFormat:
    """TOML as tomli reads it."""

    name = "toml"
    suffixes = (".toml",)

    def parse(self, text: str) -> Any:
        """The text's data."""
        import tomli

        try:
            return tomli.loads(text)
        except tomli.TOMLDecodeError as error:
            message = error.msg + _first_place(text, error.lineno)
            raise ParseError(message, error.lineno, error.colno) from error
        except ValueError as error:  # a number with more digits than Python converts
            raise ParseError(str(error)) from error

    def places(self, text: str) -> Places:
        """Where each path stands. The text is known to parse, so the scan trusts it."""
        return _Scan(text).run()


def _first_place(text: str, line: int) -> str:
    """Where a key stands already that is defined again on this line; nothing if that is not what is wrong."""
    before, wrong = text.split("\n")[: line - 1], text.split("\n")[line - 1]
    scan = _Scan("\n".join(before))
    try:
        scan.run()
        again = _Scan(wrong)
        again.tables = scan.tables
        opening = wrong.lstrip().startswith("[")
        again.at = len(wrong) - len(wrong.lstrip().lstrip("["))
        keys = tuple(key for key, _ in again.key_path())
    except (ValueError, IndexError, StopIteration):  # the line is wrong in another way
        return ""
    found = scan.places.get(keys if opening else (*scan.prefix, *keys))
    return f": it stands on line {found.key.line} already" if found else ""


_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|[^\s.=\[\]{},#"\']+')
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")|\'\'\'.*?\'{3,5}(?!\')|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'',
    re.DOTALL,
)
_BARE = re.compile(r"[^,\]}#\r\n]+")


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
            self._skip(_BLANK)
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
        self._skip(_SPACE)
        self.at += 2 if array else 1
        path: Path = ()
        for i, (key, _) in enumerate(keys):
            path = (*path, key)
            last = i == len(keys) - 1
            if array and last:
                self._note(path, start, start)
                self.tables[path] = self.tables.get(path, -1) + 1
            if path in self.tables:
                path = (*path, self.tables[path])
        self._note(path, start, start)
        return path

    def _pair(self, prefix: Path) -> None:
        keys = self.key_path()
        self._skip(_SPACE)
        self.at += 1  # the equals sign
        self._skip(_SPACE)
        path = prefix
        for key, start in keys:
            path = (*path, key)
            self._note(path, start, self.at)
        self._value(path)

    def key_path(self) -> list[tuple[str, int]]:
        keys = []
        while True:
            self._skip(_SPACE)
            found = _KEY.match(self.text, self.at)
            if not found:
                raise ParseError("no key where one was expected")
            keys.append((_unquote(found.group()), self.at))
            self.at = found.end()
            self._skip(_SPACE)
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
            found = (_STRING if first in "\"'" else _BARE).match(self.text, self.at)
            if not found:
                raise ParseError("no value where one was expected")
            self.at = found.end()

    def _items(self, path: Path, close: str) -> None:
        self.at += 1
        count = 0
        while True:
            self._skip(_BLANK)
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
            self.places[path] = Place(self.index.position(key), self.index.position(value))

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at


def _unquote(key: str) -> str:
    if key[0] not in "\"'":
        return key
    import tomli

    return next(iter(tomli.loads(f"{key} = 0")))
