"""The fast way to load and the careful one: they agree wherever the fast one goes through."""

from __future__ import annotations

import dataclasses
import json
import warnings
from typing import Annotated, Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

import confguard as cg
from confguard.fields import Duration, Port
from confguard.schema.explaining import load_explained
from confguard.schema.loading import _reading


class Server(BaseModel):
    port: Port = Port(80)
    timeout: Duration = Duration("2s")
    tags: list[str] = []


class App(BaseModel):
    server: Server = Server()
    workers: int = Field(4, ge=1)
    extra: dict[str, Server] = {}


@attrs.frozen
class FlatServer:
    port: int = 80
    tags: list[str] = attrs.field(factory=list)


@attrs.frozen
class FlatApp:
    server: FlatServer = FlatServer()
    workers: int = attrs.field(default=4, validator=attrs.validators.ge(1))
    extra: dict[str, FlatServer] = attrs.field(factory=dict)


SERVERS = st.fixed_dictionaries(
    {},
    optional={
        "port": st.sampled_from([1, 80, 70000, "81", "x", None, 1.5, True]),
        "timeout": st.sampled_from(["1s", "soon", 5]),
        "tags": st.lists(st.sampled_from(["a", 1, None]), max_size=2),
        "prot": st.just(1),
    },
)
DATA = st.fixed_dictionaries(
    {},
    optional={
        "server": st.one_of(SERVERS, SERVERS, st.none()),
        "workers": st.sampled_from([1, 0, "3", "x", 2.0, False]),
        "extra": st.dictionaries(st.sampled_from("ab"), SERVERS, max_size=2),
        "wokers": st.just(1),
    },
)


def ended(load: Any, model: type, data: Any) -> Any:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            made = load(model, data)
        except cg.ValidationError as error:
            made = str(error)
    return made, [str(each.message) for each in caught]


@pytest.mark.parametrize("model", [App, FlatApp])
@given(DATA)
def test_both_ways_end_alike(model: type, data: dict[str, Any]) -> None:
    careful = ended(lambda model, data: load_explained(model, (data,)), model, data)
    assert ended(cg.load, model, data) == careful
    assert _reading(model) is not None, "or nothing was compared"


class Raw(BaseModel):
    timeout: Duration = "2s"  # type: ignore[assignment]


class Going(BaseModel):
    old: Annotated[int, Field(deprecated="use new")] = 1


class Inner(BaseModel):
    model_config = ConfigDict(extra="ignore")
    a: int = 1


class Open(BaseModel):
    inner: Inner = Inner()


@dataclasses.dataclass(frozen=True)
class DataServer:
    port: int = 80


class Mixed(BaseModel):
    flat: DataServer = DataServer()


def test_what_pydantic_alone_would_pass_over_goes_the_careful_way() -> None:
    assert cg.load(Raw, {}).timeout == Duration("2s")
    with pytest.warns(FutureWarning, match="old: is deprecated: use new"):
        cg.load(Going, {"old": 2})
    assert cg.load(Open, {"inner": {"a": 2, "b": 3}}).inner.a == 2
    with pytest.raises(cg.ValidationError, match="prot"):
        cg.load(Mixed, {"flat": {"prot": 1}})


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        '{"a" : 1, "b": {"a": 1}, "a": ":"}',
        '{"x": {"a": 1, "a": 1}, "y": "a:b"}',
        '{"x": "\\":", "a": 1, "a": 2}',
        '{"a"\n:1, "a":2}',
    ],
)
def test_keys_that_stand_twice_are_always_found(text: str) -> None:
    with pytest.raises(cg.DocumentError, match="'?\"a\"'? stands twice"):
        cg.parse(text, "json")


@given(
    st.recursive(
        st.one_of(st.integers(), st.text('":, \n', max_size=4)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.text('ab":', max_size=2), inner, max_size=3)
        ),
    )
)
def test_keys_that_do_not_are_never(data: Any) -> None:
    assert cg.parse(json.dumps(data), "json").data == data
    assert cg.parse(json.dumps(data, indent=1, separators=(" ,", " : ")), "json").data == data
