"""Changes and diffs as values: they can be applied, inverted, shown and written as JSON."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

import attrs
from attrs import field, frozen

from confguard.diff.render import json_value, show_change
from confguard.documents.document import Document
from confguard.errors import DiffError
from confguard.fields import Secret
from confguard.paths import Key, Path, index_of, path_from_json, path_to_json, show_path
from confguard.values import same

__all__ = ["Change", "Diff", "Operation", "reveal"]

Operation: TypeAlias = Literal["add", "remove", "replace", "move"]


@frozen
class Change:
    """One semantic difference.

    Changes are applied in order, so a position in `path` counts as the list stands when the change's turn
    comes. In a keyed list `path` names the element; a `move` then has its positions in `before` and `after`.
    A secret's values are `Secret`s.
    """

    op: Operation
    path: Path
    before: Any = None
    after: Any = None
    origin: Path | None = None
    """For a move: the path it came from (`from` in JSON)."""
    position: int | None = None
    """For an element of a keyed list that is added or removed: its position in the list."""
    place: Path = field(default=(), eq=False, repr=False)
    """The path in the document after the change, to find its line."""

    def invert(self) -> Change:
        """The change that takes this one back."""
        if self.op == "move":
            return self._inverted_move()
        turned: dict[Operation, Operation] = {"add": "remove", "remove": "add", "replace": "replace"}
        return attrs.evolve(self, op=turned[self.op], before=self.after, after=self.before)

    def _inverted_move(self) -> Change:
        origin = self.origin or self.path
        if isinstance(self.path[-1], Key):
            back = (*origin[:-1], self.after)
            return attrs.evolve(self, origin=back, before=self.after, after=self.before)
        return attrs.evolve(self, path=origin, origin=self.path)

    def to_json(self) -> dict[str, object]:
        """The change as the JSON that other programs rely on."""
        made: dict[str, object] = {
            "op": self.op,
            "path": path_to_json(self.path),
            "before": json_value(self.before),
            "after": json_value(self.after),
        }
        if self.origin is not None:
            made["from"] = path_to_json(self.origin)
        if self.position is not None:
            made["position"] = self.position
        made["display"] = str(self)
        return made

    @classmethod
    def from_json(cls, made: dict[str, Any]) -> Change:
        """The change that `to_json` wrote (a secret's value is gone)."""
        return cls(
            made["op"],
            path_from_json(made["path"]),
            made["before"],
            made["after"],
            path_from_json(made["from"]) if "from" in made else None,
            made.get("position"),
        )

    def __str__(self) -> str:
        return show_change(self.op, self.path, self.before, self.after, self.origin)


@frozen
class Diff:
    """An ordered set of changes.

    >>> from confguard.diff.engine import diff
    >>> made = diff({"pool": 64, "tags": ["a"]}, {"pool": 4, "tags": ["a", "b"]})
    >>> print(made)
    pool: 64 -> 4 (16 times less)
    + tags[1]: "b"
    >>> made.apply({"pool": 64, "tags": ["a"]})
    {'pool': 4, 'tags': ['a', 'b']}
    >>> made.invert().apply({"pool": 4, "tags": ["a", "b"]})
    {'pool': 64, 'tags': ['a']}
    """

    changes: tuple[Change, ...] = ()
    before_document: Document | None = field(default=None, eq=False, repr=False, kw_only=True)
    after_document: Document | None = field(default=None, eq=False, repr=False, kw_only=True)

    @property
    def same(self) -> bool:
        """Do both sides mean the same?"""
        return not self.changes

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    def __len__(self) -> int:
        return len(self.changes)

    def apply(self, data: Any) -> Any:
        """The data after the changes; what is handed in stays as it was.

        Raises `DiffError` where the data is not what the diff was made from.
        """
        root = [copy.deepcopy(data)]
        for change in self.changes:
            _apply(change, root)
        return root[0]

    def invert(self) -> Diff:
        """The diff that takes this one back."""
        return Diff(
            tuple(change.invert() for change in reversed(self.changes)),
            before_document=self.after_document,
            after_document=self.before_document,
        )

    def locate(self, change: Change) -> tuple[str | None, int | None, int | None]:
        """File, line and column of a change: in the new document, or in the old one for what is gone."""
        gone = change.op == "remove" or self.after_document is None
        document = self.before_document if gone else self.after_document
        if document is None:
            return None, None, None
        found = document.locate(change.path if gone else change.place, nearest=True)
        return document.path, found.line if found else None, found.column if found else None

    def to_json(self) -> dict[str, object]:
        """The diff as the JSON that other programs rely on."""
        changes = []
        for change in self.changes:
            made = change.to_json()
            _, line, column = self.locate(change)
            if line is not None:
                made |= {"line": line, "column": column}
            changes.append(made)
        return {"same": self.same, "changes": changes}

    @classmethod
    def from_json(cls, made: dict[str, Any]) -> Diff:
        """The diff that `to_json` wrote."""
        return cls(tuple(Change.from_json(change) for change in made["changes"]))

    def __str__(self) -> str:
        return "\n".join(str(change) for change in self.changes) or "no change in meaning"


def reveal(value: Any) -> Any:
    """A value of a change with its secrets revealed: for applying it and for rules, never for showing."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, dict):
        return {key: reveal(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [reveal(inner) for inner in value]
    return value


def _apply(change: Change, root: list[Any]) -> None:
    if not change.path:
        _expect(root[0], change)
        root[0] = copy.deepcopy(reveal(change.after))
        return
    parent = _parent(root[0], change)
    last = change.path[-1]
    if isinstance(parent, list):
        _apply_to_list(change, parent, last)
    elif change.op == "add":
        if last in parent:
            raise _misfit(change, "is there already")
        parent[last] = copy.deepcopy(reveal(change.after))
    else:
        if last not in parent:
            raise _misfit(change, "is not there")
        _expect(parent[last], change)
        if change.op == "remove":
            del parent[last]
        else:
            parent[last] = copy.deepcopy(reveal(change.after))


def _apply_to_list(change: Change, parent: list[Any], last: Any) -> None:
    if change.op == "move":
        start, end = _move_positions(change, last)
        if not 0 <= start < len(parent):
            raise _misfit(change, "is not there")
        parent.insert(end, parent.pop(start))
        return
    if change.op == "add":
        index = change.position if isinstance(last, Key) else last
        if not isinstance(index, int) or not 0 <= index <= len(parent):
            raise _misfit(change, "is no position in the list")
        parent.insert(index, copy.deepcopy(reveal(change.after)))
        return
    index = index_of(parent, last) if isinstance(last, Key) else last
    if not isinstance(index, int) or not 0 <= index < len(parent):
        raise _misfit(change, "is not there")
    _expect(parent[index], change)
    if change.op == "remove":
        del parent[index]
    else:
        parent[index] = copy.deepcopy(reveal(change.after))


def _move_positions(change: Change, last: Any) -> tuple[int, int]:
    if isinstance(last, Key):
        return change.before, change.after
    origin: Any = (change.origin or change.path)[-1]
    return origin, last


def _parent(data: Any, change: Change) -> Any:
    for segment in change.path[:-1]:
        try:
            if isinstance(segment, Key):
                index = index_of(data, segment)
                data = data[index]
            else:
                data = data[segment]
        except (KeyError, IndexError, TypeError):
            raise _misfit(change, "has no parent there") from None
    if not isinstance(data, dict | list):
        raise _misfit(change, "has no parent there")
    return data


def _expect(found: Any, change: Change) -> None:
    if not same(found, reveal(change.before)):
        raise _misfit(change, "is not what the diff was made from")


def _misfit(change: Change, what: str) -> DiffError:
    return DiffError(f"cannot {change.op} {show_path(change.path)}: it {what}")
