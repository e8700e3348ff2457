"""Edits against one parse of the same text: how many changes there are is next to nothing, and growth is linear."""

from __future__ import annotations

import copy
import gc
from typing import Any

import confguard as cg
from confguard.documents.document import write

from .measure import Row, best_of_each, compare

_LINES = 12


def service(number: int) -> list[str]:
    """Twelve lines of YAML with comments."""
    return [
        f"# service {number}",
        f"service_{number}:",
        f"  port: {8000 + number}  # behind the proxy",
        "  hosts:",
        "    - name: a",
        "      weight: 1",
        "    - name: b  # the second",
        "      weight: 2",
        "  tags: [x, y]",
        "  env:",
        f"    KEY: value {number}",
        "",
    ]


def changed(data: dict[str, Any], changes: int) -> dict[str, Any]:
    """As many changes, all over the document: values, elements that go, keys that come, lists in another order."""
    made = copy.deepcopy(data)
    names = list(made)
    for number in range(changes):
        each = made[names[number * len(names) // changes]]
        kind = number % 4
        if kind == 0:
            each["port"] = 1
        elif kind == 1:
            each["hosts"].pop()
        elif kind == 2:
            each["new"] = {"a": [number]}
        else:
            each["hosts"].reverse()
    return made


def bench_edit() -> list[Row]:
    """100 changes in 3,600 lines, and ten times as much of both; then the other formats that nest."""
    rows: list[Row] = []
    gc.disable()  # its own work grows with all that is alive, here several large documents
    try:
        _measure(rows)
    finally:
        gc.enable()
    return rows


def _measure(rows: list[Row]) -> None:
    spent = []
    for lines, changes in ((3_600, 100), (36_000, 1_000)):
        text = "\n".join(line for number in range(lines // _LINES) for line in service(number))
        document = cg.parse(text, "yaml")
        asked = cg.diff(document.data, changed(document.data, changes))
        parse, edit = best_of_each(
            lambda text=text: cg.parse(text, "yaml"),  # type: ignore[misc]
            lambda document=document, asked=asked: document.edit(asked),  # type: ignore[misc]
            runs=5,
        )
        spent.append(edit)
        rows.append(compare(f"edit, yaml, {lines:,} lines, {changes:,} changes", edit, parse, "one parse"))
    rows.append(compare("  ten times the lines and the changes", spent[1], spent[0], "the smaller edit"))
    for kind in ("toml", "jsonc", "json"):
        document = write(document.data, kind)
        asked = cg.diff(document.data, changed(document.data, 1_000))
        parse, edit = best_of_each(
            lambda document=document: cg.parse(document.text, document.format),  # type: ignore[misc]
            lambda document=document, asked=asked: document.edit(asked),  # type: ignore[misc]
            runs=3,
        )
        rows.append(compare(f"edit, {kind}, 1,000 changes", edit, parse, "one parse"))
