"""What an edit takes."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from attrs import frozen

from confguard.paths import Path

__all__ = ["DataChange", "Operation"]

Operation: TypeAlias = Literal["add", "remove", "replace", "move"]


@frozen
class DataChange:
    """One change of a document's data. `confguard.Change` is one that also knows what it means."""

    op: Operation
    path: Path
    before: Any = None
    after: Any = None
    origin: Path | None = None
    """For a move: the path it came from; None for an element of a keyed list, which keeps its path."""
    position: int | None = None
    """For an element of a keyed list that is added or removed: its position in the list."""
