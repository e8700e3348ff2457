"""Values and changes as text and as JSON: readable, cut where long, harmless to a terminal, secrets hidden."""

from __future__ import annotations

import datetime as dt
import math
from itertools import islice
from typing import Any

from confguard.errors import harmless
from confguard.paths import Key, Path, show_path
from confguard.schema.guarded import Masked
from confguard.secrets import masked
from confguard.texts import shortened

_WIDTH = 60
_AROUND = 16
"""How much is shown around what differs in two long texts."""


def show_change(op: str, path: Path, before: Any, after: Any, origin: Path | None) -> str:
    """One change on one line.

    >>> show_change("replace", ("timeout",), "2s", "20ms", None)
    'timeout: "2s" -> "20ms"'
    """
    where = show_path(path)
    if op == "add":
        return f"+ {where}: {show_value(after)}"
    if op == "remove":
        return f"- {where}: {show_value(before)}"
    if op == "move":
        if path and isinstance(path[-1], Key):
            return f"~ {where}: moved from position {before} to {after}"
        return f"~ {where}: moved from {show_path(origin or path)}: {show_value(after)}"
    if isinstance(before, str | Masked) and isinstance(after, str | Masked):
        before, after = str(before), str(after)
        if max(len(before), len(after)) > _WIDTH:
            before, after = _without_common(before, after)
    return f"{where}: {show_value(before)} -> {show_value(after)}"


def show_value(value: Any) -> str:
    """A value on one line, cut in the middle where it is long."""
    if isinstance(value, str | Masked):
        return shortened(_quote(masked(str(value))), _WIDTH)
    if isinstance(value, dict | list):
        if isinstance(value, dict):
            shown = [f"{harmless(masked(str(key)))}: {show_value(value[key])}" for key in islice(value, 8)]
        else:
            shown = list(map(show_value, value[:8]))
        shown += [f"and {len(value) - 8} more"] if len(value) > 8 else []
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        return shortened(opening + ", ".join(shown) + closing, _WIDTH)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return shortened(str(value), _WIDTH)


def json_value(value: Any) -> Any:
    """A value as JSON has it: dates and what else JSON lacks become text, secrets `***`."""
    if isinstance(value, dict):
        return {masked(str(key)): json_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [json_value(inner) for inner in value]
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def _without_common(before: str, after: str) -> tuple[str, str]:
    """Two long texts without what they begin and end with alike, but for a few characters."""
    least = min(len(before), len(after))
    start = next((n for n in range(least) if before[n] != after[n]), least)
    end = next((n for n in range(least - start) if before[-1 - n] != after[-1 - n]), least - start)
    start, end = (
        _word_before(before, max(0, start - _AROUND)),
        _word_before(before[::-1], max(0, end - _AROUND)),
    )
    left, right = "... " if start else "", " ..." if end else ""
    return tuple(f"{left}{text[start : len(text) - end]}{right}" for text in (before, after))  # type: ignore[return-value]


def _word_before(text: str, at: int) -> int:
    """Where the word begins in which a place is; the place itself, where that is far."""
    begins = max(text.rfind(" ", 0, at), text.rfind(",", 0, at)) + 1
    return begins if at - begins <= _AROUND else at


def _quote(text: str) -> str:
    return '"' + harmless(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'
