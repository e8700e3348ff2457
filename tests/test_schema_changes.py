"""Two versions of a JSON Schema: what is called breaking is, and what breaks is called so."""

# ruff: noqa: E501 - a row of a table is a line

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import assume, given, note, settings
from hypothesis import strategies as st

from confguard.cli import main
from confguard.errors import SchemaError
from confguard.schema.comparing import SchemaFinding, compare_schemas
from confguard.schema.formats import as_json
from confguard.schema.json_schema import JsonSchema
from confguard.schema.json_validation import fits
from confguard.schema.schema import Schema, resolve_schema
from conftest import examples
from schema_changes import documents, fitting, looser, maps, roots, values


def schema_of(data: Any) -> Schema[Any]:
    made = resolve_schema(JsonSchema("x", data))  # type: ignore[arg-type]
    assert made is not None
    return made


def breaks(old: Any, new: Any) -> list[SchemaFinding]:
    return [each for each in compare_schemas(schema_of(old), schema_of(new)) if "break" in each.grade]


def takes(schema: Any, value: Any) -> bool:
    return fits(as_json(value), JsonSchema("x", schema).root)


@given(data=st.data())
@settings(max_examples=examples(60), deadline=None)
def test_what_breaks_is_called_breaking(data: st.DataObject) -> None:
    """If a value fits the old schema and not the new one, then that was said."""
    old, new = data.draw(roots()), data.draw(roots())
    try:
        found = breaks(old, new)
    except SchemaError:
        assume(False)
    if any(each.grade == "breaking" for each in found):
        return
    for value in data.draw(st.lists(fitting(old, old) | values(), min_size=8, max_size=30)):
        if takes(old, value) and not takes(new, value):
            note(f"{value!r} fits the old one only")
            assert found


@given(data=st.data())
@settings(max_examples=examples(60), deadline=None)
def test_what_breaks_after_one_change_is_called_breaking(data: st.DataObject) -> None:
    """Of two schemas that are much alike, the one that takes less."""
    new = data.draw(roots())
    ways = list(looser(new))
    assume(ways)
    name, old = data.draw(st.sampled_from(ways))
    note(name)
    try:
        found = breaks(old, new)
    except SchemaError:
        assume(False)
    for value in data.draw(st.lists(fitting(old, old), min_size=8, max_size=20)):
        if takes(old, value) and not takes(new, value):
            note(f"{value!r} fits the old one only")
            assert found


@given(data=st.data())
@settings(max_examples=examples(60), deadline=None)
def test_what_only_lets_more_in_breaks_nothing(data: st.DataObject) -> None:
    old = data.draw(roots())
    ways = list(looser(old))
    assume(ways)
    name, new = data.draw(st.sampled_from(ways))
    note(name)
    try:
        assert breaks(old, new) == []
    except SchemaError:
        assume(False)


@given(data=st.data())
@settings(max_examples=examples(60), deadline=None)
def test_what_is_shown_for_the_whole_fits_the_old_schema_alone(data: st.DataObject) -> None:
    new = data.draw(roots())
    old = data.draw(st.sampled_from([way for _, way in looser(new)] or [new]))
    try:
        found = breaks(old, new)
    except SchemaError:
        assume(False)
    for (value,) in (each.example for each in found if each.example and not each.path):
        note(f"{value!r}")
        assert takes(old, value)
        assert not takes(new, value)


def table(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def closed(**properties: Any) -> dict[str, Any]:
    return {**table(**properties), "additionalProperties": False}


S3 = {
    **table(kind={"const": "s3"}, bucket={"type": "string"}),
    "required": ["kind", "bucket"],
    "additionalProperties": False,
}
DISK = {
    **table(kind={"const": "disk"}, path={"type": "string"}),
    "required": ["kind"],
    "additionalProperties": False,
}
NODE = {"$ref": "#/$defs/n"}
DRAFT_4 = {"$schema": "http://json-schema.org/draft-04/schema#"}


def nodes(value: Any) -> dict[str, Any]:
    return {**NODE, "$defs": {"n": table(next=NODE, value=value)}}


TEXT, WHOLE = {"type": "string"}, {"type": "integer"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        # types
        (table(a={"type": ["string", "integer"]}), table(a=TEXT), "CS104 breaking: a: was an integer or a string and is a string"),
        (table(a={"type": "number"}), table(a=WHOLE), "CS104 breaking: a: was a number and is an integer"),
        (table(a={"type": ["string", "null"]}), table(a=TEXT), "CS104 breaking: a: was null or a string and is a string"),
        (table(a=WHOLE), table(a=TEXT), "CS104 breaking: a: was an integer and is a string"),
        (table(a={}), table(a=False), "CS101 breaking: a: was removed"),
        # values
        (table(a=TEXT), table(a={"const": "x"}), "CS107 breaking: a: takes only 'x' now"),
        (table(a={"enum": ["x", "y", None]}), table(a={"enum": ["x"]}), "CS107 breaking: a: no longer takes 'y' and null"),
        (table(a={"enum": ["x", "yy"]}), table(a={**TEXT, "maxLength": 1}), "CS107 breaking: a: no longer takes 'yy': expected at most 1 character"),
        (table(a={"enum": ["1", "2"]}), table(a=WHOLE), "CS104 breaking: a: was '1' or '2' and is an integer"),
        # forms
        (table(a=TEXT), table(a={**TEXT, "format": "date"}), "CS115 breaking: a: format is 'date'"),
        (table(a={**TEXT, "format": "date"}), table(a={**TEXT, "format": "date-time"}), "CS115 breaking: a: format is 'date-time', and was 'date'"),
        (table(a=TEXT), table(a={**TEXT, "format": "color"}), "CS115 may-break: a: format is 'color'"),
        (table(a=TEXT), table(a={**TEXT, "pattern": "^[a-z]+$"}), "CS105 breaking: a: pattern is '^[a-z]+$'"),
        (table(a={**TEXT, "pattern": "^[a-z]+$"}), table(a={**TEXT, "pattern": "^[a-z0-9]+$"}), "CS105 may-break: a: pattern is '^[a-z0-9]+$', and was '^[a-z]+$'"),
        (table(a={**TEXT, "pattern": "^a"}), table(a={**TEXT, "pattern": "^ab"}), "CS105 breaking: a: pattern is '^ab', and was '^a'"),
        (table(a={**TEXT, "maxLength": 9}), table(a={**TEXT, "maxLength": 5}), "CS105 breaking: a: maxLength is 5, and was 9"),
        # bounds
        (table(a=WHOLE), table(a={**WHOLE, "exclusiveMinimum": 0}), "CS105 breaking: a: exclusiveMinimum is 0"),
        (table(a={"minimum": 1}), table(a={"exclusiveMinimum": 1}), "CS105 breaking: a: exclusiveMinimum is 1"),
        (table(a={"multipleOf": 4}), table(a={"multipleOf": 8}), "CS105 breaking: a: multipleOf is 8, and was 4"),
        ({**DRAFT_4, **table(a={"minimum": 0})}, {**DRAFT_4, **table(a={"minimum": 0, "exclusiveMinimum": True})}, "CS105 breaking: a: exclusiveMinimum is 0"),
        # lists
        (table(a={"type": "array"}), table(a={"type": "array", "minItems": 1}), "CS105 breaking: a: minItems is 1"),
        (table(a={"type": "array"}), table(a={"type": "array", "maxItems": 1}), "CS105 breaking: a: maxItems is 1"),
        (table(a={"type": "array"}), table(a={"type": "array", "uniqueItems": True}), "CS105 breaking: a: uniqueItems is true"),
        ({"type": "array", "items": table(n=TEXT)}, {"type": "array", "items": {**table(n=TEXT), "required": ["n"]}}, "CS103 breaking: *.n: is required now"),
        ({"prefixItems": [TEXT, WHOLE]}, {"prefixItems": [TEXT, {**WHOLE, "minimum": 0}]}, "CS105 breaking: [1]: minimum is 0"),
        ({"prefixItems": [TEXT]}, {"prefixItems": [TEXT], "items": False}, "CS105 breaking: (the whole document): has at most 1 element"),
        ({**DRAFT_4, "items": [TEXT]}, {**DRAFT_4, "items": [TEXT], "additionalItems": False}, "CS105 breaking: (the whole document): has at most 1 element"),
        ({"type": "array"}, {"type": "array", "contains": WHOLE}, "CS114 breaking: (the whole document): `contains` asks for more"),
        # tables
        ({"additionalProperties": table(n=TEXT)}, {"additionalProperties": {**table(n=TEXT), "required": ["n"]}}, "CS103 breaking: *.n: is required now"),
        ({"patternProperties": {"^x": table()}}, {"patternProperties": {"^x": {**table(), "required": ["n"]}}}, "CS102 breaking: /^x/.n: was added, and is required"),
        ({"patternProperties": {"^x": WHOLE}}, {"patternProperties": {"^x": TEXT}}, "CS104 breaking: /^x/: was an integer and is a string"),
        (table(a=TEXT), {**table(a=TEXT), "additionalProperties": False}, "CS109 breaking: (the whole document): refuses keys that it does not name"),
        ({"additionalProperties": TEXT}, {"additionalProperties": WHOLE}, "CS104 breaking: *: was a string and is an integer"),
        (table(a=TEXT), table(a=TEXT, b=WHOLE), "CS102 may-break: b: was added: a file that has this key for something else is refused"),
        ({"type": "object"}, {"type": "object", "propertyNames": {"maxLength": 3}}, "CS109 breaking: (the whole document): refuses keys that it did not: maxLength is 3"),
        (table(a={}, b={}), {**table(a={}, b={}), "dependentRequired": {"a": ["b"]}}, "CS103 breaking: b: is required beside 'a' now"),
        (table(a={}, b={}), {**DRAFT_4, **table(a={}, b={}), "dependencies": {"a": ["b"]}}, "CS103 breaking: b: is required beside 'a' now"),
        (table(a={}), {**table(a={}), "dependentSchemas": {"a": {"required": ["b"]}}}, "CS102 breaking: b: was added, and is required"),
        ({"type": "object"}, {"type": "object", "maxProperties": 3}, "CS105 breaking: (the whole document): maxProperties is 3"),
        ({"allOf": [table(a={}), table(b={})], "unevaluatedProperties": False}, {"allOf": [table(a={})], "unevaluatedProperties": False}, "CS101 breaking: b: was removed"),
        # unions
        (table(a={"anyOf": [TEXT, WHOLE]}), table(a={"anyOf": [TEXT]}), "CS104 breaking: a: no longer takes an integer"),
        (table(a={"oneOf": [S3, DISK]}), table(a={"oneOf": [S3]}), "CS112 breaking: a: no longer takes what has 'disk' as its 'kind'"),
        (table(a={"anyOf": [S3, DISK]}), table(a={"anyOf": [S3, {**DISK, "required": ["kind", "path"]}]}), "CS103 breaking: a.path: is required now"),
        (table(a={"anyOf": [table(x=TEXT), {"type": "null"}]}), table(a=table(x=TEXT)), "CS104 breaking: a: was null and is a table"),
        ({"allOf": [table(a=TEXT)]}, {"allOf": [table(a=TEXT), {"required": ["a"]}]}, "CS103 breaking: a: is required now"),
        ({"allOf": [table(a=TEXT)]}, {"allOf": [table(a={**TEXT, "minLength": 1})]}, "CS105 breaking: a: minLength is 1"),
        # a table that becomes two that overlap (oasdiff#702)
        ({**table(f=TEXT, b=TEXT), "required": ["f", "b"]}, {"oneOf": [{**table(f=TEXT, b=TEXT), "required": ["f"]}, {**table(f=TEXT, b=TEXT), "required": ["b"]}]}, "CS113 breaking: (the whole document): may fit more than one member of `oneOf`, and one alone may fit"),
        # conditions
        (table(a={}), table(a={"not": TEXT}), "CS114 breaking: a: excludes something with `not`"),
        (table(a=TEXT), table(a={**TEXT, "not": {"pattern": "^zz"}}), "CS114 breaking: a: excludes something with `not`"),
        (table(m=TEXT), {**table(m=TEXT), "if": table(m={"const": "a"}), "then": {"required": ["x"]}}, "CS102 breaking: x: was added, and is required"),
        ({"propertyNames": {"enum": ["a", "b"]}}, {"additionalProperties": False}, "CS101 breaking: a: was removed"),
        # references
        (nodes(WHOLE), nodes(TEXT), "CS104 breaking: value: was an integer and is a string"),
        (table(a=WHOLE), {**table(a={"$ref": "#/$defs/p"}), "$defs": {"p": {**WHOLE, "maximum": 9}}}, "CS105 breaking: a: maximum is 9"),
        (True, {"type": "object"}, "CS104 breaking: (the whole document): was anything and is a table"),
        ({"type": "object"}, False, "CS104 breaking: (the whole document): may not be there any more"),
        # meanings
        (table(a={**WHOLE, "default": 1}), table(a={**WHOLE, "default": 2}), "CS106 risky: a: has the default 2 and had 1"),
        (table(a={"default": 1}), table(a={"default": True}), "CS106 risky: a: has the default True and had 1"),
        ({"items": table(a={"default": 1})}, {"items": table(a={})}, "CS106 risky: *.a: has no default any more, and had 1"),
        (table(a={**TEXT, "writeOnly": True}), table(a=TEXT), "CS108 risky: a: was a secret, and may be shown now"),
        (table(a=TEXT, b=TEXT), table(a=TEXT), "CS101 risky: b: was removed: it is read no more"),
        (table(a=TEXT), table(a={**TEXT, "deprecated": True}), "CS111 info: a: is deprecated"),
        ({**table(a=TEXT), "additionalProperties": False}, {**table(a=TEXT, b=TEXT), "additionalProperties": False}, "CS102 info: b: was added"),
    ],
)  # fmt: skip
def test_what_is_said_of_a_change(old: Any, new: Any, said: str) -> None:
    found = [str(finding) for finding in compare_schemas(schema_of(old), schema_of(new))]
    assert found[0] == said


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (table(a=WHOLE), table(a={"type": "number"})),
        (table(a={**WHOLE, "minimum": 1}), table(a={**WHOLE, "exclusiveMinimum": 0})),
        (table(a={"enum": [1, 2]}), table(a={"type": "integer", "minimum": 1})),
        (table(a={"const": "x"}), table(a={"enum": ["x", "y"]})),
        (table(a={"oneOf": [S3, DISK]}), table(a={"oneOf": [DISK, {**S3, "title": "the first"}, table(kind={"const": "ftp"}) | {"required": ["kind"]}]})),
        (table(a={"type": ["string", "integer"]}), table(a={"anyOf": [WHOLE, TEXT]})),
        (table(a={"anyOf": [WHOLE, TEXT]}), table(a={"type": ["string", "number"]})),
        (table(a=S3), table(a={"anyOf": [DISK, S3]})),
        ({**DRAFT_4, "definitions": {"t": TEXT}, **table(a={"$ref": "#/definitions/t"})}, table(a=TEXT)),
        ({"allOf": [table(a=WHOLE), {"required": ["a"]}]}, {**table(a=WHOLE), "required": ["a"]}),
        (nodes(WHOLE), nodes({"type": "number"})),
        (nodes(WHOLE), table(next={}, value=WHOLE)),
        (table(a={**TEXT, "pattern": "^a"}), table(a={**TEXT, "pattern": ".*"})),
        (table(a={"multipleOf": 4}), table(a={"multipleOf": 2})),
        (table(a={**TEXT, "format": "uri"}), table(a={**TEXT, "format": "uri-reference"})),
        ({**table(a={}), "if": table(a={"const": 1}), "then": {"required": ["b"]}}, {**table(a={}), "if": table(a={"const": 1}), "then": {"required": ["b"]}, "title": "x"}),
        ({**table(a={"enum": [1]}), "required": ["a"]}, {**table(a={"enum": [1]}), "if": {**table(a={"const": 2}), "required": ["a"]}, "then": {"required": ["b"]}}),
        ({"items": WHOLE, "minItems": 2}, {"items": {"type": "number"}, "minItems": 1}),
        ({"type": "array", "maxItems": 1}, {"type": "array", "maxItems": 1, "uniqueItems": True}),
        ({"type": "array", "prefixItems": [TEXT, WHOLE], "items": False}, {"type": "array", "items": {"type": ["string", "integer"]}}),
        ({"patternProperties": {"^x": WHOLE}, "additionalProperties": False}, {"additionalProperties": WHOLE}),
        (table(a={"required": ["b"]}), table(a={"required": ["b"], "dependentRequired": {"c": ["b"]}})),
        (False, {"type": "object"}),
        # what the old constraints imply together
        (table(a={"type": "number", "multipleOf": 5}), table(a={**WHOLE, "multipleOf": 5})),
        (table(a={**WHOLE, "multipleOf": 1024, "minimum": 1}), table(a={**WHOLE, "minimum": 1024})),
        (table(a={**WHOLE, "multipleOf": 10, "exclusiveMaximum": 100}), table(a={**WHOLE, "maximum": 90})),
        (table(a={"type": "number", "multipleOf": 4, "minimum": 7, "maximum": 9}), table(a={"enum": [8]})),
        (table(a={**WHOLE, "multipleOf": 4, "allOf": [{"multipleOf": 6}]}), table(a={**WHOLE, "multipleOf": 12})),
        (table(a={"type": "number", "minimum": 0.5, "maximum": 0.5}), table(a={"multipleOf": 0.25})),
        (table(a={**WHOLE, "minimum": 1, "maximum": 3}), table(a={"enum": [1, 2, 3]})),
        (table(a={**TEXT, "pattern": "^[a-z]+$"}), table(a={**TEXT, "pattern": "^[a-z]+$", "minLength": 1})),
        (table(a={**TEXT, "pattern": "^[a-z]{1,8}$"}), table(a={**TEXT, "maxLength": 8, "pattern": "^[a-z]{1,8}$"})),
        (table(a={**TEXT, "pattern": "^(ab|abc)(x|)$"}), table(a={**TEXT, "minLength": 2, "maxLength": 4})),
        (table(a={**TEXT, "pattern": "-[0-9]{4}"}), table(a={**TEXT, "minLength": 5})),
        (table(a={**TEXT, "format": "uuid"}), table(a={**TEXT, "format": "uuid", "minLength": 36, "maxLength": 36})),
        (table(a={**TEXT, "format": "ipv4"}), table(a={**TEXT, "format": "ipv4", "maxLength": 15})),
        (table(a={**TEXT, "format": "date"}), table(a={**TEXT, "format": "date", "minLength": 10, "maxLength": 10})),
        (table(a={**TEXT, "pattern": "^a$"}), table(a={"enum": ["a"]})),
        (table(a={**TEXT, "pattern": "^(dev|prod)$"}), table(a={"enum": ["dev", "prod"]})),
        (table(a={"type": ["string", "null"], "pattern": "^(dev|prod)$"}), table(a={"enum": ["dev", "prod", None]})),
        (table(a={**TEXT, "pattern": "^[ab]$"}), table(a={**TEXT, "pattern": "^[a-z]$"})),
        (table(a={**TEXT, "maxLength": 3, "pattern": "^a$"}), table(a={**TEXT, "maxLength": 2, "pattern": "^a$"})),
        ({"type": "array", "contains": WHOLE}, {"type": "array", "minItems": 1}),
        # names of keys
        ({"propertyNames": {"enum": ["eu", "us"]}}, {"propertyNames": {"enum": ["eu", "us", "ap"]}}),
        ({"propertyNames": {"enum": ["eu", "us"]}}, {"propertyNames": {"maxLength": 2}, "maxProperties": 2}),
        ({"propertyNames": {"const": "eu"}, "additionalProperties": WHOLE}, {"propertyNames": {"pattern": "^e"}, "properties": {"eu": {"type": "number"}}}),
        ({"type": "object", "propertyNames": {"enum": ["eu", "us"]}, "additionalProperties": WHOLE}, closed(eu=WHOLE, us={"type": "number"})),
        (closed(a=TEXT), {**closed(a=TEXT), "propertyNames": {"enum": ["a"]}}),
        ({"patternProperties": {"^x[0-9]$": {}}, "additionalProperties": False}, {"propertyNames": {"maxLength": 2}}),
    ],
)  # fmt: skip
def test_what_breaks_nothing(old: Any, new: Any) -> None:
    assert breaks(old, new) == []


MODE = table(mode={"const": "tls"}) | {"required": ["mode"]}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"patternProperties": {"^x": WHOLE}, "additionalProperties": False}, {"patternProperties": {"^x-": WHOLE}, "additionalProperties": False}),
        ({"patternProperties": {"^[a-z]+$": TEXT}, "additionalProperties": False}, {"patternProperties": {"^[a-z]{1,5}$": TEXT}, "additionalProperties": False}),
        (closed(a=TEXT, b=TEXT), {**closed(a=TEXT, b=TEXT), "not": {"required": ["a", "b"]}}),
        ({**closed(a=TEXT, b=TEXT, c=WHOLE), "required": ["c"]}, {**closed(a=TEXT, b=TEXT, c=WHOLE), "required": ["c"], "not": {"required": ["a", "b"]}}),
        (closed(a=TEXT, b=TEXT), {**closed(a=TEXT, b=TEXT), "dependentRequired": {"a": ["b"]}}),
        ({"propertyNames": {"pattern": "^[a-z]+$"}}, {"propertyNames": {"pattern": "^[a-z]{1,8}$"}}),
        (table(s=table(mode=TEXT, n=WHOLE)), table(s={**table(mode=TEXT, n=WHOLE), "if": MODE, "then": table(n={"minimum": 100})})),
        (table(tls={"type": "boolean"}, n=WHOLE), {**table(tls={"type": "boolean"}, n=WHOLE), "if": table(tls={"const": True}), "else": table(n={"enum": [80]})}),
        ({**table(mode=TEXT, n=WHOLE), "if": MODE, "then": {"required": ["n"]}}, {**table(mode=TEXT, n=WHOLE), "if": MODE, "then": {"required": ["n"], "properties": {"n": {"maximum": 5}}}}),
        (table(a={**TEXT, "pattern": "^[a-z]+-[0-9]+$"}), table(a={**TEXT, "pattern": "^[a-z]+-[0-9]{1,3}$"})),
        (table(a={**TEXT, "pattern": "^[a-zA-Z]+$"}), table(a={**TEXT, "pattern": "^[a-z]+$"})),
        (table(a=TEXT), table(a={**TEXT, "pattern": "^(?!zz)"})),
        (table(a=TEXT), table(a={**TEXT, "not": {"const": "admin"}})),
        (table(a=WHOLE), table(a={**WHOLE, "not": {"enum": [22, 23]}})),
        (table(a={"type": "array", "contains": WHOLE}), table(a={"type": "array", "contains": WHOLE, "maxContains": 2})),
        (table(a={"type": "array", "items": table(n={**TEXT, "pattern": "^a+$"})}), table(a={"type": "array", "items": table(n={**TEXT, "pattern": "^a{1,3}$"})})),
        ({**table(b=WHOLE), "not": {"required": ["z"]}}, {**table(b={**WHOLE, "maximum": 5}), "not": {"required": ["z"]}}),
        ({**table(mode=TEXT, n=WHOLE), "if": MODE, "then": {"required": ["n"]}}, {**table(mode=TEXT, n={**WHOLE, "maximum": 5}), "if": MODE, "then": {"required": ["n"]}}),
        (table(a={"type": "array", "contains": {"type": ["integer", "null"]}}), table(a={"type": "array", "contains": WHOLE})),
        (table(a={"type": "array", "contains": {"type": ["string", "boolean"]}}), table(a={"type": "array", "contains": TEXT})),
        (table(a={"type": "number", "exclusiveMaximum": 1}), table(a={"type": "number", "exclusiveMaximum": 1, "not": {**WHOLE, "multipleOf": 3, "exclusiveMaximum": 0}})),
        (table(a=WHOLE), table(a={**WHOLE, "not": {"minimum": 100, "multipleOf": 7}})),
        (table(a={**TEXT, "pattern": "^[a-z]+$"}), table(a={**TEXT, "pattern": "^[a-z]+$", "maxLength": 63})),
        (table(a={**TEXT, "pattern": "^[a-z]{1,30}$"}), table(a={**TEXT, "pattern": "^[a-z]{1,30}$", "maxLength": 29})),
        (table(a={**TEXT, "pattern": "^[a-z]*$"}), table(a={**TEXT, "pattern": "^[a-z]*$", "minLength": 1})),
        (table(a={**TEXT, "format": "ipv4"}), table(a={**TEXT, "format": "ipv4", "maxLength": 14})),
        (table(a={**TEXT, "format": "ipv4"}), table(a={**TEXT, "format": "ipv4", "minLength": 8})),
        (table(a={**TEXT, "format": "uri"}), table(a={**TEXT, "format": "uri", "maxLength": 200})),
        (table(a={**TEXT, "format": "email"}), table(a={**TEXT, "format": "email", "maxLength": 64})),
        (table(a={**TEXT, "format": "hostname"}), table(a={**TEXT, "format": "hostname", "maxLength": 63})),
        (table(a={**WHOLE, "multipleOf": 1024, "minimum": 1}), table(a={**WHOLE, "multipleOf": 1024, "minimum": 1025})),
        (table(a={"type": "number", "multipleOf": 0.5}), table(a={**WHOLE, "multipleOf": 0.5})),
        (table(a={**WHOLE, "minimum": 1, "maximum": 3}), table(a={"enum": [1, 3]})),
        (table(a={**TEXT, "pattern": "^(dev|prod)$"}), table(a={"enum": ["dev"]})),
        ({"propertyNames": {"enum": ["eu", "us", "ap"]}}, {"propertyNames": {"enum": ["eu", "us"]}}),
        ({"propertyNames": {"enum": ["eu", "us", "apac"]}}, {"propertyNames": {"maxLength": 2}}),
        ({"propertyNames": {"enum": ["eu", "us"]}}, {"propertyNames": {"pattern": "^e"}}),
        ({"propertyNames": {"enum": ["eu", "us"]}}, {"propertyNames": False}),
        ({"propertyNames": {"const": "eu"}}, {"propertyNames": {"const": "us"}}),
        ({"propertyNames": {"$ref": "#/$defs/r"}, "$defs": {"r": {"enum": ["eu", "us"]}}}, {"propertyNames": {"$ref": "#/$defs/r"}, "$defs": {"r": {"enum": ["eu"]}}}),
        ({"propertyNames": {"anyOf": [{"const": "eu"}, {"const": "us"}]}}, {"propertyNames": {"anyOf": [{"const": "eu"}]}}),
        ({"propertyNames": {"pattern": "^(eu|us)$"}}, {"propertyNames": {"pattern": "^(eu)$"}}),
        ({"propertyNames": {"enum": ["eu", "us"]}, "additionalProperties": WHOLE}, {"propertyNames": {"enum": ["eu", "us"]}, "additionalProperties": {"type": "boolean"}}),
        ({"propertyNames": {"enum": ["eu", "us"]}, "additionalProperties": WHOLE}, {"propertyNames": {"enum": ["eu", "us"]}, **table(eu={"type": "boolean"})}),
        ({"propertyNames": {"enum": ["eu", "us"]}, "additionalProperties": WHOLE}, {"patternProperties": {"^e": TEXT}}),
        ({"patternProperties": {"^x[0-9]$": {}}, "additionalProperties": False}, {"propertyNames": {"maxLength": 1}}),
        ({"propertyNames": {"enum": ["eu", "us", "ap"]}}, {"propertyNames": {"enum": ["eu", "us", "ap"]}, "maxProperties": 2}),
    ],
)  # fmt: skip
def test_what_is_shown_to_break_is_breaking(old: Any, new: Any) -> None:
    """What no rule decides: a value that fits the old schema alone is searched for, and found."""
    found = compare_schemas(schema_of(old), schema_of(new))
    assert found[0].grade == "breaking", list(map(str, found))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (table(a={**WHOLE, "oneOf": [{"minimum": 3}, {"maximum": 5}]}), table(a={"anyOf": [{"maximum": 2}, {"minimum": 6}]})),
        (table(a={**TEXT, "pattern": "^(?=.{5,}$)[a-z]+$"}), table(a={**TEXT, "pattern": "^(?=.{5,}$)[a-z]+$", "minLength": 4})),
        (table(a={**TEXT, "pattern": "^(?!.{6})[a-z]*$"}), table(a={**TEXT, "pattern": "^(?!.{6})[a-z]*$", "maxLength": 6})),
        (table(a={**TEXT, "pattern": "^[a-z]+$", "allOf": [{"pattern": "^..*.$"}]}), table(a={**TEXT, "minLength": 2})),
    ],
)  # fmt: skip
def test_what_cannot_be_told_and_is_not_shown_may_break(old: Any, new: Any) -> None:
    assert {each.grade for each in breaks(old, new)} <= {"may-break"}


@given(data=st.data())
@settings(max_examples=examples(80), deadline=None)
def test_constraints_of_names_and_values_are_told_as_they_are(data: st.DataObject) -> None:
    """A document that fits the old schema alone is one, and what is shown for a place fitted there."""
    old, new = data.draw(maps()), data.draw(maps())
    found = breaks(old, new)
    grades = {each.grade for each in found}
    for value in data.draw(st.lists(documents(old), min_size=10, max_size=20)):
        if takes(old, value) and not takes(new, value):
            note(f"{value!r} fits the old one only: {list(map(str, found))}")
            assert "breaking" in grades


def test_keys_of_a_map_are_data_and_not_there_by_chance() -> None:
    """Of a table of integers by any name, what holds something else under some names breaks."""
    old = {"type": "object", "additionalProperties": WHOLE}
    for more in (
        {"properties": {"eu": TEXT}},
        {"patternProperties": {"^e": TEXT}},
        {"properties": {"eu": False}},
    ):
        assert [each.grade for each in breaks(old, {**old, **more})] == ["breaking"], more
        assert {each.grade for each in breaks({"type": "object"}, {"type": "object", **more})} == {
            "may-break"
        }, more


def test_a_pattern_that_no_key_can_match_is_not_missed() -> None:
    none = {"type": "object", "additionalProperties": False}
    assert breaks({**none, "allOf": [{"patternProperties": {"^a": True}}]}, none) == []


def test_a_table_with_listed_keys_is_told_of_by_its_keys_and_values() -> None:
    old = {"type": "object", "propertyNames": {"enum": ["eu", "us"]}, "additionalProperties": WHOLE}
    assert list(map(str, breaks(old, {**old, "propertyNames": {"enum": ["eu"]}}))) == [
        "CS101 breaking: us: was removed: `propertyNames` does not take it"
    ]
    assert list(map(str, breaks(old, {**old, "additionalProperties": TEXT}))) == [
        "CS104 breaking: *: was an integer and is a string"
    ]


def test_keys_that_are_listed_in_a_class_are_compared() -> None:
    """The keys of `dict[Literal[...], int]`."""
    from pydantic import BaseModel

    class Old(BaseModel):
        quota: dict[Literal["eu", "us", "ap"], int] = {}

    class Less(BaseModel):
        quota: dict[Literal["eu", "us"], int] = {}

    class Other(BaseModel):
        quota: dict[Literal["eu", "us", "ap"], str] = {}

    def told(new: type) -> list[str]:
        before, after = resolve_schema(Old), resolve_schema(new)
        assert before is not None
        assert after is not None
        return list(map(str, compare_schemas(before, after)))

    assert told(Less) == ["CS101 breaking: quota.ap: was removed: `propertyNames` does not take it"]
    assert told(Other) == ["CS104 breaking: quota.*: was an integer and is a string"]
    assert told(Old) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (closed(x_a=TEXT), {"type": "object", "patternProperties": {"^x_": TEXT}}, []),
        (closed(x_a=TEXT), {"type": "object", "patternProperties": {"^y_": TEXT}}, ["CS101 risky: x_a: was removed: it is read no more"]),
        (closed(x_a={**TEXT, "default": "a"}), {"type": "object", "patternProperties": {"^x_": {**TEXT, "default": "b"}}}, ["CS106 risky: x_a: has the default 'b' and had 'a'"]),
        (closed(x_a=TEXT), {"type": "object", "additionalProperties": TEXT}, []),
        ({"type": "object", "patternProperties": {"^x_": TEXT}}, {**table(x_a=TEXT), "patternProperties": {"^x_": TEXT}}, []),
        (closed(a=TEXT), closed(a=TEXT, b=False), []),
        (table(a=TEXT), table(a=TEXT, b=False), ["CS109 may-break: b: is refused now: a file that has this key for something else is refused"]),
    ],
)  # fmt: skip
def test_what_is_said_of_keys_that_come_and_go(old: Any, new: Any, said: list[str]) -> None:
    assert list(map(str, compare_schemas(schema_of(old), schema_of(new)))) == said


def test_a_witness_is_one_and_a_secret_in_it_is_not_shown() -> None:
    old, new = table(a=TEXT, b=TEXT), {**table(a=TEXT, b=TEXT), "not": {"required": ["a", "b"]}}
    found = compare_schemas(schema_of(old), schema_of(new))[0]
    assert found.example is not None
    (value,) = found.example
    assert takes(old, value)
    assert not takes(new, value)
    secret = {**TEXT, "writeOnly": True}
    old, new = table(a=secret, b=TEXT), {**table(a=secret, b=TEXT), "not": {"required": ["a", "b"]}}
    found = compare_schemas(schema_of(old), schema_of(new))[0]
    assert (found.grade, found.example) == ("breaking", None)


TREE = {"type": "array", "items": {"$ref": "#/$defs/n"}}


@pytest.mark.parametrize(
    ("of", "path"),
    [
        (lambda v: {"$ref": "#/$defs/n", "$defs": {"n": table(v=v, kids=TREE)}}, ("v",)),
        (lambda v: {"$defs": {"n": table(v=v, next=NODE)}, **table(root=NODE)}, ("root", "v")),
        (lambda v: table(v=v, left={"$ref": "#"}, right={"$ref": "#"}), ("v",)),
        (lambda v: table(v=v, left={"anyOf": [{"$ref": "#"}, {"type": "null"}]}, kids={"additionalProperties": {"$ref": "#"}}), ("v",)),
        (lambda v: {"$ref": "#/$defs/n", "$defs": {"n": {"anyOf": [TEXT, table(v=v, n=NODE, m={"allOf": [NODE]})]}}}, ("v",)),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("was", "now"), [(WHOLE, TEXT), (WHOLE, {**WHOLE, "maximum": 3}), ({"default": 1}, {"default": 2}), ({**TEXT, "pattern": "^a"}, {**TEXT, "pattern": "^b"})])  # fmt: skip
def test_a_change_within_what_contains_itself_is_told_once(of: Any, path: Any, was: Any, now: Any) -> None:
    found = compare_schemas(schema_of(of(was)), schema_of(of(now)))
    assert [each.path for each in found] in ([path], [()])  # of a union, the member as a whole may be told


def test_a_finding_says_what_was_what_is_and_what_to_do() -> None:
    (found,) = compare_schemas(
        schema_of(table(a={**TEXT, "pattern": "^a"})), schema_of(table(a={**TEXT, "pattern": "^ab"}))
    )
    assert found.to_json() == {
        "code": "CS105",
        "grade": "breaking",
        "path": ["a"],
        "message": "pattern is '^ab', and was '^a'",
        "was": "^a",
        "now": "^ab",
        "advice": found.advice,
        "example": "a",
    }
    assert "Refused now: 'a'" in found.report()
    assert found.advice in found.report()


def test_what_a_schema_says_of_a_secret_is_in_no_finding() -> None:
    secret = {**TEXT, "writeOnly": True}
    old = table(
        a={**secret, "enum": ["hunter2", "b"]},
        b={**secret, "default": "hunter2"},
        c={**secret, "pattern": "^hunter2"},
        password={"default": "hunter2"},
    )
    new = table(
        a={**secret, "enum": ["b"]},
        b={**secret, "default": "x"},
        c={**secret, "pattern": "^hunter3"},
        password={"default": "hunter3"},
    )
    found = compare_schemas(schema_of(old), schema_of(new))
    assert {finding.code for finding in found} == {"CS105", "CS106", "CS107"}
    assert "hunter" not in "".join(finding.report() + str(finding.to_json()) for finding in found)


def test_a_key_that_is_added_and_required_is_told_once() -> None:
    """oasdiff#549: a default does not help who validates by the schema."""
    old, new = table(a=TEXT), {**table(a=TEXT, b={**TEXT, "default": "x"}), "required": ["b"]}
    found = compare_schemas(schema_of(old), schema_of(new))
    assert [str(each) for each in found] == ["CS102 breaking: b: was added, and is required"]


@pytest.mark.slow  # many members
def test_many_members_are_compared_in_time() -> None:
    members = [{**table(kind={"const": f"k{i}"}, v=WHOLE), "required": ["kind"]} for i in range(60)]
    assert breaks(table(a={"anyOf": members}), table(a={"anyOf": members[::-1]})) == []
    assert breaks(table(a={"anyOf": members}), table(a={"anyOf": members[1:]}))


@pytest.mark.slow
def test_the_metaschema_against_itself() -> None:
    uri = "https://json-schema.org/draft/2020-12/schema"
    assert breaks({"$ref": uri}, {"allOf": [{"$ref": uri}]}) == []


def test_at_a_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def check(old: Any, new: Any, *more: str) -> tuple[int, str]:
        for name, schema in (("old.json", old), ("new.json", new)):
            Path(name).write_text(json.dumps(schema))
        code = main(["schema", "check", "old.json", "new.json", *more])
        return code, capsys.readouterr().out

    code, out = check(table(a={**TEXT, "format": "date"}), table(a={**TEXT, "format": "ipv4"}))
    assert code == 1
    assert "CS115 breaking: a: format is 'ipv4', and was 'date'\n    Refused now: '2031-02-03'\n" in out
    code, out = check(table(a=TEXT), table(a={**TEXT, "format": "color"}))
    assert (code, out.splitlines()[0]) == (0, "CS115 may-break: a: format is 'color'")
    code, out = check(table(a={"minimum": 1}), table(a={"minimum": 2}), "--format", "json")
    found = json.loads(out)
    assert (code, found["compatible"], found["findings"][0]["was"], found["findings"][0]["now"]) == (
        1,
        False,
        1,
        2,
    )
    code, out = check(table(a=TEXT), table(a={"$ref": "https://example.com/x"}))
    assert code == 2
    assert check(table(a=TEXT), table(a=TEXT)) == (0, "no difference that matters\n")
