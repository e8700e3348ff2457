"""What is told of new settings: from what somebody saw last to what is held now."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from attrs import define, field, frozen

if TYPE_CHECKING:
    from confguard.diffs.changes import Diff
    from confguard.documents.document import Document
    from confguard.live.seen import Seen

__all__ = ["Current", "Cursor", "Update"]

T = TypeVar("T")


@frozen
class Update(Generic[T]):
    """New settings that came into force while a service runs.

    A subscriber that was at work while several came in force is told once: of all that changed since what it saw last.
    """

    before: T = field(repr=False)
    after: T = field(repr=False)
    diff: Diff
    """What changed, by meaning."""
    revision: int


@frozen(eq=False)
class Current(Generic[T]):
    """Settings in force, and what they were made of."""

    settings: T = field(repr=False)
    seen: Seen


@define
class Cursor(Generic[T]):
    """What one subscriber has seen. Nothing piles up: what it has not seen yet is the difference to what is held."""

    _held: Callable[[], Current[T]]
    _diff: Callable[[Document, Document], Diff]
    _last: Current[T]

    @property
    def behind(self) -> bool:
        """Is there something that was not seen?"""
        return self._held() is not self._last

    def advance(self) -> Update[T] | None:
        """All that is new since the last time; None if nothing is."""
        before, now = self._last, self._held()
        if before is now:
            return None
        self._last = now
        diff = self._diff(before.seen.document, now.seen.document)
        return Update(before.settings, now.settings, diff, now.seen.number)
