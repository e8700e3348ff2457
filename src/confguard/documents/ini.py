"""INI files: sections of keys, values as text."""

from __future__ import annotations

import configparser
import io
import re
from typing import TYPE_CHECKING, Any

from attrs import define

from confguard.documents.interface import Format, LineIndex, ParseError, Places, Position, Span, twice

if TYPE_CHECKING:
    from confguard.paths import Path

__all__ = ["IniEntry", "IniFormat", "is_ini_comment", "scan_ini"]


class IniFormat(Format):
    """INI as `configparser` reads it: no interpolation, keys without a value allowed.

    Names are kept as written, and those that differ only by case are one key, as there.
    """

    name = "ini"
    texts_only = True

    def parse(self, text: str) -> Any:
        """The text's data: a mapping of sections, each a mapping of texts (None for a bare key)."""
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
        """Where each section and key stands."""
        index = LineIndex(text)
        return {
            entry.path: Span(index.position(entry.start), index.position(entry.value))
            for entry in scan_ini(text)
        }

    def write(self, data: Any) -> str:
        """A text that holds this data."""
        parser = configparser.RawConfigParser(allow_no_value=True, default_section="\0")
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read_dict(data)
        buffer = io.StringIO()
        parser.write(buffer)
        return buffer.getvalue()


@define
class IniEntry:
    """A section or a key, and where it stands in the text."""

    path: Path
    start: int
    key_end: int
    value: int
    """Where the value begins; of a section, or a key without a value, where that ends."""
    end: int
    """Where the last line of the value ends."""
    indent: str
    bare: bool


def scan_ini(text: str) -> list[IniEntry]:
    """Each section and key as `configparser` meets them.

    What stands further in than a key continues its value, whatever blank lines and comments stand between.
    """
    entries: list[IniEntry] = []
    section = ""
    for match in _LINE.finditer(text):
        line, start = match[1], match.start()
        stripped = line.strip()
        if not stripped or is_ini_comment(line):
            continue
        indent = line[: len(line) - len(line.lstrip())]
        last = entries[-1] if entries else None
        if last and len(last.path) > 1 and len(indent) > len(last.indent):
            if last.bare:
                raise ParseError(_CONTINUED, *LineIndex(text).position(start + len(indent)))
            last.end = start + len(line.rstrip())
            continue
        at, end = start + len(indent), start + len(line.rstrip())
        if header := _Parser.SECTCRE.match(stripped):
            section, key_end = header["header"], at + header.end()
            entries.append(IniEntry((section,), at, key_end, key_end, end, indent, bare=True))
        elif key := _Parser.OPTCRE_NV.match(stripped):
            key_end, bare = at + key.end("option"), key["value"] is None
            value = key_end if bare else at + key.start("value")
            entries.append(IniEntry((section, key["option"]), at, key_end, value, end, indent, bare))
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
        scan_ini(text)
    except ParseError as error:
        return error
    return ParseError(_CONTINUED, 1, 1)


def _twice(text: str) -> ParseError:
    seen: dict[Path, IniEntry] = {}
    index = LineIndex(text)
    for entry in scan_ini(text):
        section, *key = entry.path
        first = seen.setdefault((section, *(str(name).lower() for name in key)), entry)
        if first is not entry:
            places = index.position(first.start), index.position(entry.start)
            if not key:
                return twice(f"section [{section}]", *places)
            problem = twice(f"key '{key[0]}'", *places, f" in section [{section}]")
            problem.hint = None if first.path == entry.path else "names that differ only by case are one key"
            return problem
    return ParseError("a key stands twice", 1, 1)


class _Parser(configparser.RawConfigParser):
    def optionxform(self, optionstr: str) -> str:
        return optionstr
