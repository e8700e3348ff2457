"""A diff as Markdown, for a pull request."""

from __future__ import annotations

from typing import Any

from confguard.diffs.change import Change
from confguard.diffs.changes import Diff
from confguard.diffs.render import show_value
from confguard.errors import harmless
from confguard.paths import Key, show_path

__all__ = ["code", "to_markdown"]

_SIGNS = {"add": "added", "remove": "removed", "replace": "changed", "move": "moved"}


def to_markdown(diff: Diff, title: str | None = None) -> str:
    """A summary and a table with a row for each change.

    >>> from confguard.diffs.engine import diff
    >>> print(to_markdown(diff({"pool": 64}, {"pool": 4})), end="")
    **1 change: 1 less**
    <BLANKLINE>
    | | setting | before | after | |
    |---|---|---|---|---|
    | changed | `pool` | `64` | `4` | 16 times less |
    """
    head = [f"### {code(title)}", ""] if title else []
    if diff.same:
        return "\n".join([*head, diff.summary, ""])
    lines = [*head, f"**{diff.summary}**", "", "| | setting | before | after | |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *map(_row, diff), ""])


def _row(change: Change) -> str:
    cells = [_SIGNS[change.op], _cell(show_path(change.path)), *_values(change), str(change.effect)]
    return "| " + " | ".join(cells) + " |"


def _values(change: Change) -> tuple[str, str]:
    if change.op == "move":
        counted = isinstance(change.path[-1], Key)
        origin = f"position {change.before}" if counted else _cell(show_path(change.origin or change.path))
        return origin, f"position {change.after}" if counted else ""
    before = "" if change.op == "add" else _shown(change.before)
    return before, "" if change.op == "remove" else _shown(change.after)


def _shown(value: Any) -> str:
    return _cell(show_value(value))


def code(text: str) -> str:
    """Inline code that nothing in the text can leave."""
    fence = "`" * (_longest_run(text) + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{harmless(text)}{space}{fence}"


def _cell(text: str) -> str:
    """Inline code in a table."""
    return code(text).replace("|", "\\|")


def _longest_run(text: str) -> int:
    longest = run = 0
    for char in text:
        run = run + 1 if char == "`" else 0
        longest = max(longest, run)
    return longest
