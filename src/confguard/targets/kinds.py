"""Objects from tables that a person writes: `{ url = "...", timeout = "2s" }`. One key of a table says its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import attrs

from confguard.errors import brief, did_you_mean
from confguard.targets.refusing import UnusableError

__all__ = ["Kind", "keys_of", "read_table"]

T = TypeVar("T")


@attrs.frozen
class Kind(Generic[T]):
    """What a table of one kind becomes."""

    make: Callable[..., T]
    """Is given the fields that the table names, by their names."""
    keys: Mapping[str, attrs.Attribute[Any]]
    """The keys of such a table, each with the field that it stands for."""


def keys_of(cls: type, **named: str) -> dict[str, attrs.Attribute[Any]]:
    """The keys that stand for the fields of an attrs class: of their names, but for those with another key in `named`.

    >>> from confguard.targets.reload import SystemdReload
    >>> list(keys_of(SystemdReload, unit="systemd"))
    ['systemd', 'timeout']
    """
    return {named.get(each.name, each.name): each for each in attrs.fields(cls) if each.init}


def read_table(what: str, table: Mapping[str, Any], kinds: Mapping[str, Kind[T]], *, hint: str) -> T:
    """What a table says, by the first key of `kinds` that it has. Raises `UnusableError`, with the key at fault.

    >>> from confguard.targets.reload import CommandReload
    >>> command = {"command": Kind(CommandReload, keys_of(CommandReload))}
    >>> read_table("a reload", {"command": ["true"]}, command, hint="").name
    'true'
    >>> read_table("a reload", {"comand": ["true"]}, command, hint="")
    Traceback (most recent call last):
        ...
    confguard.targets.refusing.UnusableError: unknown key 'comand' of a reload (did you mean 'command'?)
    """
    kind = next((kinds[key] for key in kinds if key in table), None)
    known = kind.keys if kind else dict.fromkeys(key for each in kinds.values() for key in each.keys)
    for key in map(str, table):
        meant = "" if key in known else did_you_mean(key, known)
        if meant or (kind and key not in known):
            raise UnusableError(
                f"unknown key '{brief(key)}' of {what}{meant}", hint=None if meant else hint, key=key
            )
    if kind is None:
        raise UnusableError(f"{what} needs one of {', '.join(kinds)}", hint=hint)
    for key, each in kind.keys.items():
        if key not in table and _is_required(each):
            raise UnusableError(f"{what} needs '{key}'", hint=hint)
    return kind.make(**{kind.keys[key].name: _read(key, kind.keys[key], table[key]) for key in table})


def _is_required(field: Any) -> bool:
    return field.default is attrs.NOTHING


def _read(key: str, field: Any, value: Any) -> Any:
    """The value as the field takes it."""
    try:
        taken = field.converter(value) if field.converter else value
        if field.validator:
            field.validator(None, field, taken)
    except ValueError as error:
        raise UnusableError(str(error), hint=getattr(error, "hint", None), key=key) from error
    return taken
