"""The bounds that every document must keep, so that no later step meets one it cannot walk."""

from __future__ import annotations

import re
from typing import Any

from confguard.documents.interface import LineIndex, ParseError, Position

MAX_BYTES = 32 * 1024 * 1024
"""The largest file that is read, in bytes."""
MAX_DEPTH = 200
"""The deepest nesting of mappings and lists."""
MAX_VALUES = 5_000_000
"""The most values that a document may stand for once its aliases are written out."""
MAX_DIGITS = 4_300
"""The most digits of an integer: Python makes no text of a longer one."""
MAX_INTEGER_BITS = 14_284
"""How many bits that is."""
TOO_LARGE = "a number of more than 4,300 digits, the most that is read"

_BRACKETED = frozenset({"toml", "json", "jsonc", "ini", "env", "properties"})
"""Formats in which only brackets and dots nest."""
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_FAR_IN = re.compile(rf"(?:\A|\n)[ \t\-?]{{{MAX_DEPTH // 4}}}")
"""A block collection stands in a greater column than the one around it, save a list in a mapping."""


def check_bounds(data: Any, content: bytes, format: str) -> None:
    """Refuse data that is nested too deep, refers to itself, or explodes when its aliases are followed.

    Measuring costs a walk, so it is left out where the text shows that it is shallow: too few brackets and dots, or,
    for YAML, no aliases, which let a short text stand for a large one (`check_yaml_depth` has seen to its depth).
    """
    if format == "yaml":
        measured = b"&" in content and b"*" in content
    else:
        measured = format not in _BRACKETED or _deepest(content, dotted=format == "toml") > MAX_DEPTH
    if measured:
        _measured(data, {})


def check_yaml_depth(text: str, events: Any) -> None:
    """Refuse a YAML text that is nested too deep before the composer, which recurses in C, sees it.

    `events` makes an iterator of parser events; it is only asked for where the text could be that deep.
    """
    if not _FAR_IN.search(text) and _bracket_bound(text.encode(errors="replace")) < MAX_DEPTH // 2 - 2:
        return
    depth = 0
    for event in events():
        name = type(event).__name__
        if name in {"MappingStartEvent", "SequenceStartEvent"}:
            depth += 1
            if depth > MAX_DEPTH:
                mark = event.start_mark
                raise ParseError(TOO_DEEP, mark.line + 1, mark.column + 1)
        elif name in {"MappingEndEvent", "SequenceEndEvent"}:
            depth -= 1


TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels, the most that confguard reads"
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|(?P<open>[\[{])|(?P<close>[\]}])')


def deepest_place(text: str) -> Position:
    """Where brackets begin to nest too deep; where the text begins if they do not."""
    depth = 0
    for match in _TOKEN.finditer(text):
        depth += (match["open"] is not None) - (match["close"] is not None)
        if depth > MAX_DEPTH:
            return LineIndex(text).position(match.start())
    return Position(1, 1)


def _deepest(content: bytes, *, dotted: bool) -> int:
    """A cheap upper bound of the depth that brackets, and the dots of keys, can reach."""
    dots = 0
    if dotted and content.count(b".") > 50:
        dots = max((line.count(b".") for line in content.split(b"\n") if line.count(b".") > 50), default=0)
    return _bracket_bound(content) + dots


def _bracket_bound(content: bytes) -> int:
    """How deep brackets nest: how often the innermost pairs can be taken away. Brackets in texts only add to it."""
    brackets = content.translate(None, _NO_BRACKETS)
    for depth in range(MAX_DEPTH + 1):
        if not brackets:
            return depth
        fewer = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if len(fewer) == len(brackets):  # one stands alone, in a text or a comment
            return depth + len(brackets)
        brackets = fewer
    return MAX_DEPTH + 1


def _measured(data: Any, known: dict[int, tuple[int, int] | None], around: int = 0) -> tuple[int, int]:
    """Depth and written-out size of a graph of containers, each container visited once."""
    if not isinstance(data, dict | list):
        return 0, 1
    if id(data) not in known:
        if around == MAX_DEPTH:
            raise ParseError(TOO_DEEP)
        known[id(data)] = None
        inside = data.values() if isinstance(data, dict) else data
        depths, sizes = zip((0, 1), *(_measured(child, known, around + 1) for child in inside), strict=True)
        if sum(sizes) > MAX_VALUES:
            raise ParseError(f"stands for more than {MAX_VALUES:,} values once its aliases are followed")
        known[id(data)] = max(depths) + 1, sum(sizes)
    measured = known[id(data)]
    if measured is None:
        raise ParseError("an alias refers to the value that holds it")
    if around + measured[0] > MAX_DEPTH:
        raise ParseError(TOO_DEEP)
    return measured
