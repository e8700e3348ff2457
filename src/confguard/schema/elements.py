"""Elements of a list that are named one by one, as variables of the environment do."""

from __future__ import annotations

from typing import Any

__all__ = ["Elements"]


class Elements(dict[int, Any]):
    """Elements by their positions, where no list is known yet that they stand in."""
