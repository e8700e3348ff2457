"""What the name of a table says of what stands in it: limits of things, or words about them, by the things' names."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

__all__ = ["is_limit", "is_limits", "is_wording", "is_wordings", "joined"]

_LIMITS = frozenset(
    [
        *("age", "budget", "count", "delay", "duration", "interval", "length", "lifetime", "limit", "max"),
        *("maximum", "min", "minimum", "port", "priority", "priorities", "quota", "rate", "ratelimit"),
        *("retries", "size", "threshold", "timeout", "ttl", "weight"),
    ]
)
_WORDINGS = frozenset(
    [
        *("caption", "columns", "descriptions", "errors", "headings", "help", "hint", "i18n", "label"),
        *("locale", "messages", "placeholders", "titles", "tooltips", "translation", "type"),
    ]
)
_LIMIT = re.compile(r"\d{1,7}(?:[.,]\d+)?\s?(?:[A-Za-z]{1,7}|%)?(?:/\w+)?")
_WORDING = re.compile(r"[^\W\d_]+(?:[ _'’-][^\W\d_]+)*[.!?:…]?|[A-Za-z]+\(\d+(?:, ?\d+)?\)")
_LAST_WORD = re.compile(r"(?:[A-Z]+|[A-Z]?[a-z0-9]+)$")


@lru_cache(maxsize=4096)
def is_limits(name: str) -> bool:
    """Are these limits, by the names of what they limit?

    >>> is_limits("rate_limits"), is_limits("requestTimeouts"), is_limits("clients")
    (True, True, False)
    """
    return _is_of(name, _LIMITS)


@lru_cache(maxsize=4096)
def is_wordings(name: str) -> bool:
    """Are these words about things, by the things' names?

    >>> is_wordings("labels"), is_wordings("column_types"), is_wordings("clients")
    (True, True, False)
    """
    return _is_of(name, _WORDINGS)


def _is_of(name: str, words: frozenset[str]) -> bool:
    match = _LAST_WORD.search(name[-50:])
    word = match[0].lower() if match else ""
    return word in words or word.removesuffix("s") in words


def is_limit(value: Any) -> bool:
    """Is this a number, with its unit or without?"""
    if isinstance(value, int | float):
        return abs(value) < 10_000_000
    return isinstance(value, str) and bool(_LIMIT.fullmatch(value))


def is_wording(value: Any) -> bool:
    """Is this what people read, or a type: words without digits, `varchar(80)`?"""
    return isinstance(value, str) and bool(_WORDING.fullmatch(value))


def joined(name: str) -> str:
    """A name in small letters without what parts its words: `secureJsonData` and `secure_json_data` are one."""
    return name.lower().replace("_", "").replace("-", "")
