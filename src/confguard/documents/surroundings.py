"""The place of a line in a text that does not parse, by the names around it."""

from __future__ import annotations

import re

__all__ = ["names_around"]

_NAME = re.compile(r"""^\s*(?:-\s+)*[{,]*\s*(?:\[+\s*([^\[\]"']+?)\s*\]+|["']?([\w.$/-]+)["']?\s*[:=])""")


def names_around(text: str, line: int) -> str:
    """The names on a line, and on those above it that are indented less: what would be its path.

    >>> names_around("a:\\n  x: 1\\nb:\\n  list: [1\\n", 5), names_around("[a]\\nx = 1\\n\\nx = 2\\n", 4)
    ('b list', 'a x')
    """
    lines = text.removeprefix("\ufeff").splitlines()[: max(line, 1)]
    while lines and not lines[-1].strip():
        lines.pop()  # at the end of a text, it is what stands before that is not finished
    found: list[str] = []
    depth: float = float("inf")
    for each in reversed(lines):
        indent, match = len(each) - len(each.lstrip()), _NAME.match(each)
        header = match is not None and match[1] is not None
        if match and (indent < depth or (header and not any(name.startswith("[") for name in found))):
            found.append(f"[{match[1]}" if header else match[2])
            depth = indent
        if depth == 0 and header:
            break
    return " ".join(name.lstrip("[") for name in reversed(found))
