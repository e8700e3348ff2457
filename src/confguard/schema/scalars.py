"""Whole numbers, numbers, switches and texts, as pydantic's lax mode takes them, and nothing more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["CONVERSIONS", "as_text"]


def _integer(value: Any) -> int:
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if whole and not isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.isascii():
        try:
            return int(value)
        except ValueError:
            pass
    raise ValueError("expected a valid integer")


def _float(value: Any) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number or (isinstance(value, str) and value.isascii()):
        try:
            return float(value)
        except (ValueError, OverflowError):
            pass
    raise ValueError("expected a valid number")


_BOOLEANS = {
    **dict.fromkeys(["true", "yes", "on", "y", "t", "1"], True),
    **dict.fromkeys(["false", "no", "off", "n", "f", "0"], False),
}


def _boolean(value: Any) -> bool:
    short = isinstance(value, str) or (isinstance(value, int) and value in (0, 1))
    answer = value if isinstance(value, bool) else _BOOLEANS.get(str(value).lower()) if short else None
    if answer is None:
        raise ValueError("expected a valid boolean")
    return answer


def as_text(value: Any) -> str:
    """A text. Raises `ValueError`."""
    if not isinstance(value, str):
        raise ValueError("expected a valid string")
    return value


CONVERSIONS: dict[type, Callable[[Any], Any]] = {int: _integer, float: _float, bool: _boolean, str: as_text}
