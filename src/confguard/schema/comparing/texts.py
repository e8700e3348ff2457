"""Texts that a regular expression matches, and some that it only mentions: few, short, at first guess."""

from __future__ import annotations

import re
from collections.abc import Iterator
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

__all__ = ["matching"]

_WAYS = ((0, 0), (1, 0), (3, 0), (1, 1), (20, 0), (3, 2), (1, 3))
"""How often what may be repeated is, and which of the letters that a class has is taken."""


def matching(pattern: str) -> Iterator[str]:
    """Texts that a pattern matches, most likely; then those that it looks ahead for, which it may forbid.

    >>> list(matching("^x-[a-z]+$"))[:3], list(matching("^(?!zz)"))[-1]
    (['x-a', 'x-aaa', 'x-z'], 'zz')
    """
    try:
        tree = _parser.parse(pattern)
    except (re.error, RecursionError):
        return
    yield from dict.fromkeys(_pieces(tree, times, letter) for times, letter in _WAYS)
    yield from (_pieces(inner, 1, 0) for inner in _looked_for(tree))


def _looked_for(items: Any) -> Iterator[Any]:
    for operation, argument in items:
        if operation in (sre.ASSERT, sre.ASSERT_NOT):
            yield argument[1]
        elif operation is sre.SUBPATTERN:
            yield from _looked_for(argument[-1])


def _pieces(items: Any, times: int, letter: int) -> str:
    return "".join(_piece(operation, argument, times, letter) for operation, argument in items)


def _piece(operation: Any, argument: Any, times: int, letter: int) -> str:
    if operation is sre.LITERAL:
        return chr(argument)
    if operation is sre.NOT_LITERAL:
        return "a" if argument != ord("a") else "b"
    if operation is sre.ANY:
        return "a"
    if operation is sre.IN:
        known = [char for char in "a0A-_./: \tzé\n" if re.match(_class(argument), char)]
        return known[letter % len(known)] if known else _member(argument)
    if operation is sre.BRANCH:
        branch = argument[1][(times + letter) % len(argument[1])]
        return _pieces(branch, times, letter)
    if operation is sre.SUBPATTERN:
        return _pieces(argument[-1], times, letter)
    if operation in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        least, most, inner = argument
        count: int = max(least, min(times, int(most) if most is not sre.MAXREPEAT else times))
        return _pieces(inner, times, letter) * min(count, 1000)
    return ""


_CATEGORIES = {
    sre.CATEGORY_DIGIT: r"\d",
    sre.CATEGORY_NOT_DIGIT: r"\D",
    sre.CATEGORY_SPACE: r"\s",
    sre.CATEGORY_NOT_SPACE: r"\S",
    sre.CATEGORY_WORD: r"\w",
    sre.CATEGORY_NOT_WORD: r"\W",
}


def _class(items: Any) -> str:
    made = ""
    for operation, argument in items:
        if operation is sre.NEGATE:
            made += "^"
        elif operation is sre.LITERAL:
            made += re.escape(chr(argument))
        elif operation is sre.RANGE:
            made += f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}"
        elif operation is sre.CATEGORY:
            made += _CATEGORIES.get(argument, "")
    return f"[{made}]"


def _member(items: Any) -> str:
    for operation, argument in items:
        if operation in (sre.LITERAL, sre.RANGE):
            return chr(argument if operation is sre.LITERAL else argument[0])
    return "a"
