"""How values and types are named in what is said of schemas."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from confguard.errors import brief

__all__ = ["kinds", "listed", "shown"]

_WORDS = {
    "null": "null",
    "boolean": "a boolean",
    "integer": "an integer",
    "fraction": "a fraction",
    "string": "a string",
    "array": "a list",
    "object": "a table",
}


def kinds(types: Iterable[str]) -> str:
    """Types of values, for people.

    >>> kinds({"integer", "fraction", "string"})
    'a number or a string'
    """
    wanted = set(types)
    if len(wanted) == len(_WORDS):
        return "anything"
    words = [word for name, word in _WORDS.items() if name in wanted]
    if {"integer", "fraction"} <= wanted:
        words[words.index("an integer") : words.index("a fraction") + 1] = ["a number"]
    return listed(words, "or")


def listed(words: Iterable[str], conjunction: str = "or") -> str:
    """Words with commas and a conjunction between them; no more than twenty."""
    *others, last = list(words)[:20] or ["nothing"]
    return f"{', '.join(others)} {conjunction} {last}" if others else last


def shown(values: Iterable[Any], conjunction: str = "and") -> str:
    """Values, for people.

    >>> shown(["a", 1, None])
    "'a', 1 and null"
    """
    words = {None: "null", True: "true", False: "false"}
    return listed(
        (
            words[value] if value is None or isinstance(value, bool) else brief(repr(value), 60)
            for value in values
        ),
        conjunction,
    )
