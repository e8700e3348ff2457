"""What a target is: something that can be read, staged and then switched in one step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

__all__ = ["Staged", "Target"]


class Staged(Protocol):
    """Content that is ready to take effect."""

    def commit(self) -> None:
        """Let it take effect, in one step and durably. Raises `TargetError`."""
        ...

    def discard(self) -> None:
        """Leave no trace of it."""
        ...


class Target(Protocol):
    """Where a head becomes real. Reading it (`read`, `faults`, `littered`) changes nothing."""

    @property
    def name(self) -> str:
        """How it is called in messages."""
        ...

    @property
    def folder(self) -> Path | None:
        """The folder it stands in: whoever writes to it locks that. None if it is of this process alone."""
        ...

    @property
    def paths(self) -> Sequence[Path]:
        """Its files; none if it has none."""
        ...

    def read(self) -> bytes | None:
        """What it holds; None if it holds nothing yet. Raises `TargetError`."""
        ...

    def faults(self) -> tuple[str, ...]:
        """What beside the bytes is not as the target asks for, in a few words each. Never raises."""
        ...

    def torn(self, held: bytes, before: bytes | None, wanted: bytes) -> bool:
        """Could `held` be what an interrupted write of `wanted` over `before` left, being neither of them?

        False for every target that switches in one step.
        """
        ...

    def stage(self, content: bytes) -> Staged:
        """Make content ready, so that all that can fail has failed. Raises `TargetError`, and leaves nothing then."""
        ...

    def littered(self) -> bool:
        """Is there something that a process which died while staging left behind, or one that is staging?"""
        ...

    def clean(self) -> None:
        """Remove what a process that died while staging left behind."""
        ...
