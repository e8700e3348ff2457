"""What changed between two texts, told from their lines alone where that is sure: parsing all of them takes seconds.

Most revisions change a few values of a file. Where the lines that differ are whole settings with plain values on a line
of their own (`pool = 64`, `"pool": 64,`, `pool: 64`), blank, or comments, the two texts say the same but for these
settings. Anything else is left to parsers.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from attrs import define, evolve, field

from confguard.diffs.identity import IDENTIFYING, document_keys, keying
from confguard.documents.document import Document
from confguard.documents.interface import ParseError
from confguard.documents.registry import format_named
from confguard.paths import Path
from confguard.schema.shape import ANYTHING, Shape
from confguard.texts import common_length
from confguard.values import Documents, same

_PLAIN = rb"[\w.+/-][\w.+/:@-]*(?: [\w.+/-][\w.+/@-]*)*"
_SETTING = re.compile(
    rb"(?P<indent>[ \t]*)(?P<key>[A-Za-z_][\w.-]*|\"[\w .-]+\")(?P<sign>\s*[=:]\s*)"
    rb"(?P<value>"
    + _PLAIN
    + rb"|\"[^\"\\$%\x00-\x1f]*\"|'[^'\\$%\x00-\x1f]*')(?P<comma>\s*,?)(?P<tail>\s*|\s+#.*)"
)
"""A line that is one setting with a plain value, in any of the formats."""
_REFERRING = {"toml": b"\0", "json": b"\0", "yaml": b"&", "ini": b"%(", "env": b"$", "properties": b"${"}
"""The formats, and what a text has in which a value may be written elsewhere than where it counts."""
_COMMENTED = frozenset({"toml", "yaml"})
"""The formats in which ` #` behind a value begins a comment."""
_NOTHING = {"json": re.compile(rb"\s*"), "ini": re.compile(rb"\s*([#;].*)?")}
_COMMENT = re.compile(rb"\s*(#.*)?")
_MOST_LINES = 4_000
"""Longer stretches of unequal length are not aligned line by line."""
_HEADER = re.compile(rb"(?P<head>\s*(?:\[\[?[\w .-]+\]\]?|[\w.-]+:))\s*(?:#.*)?")
"""A line that begins a table."""
_BLANK: Path = ("blank",)
"""The mark of a line that says nothing, and stands where one could say something."""
_TABLE: Path = ("table",)
"""The mark of a line that begins a table."""
_UNKNOWN = object()


class _Hunk(NamedTuple):
    """Lines that differ: where they are in the newer text, and what they were and are."""

    number: int
    old: list[bytes]
    new: list[bytes]


@define
class _Found:
    """What hunks say so far."""

    changed: dict[Path, Any] = field(factory=dict)
    gone: set[Path] = field(factory=set)
    """What the older text does not have."""
    came: dict[Path, Any] = field(factory=dict)
    """What only the older text has."""


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
    def of(cls, document: Document, shape: Shape = ANYTHING) -> Lines | None:
        """The lines of a document; None where lines do not tell what a text says."""
        if _REFERRING.get(document.format, b"") in document.content:
            return None
        standing: dict[int, list[Path]] = defaultdict(list)
        for path, place in document.places().items():
            standing[place.key.line - 1].append(path)
        texts = document.content.split(b"\n")
        lines = cls(document.content, document.format, [None] * len(texts), {})
        known = dict(_known_elements(document.data, (), shape))
        between = True  # could a line say something here?
        for at, text in enumerate(texts):
            there = [path for path in standing.get(at, ()) if path]
            leaves = [path for path in there if not isinstance(_value_at(document.data, path), dict | list)]
            if len(leaves) == 1 and all(leaves[0][: len(path)] == path for path in there):
                if _stays(leaves[0], known):
                    lines.paths[at], lines.values[leaves[0]] = leaves[0], _value_at(document.data, leaves[0])
                between = _setting(text, lines.format) is not None
            elif there:
                between = not leaves and _HEADER.fullmatch(text) is not None
                lines.paths[at] = _TABLE if between else None
            elif between and _is_nothing(text, lines.format):
                lines.paths[at] = _BLANK
            else:
                between = False
        return lines

    def copy(self) -> Lines:
        """The same, to be changed."""
        return evolve(self, paths=list(self.paths), values=dict(self.values), whole=set(self.whole))

    def go_back(self, content: bytes) -> dict[Path, tuple[Any, Any] | None] | None:
        """Become the text before this one. Returns the settings that it says otherwise: both values; None for new ones.

        None, with nothing changed, where the lines do not tell.
        """
        hunks, found = _hunks(content, self.content, self.format), _Found()
        if hunks is None:
            return None
        lines = [] if all(len(each.old) == len(each.new) for each in hunks) else self.content.split(b"\n")
        older: list[tuple[_Hunk, list[Path | None]]] = []
        for hunk in hunks:
            paths = self._before(hunk, found, lines)
            if paths is None:
                return None
            older.append((hunk, paths))
        if found.came and found.gone:
            return None  # what came may have been elsewhere
        for hunk, paths in reversed(older):
            self.paths[hunk.number : hunk.number + len(hunk.new)] = paths
        pairs: dict[Path, tuple[Any, Any] | None] = {
            path: (value, self.values[path]) for path, value in found.changed.items()
        }
        known = found.changed | found.came
        self.content = content
        self.values.update(known)
        self.whole.update(known)
        for path in found.gone:
            del self.values[path]
        return pairs | dict.fromkeys(found.gone)

    def _before(self, hunk: _Hunk, found: _Found, lines: list[bytes]) -> list[Path | None] | None:
        """What the older lines of a hunk say; None where that is not sure."""
        alike = 0
        for old, new in zip(hunk.old, hunk.new, strict=False):
            place = hunk.number + alike
            if self.paths[place] is _BLANK and _is_nothing(old, self.format):
                lines = lines or self.content.split(b"\n")
                if not self._is_between(place, lines):
                    return None
            elif not _is_edit(old, new, self.format):
                break
            elif not self._edited(place, old, new, found):
                return None
            alike += 1
        kept = self.paths[hunk.number : hunk.number + alike]
        rest = _Hunk(hunk.number + alike, hunk.old[alike:], hunk.new[alike:])
        if not rest.old and not rest.new:
            return kept
        lines = lines or self.content.split(b"\n")
        for place in range(rest.number, rest.number + len(rest.new)):
            if not self._leaves_nothing(place, lines, found):
                return None
        came = self._only_before(rest, lines, found)
        return None if came is None else kept + came

    def _edited(self, place: int, old: bytes, new: bytes, found: _Found) -> bool:
        """Is a line the same setting, before and after?"""
        path, one, two = self.paths[place], _setting(old, self.format), _setting(new, self.format)
        if path is _TABLE:
            return _is_header(old, new)
        if path is None or one is None or two is None or not self._says(path, two):
            return False
        value = _value(one, self.format)
        if value is _UNKNOWN or not _is_alike(one, two):
            return False
        found.changed[path] = value
        return True

    def _leaves_nothing(self, place: int, lines: list[bytes], found: _Found) -> bool:
        """Does all else stay as it is where a line is taken out?"""
        path, setting = self.paths[place], _setting(lines[place], self.format)
        if path is _BLANK or path is None:
            return path is _BLANK and self._is_between(place, lines)
        if setting is None or not self._says(path, setting) or not self._is_between(place, lines):
            return False
        found.gone.add(path)
        return True

    def _only_before(self, hunk: _Hunk, lines: list[bytes], found: _Found) -> list[Path | None] | None:
        """What the lines say that stand only in the older text: other settings of the table that stands above."""
        if hunk.old and not self._is_between(hunk.number, lines):
            return None
        paths: list[Path | None] = []
        for line in hunk.old:
            path = _BLANK if _is_nothing(line, self.format) else self._added(hunk.number, line, lines, found)
            if path is None:
                return None
            paths.append(path)
        return paths

    def _added(self, place: int, line: bytes, lines: list[bytes], found: _Found) -> Path | None:
        """The setting that a line says, in the table of the setting above; None where that is not sure."""
        at = self._above(place)
        above = self.paths[at] if at >= 0 else None
        before = _setting(lines[at], self.format) if above and above is not _TABLE else None
        setting = _setting(line, self.format)
        if above is None or before is None or setting is None or before["indent"] != setting["indent"]:
            return None
        path, value = (*above[:-1], _key(setting)), _value(setting, self.format)
        if _key(before) != above[-1] or path in self.values or path in found.came or value is _UNKNOWN:
            return None
        found.came[path] = value
        return path

    def _is_between(self, place: int, lines: list[bytes]) -> bool:
        """Does nothing that stands above a line go on in it?"""
        at = self._above(place)
        path = self.paths[at] if at >= 0 else _TABLE
        if path is None or path is _TABLE:
            return path is _TABLE
        setting = _setting(lines[at], self.format)
        return setting is not None and self._says(path, setting)

    def _above(self, place: int) -> int:
        """The number of the next line above that says something; -1 if there is none."""
        at = place - 1
        while at >= 0 and self.paths[at] is _BLANK:
            at -= 1
        return at

    def _says(self, path: Path, setting: re.Match[bytes]) -> bool:
        """Does a line say the whole of what the setting is?"""
        if path in self.whole:
            return True
        value, key = _value(setting, self.format), _key(setting)
        known = str(path[-1]) in (key, key.rpartition(".")[2])
        if known and value is not _UNKNOWN and path in self.values and same(value, self.values[path]):
            self.whole.add(path)
        return path in self.whole


def plausible(old: bytes, new: bytes, format: str) -> bool:
    """May lines tell what changed between two texts? Finding out what each line says costs more than asking this."""
    hunks = _hunks(old, new, format)
    return hunks is not None and all(
        _setting(line, format) or _is_nothing(line, format) or _HEADER.fullmatch(line)
        for hunk in hunks
        for line in (*hunk.old, *hunk.new)
    )


def _hunks(old: bytes, new: bytes, format: str) -> list[_Hunk] | None:
    """The lines that differ; None where they are too many."""
    start = new.rfind(b"\n", 0, common_length(old, new)) + 1
    end = common_length(old[start:][::-1], new[start:][::-1])
    cut = new.find(b"\n", len(new) - end) if end else -1
    end = len(new) - cut if cut >= 0 else 0
    first = new.count(b"\n", 0, start)
    before, after = old[start : len(old) - end].split(b"\n"), new[start : len(new) - end].split(b"\n")
    if len(before) == len(after):
        lines = zip(range(first, first + len(after)), before, after, strict=True)
        hunks = [_Hunk(number, [one], [two]) for number, one, two in lines if one != two]
        if all(_is_edit(hunk.old[0], hunk.new[0], format) for hunk in hunks):
            return hunks
    if max(len(before), len(after)) > _MOST_LINES:
        return None
    matching = SequenceMatcher(None, before, after)
    return [
        _Hunk(first + j, before[i:i_end], after[j:j_end])
        for op, i, i_end, j, j_end in matching.get_opcodes()
        if op != "equal"
    ]


def _is_edit(old: bytes, new: bytes, format: str) -> bool:
    one, two = _setting(old, format), _setting(new, format)
    return _is_header(old, new) or (one is not None and two is not None and _is_alike(one, two))


def _is_header(old: bytes, new: bytes) -> bool:
    """Do two lines begin the same table, with other comments?"""
    one, two = _HEADER.fullmatch(old), _HEADER.fullmatch(new)
    return one is not None and two is not None and one["head"] == two["head"]


def _is_alike(one: re.Match[bytes], two: re.Match[bytes]) -> bool:
    """Are two lines one setting, at the same depth?"""
    return one["indent"] == two["indent"] and all(
        one[name].strip() == two[name].strip() for name in ("key", "sign")
    )


def _setting(line: bytes, format: str) -> re.Match[bytes] | None:
    """A line as a setting; None if it is none, or something that may be part of the value stands behind it."""
    setting = _SETTING.fullmatch(line)
    commented = setting is not None and bool(setting["tail"].strip())
    return None if commented and format not in _COMMENTED else setting


def _is_nothing(line: bytes, format: str) -> bool:
    """Is a line blank, or a comment?"""
    return _NOTHING.get(format, _COMMENT).fullmatch(line) is not None


def _key(setting: re.Match[bytes]) -> str:
    return setting["key"].decode().strip('"')


def _value(setting: re.Match[bytes], format: str) -> Any:
    """What a line says, as its format reads it; a mark where it says something else alone than in its place."""
    line = setting["key"] + setting["sign"] + setting["value"]
    if format == "json":
        line = b"{" + line + b"}"
    elif format == "ini":
        line = b"[section]\n" + line
    try:
        data = format_named(format).parse(line.decode())
    except (ParseError, UnicodeDecodeError):
        return _UNKNOWN
    while isinstance(data, dict) and len(data) == 1:
        (data,) = data.values()
    return _UNKNOWN if isinstance(data, dict | list) else data


def _known_elements(data: Any, path: Path, shape: Shape) -> Iterator[tuple[Path, frozenset[str]]]:
    """The lists whose elements are known by names of their own, and what may be part of these."""
    if isinstance(data, dict):
        for key, value in data.items():
            if isinstance(value, dict | list):
                yield from _known_elements(value, (*path, key), shape.child(key))
    elif isinstance(data, Documents):
        if None not in document_keys(data, data)[0]:
            yield path, IDENTIFYING
            for i, value in enumerate(data):
                yield from _known_elements(value, (*path, i), shape)
    elif isinstance(data, list) and (keyed := keying(data, shape=shape)):
        yield path, IDENTIFYING | {field.partition(".")[0] for field in keyed.fields}
        for i, value in enumerate(data):
            yield from _known_elements(value, (*path, i), shape.child(i))


def _stays(path: Path, known: dict[Path, frozenset[str]]) -> bool:
    """Do the elements on the way to a setting stay the same ones, whatever it is?"""
    return all(
        at + 1 < len(path) and path[:at] in known and path[at + 1] not in known[path[:at]]
        for at, segment in enumerate(path)
        if isinstance(segment, int)
    )


def _value_at(data: Any, path: Path) -> Any:
    """The value at a path of positions; a list where there is none."""
    for segment in path:
        try:
            data = data[segment]
        except (KeyError, IndexError, TypeError):
            return []
    return data
