"""What stands where there is no default, or none that can be told."""

from __future__ import annotations

from typing import Any

__all__ = ["COMPUTED", "NOTHING", "Computed"]


class _Nothing:
    def __repr__(self) -> str:
        return "NOTHING"


NOTHING: Any = _Nothing()
"""The default of a field that has none."""


class Computed:
    """The default of a field that is worked out when an instance is made, and cannot be told before."""

    def __call__(self) -> Computed:
        return self

    def __repr__(self) -> str:
        return "(computed)"


COMPUTED = Computed()
