"""TOML, read by tomli."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from confguard.documents.bounds import MAX_INTEGER_BITS, TOO_LARGE
from confguard.documents.interface import Format, ParseError, Places, Spot, end_of, places_of, twice

if TYPE_CHECKING:
    from confguard.paths import Path


class TomlFormat(Format):
    """TOML as tomli reads it."""

    name = "toml"
    nulls = False
    notation = "confguard.documents.editing.toml:TomlNotation"

    def parse(self, text: str) -> Any:
        import tomli

        try:
            data = tomli.loads(text)
        except tomli.TOMLDecodeError as error:
            raise _duplicate(text, error.pos) or ParseError(error.msg, error.lineno, error.colno) from error
        except ValueError as error:  # a number with more digits than Python converts
            raise _too_large(text) from error
        if _OTHER_BASE.search(text) and _holds_too_large(data):
            raise _too_large(text)
        return data

    def places(self, text: str) -> Places:
        return places_of(text, (spot for spot, kind in _spots(text) if kind != "around"))

    def write(self, data: Any) -> str:
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
        rf"{_STRING.pattern}|#[^\n]*|(?P<number>[+-]?[0-9][0-9A-Fa-fxob_]{{3500,}})", re.DOTALL
    )
    number = next((match for match in tokens.finditer(text) if match["number"]), None)
    return ParseError.at(text, number.start() if number else 0, TOO_LARGE)


_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_CLOSING = re.compile(r"[ \t]*\]{1,2}")
_HEADER = re.compile(r"[ \t]*\[\[?[^\[\]\n]*\]")
_KEY = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|[^\s.=\[\]{},#"\']+')
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")|\'\'\'.*?\'{3,5}(?!\')|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL
)
_BARE = re.compile(r"[^,\]}#\r\n]*[^,\]}#\r\n \t]")

Kind: TypeAlias = Literal["around", "header", "array", "dotted", "value", "element"]
"""What makes something be there: a header below it, its own, one of an element, a dotted name, or a value."""


class Statement(NamedTuple):
    """A header, or a line that sets a value."""

    start: int
    names: tuple[str, ...]
    key_end: int
    """Where its name ends; of a header, where that ends."""
    array: bool | None
    """Does a header begin an element of an array of tables? None for a line."""
    spots: list[tuple[Spot, Kind]]
    """Of a line, its names, its value and what is inside; their paths begin in the table."""


def statements(text: str) -> Iterator[Statement]:
    """The statements of a text that parses, or is a part of one."""
    at = end_of(_BLANK, text, 0)
    while at < len(text):
        spots: list[tuple[Spot, Kind]] = []
        if text[at] == "[":
            array = text.startswith("[[", at)
            names, end = _names(text, end_of(_SPACE, text, at + 1 + array))
            end = end_of(_CLOSING, text, end)
            yield Statement(at, tuple(name for name, _ in names), end, array, spots)
        else:
            names, line = _pair(text, at, (), spots)
            yield Statement(at, tuple(name for name, _ in names), line.key_end, None, spots)
            end = line.end
        at = end_of(_BLANK, text, end)


def _names(text: str, at: int) -> tuple[list[tuple[str, int]], int]:
    """The parts of a dotted name with where each begins, and where the last one ends."""
    names: list[tuple[str, int]] = []
    while True:
        end = end_of(_KEY, text, at)
        if end == at:
            raise ParseError("no key where one was expected")
        names.append((_unquoted(text[at:end]), at))
        dot = _DOT.match(text, end)
        if not dot:
            return names, end
        at = dot.end()


def _pair(
    text: str, at: int, table: Path, spots: list[tuple[Spot, Kind]]
) -> tuple[list[tuple[str, int]], Spot]:
    """Add what a name sets to the spots. Returns the parts of the name, and where the value stands."""
    names, key_end = _names(text, at)
    value = end_of(_SPACE, text, end_of(_SPACE, text, key_end) + 1)
    path = table
    for name, start in names:
        path = (*path, name)
        spots.append((Spot(path, start, key_end, value, value), "dotted"))
    number = len(spots) - 1
    end = _value(text, value, path, spots)
    line = Spot(path, names[-1][1], key_end, value, end)
    spots[number] = line, "value"
    return names, line


def _value(text: str, at: int, path: Path, spots: list[tuple[Spot, Kind]]) -> int:
    """Add what is inside of a value to the spots. Returns where it ends."""
    first = text[at : at + 1]
    close = {"[": "]", "{": "}"}.get(first)
    if close is None:
        end = end_of(_STRING if first in "\"'" else _BARE, text, at)
        if end == at:
            raise ParseError("no value where one was expected")
        return end
    at, count = end_of(_BLANK, text, at + 1), 0
    while at < len(text) and text[at] != close:
        if close == "}":
            at = _pair(text, at, path, spots)[1].end
        else:
            number, start, element = len(spots), at, (*path, count)
            spots.append((Spot(element, start, start, start, start), "element"))
            at, count = _value(text, at, element, spots), count + 1
            spots[number] = Spot(element, start, start, start, at), "element"
        at = end_of(_BLANK, text, at)
        if text.startswith(",", at):
            at = end_of(_BLANK, text, at + 1)
    return at + 1


def _spots(text: str) -> Iterator[tuple[Spot, Kind]]:
    """All spots of a text, with paths from its root."""
    table: Path = ()
    lasts: dict[Path, int] = {}
    """Of arrays of tables, the position of the last element so far."""
    kind: Kind
    for start, names, key_end, array, spots in statements(text):
        if array is None:
            for (path, *offsets), kind in spots:
                yield Spot(table + path, *offsets), kind
            continue
        table = ()
        for number, name in enumerate(names, 1):
            table = (*table, name)
            kind = "around" if number < len(names) else "array" if array else "header"
            yield Spot(table, start, key_end, start, key_end), kind
            if kind == "array":
                lasts[table] = lasts.get(table, -1) + 1
            if table in lasts:
                table = (*table, lasts[table])
        if array:
            yield Spot(table, start, key_end, start, key_end), "element"


_ALLOWED = {("around", "around"), ("around", "header"), ("around", "dotted"), ("dotted", "dotted")}
_ALLOWED |= {("header", "around"), ("dotted", "around"), ("array", "around"), ("array", "array")}
"""What may make something be there that something else has made before."""


def _duplicate(text: str, end: int) -> ParseError | None:
    """The error for the first that is there twice before an offset, in a text that tomli refuses; None if none is."""
    kinds: dict[Path, tuple[Kind, int]] = {}
    end = max(end, end_of(_HEADER, text, text.rfind("\n", 0, end) + 1))  # it may be in the midst of a header
    try:
        for (path, start, *_), kind in _spots(text[:end]):
            first = kinds.get(path)
            if first and kind != "element" and (first[0], kind) not in _ALLOWED:
                if kind in {"value", "dotted"}:
                    return twice(text, f"key {path[-1]!r}", first[1], start, " in one table")
                from confguard.paths import show_path

                return twice(text, f"table {show_path(path)}", first[1], start)
            if kind != "element" and (not first or first[0] == "around"):
                kinds[path] = kind, start
    except (ValueError, RecursionError):  # the text is wrong in another way
        pass
    return None


@cache
def _unquoted(key: str) -> str:
    """What a part of a name stands for, which is quoted or not."""
    if key[:1] not in {"'", '"'}:
        return key
    import tomli

    return next(iter(tomli.loads(f"{key} = 0")))
