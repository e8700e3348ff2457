"""The texts of a regular expression: how long they are, all where they are few, some others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import product
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

from confguard.fields.backtracking import matched

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


_USUAL = ("", "a", "0", "A b", "-", "é", "x" * 20, "\n")
_FORMATS = {
    "date": ("2031-02-03",),
    "date-time": ("2031-02-03T04:05:06Z", "2031-02-03T04:05:06"),
    "time": ("04:05:06Z", "04:05:06"),
    "duration": ("P1D", "P1DT10H"),
    "email": ("a@example.com", "a@b"),
    "hostname": ("example.com", "a"),
    "ipv4": ("10.0.0.1", "0.0.0.0", "255.255.255.255"),  # noqa: S104 - an example
    "ipv6": (
        "::1",
        "::",
        "2001:db8:1111:2222:3333:4444:5555:6666",
        "1111:2222:3333:4444:5555:6666:255.255.255.255",
    ),
    "regex": ("a+", ""),
    "uri": ("https://example.com", "a:"),
    "uuid": ("12345678-1234-5678-1234-567812345678",),
}
_OF_LENGTH = {
    "date-time": ("2031-02-03T04:05:06.", "0", "Z"),
    "time": ("04:05:06.", "0", "Z"),
    "duration": ("P", "1", "D"),
    "email": ("", "a", "@example.com"),
    "hostname": ("", "a.", "a"),
    "regex": ("", "a", ""),
    "uri": ("https://example.com/", "a", ""),
}
"""How texts of a format begin, what may be in them as often as is wanted, and how they end."""
_LETTERS = "a0A-_./: \tzé\n"
_LONGEST = 1_000
_WAYS = ((0, 0), (1, 0), (3, 0), (1, 1), (20, 0), (3, 2), (1, 3))
"""How often what may be repeated is, and which of the letters that a class has is taken."""


def texts(keyword_sets: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Texts for some schemas, of which these are the keywords: of their patterns and formats, and of every length
    that a bound tells from another."""
    keyword_sets = list(keyword_sets)
    sizes = list(dict.fromkeys(_sizes(keyword_sets)))
    for keywords in keyword_sets:
        yield from _of_format(keywords.get("format"), sizes)
        if "pattern" in keywords:
            matching_texts = list(matching(keywords["pattern"], sizes))
            for text in matching_texts:
                yield from (text, text + "a", text + "-", text[1:])
            for text, size in product(matching_texts[:3], sizes):
                yield from ("a" * (size - len(text)) + text, text + "a" * (size - len(text)))
    yield from ("a" * size for size in sizes)
    yield from _USUAL
    yield from (examples[0] for examples in _FORMATS.values())


def _sizes(keyword_sets: list[dict[str, Any]]) -> Iterator[int]:
    for keywords in keyword_sets:
        for bound in ("minLength", "maxLength"):
            size = int(keywords.get(bound, -2))
            yield from (each for each in (size, size + 1, size - 1) if 0 <= each <= _LONGEST)


def _of_format(form: Any, sizes: list[int]) -> Iterator[str]:
    if not isinstance(form, str):
        return
    yield from _FORMATS.get(form, ())
    if form in _OF_LENGTH:
        begin, piece, end = _OF_LENGTH[form]
        for size in sizes:
            text = begin + piece * max(1, (size - len(begin) - len(end)) // len(piece)) + end
            yield text if len(text) == size else begin + piece + text[len(begin) :]


def matching(pattern: str, sizes: Iterable[int] = ()) -> Iterator[str]:
    """Texts that a pattern matches, most likely; then those that it looks ahead for, which it may forbid.

    With sizes, those too in which what may be repeated is so often, or a little less.

    >>> list(matching("^x-[a-z]+$"))[:3], list(matching("^(?!zz)"))[-1]
    (['x-a', 'x-aaa', 'x-z'], 'zz')
    """
    tree = _tree(pattern)
    if tree is None:
        return
    ways = [*_WAYS, *((max(0, size - less), 0) for size in sizes for less in (0, 1, 2))]
    yield from dict.fromkeys(_pieces(tree, times, letter) for times, letter in ways)
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
        fitting = matched(operation, argument, frozenset(_LETTERS))
        known = [char for char in _LETTERS if char in fitting]
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


def _member(items: Any) -> str:
    for operation, argument in items:
        if operation in (sre.LITERAL, sre.RANGE):
            return chr(argument if operation is sre.LITERAL else argument[0])
    return "a"
