"""What cannot be used: a command or a URL that means nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from confguard.errors import TargetError
from confguard.fields import Duration

__all__ = ["UnusableError", "time_limit", "words_of"]

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
    confguard.targets.refusing.UnusableError: a command is a list: no shell reads it
    """
    if isinstance(command, str | bytes) or not isinstance(command, Sequence):
        raise UnusableError("a command is a list: no shell reads it", hint='["nginx", "-s", "reload"]')
    words: list[Any] = [os.fspath(word) if isinstance(word, os.PathLike) else word for word in command]
    for word in words:
        if not isinstance(word, str):
            raise UnusableError(f"a command is a list of texts, and one is of type {type(word).__name__}")
        if "\0" in word or not _can_be_passed(word):
            raise UnusableError("a word of a command has a character that no program can be given")
    if not words or not words[0].strip():
        raise UnusableError("a command is empty", hint='the program comes first: ["nginx", "-s", "reload"]')
    return tuple(words)


def _can_be_passed(word: str) -> bool:
    try:
        os.fsencode(word)
    except UnicodeError:
        return False
    return True
