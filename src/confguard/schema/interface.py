"""What an adapter is: it knows one way of writing schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from attrs import field, frozen

from confguard.paths import Path

__all__ = ["NOTHING", "InvalidDataError", "Member", "Members", "SchemaAdapter"]


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


@frozen
class Members:
    """The fields of a schema class by key, and whether other keys are errors."""

    by_key: Mapping[str, Member] = field(factory=dict)
    closed: bool = True


class InvalidDataError(Exception):
    """Data does not fit; `problems` are paths with what is wrong there and the value found."""

    def __init__(self, problems: list[tuple[Path, str, Any]]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


class SchemaAdapter(Protocol):
    """One way of writing schemas."""

    def claims(self, model: object) -> bool:
        """Is this class written this way?"""
        ...

    def members(self, model: Any) -> Members:
        """The fields of a class this adapter claims."""
        ...

    def validate(self, model: Any, data: Any) -> Any:
        """An instance of the class from a document's data. Raises `InvalidDataError`."""
        ...
