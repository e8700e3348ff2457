"""Which element of one list is which of another: by key, by value, or as deepdiff pairs what is left."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher
from typing import Any

from attrs import field, frozen

from confguard.paths import dig

__all__ = ["Alignment", "Move", "align", "key_fields"]

_IDENTIFYING = (
    *("id", "uuid", "guid", "key", "kid", "name", "slug", "code"),
    *("job_name", "alert", "record", "hostname", "host", "domain", "address", "url", "path"),
    *("mountPath", "containerPort", "port", "email", "username", "user", "topic", "queue"),
)
_KUBERNETES = ("kind", "metadata.namespace", "metadata.name")
_MOST_COMPARED = 4_000_000
"""Lists whose lengths multiply to more are compared position by position after their common ends."""
_MOST_PAIRED = 40
"""The most elements a side that deepdiff is asked to pair: its time grows with the product."""


@frozen
class Move:
    """The element that ends at `index` of the new list goes from `start` to `end` of the list at its turn."""

    index: int
    start: int
    end: int


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


def key_fields(old: list[Any], new: list[Any], marked: tuple[str, ...] | None) -> tuple[str, ...]:
    """The fields by which the elements of both lists are known; none where they are not."""
    elements = old + new
    if not elements or not all(isinstance(element, dict) for element in elements):
        return ()
    candidates: list[tuple[str, ...]] = [marked] if marked else []
    if all(dig(element, "kind") and dig(element, "metadata.name") for element in elements):
        candidates.append(_KUBERNETES)
    candidates += [(name,) for name in _IDENTIFYING if name in elements[0]]
    for fields in candidates:
        needed = fields[-1:] if fields is _KUBERNETES else fields
        if _unique(old, fields, needed) and _unique(new, fields, needed):
            return fields
    return ()


def _unique(elements: list[Any], fields: tuple[str, ...], needed: Sequence[str]) -> bool:
    seen = set()
    for element in elements:
        if any(dig(element, name) is None for name in needed):
            return False
        seen.add(tuple(_token(dig(element, name)) for name in fields))
    return len(seen) == len(elements)


def align(old: list[Any], new: list[Any], fields: tuple[str, ...], *, ordered: bool = True) -> Alignment:
    """Align two lists; elements are known by `fields` where there are any."""
    if fields:
        before = [tuple(_token(dig(element, name)) for name in fields) for element in old]
        after = [tuple(_token(dig(element, name)) for name in fields) for element in new]
        places = {token: j for j, token in enumerate(after)}
        pairs = [(i, places[token]) for i, token in enumerate(before) if token in places]
    else:
        pairs = _pairs_by_value(old, new, ordered=ordered)
    kept_old, kept_new = {i for i, _ in pairs}, {j for _, j in pairs}
    return Alignment(
        pairs,
        [i for i in reversed(range(len(old))) if i not in kept_old],
        [j for j in range(len(new)) if j not in kept_new],
        _moves(pairs) if ordered else [],
    )


def _token(value: Any) -> Hashable:
    """A hashable that is equal exactly where two values are the same in a type-strict way."""
    if isinstance(value, dict):
        return ("{", frozenset((_token(key), _token(inner)) for key, inner in value.items()))
    if isinstance(value, list):
        return ("[", tuple(_token(inner) for inner in value))
    if value != value:
        return ("nan",)
    return (type(value), value)


def _pairs_by_value(old: list[Any], new: list[Any], *, ordered: bool) -> list[tuple[int, int]]:
    before, after = [_token(value) for value in old], [_token(value) for value in new]
    start = 0
    while start < min(len(old), len(new)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    pairs = [(i, i) for i in range(start)]
    middle_old, middle_new = range(start, len(old) - end), range(start, len(new) - end)
    if len(middle_old) * len(middle_new) > _MOST_COMPARED:
        pairs += zip(middle_old, middle_new, strict=False)
    elif middle_old and middle_new:
        pairs += _pairs_in_the_middle(old, new, before, after, middle_old, middle_new, ordered=ordered)
    pairs += [(len(old) - n, len(new) - n) for n in range(end, 0, -1)]
    return pairs


def _pairs_in_the_middle(
    old: list[Any],
    new: list[Any],
    before: list[Hashable],
    after: list[Hashable],
    middle_old: range,
    middle_new: range,
    *,
    ordered: bool,
) -> list[tuple[int, int]]:
    """Runs that stay, then equal values that went elsewhere, then edited neighbours."""
    matcher = SequenceMatcher(
        None,
        before[middle_old.start : middle_old.stop],
        after[middle_new.start : middle_new.stop],
        autojunk=False,
    )
    blocks = [(middle_old[a], middle_new[b], size) for a, b, size in matcher.get_matching_blocks() if size]
    pairs = [(a + n, b + n) for a, b, size in blocks for n in range(size)]
    left_old = sorted(set(middle_old) - {i for i, _ in pairs})
    left_new = sorted(set(middle_new) - {j for _, j in pairs})
    pairs += _equal_elsewhere(before, after, left_old, left_new)
    taken_old, taken_new = {i for i, _ in pairs}, {j for _, j in pairs}
    left_old = [i for i in left_old if i not in taken_old]
    left_new = [j for j in left_new if j not in taken_new]
    maps = all(isinstance(old[i], dict | list) for i in left_old) and all(
        isinstance(new[j], dict | list) for j in left_new
    )
    if left_old and left_new and maps:
        pairs += _pairs_by_likeness(old, new, left_old, left_new)
    elif ordered:
        pairs += _pairs_in_gaps(blocks, left_old, left_new, old, new)
    return sorted(pairs)


def _equal_elsewhere(
    before: list[Hashable], after: list[Hashable], left_old: list[int], left_new: list[int]
) -> list[tuple[int, int]]:
    waiting: dict[Hashable, list[int]] = defaultdict(list)
    for j in reversed(left_new):
        waiting[after[j]].append(j)
    return [(i, waiting[before[i]].pop()) for i in left_old if waiting.get(before[i])]


def _pairs_in_gaps(
    blocks: list[tuple[int, int, int]],
    left_old: list[int],
    left_new: list[int],
    old: list[Any],
    new: list[Any],
) -> list[tuple[int, int]]:
    """Scalars that stand between the same unmoved neighbours are one scalar that was edited."""

    def gap(index: int, side: int) -> int:
        return sum(1 for block in blocks if block[side] <= index)

    gaps: dict[int, list[int]] = defaultdict(list)
    for j in reversed(left_new):
        gaps[gap(j, 1)].append(j)
    pairs = []
    for i in left_old:
        waiting = gaps.get(gap(i, 0))
        if waiting and _alike(old[i], new[waiting[-1]]):
            pairs.append((i, waiting.pop()))
    return pairs


def _alike(old: Any, new: Any) -> bool:
    return isinstance(old, dict | list) == isinstance(new, dict | list)


def _pairs_by_likeness(
    old: list[Any], new: list[Any], left_old: list[int], left_new: list[int]
) -> list[tuple[int, int]]:
    """Maps without a key: deepdiff finds which most resembles which; in order where there are too many."""
    if len(left_old) == len(left_new) == 1:
        return [(left_old[0], left_new[0])] if type(old[left_old[0]]) is type(new[left_new[0]]) else []
    if max(len(left_old), len(left_new)) > _MOST_PAIRED:
        return [(i, j) for i, j in zip(left_old, left_new, strict=False) if type(old[i]) is type(new[j])]
    from deepdiff import DeepDiff

    found = DeepDiff(
        [old[i] for i in left_old],
        [new[j] for j in left_new],
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
            if len(there) > 1 and len(here) > 1 and there[0] not in pairs and here[0] not in pairs.values():
                pairs[there[0]] = here[0]
    return [
        (left_old[i], left_new[j])
        for i, j in pairs.items()
        if type(old[left_old[i]]) is type(new[left_new[j]])
    ]


def _moves(pairs: list[tuple[int, int]]) -> list[Move]:
    """The fewest moves that bring what stays into its new order: all but a longest rising run."""
    order = [j for _, j in sorted(pairs)]
    if all(a < b for a, b in itertools.pairwise(order)):
        return []
    staying = _longest_rising(order)
    target = sorted(order)
    state = list(order)
    moves = []
    for rank, j in enumerate(target):
        if j in staying:
            continue
        start = state.index(j)
        state.pop(start)
        end = state.index(target[rank - 1]) + 1 if rank else 0
        state.insert(end, j)
        moves.append(Move(j, start, end))
    return moves


def _longest_rising(order: list[int]) -> set[int]:
    """A longest increasing subsequence, by patience sorting."""
    tails: list[int] = []
    at: list[int] = []
    before: dict[int, int | None] = {}
    for value in order:
        pile = bisect_left(tails, value)
        before[value] = at[pile - 1] if pile else None
        if pile == len(tails):
            tails.append(value)
            at.append(value)
        else:
            tails[pile] = at[pile] = value
    kept = set()
    last: int | None = at[-1] if at else None
    while last is not None:
        kept.add(last)
        last = before[last]
    return kept
