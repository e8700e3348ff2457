"""Values that may fit a JSON Schema, few, simple, at its bounds; and those of them that show what one refuses.

Whether they do fit is for the validator to say. `hints` are schemas that need not hold, whose keys, options and bounds
are worth trying: what fits one schema and not another lies where they differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, combinations, islice, product
from typing import Any

from attrs import evolve

from confguard.paths import Path
from confguard.schema.comparing.cases import (
    ALL_TYPES,
    children_of,
    parts_below,
    parts_of,
    subschemas_of,
    types_named,
)
from confguard.schema.comparing.interface import Refusal, Refusals
from confguard.schema.comparing.ranges import numbers_to_try
from confguard.schema.comparing.texts import matching, texts
from confguard.schema.json_validation import fits, places
from confguard.schema.nodes import SAME_PLACE, SchemaNode

Nodes = tuple[SchemaNode, ...]
Budget = Iterator[int]
"""How much may still be tried: schemas nest, and what is tried of each multiplies."""
_DEEPEST = 5
_MOST_SPENT = 2_000
_MENTIONED = SAME_PLACE - {"allOf"}
"""What may hold of a value beside a schema, under whatever condition."""
_MOST_KEYS = 8
"""Of how many keys each two are tried together."""


def samples(nodes: Nodes, depth: int = 0, hints: Nodes = (), budget: Budget | None = None) -> Iterator[Any]:
    """Values made from what the schemas, taken together, say; many first, so take as many as you need."""
    budget = budget or iter(range(_MOST_SPENT))
    if next(budget, None) is None:
        return
    parts = [part for node in nodes for part in parts_of(node)]
    hinting = [*parts, *(part for node in hints for part in parts_below(node, _MENTIONED, _DEEPEST - depth))]
    types = ALL_TYPES
    for part in parts:
        types &= types_named(part.keywords.get("type"))
    for part in hinting:
        yield from part.keywords.get("enum", ())
        yield from ([part.keywords["const"]] if "const" in part.keywords else ())
    kinds: list[Iterable[Any]] = [
        _Tables(parts, hinting, depth, budget).all() if "object" in types else (),
        _arrays(parts, hinting, depth, budget) if "array" in types else (),
        texts(part.keywords for part in hinting) if "string" in types else (),
        numbers_to_try([part.keywords for part in hinting]) if types & {"integer", "fraction"} else (),
        (True, False) if "boolean" in types else (),
        (None,) if "null" in types else (),
    ]
    yield from _by_turns(kinds)
    if depth < _DEEPEST:
        yield from _of_members(nodes, parts, hints, depth, budget)


def _by_turns(kinds: Iterable[Iterable[Any]]) -> Iterator[Any]:
    """One of each kind after another, so that the first few are of all kinds."""
    waiting = list(map(iter, kinds))
    while waiting:
        for each in list(waiting):
            try:
                yield next(each)
            except StopIteration:
                waiting.remove(each)


def _of_members(
    nodes: Nodes, parts: list[SchemaNode], hints: Nodes, depth: int, budget: Budget
) -> Iterator[Any]:
    """Values for each member of a union, and for what holds under a condition."""
    for part in parts:
        node, keywords = part, part.keywords
        others = tuple(each for each in nodes if each is not node)
        for union in ("anyOf", "oneOf"):
            for member in keywords.get(union, ()):
                below = (*others, _without(node, union), node.child(member))
                yield from islice(samples(below, depth + 1, hints, budget), 40)
        if "if" in keywords:
            below = (*nodes, node.child(keywords["if"]), node.child(keywords.get("then", True)))
            yield from islice(
                samples((*others, _without(node, "if"), *below[len(nodes) :]), depth + 1, hints, budget), 40
            )


def _without(node: SchemaNode, keyword: str) -> SchemaNode:
    return SchemaNode(
        {key: value for key, value in node.data.items() if key != keyword}, node.resolver, node.draft
    )


def _first(nodes: Nodes, depth: int, budget: Budget) -> Any:
    return next(_fitting(nodes, depth, 1, budget), None)


def _fitting(nodes: Nodes, depth: int, most: int, budget: Budget, hints: Nodes = ()) -> Iterator[Any]:
    """The first few values that do fit."""
    tried = islice(samples(nodes, depth, hints, budget), 60 if hints else 30)
    return islice(
        (
            value
            for value in tried
            if next(budget, None) is not None and all(fits(value, node) for node in nodes)
        ),
        most,
    )


def _telling(nodes: Nodes, others: Nodes, depth: int, budget: Budget) -> list[Any]:
    """A few values that fit, first those that others do not take."""
    values = list(_fitting(nodes, depth, 9, budget, others if len(others) > 1 else ()))
    return sorted(values, key=lambda value: all(fits(value, node) for node in others))[:3]


class _Tables:
    """Tables of the keys that are known, alone and two together."""

    def __init__(
        self, parts: list[SchemaNode], hinting: list[SchemaNode], depth: int, budget: Budget
    ) -> None:
        self.parts, self.hinting, self.depth, self.budget = parts, hinting, depth, budget
        self.values: dict[str, Any] = {}

    def all(self) -> Iterator[dict[str, Any]]:
        needed = dict.fromkeys(name for part in self.parts for name in part.keywords.get("required", ()))
        if self.depth >= _DEEPEST:
            yield from ([] if needed else [{}])
            return
        least = {name: self.value(name) for name in needed}
        yield least
        known = list(dict.fromkeys(self.named(self.parts)))
        hinted = list(dict.fromkeys(self.named(self.hinting)))
        made_up = list(dict.fromkeys(self.made_up()))
        yield from (least | {name: self.value(name)} for name in hinted if name not in least)
        full = least | {name: self.value(name) for name in known}
        yield full
        yield from ({key: full[key] for key in full if key != name} for name in full if name not in least)
        yield from (least | {name: self.value(name)} for name in made_up)
        for name in [*hinted, *made_up]:  # other values of one key
            yield from (least | {name: value} for value in self.choices(name, 12 if self.depth < 2 else 4))
        yield from (least | {"other": value} for value in (None, "a", self.value("other")))
        yield least | {f"k{i}": i for i in range(4)}
        if self.depth < 3:
            yield from self.pairs(least, hinted)

    def pairs(self, least: dict[str, Any], names: list[str]) -> Iterator[dict[str, Any]]:
        for one, other in combinations(sorted(names, key=self.rank)[:_MOST_KEYS], 2):
            for first, second in product(self.choices(one, 5), self.choices(other, 5)):
                yield least | {one: first, other: second}

    def rank(self, name: str) -> int:
        """Keys of which a condition tells come first."""
        conditional = [part for part in self.hinting if part not in self.parts]
        return -sum(name in self.named([part]) for part in conditional)

    def named(self, parts: Iterable[SchemaNode]) -> Iterator[str]:
        for part in parts:
            yield from part.properties
            yield from part.keywords.get("required", ())
            yield from part.renamed
            for name, others in part.keywords.get("dependentRequired", {}).items():
                yield from (name, *others)
            yield from part.keywords.get("dependentSchemas", ())

    def made_up(self) -> Iterator[str]:
        """Keys such as the schemas' patterns are about."""
        for part in self.hinting:
            for pattern in part.patterns:
                yield from matching(pattern)
        if names := subschemas_of(self.hinting, "propertyNames"):
            names_fitting = islice(samples((), self.depth + 1, tuple(names), self.budget), 30)
            yield from (name for name in names_fitting if isinstance(name, str))

    def below(self, parts: list[SchemaNode], name: str) -> Nodes:
        return tuple(node for node in children_of(parts, name) if node.data is not True and node.data != {})

    def value(self, name: str) -> Any:
        if name not in self.values:
            self.values[name] = _first(self.below(self.parts, name), self.depth + 1, self.budget)
        return self.values[name]

    def choices(self, name: str, most: int) -> Iterator[Any]:
        nodes, hints = self.below(self.parts, name), self.below(self.hinting, name)
        return _fitting(nodes, self.depth + 2, most, self.budget, hints)


def _arrays(
    parts: list[SchemaNode], hinting: list[SchemaNode], depth: int, budget: Budget
) -> Iterator[list[Any]]:
    yield []
    if depth >= _DEEPEST:
        return
    least = int(max([part.keywords.get("minItems", 0) for part in parts], default=0))
    most = min(
        [part.keywords["maxItems"] for part in parts if "maxItems" in part.keywords], default=least + 2
    )
    most = int(most)
    if max(least, most) > 100:
        return
    first = max([len(part.keywords.get("prefixItems", ())) for part in hinting], default=0)
    nodes = tuple(part.element(first) for part in parts)
    nodes = tuple(node for node in nodes if node.data is not True and node.data != {})
    hints = tuple(subschemas_of(hinting, "items", "contains"))
    wanted = [value for hint in hints for value in _telling((*nodes, hint), hints, depth + 2, budget)]
    general = (
        samples(nodes, depth + 2, hints, budget) if nodes or hints else iter([0, "a", 1.5, None, "b", True])
    )
    elements = _different([*wanted, *islice(general, 12)])
    begin = [_first(tuple(part.element(i) for part in parts), depth + 1, budget) for i in range(first)]
    others = [value for value in elements if value not in begin] or elements
    for size in sorted({least, most, 1, 2, *_sizes(hinting)}):
        more = [others[i % len(others)] for i in range(size)] if others else []
        yield [*begin, *more][: max(size, len(begin))] if others else []
    yield from ([value] * size for value in elements for size in sorted({max(1, least), *_sizes(hinting)}))
    yield [*begin, *elements]


def _different(values: list[Any]) -> list[Any]:
    """The values, each once."""
    unique: list[tuple[bool, Any]] = []
    for value in values:
        if (isinstance(value, bool), value) not in unique:
            unique.append((isinstance(value, bool), value))
    return [value for _, value in unique]


def _sizes(parts: list[SchemaNode]) -> Iterator[int]:
    """Sizes at the bounds that are mentioned, and beyond."""
    for part in parts:
        for keyword in ("minItems", "maxItems", "minContains", "maxContains"):
            bound = int(part.keywords.get(keyword, -1))
            yield from (size for size in (bound - 1, bound, bound + 1) if bound >= 0 and 0 <= size <= 20)


_MOST_TRIED = 1_500
_MOST_SHOWN = 60
"""After how many witnesses it is no longer asked what else they show."""


def in_doubt(refusals: Refusals) -> bool:
    """Is there anything that a witness would make sure?"""
    return any(_open(refusal) for refusal in refusals)


def proven(refusals: Refusals, old: tuple[SchemaNode, ...], new: SchemaNode) -> Refusals:
    """The refusals, those for which a witness is found soon as sure, with it."""
    result = list(refusals)
    for value in islice(_witnesses(refusals, old, new), _MOST_SHOWN):
        for path, keywords in places(value, new):
            if any(each.by_chance and _leads(each.path, path) for each in result):
                continue
            result = _shown(result, value, path, keywords)
        if not in_doubt(result):
            break
    return result


def _open(refusal: Refusal) -> bool:
    return not refusal.sure and not refusal.by_chance


def _witnesses(refusals: Refusals, old: tuple[SchemaNode, ...], new: SchemaNode) -> Iterator[Any]:
    try:
        for value in chain(_planted(refusals, old), islice(samples(old, hints=(new, *old)), _MOST_TRIED)):
            if not fits(value, new) and all(fits(value, node) for node in old):
                yield value
    except (RecursionError, ArithmeticError, ValueError, TypeError):
        return


def _planted(refusals: Refusals, old: tuple[SchemaNode, ...]) -> Iterator[Any]:
    """What was found to show it further down, in a few tables that fit the old schema."""
    witnesses = [each.shown_by[0] for each in refusals if _open(each) and each.shown_by][:_MOST_SHOWN]
    around = [value for value in islice(samples(old), 4) if witnesses and isinstance(value, dict)]
    yield from ({**table, **value} for value in witnesses for table in around if isinstance(value, dict))


def _shown(refusals: Refusals, value: Any, path: Path, keywords: tuple[str, ...]) -> Refusals:
    """The refusals, of which a value that the new schema refuses at a path shows some; if no other, the nearest."""
    shows = [_open(each) and _is_shown(each, path, keywords) for each in refusals]
    if not any(shows) and not any(each.sure and _leads(each.path, path) for each in refusals):
        near = [i for i, each in enumerate(refusals) if _open(each) and _leads(each.path, path)]
        if near:
            shows[max(near, key=lambda i: len(refusals[i].path))] = True
    return [
        evolve(each, sure=True, example=_value_if_any(value, path[: len(each.path)]), shown_by=(value,))
        if shown
        else each
        for each, shown in zip(refusals, shows, strict=True)
    ]


_BRANCHES = {"if": {"then", "else"}}
"""What stands for a keyword in the way to what is wrong."""
_OF_MISSING = {"required", "dependentRequired", "dependencies"}


def _is_shown(refusal: Refusal, path: Path, keywords: tuple[str, ...]) -> bool:
    if not _leads(refusal.path, path):
        return False
    if refusal.keyword:
        return not _BRANCHES.get(refusal.keyword, {refusal.keyword}).isdisjoint(keywords)
    missing = bool(keywords) and keywords[-1] in _OF_MISSING
    return len(refusal.path) == len(path) and missing == (refusal.code in {"CS102", "CS103"})


def _leads(above: Path, path: Path) -> bool:
    """Does a path, in which `*` is any step and `/.../` a pattern of keys, lead to another one, or towards it?"""
    return len(above) <= len(path) and all(map(_same_step, above, path))


def _same_step(step: Any, actual: Any) -> bool:
    if step in ("*", actual):
        return True
    pattern = isinstance(step, str) and len(step) > 2 and step[0] == step[-1] == "/"
    try:
        return pattern and isinstance(actual, str) and bool(re.search(step[1:-1], actual))
    except re.error:
        return False


def _value_if_any(value: Any, path: Path) -> tuple[Any] | None:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None  # what is missing
    return (value,)
