"""Hypothesis strategies: JSON Schemas, values for them, and changes of a schema that only let more in."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

NAMES = ["a", "b", "kind"]
PATTERNS = ["^a", "^[ab]$", "b", "^x-"]
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 6),
    st.sampled_from([0.5, 1.5, -2.5]),
    st.sampled_from(["", "a", "b", "ab", "xyz", "2031-02-03", "10.0.0.1"]),
)
TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]
bounds = st.integers(-2, 5)
sizes = st.integers(0, 3)


def values(depth: int = 3) -> st.SearchStrategy[Any]:
    """Any value, of few names and numbers."""
    if depth == 0:
        return scalars
    return st.one_of(
        scalars,
        st.lists(st.deferred(lambda: values(depth - 1)), max_size=3),
        st.dictionaries(
            st.sampled_from([*NAMES, "x-1", "c"]), st.deferred(lambda: values(depth - 1)), max_size=3
        ),
    )


@st.composite
def schemas(draw: st.DrawFn, depth: int = 3) -> Any:
    """A JSON Schema of any of the keywords that are compared."""
    if depth == 0 or draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from([True, {}, False, {"type": "integer"}, {"type": "string"}]))
    made: dict[str, Any] = {}
    below = schemas(depth - 1)
    options: dict[str, st.SearchStrategy[Any]] = {
        "type": st.sampled_from(TYPES)
        | st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True),
        "enum": st.lists(values(1), min_size=1, max_size=3),
        "const": values(1),
        "minimum": bounds,
        "maximum": bounds,
        "exclusiveMinimum": bounds,
        "exclusiveMaximum": bounds,
        "multipleOf": st.sampled_from([1, 2, 3, 0.5]),
        "minLength": sizes,
        "maxLength": sizes,
        "pattern": st.sampled_from(PATTERNS),
        "format": st.sampled_from(["date", "ipv4", "color"]),
        "minItems": sizes,
        "maxItems": sizes,
        "uniqueItems": st.booleans(),
        "items": below,
        "prefixItems": st.lists(below, min_size=1, max_size=2),
        "contains": below,
        "properties": st.dictionaries(st.sampled_from(NAMES), below, max_size=3),
        "patternProperties": st.dictionaries(st.sampled_from(PATTERNS), below, max_size=1),
        "additionalProperties": st.just(False) | below,
        "propertyNames": st.sampled_from([{"maxLength": 1}, {"enum": ["a", "b"]}, {"pattern": "^[ab]"}]),
        "required": st.lists(st.sampled_from(NAMES), max_size=2, unique=True),
        "minProperties": sizes,
        "maxProperties": sizes,
        "dependentRequired": st.dictionaries(
            st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=2, unique=True), max_size=1
        ),
        "dependentSchemas": st.dictionaries(st.sampled_from(NAMES), below, max_size=1),
        "allOf": st.lists(below, min_size=1, max_size=2),
        "anyOf": st.lists(below, min_size=1, max_size=3),
        "oneOf": st.lists(below, min_size=1, max_size=3),
        "not": below,
        "if": below,
        "then": below,
        "else": below,
        "unevaluatedProperties": st.just(False) | below,
        "unevaluatedItems": st.just(False),
        "$ref": st.sampled_from(["#/$defs/one", "#/$defs/two"]),
    }
    for keyword in draw(st.lists(st.sampled_from(sorted(options)), min_size=1, max_size=4, unique=True)):
        made[keyword] = draw(options[keyword])
    return made


@st.composite
def roots(draw: st.DrawFn) -> dict[str, Any]:
    """A whole schema, with definitions that refer to themselves further down only."""
    made = draw(schemas())
    loop = {"properties": {"a": {"$ref": "#/$defs/one"}}}
    definitions = {"one": {**loop, **draw(st.sampled_from([{}, {"type": "object"}, {"required": ["b"]}]))}}
    definitions["two"] = draw(
        st.sampled_from([{"type": "integer"}, {"type": ["string", "null"]}, {"minimum": 1}])
    )
    body = made if isinstance(made, dict) else {"allOf": [made]}
    return {**body, "$defs": definitions}


_REGIONS = ["eu", "us", "ap", "e", "x1", "x12"]
_FORMS = ["^[a-z]+$", "^e", "^[a-z]{1,2}$", "^(eu|us)$", "^x[0-9]+$", "^eu$"]


def _strings() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {},
        optional={
            "enum": st.lists(st.sampled_from(_REGIONS), min_size=1, max_size=4, unique=True),
            "const": st.sampled_from(_REGIONS),
            "pattern": st.sampled_from(_FORMS),
            "minLength": sizes,
            "maxLength": st.integers(1, 3),
        },
    ).map(lambda made: {key: made[key] for key in list(made)[:3]})


def _numbers() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"type": st.sampled_from(["integer", "number"])},
        optional={
            "enum": st.lists(st.integers(0, 6), min_size=1, max_size=5, unique=True),
            "minimum": st.integers(0, 6),
            "exclusiveMaximum": st.integers(2, 9),
            "multipleOf": st.sampled_from([0.5, 1, 2, 3]),
        },
    )


def maps() -> st.SearchStrategy[dict[str, Any]]:
    """A table of which keys and values are constrained by more than one keyword."""
    values = _strings().map(lambda made: {"type": "string", **made}) | _numbers()
    return st.fixed_dictionaries(
        {"type": st.just("object"), "additionalProperties": values},
        optional={
            "propertyNames": _strings() | st.just(False),
            "patternProperties": st.dictionaries(st.sampled_from(_FORMS), values, max_size=1),
            "maxProperties": st.integers(1, 3),
        },
    )


def documents(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Tables that may fit what `maps` makes."""
    names = schema.get("propertyNames") or {}
    known = names.get("enum", _REGIONS)
    texts = st.sampled_from([*_REGIONS, "", "abc"])
    values = texts | st.integers(-1, 9) | st.sampled_from([0.5, 1.5, 2.5])
    return st.dictionaries(st.sampled_from(known), values, min_size=1, max_size=3) | st.dictionaries(
        texts, values, max_size=1
    )


@st.composite
def fitting(draw: st.DrawFn, schema: Any, root: Any, depth: int = 4) -> Any:
    """A value that is likely to fit a schema: guided by its first keywords."""
    if not isinstance(schema, dict) or depth == 0 or draw(st.integers(0, 11)) == 0:
        return draw(values(2))
    if "enum" in schema:
        return draw(st.sampled_from(schema["enum"]))
    if "const" in schema:
        return schema["const"]
    if "$ref" in schema:
        return draw(fitting(root["$defs"][schema["$ref"].rpartition("/")[2]], root, depth - 1))
    for union in ("anyOf", "oneOf", "allOf"):
        if union in schema and draw(st.booleans()):
            return draw(fitting(draw(st.sampled_from(schema[union])), root, depth - 1))
    objects = {"properties", "required", "patternProperties", "additionalProperties", "propertyNames"}
    kinds = schema.get(
        "type", "object" if objects & schema.keys() else "array" if "items" in schema else None
    )
    kind = draw(st.sampled_from(kinds if isinstance(kinds, list) else [kinds]))
    if kind == "object":
        return draw(_table(schema, root, depth))
    if kind == "array":
        size = draw(st.integers(schema.get("minItems", 0), max(schema.get("minItems", 0), 2)))
        return [draw(fitting(schema.get("items", {}), root, depth - 1)) for _ in range(size)]
    if kind in ("integer", "number"):
        low = schema.get("minimum", schema.get("exclusiveMinimum", -3))
        return draw(st.integers(low - 1, low + 5))
    if kind == "string":
        return draw(st.text("abx", min_size=min(3, schema.get("minLength", 0)), max_size=3))
    return draw(values(2))


@st.composite
def _table(draw: st.DrawFn, schema: dict[str, Any], root: Any, depth: int) -> dict[str, Any]:
    known = schema.get("properties", {})
    names = draw(st.lists(st.sampled_from([*known, *NAMES, "x-1"]), max_size=3, unique=True))
    others = schema.get("additionalProperties", {})
    if others is False:
        names = [name for name in names if name in known]
    return {
        name: draw(fitting(known.get(name, others), root, depth - 1))
        for name in dict.fromkeys([*schema.get("required", []), *names])
    }


def looser(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema that one change makes of another, and that takes all that it takes, and more.

    None where there is `unevaluated...`: what is taken away there was evaluated, and is not then.
    """
    if "unevaluated" in str(schema):
        return
    for place in _places(schema):
        for name, change in _LOOSER.items():
            made = copy.deepcopy(schema)
            node: Any = made
            for step in place:
                node = node[step]
            if isinstance(node, dict) and change(node):
                yield f"{name} at {place}", made


def _places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if not isinstance(node, dict):
        return
    yield path
    for keyword in ("items", "additionalProperties"):
        yield from _places(node.get(keyword), (*path, keyword))
    for keyword in ("properties", "patternProperties"):
        for name, child in node.get(keyword, {}).items():
            yield from _places(child, (*path, keyword, name))
    for keyword in ("allOf", "anyOf", "prefixItems"):
        for i, child in enumerate(node.get(keyword, [])):
            yield from _places(child, (*path, keyword, i))


def _dropped(*keywords: str) -> Callable[[dict[str, Any]], bool]:
    def change(node: dict[str, Any]) -> bool:
        return bool([node.pop(keyword) for keyword in keywords if keyword in node])

    return change


def _moved(keyword: str, by: float) -> Callable[[dict[str, Any]], bool]:
    def change(node: dict[str, Any]) -> bool:
        if keyword in node:
            node[keyword] = max(node[keyword] + by, 0 if "Length" in keyword or "Items" in keyword else -99)
        return keyword in node

    return change


def _more(keyword: str, added: Any) -> Callable[[dict[str, Any]], bool]:
    def change(node: dict[str, Any]) -> bool:
        if keyword not in node:
            return False
        known = node[keyword] if isinstance(node[keyword], list) else [node[keyword]]
        if added in known or (keyword == "type" and added == "integer" and "number" in known):
            return False
        node[keyword] = [*known, added]
        return True

    return change


def _optional_key(node: dict[str, Any]) -> bool:
    if (
        node.get("additionalProperties") is not False
        or "patternProperties" in node
        or "maxProperties" in node
    ):
        return False
    if "added" in node.get("properties", {}):
        return False
    node["properties"] = {**node.get("properties", {}), "added": {"type": "integer"}}
    return True


def _opened(node: dict[str, Any]) -> bool:
    if node.get("additionalProperties") is not False:
        return False
    node["additionalProperties"] = True
    return True


def _deprecated(node: dict[str, Any]) -> bool:
    node["deprecated"], node["description"] = True, "to go"
    return True


_SIMPLE = (
    *(
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
    ),
    *(
        "format",
        "minItems",
        "maxItems",
        "uniqueItems",
        "contains",
        "propertyNames",
        "required",
        "minProperties",
    ),
    *(
        "maxProperties",
        "dependentRequired",
        "dependentSchemas",
        "type",
        "enum",
        "const",
        "not",
        "anyOf",
        "oneOf",
    ),
    *("allOf", "$ref"),
)
_LOOSER: dict[str, Callable[[dict[str, Any]], bool]] = {
    **{f"without {keyword}": _dropped(keyword) for keyword in _SIMPLE},
    "without if": _dropped("if", "then", "else"),
    "lower minimum": _moved("minimum", -1),
    "higher maximum": _moved("maximum", 1),
    "lower exclusiveMinimum": _moved("exclusiveMinimum", -0.5),
    "lower minLength": _moved("minLength", -1),
    "higher maxLength": _moved("maxLength", 2),
    "lower minItems": _moved("minItems", -1),
    "higher maxItems": _moved("maxItems", 1),
    "another option": _more("enum", "another"),
    "another type": _more("type", "integer"),
    "null too": _more("type", "null"),
    "another member": _more("anyOf", {"type": "string", "minLength": 7}),
    "an optional key": _optional_key,
    "other keys": _opened,
    "deprecated": _deprecated,
}
