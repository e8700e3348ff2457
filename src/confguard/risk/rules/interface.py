"""What a rule is: it looks at the edits of a diff and says what is dangerous about them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar

import attrs
from attrs import define, field, frozen

from confguard.diffs.applying import opaque
from confguard.diffs.change import Change
from confguard.diffs.changes import Diff
from confguard.diffs.quantity import amounts, ratio
from confguard.documents.document import Document
from confguard.errors import brief
from confguard.fields import FieldType, Secret
from confguard.paths import Path, value_at
from confguard.risk.findings import Finding, Severity
from confguard.risk.names import name_of, words_of, words_on_path
from confguard.schema.shape import ANYTHING, Shape
from confguard.values import Files

__all__ = ["Context", "Edit", "EditRule", "Example", "Process", "Rule", "Verdict", "sized"]


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

    @cached_property
    def name(self) -> str:
        """The setting's name."""
        return name_of(self.path)

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of the setting's name."""
        return words_of(self.name)

    @cached_property
    def trail(self) -> frozenset[str]:
        """The words of every name on the path."""
        return words_on_path(self.path)

    @cached_property
    def ratio(self) -> float | None:
        """How many times the old amount the new one is, as the schema reads both."""
        shape = self.shape.of(self.after)
        return ratio(shape.meaning(self.before), shape.meaning(self.after))

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


@frozen
class Process:
    """The circumstances of a change; None and empty are what is not known, and then nothing is said of it."""

    reason: str | None = None
    outside_hours: str = ""
    """When it is, where that is outside of the hours that the policy gives."""
    freeze: str = ""
    """Why changes are frozen now."""
    last_changed: Callable[[Path], timedelta | None] | None = None
    """How long ago a setting was changed last."""


@define(slots=False, eq=False)
class Context:
    """What a rule may look at."""

    diff: Diff
    before: Any
    after: Any
    shape: Shape = ANYTHING
    process: Process = field(factory=Process)
    """What is known of how the change comes about."""

    @cached_property
    def edits(self) -> tuple[Edit, ...]:
        """Every setting that changed."""
        return tuple(
            edit
            for change in self.diff
            for judged in _judged(change)
            for edit in _edits(_from_default(judged, self.shape))
        )

    def before_at(self, path: Path) -> Any:
        """The value at a path before; None if there was none."""
        return value_at(self.before, path)

    def after_at(self, path: Path) -> Any:
        """The value at a path after; None if there is none."""
        return value_at(self.after, path)

    def document_of(self, path: Path) -> Any:
        """What a path's document holds after: the file's only one, or that one of several."""
        apart = self.diff.several or isinstance(self.after, Files)
        return self.after_at(path[:1]) if apart else self.after


@frozen
class Example:
    """A document (TOML unless said), a change that fires and one that does not."""

    before: str
    fires: str
    silent: str
    format: str = "toml"


Verdict = tuple[Severity, str] | str | None
"""What an edit rule answers: a message, a message with its own severity, or nothing."""


class Rule(ABC):
    """One rule. The class attributes are its page in the catalogue."""

    code: str
    title: ClassVar[str]
    severity: ClassVar[Severity]
    reason: ClassVar[str]
    """Why it matters, in a sentence or two."""
    advice: ClassVar[str]
    """What to do, in a sentence."""
    example: ClassVar[Example]
    outage: ClassVar[str | None] = None
    """A public outage of this kind."""
    generic: ClassVar[bool] = False
    """Is this said better by any other rule that fires for the same setting?"""

    @abstractmethod
    def check(self, context: Context) -> Iterator[Finding]:
        """The findings for a diff."""

    def check_document(self, document: Document) -> Iterator[Finding]:
        """The findings for a file as it stands, whatever changed."""
        yield from ()

    def finding(self, path: Path, message: str, severity: Severity | None = None) -> Finding:
        """A finding of this rule."""
        return Finding(self.code, severity or self.severity, path, brief(message), self.advice)


class EditRule(Rule):
    """A rule that judges one edit at a time."""

    @abstractmethod
    def judge(self, edit: Edit, context: Context) -> Verdict:
        """What is dangerous about this edit, if anything is."""

    def check(self, context: Context) -> Iterator[Finding]:
        """A finding for every edit that is judged dangerous."""
        for edit in context.edits:
            verdict = self.judge(edit, context)
            if isinstance(verdict, str):
                yield self.finding(edit.path, verdict)
            elif verdict:
                yield self.finding(edit.path, verdict[1], verdict[0])


def sized(edit: Edit) -> str:
    """`from 64 to 4`: an edit's amounts, for messages. Only for values that are amounts."""
    return f"from {edit.before} to {edit.after}"


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


def _edits(change: Change) -> Iterator[Edit]:
    before, after = opaque(change.before), opaque(change.after)
    yield Edit(change.path, before, after, change)
    if isinstance(before, dict | list):
        yield from (Edit(path, value, None, change) for path, value in _leaves(before, change.path))
    if isinstance(after, dict | list):
        yield from (Edit(path, None, value, change) for path, value in _leaves(after, change.path))


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    children = value.items() if isinstance(value, dict) else enumerate(value)
    for key, child in children:
        if isinstance(child, dict | list):
            yield from _leaves(child, (*path, key))
        else:
            yield (*path, key), child
