"""Editing formats of one setting a line: INI, `.env` and Java properties."""

from __future__ import annotations

import re
from typing import Any

from confguard.documents.editing.edit import Step
from confguard.documents.interface import Place
from confguard.documents.registry import format_named
from confguard.documents.writing import write

__all__ = ["edit_env", "edit_ini", "edit_properties"]


def edit_env(text: str, data: Any, step: Step) -> str:
    """Do one step to a `.env` file."""
    return _edit_flat(text, step, "env")


def edit_properties(text: str, data: Any, step: Step) -> str:
    """Do one step to a properties file."""
    return _edit_flat(text, step, "properties")


def edit_ini(text: str, data: Any, step: Step) -> str:
    """Do one step to an INI file."""
    lines = text.splitlines(keepends=True)
    places = format_named("ini").places(text)
    section = step.path[0]
    if len(step.path) == 1:
        if step.op == "remove":
            start, end = _section(places, section, len(lines))
            return "".join(lines[:start] + lines[end:])
        if step.op == "add":
            return _ended(text) + ("\n" if text.strip() else "") + write({section: step.value}, "ini").text
        raise LookupError("a section is edited key by key")
    if step.op == "add":
        _, end = _section(places, section, len(lines))
        while end > 0 and not lines[end - 1].strip():
            end -= 1
        line = write({section: {step.path[1]: step.value}}, "ini").text.splitlines()[1]
        return _inserted(lines, end, line + "\n")
    return _replaced(lines, places[step.path], step, _ini_value(step))


def _section(places: dict[Any, Place], section: Any, count: int) -> tuple[int, int]:
    """The lines of a section: from its header to the next one."""
    headers = sorted(place.key.line for path, place in places.items() if len(path) == 1)
    start = places[(section,)].key.line
    following = [line for line in headers if line > start]
    return start - 1, following[0] - 1 if following else count


def _ini_value(step: Step) -> str:
    if not isinstance(step.value, str) or "\n" in step.value or step.value != step.value.strip():
        raise LookupError("an INI value is a text of one line")
    return step.value


def _edit_flat(text: str, step: Step, format: str) -> str:
    lines = text.splitlines(keepends=True)
    if len(step.path) != 1:
        raise LookupError(f"a {format} file has no tables")
    if step.op == "add":
        return _ended(text) + write({step.path[0]: step.value}, format).text
    value = ""
    if step.op == "set":
        # As the writer quotes it, without the name it puts before.
        value = re.sub(r"^.*?=[ ]?", "", write({"x": step.value}, format).text.rstrip("\n"), count=1)
    return _replaced(lines, format_named(format).places(text)[step.path], step, value)


def _replaced(lines: list[str], place: Place, step: Step, value: str) -> str:
    """The text with one line's value set, or the line removed. A value of several lines goes with all of them."""
    at = place.key.line - 1
    ending = lines[at][len(lines[at].rstrip("\r\n")) :]
    kept = [] if step.op == "remove" else [lines[at][: place.value.column - 1] + value + ending]
    if step.op == "set" and not lines[at].rstrip("\r\n")[place.value.column - 1 :] and "=" not in lines[at]:
        raise LookupError("the key stands without a value")
    return "".join(lines[:at] + kept + lines[at + 1 :])


def _inserted(lines: list[str], at: int, line: str) -> str:
    before = "".join(lines[:at])
    return _ended(before) + line + "".join(lines[at:])


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"
