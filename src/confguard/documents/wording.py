"""Paths in messages, with keys as their file writes them: `yes` and `~`, and not what they are read as."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from confguard.paths import Key, Path, follow, value_at

if TYPE_CHECKING:
    from confguard.documents.parsed import Parsed

__all__ = ["worded"]

_KEY = re.compile(r"(?:\?\s+)?(.*?)\s*(?::(?=[\s,\[\]{}]|\Z)|\s#|\Z)")


def worded(document: Parsed, path: Path) -> Path:
    """A path whose keys that are no texts are the words that stand for them in the file.

    >>> from confguard.documents.document import parse
    >>> worded(parse("yes: {12: [a]}\\n", "yaml"), (True, 12, 0))
    ('yes', '12', 0)
    """
    return tuple(
        segment if isinstance(segment, str | Key) else _worded(document, path[:number], segment)
        for number, segment in enumerate(path)
    )


def _worded(document: Parsed, parent: Path, segment: Any) -> Any:
    walked, whole = follow(document.data, (*parent, segment))
    if not isinstance(value_at(document.data, parent), Mapping) or (whole and not walked):
        return segment  # the position in a list, or among documents
    place = document.places().get(walked) if whole else None
    if place is None:
        return "null" if segment is None else str(segment).lower()
    match = _KEY.match(document.lines[place.key.line - 1], place.key.column - 1)
    return match.group(1) if match else str(segment)
