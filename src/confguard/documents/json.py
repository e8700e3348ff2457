"""JSON, read by the standard library, and JSON with comments and commas before a closing bracket."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from confguard.documents.bounds import MAX_DIGITS, TOO_LARGE
from confguard.documents.interface import Format, ParseError, Places, Spot, end_of, places_of, repeated, twice

if TYPE_CHECKING:
    from confguard.paths import Path


class JsonFormat(Format):
    """JSON as the standard library reads it."""

    name = "json"
    notation = "confguard.documents.editing.json:JsonNotation"

    def parse(self, text: str) -> Any:
        try:
            data, keys = _loaded(text)
        except json.JSONDecodeError as error:
            message = _WORDS.get(error.msg, error.msg[:1].lower() + error.msg[1:])
            message = message if text.strip() else "the file is empty"
            raise ParseError(message, error.lineno, error.colno) from error
        except _NumberError as error:
            raise ParseError.at(text, _number_at(text, error.number), error.problem, error.hint) from error
        except ValueError as error:  # an integer with more digits than Python converts
            matches = re.compile(rf"{_STRING.pattern}|(-?[0-9]{{{MAX_DIGITS + 1}}})").finditer(text)
            at = next((match.start() for match in matches if match[1]), 0)
            raise ParseError.at(text, at, TOO_LARGE) from error
        if not _is_unique(text, keys) and (pair := repeated(spots(text))):
            what = f"key {json.dumps(pair[1].path[-1])}"
            raise twice(text, what, pair[0].start, pair[1].start, " in one object")
        if _HALF.search(text):
            _refuse_halves(text)
        return data

    def places(self, text: str) -> Places:
        return places_of(text, spots(text))

    def write(self, data: Any) -> str:
        return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


class JsoncFormat(JsonFormat):
    """JSON once its comments are blanked out, so that every place stays where it is."""

    name = "jsonc"

    def parse(self, text: str) -> Any:
        return super().parse(blank_comments(text))

    def places(self, text: str) -> Places:
        return super().places(blank_comments(text))


_WORDS = {
    "Invalid control character at": "a line break or the like in a text: write an escape, such as \\n",
    "Unterminated string starting at": "a text that begins here has no end",
}
"""What the standard library says with a place behind it."""


def _loaded(text: str) -> tuple[Any, int]:
    """The data, and how many keys are in it."""
    sizes: list[int] = []
    note = sizes.append

    def noted(table: dict[str, Any]) -> dict[str, Any]:
        note(len(table))
        return table

    data = json.loads(text, object_hook=noted, parse_constant=_no_constant, parse_float=_finite)
    return data, sum(sizes)


def _is_unique(text: str, keys: int) -> bool:
    """Does no key stand twice? Then there are as many colons as there are keys, which is quick to see."""
    if keys == text.count(":"):
        return True
    if keys == text.count('":') and not any(f"{space}:" in text for space in " \t\r\n"):
        return True
    again: list[bool] = []
    json.loads(text, object_pairs_hook=lambda pairs: again.append(len(dict(pairs)) < len(pairs)))
    return not any(again)


class _NumberError(Exception):
    def __init__(self, number: str, problem: str, hint: str | None = None) -> None:
        self.number, self.problem, self.hint = number, problem, hint


_HALF = re.compile(r"\\u[dD][89a-fA-F]")


def _refuse_halves(text: str) -> None:
    """Refuse half of a surrogate pair, which is not a character and can be written nowhere."""
    for match in _STRING.finditer(text):
        if _HALF.search(match.group()):
            try:
                json.loads(match.group()).encode()
            except UnicodeEncodeError:
                message = "half of a surrogate pair, which is not a character"
                raise ParseError.at(text, match.start(), message) from None


def _no_constant(word: str) -> Any:
    raise _NumberError(
        word, f"{word} is not JSON: only Python's own reader takes it", "write null, or a text"
    )


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _NumberError(digits, "a number beyond 1.8e308, the largest that readers hold")
    return number


def _number_at(text: str, number: str) -> int:
    """Where a number stands first outside of strings. Up to there the text is JSON."""
    matches = re.compile(rf"{_STRING.pattern}|(?<![\w.+-])({re.escape(number)})(?![\w.])")
    return next((match.start(1) for match in matches.finditer(text) if match.group(1)), 0)


_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_SCALAR = re.compile(r"[^\s,\]}]+")


def spots(text: str) -> list[Spot]:
    """Where each value inside of a text that parses stands; containers before what is in them.

    >>> [spot.path for spot in spots('{"a": [1, {}]}')]
    [('a',), ('a', 0), ('a', 1)]
    """
    spots: list[Spot] = []

    def value_end(path: Path, at: int) -> int:
        close = {"{": "}", "[": "]"}.get(text[at])
        if close is None:
            return end_of(_STRING if text[at] == '"' else _SCALAR, text, at)
        at, count = end_of(_SPACE, text, at + 1), 0
        while text[at] != close:
            start, key_end, segment = at, at, count
            if close == "}":
                key_end = end_of(_STRING, text, at)
                segment = json.loads(text[at:key_end])
                at = end_of(_SPACE, text, end_of(_SPACE, text, key_end) + 1)
            number, inner = len(spots), (*path, segment)
            spots.append(Spot(inner, start, key_end, at, at))
            end = value_end(inner, at)
            spots[number] = Spot(inner, start, key_end, at, end)
            at, count = end_of(_SPACE, text, end), count + 1
            if text[at] == ",":
                at = end_of(_SPACE, text, at + 1)
        return at + 1

    value_end((), end_of(_SPACE, text, 0))
    return spots


_TOKEN = re.compile(
    r'(?P<string>"(?:[^"\\\n]|\\.)*")|(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<open>/\*)|(?P<comma>,)|(?P<close>[\]}])|[^\s]',
    re.DOTALL,
)
_VISIBLE = re.compile(r"[^\n]")


def blank_comments(text: str) -> str:
    """The text with comments and trailing commas as spaces.

    >>> blank_comments('[1, // one\\n]')
    '[1        \\n]'
    """
    parts: list[str] = []
    at = 0
    ends = False  # may what stands before end an element?
    comma: int | None = None  # the part that holds a comma nothing has followed yet
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        parts.append(text[at : match.start()])
        at = match.end()
        if kind == "open":
            raise ParseError.at(text, match.start(), "a comment is not closed")
        if kind == "comment":
            parts.append(_VISIBLE.sub(" ", match.group()))
            continue
        if kind == "close" and comma is not None:
            parts[comma] = " "
        parts.append(match.group())
        comma = len(parts) - 1 if kind == "comma" and ends else None
        ends = match.group() not in "[{,:"
    parts.append(text[at:])
    return "".join(parts)
