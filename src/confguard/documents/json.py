"""JSON as RFC 8259 has it, except that a key may not stand twice in one object."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from confguard.documents.bounds import MAX_DIGITS, TOO_LARGE
from confguard.documents.interface import Format, LineIndex, ParseError, Places, Span, twice

if TYPE_CHECKING:
    from confguard.paths import Path

__all__ = ["SCALAR", "SPACE", "STRING", "JsonFormat"]


class JsonFormat(Format):
    """JSON as the standard library reads it."""

    name = "json"

    def parse(self, text: str) -> Any:
        """The text's data."""
        try:
            data = _loaded(text)
        except json.JSONDecodeError as error:
            message = "the file is empty" if not text.strip() else _lower_first(error.msg)
            raise ParseError(message, error.lineno, error.colno) from error
        except _DuplicateKeyError:
            _Scan(text).run()  # which meets it, and says where
            raise ParseError("a key stands twice in one object", 1, 1) from None
        except _NumberError as error:
            line, column = LineIndex(text).position(_number_at(text, error.number))
            raise ParseError(error.problem, line, column, error.hint) from error
        except ValueError as error:  # an integer with more digits than Python converts
            matches = re.compile(rf"{STRING.pattern}|(-?[0-9]{{{MAX_DIGITS + 1}}})").finditer(text)
            at = next((match.start() for match in matches if match[1]), 0)
            raise ParseError(TOO_LARGE, *LineIndex(text).position(at)) from error
        if _HALF.search(text):
            _refuse_halves(text)
        return data

    def places(self, text: str) -> Places:
        """Where each path stands. The text is known to parse, so the scan trusts it."""
        return _Scan(text).run()

    def write(self, data: Any) -> str:
        """A text that holds this data."""
        return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _loaded(text: str) -> Any:
    """The data, after making sure that no key stands twice: then there are as many colons as there are keys."""
    sizes: list[int] = []
    note = sizes.append

    def noted(table: dict[str, Any]) -> dict[str, Any]:
        note(len(table))
        return table

    data = json.loads(text, object_hook=noted, parse_constant=_no_constant, parse_float=_finite)
    keys = sum(sizes)
    if keys == text.count(":") or keys == _colons_after_quotes(text):
        return data
    return json.loads(text, object_pairs_hook=_unique)


def _colons_after_quotes(text: str) -> int | None:
    """At least as many as there are keys; None where white space before a colon makes that uncertain."""
    return None if any(f"{space}:" in text for space in " \t\r\n") else text.count('":')


class _DuplicateKeyError(Exception):
    """A key stands twice in one object."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise _DuplicateKeyError
    return table


class _NumberError(Exception):
    def __init__(self, number: str, problem: str, hint: str | None = None) -> None:
        self.number, self.problem, self.hint = number, problem, hint


_HALF = re.compile(r"\\u[dD][89a-fA-F]")


def _refuse_halves(text: str) -> None:
    """Refuse half of a surrogate pair, which is no character and can be written nowhere."""
    for match in STRING.finditer(text):
        if _HALF.search(match.group()):
            try:
                json.loads(match.group()).encode()
            except UnicodeEncodeError:
                position = LineIndex(text).position(match.start())
                raise ParseError("half of a surrogate pair, which is no character", *position) from None


def _no_constant(word: str) -> Any:
    raise _NumberError(word, f"{word} is no JSON: only Python's own reader takes it", "write null, or a text")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _NumberError(digits, "a number beyond 1.8e308, the largest that readers hold")
    return number


def _number_at(text: str, number: str) -> int:
    """Where a number stands first outside of strings. Up to there the text is JSON."""
    matches = re.compile(rf'"(?:[^"\\]|\\.)*"|(?<![\w.+-])({re.escape(number)})(?![\w.])')
    return next((match.start(1) for match in matches.finditer(text) if match.group(1)), 0)


def _lower_first(message: str) -> str:
    return message[:1].lower() + message[1:]


SPACE = re.compile(r"[ \t\r\n]*")
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
SCALAR = re.compile(r"[^\s,\]}]+")


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
            match = (STRING if first == '"' else SCALAR).match(self.text, self.at)
            self.at = match.end() if match else len(self.text)

    def _object(self, path: Path) -> None:
        while self._next("}"):
            start = self.at
            match = STRING.match(self.text, self.at)
            if not match:
                raise ParseError("no key where one was expected")
            key = json.loads(match.group())
            self.at = match.end()
            self._skip()
            self.at += 1  # the colon
            self._skip()
            inner = (*path, key)
            if inner in self.places:
                first, again = self.places[inner].key, self.index.position(start)
                raise twice(f"key {json.dumps(key)}", first, again, " in one object")
            self._note(inner, start)
            self._value(inner)

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
        self.places[path] = Span(self.index.position(start), self.index.position(self.at))

    def _skip(self) -> None:
        match = SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at
