"""The least data that a schema takes, with values that a person would write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from confguard.errors import SchemaError, ValidationError
from confguard.schema.comparing.cases import SchemaCase, cases, children_of, numbers, subschemas_of
from confguard.schema.comparing.ranges import Range, as_json_number
from confguard.schema.comparing.samples import samples
from confguard.schema.comparing.texts import matching
from confguard.schema.json_export import as_json_schema, own_fields
from confguard.schema.json_validation import fits
from confguard.schema.limits import allowed
from confguard.schema.nodes import SchemaNode
from confguard.schema.schema import Schema
from confguard.schema.shape import Shape

_DEEPEST = 12
_MOST_TRIED = 400
_MOST_ELEMENTS = 100
_BY_FIELD_TYPE = {
    "ByteSize": "64MiB",
    "Cron": "0 3 * * *",
    "Duration": "30s",
    "Network": "10.0.0.0/8",
    "Port": 8080,
    "Ratio": "50%",
    "Regex": "[a-z]+",
    "Url": "https://example.com",
}
_BY_FORMAT = {
    "decimal": "1.0",
    "email": "you@example.com",
    "hostname": "example.com",
    "ipv4network": "10.0.0.0/8",
    "ipv6network": "fd00::/8",
    "ipv4interface": "10.0.0.1/8",
    "ipv6interface": "fd00::1/8",
    "path": "/some/path",
    "file-path": "/etc/hosts",
    "directory-path": "/tmp",  # noqa: S108 - an example
    "json-string": "{}",
    "uri": "https://example.com",
}


def example_data(schema: Schema[Any]) -> Any:
    """Data that the schema takes, with no more in it than must be; an attempt at it, where none is found."""
    try:
        root = as_json_schema(schema).root
        examples = list(islice(_values((root,), 0), 40))
    except (SchemaError, RecursionError):  # as where `jsonschema` is not installed
        return _placeholders(schema.shape)
    return next(
        filter(lambda data: _takes(schema, data), _tried(examples, root)), examples[0] if examples else {}
    )


def _placeholders(shape: Shape, depth: int = 0) -> dict[str, Any]:
    """What is required, with a value of its type each; bounds and rules are not looked at."""
    table = shape.whole
    required = ((key, child.whole) for key, child in own_fields(table) if table.requires(key))
    return {
        key: _placeholders(child, depth + 1)
        if child.kind == "map" and child.fields and depth < _DEEPEST
        else placeholder(child)
        for key, child in required
    }


def placeholder(shape: Shape) -> Any:
    """A value of the type that is asked for."""
    if shape.variants:
        return placeholder(shape.variants[0])
    keywords = allowed(shape)
    if "enum" in keywords:
        return keywords["enum"][0]
    if shape.kind in {"list", "map"}:
        return [] if shape.kind == "list" else {}
    if shape.field_type and shape.field_type.__name__ in _BY_FIELD_TYPE:
        return _BY_FIELD_TYPE[shape.field_type.__name__]
    kind = str(keywords.get("type"))
    if kind in {"integer", "number"}:
        return _number(keywords, kind)
    return {"boolean": False, "null": None}.get(kind, "...")


def _number(keywords: dict[str, Any], kind: str) -> float:
    """A number within bounds: the least, or the next to zero where there is none."""
    for whole in (True, False) if kind == "number" else (True,):
        allowed_range = Range.of([keywords], whole=whole)
        for near in (
            (allowed_range,) if allowed_range.low else (allowed_range.within({"minimum": 0}), allowed_range)
        ):
            for value in near:
                return float(value) if kind == "number" else int(value)
    return 0


def _tried(examples: list[Any], root: SchemaNode) -> Iterator[Any]:
    yield from examples
    yield from islice(samples((root,)), _MOST_TRIED)


def _takes(schema: Schema[Any], data: Any) -> bool:
    try:
        schema.validate(data)
    except ValidationError:
        return False
    return True


def _least(nodes: tuple[SchemaNode, ...], depth: int) -> Any:
    return next(_values(nodes, depth), None)


def _values(nodes: tuple[SchemaNode, ...], depth: int) -> Iterator[Any]:
    """Values that fit all of some schemas, the plainest first."""
    if depth > _DEEPEST:
        return
    for value in _candidates(nodes, depth):
        if all(fits(value, node) for node in nodes):
            yield value


def _candidates(nodes: tuple[SchemaNode, ...], depth: int) -> Iterator[Any]:
    allowed = cases(nodes)
    for case in sorted(allowed, key=lambda case: case.types == {"null"}):
        yield from (default for default in case.all("default") if default is not None)
        yield from (example for examples in case.all("examples") for example in examples)
        for extra in case.all("x-confguard"):
            if isinstance(extra, dict) and (field_type := str(extra.get("type"))) in _BY_FIELD_TYPE:
                yield _BY_FIELD_TYPE[field_type]
        yield from sorted(case.values or (), key=lambda value: value is None)
        for kind, make in _MAKERS.items():
            if kind in case.types and case.values is None:
                yield from make(case, depth)
    yield from islice(samples(nodes, min(depth, 3)), 60)


def _tables(case: SchemaCase, depth: int) -> Iterator[dict[str, Any]]:
    names = dict.fromkeys(name for names in case.all("required") for name in names)
    table = {name: _least(children_of(case.parts, name), depth + 1) for name in names}
    for needed in case.all("dependentRequired"):
        for name in [name for key in table for name in needed.get(key, ())]:
            table.setdefault(name, _least(children_of(case.parts, name), depth + 1))
    yield table
    known = [name for part in case.parts for name in part.properties if name not in table]
    for name in [*known, *_made_up(case, depth)]:  # as many as must be
        value = _least(children_of(case.parts, name), depth + 1)
        yield table | {name: value}
        table = {**table, name: value}
        yield table


def _made_up(case: SchemaCase, depth: int) -> Iterator[str]:
    """Keys that no schema names: such as its patterns ask for, else plain ones."""
    for part in case.parts:
        for pattern in part.patterns:
            yield from islice(matching(pattern), 3)
    if names := subschemas_of(case.parts, "propertyNames"):
        yield from (name for name in islice(_values(tuple(names), depth + 1), 8) if isinstance(name, str))
    yield from (f"key{i}" for i in range(1, min(int(case.highest("minProperties") or 0), _MOST_ELEMENTS) + 1))


def _lists(case: SchemaCase, depth: int) -> Iterator[list[Any]]:
    size = int(case.highest("minItems") or 0)
    wanted = subschemas_of(case.parts, "contains")
    for more in (0, 1):
        elements: list[Any] = []
        for i in range(min(max(size, more * max(len(wanted), 1)), _MOST_ELEMENTS)):
            element = tuple(part.element(i) for part in case.parts)
            choices = islice(_values((*element, *wanted[i : i + 1]), depth + 1), 20)
            used = elements if True in case.all("uniqueItems") else []
            elements.append(next((value for value in choices if value not in used), None))
        yield elements


def _texts(case: SchemaCase, _: int) -> Iterator[str]:
    for form in case.all("format"):
        if form in _BY_FORMAT:
            yield _BY_FORMAT[form]
    if case.all("format") or case.all("pattern"):
        yield from (value for value in islice(samples(case.parts), 40) if isinstance(value, str))
    yield "..."
    yield "x" * min(int(case.highest("minLength") or 0), 10_000)
    yield "x"


def _numbers(case: SchemaCase, _: int) -> Iterator[Any]:
    whole = "fraction" not in case.types
    kinds = ("integer",) if whole else ("integer", "fraction")
    near = [
        as_json_number(value)
        for kind in kinds
        if kind in case.types
        for value in islice(numbers(case, kind), 2)
    ]
    for value in (*case.all("minimum"), 0, 1, *near):
        if not whole:
            yield float(value) if abs(value) < 2**53 else value
        elif value == int(value):
            yield int(value)


_MAKERS: dict[str, Callable[[SchemaCase, int], Iterator[Any]]] = {
    "object": _tables,
    "array": _lists,
    "integer": _numbers,
    "fraction": _numbers,
    "string": _texts,
    "boolean": lambda case, _: iter((False, True)),
    "null": lambda case, _: iter((None,)),
}
