"""The fields of attrs classes and dataclasses, by the keys that a document writes."""

from __future__ import annotations

import dataclasses
from typing import Any, get_type_hints

import attrs

from confguard.errors import SchemaError
from confguard.schema.absent import COMPUTED, NOTHING
from confguard.schema.interface import Member, Members
from confguard.schema.validators import refined

__all__ = ["fields_of", "hints_of", "is_class"]


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


def fields_of(model: Any) -> Members:
    """The class's fields by name."""
    hints = hints_of(model)
    items = attrs.fields(model) if attrs.has(model) else dataclasses.fields(model)
    default = _attrs_default if attrs.has(model) else _dataclass_default
    return Members(
        tuple(
            Member(
                refined(hints.get(item.name, Any), getattr(item, "validator", None)),
                ((item.name,),),
                item.name,
                (),
                default(item),
            )
            for item in items
            if item.init
        )
    )


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
