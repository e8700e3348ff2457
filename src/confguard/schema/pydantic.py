"""Schemas written as pydantic models, or as pydantic's dataclasses."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from confguard.paths import Path
from confguard.schema.absent import COMPUTED, NOTHING
from confguard.schema.conversion import as_pydantic_type
from confguard.schema.interface import InvalidDataError, Member, Members, MembersOf, SchemaAdapter
from confguard.schema.shape import Shape
from confguard.schema.shaping import build_shape

__all__ = ["PydanticAdapter", "problems_of"]


class PydanticAdapter(SchemaAdapter):
    """Pydantic v2 models. Keys that a model does not name are errors unless it sets `extra` itself."""

    def claims(self, model: object) -> bool:
        """Is this a pydantic model? Does not import pydantic: whoever has a model has imported it."""
        pydantic = sys.modules.get("pydantic")
        if pydantic is None or not isinstance(model, type):
            return False
        return issubclass(model, pydantic.BaseModel) or hasattr(model, "__pydantic_fields__")

    def shape(self, model: Any, members_of: MembersOf) -> Shape:
        """What stands where."""
        return build_shape(model, members_of, as_pydantic_type)

    def members(self, model: Any) -> Members:
        """The model's fields by the keys that a document writes."""
        config = getattr(model, "model_config", None) or getattr(model, "__pydantic_config__", None) or {}
        read_by_class = _fields_with_readers(model)
        fields = tuple(
            _member(name, info, config, custom=name in read_by_class or "*" in read_by_class)
            for name, info in model.__pydantic_fields__.items()
            if getattr(info, "init", None) is not False
        )
        if getattr(model, "__pydantic_root_model__", False):
            return Members(root=fields[0])
        decorators = getattr(model, "__pydantic_decorators__", None)
        validators = getattr(decorators, "model_validators", {}).values()
        return Members(
            fields,
            closed=config.get("extra") not in {"allow", "ignore"},
            rewrites=any(each.info.mode != "after" for each in validators),
        )

    def validate(self, model: Any, data: Any) -> Any:
        """A model from data."""
        import pydantic

        try:
            if hasattr(model, "model_validate"):
                return model.model_validate(data)
            return pydantic.TypeAdapter(model).validate_python(data)
        except pydantic.ValidationError as error:
            problems = problems_of(error, data)
        raise InvalidDataError(problems)  # out here it has no context that quotes what was given

    def problems(self, error: Exception, data: Any) -> list[tuple[Path, str, Any]] | None:
        """What pydantic found; None for what a validator raised that pydantic does not take for an answer."""
        import pydantic

        return problems_of(error, data) if isinstance(error, pydantic.ValidationError) else None


def problems_of(error: Any, data: Any) -> list[tuple[Path, str, Any]]:
    """What pydantic found wrong with data, in words that quote nothing of it."""
    return [
        (_path(data, failure), _message(failure), failure.get("input"))
        for failure in error.errors(include_url=False)
        if failure["type"] != "extra_forbidden"  # reported with a did-you-mean instead
    ]


def _member(name: str, info: Any, config: Any, *, custom: bool) -> Member:
    default = info.default if not info.is_required() else NOTHING
    if info.default_factory is not None:
        default = (
            COMPUTED if getattr(info, "default_factory_takes_validated_data", False) else info.default_factory
        )
    deprecated = info.deprecated if isinstance(info.deprecated, str) else None
    if info.deprecated and not deprecated:
        deprecated = "it is to go"
    marks = (*info.metadata, *([info] if info.discriminator or info.json_schema_extra else []))
    return Member(
        info.annotation,
        tuple(_names(name, info, config)),
        name,
        marks,
        default,
        deprecated,
        info.description,
        custom or any(type(mark).__name__ in _READERS for mark in marks),
    )


_READERS = {"BeforeValidator", "PlainValidator", "WrapValidator"}
"""Pydantic's marks for functions that see what is written before anything has read it."""


def _fields_with_readers(model: Any) -> set[str]:
    """The fields that a model reads by functions of its own; `*` for all."""
    decorators = getattr(model, "__pydantic_decorators__", None)
    return {
        name
        for each in getattr(decorators, "field_validators", {}).values()
        if each.info.mode != "after"
        for name in each.info.fields
    }


def _names(name: str, info: Any, config: Any) -> Iterator[Path]:
    """The paths at which a document may write a field, as pydantic looks for it."""
    alias = info.validation_alias if info.validation_alias is not None else info.alias
    by_alias = config.get("validate_by_alias", True) is not False
    by_name = bool(config.get("populate_by_name") or config.get("validate_by_name"))
    if alias is not None and by_alias:
        for choice in getattr(alias, "choices", [alias]):
            yield tuple(getattr(choice, "path", [choice]))
    if alias is None or by_name or not by_alias:
        yield (name,)


def _path(data: Any, failure: Any) -> Path:
    """An error's location without the steps that name a union's branch, which no document has."""
    path: list[Any] = []
    location = failure["loc"]
    for i, step in enumerate(location):
        last = i == len(location) - 1
        inside = isinstance(data, dict) and step in data
        placed = isinstance(data, list) and isinstance(step, int) and step < len(data)
        if inside or placed:
            path.append(step)
            data = data[step]
        elif last and isinstance(data, list) and failure["type"] == "missing":
            path.append(step)  # an element of a tuple
        elif (
            last and isinstance(data, dict) and (failure["type"] == "missing" or failure["input"] is not data)
        ):
            path.append(step)  # a key that is missing, or whose default is wrong
    return tuple(path)


_TABLES = {"model_type", "model_attributes_type", "dataclass_type", "dict_type"}
"""Pydantic's names for what is no table."""


_COUNTS = {"too_short": ("least", "min_length"), "too_long": ("most", "max_length")}
"""Pydantic's names for wrong lengths of lists, and where it tells the right one."""


def _message(failure: Any) -> str:
    if failure["type"] == "missing":
        return "required, but missing"
    if failure["type"] in _COUNTS:
        which, bound = _COUNTS[failure["type"]]
        count = failure["ctx"][bound]
        text = isinstance(failure["input"], str | bytes) or hasattr(failure["input"], "get_secret_value")
        return f"expected at {which} {count} {'character' if text else 'element'}{'s' if count != 1 else ''}"
    if failure["type"] in _TABLES:
        return "expected a table"
    if failure["type"] in {"tuple_type", "list_type", "set_type", "frozen_set_type"}:
        return "expected a list"
    if failure["type"].startswith("time_delta"):
        from confguard.units import DURATION

        return f"expected {DURATION}"
    message: str = re.split(", unable to (?:parse|interpret)", failure["msg"])[0]
    return (
        message.removeprefix("Value error, ")
        .removeprefix("Assertion failed, ")
        .replace("Input should be", "expected")
        .strip()
    )
