"""Schemas: what a document may hold, said by a pydantic model, an attrs class or a dataclass."""

from confguard.schema.layers import Env, Profile, SecretFiles
from confguard.schema.loading import Explanation, explain, load
from confguard.schema.schema import Schema, resolve_schema
from confguard.schema.shape import Shape

__all__ = [
    "Env",
    "Explanation",
    "Profile",
    "Schema",
    "SecretFiles",
    "Shape",
    "explain",
    "load",
    "resolve_schema",
]
