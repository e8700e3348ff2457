"""cattrs, set up to take what pydantic's lax mode takes, and nothing more."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Any, get_args, get_type_hints

from confguard.schema.conversion import CONVERSIONS

__all__ = ["converter", "is_plain"]


@cache
def converter() -> Any:
    """A converter that refuses keys which a class does not name."""
    from cattrs import Converter

    made = Converter(prefer_attrib_converters=True, forbid_extra_keys=True)
    made.register_structure_hook_func(_is_field_type, lambda value, kind: kind.parse(value))
    for scalar, structure in CONVERSIONS.items():
        made.register_structure_hook(scalar, _hook(structure))
    return made


def is_plain(model: Any) -> bool:
    """Has no field of a class, or of those inside of it, a default that is still to be parsed?"""
    return _FIELDS not in sys.modules or _parsed(model, set())


_FIELDS = "confguard.fields.base"
"""Where this module is not loaded, no class has fields of its types."""


def _parsed(hint: Any, seen: set[Any]) -> bool:
    if get_args(hint):
        return all(_parsed(argument, seen) for argument in get_args(hint))
    members = getattr(hint, "__attrs_attrs__", None) or getattr(hint, "__dataclass_fields__", {}).values()
    if not members or hint in seen:
        return True
    seen.add(hint)
    hints = get_type_hints(hint)
    return all(
        not (_holds_field_type(hints.get(member.name)) and isinstance(member.default, str | int | float))
        and _parsed(hints.get(member.name), seen)
        for member in members
    )


def _holds_field_type(hint: Any) -> bool:
    return _is_field_type(hint) or any(map(_holds_field_type, get_args(hint)))


def _hook(structure: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    """A hook for a scalar. `Port` is an `int` too, so cattrs asks here for it: it parses for itself."""
    return lambda value, kind: kind.parse(value) if _is_field_type(kind) else structure(value)


def _is_field_type(kind: Any) -> bool:
    fields = sys.modules.get(_FIELDS)
    return fields is not None and isinstance(kind, type) and issubclass(kind, fields.FieldType)
