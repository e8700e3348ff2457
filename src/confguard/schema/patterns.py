"""Regular expressions as JSON Schema means them (ECMA-262), for Python's `re`."""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache, lru_cache
from itertools import groupby

from confguard.fields.backtracking import pump_of

__all__ = ["LONGEST_TEXT", "Pattern", "translated"]

LONGEST_TEXT = 10_000
"""Longer texts are not matched: many patterns take time that grows with the square of a text's length."""

_SPACES = r"\t-\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_PIECE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u\{[0-9a-fA-F]+\}|\\c[A-Za-z]|\\[pP]\{[^}]*\}"
    r"|\\k<[^>]+>|\\.|\(\?<(?![=!])|\[\^?\]?|[\]$.&~|]|.",
    re.DOTALL,
)
_FLAGS = re.compile(r"\(\?([imsx]+)\)")


class Pattern(str):
    """A pattern as Python's `re` takes it; `written` is what the schema says."""

    __slots__ = ("written",)
    written: str


@lru_cache(maxsize=1024)
def translated(pattern: str) -> Pattern:
    r"""The pattern for Python's `re`. Raises `re.error` for what it cannot express, or not match in bounded time.

    >>> translated(r"^\d+$"), bool(re.search(translated(r"^\p{Lu}"), "Ärger"))
    ('(?a:^\\d+\\Z)', True)
    >>> try:
    ...     translated("^(a+)+$")
    ... except re.error as error:
    ...     print(error)
    backtracks without bound on 'aaaa...'
    """
    flags = _FLAGS.match(pattern)  # not ECMA's, but common: Python wants them before all else
    body = pattern[flags.end() :] if flags else pattern
    try:
        pattern_compiled = Pattern(f"(?a{flags[1] if flags else ''}:{_body(body)})")
        re.compile(pattern_compiled)
        pump = pump_of(pattern_compiled)
    except (RecursionError, OverflowError, ValueError) as error:
        raise re.error(str(error)) from None
    if pump:
        raise re.error(f"backtracks without bound on {pump * 4 + '...'!r}")
    pattern_compiled.written = pattern
    return pattern_compiled


def _body(pattern: str) -> str:
    pieces, within = [], False
    for match in _PIECE.finditer(pattern):
        piece = match.group()
        if within:
            within = piece != "]"
            pieces.append(_in_class(piece))
        elif piece.startswith("["):
            within = not piece.endswith("]")
            pieces.append({"[]": "(?!)", "[^]": r"[\s\S]"}.get(piece, piece))
        else:
            pieces.append(_outside(piece))
    return "".join(pieces)


def _outside(piece: str) -> str:
    if piece.startswith(r"\k<"):
        return f"(?P={piece[3:-1]})"
    if piece[:2] in (r"\p", r"\P"):
        return f"[{'^' if piece[1] == 'P' else ''}{_property(piece[3:-1])}]"
    simple = {
        "$": r"\Z",
        ".": r"[^\n\r\u2028\u2029]",
        "(?<": "(?P<",
        r"\s": f"[{_SPACES}]",
        r"\S": f"[^{_SPACES}]",
    }
    return simple.get(piece) or _escape(piece)


def _in_class(piece: str) -> str:
    if piece[:2] == r"\p":
        return _property(piece[3:-1])
    if piece[:2] == r"\P":
        return _property(piece[3:-1], negated=True)
    if piece == r"\s":
        return _SPACES
    if piece[0] in "[&~|":  # Python warns of what may one day be operations on sets
        return "".join("\\" + char if char in "[^&~|" else char for char in piece[:-1]) + (
            "]" if piece.endswith("]") else "\\" + piece[-1]
        )
    return _escape(piece)


def _escape(piece: str) -> str:
    if piece.startswith(r"\c") and len(piece) == 3:
        return rf"\x{ord(piece[2]) % 32:02x}"
    if piece.startswith(r"\u{"):
        return rf"\U{int(piece[3:-1], 16):08x}"
    if len(piece) == 12:  # a pair of surrogates
        return re.escape(bytes.fromhex(piece[2:6] + piece[8:]).decode("utf-16-be"))
    return r"\x00" if piece == r"\0" else piece


@cache
def _property(name: str, *, negated: bool = False) -> str:
    """The ranges of the characters of a Unicode general category, as they stand within brackets."""
    value = name.removeprefix("General_Category=").removeprefix("gc=")
    short = _CATEGORIES.get(value, value)
    if not re.fullmatch(r"[CLMNPSZ][a-z]?", short):
        raise re.error(f"Python's regular expressions have no \\p{{{name}}}")
    ranges: list[list[int]] = []
    for category, first, last in _runs():
        if category.startswith(short) is not negated:
            if ranges and ranges[-1][1] == first - 1:
                ranges[-1][1] = last
            else:
                ranges.append([first, last])
    return "".join(rf"\U{first:08x}-\U{last:08x}" for first, last in ranges)


@cache
def _runs() -> list[tuple[str, int, int]]:
    """The categories of all characters: of each run of one the first code and the last."""
    runs = []
    first = 0
    for category, run in groupby(map(unicodedata.category, map(chr, range(sys.maxunicode + 1)))):
        after = first + sum(1 for _ in run)
        runs.append((category, first, after - 1))
        first = after
    return runs


_CATEGORIES = {
    "Letter": "L",
    "Uppercase_Letter": "Lu",
    "Lowercase_Letter": "Ll",
    "Titlecase_Letter": "Lt",
    "Modifier_Letter": "Lm",
    "Other_Letter": "Lo",
    "Mark": "M",
    "Number": "N",
    "Decimal_Number": "Nd",
    "digit": "Nd",
    "Letter_Number": "Nl",
    "Other_Number": "No",
    "Punctuation": "P",
    "punct": "P",
    "Symbol": "S",
    "Separator": "Z",
    "Space_Separator": "Zs",
    "Other": "C",
    "Control": "Cc",
}
