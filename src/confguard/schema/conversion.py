"""What a value is once it is read as a type: as pydantic's lax mode takes it, and nothing more.

Nothing here depends on what was imported before: each kind of schema names its reader.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin

from confguard.errors import nearest


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


def is_choice(hint: Any) -> bool:
    """Is a type one of a few values? A set of flags is not: they are put together."""
    if get_origin(hint) is Literal:
        return True
    return isinstance(hint, type) and issubclass(hint, enum.Enum) and not issubclass(hint, enum.Flag)


def options_of(hint: Any) -> list[Any]:
    """What a type of a few values allows, as a document writes it; nothing for other types.

    >>> options_of(Literal[True, "auto"]), options_of(int)
    ([True, 'auto'], [])
    """
    return [written(option) for option in _members(hint)]


def choice(value: Any, hint: Any) -> Any:
    """The option that a value means: as it is, else as its text is read. Raises `ValueError`.

    >>> choice("2", Literal[1, 2]), choice("yes", Literal[True, "auto"]), choice("auto", Literal[True, "auto"])
    (2, True, 'auto')
    """
    members = _members(hint)
    for means in (_is_it, _equals, _reads_as):
        for member in members:
            if means(value, member):
                return member
    missing = getattr(hint, "_missing_", None) if isinstance(hint, type) else None
    option = missing(value) if missing is not None else None
    if isinstance(option, enum.Enum):
        return option
    raise ValueError(expected_options(hint, value))


def written_choice(value: Any, hint: Any) -> Any:
    """The same as a document writes it, for a class that reads it; as it is where it means none."""
    try:
        option = choice(value, hint)
    except Exception:  # noqa: BLE001 - it is told by the class; `_missing_` is a user's own
        return value
    if get_origin(hint) is Literal or isinstance(value, enum.Enum):
        return option
    return written(option) if written(option) in options_of(hint) and not _is_it(value, option) else value


def expected_options(hint: Any, value: Any = None) -> str:
    """What is wrong with a value that is not one of the options.

    >>> expected_options(Literal["debug", "info"], "inf")
    "expected one of 'debug', 'info' (did you mean 'info'?)"
    """
    options = options_of(hint)
    close = nearest(str(value), [str(option) for option in options]) if isinstance(value, str) else None
    meant = next((f" (did you mean {_shown(option)}?)" for option in options if str(option) == close), "")
    return f"expected {'one of ' if len(options) > 1 else ''}{', '.join(map(_shown, options))}{meant}"


def _members(hint: Any) -> Iterable[Any]:
    return (get_args(hint) if get_origin(hint) is Literal else tuple(hint)) if is_choice(hint) else ()


def written(option: Any) -> Any:
    """An option, or a key, as a document has it."""
    return option.value if isinstance(option, enum.Enum) else option


def _shown(option: Any) -> str:
    return {True: "true", False: "false", None: "null"}[option] if _is_word(option) else repr(option)


def _is_word(option: Any) -> bool:
    return option is None or isinstance(option, bool)


def _is_it(value: Any, member: Any) -> bool:
    return value is member or (type(value) is type(written(member)) and bool(value == written(member)))


def _equals(value: Any, member: Any) -> bool:
    """`1.0` is 1, and `True` is not."""
    return not isinstance(value, bool) and not _is_word(member) and bool(value == written(member))


def _reads_as(value: Any, member: Any) -> bool:
    own = written(member)
    read = CONVERSIONS.get(type(own))
    if not isinstance(value, str) or isinstance(own, str) or read is None:
        return False
    try:
        return bool(read(value) == own)
    except ValueError:
        return False


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


def has_fields(hint: Any) -> bool:
    """Is this a pydantic model or dataclass, an attrs class, or a dataclass?"""
    kind = get_args(hint)[0] if get_origin(hint) is Annotated else get_origin(hint) or hint
    names = "__pydantic_fields__", "__attrs_attrs__", "__dataclass_fields__"
    return any(hasattr(kind, name) for name in names)


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
    if not hasattr(value, "hour"):
        return kind.fromisoformat(as_text(value))
    if any((value.hour, value.minute, value.second, value.microsecond)):
        raise ValueError("has a time of the day")
    return kind.fromisoformat(str(value.date()))


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
