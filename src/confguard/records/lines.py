"""What changed between two texts, told from their lines alone where that is sure: parsing all of them takes seconds.

Most revisions change a few values of a file. Where the lines that differ are whole settings with plain values on a line
of their own (`pool = 64`, `"pool": 64,`, `pool: 64`), the two texts say the same but for these settings. Anything else
is left to parsers.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Any

from attrs import define, evolve, field

from confguard.documents.document import Document
from confguard.documents.interface import ParseError
from confguard.documents.registry import format_named
from confguard.paths import Path
from confguard.values import same

__all__ = ["Lines", "plausible"]

_SETTING = re.compile(
    rb"(?P<head>\s*(?P<key>[A-Za-z_][\w.-]*|\"[\w .-]+\")\s*[=:]\s*)"
    rb"(?P<value>[\w.+/-][\w.+/:@-]*|\"[\w .+/:@,()-]*\")(?P<tail>\s*,?\s*)"
)
"""A line that is one setting with a plain value, in any of the formats."""
_REFERRING = {"toml": b"\0", "json": b"\0", "yaml": b"&", "ini": b"%(", "env": b"$", "properties": b"${"}
"""The formats, and what a text has in which a value may be written elsewhere than where it counts."""
_MOST_LINES = 2_000
"""Longer stretches of unequal length are not aligned line by line."""


@define
class Lines:
    """The lines of a text of which it is known what each one says."""

    content: bytes = field(repr=False)
    format: str
    paths: list[Path | None] = field(repr=False)
    """Of each line, the setting that stands there alone."""
    values: dict[Path, Any] = field(repr=False)
    whole: set[Path] = field(factory=set, repr=False)
    """Settings that are known to stand on their line as a whole."""

    @classmethod
    def of(cls, document: Document) -> Lines | None:
        """The lines of a document; None where lines do not tell what a text says."""
        if _REFERRING.get(document.format, b"") in document.content:
            return None
        paths: list[Path | None] = [None] * (document.content.count(b"\n") + 1)
        values: dict[Path, Any] = {}
        taken = set()
        for path, place in document.places().items():
            line = place.key.line - 1
            if not path:
                continue
            if line in taken or line >= len(paths):
                paths[min(line, len(paths) - 1)] = None
                continue
            taken.add(line)
            value = _at(document.data, path)
            if not isinstance(value, dict | list):
                paths[line], values[path] = path, value
        return cls(document.content, document.format, paths, values)

    def copy(self) -> Lines:
        """The same, to be changed."""
        return evolve(self, paths=list(self.paths), values=dict(self.values), whole=set(self.whole))

    def go_back(self, content: bytes) -> dict[Path, tuple[Any, Any] | None] | None:
        """Become the text before this one. Returns the settings that it says otherwise: both values; None for new ones.

        None, with nothing changed, where the lines do not tell.
        """
        edits = _edits(content, self.content)
        if edits is None:
            return None
        changed: dict[Path, Any] = {}
        gone: list[int] = []
        lines = self.content.split(b"\n") if any(line is None for _, line, _ in edits) else []
        for number, line, new in edits:
            path = self.paths[number]
            setting = _SETTING.fullmatch(new)
            if path is None or setting is None or not self._says(path, setting):
                return None
            if line is None and not self._follows(number, lines):
                return None
            if line is None:
                gone.append(number)
                continue
            older = _SETTING.fullmatch(line)
            if older is None or (older["head"], older["tail"]) != (setting["head"], setting["tail"]):
                return None
            value = _value(older, self.format)
            if value is _UNKNOWN:
                return None
            changed[path] = value
        pairs: dict[Path, tuple[Any, Any] | None] = {
            path: (value, self.values[path]) for path, value in changed.items()
        }
        pairs |= {path: None for number in gone if (path := self.paths[number]) is not None}
        self.values.update(changed)
        self.whole.update(changed)
        for number in reversed(gone):
            del self.paths[number]
        self.content = content
        return pairs

    def _says(self, path: Path, setting: re.Match[bytes]) -> bool:
        """Does a line say the whole of what the setting is?"""
        if path in self.whole:
            return True
        value, key = _value(setting, self.format), setting["key"].decode().strip('"')
        known = str(path[-1]) in (key, key.rpartition(".")[2])
        return known and value is not _UNKNOWN and same(value, self.values[path])

    def _follows(self, number: int, lines: list[bytes]) -> bool:
        """Does a setting of the same table end right above a line? Then nothing else depends on the line."""
        above, path = self.paths[number - 1] if number else None, self.paths[number]
        setting = _SETTING.fullmatch(lines[number - 1]) if above else None
        return bool(above and path and setting and above[:-1] == path[:-1] and self._says(above, setting))


_UNKNOWN = object()


def plausible(old: bytes, new: bytes) -> bool:
    """May lines tell what changed between two texts? Finding out what each line says costs more than asking this."""
    edits = _edits(old, new)
    return edits is not None and all(_SETTING.fullmatch(line) for _, _, line in edits)


def _edits(old: bytes, new: bytes) -> list[tuple[int, bytes | None, bytes]] | None:
    """The lines of `new` that differ: their numbers, what they were (None: nothing), what they are.

    None where lines are gone, or too many differ.
    """
    start = _common(old, new)
    start = new.rfind(b"\n", 0, start) + 1
    end = _common(old[start:][::-1], new[start:][::-1])
    first = new.count(b"\n", 0, start)
    cut = new.find(b"\n", len(new) - end) if end else -1
    end = len(new) - cut if cut >= 0 else 0
    before, after = old[start : len(old) - end].split(b"\n"), new[start : len(new) - end].split(b"\n")
    if len(before) == len(after):
        pairs = zip(range(first, first + len(after)), before, after, strict=True)
        return [(number, line, now) for number, line, now in pairs if line != now]
    if len(before) > len(after) or len(after) > _MOST_LINES:
        return None
    return _aligned(before, after, first)


def _aligned(
    before: list[bytes], after: list[bytes], first: int
) -> list[tuple[int, bytes | None, bytes]] | None:
    edits: list[tuple[int, bytes | None, bytes]] = []
    for op, i, i_end, j, j_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if op == "delete" or (op == "replace" and i_end - i != j_end - j):
            return None
        if op == "insert":
            edits += [(first + n, None, after[n]) for n in range(j, j_end)]
        elif op == "replace":
            edits += [(first + j + n, before[i + n], after[j + n]) for n in range(j_end - j)]
    return edits


def _common(one: bytes, other: bytes) -> int:
    """How many bytes two texts begin with alike."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _value(setting: re.Match[bytes], format: str) -> Any:
    """What a line says, as its format reads it; a mark where it says something else alone than in its place."""
    line = setting["head"] + setting["value"]
    if format == "json":
        line = b"{" + line + b"}"
    elif format == "ini":
        line = b"[section]\n" + line
    try:
        data = format_named(format).parse(line.strip(b" ").decode())
    except ParseError:
        return _UNKNOWN
    while isinstance(data, dict) and len(data) == 1:
        (data,) = data.values()
    return _UNKNOWN if isinstance(data, dict | list) else data


def _at(data: Any, path: Path) -> Any:
    """The value at a path of positions; a list where there is none."""
    for segment in path:
        try:
            data = data[segment]
        except (KeyError, IndexError, TypeError):
            return []
    return data
