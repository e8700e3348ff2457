"""What two sequences have in common, in order."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Sequence

__all__ = ["MOST_DIFFERENCES", "in_common"]

MOST_DIFFERENCES = 2_000
"""Sequences in which more elements have to go or to come are not compared: the work grows with the square of that."""


def in_common(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[tuple[int, int]] | None:
    """A longest common subsequence, as pairs of positions; None where the two differ in too much.

    E. Myers, *An O(ND) difference algorithm and its variations*, Algorithmica 1 (1986): the time grows with the number
    of differences, so that long sequences that are almost the same are compared at once.

    >>> in_common("abcabba", "cbabac")
    [(2, 0), (3, 2), (4, 3), (6, 4)]
    >>> in_common("ab", "cd")
    []
    """
    known_before, known_after = set(before), set(after)
    old = [i for i, value in enumerate(before) if value in known_after]
    new = [j for j, value in enumerate(after) if value in known_before]
    one, two = [before[i] for i in old], [after[j] for j in new]
    trace = _trace(one, two)
    return None if trace is None else [(old[i], new[j]) for i, j in _walked_back(trace, one, two)]


def _trace(one: list[Hashable], two: list[Hashable]) -> list[array[int]] | None:
    """For each number of differences, how far one gets in `one` on each diagonal; the last one reaches the end.

    A diagonal holds the pairs of positions that are equally far apart; the odd and the even ones take turns.
    """
    furthest = array("i", [0])
    trace = [furthest]
    for differences in range(min(len(one) + len(two), MOST_DIFFERENCES) + 1):
        row = array("i")
        for diagonal in range(-differences, differences + 1, 2):
            i = _start(furthest, diagonal, differences)
            j = i - diagonal
            while i < len(one) and j < len(two) and one[i] == two[j]:
                i, j = i + 1, j + 1
            row.append(i)
            if i >= len(one) and j >= len(two):
                return trace
        furthest = row
        trace.append(furthest)
    return None


def _start(furthest: array[int], diagonal: int, differences: int) -> int:
    """Where one stands on a diagonal once one more element, of the other or of the one, was left out."""
    if not differences:
        return 0
    at = (diagonal + differences) // 2
    return furthest[at] if _is_down(furthest, diagonal, differences) else furthest[at - 1] + 1


def _is_down(furthest: array[int], diagonal: int, differences: int) -> bool:
    """Is it an element of the other that is left out, as that leads further?"""
    at = (diagonal + differences) // 2
    return diagonal == -differences or (diagonal != differences and furthest[at - 1] < furthest[at])


def _walked_back(trace: list[array[int]], one: list[Hashable], two: list[Hashable]) -> list[tuple[int, int]]:
    pairs = []
    i, j = len(one), len(two)
    for differences in range(len(trace) - 1, -1, -1):
        furthest, diagonal = trace[differences], i - j
        start = _start(furthest, diagonal, differences)
        while i > start:
            i, j = i - 1, j - 1
            pairs.append((i, j))
        if differences:
            i, j = (i, j - 1) if _is_down(furthest, diagonal, differences) else (i - 1, j)
    return pairs[::-1]
