"""What a class that has failed already is not asked again."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["Failed"]


class Failed(NamedTuple):
    """What a class, or its library, raised for data: so it is not asked again."""

    error: Exception
    data: Any
