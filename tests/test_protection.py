"""A secret that a new schema no longer calls one is a finding, wherever in the schema it stands."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

import attrs
import pytest
from pydantic import BaseModel, SecretStr, create_model

from confguard.fields import Renamed, Secret
from confguard.schema.comparing import compare_schemas
from confguard.schema.json_schema import JsonSchema
from confguard.schema.schema import resolve_schema


def findings(old: Any, new: Any) -> list[str]:
    schemas = [
        resolve_schema(JsonSchema("x", each) if isinstance(each, dict) else each) for each in (old, new)
    ]
    made = compare_schemas(*schemas)  # type: ignore[arg-type]
    return [f"{each.code} {'.'.join(map(str, each.path))}" for each in made if each.code == "CS108"]


class Login(BaseModel):
    handle: SecretStr
    user: str = ""


class PlainLogin(BaseModel):
    handle: str
    user: str = ""


PAIRS: list[tuple[Any, Any, str]] = [
    (Secret, str, "x"),
    (SecretStr, str, "x"),
    (Secret, str | None, "x"),
    (Secret | None, str | None, "x"),
    (Secret | None, str, "x"),
    (Secret, int, "x"),
    (Secret, Any, "x"),
    (Secret | int, str | int | bool, "x"),
    (list[Secret], list[str], "x.*"),
    (set[Secret], list[str], "x.*"),
    (tuple[int, Secret], tuple[int, str], "x.1"),
    (tuple[int, Secret] | None, tuple[int, str] | int, "x.1"),
    (tuple[Secret, ...], tuple[str, str], "x.0"),
    (dict[str, Secret], dict[str, str], "x.*"),
    (dict[str, list[Secret]], dict[str, list[str]], "x.*.*"),
    (dict[Secret, int], dict[str, int], "x.*"),
    (Login, PlainLogin, "x.handle"),
    (Login | None, PlainLogin | None, "x.handle"),
    (Login | int, PlainLogin, "x.handle"),
    (list[Login | int], list[PlainLogin | int], "x.*.handle"),
    (dict[str, Secret], PlainLogin, "x.handle"),
    (Login, dict[str, str], "x.handle"),
]
STILL: list[tuple[Any, Any]] = [
    (Secret, SecretStr),
    (Secret, Secret | str),
    (Secret | None, Secret),
    (list[Secret], set[SecretStr]),
    (tuple[int, Secret], tuple[int, SecretStr]),
    (str, Secret),
    (Login, Login | None),
    (dict[str, Secret], Login),
]


def made(kind: str, hint: Any) -> Any:
    if kind == "pydantic":
        return create_model("App", x=(hint, ...))
    if kind == "attrs":
        return attrs.make_class("App", {"x": attrs.field(type=hint)})
    return dataclasses.make_dataclass("App", [("x", hint)])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pydantic", "attrs", "dataclass"])
@pytest.mark.parametrize(("old", "new", "path"), PAIRS, ids=str)
def test_a_secret_that_is_none_any_more_is_a_finding(kind: str, old: Any, new: Any, path: str) -> None:
    assert f"CS108 {path}" in findings(made(kind, old), made(kind, new))


@pytest.mark.parametrize("kind", ["pydantic", "attrs", "dataclass"])
@pytest.mark.parametrize(("old", "new"), STILL, ids=str)
def test_a_secret_that_stays_one_is_none(kind: str, old: Any, new: Any) -> None:
    found = findings(made(kind, old), made(kind, new))
    assert found == [] or (new is Login and found == ["CS108 x.user"])


HIDING: dict[str, Any] = {"type": "string", "writeOnly": True}
PLACES: list[Any] = [
    lambda node: {"properties": {"a": node}},
    lambda node: {"properties": {"a": {"$ref": "#/$defs/s"}}, "$defs": {"s": node}},
    lambda node: {"properties": {"a": {"anyOf": [node, {"type": "integer"}]}}},
    lambda node: {"properties": {"a": {"allOf": [node]}}},
    lambda node: {"patternProperties": {"^a": node}},
    lambda node: {"additionalProperties": node},
    lambda node: {"propertyNames": node},
    lambda node: {"properties": {"a": {"prefixItems": [{}, node]}}},
    lambda node: {"properties": {"a": {"items": {"items": node}}}},
    lambda node: {"properties": {"a": {"contains": node}}},
    lambda node: {"if": {"required": ["b"]}, "then": {"properties": {"a": node}}},
    lambda node: {"dependentSchemas": {"b": {"properties": {"a": node}}}},
    lambda node: {"properties": {"a": {"$ref": "#"}, "b": node}},
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "hiding",
    [HIDING, {"format": "password", "type": "string"}, {"type": "string", "x-confguard": {"secret": True}}],
)
def test_whatever_keyword_leads_to_it(place: Any, hiding: Any) -> None:
    assert findings(place(hiding), place({"type": "string"}))
    assert not findings(place(hiding), place(HIDING))
    assert not findings(place({"type": "string"}), place(hiding))


def test_a_name_that_no_longer_tells_a_secret() -> None:
    class Old(BaseModel):
        password: str = ""
        port: int = 1

    class New(BaseModel):
        handle: Annotated[str, Renamed("password")] = ""
        port: int = 1

    class Same(BaseModel):
        passwd: Annotated[str, Renamed("password")] = ""
        port: int = 1

    assert findings(Old, New) == ["CS108 password"]
    assert not findings(Old, Same)


def test_a_secret_that_an_open_table_names_no_more() -> None:
    old = {"properties": {"handle": HIDING}}
    assert findings(old, {"properties": {}}) == ["CS108 handle"]  # its value may stand there still
    assert not findings(old, {"properties": {}, "additionalProperties": False})
    assert not findings(old, {"additionalProperties": HIDING})
    assert findings({"additionalProperties": HIDING}, {}) == ["CS108 *"]
