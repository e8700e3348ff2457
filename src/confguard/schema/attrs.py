"""Schemas written as attrs classes or dataclasses, structured by cattrs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, get_type_hints

import attrs

from confguard.fields import FieldType
from confguard.paths import Path
from confguard.schema.interface import NOTHING, InvalidDataError, Member, Members, MembersOf
from confguard.schema.shape import Shape, build_shape

__all__ = ["AttrsAdapter"]


class AttrsAdapter:
    """attrs classes and dataclasses. Keys that a class does not name are errors."""

    def claims(self, model: object) -> bool:
        """Is this an attrs class or a dataclass?"""
        return isinstance(model, type) and (attrs.has(model) or dataclasses.is_dataclass(model))

    def shape(self, model: Any, members_of: MembersOf) -> Shape:
        """What stands where."""
        return build_shape(model, members_of)

    def members(self, model: Any) -> Members:
        """The class's fields by name."""
        hints = get_type_hints(model, include_extras=True)
        if attrs.has(model):
            return Members(
                {
                    item.name: Member(
                        hints.get(item.name, Any), tuple(_bounds(item.validator)), _attrs_default(item)
                    )
                    for item in attrs.fields(model)
                    if item.init
                }
            )
        return Members(
            {
                item.name: Member(hints.get(item.name, Any), default=_dataclass_default(item))
                for item in dataclasses.fields(model)
                if item.init
            }
        )

    def validate(self, model: Any, data: Any) -> Any:
        """An instance from data."""
        if not isinstance(data, dict):
            raise InvalidDataError([((), "expected a table of settings", data)])
        try:
            return _converter().structure(data, model)
        except Exception as error:  # noqa: BLE001 - validators may raise anything; all are findings
            raise InvalidDataError(list(_problems(error, (), data))) from None


def _attrs_default(item: Any) -> Any:
    if item.default is attrs.NOTHING:
        return NOTHING
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


@cache
def _converter() -> Any:
    """A converter that takes what pydantic's lax mode takes, and nothing more."""
    from cattrs import Converter

    converter = Converter(prefer_attrib_converters=True)
    converter.register_structure_hook_func(_is_field_type, lambda value, kind: kind.parse(value))
    for scalar, structure in ((int, _integer), (float, _float), (bool, _boolean), (str, _text)):
        converter.register_structure_hook(scalar, _hook(structure))
    return converter


def _hook(structure: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    """A hook for a scalar. `Port` is an `int` too, so cattrs asks here for it: it parses for itself."""
    return lambda value, kind: kind.parse(value) if _is_field_type(kind) else structure(value)


def _is_field_type(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, FieldType)


def _integer(value: Any) -> int:
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if whole and not isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            pass
    raise ValueError("expected a valid integer")


def _float(value: Any) -> float:
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            return float(value)
        except ValueError:
            pass
    raise ValueError("expected a valid number")


_BOOLEANS = {
    **dict.fromkeys(["true", "yes", "on", "y", "t", "1"], True),
    **dict.fromkeys(["false", "no", "off", "n", "f", "0"], False),
}


def _boolean(value: Any) -> bool:
    found = value if isinstance(value, bool) else _BOOLEANS.get(str(value).lower())
    if found is None:
        raise ValueError("expected a valid boolean")
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("expected a valid string")
    return value


def _problems(error: BaseException, path: Path, data: Any) -> Any:
    """The leaves of cattrs' groups of errors, each with the path that its notes tell."""
    if not isinstance(error, BaseExceptionGroup):
        yield path, _message(error), data
        return
    for inner in error.exceptions:
        step = _step(inner)
        if isinstance(inner, KeyError) and not isinstance(inner, BaseExceptionGroup):
            yield (*path, inner.args[0]), "required, but missing", None
        elif step is None:
            yield from _problems(inner, path, data)
        else:
            yield from _problems(inner, (*path, step), _child(data, step))


def _step(error: BaseException) -> Any:
    for note in getattr(error, "__notes__", ()):
        for name in ("name", "index"):
            if hasattr(note, name):
                return getattr(note, name)
    return None


def _child(data: Any, step: Any) -> Any:
    try:
        return data[step]
    except (KeyError, IndexError, TypeError):
        return None


def _message(error: BaseException) -> str:
    return str(error.args[0] if error.args else error) or type(error).__name__
