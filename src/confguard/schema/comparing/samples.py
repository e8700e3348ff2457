"""Values that may fit a JSON Schema: few, simple, at its bounds. Whether they do fit is for the validator to say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

from confguard.schema.references import Node

__all__ = ["matching", "samples"]

_DEEPEST = 5
_TEXTS = ("", "a", "0", "A b", "-", "é", "x" * 20, "\n")
_FORMATS = {
    "date": "2031-02-03",
    "date-time": "2031-02-03T04:05:06Z",
    "time": "04:05:06Z",
    "duration": "P1D",
    "email": "a@example.com",
    "hostname": "example.com",
    "ipv4": "10.0.0.1",
    "ipv6": "::1",
    "regex": "a+",
    "uri": "https://example.com",
    "uuid": "12345678-1234-5678-1234-567812345678",
}


def samples(nodes: tuple[Node, ...], depth: int = 0) -> Iterator[Any]:
    """Values made from what the schemas, taken together, say; many first, so take as many as you need."""
    parts = [part for node in nodes for part in _parts(node)]
    for keywords, _ in parts:
        yield from keywords.get("enum", ())
        yield from ([keywords["const"]] if "const" in keywords else ())
    yield from _objects(parts, depth)
    yield from _arrays(parts, depth)
    yield from _texts(parts)
    yield from _numbers(parts)
    yield from (True, False, None)
    if depth < _DEEPEST:
        for keywords, node in parts:
            for union in ("anyOf", "oneOf"):
                for member in keywords.get(union, ()):
                    others = tuple(each for each in nodes if each is not node)
                    yield from islice(
                        samples((*others, _without(node, union), node.child(member)), depth + 1), 40
                    )


def _without(node: Node, keyword: str) -> Node:
    return Node({key: value for key, value in node.data.items() if key != keyword}, node.resolver, node.draft)


def _parts(node: Node, depth: int = 0) -> Iterator[tuple[dict[str, Any], Node]]:
    keywords = node.keywords
    yield keywords, node
    if depth < _DEEPEST:
        for reference in node.references:
            yield from _parts(node.target(reference), depth + 1)
        for part in keywords.get("allOf", ()):
            yield from _parts(node.child(part), depth + 1)


def _first(nodes: tuple[Node, ...], depth: int) -> Any:
    from confguard.schema.json_validation import fits

    for value in islice(samples(nodes, depth), 30):
        if all(fits(value, node) for node in nodes):
            return value
    return None


def _objects(parts: list[tuple[dict[str, Any], Node]], depth: int) -> Iterator[dict[str, Any]]:
    known: dict[str, list[Node]] = {}
    for keywords, node in parts:
        for name, child in keywords.get("properties", {}).items():
            known.setdefault(name, []).append(node.child(child))
    needed = {name: known.get(name, []) for keywords, _ in parts for name in keywords.get("required", ())}
    if depth >= _DEEPEST:
        yield from ([] if needed else [{}])
        return
    least = {name: _first(tuple(nodes), depth + 1) for name, nodes in needed.items()}
    yield least
    for name, nodes in known.items():
        if name not in least:
            yield least | {name: _first(tuple(nodes), depth + 1)}
    yield {name: _first(tuple(nodes), depth + 1) for name, nodes in known.items()}
    for name, nodes in known.items():  # other values of one key
        for value in islice(samples(tuple(nodes), depth + 2), 12):
            yield least | {name: value}
    yield least | {"other": None}
    yield least | {"other": "a"}
    yield least | {f"k{i}": i for i in range(4)}


def _arrays(parts: list[tuple[dict[str, Any], Node]], depth: int) -> Iterator[list[Any]]:
    yield []
    if depth >= _DEEPEST:
        return
    least = max([keywords.get("minItems", 0) for keywords, _ in parts], default=0)
    most = min([keywords["maxItems"] for keywords, _ in parts if "maxItems" in keywords], default=least + 2)
    elements = tuple(node.child(keywords["items"]) for keywords, node in parts if "items" in keywords)
    found = list(islice(samples(elements, depth + 2), 12)) if elements else [0, "a", 1.5, None, "b", True]
    first = [node.child(each) for keywords, node in parts for each in keywords.get("prefixItems", ())]
    begin = [_first((each,), depth + 1) for each in first]
    if max(least, most) > 100:
        return
    for size in sorted({least, most, 1, 2}):
        yield (
            [*begin, *(found[i % len(found)] for i in range(size))][: max(size, len(begin))] if found else []
        )
    yield from ([value] * max(1, least) for value in found)
    yield [*begin, *found]


def _texts(parts: list[tuple[dict[str, Any], Node]]) -> Iterator[str]:
    for keywords, _ in parts:
        if keywords.get("format") in _FORMATS:
            yield _FORMATS[keywords["format"]]
        if "pattern" in keywords:
            yield from matching(keywords["pattern"])
        for bound in ("minLength", "maxLength"):
            if 0 <= keywords.get(bound, -1) <= 1000:
                yield "a" * int(keywords[bound])
    yield from _TEXTS
    yield from _FORMATS.values()


def _numbers(parts: list[tuple[dict[str, Any], Node]]) -> Iterator[float]:
    for keywords, _ in parts:
        for bound in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"):
            if bound in keywords:
                yield from (keywords[bound], keywords[bound] + 1, keywords[bound] - 1)
    yield from (0, 1, -1, 0.5, 7, 10**6, -(10**6), 1e300)


def matching(pattern: str) -> Iterator[str]:
    """Texts that a pattern matches, at first guess: its shortest ones, and its longer ones."""
    try:
        tree = _parser.parse(pattern)
    except re.error:
        return
    for times in (0, 1, 3):
        yield _pieces(tree, times)


def _pieces(items: Any, times: int) -> str:
    return "".join(_piece(operation, argument, times) for operation, argument in items)


def _piece(operation: Any, argument: Any, times: int) -> str:
    if operation is sre.LITERAL:
        return chr(argument)
    if operation is sre.NOT_LITERAL:
        return "a" if argument != ord("a") else "b"
    if operation is sre.ANY:
        return "a"
    if operation is sre.IN:
        return next(
            (char for char in "a0A-_./: \tzé\n" if re.match(_class(argument), char)), _member(argument)
        )
    if operation is sre.BRANCH:
        branch = argument[1][times % len(argument[1])]
        return _pieces(branch, times)
    if operation is sre.SUBPATTERN:
        return _pieces(argument[-1], times)
    if operation in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        least, most, inner = argument
        count: int = max(least, min(times, int(most) if most is not sre.MAXREPEAT else times))
        return _pieces(inner, times) * min(count, 1000)
    return ""


_CATEGORIES = {
    sre.CATEGORY_DIGIT: r"\d",
    sre.CATEGORY_NOT_DIGIT: r"\D",
    sre.CATEGORY_SPACE: r"\s",
    sre.CATEGORY_NOT_SPACE: r"\S",
    sre.CATEGORY_WORD: r"\w",
    sre.CATEGORY_NOT_WORD: r"\W",
}


def _class(items: Any) -> str:
    made = ""
    for operation, argument in items:
        if operation is sre.NEGATE:
            made += "^"
        elif operation is sre.LITERAL:
            made += re.escape(chr(argument))
        elif operation is sre.RANGE:
            made += f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}"
        elif operation is sre.CATEGORY:
            made += _CATEGORIES.get(argument, "")
    return f"[{made}]"


def _member(items: Any) -> str:
    for operation, argument in items:
        if operation in (sre.LITERAL, sre.RANGE):
            return chr(argument if operation is sre.LITERAL else argument[0])
    return "a"
