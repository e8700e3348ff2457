"""Schemas: what a document may hold, said by a pydantic model, an attrs class or a dataclass."""

from confguard.schema.loading import load
from confguard.schema.schema import Schema, resolve_schema
from confguard.schema.shape import Shape

__all__ = ["Schema", "Shape", "load", "resolve_schema"]
