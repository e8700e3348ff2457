"""That a kind of change took place: what the functions of every kind answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from attrs import frozen

from confguard.risk.rules.interface import Context, Edit

__all__ = ["Happened", "Kind"]


@frozen
class Happened:
    """That a kind of change took place: how much of it, and in words."""

    size: float
    message: str


Kind: TypeAlias = Callable[[Edit, Context, str], Happened | None]
"""Given an edit, its context and the role in question: what happened; None for another kind."""
