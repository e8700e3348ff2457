"""Which map of one list became which of another, where no field tells.

A few small ones are left to deepdiff, whose distance between objects finds pairs that have little in common. Its time
grows with the product and with the size, so many or large ones are paired by the values that they share.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from confguard.diffs.identity import leaves as leaves_of

__all__ = ["pair_alike"]

_FEW, _SMALL = 40, 300
"""The most elements a side, and the most values in all of them, that deepdiff is asked to pair."""
_MOST_VALUES = 200_000
"""Where there are more values than this, elements are paired in the order of the lists."""
_ALIKE = 0.5
"""The share of its values that an element keeps when it is edited."""
_COMMON = 30
"""A value that more elements than this have says nothing."""


def pair_alike(
    old: list[Any], new: list[Any], left_old: list[int], left_new: list[int]
) -> list[tuple[int, int]]:
    """Pairs of positions of what is likely the same element, edited."""
    before, after = [old[i] for i in left_old], [new[j] for j in left_new]
    size = sum(map(_size, before)) + sum(map(_size, after))
    if len(before) == len(after) == 1:
        pairs = {0: 0}
    elif size > _MOST_VALUES:
        pairs = dict(zip(range(len(before)), range(len(after)), strict=False))
    elif max(len(before), len(after)) > _FEW or size > _SMALL:
        pairs = _by_values(before, after)
    else:
        pairs = _by_distance(before, after)
    paired = [(left_old[i], left_new[j]) for i, j in pairs.items()]
    return [(i, j) for i, j in paired if type(old[i]) is type(new[j])]


def _by_values(old: list[Any], new: list[Any]) -> dict[int, int]:
    """The pairs that share most of their values, the likeliest first."""
    holding: dict[Any, list[int]] = defaultdict(list)
    sizes = []
    for j, element in enumerate(new):
        leaves = set(leaves_of(element))
        sizes.append(len(leaves))
        for leaf in leaves:
            holding[leaf].append(j)
    scored = []
    for i, element in enumerate(old):
        leaves = set(leaves_of(element))
        shared: dict[int, int] = defaultdict(int)
        for leaf in leaves:
            holders = holding.get(leaf, ())
            if len(holders) <= _COMMON:
                for j in holders:
                    shared[j] += 1
        scored += [(count / max(len(leaves), sizes[j]), i, j) for j, count in shared.items()]
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for share, i, j in sorted(scored, key=lambda each: (-each[0], each[1], each[2])):
        if share >= _ALIKE and i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    return pairs


def _size(value: Any) -> int:
    if isinstance(value, dict | list):
        return 1 + sum(map(_size, value.values() if isinstance(value, dict) else value))
    return 1


_LARGEST = 10**300


def _tame(value: Any) -> Any:
    """A value as deepdiff can measure it: it knows neither bytes, nor numbers that no float holds, nor odd keys."""
    if isinstance(value, dict):
        return {key if isinstance(key, str) else repr(key): _tame(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_tame(inner) for inner in value]
    plain = value is None or isinstance(value, str | bool)
    return value if plain or (isinstance(value, int | float) and abs(value) < _LARGEST) else repr(value)


def _by_distance(old: list[Any], new: list[Any]) -> dict[int, int]:
    from deepdiff import DeepDiff

    distances = DeepDiff(
        _tame(old),
        _tame(new),
        ignore_order=True,
        report_repetition=True,
        cutoff_intersection_for_pairs=1,
        cutoff_distance_for_pairs=0.5,
        view="tree",
    )
    pairs: dict[int, int] = {}
    for levels in distances.values():
        for level in levels:
            there = level.path(output_format="list")
            here = level.path(output_format="list", use_t2=True)
            # What came or went inside of a pair may name it by the other side's position: then it says nothing.
            placed = len(there) > 1 and len(here) > 1 and there[0] < len(old) and here[0] < len(new)
            if placed and there[0] not in pairs and here[0] not in pairs.values():
                pairs[there[0]] = here[0]
    return pairs
