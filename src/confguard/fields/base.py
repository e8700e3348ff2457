"""What the field types share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from confguard.units import shown

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema


class FieldType:
    """What the field types share: `parse`, and the hook by which pydantic calls it."""

    __slots__ = ()
    expects: ClassVar[str]
    """What a value of this type looks like, for error messages."""

    @classmethod
    def parse(cls, value: object) -> Self:
        """The value of this type that a configuration value stands for. Raises `ValueError`."""
        return cls(value)  # type: ignore[call-arg]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            cls.parse, serialization=core_schema.plain_serializer_function_ser_schema(str, when_used="json")
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": ["string", "number"], "description": cls.expects}

    @classmethod
    def _refuse(cls, value: object) -> ValueError:
        return ValueError(f"expected {cls.expects}, got {shown(value)}")


class TextType(str, FieldType):
    """What the types of texts share: two are equal that mean the same, however they are written."""

    @property
    def normal(self) -> object:
        """The form by which two are compared."""
        return str(self)

    def __eq__(self, other: object) -> bool:
        return self.normal == other.normal if isinstance(other, type(self)) else str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.normal)

    def __str__(self) -> str:
        return str.__str__(self)
