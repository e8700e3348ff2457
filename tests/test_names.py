"""Settings with several names: one name each before layers are merged, and all of them known everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AliasChoices, AliasPath, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

import confguard as cg
from confguard.fields import Renamed
from confguard.schema.schema import resolve_schema
from confguard.values import merge_layers

HOST = AliasChoices("hostname", "node", AliasPath("net", "host"), AliasPath("hosts", 0))


class Inner(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)
    max_size: int = 1


class Model(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    workers: Annotated[int, Renamed("threads"), Renamed("procs")] = 1
    host: str = Field("", validation_alias=HOST)
    url: str = Field("", validation_alias=AliasPath("db", "url"))
    level: int = Field(0, alias="logLevel")
    inner: Inner = Inner()
    by: dict[str, Inner] = {}


class ByNameOnly(BaseModel):
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=False)
    workers: int = Field(1, alias="threads")


@attrs.frozen
class Flat:
    workers: Annotated[int, Renamed("threads"), Renamed("procs")] = 1


NAMES: dict[str, list[tuple[Any, ...]]] = {
    "workers": [("workers",), ("threads",), ("procs",)],
    "host": [("hostname",), ("node",), ("net", "host"), ("host",)],
    "url": [("db", "url"), ("url",)],
    "level": [("logLevel",), ("level",)],
    "inner": [("inner", "maxSize"), ("inner", "max_size")],
}
VALUES: dict[str, st.SearchStrategy[Any]] = dict.fromkeys(["workers", "level", "inner"], st.integers())
VALUES |= dict.fromkeys(["host", "url"], st.text("ab"))


def nested(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    return {path[0]: nested(path[1:], value) if len(path) > 1 else value}


def get(model: Any, field: str) -> Any:
    return model.inner.max_size if field == "inner" else getattr(model, field)


@pytest.mark.filterwarnings("ignore::FutureWarning")
@given(st.data())
def test_a_higher_layer_wins_under_whichever_name_it_uses(data: st.DataObject) -> None:
    expected, layers = {}, []
    for _ in range(data.draw(st.integers(1, 4))):
        layer: dict[str, Any] = {}
        for field in data.draw(st.sets(st.sampled_from(sorted(NAMES)))):
            path, value = data.draw(st.sampled_from(NAMES[field])), data.draw(VALUES[field])
            layer |= nested(path, value)
            expected[field] = value
        layers.append(layer)
    made = cg.load(Model, *layers)
    assert {field: get(made, field) for field in expected} == expected


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize(
    ("model", "one", "other"),
    [
        (Model, {"workers": 2}, {"threads": 9}),
        (Model, {"threads": 2}, {"procs": 9}),
        (Flat, {"threads": 2}, {"procs": 9}),
        (Model, {"node": "a"}, {"net": {"host": "b"}}),
        (Model, {"hostname": "a"}, {"host": "b"}),
        (Model, {"db": {"url": "a"}}, {"url": "b"}),
        (Model, {"logLevel": 1}, {"level": 2}),
        (Model, {"inner": {"maxSize": 1}}, {"inner": {"max_size": 2}}),
        (Model, {"by": {"x": {"maxSize": 1}}}, {"by": {"x": {"max_size": 2}}}),
    ],
)
def test_two_names_in_one_layer_are_an_error_that_names_both(model: Any, one: Any, other: Any) -> None:
    both = merge_layers(one, other)
    with pytest.raises(cg.ValidationError, match="is the same setting as '.*', and says something else"):
        cg.load(model, both)
    assert cg.explain(model, both).problems
    cg.load(model, one, other)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_both_places_are_named(folder: Path) -> None:
    Path("a.yaml").write_text("workers: 2\ninner:\n  maxSize: 1\n  max_size: 2\nthreads: 3\n")
    with pytest.raises(cg.ValidationError) as caught:
        cg.load(Model, "a.yaml")
    says = "is the same setting as '{}' ({}), and says something else: keep one"
    assert str(caught.value).splitlines() == [
        "a.yaml:4:3: inner.max_size: " + says.format("inner.maxSize", "a.yaml:3:3"),
        "a.yaml:5:1: threads: " + says.format("workers", "a.yaml:1:1"),
    ]
    Path("a.yaml").write_text("workers: 2\nthreads: 2\n")
    assert cg.load(Model, "a.yaml").workers == 2, "a file for two versions of a service may say it twice"


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_problems_and_sources_have_the_name_that_was_written(folder: Path) -> None:
    Path("a.toml").write_text("workers = 2\n[net]\nhost = 5\n")
    with pytest.raises(cg.ValidationError) as caught:
        cg.load(Model, "a.toml", cg.Env("A_", environ={"A_THREADS": "x", "A_DB__URL": "u"}))
    assert str(caught.value).splitlines() == [
        "$A_THREADS: threads: expected a valid integer, got 'x'",
        "a.toml:3:1: net.host: expected a valid string, got 5",
    ]
    Path("a.toml").write_text("workers = 2\n[net]\nhost = 'h'\n")
    made = cg.explain(Model, "a.toml", cg.Env("A_", environ={"A_THREADS": "9", "A_LOGLEVEL": "3"}))
    told = "workers = 9\n    from $A_THREADS\n    over 2 from a.toml:1:1\n    over 1 from default"
    assert str(made["workers"]) == told
    assert str(made["hostname"].origin) == "a.toml:3:1"
    assert str(made["logLevel"].origin) == "$A_LOGLEVEL"


def test_unknown_keys_and_their_suggestions_know_all_names() -> None:
    wrong = {"thread": "threads", "worker": "workers", "loglevel": "logLevel", "hostnam": "hostname"}
    for key, meant in wrong.items():
        with pytest.raises(cg.ValidationError, match=f"did you mean '{meant}'"):
            cg.load(Model, {key: 1})
    with pytest.raises(cg.ValidationError, match=r"net\.hots: unknown key \(did you mean 'host'"):
        cg.load(Model, {"net": {"hots": 1}})
    with pytest.raises(cg.ValidationError, match="threads: unknown key"):
        cg.load(ByNameOnly, {"threads": 1})
    assert cg.load(ByNameOnly, {"workers": 3}).workers == 3


@pytest.mark.parametrize(
    ("one", "other", "changed"),
    [
        ({"threads": 2}, {"workers": 2}, {"workers": 3}),
        ({"procs": 2}, {"threads": 2}, {"threads": 3}),
        ({"node": "a"}, {"hostname": "a"}, {"hostname": "b"}),
        ({"logLevel": 2}, {"level": "2"}, {"level": "3"}),
        ({"inner": {"maxSize": 2}}, {"inner": {"max_size": 2}}, {"inner": {"max_size": 3}}),
    ],
)
def test_another_name_for_the_same_is_no_change(one: Any, other: Any, changed: Any) -> None:
    assert cg.diff(one, other, Model).same
    assert cg.diff(other, one, Model).same
    made = cg.diff(one, changed, Model)
    assert not made.same
    assert made.apply(one) == changed


def test_a_field_may_have_the_name_that_another_had() -> None:
    class Swapped(BaseModel):
        model_config = ConfigDict(populate_by_name=True)
        a: int = Field(1, alias="b")
        b: int = Field(2, alias="a")

    made = cg.load(Swapped, {"a": 10}, {"b": 20})
    assert (made.a, made.b) == (20, 10)


def test_documents_that_are_validated_alone_know_them_too(folder: Path) -> None:
    Path("a.toml").write_text("threads = 'x'\n")
    schema = resolve_schema(Model)
    assert schema is not None
    says = r"a\.toml:1:1: threads: expected a valid int"
    with pytest.warns(FutureWarning), pytest.raises(cg.ValidationError, match=says):
        schema.validate_document(cg.read("a.toml"))
