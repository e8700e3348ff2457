"""The edits of a change: every setting that changed, whatever the diff made of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import attrs
from attrs import field, frozen

from confguard.diffs.applying import opaque
from confguard.diffs.change import Change
from confguard.diffs.quantity import amounts, ratio
from confguard.fields import FieldType, Secret
from confguard.paths import Path
from confguard.risk.names import name_of, words_of, words_on_path
from confguard.risk.rules.embedded import changes_within, leaves
from confguard.risk.rules.roles import roles_of
from confguard.schema.shape import Shape

__all__ = ["Edit", "edits_of", "sized"]

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ "


@frozen(slots=False)
class Edit:
    """One setting that changed: a leaf, or a whole container that came or went.

    `before` is None for what is new, `after` for what is gone. A secret is a `Secret`, which a rule
    that has to can `reveal`; what it says is shown without it.
    """

    path: Path
    before: Any
    after: Any
    change: Change = field(repr=False, eq=False)
    inner: bool = field(default=False, repr=False, eq=False)
    """Does it stand within a text, so that it is no setting of the file itself?"""

    @cached_property
    def name(self) -> str:
        """The setting's name."""
        return name_of(self.path)

    @cached_property
    def texts(self) -> tuple[str, str]:
        """Both values, where both are texts; two blank ones otherwise."""
        both = isinstance(self.before, str) and isinstance(self.after, str)
        return (self.before, self.after) if both else ("", "")

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of the setting's name."""
        return words_of(self.name)

    @cached_property
    def roles(self) -> frozenset[str]:
        """What the setting is for."""
        return roles_of(self.path)

    @cached_property
    def trail(self) -> frozenset[str]:
        """The words of every name on the path."""
        return words_on_path(self.path)

    @cached_property
    def ratio(self) -> float | None:
        """How many times the old amount the new one is, as the schema reads both."""
        shape = self.shape.of(self.after)
        before, after = shape.meaning(self.before), shape.meaning(self.after)
        return None if _only_its_unit(before, after) else ratio(before, after)

    @cached_property
    def amounts_before(self) -> dict[str, float]:
        """What the old value may amount to, as the schema reads it."""
        return amounts(self.shape.meaning(self.before))

    @cached_property
    def amounts_after(self) -> dict[str, float]:
        """What the new value may amount to, as the schema reads it."""
        return amounts(self.shape.meaning(self.after))

    @cached_property
    def shape(self) -> Shape:
        """What the schema says of this setting."""
        return self.change.shape.at(self.path[len(self.change.path) :])

    @property
    def added(self) -> bool:
        """Was it not there before?"""
        return self.change.op == "add"

    @property
    def removed(self) -> bool:
        """Is it gone?"""
        return self.change.op == "remove"


def sized(edit: Edit) -> str:
    """`from 64 to 4`: an edit's amounts, for messages. Only for values that are amounts."""
    return f"from {edit.before} to {edit.after}"


def edits_of(changes: Iterable[Change], shape: Shape) -> Iterator[Edit]:
    """Every setting that changed: what a schema gives by default counts, and what stands within a value."""
    for change in changes:
        if "openAPIV3Schema" in change.path:  # says what others may hold, and sets nothing
            continue
        for judged in _judged(change):
            yield from _within(_from_default(judged, shape))
        for inner in changes_within(change):
            yield from _within(inner, inner=True)


def _judged(change: Change) -> Iterator[Change]:
    """What rules look at: a setting that went elsewhere is gone from one place, and new in another."""
    if change.op != "move":
        yield change
    elif change.origin and isinstance(change.path[-1], str):
        yield attrs.evolve(change, op="remove", path=change.origin, after=None, origin=None)
        yield attrs.evolve(change, op="add", before=None, origin=None)


def _from_default(change: Change, shape: Shape) -> Change:
    """A setting that is written out for the first time replaces its default; one that is taken out, restores it."""
    default = shape.at(change.path).default
    if isinstance(default, FieldType) and not isinstance(default, Secret | int | float):
        default = str(default)
    if change.op not in {"add", "remove"} or not isinstance(default, str | int | float):
        return change
    if change.op == "add":
        return attrs.evolve(change, op="replace", before=default)
    return attrs.evolve(change, op="replace", after=default)


def _within(change: Change, *, inner: bool = False) -> Iterator[Edit]:
    before, after = opaque(change.before), opaque(change.after)
    yield Edit(change.path, before, after, change, inner)
    if isinstance(before, dict | list):
        yield from (Edit(path, value, None, change, inner) for path, value in leaves(before, change.path))
    if isinstance(after, dict | list):
        yield from (Edit(path, None, value, change, inner) for path, value in leaves(after, change.path))


def _only_its_unit(before: Any, after: Any) -> bool:
    """Is one the digits of the other with a unit, or the same time in thousandths: the same amount, written out?"""
    texts = str(before).strip(), str(after).strip()
    bare = next((text for text in texts if text.isdigit()), None)
    if bare is None or texts[0] == texts[1] or all(text.isdigit() for text in texts):
        return False
    if any(text.endswith("%") for text in texts):  # a number and a share of a number
        return True
    if {text.rstrip(_LETTERS) for text in texts} == {bare}:
        return True
    seconds = next(
        (found["s"] for text in texts if not text.isdigit() and (found := amounts(text)).get("s")), None
    )
    return seconds is not None and any(float(bare) == seconds * 1000**power for power in (1, 2, 3))
