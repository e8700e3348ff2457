"""Documents that stand in texts, as in ConfigMaps and variables; and documents written without what is secret."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable
from typing import Any

from confguard.documents.document import Document, parse
from confguard.errors import DocumentError
from confguard.paths import Path
from confguard.secrets import HIDDEN

__all__ = ["inner_document", "lines_without", "may_be_document", "rewritten"]

_MOST_JSON, _MOST_LINES, _MOST_VALUES = 1_000_000, 100_000, 20_000
"""How long a text in JSON may be, or one of lines, and how many values may be in it, to be looked into."""
_SETTING = re.compile(r"^[ \t]*(?:- +)?[\w.\"'/-]+[ \t]*[:=](?:\s|$)", re.MULTILINE)


def may_be_document(text: str) -> bool:
    """Is it worth a try to read a text as JSON, or as YAML or TOML of several lines?

    >>> [may_be_document(text) for text in ('{"a": 1}', "a: 1\\nb: 2", "a: 1", "word")]
    [True, True, False, False]
    """
    if _is_bracketed(text):
        return len(text) <= _MOST_JSON
    return "\n" in text and len(text) <= _MOST_LINES and bool(_SETTING.search(text))


def _is_bracketed(text: str) -> bool:
    plain = text.strip()
    return plain[:1] + plain[-1:] in {"{}", "[]"}


def inner_document(text: str) -> Document | None:
    """The table or list that a text holds, if it does, and not too many values.

    >>> inner_document('{"a": 1}').data, inner_document("# of ana\\na: 1").data, inner_document("one\\ntwo")
    ({'a': 1}, {'a': 1}, None)
    """
    for name in ("json", "yaml") if _is_bracketed(text) else ("yaml", "toml"):
        if name == "yaml" and len(text) > _MOST_LINES:
            continue
        try:
            document = parse(text, name)
        except DocumentError:
            continue
        if isinstance(document.data, dict | list) and document.data:
            return document if _size(document.data) <= _MOST_VALUES else None
    return None


def _size(data: Any) -> int:
    """How many values there are; counted no further than to the most that matter."""
    left, count = [data], 0
    while left and count <= _MOST_VALUES:
        value = left.pop()
        count += 1
        if isinstance(value, dict | list):
            left.extend(value.values() if isinstance(value, dict) else value)
    return count


def rewritten(text: str, data: Any) -> str:
    """Other data in the layout of a text in JSON, as far as it can be told."""
    lines = text.strip().split("\n")
    indent = len(lines[1]) - len(lines[1].lstrip()) if len(lines) > 1 else None
    tight = indent is None and '": ' not in text
    return json.dumps(
        data, ensure_ascii=False, indent=indent, separators=(",", ":") if tight else None, default=str
    )


def lines_without(document: Document, hides: Callable[[Path], bool]) -> list[str]:
    """The lines of a document with what is secret as `***`, from its value to where the next setting begins."""
    lines = list(document.lines)
    places = sorted(document.places().items(), key=lambda entry: entry[1].key)
    starts = sorted({place.key.line for _, place in places} | {len(lines) + 1})
    for path, place in places:
        if not hides(path):
            continue
        line, column = place.value
        lines[line - 1] = _cut(lines[line - 1], column)
        following = starts[bisect_right(starts, line)] if line < starts[-1] else line + 1
        for hidden in range(line + 1, following):
            lines[hidden - 1] = HIDDEN if lines[hidden - 1].strip() else ""
    return lines


def _cut(line: str, column: int) -> str:
    """A line up to a column; it may have been cut before that already."""
    return (
        line[: column - 1] + HIDDEN
        if not line.endswith(HIDDEN) or len(line) - len(HIDDEN) > column - 1
        else line
    )
