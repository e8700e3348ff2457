"""The fields of a schema class, whoever wrote it."""

from __future__ import annotations

from typing import Any

from confguard.schema.class_fields import fields_of, is_class
from confguard.schema.interface import Members
from confguard.schema.pydantic import PydanticAdapter

__all__ = ["members_of"]

_PYDANTIC = PydanticAdapter()


def members_of(model: Any) -> Members | None:
    """The fields of a pydantic model, attrs class or dataclass; None for what is none."""
    if _PYDANTIC.claims(model):
        return _PYDANTIC.members(model)
    return fields_of(model) if is_class(model) else None
