"""Three texts merged line by line, where lines that stand beside each other may change on different sides.

Git leaves a conflict where both sides changed neighbouring lines. Here each line is for itself: whoever knows what the
lines mean has to say whether the result means what it should.
"""

from __future__ import annotations

import re
from collections import Counter
from difflib import SequenceMatcher

from attrs import frozen

__all__ = ["keeps_every_word", "spliced"]

_WORD = re.compile(rb"\S+")
_MOST_LINES = 50_000


@frozen
class _Edit:
    """Lines that one side has in place of the base's lines `start` to `end`."""

    start: int
    end: int
    lines: tuple[bytes, ...]


def spliced(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    r"""All changes of both sides; None where both changed the same line, each otherwise.

    What both put in at the same place stands there twice: ours, then theirs.

    >>> spliced(b"pool: 64\nwait: 2s\n", b"pool: 32\nwait: 2s\n", b"# why\npool: 64\nwait: 3s\n")
    b'# why\npool: 32\nwait: 3s\n'
    >>> spliced(b"pool: 64\n", b"pool: 32\n", b"pool: 16\n") is None
    True
    """
    lines = base.splitlines(keepends=True)
    if len(lines) > _MOST_LINES:
        return None
    mine, other = _edits(lines, ours), _edits(lines, theirs)
    if any(_overlap(one, two) and one != two for one in mine for two in _near(one, other)):
        return None
    chosen = sorted({*mine, *other}, key=lambda edit: (edit.start, edit.end, edit not in mine))
    merged: list[bytes] = []
    at = 0
    for edit in chosen:
        merged += [*lines[at : edit.start], *edit.lines]
        at = max(at, edit.end)
    return b"".join([*merged, *lines[at:]])


def keeps_every_word(merged: bytes, base: bytes, ours: bytes, theirs: bytes) -> bool:
    """Does a text have every word that a side put in, twice what both did, and every one that both left alone?

    >>> keeps_every_word(b"a 2 # why", b"a 1", b"a 1 # why", b"a 2")
    True
    >>> keeps_every_word(b"a 2", b"a 1", b"a 1 # why", b"a 2")
    False
    """
    was, mine, other, now = (Counter(_WORD.findall(text)) for text in (base, ours, theirs, merged))
    for word in was | mine | other:
        gone = max(was[word] - mine[word], 0) + max(was[word] - other[word], 0)
        came = max(mine[word] - was[word], 0) + max(other[word] - was[word], 0)
        if now[word] < max(was[word] - gone, 0) + came:
            return False
    return True


def _edits(base: list[bytes], side: bytes) -> list[_Edit]:
    lines = side.splitlines(keepends=True)
    matcher = SequenceMatcher(None, base, lines, autojunk=len(base) > 2_000)
    edits: list[_Edit] = []
    for operation, start, end, first, last in matcher.get_opcodes():
        if operation == "replace" and end - start == last - first:  # line for line
            edits += [_Edit(start + n, start + n + 1, (lines[first + n],)) for n in range(end - start)]
        elif operation != "equal":
            edits.append(_Edit(start, end, tuple(lines[first:last])))
    return edits


def _near(edit: _Edit, others: list[_Edit]) -> list[_Edit]:
    return [each for each in others if each.start <= edit.end and edit.start <= each.end]


def _overlap(one: _Edit, two: _Edit) -> bool:
    """Do both replace the same line? What is put in between lines is in nobody's way, but in the midst of others'."""
    if one.start == one.end or two.start == two.end:
        inner, outer = (one, two) if one.start == one.end else (two, one)
        return outer.start < inner.start < outer.end
    return max(one.start, two.start) < min(one.end, two.end)
