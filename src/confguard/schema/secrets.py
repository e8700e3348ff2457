"""Which values are secret: by the schema, else by the name they go by."""

from __future__ import annotations

import re
from collections.abc import Sequence

from confguard.schema.shape import Shape

__all__ = ["is_secret", "looks_secret"]

_SECRET = re.compile(
    r"(passwords?|passwd|passphrase|secrets?|secret[_-]?keys?|api[_-]?keys?|access[_-]?keys?|private[_-]?keys?|"
    r"(auth|access|bearer|refresh|api|session|bot)[_-]?tokens?|tokens?|credentials?|pwd)$",
    re.IGNORECASE,
)
_SNAKE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def is_secret(path: Sequence[object], shape: Shape) -> bool:
    """Is the value at this path, with this shape, never to be shown?"""
    return shape.secret or any(looks_secret(segment) for segment in path[-1:])


def looks_secret(name: object) -> bool:
    """Does a setting of this name usually hold a secret?

    >>> looks_secret("DB_PASSWORD"), looks_secret("apiKey"), looks_secret("password_file")
    (True, True, False)
    >>> looks_secret("max_tokens"), looks_secret("tokens")
    (False, False)
    """
    if not isinstance(name, str):
        return False
    words = _SNAKE.sub("_", name)
    if re.search(r"(^|_)(max|min|num|n|count|total)_?", words, re.IGNORECASE) or words.lower() == "tokens":
        return False
    return bool(_SECRET.search(words))
