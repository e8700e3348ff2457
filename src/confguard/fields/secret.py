"""A value that is never shown."""

from __future__ import annotations

from typing import Any, Self

from confguard.fields.base import FieldType


class Secret(FieldType):
    """A value that is never shown: not in `repr`, diffs, errors, logs or reports.

    >>> secret = Secret("hunter2")
    >>> secret
    Secret('***')
    >>> secret.reveal()
    'hunter2'
    """

    # Not of attrs, which would be a tenth of the start of a service whose only field type this is.
    __slots__ = ("_value",)
    expects = "a text"

    def __new__(cls, *_: Any, **__: Any) -> Self:
        # Such a class compares, hashes and shows its fields: the value is in none of them, or in clear.
        if hasattr(cls, "__attrs_attrs__") or hasattr(cls, "__dataclass_fields__"):
            raise TypeError(
                f"{cls.__name__} is a Secret, and no class of attrs or dataclass: write its __init__"
            )
        return super().__new__(cls)

    def __init__(self, value: Any) -> None:
        self._value = value

    @classmethod
    def parse(cls, value: object) -> Self:
        """The secret that a text holds. Raises `ValueError` without showing the value."""
        if isinstance(value, Secret):
            return cls(value.reveal())
        if not isinstance(value, str):
            raise ValueError(f"expected {cls.expects}, got {type(value).__name__}")
        return cls(value)

    def reveal(self) -> Any:
        """The value itself, for the one place that needs it."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return self._value == other._value if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._value)

    def __str__(self) -> str:
        return "***"

    def __repr__(self) -> str:
        return "Secret('***')"
