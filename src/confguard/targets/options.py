"""What a person writes, and what of it means nothing: tables, of which one key says the kind; commands; time limits."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar

import attrs

from confguard.errors import TargetError, brief, did_you_mean
from confguard.fields import Duration

_LONGEST = Duration("1d")


class UnusableError(TargetError, ValueError):
    """A command, a URL, a path or a time limit that cannot be used. The message holds no secret.

    `key` is that of the table in which it stands, where it stands in one.
    """

    def __init__(self, message: str, *, hint: str | None = None, key: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.key = key


def time_limit(value: object) -> Duration:
    """How long somebody is waited for: more than nothing, and a day at most. Raises `UnusableError`.

    >>> time_limit("10s")
    Duration('10s')
    """
    limit: Duration | None = None
    with suppress(ValueError, TypeError, ArithmeticError):
        limit = Duration(value)
    if limit is None or not Duration(0) < limit <= _LONGEST:
        raise UnusableError("`timeout` is a time from 1ms to 1d", hint="'10s'")
    return limit


def words_of(command: object) -> tuple[str, ...]:
    """The words of a command. Raises `UnusableError`.

    >>> words_of(["nginx", "-s", "reload"])
    ('nginx', '-s', 'reload')
    >>> words_of("nginx -s reload")
    Traceback (most recent call last):
        ...
    confguard.targets.options.UnusableError: a command is a list: no shell reads it
    """
    if isinstance(command, str | bytes) or not isinstance(command, Sequence):
        raise UnusableError("a command is a list: no shell reads it", hint='["nginx", "-s", "reload"]')
    words: list[Any] = [os.fspath(word) if isinstance(word, os.PathLike) else word for word in command]
    for word in words:
        if not isinstance(word, str):
            raise UnusableError(f"a command is a list of texts, and one is of type {type(word).__name__}")
        if not can_be_passed(word):
            raise UnusableError("a word of a command has a character that no program can be given")
    if not words or not words[0].strip():
        raise UnusableError("a command is empty", hint='the program comes first: ["nginx", "-s", "reload"]')
    return tuple(words)


def can_be_passed(word: str | os.PathLike[str]) -> bool:
    """Can a program be given this word, or a system this path?"""
    try:
        return b"\0" not in os.fsencode(word)
    except UnicodeError:
        return False


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
    confguard.targets.options.UnusableError: unknown key 'comand' of a reload (did you mean 'command'?)
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
        if key not in table and each.default is attrs.NOTHING:
            raise UnusableError(f"{what} needs '{key}'", hint=hint)
    return kind.make(**{kind.keys[key].name: _read(key, kind.keys[key], table[key]) for key in table})


def _read(key: str, field: Any, value: Any) -> Any:
    """The value as the field takes it."""
    try:
        converted = field.converter(value) if field.converter else value
        if field.validator:
            field.validator(None, field, converted)
    except ValueError as error:
        raise UnusableError(str(error), hint=getattr(error, "hint", None), key=key) from error
    return converted
