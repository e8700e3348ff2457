"""Schemas written as pydantic models."""

from __future__ import annotations

import sys
from typing import Any

from confguard.paths import Path
from confguard.schema.interface import NOTHING, InvalidDataError, Member, Members, MembersOf
from confguard.schema.shape import Shape, build_shape

__all__ = ["PydanticAdapter"]


class PydanticAdapter:
    """Pydantic v2 models. Keys that a model does not name are errors unless it sets `extra` itself."""

    def claims(self, model: object) -> bool:
        """Is this a pydantic model? Does not import pydantic: whoever has a model has imported it."""
        pydantic = sys.modules.get("pydantic")
        return pydantic is not None and isinstance(model, type) and issubclass(model, pydantic.BaseModel)

    def shape(self, model: Any, members_of: MembersOf) -> Shape:
        """What stands where."""
        return build_shape(model, members_of)

    def members(self, model: Any) -> Members:
        """The model's fields by the keys that a document writes."""
        by_key = {}
        for name, info in model.model_fields.items():
            keys = _keys(name, info, model.model_config)
            default = info.default if not info.is_required() else NOTHING
            if info.default_factory is not None:
                default = info.default_factory
            deprecated = info.deprecated if isinstance(info.deprecated, str) else None
            if info.deprecated and not deprecated:
                deprecated = "it is to go"
            by_key[keys[0]] = Member(
                info.annotation, tuple(info.metadata), default, tuple(keys[1:]), deprecated, info.description
            )
        extra = model.model_config.get("extra")
        return Members(by_key, closed=extra not in {"allow", "ignore"})

    def validate(self, model: Any, data: Any) -> Any:
        """A model from data."""
        import pydantic

        try:
            return model.model_validate(data)
        except pydantic.ValidationError as error:
            problems = [
                (_path(data, found["loc"]), _message(found), found.get("input"))
                for found in error.errors(include_url=False)
                if found["type"] != "extra_forbidden"  # reported with a did-you-mean instead
            ]
        raise InvalidDataError(problems)  # out here it has no context that quotes what was given


def _keys(name: str, info: Any, config: Any) -> list[str]:
    alias = info.validation_alias or info.alias
    if not isinstance(alias, str):
        choices = [choice for choice in getattr(alias, "choices", ()) if isinstance(choice, str)]
        return choices or [name]
    return [alias, name] if config.get("populate_by_name") or config.get("validate_by_name") else [alias]


def _path(data: Any, location: tuple[Any, ...]) -> Path:
    """An error's location without the steps that name a union's branch, which no document has."""
    path: list[Any] = []
    for i, step in enumerate(location):
        last = i == len(location) - 1
        inside = isinstance(data, dict) and step in data
        placed = isinstance(data, list) and isinstance(step, int) and step < len(data)
        if inside or placed:
            path.append(step)
            data = data[step]
        elif last and isinstance(data, dict):
            path.append(step)  # a key that is missing
    return tuple(path)


def _message(found: Any) -> str:
    if found["type"] == "missing":
        return "required, but missing"
    message: str = found["msg"].partition(", unable to parse")[0]
    return message.removeprefix("Value error, ").replace("Input should be", "expected").strip()
