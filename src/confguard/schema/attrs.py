"""Schemas written as attrs classes or dataclasses, structured by cattrs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, get_type_hints

import attrs

from confguard.errors import SchemaError
from confguard.paths import Path
from confguard.schema.interface import COMPUTED, NOTHING, InvalidDataError, Member, Members, MembersOf, Untyped
from confguard.schema.shape import Shape
from confguard.schema.shaping import build_shape
from confguard.schema.structuring import converter

__all__ = ["AttrsAdapter"]


class AttrsAdapter:
    """attrs classes and dataclasses. Keys that a class does not name are errors."""

    tells_unknown_keys = False

    def claims(self, model: object) -> bool:
        """Is this an attrs class or a dataclass?"""
        return isinstance(model, type) and (attrs.has(model) or dataclasses.is_dataclass(model))

    def shape(self, model: Any, members_of: MembersOf) -> Shape:
        """What stands where."""
        return build_shape(model, members_of)

    def members(self, model: Any) -> Members:
        """The class's fields by name."""
        try:
            hints = get_type_hints(model, include_extras=True)
        except NameError as error:
            raise SchemaError(
                f"{model.__name__}: an annotation cannot be resolved: {error}",
                hint="define the classes at the top of a module, or leave out `from __future__ import annotations`",
            ) from error
        items = attrs.fields(model) if attrs.has(model) else dataclasses.fields(model)
        default = _attrs_default if attrs.has(model) else _dataclass_default
        return Members(
            tuple(
                Member(
                    hints.get(item.name, Any),
                    ((item.name,),),
                    item.name,
                    tuple(_bounds(getattr(item, "validator", None))),
                    default(item),
                )
                for item in items
                if item.init
            )
        )

    def from_texts(self, model: Any, data: Any, untyped: Untyped) -> Any:
        """The data as it is: classes read texts themselves."""
        return data

    def validate(self, model: Any, data: Any) -> Any:
        """An instance from data."""
        if not isinstance(data, dict):
            raise InvalidDataError([((), "expected a table of settings", data)])
        try:
            return converter().structure(data, model)
        except Exception as error:  # noqa: BLE001 - validators may raise anything; all are findings
            problems = list(_problems(error, (), data))
        raise InvalidDataError(problems)  # out here it has no context that quotes what was given


def _attrs_default(item: Any) -> Any:
    if item.default is attrs.NOTHING:
        return NOTHING
    if getattr(item.default, "takes_self", False):
        return COMPUTED
    return getattr(item.default, "factory", item.default)


_BOUNDS = {">=": "Ge", "<=": "Le", ">": "Gt", "<": "Lt"}


def _bounds(validator: Any) -> Iterator[object]:
    """What attrs' own validators bound, in the words that pydantic's fields use."""
    import annotated_types

    for inner in getattr(validator, "_validators", ()):
        yield from _bounds(inner)
    bound, comparison = getattr(validator, "bound", None), getattr(validator, "compare_op", None)
    if bound is not None and comparison in _BOUNDS:
        yield getattr(annotated_types, _BOUNDS[comparison])(bound)
    if isinstance(getattr(validator, "min_length", None), int):
        yield annotated_types.MinLen(validator.min_length)
    if isinstance(getattr(validator, "max_length", None), int):
        yield annotated_types.MaxLen(validator.max_length)


def _dataclass_default(item: Any) -> Any:
    if item.default is not dataclasses.MISSING:
        return item.default
    return item.default_factory if item.default_factory is not dataclasses.MISSING else NOTHING


def _problems(error: BaseException, path: Path, data: Any) -> Any:
    """The leaves of cattrs' groups of errors, each with the path that its notes tell."""
    if not isinstance(error, BaseExceptionGroup):
        if type(error).__name__ != "ForbiddenExtraKeysError":  # reported with a did-you-mean instead
            yield path, _message(error), data
        return
    for inner in error.exceptions:
        step = _step(inner)
        if isinstance(inner, KeyError) and step is not None and inner.args:
            yield (*path, inner.args[0]), "required, but missing", None
        elif step is None:
            yield from _problems(inner, path, data)
        else:
            yield from _problems(inner, (*path, step), _child(data, step))


def _step(error: BaseException) -> Any:
    for note in getattr(error, "__notes__", ()):
        told = getattr(
            note, "__dict__", {}
        )  # a plain text, which other notes are, has an `index`, too: a method
        for name in ("name", "index"):
            if name in told:
                return told[name]
    return None


def _child(data: Any, step: Any) -> Any:
    try:
        return data[step]
    except (KeyError, IndexError, TypeError):
        return None


def _message(error: BaseException) -> str:
    if isinstance(error, AttributeError) and error.name in {"keys", "items"}:
        return "expected a table"  # what cattrs asks of anything that is to be an instance
    told = _told_by_attrs(error)
    if told is not None:
        return f"'{told['attr'].name}' does not fit: {str(told['self']).strip('<>')}"
    return str(error.args[0] if error.args else error) or type(error).__name__


def _told_by_attrs(error: BaseException) -> dict[str, Any] | None:
    """What a validator of attrs' own was about, if one raised this. Its message quotes the value, or its length."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    told = step is not None and step.tb_frame.f_globals.get("__name__") == "attr.validators"
    names = dict(step.tb_frame.f_locals) if step and told else {}
    return names if {"self", "attr"} <= names.keys() else None
