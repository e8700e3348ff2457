"""What the walk finds, before it becomes changes: with values as they are, secrets too."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from confguard.paths import Path
from confguard.schema.shape import Shape

__all__ = ["Step"]


class Step(NamedTuple):
    """One difference. The fields are those of a `Change`."""

    op: Literal["add", "remove", "replace", "move"]
    path: Path
    place: Path
    shape: Shape
    before: Any
    after: Any
    position: int | None = None
    origin: Path | None = None
