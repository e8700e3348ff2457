"""JSON as RFC 8259 has it, except that a key may not stand twice in one object."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from confguard.documents.interface import LineIndex, ParseError, Place, Places

if TYPE_CHECKING:
    from confguard.paths import Path

__all__ = ["JsonFormat"]


class JsonFormat:
    """JSON as the standard library reads it."""

    name = "json"
    suffixes = (".json",)

    def parse(self, text: str) -> Any:
        """The text's data."""
        try:
            return _loaded(text)
        except json.JSONDecodeError as error:
            message = "the file is empty" if not text.strip() else _lower_first(error.msg)
            raise ParseError(message, error.lineno, error.colno) from error
        except _DuplicateKeyError as error:
            places = [LineIndex(text).position(at) for at in _offsets(text, error.key)]
            where = f", as on line {places[0].line}" if len(places) > 1 else ""
            last = places[-1] if places else None
            raise ParseError(
                f"key {json.dumps(error.key)} stands twice in one object{where}",
                last.line if last else None,
                last.column if last else None,
            ) from error
        except ValueError as error:  # a number with more digits than Python converts
            raise ParseError(str(error)) from error

    def places(self, text: str) -> Places:
        """Where each path stands. The text is known to parse, so the scan trusts it."""
        return _Scan(text).run()


def _loaded(text: str) -> Any:
    """The data, after making sure that no key stands twice: then there are as many colons as there are keys."""
    sizes: list[int] = []
    note = sizes.append

    def noted(made: dict[str, Any]) -> dict[str, Any]:
        note(len(made))
        return made

    data = json.loads(text, object_hook=noted)
    keys = sum(sizes)
    if keys == text.count(":") or keys == _colons_after_quotes(text):
        return data
    return json.loads(text, object_pairs_hook=_unique)


def _colons_after_quotes(text: str) -> int | None:
    """At least as many as there are keys; None where white space before a colon makes that uncertain."""
    return None if any(f"{space}:" in text for space in " \t\r\n") else text.count('":')


class _DuplicateKeyError(Exception):
    def __init__(self, key: str) -> None:
        self.key = key


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _DuplicateKeyError(key)
            seen.add(key)
    return made


def _offsets(text: str, key: str) -> list[int]:
    pattern = re.compile(re.escape(json.dumps(key, ensure_ascii=False)) + r"\s*:")
    return [found.start() for found in pattern.finditer(text)]


def _lower_first(message: str) -> str:
    return message[:1].lower() + message[1:]


_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_SCALAR = re.compile(r"[^\s,\]}]+")


class _Scan:
    """One pass over a valid JSON text that notes where keys and values begin."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.index = LineIndex(text)
        self.places: Places = {}

    def run(self) -> Places:
        self._skip()
        self._value(())
        return self.places

    def _value(self, path: Path) -> None:
        first = self.text[self.at]
        if first == "{":
            self._object(path)
        elif first == "[":
            self._array(path)
        else:
            found = (_STRING if first == '"' else _SCALAR).match(self.text, self.at)
            self.at = found.end() if found else len(self.text)

    def _object(self, path: Path) -> None:
        while self._next("}"):
            start = self.at
            found = _STRING.match(self.text, self.at)
            if not found:
                raise ParseError("no key where one was expected")
            key = json.loads(found.group())
            self.at = found.end()
            self._skip()
            self.at += 1  # the colon
            self._skip()
            self._note((*path, key), start)
            self._value((*path, key))

    def _array(self, path: Path) -> None:
        count = 0
        while self._next("]"):
            self._note((*path, count), self.at)
            self._value((*path, count))
            count += 1

    def _next(self, close: str) -> bool:
        """Step over an opening bracket or a comma to the next item; False at the end of the container."""
        self._skip()
        if self.text[self.at] in "[{,":
            self.at += 1
            self._skip()
        if self.text[self.at] == close:
            self.at += 1
            return False
        return True

    def _note(self, path: Path, start: int) -> None:
        self.places[path] = Place(self.index.position(start), self.index.position(self.at))

    def _skip(self) -> None:
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at
