"""What an old JSON Schema takes and a new one does not, and what each part of a comparison may ask of the whole."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, TypeAlias

from attrs import evolve, frozen

from confguard.schema.comparing.cases import SchemaCase
from confguard.schema.nodes import SchemaNode


@frozen
class Refusal:
    """Something that the old schema takes and the new one does not."""

    code: str
    message: str
    path: tuple[Any, ...] = ()
    sure: bool = True
    was: Any = None
    now: Any = None
    example: Any = None
    """A value that fitted, and does not now; in a tuple of one, or None."""
    keyword: str | None = None
    """Which keyword says it, where it is one about the value as a whole."""
    shown_by: tuple[Any] | None = None
    """A value of the whole in which it shows; in a tuple of one."""
    by_chance: bool = False
    """Is it about keys that the old schema does not name, which files have for something else by chance only?"""
    whole: bool = False
    """Does nothing fit any more at its place?"""

    @classmethod
    def doubtful(cls, keyword: str, message: str, code: str = "CS114", **more: Any) -> Refusal:
        """One of which it cannot be told by a keyword alone whether there is anything that it refuses."""
        return cls(code, message, sure=False, keyword=keyword, **more)

    def below(self, step: Any) -> Refusal:
        """The refusal as it is seen from one step up."""
        around = ({step: self.shown_by[0]},) if self.shown_by and isinstance(step, str) else None
        return evolve(self, path=(step, *self.path), shown_by=around)


Refusals: TypeAlias = list[Refusal]


class Comparing(ABC):
    """A comparison of two schemas."""

    @abstractmethod
    def refusals(self, old: tuple[SchemaNode, ...], new: SchemaNode) -> Refusals:
        """Why not all that fits the old schemas, together, fits the new one; empty where all does."""

    @abstractmethod
    def of_case(self, case: SchemaCase, new: SchemaNode) -> Refusals:
        """Why not all of one case of the old schema fits the new one."""
