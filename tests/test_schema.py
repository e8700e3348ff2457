"""Schemas: the same one written three ways behaves the same; errors name the place."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import attrs
import pytest
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

import confguard as cg
from confguard.fields import Duration, Impact, KeyedBy, Port, Secret
from confguard.schema.schema import resolve_schema
from confguard.schema.secrets import looks_secret


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


WAYS = [PydanticModel, AttrsModel, DataModel]


@pytest.mark.parametrize("model", WAYS)
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
        ("confguard.errors:place", "is no schema"),
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


def test_keyed_by_needs_a_field() -> None:
    with pytest.raises(ValueError, match="at least one"):
        KeyedBy()


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("DB_PASSWORD", True),
        ("authToken", True),
        ("private_key", True),
        ("tokens", False),
        ("max_tokens", False),
    ]
    + [("password_file", False), ("keyboard", False), (3, False)],
)
def test_names_that_usually_hold_secrets(name: object, secret: bool) -> None:
    assert looks_secret(name) is secret
