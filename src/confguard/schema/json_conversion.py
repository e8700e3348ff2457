"""Texts of formats that have no other values, as the numbers and booleans that a JSON Schema asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from attrs import frozen

from confguard.paths import Path
from confguard.schema.interface import Untyped
from confguard.schema.json_validation import fits
from confguard.schema.nodes import SchemaNode
from confguard.schema.references import as_json, key_text
from confguard.schema.scalars import CONVERSIONS

__all__ = ["converted"]


def converted(data: Any, node: SchemaNode, untyped: Untyped) -> Any:
    """The data with texts as numbers and booleans where those are asked for; in unions as the member that then fits.

    A text whose source might have held a number is a text: `untyped` tells of the others.
    """
    return _Reader(untyped).of(data, node, ())


@frozen
class _Reader:
    untyped: Untyped

    def of(self, data: Any, node: SchemaNode, path: Path) -> Any:
        if not isinstance(node.data, dict) or not isinstance(data, dict | list | str):
            return data
        keywords = node.keywords
        if isinstance(data, str):
            data = _scalar(data, keywords) if self.untyped(path) else data
        elif isinstance(data, dict):
            data = {
                key: self.through(value, _properties(key_text(key), node, keywords), (*path, key))
                for key, value in data.items()
            }
        else:
            data = [
                self.through(value, [_element(i, node, keywords)], (*path, i)) for i, value in enumerate(data)
            ]
        data = self.through(data, map(node.target, node.references), path)
        data = self.through(data, map(node.child, keywords.get("allOf", ())), path)
        for union in ("anyOf", "oneOf"):
            data = self.as_member(data, [node.child(member) for member in keywords.get(union, ())], path)
        return data

    def through(self, data: Any, nodes: Iterable[SchemaNode], path: Path) -> Any:
        for node in nodes:
            data = self.of(data, node, path)
        return data

    def as_member(self, data: Any, members: list[SchemaNode], path: Path) -> Any:
        if not members or any(fits(as_json(data), member) for member in members):
            return data
        for member in members:
            member_data = self.of(data, member, path)
            if member_data != data and fits(as_json(member_data), member):
                return member_data
        return data


def _properties(key: str, node: SchemaNode, keywords: dict[str, Any]) -> Iterator[SchemaNode]:
    known, patterns = keywords.get("properties", {}), keywords.get("patternProperties", {})
    matching = [child for pattern, child in patterns.items() if re.search(pattern, key)]
    if key in known:
        yield node.child(known[key])
    yield from map(node.child, matching)
    if key not in known and not matching:
        yield node.child(keywords.get("additionalProperties", {}))


def _element(position: int, node: SchemaNode, keywords: dict[str, Any]) -> SchemaNode:
    first = keywords.get("prefixItems", ())
    return node.child(first[position] if position < len(first) else keywords.get("items", {}))


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
