"""INI files: sections of keys, values as text."""

from __future__ import annotations

import configparser
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from confguard.documents.interface import ParseError, Place, Places, Position, twice

if TYPE_CHECKING:
    from confguard.paths import Path

__all__ = ["IniFormat"]


class IniFormat:
    """INI as `configparser` reads it: no interpolation, names kept as written, keys without a value allowed."""

    name = "ini"
    suffixes = (".ini", ".cfg", ".cnf", ".conf")
    texts_only = True

    def parse(self, text: str) -> Any:
        """The text's data: a mapping of sections, each a mapping of texts (None for a bare key)."""
        parser = _Parser(
            interpolation=None,
            allow_no_value=True,
            default_section="\0",
            empty_lines_in_values=False,
        )
        try:
            parser.read_string(text)
        except (configparser.DuplicateSectionError, configparser.DuplicateOptionError) as error:
            raise _twice(text) from error
        except configparser.MissingSectionHeaderError as error:
            message = "a key stands before any [section]"
            raise ParseError(message, error.lineno, 1) from error
        except configparser.ParsingError as error:
            errors = getattr(error, "errors", None)
            if errors is None:  # MultilineContinuationError, from Python 3.13 on
                raise _continued(text) from error
            raise ParseError("neither a [section] nor a key", errors[0][0] if errors else 1, 1) from error
        except configparser.Error as error:
            raise ParseError(error.message, 1, 1) from error
        except AttributeError as error:  # what configparser raises for it up to Python 3.12
            raise _continued(text) from error
        return {name: dict(parser.items(name)) for name in parser.sections()}

    def places(self, text: str) -> Places:
        """Where each section and key stands."""
        places: Places = {}
        for path, place in _entries(text):
            places.setdefault(path, place)
        return places


def _continued(text: str) -> ParseError:
    try:
        for _ in _entries(text):
            pass
    except ParseError as error:
        return error
    return ParseError(_CONTINUED, 1, 1)


_CONTINUED = "a line that is moved in continues a key without a value"


def _twice(text: str) -> ParseError:
    seen: Places = {}
    for path, place in _entries(text):
        if path in seen:
            first, again = seen[path].key, place.key
            if len(path) == 1:
                return twice(f"section [{path[0]}]", first, again)
            return twice(f"key '{path[1]}'", first, again, f" in section [{path[0]}]")
        seen[path] = place
    return ParseError("a key stands twice", 1, 1)


def _entries(text: str) -> Iterator[tuple[Path, Place]]:
    """Each section and key as `configparser` meets them: what stands further in than a key continues its value."""
    section, level = "", 0
    option: bool | None = None  # is there a key that may go on, and does it have a value?
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped[0] in "#;":
            level = sys.maxsize
            continue
        indent = len(line) - len(line.lstrip())
        if option is not None and indent > level:
            if not option:
                raise ParseError(_CONTINUED, number, indent + 1)
            continue
        level, key = indent, Position(number, indent + 1)
        if header := _Parser.SECTCRE.match(stripped):
            section, option = header["header"], None
            yield (section,), Place(key, key)
        elif found := _Parser.OPTCRE_NV.match(stripped):
            option = found["value"] is not None
            value = found.start("value") if option else found.end("option")
            yield (section, found["option"].rstrip()), Place(key, Position(number, indent + value + 1))


class _Parser(configparser.RawConfigParser):
    def optionxform(self, optionstr: str) -> str:
        return optionstr
