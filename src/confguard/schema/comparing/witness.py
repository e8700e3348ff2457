"""Values that show what is not sure: each fits the old schema, and the new one refuses it for what was said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from attrs import evolve

from confguard.paths import Path
from confguard.schema.comparing.refusal import Refusal, Refusals
from confguard.schema.comparing.samples import samples
from confguard.schema.json_validation import fits, places
from confguard.schema.nodes import SchemaNode

__all__ = ["in_doubt", "proven"]

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
