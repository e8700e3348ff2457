"""Which map of one list became which of another, where no field tells: deepdiff's distance finds the likeliest."""

from __future__ import annotations

from typing import Any

__all__ = ["pair_alike"]

_MOST_PAIRED = 40
"""The most elements a side that deepdiff is asked to pair: its time grows with the product."""


def pair_alike(
    old: list[Any], new: list[Any], left_old: list[int], left_new: list[int]
) -> list[tuple[int, int]]:
    """Pairs of positions; in the order of the lists where there are too many to compare all with all."""
    if len(left_old) == len(left_new) == 1:
        pairs = {left_old[0]: left_new[0]}
    elif max(len(left_old), len(left_new)) > _MOST_PAIRED:
        pairs = dict(zip(left_old, left_new, strict=False))
    else:
        pairs = _likeliest([old[i] for i in left_old], [new[j] for j in left_new])
        pairs = {left_old[i]: left_new[j] for i, j in pairs.items()}
    return [(i, j) for i, j in pairs.items() if type(old[i]) is type(new[j])]


def _likeliest(old: list[Any], new: list[Any]) -> dict[int, int]:
    from deepdiff import DeepDiff

    found = DeepDiff(
        old,
        new,
        ignore_order=True,
        report_repetition=True,
        cutoff_intersection_for_pairs=1,
        cutoff_distance_for_pairs=0.5,
        view="tree",
    )
    pairs: dict[int, int] = {}
    for levels in found.values():
        for level in levels:
            there = level.path(output_format="list")
            here = level.path(output_format="list", use_t2=True)
            # What came or went inside of a pair may name it by the other side's position: then it says nothing.
            placed = len(there) > 1 and len(here) > 1 and there[0] < len(old) and here[0] < len(new)
            if placed and there[0] not in pairs and here[0] not in pairs.values():
                pairs[there[0]] = here[0]
    return pairs
