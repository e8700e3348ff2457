"""Choices: what a `Literal` or an enumeration allows, as a document writes it, and what a text means of it."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any, Literal, get_args, get_origin

from confguard.errors import nearest
from confguard.schema.scalars import CONVERSIONS

__all__ = ["choice", "expected_options", "is_choice", "options_of", "written_choice"]


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
    return [_written(option) for option in _members(hint)]


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
    return _written(option) if _written(option) in options_of(hint) and not _is_it(value, option) else value


def expected_options(hint: Any, value: Any = None) -> str:
    """What is wrong with a value that is none of the options.

    >>> expected_options(Literal["debug", "info"], "inf")
    "expected one of 'debug', 'info' (did you mean 'info'?)"
    """
    options = options_of(hint)
    close = nearest(str(value), [str(option) for option in options]) if isinstance(value, str) else None
    meant = next((f" (did you mean {_shown(option)}?)" for option in options if str(option) == close), "")
    return f"expected {'one of ' if len(options) > 1 else ''}{', '.join(map(_shown, options))}{meant}"


def _members(hint: Any) -> Iterable[Any]:
    return (get_args(hint) if get_origin(hint) is Literal else tuple(hint)) if is_choice(hint) else ()


def _written(option: Any) -> Any:
    return option.value if isinstance(option, enum.Enum) else option


def _shown(option: Any) -> str:
    return {True: "true", False: "false", None: "null"}[option] if _is_word(option) else repr(option)


def _is_word(option: Any) -> bool:
    return option is None or isinstance(option, bool)


def _is_it(value: Any, member: Any) -> bool:
    return value is member or (type(value) is type(_written(member)) and bool(value == _written(member)))


def _equals(value: Any, member: Any) -> bool:
    """`1.0` is 1, and `True` is not."""
    return not isinstance(value, bool) and not _is_word(member) and bool(value == _written(member))


def _reads_as(value: Any, member: Any) -> bool:
    written = _written(member)
    read = CONVERSIONS.get(type(written))
    if not isinstance(value, str) or isinstance(written, str) or read is None:
        return False
    try:
        return bool(read(value) == written)
    except ValueError:
        return False
