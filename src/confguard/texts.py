"""How texts are counted and cut, for a reader."""

from __future__ import annotations

import re
from collections.abc import Iterator

_BREAKS = (
    re.compile(r"(?<=[,;])(?=\s)"),
    re.compile(r"(?<=\s)(?=\S)|(?<=\S)(?=\s)"),
    re.compile(r"(?<=\W)(?=\w)|(?<=\w)(?=\W)"),
)
"""Where a text may be cut, best first: between values, between words, between the parts of a long one."""
_ONE = re.compile(r"((?<![\d.,])1 (?:character|element|key))s\b")
_GAP = " ... "


def word_set(text: str) -> frozenset[str]:
    """The words of a text, parted by blanks.

    >>> sorted(word_set("max limit"))
    ['limit', 'max']
    """
    return frozenset(text.split())


def plain(name: str) -> str:
    """A name's letters and digits, which all of its spellings share: `maxConns`, `max_conns`, `MAX-CONNS`."""
    return "".join(char for char in name.lower() if char.isalnum())


def spelling(name: str) -> tuple[str, ...]:
    """The same for all spellings of one name, and no other: its numbers stay apart. Nothing where it has no letters.

    >>> spelling("maxConns") == spelling("MAX-CONNS"), spelling("v1.5") == spelling("v15"), spelling("10.0")
    (True, False, ())
    """
    return (plain(name), *re.findall(r"\d+", name)) if re.search(r"[^\W\d_]", name) else ()


def amount(count: int, thing: str, things: str | None = None) -> str:
    """A count and what is counted: one or many.

    >>> amount(1, "config"), amount(1200, "config"), amount(0, "entry", "entries")
    ('1 config', '1,200 configs', '0 entries')
    """
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"


def common_length(first: bytes, second: bytes) -> int:
    """How many bytes two texts begin with alike.

    >>> common_length(b"pool = 64", b"pool = 10")
    7
    """
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def in_number(text: str) -> str:
    """A text with a count in it, in one where it says 1.

    >>> in_number("expected at least 1 characters"), in_number("at most 11 keys")
    ('expected at least 1 character', 'at most 11 keys')
    """
    return _ONE.sub(r"\1", text)


def indented(text: str, by: int = 4) -> str:
    """A text wrapped to 80 columns and moved in."""
    import textwrap  # services that start need none

    return textwrap.fill(
        text,
        80,
        initial_indent=" " * by,
        subsequent_indent=" " * by,
        break_on_hyphens=False,
        break_long_words=False,
    )


def shortened(text: str, most: int) -> str:
    """A text with its middle left out where it is longer: between words, and inside of one only where it is too long.

    >>> shortened("the quick brown fox jumps over the lazy dog", 30)
    'the quick ... the lazy dog'
    >>> shortened("{size: 100, wait: 200, more: 300, last: 400}", 30)
    '{size: 100, ... last: 400}'
    >>> shortened("https://example.com/what?is=long", 30)
    'https:// ... what?is=long'
    >>> shortened("a" * 30, 15)
    'aaaaa ... aaaaa'
    """
    if len(text) <= most:
        return text
    half = (most - len(_GAP)) // 2
    start = _break_before(text, half, half // 3)
    end = _break_after(text, len(text) - half, len(text) - half // 3)
    return f"{text[:start].rstrip()}{_GAP}{text[end:].lstrip()}"


def window(text: str, at: int, length: int, most: int) -> tuple[str, int]:
    """What stands around a place of a long text, between words, and where that place is in it.

    >>> window("the quick brown fox jumps over the lazy dog", 16, 3, 25)
    ('... brown fox jumps ...', 10)
    """
    if len(text) <= most:
        return text, at
    room = most - len(_GAP) - len(_GAP.strip())
    start = max(0, min(at - max(0, room - length) // 2, len(text) - room))
    end = min(len(text), start + room)
    if start:
        start = _break_after(text, start, at)
        start += len(text[start:]) - len(text[start:].lstrip())
    end = _break_before(text, end, min(at + length, end)) if end < len(text) else end
    left, right = _GAP.lstrip() if start else "", _GAP.rstrip() if end < len(text) else ""
    return f"{left}{text[start:end].rstrip()}{right}", at - start + len(left)


def _break_before(text: str, at: int, least: int) -> int:
    """The best place to cut, not after `at`, not before `least`; `at`, where there is none."""
    return max(next(_breaks(text, least, at), [at]))


def _break_after(text: str, at: int, most: int) -> int:
    """The best place to cut, not before `at`, not after `most`; `at`, where there is none."""
    return min(next(_breaks(text, at, most), [at]))


def _breaks(text: str, least: int, most: int) -> Iterator[list[int]]:
    """The places of each kind between two others, best kind first."""
    for kind in _BREAKS:
        if positions := [each.start() for each in kind.finditer(text) if least <= each.start() <= most]:
            yield positions
