"""Data held against a JSON Schema: `jsonschema`'s validators with what they lack, and their errors told anew."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import cache
from math import isfinite
from typing import Any

from attrs import frozen

from confguard.errors import brief
from confguard.paths import Path
from confguard.schema.bounds import WORDS, listed
from confguard.schema.conversion import CONVERSIONS
from confguard.schema.formats import LONGEST_TEXT, Pattern, as_json, fits_format
from confguard.schema.interface import Failure, Untyped
from confguard.schema.nodes import Dialect, SchemaNode
from confguard.schema.problems import unknown_key
from confguard.texts import in_number
from confguard.values import key_text


def fits(data: Any, node: SchemaNode) -> bool:
    """Does data, as JSON has it, fit a schema?"""
    return next(iter(_validator(node).iter_errors(data)), None) is None


def places(data: Any, node: SchemaNode) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Where data does not fit a schema, and by which keywords, the last of which says so."""
    waiting = list(_validator(node).iter_errors(data))
    while waiting:
        error = waiting.pop(0)
        steps = tuple(step for step in error.absolute_schema_path if isinstance(step, str))
        yield tuple(error.absolute_path), steps
        waiting += error.context


def problems(data: Any, node: SchemaNode) -> list[Failure]:
    """What is wrong with data, as JSON has it: where, what, and the value there."""
    try:
        failures = [problem for error in _validator(node).iter_errors(data) for problem in _failures(error)]
    except RecursionError:
        return [((), "is nested too deep to be checked", None)]
    return list({(path, message): (path, message, value) for path, message, value in failures}.values())


def _validator(node: SchemaNode) -> Any:
    return _kind(node.draft)(node.data, _resolver=node.resolver)


@cache
def _kind(draft: Dialect) -> Any:
    import jsonschema
    from jsonschema.validators import extend

    base: Any = getattr(jsonschema, draft.validator)
    changed = {
        "additionalProperties": _additional_properties,
        "format": _format,
        "multipleOf": _multiple_of,
        "pattern": _pattern,
        "propertyNames": _property_names,
        "uniqueItems": _unique_items,
    }
    if draft.year > 3:
        changed["required"] = _required
    changed = {keyword: check for keyword, check in changed.items() if keyword in base.VALIDATORS}
    if draft.year > 7:  # which have other words for it, and schemas that still use this one
        changed["dependencies"] = jsonschema.Draft7Validator.VALIDATORS["dependencies"]
    checker = base.TYPE_CHECKER.redefine("number", _is_number)
    return extend(base, changed, type_checker=checker)  # type: ignore[no-untyped-call]


def _is_number(_: Any, value: Any) -> bool:
    """Is this one of JSON's numbers? It has no infinity, and what is not a number compares to no bound."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and (isinstance(value, int) or isfinite(value))
    )


def _error(message: str, **more: Any) -> Any:
    from jsonschema import ValidationError

    return ValidationError(message, **more)


def _additional_properties(validator: Any, allowed: Any, value: Any, schema: Any) -> Iterator[Any]:
    if not validator.is_type(value, "object"):
        return
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for key, child in value.items():
        if key in known or any(re.search(pattern, key) for pattern in patterns):
            continue
        if allowed is False:
            yield _error(unknown_key(key, known), path=[key])
        else:
            yield from validator.descend(child, allowed, path=key)


def _format(validator: Any, form: Any, value: Any, schema: Any) -> Iterator[Any]:
    if not fits_format(value, form):
        yield _error("")


def _multiple_of(validator: Any, of: Any, value: Any, schema: Any) -> Iterator[Any]:
    if validator.is_type(value, "number") and (exact(value) / exact(of)).denominator != 1:
        yield _error("")


def exact(number: float) -> Fraction:
    """A number as it is written.

    >>> exact(0.3)
    Fraction(3, 10)
    """
    return Fraction(number) if isinstance(number, int) else Fraction(repr(number))


def _pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[Any]:
    if not validator.is_type(value, "string"):
        return
    if len(value) > LONGEST_TEXT:
        yield _error(f"is longer than {LONGEST_TEXT:,} characters, the most that a pattern is tried on")
    elif not re.search(pattern, value):
        yield _error("")


def _property_names(validator: Any, names: Any, value: Any, schema: Any) -> Iterator[Any]:
    if validator.is_type(value, "object"):
        for key in value:
            yield from validator.descend(key, names, path=key)


def _unique_items(validator: Any, unique: Any, value: Any, schema: Any) -> Iterator[Any]:
    if not unique or not validator.is_type(value, "array"):
        return
    positions: dict[Any, int] = {}
    for i, element in enumerate(value):
        first = positions.setdefault(_canonical(element), i)
        if first != i:
            yield _error(f"is the same as element {first + 1}, and each may be there once", path=[i])


def _canonical(value: Any) -> Any:
    """What is equal for two values that JSON Schema takes for equal, and for no others."""
    if isinstance(value, dict):
        return "map", frozenset((key, _canonical(child)) for key, child in value.items())
    if isinstance(value, list):
        return "list", tuple(map(_canonical, value))
    return isinstance(value, bool), value


def _required(validator: Any, names: Any, value: Any, schema: Any) -> Iterator[Any]:
    if validator.is_type(value, "object"):
        for name in names:
            if name not in value:
                yield _error("required, but missing", path=[name])


_OWN = {"additionalProperties", "pattern", "uniqueItems", "required"}
"""Keywords whose checks say here what is wrong, where their error has a message."""
_PHRASES = {keyword: f"expected {words}" for keyword, words in WORDS.items()} | {
    "divisibleBy": "expected a multiple of {}",
    "minContains": "expected at least {} elements that fit `contains`",
    "maxContains": "expected at most {} elements that fit `contains`",
    "format": "expected a valid {}",
    "pattern": "does not match the pattern {!r}",
    "contains": "expected an element that fits `contains`",
    "not": "is what the schema excludes with `not`",
    "oneOf": "fits more than one of the alternatives, and one alone may fit",
    "items": "has more elements than the schema knows",
    "additionalItems": "has more elements than the schema knows",
    "unevaluatedItems": "has more elements than the schema knows",
}


def _failures(error: Any) -> Iterator[Failure]:
    path, keyword, expected = tuple(error.absolute_path), error.validator, error.validator_value
    if error.context and keyword in {"anyOf", "oneOf", "type"}:
        yield from _best(error)
        return
    value = None if error.message == "required, but missing" else error.instance
    if keyword in _OWN and error.message:
        yield path, error.message, None
    elif keyword == "type":
        kinds = expected if isinstance(expected, list) else [expected]
        yield path, "expected a valid " + listed(str(kind) for kind in kinds), value
    elif keyword == "enum":
        yield path, "expected " + listed(brief(repr(option), 60) for option in expected), value
    elif keyword == "const":
        yield path, f"expected {brief(repr(expected), 60)}", value
    elif keyword in {"dependentRequired", "dependencies"}:
        for key, needed in expected.items():
            missing = [
                name for name in _names(needed) if key in error.instance and name not in error.instance
            ]
            yield from (((*path, name), f"required beside '{key}', but missing", None) for name in missing)
    elif keyword == "unevaluatedProperties":
        named = [key for key in error.instance if repr(key) in error.message]
        yield from (
            ((*path, key), "unknown key: no part of the schema that fits names it", None) for key in named
        )
    elif keyword is None or (keyword == "not" and expected in ({}, True)):
        yield path, "nothing is allowed here", value
    else:
        shown = expected.written if isinstance(expected, Pattern) else expected
        phrase = _PHRASES.get(keyword, f"does not fit the schema's `{keyword}`")
        yield path, in_number(phrase.format(brief(str(shown), 200) if keyword != "pattern" else shown)), value


def _names(needed: Any) -> list[str]:
    return [needed] if isinstance(needed, str) else needed if isinstance(needed, list) else []


def _best(error: Any) -> Iterator[Failure]:
    """What was meant: the alternative of the right kind, with the right tag, with the fewest mistakes."""
    branches: dict[Any, list[Any]] = {}
    for each in error.context:
        branches.setdefault(next(iter(each.relative_schema_path), None), []).append(each)
    depth = len(error.absolute_path)
    alike = [
        errors for errors in branches.values() if not any(_is_about(each, depth, _KINDS) for each in errors)
    ]
    tagged = [errors for errors in alike if not any(_is_about(each, depth + 1, _TAGS) for each in errors)]
    if tagged:
        chosen = min(tagged, key=lambda errors: (len(errors), -max(len(e.absolute_path) for e in errors)))
        yield from (problem for each in chosen for problem in _failures(each))
    elif alike:
        told_apart = (each for errors in alike for each in errors if _is_about(each, depth + 1, _TAGS))
        yield from _merged(told_apart)
    else:
        of_kind = [
            errors
            for errors in branches.values()
            if not any(_is_about(each, depth, {"type"}) for each in errors)
        ]
        yield from _merged(errors[0] for errors in of_kind or branches.values())


_TAGS = {"const", "enum"}
"""By which a key has one value for each alternative, such as `kind`, where they stand one step down."""
_KINDS = {"type", *_TAGS}


def _is_about(error: Any, depth: int, keywords: set[str]) -> bool:
    return error.validator in keywords and len(error.absolute_path) == depth


def _merged(errors: Iterable[Any]) -> Iterator[Failure]:
    """One problem for what several alternatives say of one place."""
    by_path: dict[Path, list[Failure]] = {}
    for error in errors:
        for problem in _failures(error):
            by_path.setdefault(problem[0], []).append(problem)
    for path, group in by_path.items():
        words = list(dict.fromkeys(message for _, message, _ in group))
        if all(word.startswith("expected ") for word in words):
            short = (word.removeprefix("expected ").removeprefix("a valid ") for word in words)
            valid = "a valid " if all(word.startswith("expected a valid ") for word in words) else ""
            yield path, f"expected {valid}{listed(short)}", group[0][2]
        else:
            yield path, "; or ".join(words), group[0][2]


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
                key: self.through(value, node.children(key_text(key)), (*path, key))
                for key, value in data.items()
            }
        else:
            data = [self.through(value, [node.element(i)], (*path, i)) for i, value in enumerate(data)]
        data = self.through(data, node.parts, path)
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
