"""What a value is once it is read as a type: as pydantic's lax mode takes it, and nothing more."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any, get_origin

__all__ = ["CONVERSIONS", "as_type", "standard"]


def as_type(value: Any, hint: Any) -> Any:
    """The value as a type reads it: `"80"` as an `int` is 80, two spellings of an instant are one.

    Types that are no plain scalars are read by pydantic, where it is loaded, for then schemas are likely its own.
    Raises `ValueError`.
    """
    convert = CONVERSIONS.get(hint) if isinstance(hint, type) else None
    if convert is not None:
        return convert(value)
    if hint is None:
        return value
    reader = _reader(hint) if "pydantic" in sys.modules else standard(hint)
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


def standard(hint: Any) -> Callable[[Any], Any] | None:
    """How a type of the standard library's is read from what configuration files hold; None for other types."""
    kind = get_origin(hint) or hint
    told = _STANDARD.get(f"{getattr(kind, '__module__', '')}.{getattr(kind, '__qualname__', '')}")
    if told is None:
        return None
    expected, make = told

    def read(value: Any) -> Any:
        if type(value) is kind:
            return value
        try:
            return make(kind, value)
        except (TypeError, ValueError, ArithmeticError, re.error):
            raise ValueError(f"expected {expected}") from None

    return read


def _from_text(kind: Any, value: Any) -> Any:
    return kind(_text(value))


def _from_iso(kind: Any, value: Any) -> Any:
    return kind.fromisoformat(_text(value))


def _day(kind: Any, value: Any) -> Any:
    return kind.fromisoformat(_text(value) if not hasattr(value, "hour") else _midnight(value))


def _midnight(value: Any) -> str:
    if any((value.hour, value.minute, value.second, value.microsecond)):
        raise ValueError("has a time of the day")
    return str(value.date())


def _span(kind: Any, value: Any) -> Any:
    from confguard.fields import Duration

    return kind(seconds=Duration.parse(value).seconds)


def _decimal(kind: Any, value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("a switch")
    return kind(str(value))


_STANDARD: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "datetime.datetime": ("a date and time such as '2027-01-31T12:00:00Z'", _from_iso),
    "datetime.date": ("a date such as '2027-01-31'", _day),
    "datetime.time": ("a time of the day such as '09:30:00'", _from_iso),
    "datetime.timedelta": ("a duration such as '90s' or 90", _span),
    "decimal.Decimal": ("a decimal number", _decimal),
    "uuid.UUID": ("a UUID such as '12345678-1234-5678-1234-567812345678'", _from_text),
    "re.Pattern": ("a regular expression", lambda _, value: re.compile(_text(value))),
    "builtins.bytes": ("a text", lambda _, value: _text(value).encode()),
    "ipaddress.IPv4Address": ("an IPv4 address", _from_text),
    "ipaddress.IPv6Address": ("an IPv6 address", _from_text),
    "ipaddress.IPv4Network": ("an IPv4 network such as '10.0.0.0/8'", _from_text),
    "ipaddress.IPv6Network": ("an IPv6 network such as 'fd00::/8'", _from_text),
    "ipaddress.IPv4Interface": ("an IPv4 interface such as '10.0.0.1/8'", _from_text),
    "ipaddress.IPv6Interface": ("an IPv6 interface such as 'fd00::1/8'", _from_text),
}
"""By qualified name: whoever uses a type has imported its module, and nobody else needs to."""
