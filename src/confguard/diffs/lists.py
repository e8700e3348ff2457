"""Which element of one list is which of another: by key, by value, or by likeness for what is left."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Hashable
from typing import Any

from attrs import field, frozen

from confguard.diffs.identity import Keying, leaves, likenesses, token
from confguard.diffs.sequences import Move, fewest_moves, in_common
from confguard.paths import Key


@frozen
class Alignment:
    """How one list becomes another."""

    pairs: list[tuple[int, int]]
    """Positions before and after of elements that are the same one, perhaps edited."""
    removed: list[int]
    """Positions before of elements that are gone, from the end."""
    added: list[int]
    """Positions after of elements that are new, from the front."""
    moves: list[Move] = field(factory=list)
    coarse: bool = False
    """Were stretches too long to align, and compared position by position?"""


def align(old: list[Any], new: list[Any], keyed: Keying | None, *, ordered: bool = True) -> Alignment:
    """Align two lists; elements are known by their keys where they have any."""
    coarse = False
    if keyed:
        before, after = keyed.values
        places = {key: j for j, key in enumerate(after)}
        positions = [(i, places.get(key)) for i, key in enumerate(before)]
        pairs = [(i, j) for i, j in positions if j is not None]
    else:
        pairs, coarse = _pairs_by_value(old, new, ordered=ordered)
    return _alignment(old, new, pairs, ordered=ordered, coarse=coarse)


def align_documents(
    old: list[Any], new: list[Any], before: list[Key | None], after: list[Key | None]
) -> Alignment:
    """Align the documents of two files: by the keys of those that have one, the others by likeness and position."""
    places = {key: j for j, key in enumerate(after) if key}
    pairs = [(i, places[key]) for i, key in enumerate(before) if key in places]
    left_old = [i for i, key in enumerate(before) if key is None]
    left_new = [j for j, key in enumerate(after) if key is None]
    alike, _ = _pairs_by_value([old[i] for i in left_old], [new[j] for j in left_new], ordered=True)
    pairs += [(left_old[i], left_new[j]) for i, j in alike]
    taken_old, taken_new = {i for i, _ in pairs}, {j for _, j in pairs}
    left_old = [i for i in left_old if i not in taken_old]
    left_new = [j for j in left_new if j not in taken_new]
    pairs += zip(left_old, left_new, strict=False)
    return _alignment(old, new, sorted(pairs), ordered=True, coarse=False)


def _alignment(
    old: list[Any], new: list[Any], pairs: list[tuple[int, int]], *, ordered: bool, coarse: bool
) -> Alignment:
    kept_old, kept_new = {i for i, _ in pairs}, {j for _, j in pairs}
    return Alignment(
        pairs,
        [i for i in reversed(range(len(old))) if i not in kept_old],
        [j for j in range(len(new)) if j not in kept_new],
        fewest_moves(pairs) if ordered else [],
        coarse,
    )


def _pairs_by_value(old: list[Any], new: list[Any], *, ordered: bool) -> tuple[list[tuple[int, int]], bool]:
    before, after = list(map(token, old)), list(map(token, new))
    unmoved, coarse = staying(before, after)
    pairs = list(unmoved)
    left_old, left_new = _left(len(old), len(new), pairs)
    if not left_old or not left_new:
        return pairs, coarse
    pairs += _equal_elsewhere(before, after, left_old, left_new)
    left_old, left_new = _left(len(old), len(new), pairs)
    pairs += _edited(old, new, left_old, left_new, unmoved, ordered=ordered)
    return sorted(pairs), coarse


def _left(old: int, new: int, pairs: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """The positions before and after that are in no pair."""
    taken_old, taken_new = {i for i, _ in pairs}, {j for _, j in pairs}
    return [i for i in range(old) if i not in taken_old], [j for j in range(new) if j not in taken_new]


def staying(before: list[Hashable], after: list[Hashable]) -> tuple[list[tuple[int, int]], bool]:
    """Equal elements that keep their order, as pairs of positions; and whether that is a rough answer.

    >>> staying(list("abc"), list("xbcd"))
    ([(1, 1), (2, 2)], False)
    """
    shorter = min(len(before), len(after))
    start = next((i for i in range(shorter) if before[i] != after[i]), shorter)
    most = shorter - start
    end = next((n for n in range(most) if before[-1 - n] != after[-1 - n]), most)
    pairs = [(i, i) for i in range(start)]
    tail = [(len(before) - n, len(after) - n) for n in range(end, 0, -1)]
    old, new = range(start, len(before) - end), range(start, len(after) - end)
    middle, coarse = _staying(before, after, old, new) if old and new else ([], False)
    return [*pairs, *sorted(middle), *tail], coarse


def _staying(
    before: list[Hashable], after: list[Hashable], old: range, new: range
) -> tuple[list[tuple[int, int]], bool]:
    """Equal elements that keep their order: those that stand once in both anchor the rest (patience diff)."""
    counts_old, counts_new = Counter(before[i] for i in old), Counter(after[j] for j in new)
    common = counts_old.keys() & counts_new.keys()
    if not common:
        return [], False
    single = {value for value in common if counts_old[value] == counts_new[value] == 1}
    where = {after[j]: j for j in new if after[j] in single}
    anchors = [(i, where[before[i]]) for i in old if before[i] in single]
    moved = {move.after for move in fewest_moves(anchors)}
    anchors = [(i, j) for i, j in anchors if j not in moved]
    if single == common:
        return anchors, False
    pairs, coarse = list(anchors), False
    edges = [(old.start - 1, new.start - 1), *anchors, (old.stop, new.stop)]
    for (i, j), (next_i, next_j) in itertools.pairwise(edges):
        staying, rough = _staying_between(before, after, range(i + 1, next_i), range(j + 1, next_j))
        pairs += staying
        coarse = coarse or rough
    return pairs, coarse


def _staying_between(
    before: list[Hashable], after: list[Hashable], old: range, new: range
) -> tuple[list[tuple[int, int]], bool]:
    if not old or not new:
        return [], False
    common = in_common(before[old.start : old.stop], after[new.start : new.stop])
    if common is None:
        return [(i, j) for i, j in zip(old, new, strict=False) if before[i] == after[j]], True
    return [(old[i], new[j]) for i, j in common], False


def _equal_elsewhere(
    before: list[Hashable], after: list[Hashable], left_old: list[int], left_new: list[int]
) -> list[tuple[int, int]]:
    waiting: dict[Hashable, list[int]] = defaultdict(list)
    for j in reversed(left_new):
        waiting[after[j]].append(j)
    return [(i, waiting[before[i]].pop()) for i in left_old if waiting.get(before[i])]


def _edited(
    old: list[Any],
    new: list[Any],
    left_old: list[int],
    left_new: list[int],
    staying: list[tuple[int, int]],
    *,
    ordered: bool,
) -> list[tuple[int, int]]:
    """What is left over on both sides, paired where one is likely the other, edited."""
    if not left_old or not left_new:
        return []
    containers = all(isinstance(old[i], dict | list) for i in left_old) and all(
        isinstance(new[j], dict | list) for j in left_new
    )
    if containers:
        return _pair_alike(old, new, left_old, left_new)
    return _between_the_same(old, new, left_old, left_new, staying) if ordered else []


def _between_the_same(
    old: list[Any], new: list[Any], left_old: list[int], left_new: list[int], staying: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Scalars that stand between the same unmoved neighbours are one scalar that was edited."""
    before, after = [i for i, _ in staying], [j for _, j in staying]
    gaps: dict[int, list[int]] = defaultdict(list)
    for j in reversed(left_new):
        gaps[bisect_right(after, j)].append(j)
    pairs = []
    for i in left_old:
        waiting = gaps.get(bisect_right(before, i))
        if waiting and isinstance(old[i], dict | list) == isinstance(new[waiting[-1]], dict | list):
            pairs.append((i, waiting.pop()))
    return pairs


_FEW, _SMALL = 40, 300
"""The most elements a side, and the most values in all of them, that deepdiff is asked to pair."""
_MOST_VALUES = 200_000
"""Where there are more values than this, elements are paired in the order of the lists."""
_ALIKE = 0.5
"""The share of its values that an element keeps when it is edited."""


def _pair_alike(
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
    before, after = ([dict(leaves(element)) for element in side] for side in (old, new))
    scored = [
        (-equal / max(len(before[i]), len(after[j])), i, j) for i, j, equal, _ in likenesses(before, after)
    ]
    pairs: dict[int, int] = {}
    partners: set[int] = set()
    for score, i, j in sorted(scored):
        if -score >= _ALIKE and i not in pairs and j not in partners:
            pairs[i] = j
            partners.add(j)
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
