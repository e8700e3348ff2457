"""Editing JSON, with comments or without: only the characters of what changes are touched."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from attrs import define, field

from confguard.documents.editing.edit import Step
from confguard.documents.jsonc import blank_comments

__all__ = ["Entry", "add_between", "edit_json", "remove_between"]

_SPACE = re.compile(r"\s*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_SCALAR = re.compile(r"[^\s,\]}]+")


@define
class Entry:
    """A value's span in a text, and what is inside. `start` is where its key begins."""

    start: int
    value: int
    end: int
    inside: dict[Any, Entry] = field(factory=dict)


def edit_json(text: str, data: Any, step: Step) -> str:
    """Do one step."""
    plain = blank_comments(text)
    parent = _entry(plain, _SPACE.match(plain, 0).end())  # type: ignore[union-attr]
    for segment in step.path[:-1]:
        parent = parent.inside[segment]
    last = step.path[-1]
    if step.op == "add":
        key = f"{json.dumps(last, ensure_ascii=False)}: " if text[parent.value] == "{" else ""
        return add_between(text, parent, last, key, step.value, _rendered)
    target = parent.inside[last]
    if step.op == "remove":
        return remove_between(text, plain, parent, target)
    return text[: target.value] + _rendered(step.value, _indent_at(text, target.start)) + text[target.end :]


def add_between(
    text: str, parent: Entry, last: Any, key: str, value: Any, render: Callable[[Any, str], str]
) -> str:
    """Add to a container in brackets, where its entries stand as they stand already."""
    entries = list(parent.inside.values())
    if not entries:
        inner = f"{key}{render(value, _indent_at(text, parent.start))}"
        return text[: parent.value + 1] + inner + text[parent.end - 1 :]
    at = last if isinstance(last, int) and text[parent.value] == "[" else len(entries)
    if at > len(entries):
        raise LookupError("no position in the list")
    first = entries[0].start
    lead = text[parent.value + 1 : first]
    gap = lead if "\n" in lead and not lead.strip() else " "
    shown = key + render(value, _indent_at(text, first))
    if at < len(entries):
        return text[: entries[at].start] + shown + "," + gap + text[entries[at].start :]
    end = entries[-1].end
    return text[:end] + "," + gap + shown + text[end:]


def remove_between(text: str, plain: str, parent: Entry, target: Entry) -> str:
    """Remove from a container in brackets, with the comma that goes with it."""
    entries = list(parent.inside.values())
    at = entries.index(target)
    if at + 1 < len(entries):
        return text[: target.start] + text[entries[at + 1].start :]
    start = entries[at - 1].end if at else target.start
    end = target.end
    if not at:
        comma = re.compile(r"\s*,").match(plain, end)
        end = comma.end() if comma else end
    return text[:start] + text[end:]


def _entry(text: str, at: int, start: int | None = None) -> Entry:
    """The value at an offset of a valid text, with all that is inside."""
    made = Entry(at if start is None else start, at, at)
    close = {"{": "}", "[": "]"}.get(text[at])
    if close is None:
        found = (_STRING if text[at] == '"' else _SCALAR).match(text, at)
        made.end = found.end() if found else at + 1
        return made
    at = _skip(text, at + 1)
    while text[at] != close:
        start = at
        key: Any = len(made.inside)
        if close == "}":
            found = _STRING.match(text, at)
            key = json.loads(found.group()) if found else ""
            at = _skip(text, _skip(text, found.end() if found else at) + 1)
        made.inside[key] = _entry(text, at, start)
        at = _skip(text, made.inside[key].end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    made.end = at + 1
    return made


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _indent_at(text: str, offset: int) -> str:
    """The white space that the line of an offset begins with."""
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    return line[: len(line) - len(line.lstrip())]


def _rendered(value: Any, indent: str) -> str:
    lines = json.dumps(value, ensure_ascii=False, indent=2).split("\n")
    return ("\n" + indent).join(lines)
