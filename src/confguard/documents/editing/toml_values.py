"""How values of TOML are written: on one line, or as sections."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from typing import Any

from confguard.documents.editing.notation import moment
from confguard.documents.editing.tree import UnfitError

_WORD = re.compile(r"[A-Za-z0-9_-]+")


def dotted(names: Iterable[str]) -> str:
    """A name of several parts.

    >>> dotted(["a", "b c"])
    'a."b c"'
    """
    return ".".join(name if _WORD.fullmatch(name) else _quoted(name) for name in map(_name, names))


def inline(data: Any, old: str = "") -> str:
    """Any value on one line, a text in the quotes of the one it replaces, a time in its notation.

    >>> inline({"a": [1, True, "x"]}), inline("x", "'y'")
    ('{ a = [1, true, "x"] }', "'x'")
    """
    if isinstance(data, str):
        return _string(data, old)
    if isinstance(data, bool):
        return "true" if data else "false"
    if isinstance(data, dict):
        pairs = ", ".join(f"{dotted([key])} = {inline(value)}" for key, value in data.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(data, list):
        return f"[{', '.join(map(inline, data))}]"
    if isinstance(data, datetime | date | time):
        return moment(data, old) or data.isoformat()
    if isinstance(data, int | float):
        return repr(data)
    raise UnfitError(
        f"cannot write it: TOML has no {'null' if data is None else type(data).__name__}",
        hint="leave the key out",
    )


def is_sections(data: Any) -> bool:
    """Is this better written as sections: a table with something in it, or a list of such?"""
    each = data if isinstance(data, list) else [data]
    return bool(each) and all(isinstance(element, dict) and element for element in each)


def sections(names: tuple[str, ...], data: Any) -> str:
    """A table as a section with all below it, or a list of tables as a section each.

    >>> print(sections(("a",), {"x": 1, "b": {"y": 2}}), end="")
    [a]
    x = 1
    <BLANKLINE>
    [a.b]
    y = 2
    """
    return "\n".join(_sections(names, data))


def _sections(names: tuple[str, ...], data: Any) -> Iterator[str]:
    header = f"[[{dotted(names)}]]" if isinstance(data, list) else f"[{dotted(names)}]"
    for table in data if isinstance(data, list) else [data]:
        below = {key: value for key, value in table.items() if is_sections(value)}
        lines = [f"{dotted([key])} = {inline(table[key])}\n" for key in table if key not in below]
        if lines or not below or isinstance(data, list):
            yield f"{header}\n{''.join(lines)}"
        for key, value in below.items():
            yield from _sections((*names, key), value)


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise UnfitError(f"TOML has only texts as keys, and {name!r} is none")
    return name


def _string(text: str, old: str) -> str:
    if old.startswith(("'''", '"""')) and "\n" in text:
        begun = old[:3] + ("\n" if old[3:].lstrip("\r").startswith("\n") or text[0] == "\n" else "")
        if old[0] == '"':
            lines = "\n".join(_quoted(line)[1:-1] for line in text.split("\n"))
            return f"{begun}{lines}{old[:3]}"
        if "'''" not in text and not text.endswith("'") and _fits_literal(text.replace("\n", "")):
            return f"{begun}{text}{old[:3]}"
    if old.startswith("'") and "'" not in text and _fits_literal(text):
        return f"'{text}'"
    return _quoted(text)


def _fits_literal(text: str) -> bool:
    return not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
