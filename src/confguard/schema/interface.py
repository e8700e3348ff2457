"""What an adapter is: it knows one way of writing schemas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from attrs import field, frozen

from confguard.paths import Path

if TYPE_CHECKING:
    from confguard.schema.shape import Shape

__all__ = ["NOTHING", "InvalidDataError", "Member", "Members", "MembersOf", "SchemaAdapter"]


class _Nothing:
    def __repr__(self) -> str:
        return "NOTHING"


NOTHING: Any = _Nothing()
"""The default of a field that has none."""


@frozen
class Member:
    """One field of a schema class, as a document sees it: the key's name is in `Members`."""

    type: Any
    metadata: tuple[object, ...] = ()
    default: Any = NOTHING
    aliases: tuple[str, ...] = ()
    """Other keys that mean the same field."""
    deprecated: str | None = None
    """What to use instead, where the field is to go."""
    description: str | None = None


@frozen
class Members:
    """The fields of a schema class by key, and whether other keys are errors."""

    by_key: Mapping[str, Member] = field(factory=dict)
    closed: bool = True


MembersOf: TypeAlias = "Callable[[Any], Members | None]"
"""The fields of a class, whichever adapter claims it; None for what is no schema class."""


class InvalidDataError(Exception):
    """Data does not fit; `problems` are paths with what is wrong there and the value found."""

    def __init__(self, problems: list[tuple[Path, str, Any]]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


class SchemaAdapter(Protocol):
    """One way of writing schemas."""

    tells_unknown_keys: bool
    """Does `validate` say which keys are unknown? Else the shape does."""

    def claims(self, model: object) -> bool:
        """Is this class written this way?"""
        ...

    def shape(self, model: Any, members_of: MembersOf) -> Shape:
        """What stands where, by a schema this adapter claims."""
        ...

    def validate(self, model: Any, data: Any) -> Any:
        """An instance of the class from a document's data. Raises `InvalidDataError`."""
        ...
