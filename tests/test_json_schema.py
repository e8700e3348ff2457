"""JSON Schema files as they are met: what is wrong with them, or with a document, is said with its place."""

# ruff: noqa: E501 - a row of a table is a line

from __future__ import annotations

import contextlib
import json
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import confguard as cg
from confguard.cli import main
from confguard.schema.comparing import compare_schemas
from confguard.schema.export import example_file, reference_page
from confguard.schema.formats import fits_format, translated
from confguard.schema.json_schema import JsonSchema
from confguard.schema.schema import resolve_schema
from conftest import examples


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a schema opened a socket")

    for name in ("connect", "connect_ex", "bind", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse, raising=False)
    for name in ("create_connection", "getaddrinfo", "gethostbyname"):
        monkeypatch.setattr(socket, name, refuse)


def write(name: str, schema: Any) -> str:
    Path(name).write_text(schema if isinstance(schema, str) else json.dumps(schema, indent=1))
    return name


def problems(schema: Any, text: str, format: str = "yaml") -> list[str]:
    """What is said of a document, each problem as `path: message`."""
    document = cg.parse(text, format, path=f"app.{format}")
    try:
        cg.load(write("app.schema.json", schema), document)
    except cg.ValidationError as error:
        return [str(problem) for problem in error.problems]
    return []


def property_a(schema: Any) -> Any:
    return {"properties": {"a": schema}}


@pytest.mark.parametrize(
    ("schema", "says", "line"),
    [
        (property_a({"pattern": "("}), "the pattern '(' cannot be used: missing )", 4),
        (property_a({"pattern": r"\p{Script=Greek}"}), "have no \\p{Script=Greek}", 4),
        (property_a({"pattern": "^(a+)+$"}), "backtracks without bound on 'aaaa...'", 4),
        ({"patternProperties": {"ok": {}, "[": {}}}, "the pattern '[' cannot be used", 4),
        (property_a({"$ref": "#/$defs/none"}), "'#/$defs/none' leads nowhere", 4),
        (property_a({"$ref": "#nowhere"}), "'#nowhere' leads nowhere", 4),
        (property_a({"$ref": "none.json"}), "none.json: no such file", 4),
        (property_a({"$ref": "http://example.com/x.json"}), "schemas are never fetched", 4),
        (property_a({"$ref": "https://example.com/x.json#/$defs/y"}), "schemas are never fetched", 4),
        (property_a({"$ref": "ftp://example.com/x.json"}), "schemas are never fetched", 4),
        (property_a({"$ref": "//example.com/x.json"}), "schemas are never fetched", 4),
        (property_a({"$ref": "file://example.com/x.json"}), "schemas are never fetched", 4),
        (property_a({"$ref": "urn:example:x"}), "schemas are never fetched", 4),
        ({"allOf": [{"$dynamicRef": "https://example.com/x#y"}]}, "schemas are never fetched", 4),
        ({"$ref": "#"}, "leads back to itself", 2),
        (
            {"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}},
            "leads back to itself",
            2,
        ),
        ({"$schema": "https://example.com/mine"}, "the $schema 'https://example.com/mine' is not known", 2),
        ({"$schema": ["x"]}, "is not known", 2),
        ({"$ref": 5}, "$ref: expected a valid string, got 5", 2),
        (property_a({"type": "strnig"}), "or 'string', got 'strnig'", 4),
        (
            {"$schema": "http://json-schema.org/draft-04/schema#", **property_a({"exclusiveMinimum": 3})},
            "exclusiveMinimum",
            5,
        ),
        ('{"not":' * 190 + "true" + "}" * 190, "nested too deep", 1),
    ],
)
def test_what_is_wrong_with_a_schema_has_its_place(folder: Path, schema: Any, says: str, line: int) -> None:
    with pytest.raises(cg.SchemaError) as caught:
        cg.load(write("app.schema.json", schema), {"a": 1})
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"app.schema.json:{line}:")


def test_what_is_wrong_in_a_file_that_is_referred_to_has_its_place(folder: Path) -> None:
    Path("common.yaml").write_text("$defs:\n  port:\n    type: intger\n")
    with pytest.raises(cg.SchemaError, match=r"app\.json:4:4: .*common\.yaml:3:5: is not a JSON Schema"):
        resolve_schema(write("app.json", property_a({"$ref": "common.yaml#/$defs/port"})))


@pytest.mark.parametrize(
    ("schema", "text", "said"),
    [
        # keys that are no texts (check-jsonschema#89)
        ({"patternProperties": {"^[0-9]+$": {"type": "integer"}}}, "8080: web", ["1:1: [8080]: expected a valid integer, got 'web'"]),
        ({"patternProperties": {"^[0-9]+$": {"type": "string"}}}, "8080: web", []),
        ({"properties": {"8080": {"type": "string"}}, "additionalProperties": False, "required": ["8080"]}, "8080: web", []),
        ({"additionalProperties": False}, "8080: web", ["1:1: [8080]: unknown key"]),
        ({"propertyNames": {"pattern": "^[a-z]+$"}}, "true: 1\nnull: 2\n1.5: 3", ['3:1: "1.5": does not match the pattern \'^[a-z]+$\', got \'1.5\'']),
        ({"additionalProperties": {"type": "integer"}}, "2031-02-03: x", ["1:1: 2031-02-03: expected a valid integer, got 'x'"]),
        # dates without quotes (check-jsonschema#116)
        (property_a({"type": "string", "format": "date"}), "a: 2031-02-03", []),
        (property_a({"type": "string", "format": "date-time"}), "a: 2031-02-03 04:05:06", []),
        (property_a({"type": "string", "format": "date-time"}), "a: 2031-02-03T04:05:06Z", []),
        (property_a({"type": "string", "format": "date-time"}), "a: 2031-02-03", ["1:1: a: expected a valid date-time, got '2031-02-03'"]),
        (property_a({"enum": ["2031-02-03"]}), "a: 2031-02-03", []),
        (property_a({"type": "string", "format": "date"}), "a: '2031-02-30'", ["1:1: a: expected a valid date, got '2031-02-30'"]),
        # numbers
        (property_a({"multipleOf": 0.1}), "a: 0.3", []),
        (property_a({"multipleOf": 0.5}), "a: " + "9" * 400, []),
        (property_a({"multipleOf": 1e-8}), "a: 1.0e+300", []),
        (property_a({"multipleOf": 0.2}), "a: 0.5", ["1:1: a: expected a multiple of 0.2, got 0.5"]),
        (property_a({"type": "number", "minimum": 0}), "a: .nan", ["1:1: a: expected a valid number, got nan"]),
        (property_a({"type": "number", "multipleOf": 2}), "a: .inf", ["1:1: a: expected a valid number, got inf"]),
        (property_a({"type": "integer"}), "a: 4.0", []),
        # one message for what was meant
        (property_a({"anyOf": [{"type": "integer"}, {"type": "null"}]}), "a: x", ["1:1: a: expected a valid integer or null, got 'x'"]),
        (property_a({"oneOf": [{"minimum": 1}, {"maximum": 5}]}), "a: 3", ["1:1: a: fits more than one of the alternatives, and one alone may fit, got 3"]),
        (property_a({"anyOf": [False, False]}), "a: 1", ["1:1: a: nothing is allowed here, got 1"]),
        (property_a(False), "a: 1", ["1:1: a: nothing is allowed here, got 1"]),
        (property_a({"not": {"type": "integer"}}), "a: 1", ["1:1: a: is what the schema excludes with `not`, got 1"]),
        (property_a({"uniqueItems": True}), "a: [1, 2, true, 1.0]", ["1:17: a[3]: is the same as element 1, and each may be there once"]),
        (property_a({"contains": {"const": 1}}), "a: [2]", ["1:1: a: expected an element that fits `contains`"]),
        ({"dependentRequired": {"a": ["b"]}}, "a: 1", ["1:1: b: required beside 'a', but missing"]),
        ({"dependencies": {"a": ["b"]}}, "a: 1", ["1:1: b: required beside 'a', but missing"]),
        ({"allOf": [{"properties": {"a": True}}], "unevaluatedProperties": False}, "a: 1\nb: 2", ["2:1: b: unknown key: no part of the schema that fits names it"]),
        ({"$dynamicAnchor": "n", "properties": {"c": {"$dynamicRef": "#n"}}, "additionalProperties": False}, "c: {c: {d: 1}}", ["1:9: c.c.d: unknown key"]),
        ({"$schema": "http://json-schema.org/draft-07/schema", "definitions": {"x": {"type": "integer"}}, **property_a({"$ref": "#/definitions/x", "minimum": 5})}, "a: 1", []),
        (property_a({"$ref": "#x"}) | {"$defs": {"any": {"$anchor": "x", "minimum": 5}}}, "a: 1", ["1:1: a: expected at least 5, got 1"]),
        (property_a({"pattern": "^.*.*=.*x$"}), "a: " + "a" * 20_000, ["1:1: a: is longer than 10,000 characters, the most that a pattern is tried on"]),
        (property_a({"format": "regex"}), "a: '" + "(" * 3000 + "'", None),
        (property_a({"format": "regex"}), "a: 'x{99999999999999}'", ["1:1: a: expected a valid regex, got 'x{99999999999999}'"]),
    ],
)  # fmt: skip
def test_what_is_said_of_a_document(folder: Path, schema: Any, text: str, said: list[str] | None) -> None:
    found = problems(schema, text)
    if said is None:
        assert len(found) == 1
    else:
        assert found == [f"app.yaml:{each}" for each in said]


STORES = {
    "anyOf": [
        {
            "properties": {"kind": {"const": "s3"}, "bucket": {"type": "string"}},
            "required": ["kind", "bucket"],
            "additionalProperties": False,
        },
        {
            "properties": {"kind": {"const": "disk"}, "path": {"type": "string"}},
            "required": ["kind", "path"],
            "additionalProperties": False,
        },
    ]
}


@pytest.mark.parametrize("union", ["anyOf", "oneOf"])
def test_of_alternatives_the_one_that_was_meant_is_told(folder: Path, union: str) -> None:
    schema = property_a({union: STORES["anyOf"]})
    assert problems(schema, "a:\n  kind: disk\n  paht: /x") == [
        "app.yaml:1:1: a.path: required, but missing",
        "app.yaml:3:3: a.paht: unknown key (did you mean 'path'?)",
    ]
    assert problems(schema, "a:\n  kind: dsk\n  path: /x") == [
        "app.yaml:2:3: a.kind: expected 's3' or 'disk', got 'dsk'"
    ]
    assert problems(schema, "a:\n  kind: s3\n  bucket: 5") == [
        "app.yaml:3:3: a.bucket: expected a valid string, got 5"
    ]
    assert problems(schema, "a:\n  kind: disk\n  path: /x") == []


def test_references_are_relative_to_the_file_that_has_them(folder: Path) -> None:
    Path("schemas/parts").mkdir(parents=True)
    Path("other").mkdir()
    write("schemas/app.json", property_a({"$ref": "parts/pool.yaml"}))
    Path("schemas/parts/pool.yaml").write_text(
        'properties:\n  size: {$ref: "../../other/size.json#/$defs/n"}\n'
    )
    write(
        "other/size.json",
        {"$schema": "http://json-schema.org/draft-04/schema#", "$defs": {"n": {"type": "integer"}}},
    )
    with pytest.raises(cg.ValidationError, match=r"a\.size: expected a valid integer"):
        cg.load("schemas/app.json", {"a": {"size": "x"}})
    assert cg.load("schemas/app.json", {"a": {"size": 5}}) == {"a": {"size": 5}}
    assert resolve_schema("schemas/app.json").shape.at(("a", "size")).hint is int  # type: ignore[union-attr]


def test_what_lies_beside_an_id_lies_beside_the_file(folder: Path) -> None:
    schema = {"$id": "https://example.com/schemas/app.json", **property_a({"$ref": "port.json"})}
    write("port.json", {"$id": "https://example.com/schemas/port.json", "type": "integer"})
    assert problems(schema, "a: x") == ["app.yaml:1:1: a: expected a valid integer, got 'x'"]
    schema["properties"]["a"]["$ref"] = "https://example.com/elsewhere/port.json"
    with pytest.raises(cg.SchemaError, match="never fetched"):
        problems(schema, "a: x")


def test_a_schema_within_a_schema_by_its_id(folder: Path) -> None:
    schema = property_a({"$ref": "urn:example:port"}) | {
        "$defs": {"p": {"$id": "urn:example:port", "type": "integer"}}
    }
    assert problems(schema, "a: x") == ["app.yaml:1:1: a: expected a valid integer, got 'x'"]


def test_schemas_that_are_at_hand_are_found_by_their_uri() -> None:
    known = {"https://example.com/n": {"minimum": 1}}.get
    schema = JsonSchema("x", property_a({"$ref": "https://example.com/n"}), None, known)
    with pytest.raises(cg.ValidationError, match="at least 1"):
        cg.load(schema, {"a": 0})  # type: ignore[arg-type]
    lone = JsonSchema("x", property_a({"$ref": "beside.json"}))
    with pytest.raises(cg.SchemaError, match="no file to be beside of"):
        cg.load(lone, {})  # type: ignore[arg-type]


def test_deep_documents(folder: Path) -> None:
    loop = {"$ref": "#/$defs/n", "$defs": {"n": {"additionalProperties": {"$ref": "#/$defs/n"}}}}
    assert problems(loop, "a = " + "{a=" * 60 + "{}" + "}" * 60, "toml") == []
    wide = {
        "$ref": "#/$defs/n",
        "$defs": {"n": {"anyOf": [{"type": "integer"}, {"items": {"$ref": "#/$defs/n"}}]}},
    }
    assert problems(wide, "[" * 190 + "1" + "]" * 190, "json") == [
        "app.json:1:1: (the whole document): is nested too deep to be checked"
    ]


def test_the_metaschema_is_a_schema_too(folder: Path) -> None:
    found = problems(
        {"$ref": "https://json-schema.org/draft/2020-12/schema"}, "properties: {a: {minimum: x}}"
    )
    assert found == ["app.yaml:1:18: properties.a.minimum: expected a valid number, got 'x'"]


def test_texts_become_what_a_union_asks_for() -> None:
    schema: Any = JsonSchema(
        "x",
        {
            "properties": {
                "a": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                "b": {"type": ["boolean", "null"]},
                "c": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
            }
        },
    )
    made = cg.load(schema, cg.parse("a=5\nb=yes\nc=5\n", "env"))
    assert made == {"a": 5, "b": True, "c": "5"}


TYPED = {
    "yaml": 'n: "80"\nb: "no"\nl: ["1"]\n',
    "toml": 'n = "80"\nb = "no"\nl = ["1"]\n',
    "json": '{"n": "80", "b": "no", "l": ["1"]}',
    "jsonc": '{"n": "80", "b": "no", "l": ["1"]} // text',
}
WITHOUT_TYPES = {"env": "n=80\nb=no\n", "ini": "[DEFAULT]\nn = 80\nb = no\n", "properties": "n=80\nb=no\n"}
NUMBER_AND_SWITCH = {
    "properties": {
        "n": {"type": "integer"},
        "b": {"type": "boolean"},
        "l": {"type": "array", "items": {"anyOf": [{"type": "number"}, {"type": "null"}]}},
    }
}


@pytest.mark.parametrize("format", TYPED)
def test_a_text_is_a_text_where_the_format_has_numbers(
    folder: Path, format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = problems(NUMBER_AND_SWITCH, TYPED[format], format)
    assert [problem.partition(": ")[2] for problem in found] == [
        "n: expected a valid integer, got '80'",
        "b: expected a valid boolean, got 'no'",
        "l[0]: expected a valid number or null, got '1'",
    ]
    Path(f"app.{format}").write_text(TYPED[format])
    assert main(["check", "--schema", "app.schema.json", f"app.{format}"]) == 1
    assert "3 findings" in capsys.readouterr().out


@pytest.mark.parametrize("format", WITHOUT_TYPES)
def test_a_text_is_what_the_schema_asks_for_where_the_format_has_texts_only(
    folder: Path, format: str
) -> None:
    text = WITHOUT_TYPES[format]
    inner = {"properties": {"DEFAULT": NUMBER_AND_SWITCH}} if format == "ini" else NUMBER_AND_SWITCH
    schema: Any = write("app.schema.json", inner)
    name = ".env" if format == "env" else f"app.{format}"
    Path(name).write_text(text)
    loaded: Any = cg.load(schema, name)
    assert loaded.get("DEFAULT", loaded) == {"n": 80, "b": False}
    assert main(["check", "--schema", schema, name]) == 0


def test_each_layer_is_read_by_what_its_source_can_say(folder: Path) -> None:
    schema: Any = write("app.schema.json", NUMBER_AND_SWITCH)
    below = cg.parse('n: "80"\nb: true\n', "yaml", path="app.yaml")
    env = cg.Env("APP_", environ={"APP_N": "81"})
    assert cg.load(schema, below, env) == {"n": 81, "b": True}
    with pytest.raises(cg.ValidationError, match=r"app\.yaml:1:1: n: expected a valid integer, got '80'"):
        cg.load(schema, below, cg.Env("APP_", environ={"APP_B": "off"}))


def test_what_a_schema_says_of_a_secret_is_not_told() -> None:
    schema: Any = JsonSchema(
        "x", {"properties": {"a": {"writeOnly": True, "enum": ["hunter2", "tr0ub4dor"]}}}
    )
    with pytest.raises(cg.ValidationError) as caught:
        cg.load(schema, {"a": "geheim"})
    assert "does not fit the schema" in str(caught.value)
    assert not {"geheim", "hunter2", "tr0ub4dor"} & set(str(caught.value).replace("'", " ").split())


def test_secrets_are_seen_through_references_and_unions() -> None:
    secret = {"type": "string", "writeOnly": True}
    schema = resolve_schema(
        JsonSchema(  # type: ignore[arg-type]
            "x",
            {
                "$defs": {"s": secret},
                "properties": {
                    "a": {"$ref": "#/$defs/s"},
                    "b": {"anyOf": [{"$ref": "#/$defs/s"}, {"type": "null"}]},
                    "c": {"oneOf": [{"properties": {"k": secret}}, {"properties": {"j": {}}}]},
                    "d": {"type": "array", "items": {"allOf": [{"$ref": "#/$defs/s"}]}},
                    "e": {"patternProperties": {"^x": secret}, "type": "object"},
                },
            },
        )
    )
    assert schema is not None
    for path in (("a",), ("b",), ("c", "k"), ("d", 0), ("e", "x1")):
        assert schema.shape.at(path).secret, path
    assert not schema.shape.at(("c", "j")).secret


@pytest.mark.parametrize(
    ("pattern", "fits", "refused"),
    [
        (r"^\d+$", "12", "١٢"),
        (r"^a$", "a", "a\n"),
        (r"^\w+$", "ab_1", "é"),
        (r"^\p{Lu}\p{Ll}+$", "Ärger", "ärger"),
        (r"^[\p{L}\-]+$", "é-ü", "1"),
        (r"^\P{L}$", "1", "é"),
        (r"^(?<year>\d{4})-\k<year>$", "2031-2031", "2031-2032"),
        (r"^\cJ$", "\n", "J"),
        (r"^\u{1F600}$", "😀", "u"),
        (r"^\ud83d\ude00$", "😀", "u"),
        (r"^\s$", "\u2003", "x"),
        (r"^[^]$", "\n", ""),
        (r"^[a[b]+$", "[ab", "]"),
        (r"^[a&&b]+$", "a&b", "c"),
        (r"^.$", "x", "\u2028"),
        (r"(?i)^yes$", "YES", "no"),
        (r"^https?:\/\/", "http://", "ftp://"),
    ],
)
def test_patterns_are_ecma(pattern: str, fits: str, refused: str) -> None:
    import re

    assert re.search(translated(pattern), fits)
    assert not re.search(translated(pattern), refused)
    assert translated(pattern).written == pattern


@pytest.mark.parametrize(
    ("form", "right", "wrong"),
    [
        ("date", "2028-02-29", "2027-02-29"),
        ("date", "2031-12-31", "2031-1-1"),
        ("date-time", "2031-02-03T04:05:06.7+01:00", "2031-02-03 4:05"),
        ("date-time", "1998-12-31T23:59:60Z", "1998-12-31T23:58:60Z"),
        ("date-time", "2031-02-03T04:05:06", "soon"),
        ("time", "04:05:06Z", "24:00:00Z"),
        ("duration", "P1DT2H", "1 day"),
        ("email", "ana@example.com", "ana"),
        ("hostname", "a-b.example", "-a.example"),
        ("ipv4", "10.0.0.1", "10.0.0.256"),
        ("ipv4", "1.2.3.4", "01.2.3.4"),
        ("ipv6", "::1", "::1%eth0"),
        ("uri", "https://example.com/x?y#z", "example.com"),
        ("uuid", "12345678-1234-5678-1234-567812345678", "12345678123456781234567812345678"),
        ("regex", "^a$", "("),
    ],
)
def test_formats(form: str, right: str, wrong: str) -> None:
    assert fits_format(right, form)
    assert not fits_format(wrong, form)


def test_formats_that_are_not_checked_fit_and_what_is_no_text_does() -> None:
    assert fits_format("anything", "iri")
    assert fits_format("anything", "color")
    assert fits_format(5, "date")
    assert fits_format("x", ["no", "format"])


def test_at_a_terminal_nothing_is_a_traceback(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("app.json", property_a({"$ref": "https://example.com/x"}))
    Path("app.yaml").write_text("a: 1\n")
    assert main(["check", "--schema", "app.json", "app.yaml"]) == 2
    err = capsys.readouterr().err
    assert "app.json:4:4" in err
    assert "save a copy beside the schema" in err


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text("ab$#/(", max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab$", max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYWORDS = (
    *(
        "type",
        "properties",
        "$ref",
        "$id",
        "$schema",
        "$anchor",
        "$dynamicRef",
        "items",
        "pattern",
        "patternProperties",
    ),
    *(
        "additionalProperties",
        "enum",
        "const",
        "minimum",
        "multipleOf",
        "format",
        "required",
        "anyOf",
        "not",
        "$defs",
    ),
    *(
        "dependencies",
        "x-confguard",
        "default",
        "writeOnly",
        "unevaluatedProperties",
        "propertyNames",
        "definitions",
    ),
)
wild = st.dictionaries(
    st.sampled_from(KEYWORDS),
    anything | st.dictionaries(st.sampled_from(KEYWORDS), anything, max_size=2),
    max_size=4,
)


@given(schema=wild, data=anything)
@settings(max_examples=examples(300), deadline=None)
def test_whatever_the_schema_and_the_data_nothing_else_is_raised(schema: Any, data: Any) -> None:
    model: Any = JsonSchema("wild", {"properties": {"a": schema}})
    try:
        found = resolve_schema(model)
        assert found is not None
        found.validate({"a": data})
    except (cg.SchemaError, cg.ValidationError):
        pass


INFINITE, NO_NUMBER = float("inf"), float("nan")


@pytest.mark.parametrize(
    "schema",
    [
        {"minimum": INFINITE},
        {"multipleOf": NO_NUMBER},
        {"maximum": 10**400},
        {"multipleOf": 10**400},
        {"multipleOf": 1e-320},
        {"maxItems": 2.0},
        {"minItems": 10**30},
        {"minProperties": 10**12},
        {"minContains": 10**12, "contains": True},
        {"minLength": 10**30},
        {"pattern": "\\"},
        {"type": []},
        {"required": True},
        {"$id": "http://[::1"},
        {"$ref": "#/%zz"},
        {"$ref": "/dev/zero"},
        {"not": {"$ref": "#"}},
        {"x-confguard": {"keyed_by": 5}},
        {"$schema": "http://json-schema.org/draft-03/schema#", "divisibleBy": 0},
    ],
    ids=lambda schema: str(schema)[:40],
)
def test_a_strange_schema_is_used_or_refused_by_every_command(folder: Path, schema: Any) -> None:
    """Never a raw exception, never an answer that does not come."""
    for made in (schema, {"properties": {"a": schema}}):
        try:
            first: Any = resolve_schema(JsonSchema("x", made))
            for data in ({"a": 1}, {"a": "x"}, {"a": INFINITE}, {"a": [1] * 3}, {"a": 10**400}, 5):
                with contextlib.suppress(cg.ValidationError):
                    first.validate(data)
            with contextlib.suppress(cg.DocumentError):
                example_file(first, "toml")
            reference_page(first)
            other: Any = resolve_schema(JsonSchema("y", property_a({"type": "string"})))
            compare_schemas(first, other)
            compare_schemas(other, first)
        except cg.SchemaError as error:
            assert "x" in str(error)


def test_a_schema_has_finite_numbers(folder: Path) -> None:
    with pytest.raises(cg.SchemaError, match=r"app\.schema\.yaml:3:5: .*expected a finite number"):
        resolve_schema(write("app.schema.yaml", "properties:\n  a:\n    minimum: .inf\n"))


def test_all_defaults_of_a_schema_are_filled_in_and_explained(folder: Path) -> None:
    port = {"type": "integer", "default": 80}
    schema = {
        "properties": {
            "workers": {"type": "integer", "default": 4},
            "wait": {"default": "2s", "x-confguard": {"type": "Duration"}},
            "pool": {"$ref": "#/$defs/pool", "default": {}},
            "peers": {"items": {"$ref": "#/$defs/pool"}},
            "other": {"$ref": "#/$defs/pool"},
        },
        "$defs": {"pool": {"properties": {"port": port}}},
    }
    data = {"peers": [{}, {"port": 81}]}
    name: Any = write("app.schema.json", schema)
    told = {"workers": 4, "wait": "2s", "pool": {"port": 80}, "peers": [{"port": 80}, {"port": 81}]}
    assert cg.load(name, data) == told
    assert {str(each).partition("\n")[0] for each in cg.explain(name, data).values} >= {
        *("workers = 4", "wait = 2s", "pool.port = 80")
    }
    assert cg.explain(name, data)["pool.port"].origin.source == "default"


@pytest.mark.parametrize("extra", [{}, {"x-confguard": {"type": "Duration"}}])
def test_what_is_required_has_to_be_there_whatever_its_default(folder: Path, extra: Any) -> None:
    schema = {"properties": {"level": {"default": "2s", **extra}}, "required": ["level"]}
    assert problems(schema, "a: 1") == ["app.yaml:1:1: level: required, but missing"]


def test_a_value_that_is_wrong_by_its_type_and_by_the_schema_is_told_once(folder: Path) -> None:
    port = {"type": "integer", "maximum": 65535, "x-confguard": {"type": "Port"}}
    assert problems({"properties": {"port": port}}, "port: 99999") == [
        "app.yaml:1:1: port: expected a port from 1 to 65535, got 99999"
    ]
