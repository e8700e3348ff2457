"""INI files: sections of keys, values as text."""

from __future__ import annotations

import configparser
import io
import re
from typing import Any

from confguard.documents.interface import (
    Format,
    LineIndex,
    ParseError,
    Places,
    Position,
    Spot,
    places_of,
    repeated,
    twice,
)


class IniFormat(Format):
    """INI as `configparser` reads it: no interpolation, keys without a value allowed.

    Names are kept as written, and those that differ only by case are one key, as there.
    """

    name = "ini"
    nulls = False
    notation = "confguard.documents.editing.lines:IniNotation"
    texts_only = True

    def parse(self, text: str) -> Any:
        parser = _Parser(interpolation=None, allow_no_value=True, default_section="\0")
        try:
            parser.read_file(io.StringIO(text, newline=None))
        except (configparser.DuplicateSectionError, configparser.DuplicateOptionError) as error:
            raise _twice(text) from error
        except configparser.MissingSectionHeaderError as error:
            message = "a key stands before any [section]"
            raise ParseError(message, *_position(text, error.lineno)) from error
        except configparser.ParsingError as error:
            errors = getattr(error, "errors", None)
            if errors is None:  # MultilineContinuationError, from Python 3.13 on
                raise _continued(text) from error
            number = errors[0][0] if errors else 1
            raise ParseError("neither a [section] nor a key", *_position(text, number)) from error
        except configparser.Error as error:
            raise ParseError(error.message, 1, 1) from error
        except AttributeError as error:  # what configparser raises for it up to Python 3.12
            raise _continued(text) from error
        data = {name: dict(parser.items(name)) for name in parser.sections()}
        if any(len(set(map(str.lower, keys))) < len(keys) for keys in data.values()):
            raise _twice(text)
        return data

    def places(self, text: str) -> Places:
        return places_of(text, spots(text))

    def write(self, data: Any) -> str:
        parser = configparser.RawConfigParser(allow_no_value=True, default_section="\0")
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read_dict(data)
        buffer = io.StringIO()
        parser.write(buffer)
        return buffer.getvalue()


def spots(text: str) -> list[Spot]:
    """Where each section and key stands, as `configparser` meets them; what has no value, has it where its name ends.

    What stands further in than a key continues its value, whatever blank lines and comments stand between.
    """
    entries: list[Spot] = []
    section, depth = "", 0
    for match in _LINE.finditer(text):
        line = match[1].rstrip()
        stripped = line.lstrip()
        if not stripped or is_ini_comment(line):
            continue
        at, end = match.start() + len(line) - len(stripped), match.start() + len(line)
        last = entries[-1] if entries else None
        if last and len(last.path) > 1 and len(line) - len(stripped) > depth:
            if last.value == last.key_end:
                raise ParseError.at(text, at, _CONTINUED)
            entries[-1] = last._replace(end=end)
        elif header := _Parser.SECTCRE.match(stripped):
            section, key_end = header["header"], at + header.end()
            entries.append(Spot((section,), at, key_end, key_end, end))
        elif key := _Parser.OPTCRE_NV.match(stripped):
            key_end, depth = at + key.end("option"), len(line) - len(stripped)
            value = key_end if key["value"] is None else at + key.start("value")
            entries.append(Spot((section, key["option"]), at, key_end, value, end))
    return entries


def is_ini_comment(line: str) -> bool:
    """Is a line a comment? None stands behind a value.

    >>> is_ini_comment("  ; off"), is_ini_comment("a = 1 ; on")
    (True, False)
    """
    return line.strip()[:1] in {"#", ";"}


_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\r|\n|\Z)")
_CONTINUED = "a line that is moved in continues a key without a value"


def _position(text: str, number: int) -> Position:
    """The first column of a line, as `configparser` counts lines."""
    for count, match in enumerate(_LINE.finditer(text), 1):
        if count == number:
            return LineIndex(text).position(match.start())
    return Position(1, 1)


def _continued(text: str) -> ParseError:
    try:
        spots(text)
    except ParseError as error:
        return error
    return ParseError(_CONTINUED, 1, 1)


def _twice(text: str) -> ParseError:
    pair = repeated(spots(text), lambda path: (path[0], *(str(name).lower() for name in path[1:])))
    if pair is None:
        return ParseError("a key stands twice", 1, 1)
    first, again = pair
    section, *key = again.path
    if not key:
        return twice(text, f"section [{section}]", first.start, again.start)
    problem = twice(text, f"key '{key[0]}'", first.start, again.start, f" in section [{section}]")
    problem.hint = None if first.path == again.path else "names that differ only by case are one key"
    return problem


class _Parser(configparser.RawConfigParser):
    def optionxform(self, optionstr: str) -> str:
        return optionstr
