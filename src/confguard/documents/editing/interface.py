"""What an edit takes."""

from __future__ import annotations

from typing import Any, Protocol

from confguard.paths import Path

__all__ = ["ChangeLike"]


class ChangeLike(Protocol):
    """What is asked of a change. `confguard.Change` answers it."""

    @property
    def op(self) -> str:
        """`add`, `remove`, `replace` or `move`."""
        ...

    @property
    def path(self) -> Path:
        """Where."""
        ...

    @property
    def before(self) -> Any:
        """What was there."""
        ...

    @property
    def after(self) -> Any:
        """What is to be there."""
        ...

    @property
    def origin(self) -> Path | None:
        """For a move: from where."""
        ...

    @property
    def position(self) -> int | None:
        """For an element of a keyed list that is added: its position."""
        ...
