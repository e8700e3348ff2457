"""One change as a value: it can be inverted, shown and written as JSON."""

from __future__ import annotations

from typing import Any

import attrs
from attrs import field, frozen

from confguard.diffs.effects import Effect, effect_of
from confguard.diffs.render import json_value, show_change
from confguard.documents.editing.changing import DataChange, Operation
from confguard.paths import Key, Path, Segment, path_from_json, path_to_json
from confguard.schema.shape import ANYTHING, Shape

__all__ = ["Change", "Operation"]


@frozen
class Change(DataChange):
    """One semantic difference.

    Changes are applied in order, so a position in `path` counts as the list stands when the change's turn
    comes. In a keyed list `path` names the element; a `move` then has its positions in `before` and `after`.
    A secret's values are `Secret`s.
    """

    place: Path = field(default=(), eq=False, repr=False)
    """The path in the document after the change, to find its line."""
    shape: Shape = field(default=ANYTHING, eq=False, repr=False)
    """What the schema says of this place."""

    @property
    def effect(self) -> Effect:
        """What the change amounts to: how much, in which direction, and what it looks like.

        >>> Change("replace", ("pool",), 64, 4).effect
        Effect(word='less', ratio=0.0625, magnitude=-1, suspicion=None)
        """
        return effect_of(self.op, self.before, self.after, self.shape)

    def invert(self) -> Change:
        """The change that takes this one back."""
        if self.op == "move":
            return self._inverted_move()
        turned: dict[Operation, Operation] = {"add": "remove", "remove": "add", "replace": "replace"}
        return attrs.evolve(self, op=turned[self.op], before=self.after, after=self.before)

    def _inverted_move(self) -> Change:
        if isinstance(self.path[-1], Key):
            return attrs.evolve(self, before=self.after, after=self.before)
        return attrs.evolve(self, path=self.origin or self.path, origin=self.path)

    def within(self, segment: Segment) -> Change:
        """The change where what it was made from is a part of something: one of several documents."""
        origin = None if self.origin is None else (segment, *self.origin)
        return attrs.evolve(self, path=(segment, *self.path), origin=origin, place=(segment, *self.place))

    def to_json(self) -> dict[str, object]:
        """The change as the JSON that other programs rely on."""
        members: dict[str, object] = {
            "op": self.op,
            "path": path_to_json(self.path),
            "before": json_value(self.before),
            "after": json_value(self.after),
        }
        if self.op == "move":
            counted = (*self.path[:-1], self.before)
            members["from"] = path_to_json(self.origin if self.origin is not None else counted)
        if self.position is not None:
            members["position"] = self.position
        members["effect"] = self.effect.to_json()
        members["display"] = str(self)
        return members

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> Change:
        """The change that `to_json` wrote (a secret's value is gone)."""
        path = path_from_json(members["path"])
        return cls(
            members["op"],
            path,
            members["before"],
            members["after"],
            path_from_json(members["from"]) if "from" in members and not isinstance(path[-1], Key) else None,
            members.get("position"),
        )

    def __str__(self) -> str:
        about = str(self.effect)
        shown = show_change(self.op, self.path, self.before, self.after, self.origin)
        return f"{shown} ({about})" if about else shown
