"""cattrs, set up to take what pydantic's lax mode takes, and nothing more."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Any, get_args, get_type_hints

__all__ = ["converter", "is_plain"]


@cache
def converter() -> Any:
    """A converter that refuses keys which a class does not name."""
    from cattrs import Converter

    made = Converter(prefer_attrib_converters=True, forbid_extra_keys=True)
    made.register_structure_hook_func(_is_field_type, lambda value, kind: kind.parse(value))
    for scalar, structure in ((int, _integer), (float, _float), (bool, _boolean), (str, _text)):
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
