"""What a value is once it is read as a type: as pydantic's lax mode takes it, and nothing more."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

__all__ = ["CONVERSIONS", "as_type"]


def as_type(value: Any, hint: Any) -> Any:
    """The value as a type reads it: `"80"` as an `int` is 80, two spellings of an instant are one.

    Types that are no plain scalars are read by pydantic, where it is loaded. Raises `ValueError`.
    """
    convert = CONVERSIONS.get(hint) if isinstance(hint, type) else None
    if convert is not None:
        return convert(value)
    if hint is None or "pydantic" not in sys.modules:
        return value
    reader = _reader(hint)
    return reader(value) if reader else value


@lru_cache(maxsize=1024)
def _reader(hint: Any) -> Callable[[Any], Any] | None:
    import pydantic

    try:
        return pydantic.TypeAdapter(hint).validate_python
    except (pydantic.PydanticUserError, NameError, TypeError):
        return None


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


CONVERSIONS: dict[type, Callable[[Any], Any]] = {int: _integer, float: _float, bool: _boolean, str: _text}
