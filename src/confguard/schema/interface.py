"""What an adapter is: it knows one way of writing schemas."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias

from confguard.errors import SchemaError

if TYPE_CHECKING:
    from confguard.paths import Path
    from confguard.schema.shape import Shape


Untyped: TypeAlias = "Callable[[Path], bool]"
"""Is what stands at a path a text only because its source has no other values?"""


Failure: TypeAlias = "tuple[Path, str, Any]"
"""What is wrong with data: where, what, and the value there."""


class InvalidDataError(Exception):
    """Data does not fit."""

    def __init__(self, problems: list[Failure]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


class Failed(NamedTuple):
    """What a class, or its library, raised for data: so it is not asked again."""

    error: Exception
    data: Any


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
    def problems(self, error: Exception, data: Any) -> list[Failure] | None:
        """What an error says is wrong with data; None for one that its library did not raise."""

    def fault(self, model: Any, error: Exception) -> SchemaError | None:
        """What is wrong with the schema itself, whatever the data, where an error says so."""
        return None

    def attempt(
        self, model: Any, candidates: list[Any], failed: Failed | None = None
    ) -> tuple[Any, list[Failure] | None]:
        """An instance from the first of these data that no validator of the user's own chokes on, and its problems."""
        wrong: Exception | None = None
        for data in candidates:
            try:
                if failed is not None and failed.data == data:
                    raise failed.error
                return self.validate(model, data), None
            except InvalidDataError as error:
                return None, error.problems
            except SchemaError:
                raise
            except Exception as error:  # noqa: BLE001 - a user's own validator may raise anything
                wrong = error
            if (fault := self.fault(model, wrong)) is not None:
                raise fault  # out here it has no context that quotes what was given
            known = failed is not None and wrong is failed.error
            failures = self.problems(wrong, failed.data if known and failed else data)
            if failures is not None:
                return None, failures
        return None, [((), f"a validator of the schema failed: {type(wrong).__name__}", None)]
