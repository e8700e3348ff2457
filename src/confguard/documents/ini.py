"""INI files: sections of keys, values as text."""

from __future__ import annotations

import configparser
import re
from typing import Any

from confguard.documents.interface import ParseError, Place, Places, Position

__all__ = ["IniFormat"]


class IniFormat:
    """INI as `configparser` reads it: no interpolation, names kept as written, keys without a value allowed."""

    name = "ini"
    suffixes = (".ini", ".cfg", ".cnf", ".conf")

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
        except configparser.DuplicateSectionError as error:
            first = self.places(text).get((error.section,))
            where = f", as on line {first.key.line}" if first else ""
            raise ParseError(f"section [{error.section}] stands twice{where}", error.lineno, 1) from error
        except configparser.DuplicateOptionError as error:
            first = self.places(text).get((error.section, error.option))
            where = f", as on line {first.key.line}" if first else ""
            message = f"key '{error.option}' stands twice in section [{error.section}]{where}"
            raise ParseError(message, error.lineno, 1) from error
        except configparser.MissingSectionHeaderError as error:
            message = "a key stands before any [section]"
            raise ParseError(message, error.lineno, 1) from error
        except configparser.ParsingError as error:
            errors = getattr(error, "errors", None)
            if errors is None:  # MultilineContinuationError, from Python 3.13 on
                raise ParseError(_CONTINUED, getattr(error, "lineno", None), 1) from error
            raise ParseError("neither a [section] nor a key", errors[0][0] if errors else None, 1) from error
        except configparser.Error as error:
            raise ParseError(error.message) from error
        except AttributeError as error:  # what configparser raises for it up to Python 3.12
            raise ParseError(_CONTINUED) from error
        return {name: dict(parser.items(name)) for name in parser.sections()}

    def places(self, text: str) -> Places:
        """Where each section and key stands."""
        places: Places = {}
        section = ""
        for number, line in enumerate(text.split("\n"), 1):
            if header := _SECTION.match(line):
                section = header.group(1)
                places.setdefault((section,), Place(Position(number, 1), Position(number, 1)))
            elif option := _OPTION.match(line):
                key = Position(number, 1)
                value = Position(number, option.start("value") + 1)
                places.setdefault((section, option.group("key").rstrip()), Place(key, value))
        return places


_CONTINUED = "a line that is moved in continues a key without a value"
_SECTION = re.compile(r"\[(.+)\]")
_OPTION = re.compile(r"(?P<key>[^\s#;=:][^=:]*?)\s*(?:[=:]\s*|$)(?P<value>.*)")


class _Parser(configparser.RawConfigParser):
    def optionxform(self, optionstr: str) -> str:
        return optionstr
