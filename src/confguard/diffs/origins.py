"""Where each value of a document stood in the one before it: what blame follows back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator
from typing import Any

from attrs import frozen

from confguard.diffs.changes import Step
from confguard.diffs.effects import comparable
from confguard.diffs.engine import Walk
from confguard.diffs.identity import leaves, token
from confguard.diffs.moves import find_moves
from confguard.paths import Key, Path, follow
from confguard.schema.shape import ANYTHING, Shape
from confguard.units import unit_of
from confguard.values import Documents


@frozen
class Origins:
    """Where values stood before; positions in lists are counted."""

    changed: frozenset[Path]
    """Places whose values are other ones than before, or new."""
    emptied: frozenset[Path]
    """Tables and lists that lost something: if they are empty, that is new."""
    moved: dict[Path, Path]
    """Where what went elsewhere came from."""
    aligned: dict[Path, dict[Any, int]]
    """Lists of which elements stood elsewhere: where, by where they stand now."""
    before: Any
    """The data before, where what is not written may be meant all the same: defaults of a schema."""

    @property
    def in_place(self) -> bool:
        """Does everything that did not change stand where it stood?"""
        return not self.moved and not self.aligned and self.before is None

    def of(self, path: Path) -> Path | None:
        """Where the value at a path stood; None if it is another one now."""
        if path in self.emptied:
            return None
        start, origin = 0, path
        for length in range(len(path), -1, -1):
            if path[:length] in self.changed:
                return None
            if path[:length] in self.moved:
                start, origin = length, self.moved[path[:length]] + path[length:]
                break
        if self.aligned:
            counted = list(origin)
            shift = len(origin) - len(path)
            for length in range(start, len(path)):
                positions = self.aligned.get(path[:length])
                if positions is not None:
                    counted[length + shift] = positions.get(path[length], path[length])
            origin = tuple(counted)
        return origin if self.before is None or follow(self.before, origin)[1] else None


def origins(before: Any, after: Any, shape: Shape = ANYTHING) -> Origins:
    """Where the values of some data stood in the data before it.

    What means the same did not change: `300s` and `5m`, what a schema reads as the same, a table that went elsewhere.

    >>> origin = origins({"db": {"pool": 4, "port": 5}, "wait": "300s"}, {"pg": {"pool": 4, "port": 5}, "wait": "5m"})
    >>> origin.of(("pg", "pool")), origin.of(("wait",))
    (('db', 'pool'), ('wait',))
    """
    walk = Walk()
    if isinstance(before, Documents) and isinstance(after, Documents):
        walk.documents(before, after, shape)
    else:
        walk.values(before, after, (), (), shape)
    steps = find_moves(walk.steps, walk.between)
    moved = {_counted(after, step.place): _counted(before, step.origin) for step in steps if _went(step)}
    moved |= {_counted(after, place): _counted(before, origin) for place, origin in walk.renamed}
    moved |= {_counted(after, place): _counted(before, origin) for place, origin in _settings_moved(steps)}
    return Origins(
        frozenset(_counted(after, step.place) for step in steps if _sets(step)),
        frozenset(_counted(after, step.place) for step in steps if step.op == "remove"),
        moved,
        {_counted(after, place): {j: i for i, j in pairs} for place, pairs in walk.aligned},
        None if shape is ANYTHING else before,
    )


def _counted(data: Any, path: Path | None) -> Path:
    """A path in which elements are known by their positions."""
    path = path or ()
    if not any(isinstance(segment, Key) for segment in path):
        return path
    walked, whole = follow(data, path)
    return walked if whole else path


def _went(step: Step) -> bool:
    return step.op == "move" and step.origin is not None and isinstance(step.place[-1], str)


def _settings_moved(steps: list[Step]) -> Iterator[tuple[Path, Path]]:
    """Single settings that went into a table that is new, or out of one that is gone: where they are, and were.

    Known by their name and a value that tells; where several are alike, none is.
    """
    gone, come = (_single(steps, op) for op in ("remove", "add"))
    for known, places in come.items():
        if len(places) == 1 and len(gone.get(known, [])) == 1:
            yield places[0], gone[known][0]


def _single(steps: list[Step], op: str) -> dict[Hashable, list[Path]]:
    places: dict[Hashable, list[Path]] = defaultdict(list)
    for step in steps:
        if step.op == op:
            at, value = (step.path, step.before) if op == "remove" else (step.place, step.after)
            for inner, known in leaves(value):
                path = (*at, *inner)
                if path and isinstance(path[-1], str) and known not in _TELLING_NOTHING:
                    places[path[-1], known].append(path)
    return places


_TELLING_NOTHING = frozenset(map(token, (None, 0, 1, 0.0, 1.0, "", True, False, {}, [])))


def _sets(step: Step) -> bool:
    if step.op == "replace":
        return not means_same(step.before, step.after)
    return step.op == "add"


def means_same(before: Any, after: Any, shape: Shape = ANYTHING) -> bool:
    """Do two values say the same: to the schema, or as one amount in two units? Without one, `1.10` may be a version.

    >>> means_same("300s", "5m"), means_same("1.10", "1.1"), means_same(1, True)
    (True, False, False)
    """
    shape = shape.of(after) if shape.variants else shape
    if shape.agree(before, after):
        return True
    if not (isinstance(before, str) and isinstance(after, str) and (unit_of(before) or unit_of(after))):
        return False
    pair = comparable(before, after)
    return pair is not None and pair[0] == pair[1]
