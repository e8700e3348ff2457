"""Which texts a regular expression matches, as far as can be told: how long they are; all, where they are few."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import product
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

__all__ = ["all_matching", "lengths"]

_MOST = 64
"""More texts than these are not listed."""
_INFINITY = float("inf")


@lru_cache(maxsize=1024)
def lengths(pattern: str) -> tuple[int, float]:
    r"""The least and the greatest length that a text which a pattern matches may have.

    >>> lengths(r"^[a-z]{2,8}\Z"), lengths("-[0-9]{4}")
    ((2, 8), (5, inf))
    """
    tree = _tree(pattern)
    if tree is None:
        return 0, _INFINITY
    least, most = tree.getwidth()
    return least, most if most < sre.MAXREPEAT and _is_whole(tree) else _INFINITY


@lru_cache(maxsize=1024)
def all_matching(pattern: str) -> tuple[str, ...] | None:
    r"""All texts that a pattern matches; None where they are many, or cannot be listed.

    >>> all_matching(r"^(dev|prod)\Z"), all_matching(r"^a+\Z")
    (('dev', 'prod'), None)
    """
    tree = _tree(pattern)
    if tree is None or not _is_whole(tree):
        return None
    try:
        unique = dict.fromkeys(_texts(tree))
    except _TooManyError:
        return None
    return tuple(text for text in unique if re.search(pattern, text))  # by what it asks for at each place


class _TooManyError(Exception):
    pass


def _tree(pattern: str) -> Any:
    try:
        return _parser.parse(pattern)
    except (re.error, RecursionError):
        return None


def _is_whole(items: Any) -> bool:
    """Does a match begin and end where the text does?"""
    return _is_bound(items, 0, sre.AT_BEGINNING) and _is_bound(items, -1, sre.AT_END_STRING)


def _is_bound(items: Any, side: int, place: Any) -> bool:
    if not len(items):
        return False
    operation, argument = items[side]
    if operation is sre.SUBPATTERN:
        return not argument[1] & re.MULTILINE and _is_bound(argument[-1], side, place)
    if operation is sre.BRANCH:
        return all(_is_bound(branch, side, place) for branch in argument[1])
    return operation is sre.AT and argument is place


def _texts(items: Any) -> list[str]:
    """All texts of some pieces in a row, if what they ask for around them is so."""
    texts = [""]
    for operation, argument in items:
        texts = _limited(one + other for one, other in product(texts, _of_piece(operation, argument)))
    return texts


def _of_piece(operation: Any, argument: Any) -> list[str]:
    if operation is sre.LITERAL:
        return [chr(argument)]
    if operation in (sre.AT, sre.ASSERT, sre.ASSERT_NOT):
        return [""]
    if operation is sre.IN:
        return _limited(char for each in argument for char in _of_class(*each))
    if operation is sre.BRANCH:
        return _limited(text for branch in argument[1] for text in _texts(branch))
    if operation is sre.SUBPATTERN and not argument[1] & ~re.ASCII:
        return _texts(argument[-1])
    if operation in (sre.MAX_REPEAT, sre.MIN_REPEAT) and argument[1] <= _MOST:
        least, most, inner = argument
        return _limited(text for times in range(least, most + 1) for text in _texts(list(inner) * times))
    raise _TooManyError


def _of_class(operation: Any, argument: Any) -> Iterable[str]:
    if operation is sre.LITERAL:
        return [chr(argument)]
    if operation is sre.RANGE and argument[1] - argument[0] < _MOST:
        return map(chr, range(argument[0], argument[1] + 1))
    raise _TooManyError


def _limited(texts: Iterable[str]) -> list[str]:
    unique: dict[str, None] = {}
    for text in texts:
        unique[text] = None
        if len(unique) > _MOST:
            raise _TooManyError
    return list(unique)
