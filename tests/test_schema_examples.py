"""An example of a schema fits the schema, however the schema is written."""

# ruff: noqa: E501 - a row of a table is a line

from __future__ import annotations

import dataclasses
import enum
import re
import sys
from datetime import date, timedelta
from decimal import Decimal
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

import annotated_types as at
import attrs
import pytest
from attrs import validators
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import AnyUrl, BaseModel, Field, Json, RootModel, SecretBytes, SecretStr, create_model
from pydantic import ByteSize as PydanticSize
from typing_extensions import TypedDict

import confguard as cg
from confguard.cli import main
from confguard.fields import ByteSize, Cron, Duration, Network, Port, Ratio, Regex, Secret, Url
from confguard.schema.example_data import example_data
from confguard.schema.export import example_file, reference_page
from confguard.schema.json_export import json_schema
from confguard.schema.json_schema import JsonSchema
from confguard.schema.schema import Schema, resolve_schema
from conftest import examples
from schema_changes import roots


def schema_of(model: Any) -> Schema[Any]:
    found = resolve_schema(model)
    assert found is not None
    return found


def check(model: Any) -> None:
    """The example, in both formats, is what the schema takes."""
    schema = schema_of(model)
    for form in ("toml", "yaml"):
        text = example_file(schema, form)
        try:
            schema.validate(cg.parse(text, form).data)
        except cg.ConfguardError as error:
            raise AssertionError(f"{error}\n\n{text}") from None


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    name: str


class Level(enum.Enum):
    LOW = "low"


class Pair(NamedTuple):
    a: int
    b: str


class Table(TypedDict):
    x: int


@attrs.frozen
class Bounded:
    size: int = attrs.field(validator=[validators.ge(3), validators.lt(10)])
    names: list[str] = attrs.field(
        validator=validators.deep_iterable(validators.matches_re("[a-z]{3}-[0-9]"), validators.min_len(2))
    )


@dataclasses.dataclass
class Plain:
    x: int
    y: str = "a"


class Empty(BaseModel):
    size: int = 64


TYPES: list[Any] = [
    int,
    float,
    str,
    bool,
    date,
    timedelta,
    Decimal,
    UUID,
    Path,
    IPv4Address,
    Level,
    Literal[3, "b"],
    Duration,
    ByteSize,
    Ratio,
    Port,
    Network,
    Url,
    Regex,
    Cron,
    Secret,
    tuple[int, int],
    tuple[str, ...],
    set[int],
    list[Plain],
    dict[str, Plain],
    dict[str, int],
    int | str,
    str | None,
    int | Plain,
    Cat | Dog,
    Cat | None,
    Empty,
    Plain,
]
PYDANTIC: list[Any] = [
    Pair,
    Table,
    Annotated[Cat | Dog, Field(discriminator="kind")],
    list[Annotated[Cat | Dog, Field(discriminator="kind")]],
    Annotated[int, Field(gt=3, multiple_of=5)],
    Annotated[float, Field(gt=0.5, lt=0.75)],
    Annotated[str, Field(pattern="^[a-f]{4}:[0-9]+$")],
    Annotated[str, Field(min_length=12, max_length=14)],
    Annotated[list[int], Field(min_length=2)],
    Annotated[list[Cat | Dog], at.Len(1, 3)],
    Annotated[dict[str, int], Field(min_length=1)],
]
ATTRS: list[Any] = [Bounded, list[Bounded], Bounded | None]
names = st.sampled_from(["a", "b-c", "d.e", "kind", "type", "a b"])


@st.composite
def classes(draw: st.DrawFn) -> Any:
    """A pydantic model, an attrs class or a dataclass, with fields that must be there and others."""
    how = draw(st.sampled_from(["pydantic", "attrs", "dataclass"]))
    found = draw(
        st.lists(st.sampled_from(TYPES + (PYDANTIC if how == "pydantic" else ATTRS)), min_size=1, max_size=4)
    )
    if draw(st.booleans()):
        found.append(draw(classes()) if draw(st.booleans()) else Empty)
    if how == "pydantic":
        alias = draw(names)
        fields: dict[str, Any] = {f"f{i}": (kind, ...) for i, kind in enumerate(found)}
        fields["f0"] = (found[0], Field(alias=alias, description="What it is.\nAnd why."))
        fields |= {"later": (list[int], []), "nested": (found[0] | None, None)} if found else {}
        return create_model("Made", __config__={"arbitrary_types_allowed": True}, **fields)
    if how == "attrs":
        made = {f"f{i}": attrs.field(type=kind) for i, kind in enumerate(found)}
        return attrs.make_class("Made", made | {"later": attrs.field(type=int, default=3)})
    return dataclasses.make_dataclass("Made", [(f"f{i}", kind) for i, kind in enumerate(found)])


@pytest.mark.slow
@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(model=classes())
def test_the_example_of_a_class_fits_it(model: Any) -> None:
    check(model)
    reference_page(schema_of(model))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*TYPES, *PYDANTIC, *ATTRS], ids=str)
def test_the_example_of_each_type_fits_it(kind: Any) -> None:
    if kind not in ATTRS:
        check(create_model("One", it=(kind, ...)))
        check(create_model("Deep", inner=(create_model("Inner", it=(kind, ...)), ...)))
    if kind not in PYDANTIC:
        check(attrs.make_class("One", {"it": attrs.field(type=kind)}))
        check(dataclasses.make_dataclass("One", [("it", kind)]))


@pytest.mark.slow
@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(schema=roots())
def test_the_example_of_a_json_schema_fits_it(schema: Any) -> None:
    """Where there is any table that fits; and that is found for most that have one, as the next test shows."""
    made = schema_of(JsonSchema("made", schema))
    data = example_data(made)
    try:
        made.validate(data)
        text = example_file(made, "yaml")
    except (cg.ValidationError, cg.DocumentError):
        return
    made.validate(cg.parse(text, "yaml").data)


def table(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}


@pytest.mark.parametrize(
    "schema",
    [
        table(["a"], a={"enum": ["x", "y"]}),
        table(["a"], a={"const": {"b": [1, {"c": 2}]}}),
        table(["a"], a={"type": "string", "pattern": "^[A-Z]{3}-[0-9]{4}$"}),
        table(["a"], a={"type": "array", "minItems": 3, "uniqueItems": True, "items": {"type": "integer"}}),
        table(["a"], a={"type": "array", "contains": {"const": "x"}}),
        table(["a"], a={"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.1}),
        table(["a"], a={"type": "integer", "multipleOf": 7, "minimum": 1}),
        table(["a"], a={"$ref": "#/$defs/n"}) | {"$defs": {"n": table(["v"], v={"type": "boolean"}, n={"$ref": "#/$defs/n"})}},
        {"oneOf": [table(["a", "kind"], kind={"const": "a"}), table(["b", "kind"], kind={"const": "b"})]},
        {"allOf": [table(["a"], a={"type": "string"}), table(["b"], b={"minimum": 3, "type": "integer"})]},
        table(["mode"], mode={"enum": ["tls"]}) | {"if": table(["mode"], mode={"const": "tls"}), "then": table(["cert"], cert={"type": "string"})},
        {"type": "object", "minProperties": 2, "additionalProperties": {"type": "integer"}},
        {"type": "object", "minProperties": 1, "patternProperties": {"^x-[a-z]+$": {"type": "integer"}}, "additionalProperties": False},
        table(["a"], a={"type": "string"}) | {"dependentRequired": {"a": ["b"]}},
        table(["a"], a={"type": "string", "not": {"enum": ["...", "x", ""]}}),
        table(["a"], a={"type": ["string", "null"], "format": "date"}),
        {"type": "object", "minProperties": 1, "propertyNames": {"pattern": "^[a-z]{5}$"}},
    ],
)  # fmt: skip
def test_the_example_of_each_keyword_fits_it(schema: Any) -> None:
    check(JsonSchema("one", schema))


@attrs.frozen
class Tokens:
    issuer: Url
    algorithms: list[str]
    ttl: int = 300


@attrs.frozen
class Service:
    tokens: Tokens
    port: Port
    name: str = "auth"


@pytest.mark.parametrize("installed", [True, False])
def test_what_is_required_is_there_and_marked(installed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `jsonschema`, it was commented out."""
    if not installed:
        monkeypatch.setitem(sys.modules, "jsonschema", None)
    text = example_file(schema_of(Service))
    assert cg.load(Service, cg.parse(text, "toml")).tokens.issuer == "https://example.com"
    assert "# required\n[tokens]\n# required, a URL" in text
    assert "# required, list\nalgorithms = []" in text and "# string\n# name =" in text


def test_a_schema_of_a_list_has_an_example_in_yaml() -> None:
    schema = schema_of(RootModel[list[Plain]])
    assert cg.parse(example_file(schema, "yaml"), "yaml").data == []


def test_an_example_that_is_written_is_clean(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("app.schema.json").write_text(
        '{"required": ["pool"], "properties": {"pool": {"required": ["size"], "properties": {"size": {"minimum": 3}}}}}'
    )
    assert main(["schema", "example", "app.schema.json"]) == 0
    Path("app.toml").write_text(capsys.readouterr().out)
    assert main(["check", "--schema", "app.schema.json", "app.toml"]) == 0


class Bird(BaseModel):
    wings: int = 2
    song: str


class Animals(BaseModel):
    one: Annotated[Cat | Dog, Field(discriminator="kind")]
    other: Annotated[Dog | Cat, Field(discriminator="kind")]
    plain: Dog | Bird
    maybe: Dog | Bird | None = None
    deep: Annotated[Cat | Dog, Field(discriminator="kind")] | Bird = Cat()


def uncommented(text: str, form: str) -> str:
    """An example with every setting that is commented out as if it were there."""
    setting = re.compile(r"^( *)# (\[[\w.]+\]$|[\w']+ = |[\w']+:( |$))", re.MULTILINE)
    return re.sub(r"^.*\*\*\*.*$\n", "", setting.sub(r"\1\2", text), flags=re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["toml", "yaml"])
def test_an_example_has_the_settings_of_one_member_of_a_union(form: str) -> None:
    text = example_file(schema_of(Animals), form)
    for each in (text, uncommented(text, form)):
        made = cg.load(Animals, cg.parse(each, form))
        assert (type(made.one), type(made.other), type(made.plain)) == (Cat, Dog, Dog)
    assert text.count("# required, kind 'cat' or kind 'dog'") == 1
    assert "# Dog or Bird" in text


def test_a_page_tells_which_member_of_a_union_has_a_setting() -> None:
    page = reference_page(schema_of(Animals))
    assert "| `one.kind` | `cat` or `dog` |" in page
    assert "| `one.lives` | integer | `9` | of kind 'cat' |" in page
    assert "| `plain.song` | string | required | of Bird |" in page


def test_what_pydantics_own_types_take_is_said() -> None:
    class Kinds(BaseModel):
        token: SecretStr = SecretStr("")
        raw: SecretBytes | None = None
        url: AnyUrl = AnyUrl("http://a")
        size: PydanticSize = PydanticSize(3)
        text: Json[list[int]] = []
        any: Any = None

    schema = schema_of(Kinds)
    page = reference_page(schema)
    kinds = {row.split("`")[1]: row.split(" | ")[1] for row in page.splitlines()[4:]}
    assert kinds == {
        "token": "secret", "raw": "secret", "url": "uri", "size": "string or integer", "text": "string", "any": "anything",
    }  # fmt: skip
    assert example_file(schema).count("# anything") == 1


@pytest.mark.parametrize(
    "bounds",
    [
        {"exclusiveMaximum": 0, "multipleOf": 6},
        {"maximum": -1},
        {"minimum": 1, "multipleOf": 7},
        {"minimum": 101, "maximum": 199, "multipleOf": 50},
        {"multipleOf": 4, "exclusiveMinimum": 4, "allOf": [{"multipleOf": 6}]},
    ],
)
@pytest.mark.parametrize("kind", ["integer", "number"])
def test_a_number_of_an_example_is_within_its_bounds(kind: str, bounds: dict[str, Any]) -> None:
    number = {"type": kind, **bounds}
    check(JsonSchema("x", {"type": "object", "properties": {"a": number}, "required": ["a"]}))
    optional = example_file(
        schema_of(JsonSchema("x", {"type": "object", "properties": {"a": number}})), "yaml"
    )
    shown = [line for line in optional.splitlines() if line.startswith("# a: ")]
    if "allOf" not in bounds:
        uncommented = cg.parse(shown[0].removeprefix("# "), "yaml").data
        schema_of(JsonSchema("x", {"properties": {"a": number}})).validate(uncommented)


def test_what_is_null_is_called_so() -> None:
    for kind in ("null", ["null"]):
        written = JsonSchema("x", {"type": "object", "properties": {"a": {"type": kind}}, "required": ["a"]})
        schema = schema_of(written)
        assert example_file(schema, "yaml") == "# required, null\na: null\n"
        assert "anything" not in reference_page(schema)


class Store(BaseModel):
    timeout: Duration
    token: Secret = Field(Secret(""), description="of the store")


def test_what_a_json_schema_requires_is_what_it_lists() -> None:
    properties = {"name": {"type": "string"}, "level": {"type": "string", "default": "info"}}
    schema = schema_of(JsonSchema("s", {"allOf": [{"properties": properties}, {"required": ["level"]}]}))
    assert example_file(schema).splitlines() == [
        *("# string", '# name = "..."', "# required, string", 'level = "info"')
    ]
    assert "| `name` | string | optional |  |\n| `level` | string | required |  |" in reference_page(schema)


def test_of_alternatives_only_what_all_require_is_required() -> None:
    tables = [{"properties": {"a": {}, key: {}}, "required": ["a", key]} for key in ("b", "c")]
    shape = schema_of(JsonSchema("s", {"anyOf": tables})).shape
    assert [key for key in "abc" if shape.requires(key)] == ["a"]


def test_a_class_that_was_written_as_json_schema_has_the_same_example() -> None:
    schema = schema_of(Store)
    written = schema_of(JsonSchema("s", json_schema(schema)))
    assert example_file(written) == example_file(schema)
    assert "like" not in reference_page(written)


def test_a_pattern_is_told_as_the_schema_writes_it() -> None:
    schema = JsonSchema("s", {"properties": {"a": {"type": "string", "pattern": r"^\d+$"}}})
    assert r"string, like ^\d+$" in example_file(schema_of(schema))
