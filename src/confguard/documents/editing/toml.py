"""Editing TOML, by tomlkit."""

from __future__ import annotations

from typing import Any

from confguard.documents.editing.edit import Step

__all__ = ["edit_toml"]


def edit_toml(text: str, data: Any, step: Step) -> str:
    """Do one step."""
    import tomlkit

    document = tomlkit.parse(text)
    parent: Any = document
    for segment in step.path[:-1]:
        parent = parent[segment]
    last: Any = step.path[-1]
    if step.op == "remove":
        del parent[last]
    elif step.op == "add" and isinstance(parent, list):
        parent.insert(last, tomlkit.item(step.value))
    else:
        parent[last] = step.value
    return tomlkit.dumps(document)
