"""The fewest moves that bring a list into its new order."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from typing import NamedTuple

__all__ = ["Move", "fewest_moves"]


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
