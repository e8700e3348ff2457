"""Texts as the numbers and booleans that a JSON Schema asks for, as the other ways of writing schemas read them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from confguard.schema.conversion import CONVERSIONS
from confguard.schema.json_validation import fits
from confguard.schema.references import Node, as_json, key_text

__all__ = ["converted"]


def converted(data: Any, node: Node) -> Any:
    """The data with texts as numbers and booleans where those are asked for; in unions as the member that then fits."""
    if not isinstance(node.data, dict) or not isinstance(data, dict | list | str):
        return data
    keywords = node.keywords
    if isinstance(data, str):
        data = _scalar(data, keywords)
    elif isinstance(data, dict):
        data = {
            key: _through(value, _properties(key_text(key), node, keywords)) for key, value in data.items()
        }
    else:
        data = [_through(value, [_element(i, node, keywords)]) for i, value in enumerate(data)]
    data = _through(data, map(node.target, node.references))
    data = _through(data, map(node.child, keywords.get("allOf", ())))
    for union in ("anyOf", "oneOf"):
        data = _as_member(data, [node.child(member) for member in keywords.get(union, ())])
    return data


def _through(data: Any, nodes: Any) -> Any:
    for node in nodes:
        data = converted(data, node)
    return data


def _properties(key: str, node: Node, keywords: dict[str, Any]) -> Iterator[Node]:
    known, patterns = keywords.get("properties", {}), keywords.get("patternProperties", {})
    matching = [child for pattern, child in patterns.items() if re.search(pattern, key)]
    if key in known:
        yield node.child(known[key])
    yield from map(node.child, matching)
    if key not in known and not matching:
        yield node.child(keywords.get("additionalProperties", {}))


def _element(position: int, node: Node, keywords: dict[str, Any]) -> Node:
    first = keywords.get("prefixItems", ())
    return node.child(first[position] if position < len(first) else keywords.get("items", {}))


def _as_member(data: Any, members: list[Node]) -> Any:
    if not members or any(fits(as_json(data), member) for member in members):
        return data
    for member in members:
        made = converted(data, member)
        if made != data and fits(as_json(made), member):
            return made
    return data


_READERS: dict[str, Callable[[str], Any]] = {
    "integer": CONVERSIONS[int],
    "number": CONVERSIONS[float],
    "boolean": CONVERSIONS[bool],
}


def _scalar(text: str, keywords: dict[str, Any]) -> Any:
    kinds = keywords.get("type", ())
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if "string" in kinds:
        return text
    for kind in kinds:
        try:
            if kind in _READERS:
                return _READERS[kind](text)
        except ValueError:
            continue
    return text
