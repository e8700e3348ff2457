"""Schemas: what a document may hold, said by a pydantic model, an attrs class, a dataclass or JSON Schema."""

from confguard.lazy import lazily

TYPE_CHECKING = False
if TYPE_CHECKING:
    from confguard.schema.explaining import Explanation, explain
    from confguard.schema.loading import load
    from confguard.schema.schema import Schema, resolve_schema
    from confguard.schema.shape import Shape
    from confguard.schema.sources import Profile
    from confguard.schema.variables import Env, SecretFiles

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

__getattr__ = lazily(
    __name__,
    dict.fromkeys(["Explanation", "explain"], "confguard.schema.explaining")
    | dict.fromkeys(["Env", "SecretFiles"], "confguard.schema.variables")
    | dict.fromkeys(["Schema", "resolve_schema"], "confguard.schema.schema")
    | {
        "Profile": "confguard.schema.sources",
        "Shape": "confguard.schema.shape",
        "load": "confguard.schema.loading",
    },
)
