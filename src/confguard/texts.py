"""How texts are counted and cut, for a reader."""

from __future__ import annotations

import re

__all__ = ["amount", "shortened"]

_BREAK = re.compile(r"(?<=[\s,;])(?=\S)|(?<=\S)(?=\s)")
"""Between words, and between the values of a list."""
_GAP = " ... "


def amount(count: int, thing: str, things: str | None = None) -> str:
    """A count and what is counted, in one or many.

    >>> amount(1, "config"), amount(1200, "config"), amount(0, "entry", "entries")
    ('1 config', '1,200 configs', '0 entries')
    """
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"


def shortened(text: str, most: int) -> str:
    """A text with its middle left out where it is longer: between words, and inside of one only where it is too long.

    >>> shortened("the quick brown fox jumps over the lazy dog", 30)
    'the quick ... the lazy dog'
    >>> shortened("[100, 200, 300, 400, 500, 600]", 20)
    '[100, ... 600]'
    >>> shortened("a" * 30, 15)
    'aaaaa ... aaaaa'
    """
    if len(text) <= most:
        return text
    half = (most - len(_GAP)) // 2
    breaks = [found.start() for found in _BREAK.finditer(text)]
    start = max((at for at in breaks if half // 3 <= at <= half), default=half)
    end = min((at for at in breaks if half // 3 <= len(text) - at <= half), default=len(text) - half)
    return f"{text[:start].rstrip()}{_GAP}{text[end:].lstrip()}"
