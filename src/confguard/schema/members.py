"""The fields of a schema class, be it a pydantic model, an attrs class or a dataclass, by the keys of a document."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from typing import Any, get_type_hints

import attrs
from attrs import frozen

from confguard.errors import SchemaError
from confguard.paths import Path
from confguard.schema.shape import COMPUTED, NOTHING
from confguard.schema.validators import refined


@frozen
class Member:
    """One field of a schema class, as a document sees it."""

    type: Any
    names: tuple[Path, ...]
    """The paths, from the class's own table, at which a document may write it; the first is its name here."""
    attribute: str
    """What it is called on an instance."""
    metadata: tuple[object, ...] = ()
    default: Any = NOTHING
    deprecated: str | None = None
    """What to use instead, where the field is deprecated."""
    description: str | None = None
    custom: bool = False
    """Does the class read what is written here in a way of its own?"""


@frozen
class Members:
    """The fields of a schema class, and whether other keys are errors."""

    fields: tuple[Member, ...] = ()
    closed: bool = True
    rewrites: bool = False
    """Does the class change what is written before it is read?"""
    root: Member | None = None
    """For a class that is not a table of fields, but one value: that."""


def members_of(model: Any) -> Members | None:
    """The fields of a class; None for what is not a schema class."""
    if is_pydantic(model):
        return _of_pydantic(model)
    return _of_class(model) if is_class(model) else None


def is_pydantic(model: object) -> bool:
    """Is this a pydantic model? Does not import pydantic: whoever has a model has imported it."""
    pydantic = sys.modules.get("pydantic")
    if pydantic is None or not isinstance(model, type):
        return False
    return issubclass(model, pydantic.BaseModel) or hasattr(model, "__pydantic_fields__")


def is_class(model: object) -> bool:
    """Is this an attrs class or a dataclass?"""
    return isinstance(model, type) and (attrs.has(model) or dataclasses.is_dataclass(model))


def hints_of(model: Any) -> dict[str, Any]:
    """The types of a class's fields. Raises `SchemaError` for one that cannot be told."""
    try:
        return get_type_hints(model, include_extras=True)
    except NameError as error:
        raise SchemaError(
            f"{model.__name__}: an annotation cannot be resolved: {error}",
            hint="define the classes at the top of a module, or leave out `from __future__ import annotations`",
        ) from error


def _of_class(model: Any) -> Members:
    hints = hints_of(model)
    items = attrs.fields(model) if attrs.has(model) else dataclasses.fields(model)
    default = _attrs_default if attrs.has(model) else _dataclass_default
    fields = []
    for item in (each for each in items if each.init):
        hint = refined(hints.get(item.name, Any), getattr(item, "validator", None))
        fields.append(Member(hint, ((item.name,),), item.name, default=default(item)))
    return Members(tuple(fields))


def _attrs_default(item: Any) -> Any:
    if item.default is attrs.NOTHING:
        return NOTHING
    if getattr(item.default, "takes_self", False):
        return COMPUTED
    return getattr(item.default, "factory", item.default)


def _dataclass_default(item: Any) -> Any:
    if item.default is not dataclasses.MISSING:
        return item.default
    return item.default_factory if item.default_factory is not dataclasses.MISSING else NOTHING


def _of_pydantic(model: Any) -> Members:
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


def _member(name: str, info: Any, config: Any, *, custom: bool) -> Member:
    default = info.default if not info.is_required() else NOTHING
    if info.default_factory is not None:
        needs_others = getattr(info, "default_factory_takes_validated_data", False)
        default = COMPUTED if needs_others else info.default_factory
    deprecated = "it will be removed" if info.deprecated else None
    deprecated = info.deprecated if isinstance(info.deprecated, str) else deprecated
    names, custom = tuple(_names(name, info, config)), custom or any(map(_is_reader, info.metadata))
    marks = (*info.metadata, *([info] if info.discriminator or info.json_schema_extra else []))
    return Member(info.annotation, names, name, marks, default, deprecated, info.description, custom)


def _is_reader(mark: object) -> bool:
    """Is it pydantic's mark for a function that sees what is written before anything has read it?"""
    return type(mark).__name__ in {"BeforeValidator", "PlainValidator", "WrapValidator"}


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
