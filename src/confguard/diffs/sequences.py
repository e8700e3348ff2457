"""What two sequences have in common in order, and the fewest moves that make one of the other."""

from __future__ import annotations

import itertools
from array import array
from bisect import bisect_left
from collections.abc import Hashable, Sequence
from typing import NamedTuple

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


class Move(NamedTuple):
    """The element that ends at `after` in the new list goes from `start` to `end` of the list at its turn."""

    after: int
    start: int
    end: int


def fewest_moves(pairs: list[tuple[int, int]]) -> list[Move]:
    """What is left to move once the longest run that keeps its order stays; `pairs` are positions before and after.

    >>> fewest_moves([(0, 1), (1, 2), (2, 0)])
    [Move(after=0, start=2, end=0)]
    """
    order = [after for _, after in sorted(pairs)]
    if all(a < b for a, b in itertools.pairwise(order)):
        return []
    return _moves(order, _longest_rising(order))


def _moves(order: list[int], staying: set[int]) -> list[Move]:
    """One move an element, in the new order: each lands right behind the one that shall stand before it.

    All that was placed before `rank` stands in front, in order, except for those `waiting` (slots of the old order)
    which stand between. So a position is a count of the placed and a count of the waiting.
    """
    ranked = sorted(order)
    slots = {after: slot for slot, after in enumerate(order)}
    stayers_until = list(itertools.accumulate(after in staying for after in order))
    staying_ranks = [rank for rank, after in enumerate(ranked) if after in staying]
    staying_ranks.append(len(ranked))
    waiting = [slot for slot, after in enumerate(order) if after not in staying]
    moves = []
    stayed = edge = 0  # how many of those that stay come before this rank, and the slot of the last of them
    for rank, after in enumerate(ranked):
        slot = slots[after]
        if after in staying:
            stayed, edge = stayed + 1, slot
            continue
        stayers = stayers_until[slot]
        behind = staying_ranks[stayers]  # the first that stays and stands behind it
        placed = behind if rank > behind else rank + stayers - stayed
        at = bisect_left(waiting, slot)
        del waiting[at]
        moves.append(Move(after, placed + at, rank + (bisect_left(waiting, edge) if stayed else 0)))
    return moves


def _longest_rising(order: list[int]) -> set[int]:
    """A longest increasing subsequence, by patience sorting."""
    tails: list[int] = []
    before: dict[int, int | None] = {}
    for value in order:
        pile = bisect_left(tails, value)
        before[value] = tails[pile - 1] if pile else None
        if pile == len(tails):
            tails.append(value)
        else:
            tails[pile] = value
    kept = set()
    last: int | None = tails[-1] if tails else None
    while last is not None:
        kept.add(last)
        last = before[last]
    return kept
