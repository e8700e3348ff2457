"""What an adapter is: it knows one way of writing schemas."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from confguard.paths import Path
    from confguard.schema.shape import Shape

__all__ = ["Failed", "InvalidDataError", "SchemaAdapter", "Untyped"]


Untyped: TypeAlias = "Callable[[Path], bool]"
"""Is what stands at a path a text only because its source has no other values?"""


class InvalidDataError(Exception):
    """Data does not fit; `problems` are paths with what is wrong there and the value found."""

    def __init__(self, problems: list[tuple[Path, str, Any]]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


class SchemaAdapter(ABC):
    """One way of writing schemas."""

    tells_unknown_keys: ClassVar[bool] = False
    """Does `validate` say which keys are unknown? Else the shape does."""

    @abstractmethod
    def claims(self, model: object) -> bool:
        """Is this class written this way?"""

    @abstractmethod
    def shape(self, model: Any) -> Shape:
        """What stands where, by a schema this adapter claims."""

    def from_texts(self, model: Any, data: Any, untyped: Untyped) -> Any:
        """The data with what `untyped` tells of (a source without types) as the types that are asked for.

        Schema classes read texts themselves, whatever their source, and leave it as it is.
        """
        return data

    @abstractmethod
    def validate(self, model: Any, data: Any) -> Any:
        """An instance of the class from a document's data. Raises `InvalidDataError`."""

    @abstractmethod
    def problems(self, error: Exception, data: Any) -> list[tuple[Path, str, Any]] | None:
        """What an error says is wrong with data; None for one that its library did not raise."""


class Failed(NamedTuple):
    """What a class, or its library, raised for data: so it is not asked again."""

    error: Exception
    data: Any
