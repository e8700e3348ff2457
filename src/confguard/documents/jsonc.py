"""JSON with comments, as editors write their settings: `//` and `/* */`, and a comma after the last element."""

from __future__ import annotations

import re
from typing import Any

from confguard.documents.interface import Format, LineIndex, ParseError, Places
from confguard.documents.json import JsonFormat

__all__ = ["JsoncFormat", "blank_comments"]


class JsoncFormat(Format):
    """JSON once its comments are blanked out, so that every place stays where it is."""

    name = "jsonc"

    def parse(self, text: str) -> Any:
        """The text's data."""
        return JsonFormat().parse(blank_comments(text))

    def places(self, text: str) -> Places:
        """Where each path stands."""
        return JsonFormat().places(blank_comments(text))

    def write(self, data: Any) -> str:
        """A text that holds this data."""
        return JsonFormat().write(data)


_TOKEN = re.compile(
    r'(?P<string>"(?:[^"\\\n]|\\.)*")|(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<open>/\*)|(?P<comma>,)|(?P<close>[\]}])|[^\s]',
    re.DOTALL,
)
_VISIBLE = re.compile(r"[^\n]")


def blank_comments(text: str) -> str:
    """The text with comments and trailing commas as spaces."""
    parts: list[str] = []
    at = 0
    ends = False  # may what stands before end an element?
    comma: int | None = None  # the part that holds a comma nothing has followed yet
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        parts.append(text[at : match.start()])
        at = match.end()
        if kind == "open":
            position = LineIndex(text).position(match.start())
            raise ParseError("a comment is not closed", position.line, position.column)
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
