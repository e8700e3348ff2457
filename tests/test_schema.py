"""Schemas: the same one written three ways behaves the same; errors name the place."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Address
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import attrs
import pytest
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

import confguard as cg
from confguard.fields import Cron, Duration, Impact, KeyedBy, Owner, Port, Renamed, Safer, Secret, Unordered
from confguard.schema.json_schema import JsonSchema
from confguard.schema.schema import resolve_schema
from confguard.secrets import secret_name


class PydanticServer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    port: Port
    timeout: Duration = "2s"  # type: ignore[assignment]
    tags: list[str] = []


class PydanticModel(BaseModel):
    server: PydanticServer
    workers: Annotated[int, Impact("high")] = 4
    debug: bool = False
    ratio: float | None = None


@attrs.frozen
class AttrsServer:
    port: Port
    timeout: Duration = "2s"  # type: ignore[assignment]
    tags: list[str] = attrs.field(factory=list)


@attrs.frozen
class AttrsModel:
    server: AttrsServer
    workers: Annotated[int, Impact("high")] = 4
    debug: bool = False
    ratio: float | None = None


@dataclasses.dataclass
class DataServer:
    port: Port
    timeout: Duration = "2s"  # type: ignore[assignment]
    tags: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class DataModel:
    server: DataServer
    workers: Annotated[int, Impact("high")] = 4
    debug: bool = False
    ratio: float | None = None


JSON_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["server"],
    "properties": {
        "server": {"$ref": "#/$defs/server"},
        "workers": {"type": "integer", "default": 4, "x-confguard": {"impact": "high"}},
        "debug": {"type": "boolean"},
        "ratio": {"type": "number"},
    },
    "$defs": {
        "server": {
            "type": "object",
            "additionalProperties": False,
            "required": ["port"],
            "properties": {
                "port": {"x-confguard": {"type": "Port"}},
                "timeout": {"x-confguard": {"type": "Duration"}, "default": "2s"},
                "tags": {"type": "array", "items": {"type": "string"}},
            },
        }
    },
}
WAYS = [PydanticModel, AttrsModel, DataModel, JsonSchema("app.schema.json", JSON_SCHEMA)]


@pytest.mark.parametrize("model", WAYS[:3])
def test_valid_data_becomes_typed(model: type[Any]) -> None:
    made = cg.load(model, {"server": {"port": "8080", "tags": ["a"]}, "ratio": 1})
    assert (made.server.port, made.server.timeout, made.workers, made.ratio) == (8080, Duration("2s"), 4, 1.0)
    assert isinstance(made.server.timeout, Duration)


@pytest.mark.parametrize("model", WAYS)
@pytest.mark.parametrize(
    ("text", "line", "path", "says"),
    [
        ("[server]\nport = 70000\n", 2, ("server", "port"), "65535"),
        ("[server]\nprot = 80\n", 2, ("server", "prot"), "did you mean 'port'?"),
        ("workers = 3\n", 1, ("server",), "required, but missing"),
        ("workers = 'x'\n[server]\nport = 1\n", 1, ("workers",), "valid integer"),
        ("debug = 'maybe'\n[server]\nport = 1\n", 1, ("debug",), "valid boolean"),
        ("[server]\nport = 1\ntags = ['a', 2]\n", 3, ("server", "tags", 1), "valid string"),
        ("[server]\nport = 1\ntimeout = 'soon'\n", 3, ("server", "timeout"), "a duration such as '30s'"),
        ("ratio = 'x'\n[server]\nport = 1\n", 1, ("ratio",), "valid number"),
    ],
)
def test_problems_have_path_place_and_advice(
    model: type[Any], text: str, line: int, path: tuple[object, ...], says: str, folder: Path
) -> None:
    Path("app.toml").write_text(text)
    with pytest.raises(cg.ValidationError) as caught:
        cg.load(model, "app.toml")
    problem = next(each for each in caught.value.problems if each.path == path)
    assert says in problem.message
    assert (problem.file, problem.line) == ("app.toml", line)


@pytest.mark.parametrize("model", WAYS)
def test_all_problems_come_at_once(model: type[Any]) -> None:
    with pytest.raises(cg.ValidationError) as caught:
        cg.load(model, {"server": {"port": 0, "timeout": "x"}, "workers": "y", "nonsense": 1})
    assert {str(problem.path[-1]) for problem in caught.value.problems} == {
        "port",
        "timeout",
        "workers",
        "nonsense",
    }


@pytest.mark.parametrize("model", WAYS)
def test_shapes_agree(model: type[Any]) -> None:
    schema = resolve_schema(model)
    assert schema is not None
    assert schema.shape.at(("server", "timeout")).field_type is Duration
    assert schema.shape.at(("workers",)).mark(Impact) == Impact("high")
    assert schema.shape.at(("server", "tags", 0)).kind == "value"
    assert schema.shape.at(("no", "such", "path")).kind == "any"


@pytest.mark.parametrize("model", WAYS)
def test_data_that_is_no_mapping(model: type[Any]) -> None:
    with pytest.raises(cg.ValidationError):
        resolve_schema(model).validate([1])  # type: ignore[union-attr]


def test_later_sources_win_key_by_key(folder: Path) -> None:
    Path("base.toml").write_text("workers = 1\n[server]\nport = 1\n")
    Path("over.yaml").write_text("server:\n  timeout: soon\n")
    with pytest.raises(cg.ValidationError, match=r"over\.yaml:2:3: server\.timeout"):
        cg.load(PydanticModel, "base.toml", "over.yaml")
    made = cg.load(PydanticModel, "base.toml", {"server": {"timeout": "5s"}})
    assert (made.workers, made.server.timeout) == (1, Duration("5s"))


def test_a_missing_setting_is_placed_in_the_last_file(folder: Path) -> None:
    Path("a.toml").write_text("workers = 1\n")
    with pytest.raises(cg.ValidationError, match=r"a\.toml:1:1: server: required"):
        cg.load(PydanticModel, "a.toml", {"debug": True})


def test_rules_across_fields_are_the_models_own() -> None:
    class Pool(BaseModel):
        low: int
        high: int

        @model_validator(mode="after")
        def ordered(self) -> Pool:
            if self.low > self.high:
                raise ValueError("low is above high")
            return self

    with pytest.raises(cg.ValidationError, match="low is above high"):
        cg.load(Pool, {"low": 2, "high": 1})


def test_aliases_are_known_keys() -> None:
    class Aliased(BaseModel):
        model_config = ConfigDict(extra="forbid", populate_by_name=True)
        first: int = Field(alias="erste")
        second: int = Field(default=1, validation_alias=AliasChoices("zweite", "zwei"))

    assert cg.load(Aliased, {"erste": 1, "zwei": 2}).second == 2
    with pytest.raises(cg.ValidationError, match="did you mean 'zweite'"):
        cg.load(Aliased, {"erste": 1, "zweitte": 2})


def test_a_secret_is_not_in_errors() -> None:
    class Db(BaseModel):
        password: Secret
        api_key: int = 0

    with pytest.raises(cg.ValidationError) as caught:
        cg.load(Db, {"password": 12345678, "api_key": "geheim"})
    assert "geheim" not in str(caught.value)
    assert "12345678" not in str(caught.value)
    assert "geheim" not in repr(cg.load(Db, {"password": "geheim"}))


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("no_such_module_x:Model", "cannot import"),
        ("confguard.fields:Duraton", "did you mean 'Duration'"),
        ("confguard", "expected 'module:Class'"),
        ("confguard.errors:place", "is not a schema"),
    ],
)
def test_a_schema_that_cannot_be_had(spec: str, says: str) -> None:
    with pytest.raises(cg.SchemaError, match=says):
        resolve_schema(spec)


def test_a_module_that_fails_when_imported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("broken_settings_module.py").write_text("raise RuntimeError('no database')\n")
    monkeypatch.syspath_prepend(str(folder))
    with pytest.raises(cg.SchemaError, match="cannot import 'broken_settings_module': no database"):
        resolve_schema("broken_settings_module:Model")


@attrs.frozen
class Node:
    name: str
    child: Node | None = None


def test_a_schema_may_contain_itself() -> None:
    assert cg.load(Node, {"name": "a", "child": {"name": "b"}}).child == Node("b")


def test_a_json_schema_file(folder: Path) -> None:
    Path("app.schema.json").write_text(json.dumps(JSON_SCHEMA))
    Path("app.ini").write_text("[server]\nport = 80\n")
    Path("app.toml").write_text("workers = 8\ndebug = true\n[server]\nport = 80\n")
    assert cg.load("app.schema.json", "app.ini") == {"workers": 4, "server": {"port": "80", "timeout": "2s"}}
    assert cg.load("app.schema.json", "app.toml")["workers"] == 8
    before = {"server": {"port": 80, "timeout": "30s"}}
    assert cg.diff(before, {"server": {"port": 80, "timeout": "30000ms"}}, "app.schema.json").same


def test_marks_in_a_json_schema() -> None:
    extra = {"safer": "higher", "owner": "web", "renamed": "old", "unordered": True, "keyed_by": ["id"]}
    schema = resolve_schema(
        JsonSchema(
            "x", {"properties": {"new": {"type": "array", "x-confguard": extra}, "key": {"writeOnly": True}}}
        )
    )
    assert schema is not None
    marks = schema.shape.at(("new",)).marks
    assert set(marks) == {Safer("higher"), Owner("web"), Renamed("old"), Unordered(), KeyedBy("id")}
    assert schema.validate({"old": [1]}) == {"new": [1]}
    assert schema.shape.at(("key",)).secret


@pytest.mark.parametrize(
    ("text", "says"),
    [("{", "expecting"), ("[]", "a mapping was expected"), ('{"type": "strnig"}', "is not a JSON Schema")],
)
def test_a_json_schema_that_is_none(folder: Path, text: str, says: str) -> None:
    Path("x.schema.json").write_text(text)
    with pytest.raises(cg.SchemaError, match=says):
        resolve_schema("x.schema.json")


def test_json_schemas_that_contain_themselves_or_lead_nowhere() -> None:
    node: dict[str, Any] = {"properties": {"child": {"$ref": "#/$defs/node"}}}
    schema = resolve_schema(JsonSchema("x", {"$ref": "#/$defs/node", "$defs": {"node": node}}))
    assert schema is not None
    assert schema.shape.at(("child", "child", "child")).kind == "map"
    node["properties"]["lost"] = {"$ref": "#/$defs/none"}
    lost = resolve_schema(JsonSchema("y", {"$ref": "#/$defs/node", "$defs": {"node": node}}))
    with pytest.raises(cg.SchemaError, match="'#/\\$defs/none' leads nowhere"):
        lost.validate({})  # type: ignore[union-attr]


def test_without_jsonschema_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    with pytest.raises(cg.SchemaError, match="not installed"):
        cg.load(JsonSchema("x", {}), {})


@attrs.frozen
class Renaming:
    max_inflight: Annotated[int, Renamed("max_in_flight")] = 1
    schedule: Cron = attrs.field(default=Cron("@daily"))


def test_a_renamed_key_is_read_with_a_warning(folder: Path) -> None:
    Path("a.toml").write_text("max_in_flight = 7\n")
    with pytest.warns(FutureWarning, match=r"a\.toml:1:1: max_in_flight: is called 'max_inflight' now"):
        assert cg.load(Renaming, "a.toml").max_inflight == 7
    Path("a.toml").write_text("max_in_flight = 8\nmax_inflight = 8\n")
    with pytest.warns(FutureWarning, match="is called"):
        assert cg.load(Renaming, "a.toml").max_inflight == 8
    Path("a.toml").write_text("max_in_flight = 7\nmax_inflight = 8\n")
    says = r"a\.toml:1:1: max_in_flight: is the same setting as 'max_inflight' \(a\.toml:2:1\)"
    with pytest.warns(FutureWarning), pytest.raises(cg.ValidationError, match=says):
        cg.load(Renaming, "a.toml")


def test_a_deprecated_key_is_read_with_a_warning(folder: Path) -> None:
    class Old(BaseModel):
        color: str = Field(default="red", deprecated="use theme")
        shape: Annotated[str, Field(deprecated=True)] = "round"

    Path("a.toml").write_text("color = 'blue'\nshape = 'flat'\n")
    with pytest.warns(FutureWarning) as caught:
        cg.load(Old, "a.toml")
    assert [str(each.message) for each in caught] == [
        "a.toml:1:1: color: is deprecated: use theme",
        "a.toml:2:1: shape: is deprecated: it will be removed",
    ]


def test_keyed_by_needs_a_field() -> None:
    with pytest.raises(ValueError, match="at least one"):
        KeyedBy()


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("DB_PASSWORD", True),
        ("authToken", True),
        ("private_key", True),
        ("tokens", True),
        ("max_tokens", False),
    ]
    + [("password_file", False), ("keyboard", False)],
)
def test_names_that_usually_hold_secrets(name: str, secret: bool) -> None:
    assert secret_name(name) is secret


class Pool(BaseModel):
    least: int = 1
    most: int = 10
    other: int = 0

    @model_validator(mode="after")
    def ordered(self) -> Pool:
        if self.least > self.most:
            raise ValueError("least must not be above most")
        return self


@attrs.frozen
class AttrsPool:
    least: int = 1
    most: int = 10

    def __attrs_post_init__(self) -> None:
        if self.least > self.most:
            raise ValueError("least must not be above most")


class Pools(BaseModel):
    pool: Pool = Pool()


def test_a_rule_across_fields_points_at_all_that_it_names(folder: Path) -> None:
    Path("pools.toml").write_text("[pool]\nmost = 5\nother = 3\nleast = 9\n")
    with pytest.raises(cg.ValidationError) as caught:
        cg.load(Pools, "pools.toml")
    assert caught.value.report() == (
        "pools.toml:2:1: pool.most: least must not be above most\n"
        "   2 | most = 5\n     |        ^\n"
        "pools.toml:4:1: pool.least: is part of it\n"
        "   4 | least = 9\n     |         ^"
    )
    (problem,) = caught.value.problems
    related: Any = problem.to_json()["related"]
    assert [each["line"] for each in related] == [4]
    with pytest.raises(cg.ValidationError, match=r"least: least must not be above most"):
        cg.load(AttrsPool, {"least": 9, "most": 5})


def test_what_is_long_is_cut_in_messages() -> None:
    with pytest.raises(cg.ValidationError) as caught:
        cg.load(Pool, {"least": "x" * 5000, "y" * 5000: 1})
    assert max(len(str(problem)) for problem in caught.value.problems) < 400


def test_an_annotation_that_cannot_be_resolved_is_said() -> None:
    @attrs.frozen
    class Lost:
        size: Nowhere = 1  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(cg.SchemaError, match="Lost: an annotation cannot be resolved: name 'Nowhere'"):
        cg.load(Lost, {"size": 1})


@attrs.frozen
class Inner:
    a: int


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (datetime, "2027-01-31T12:00:00Z", datetime(2027, 1, 31, 12, tzinfo=UTC)),
        (date, date(2027, 1, 31), date(2027, 1, 31)),
        (date, "2027-01-31", date(2027, 1, 31)),
        (datetime, date(2027, 1, 31), datetime(2027, 1, 31)),
        (bool | str, "x", "x"),
        (date, datetime(2027, 1, 31), date(2027, 1, 31)),
        (time, "09:30", time(9, 30)),
        (timedelta, "1m30s", timedelta(seconds=90)),
        (timedelta, 5, timedelta(seconds=5)),
        (Decimal, 1.1, Decimal("1.1")),
        (UUID, "12345678-1234-5678-1234-567812345678", UUID(int=0x12345678123456781234567812345678)),
        (IPv4Network, "10.0.0.0/8", IPv4Network("10.0.0.0/8")),
        (IPv6Address, "::1", IPv6Address("::1")),
        (re.Pattern[str], "a+", re.compile("a+")),
        (bytes, "a", b"a"),
        (date | None, None, None),
        (int | str, "5", "5"),
        (int | str, 5, 5),
        (float | None, 5, 5.0),
        (str | list[str], "ab", "ab"),
        (str | list[str], ["ab"], ["ab"]),
        (int | float | None, None, None),
        (Inner | str, {"a": 1}, Inner(1)),
        (Inner | str, "x", "x"),
        (set[str], ["ab"], {"ab"}),
        (list[list[str]], [["a"]], [["a"]]),
        (dict[str, list[Inner]], {"k": [{"a": 1}]}, {"k": [Inner(1)]}),
    ],
)
def test_types_of_the_standard_library_in_attrs_classes(kind: Any, value: object, expected: object) -> None:
    made = attrs.make_class("Made", {"x": attrs.field(type=kind)})
    found = resolve_schema(made).validate({"x": value}).x  # type: ignore[union-attr]
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("kind", "value", "says"),
    [
        (datetime, "soon", "x: expected a date and time such as '2027-01-31T12:00:00Z', got 'soon'"),
        (date, datetime(2027, 1, 31, 3), "x: expected a date such as '2027-01-31'"),
        (date, 5, "x: expected a date such as '2027-01-31', got 5"),
        (Path, 5, "x: expected a path, got 5"),
        (time, date(2027, 1, 31), "x: expected a time of the day such as '09:30:00'"),
        (Decimal, "x", "x: expected a decimal number, got 'x'"),
        (Decimal, True, "x: expected a decimal number, got True"),
        (UUID, 4, "x: expected a UUID such as"),
        (IPv4Network, "10.0.0.1/8", "x: expected an IPv4 network such as '10.0.0.0/8', got '10.0.0.1/8'"),
        (re.Pattern[str], "a(", "x: expected a regular expression, got 'a('"),
        (int | str, 2.5, "x: expected a valid integer or a valid string, got 2.5"),
        (str | list[str], {"a": 1}, "x: expected a valid string or a list"),
        (list[str], "abc", "x: expected a list, got 'abc'"),  # never a list of letters
        (set[str], "abc", "x: expected a list, got 'abc'"),
        (tuple[str, ...], {"a": 1}, "x: expected a list"),
        (tuple[int, int], [1], "x: expected a list of 2 elements, and it has 1"),
        (dict[str, int], [1], "x: expected a table"),
        (dict[str, list[str]], {"k": "abc"}, "x.k: expected a list, got 'abc'"),
        (Inner, "abc", "x: expected a table, got 'abc'"),
        (Mapping[str, int], [1], "x: expected a table"),
    ],
)
def test_what_types_of_the_standard_library_refuse(kind: Any, value: object, says: str) -> None:
    made = attrs.make_class("Made", {"x": attrs.field(type=kind)})
    with pytest.raises(cg.ValidationError) as caught:
        resolve_schema(made).validate({"x": value})  # type: ignore[union-attr]
    assert str(caught.value).startswith(says)


def test_a_table_where_plain_values_may_stand_is_one_problem_at_its_own_place() -> None:
    class Choice(BaseModel):
        size: int | str | list[int] = 0

    with pytest.raises(cg.ValidationError) as caught:
        cg.load(Choice, {"size": {"a": 1}})
    assert str(caught.value) == "size: expected a valid integer or a valid string or a list"


def test_what_a_list_has_too_few_or_too_many_of() -> None:
    class Lists(BaseModel):
        pair: tuple[int, int]
        some: list[int] = Field(min_length=1)
        few: list[int] = Field([], max_length=1)

    with pytest.raises(cg.ValidationError) as caught:
        cg.load(Lists, {"pair": [], "some": [], "few": [1, 2]})
    assert [str(problem) for problem in caught.value.problems] == [
        "pair[0]: required, but missing",
        "pair[1]: required, but missing",
        "some: expected at least 1 element",
        "few: expected at most 1 element",
    ]
