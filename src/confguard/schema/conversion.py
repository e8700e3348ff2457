"""What a value is once it is read as a type: as pydantic's lax mode takes it, and nothing more.

Nothing here depends on what was imported before: each kind of schema names its reader.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple, get_origin

from confguard.schema.options import choice, is_choice
from confguard.schema.scalars import CONVERSIONS, as_text

__all__ = [
    "Standard",
    "as_pydantic_type",
    "as_type",
    "is_span",
    "may_be_raw",
    "standard",
    "standard_reader",
]


def as_type(value: Any, hint: Any) -> Any:
    """The value as a type reads it: `"80"` as an `int` is 80, two spellings of an instant are one.

    Raises `ValueError`.
    """
    if is_choice(hint):
        return choice(value, hint)
    convert = CONVERSIONS.get(hint) if isinstance(hint, type) else None
    reader = convert or standard_reader(hint)
    return reader(value) if reader else value


def as_pydantic_type(value: Any, hint: Any) -> Any:
    """The value as a pydantic model reads it, which has readers of its own but for amounts. Raises `ValueError`."""
    if hint is None or hint in CONVERSIONS or hint is Any or is_span(hint) or is_choice(hint):
        return as_type(value, hint)
    reader = _pydantic_reader(hint)
    return reader(value) if reader else value


def is_span(hint: Any) -> bool:
    """Is this the type `timedelta`? Its module need not be loaded to know."""
    return getattr(hint, "__qualname__", "") == "timedelta" and hint.__module__ == "datetime"


def may_be_raw(default: Any) -> bool:
    """Might a default be, hold or make a text or a number that is still to be read as what the field is of?"""
    factory = getattr(default, "factory", default)
    if isinstance(factory, type):
        return False
    if isinstance(default, list | tuple | dict | set):
        return bool(default)
    return isinstance(default, str | int | float) or callable(factory)


@lru_cache(maxsize=1024)
def _pydantic_reader(hint: Any) -> Callable[[Any], Any] | None:
    import pydantic

    try:
        return pydantic.TypeAdapter(hint).validate_python
    except (pydantic.PydanticUserError, NameError, TypeError):
        return None


class Standard(NamedTuple):
    """A type of the standard library's, as configuration files hold it."""

    expected: str
    """What is expected, for errors."""
    form: str | None
    """JSON Schema's name for texts of this form, or the one that pydantic gives."""
    make: Callable[[Any, Any], Any]


def standard(hint: Any) -> Standard | None:
    """What is known of a type of the standard library's; None for other types."""
    kind = get_origin(hint) or hint
    return _STANDARD.get(f"{getattr(kind, '__module__', '')}.{getattr(kind, '__qualname__', '')}")


def standard_reader(hint: Any) -> Callable[[Any], Any] | None:
    """How such a type is read; None for other types."""
    kind, reader = get_origin(hint) or hint, standard(hint)
    if reader is None:
        return None
    if is_span(kind):
        return _span

    def read(value: Any) -> Any:
        if type(value) is kind:
            return value
        try:
            return reader.make(kind, value)
        except (TypeError, ValueError, ArithmeticError, re.error):
            raise ValueError(f"expected {reader.expected}") from None

    return read


def _from_text(kind: Any, value: Any) -> Any:
    return kind(as_text(value))


def _from_iso(kind: Any, value: Any) -> Any:
    return kind.fromisoformat(value.isoformat() if hasattr(value, "isoformat") else as_text(value))


def _day(kind: Any, value: Any) -> Any:
    return kind.fromisoformat(as_text(value) if not hasattr(value, "hour") else _midnight(value))


def _midnight(value: Any) -> str:
    if any((value.hour, value.minute, value.second, value.microsecond)):
        raise ValueError("has a time of the day")
    return str(value.date())


def _span(value: Any) -> Any:
    from confguard.units import read_duration

    return read_duration(value)


def _decimal(kind: Any, value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("a switch")
    return kind(str(value))


_STANDARD = {
    "pathlib.Path": Standard("a path", "path", lambda kind, value: kind(value)),
    "pathlib._local.Path": Standard("a path", "path", lambda kind, value: kind(value)),  # Python 3.13's name
    "datetime.datetime": Standard("a date and time such as '2027-01-31T12:00:00Z'", "date-time", _from_iso),
    "datetime.date": Standard("a date such as '2027-01-31'", "date", _day),
    "datetime.time": Standard("a time of the day such as '09:30:00'", "time", _from_iso),
    "datetime.timedelta": Standard(
        "a duration such as '90s' or 90", "duration", lambda _, value: _span(value)
    ),
    "decimal.Decimal": Standard("a decimal number", "decimal", _decimal),
    "uuid.UUID": Standard("a UUID such as '12345678-1234-5678-1234-567812345678'", "uuid", _from_text),
    "re.Pattern": Standard("a regular expression", "regex", lambda _, value: re.compile(as_text(value))),
    "builtins.bytes": Standard("a text", None, lambda _, value: as_text(value).encode()),
    "ipaddress.IPv4Address": Standard("an IPv4 address", "ipv4", _from_text),
    "ipaddress.IPv6Address": Standard("an IPv6 address", "ipv6", _from_text),
    "ipaddress.IPv4Network": Standard("an IPv4 network such as '10.0.0.0/8'", "ipv4network", _from_text),
    "ipaddress.IPv6Network": Standard("an IPv6 network such as 'fd00::/8'", "ipv6network", _from_text),
    "ipaddress.IPv4Interface": Standard(
        "an IPv4 interface such as '10.0.0.1/8'", "ipv4interface", _from_text
    ),
    "ipaddress.IPv6Interface": Standard("an IPv6 interface such as 'fd00::1/8'", "ipv6interface", _from_text),
}
"""By qualified name: whoever uses a type has imported its module, and nobody else needs to."""
