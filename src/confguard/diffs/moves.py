"""What went elsewhere: a setting or a table that was removed in one place and came back in another is one move.

Only keys of mappings move this way; an element of a list that went to another list is a removal and an addition. The
moves come after everything else, when all they pass through is there, and what they leave behind is removed last.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

from confguard.diffs.changes import Step
from confguard.diffs.identity import leaves, likenesses, token
from confguard.paths import Key, Path
from confguard.schema.shape import Shape
from confguard.texts import spelling
from confguard.values import same

_MOST_LEAVES = 20_000
"""Where more than this came and went, only what is equal as a whole is looked for."""
_MOST_PAIRS = 10_000
"""Where more than this are equal, only their own names tell which is which."""
_ALIKE = 0.6
"""The share of the leaves that must be equal for one table to be another, edited."""

Between: TypeAlias = Callable[[Any, Any, Path, Path, Shape], list[Step]]


class _Piece(NamedTuple):
    """A value that came or went: whole, or inside of a table that did."""

    path: Path
    value: Any
    step: int
    shape: Shape


class _Match(NamedTuple):
    gone: _Piece
    come: _Piece
    weight: int


def find_moves(steps: list[Step], between: Between) -> list[Step]:
    """The steps with removals and additions that belong together as moves, each followed by its edits."""
    if not {"add", "remove"} <= {step.op for step in steps}:
        return steps
    gone = [piece for n, step in enumerate(steps) for piece in _pieces(n, step, "remove")]
    come = [piece for n, step in enumerate(steps) for piece in _pieces(n, step, "add")]
    if not gone or not come:
        return steps
    matches = _chosen([*_equal(gone, come), *_alike(gone, come)])
    return _rewritten(steps, matches, between) if matches else steps


def _pieces(number: int, step: Step, op: str) -> Iterator[_Piece]:
    """The value of a step and the tables inside, where a path of keys leads to it."""
    if step.op != op:
        return
    steady = all(isinstance(segment, str | Key) for segment in step.path)  # not counted, so true at any time
    if steady and step.path and isinstance(step.path[-1], str):
        value = step.before if step.op == "remove" else step.after
        yield from _inside(_Piece(step.path, value, number, step.shape), 0)


def _inside(piece: _Piece, depth: int) -> Iterator[_Piece]:
    yield piece
    if isinstance(piece.value, dict) and depth < 8:
        for key, value in piece.value.items():
            if isinstance(key, str) and isinstance(
                value, dict | list
            ):  # a scalar inside is no move of its own
                inner = _Piece((*piece.path, key), value, piece.step, piece.shape.child(key))
                yield from _inside(inner, depth + 1)


def _equal(gone: Sequence[_Piece], come: Sequence[_Piece]) -> Iterator[_Match]:
    """Pieces that are the same, where only one of each side is."""
    names, other_names = ({piece.path: _spelling(piece) for piece in side} for side in (gone, come))
    on_both = {*names.values()} & {*other_names.values()}
    respelt = {path: known for path, known in (names | other_names).items() if known in on_both}
    leaving, waiting = _by_value(gone), _by_value(come)
    for value, left in leaving.items():
        if (came := waiting.get(value)) is None:
            continue
        few = len(left.pieces) * len(came.pieces) <= _MOST_PAIRS
        for one in left.pieces:
            near = came.pieces if few else came.near(one)
            likely = list(islice((each for each in near if _telling(one, each, respelt, few=few)), 2))
            if len(likely) == 1:
                near = left.pieces if few else left.near(likely[0])
                rivals = (each for each in near if _telling(each, likely[0], respelt, few=few))
                if all(each is one for each in rivals):
                    yield _Match(one, likely[0], 2 * _leaf_count(one.value) + 1)


class _Equal:
    """Pieces that are equal."""

    def __init__(self) -> None:
        self.pieces: list[_Piece] = []
        self._by_name: dict[object, list[_Piece]] = defaultdict(list)

    def add(self, piece: _Piece) -> None:
        self.pieces.append(piece)
        self._by_name[_spelling(piece)].append(piece)
        self._by_name[piece.path[-1]].append(piece)

    def near(self, piece: _Piece) -> list[_Piece]:
        """Those of the same name, elsewhere or spelt otherwise."""
        return self._by_name.get(_spelling(piece), []) + self._by_name.get(piece.path[-1], [])


def _by_value(pieces: Sequence[_Piece]) -> dict[Any, _Equal]:
    by_value: dict[Any, _Equal] = defaultdict(_Equal)
    for piece in pieces:
        by_value[token(piece.value)].add(piece)
    return by_value


def _spelling(piece: _Piece) -> tuple[object, ...]:
    return piece.path[:-1], spelling(str(piece.path[-1])) or piece.path[-1]


def _telling(one: _Piece, other: _Piece, respelt: Mapping[Path, object], *, few: bool) -> bool:
    """Is it no accident that these two are equal? It is where one of them only got another value, and spelling.

    Names that are merely alike say so only where few are equal.
    """
    value, same_key = one.value, one.path[-1] == other.path[-1]
    before, after = respelt.get(one.path), respelt.get(other.path)
    if one.path[:-1] == other.path[:-1] and (before or after):
        return before == after
    if isinstance(value, dict | list) and value:
        return same_key or _leaf_count(value) >= 2
    if one.path[:-1] == other.path[:-1]:
        return few and _names_alike(str(one.path[-1]), str(other.path[-1]))
    return same_key and not (value in (None, 0, 1, "") or isinstance(value, bool | dict | list))


def _names_alike(one: str, other: str) -> bool:
    first, second = sorted(_words(one)), sorted(_words(other))
    if "".join(first) == "".join(second) or _abbreviates(*sorted([one.lower(), other.lower()], key=len)):
        return True
    matcher = SequenceMatcher(None, one.lower(), other.lower())
    return all(ratio() >= 0.75 for ratio in (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio))


def _abbreviates(short: str, long: str) -> bool:
    """Is one name the other with letters left out, as `db` is `database`?"""
    letters = iter(long)
    return len(short) > 1 and short[0] == long[0] and all(letter in letters for letter in short)


@lru_cache(10_000)
def _words(name: str) -> tuple[str, ...]:
    """The words of a name without their endings: `tlsEnabled` and `enable_tls` are the same two."""
    words = re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())
    return tuple(re.sub(r"(ed|ing|es|s|e)$", "", word) for word in words)


def _alike(gone: Sequence[_Piece], come: Sequence[_Piece]) -> Iterator[_Match]:
    """Tables of which most is the same; or less of it, where the names say that they are one."""
    tables_gone = [piece for piece in gone if isinstance(piece.value, dict) and len(piece.value) > 1]
    tables_come = [piece for piece in come if isinstance(piece.value, dict) and len(piece.value) > 1]
    if sum(_leaf_count(piece.value) for piece in tables_gone + tables_come) > _MOST_LEAVES:
        return
    leaves_gone, leaves_come = (
        [dict(leaves(piece.value)) for piece in side] for side in (tables_gone, tables_come)
    )
    for i, j, equal, placed in likenesses(leaves_gone, leaves_come):
        one, other = tables_gone[i], tables_come[j]
        most = max(len(leaves_gone[i]), len(leaves_come[j]))
        whole = equal >= 2 and equal >= _ALIKE * most
        named = (equal + placed) / 2 >= _ALIKE * most and _same_name(one.path, other.path)
        if (whole or named) and not same(one.value, other.value):
            yield _Match(one, other, 2 * most)


def _same_name(one: Path, other: Path) -> bool:
    """Do two paths name one thing: the same key elsewhere, or a key that is alike in the same table?"""
    if one[:-1] == other[:-1]:
        return _names_alike(str(one[-1]), str(other[-1]))
    return one[-1] == other[-1]


def _leaf_count(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(_leaf_count, value.values()))
    return len(value) if isinstance(value, list) else 1


class _Taken:
    """Paths of which none may stand in another."""

    def __init__(self) -> None:
        self._paths: set[Path] = set()
        self._around: set[Path] = set()

    def overlaps(self, path: Path) -> bool:
        return path in self._around or any(path[:length] in self._paths for length in range(len(path) + 1))

    def add(self, path: Path) -> None:
        self._paths.add(path)
        self._around.update(path[:length] for length in range(len(path)))


def _chosen(matches: list[_Match]) -> list[_Match]:
    """The heaviest matches, each piece in one of them only."""
    chosen: list[_Match] = []
    gone, come = _Taken(), _Taken()
    for match in sorted(matches, key=lambda match: -match.weight):
        if not gone.overlaps(match.gone.path) and not come.overlaps(match.come.path):
            chosen.append(match)
            gone.add(match.gone.path)
            come.add(match.come.path)
    return chosen


def _rewritten(steps: list[Step], matches: list[_Match], between: Between) -> list[Step]:
    """First what stays as it was and what containers are left without, then moves, then what they leave behind."""
    gone: dict[int, list[_Match]] = defaultdict(list)
    come: dict[int, list[_Match]] = defaultdict(list)
    for match in matches:
        gone[match.gone.step].append(match)
        come[match.come.step].append(match)
    first: list[Step] = []
    last: list[Step] = []
    for n, step in enumerate(steps):
        if n in come:
            if not any(match.come.path == step.path for match in come[n]):
                first.append(step._replace(after=_without(step.after, step.path, [m.come for m in come[n]])))
        elif n in gone:
            if not any(match.gone.path == step.path for match in gone[n]):
                last.append(step._replace(before=_without(step.before, step.path, [m.gone for m in gone[n]])))
        else:
            first.append(step)
    moved = [step for match in matches for step in _moved(match, between)]
    return [*first, *moved, *last]


def _moved(match: _Match, between: Between) -> Iterator[Step]:
    gone, come = match.gone, match.come
    yield Step("move", come.path, come.path, come.shape, gone.value, gone.value, origin=gone.path)
    yield from between(gone.value, come.value, come.path, come.path, come.shape)


def _without(value: Any, path: Path, pieces: list[_Piece]) -> Any:
    """The value without the pieces inside of it."""
    left = dict(value)
    for piece in pieces:
        key, *deeper = piece.path[len(path) :]
        if deeper:
            inside = [other for other in pieces if other.path[: len(path) + 1] == (*path, key)]
            left[key] = _without(value[key], (*path, key), inside)
        else:
            del left[key]
    return left
