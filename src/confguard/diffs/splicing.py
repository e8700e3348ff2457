"""Three texts merged line by line, where lines that stand beside each other may change on different sides.

Git leaves a conflict where both sides changed neighbouring lines. Here each line is for itself: whoever knows what the
lines mean has to say whether the result means what it should.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

from attrs import frozen

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


def has_words_of_both(merged: bytes, base: bytes, ours: bytes, theirs: bytes) -> bool:
    """Does a text have every word that a side put in, twice what both did, and none that a side took out?

    >>> has_words_of_both(b"a 2 # why", b"a 1", b"a 1 # why", b"a 2")
    True
    >>> has_words_of_both(b"a 2", b"a 1", b"a 1 # why", b"a 2")
    False
    >>> has_words_of_both(b"a 2 # why", b"a 1 # why", b"a 1", b"a 2 # why")
    False
    """
    was, mine, other, now = (Counter(_WORD.findall(text)) for text in (base, ours, theirs, merged))
    for word in was | mine | other | now:
        came = max(mine[word] - was[word], 0) + max(other[word] - was[word], 0)
        gone = [max(was[word] - side[word], 0) for side in (mine, other)]
        if not max(was[word] - sum(gone), 0) + came <= now[word] <= was[word] - max(gone) + came:
            return False
    return True


def lays_out_anew(base: bytes, side: bytes) -> bool:
    r"""Does a side change the layout of lines whose words it leaves: line ends, indentation, spaces, blank lines?

    >>> lays_out_anew(b"a: 1\nb: 1\n", b"a: 1\r\nb: 1\r\n")
    True
    >>> lays_out_anew(b"a: 1\nb: 1\n", b"a: 1\nb: 2\n")
    False
    """
    was, now = base.splitlines(keepends=True), side.splitlines(keepends=True)
    for operation, start, end, first, last in _opcodes(was, now):
        before, after = was[start:end], now[first:last]
        if operation != "equal" and not any(line.strip() for line in before + after):
            return True
        words = {b" ".join(line.split()) for line in before}
        if operation == "replace" and any(
            line.strip() and b" ".join(line.split()) in words for line in after
        ):
            return True
    return False


def _edits(base: list[bytes], side: bytes) -> list[_Edit]:
    lines = side.splitlines(keepends=True)
    edits: list[_Edit] = []
    for operation, start, end, first, last in _opcodes(base, lines):
        if operation == "replace" and end - start == last - first:  # line for line
            edits += [_Edit(start + n, start + n + 1, (lines[first + n],)) for n in range(end - start)]
        elif operation != "equal":
            edits.append(_Edit(start, end, tuple(lines[first:last])))
    return edits


def _opcodes(base: list[bytes], lines: list[bytes]) -> Sequence[tuple[str, int, int, int, int]]:
    return SequenceMatcher(None, base, lines, autojunk=len(base) > 2_000).get_opcodes()


def _near(edit: _Edit, others: list[_Edit]) -> list[_Edit]:
    return [each for each in others if each.start <= edit.end and edit.start <= each.end]


def _overlap(one: _Edit, two: _Edit) -> bool:
    """Do both replace the same line? What is put in between lines is in nobody's way, but in the midst of others'."""
    if one.start == one.end or two.start == two.end:
        inner, outer = (one, two) if one.start == one.end else (two, one)
        return outer.start < inner.start < outer.end
    return max(one.start, two.start) < min(one.end, two.end)
