"""Unions are settings: of whatever kind of class, tagged or not, and wherever they stand."""

from __future__ import annotations

import dataclasses
import enum
import json
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import attrs
import pytest
import typing_extensions
from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    RootModel,
    Tag,
    ValidationError,
    create_model,
    field_validator,
    model_validator,
)
from pydantic import dataclasses as pydantic_dataclasses

import confguard as cg
from confguard import fields as cg_fields
from confguard.fields import Duration, Impact, KeyedBy, Owner, Renamed, Secret, Unordered
from confguard.schema.schema import resolve_schema
from conftest import sampled

_FIELDS: list[tuple[str, Any, Any]] = [
    ("kind", Literal["s3", "minio"], "s3"),
    ("retries", Annotated[int, Impact("high"), Renamed("tries")], 3),
    ("key", Secret, Secret("")),
    ("wait", timedelta, timedelta(seconds=1)),
]
_OTHERS: list[tuple[str, Any, Any]] = [("kind", Literal["disk"], "disk"), ("wait", Duration, "1s")]


def _dataclass(name: str, first: str, fields: list[tuple[str, Any, Any]]) -> Any:
    return dataclasses.make_dataclass(name, [(first, str), *fields])


def _attrs(name: str, first: str, fields: list[tuple[str, Any, Any]]) -> Any:
    made = {first: attrs.field(type=str)}
    return attrs.make_class(name, made | {key: attrs.field(default=d, type=kind) for key, kind, d in fields})


def _pydantic(name: str, first: str, fields: list[tuple[str, Any, Any]]) -> Any:
    hints = {first: str} | {key: kind for key, kind, _ in fields}
    return type(
        name, (BaseModel,), {"__annotations__": hints, "__module__": __name__} | {k: d for k, _, d in fields}
    )


def _holder(way: str, member: Any) -> Any:
    fields: list[tuple[str, Any, Any]] = [
        ("store", member, dataclasses.MISSING),
        ("more", list[member], list),
        ("by", dict[str, member], dict),
        ("maybe", member | None, None),
    ]
    if way == "dataclass":
        made = [
            (key, kind, dataclasses.field(default_factory=d) if callable(d) else d)
            for key, kind, d in fields[1:]
        ]
        return dataclasses.make_dataclass("Holder", [("store", member), *made])
    if way == "attrs":
        made_by = {"store": attrs.field(type=member)}
        return attrs.make_class(
            "Holder",
            made_by
            | {
                k: attrs.field(type=t, **{"factory" if callable(d) else "default": d})
                for k, t, d in fields[1:]
            },
        )
    hints = {key: kind for key, kind, _ in fields}
    defaults = {key: d() if callable(d) else d for key, _, d in fields[1:]}
    config = {"model_config": ConfigDict(arbitrary_types_allowed=True)}
    return type(
        "Holder", (BaseModel,), {"__annotations__": hints, "__module__": __name__} | defaults | config
    )


_MAKERS = {"dataclass": _dataclass, "attrs": _attrs, "pydantic": _pydantic}


def _union(way: str) -> Any:
    make = _MAKERS[way]
    return make("S3", "bucket", _FIELDS) | make("Disk", "path", _OTHERS)


HOLDERS = {f"{inner} in {outer}": _holder(outer, _union(inner)) for inner in _MAKERS for outer in _MAKERS}
HOLDERS["discriminated"] = _holder("pydantic", Annotated[_union("pydantic"), Field(discriminator="kind")])


def _by_keys(data: Any) -> str:
    return "s3" if "bucket" in (data if isinstance(data, dict) else vars(data)) else "disk"


HOLDERS["by function"] = _holder(
    "pydantic",
    Annotated[
        Annotated[_pydantic("S3", "bucket", _FIELDS), Tag("s3")]
        | Annotated[_pydantic("Disk", "path", _OTHERS), Tag("disk")],
        Discriminator(_by_keys),
    ],
)
S3 = {"kind": "s3", "bucket": "b"}
DISK = {"kind": "disk", "path": "/p"}


@pytest.fixture(params=HOLDERS)
def model(request: pytest.FixtureRequest) -> Any:
    return HOLDERS[request.param]


def problems(model: Any, *sources: Any) -> list[str]:
    with pytest.raises(cg.ValidationError) as caught:
        cg.load(model, *sources)
    return [str(each) for each in caught.value.problems]


def test_members_are_made(model: Any) -> None:
    made = cg.load(
        model, {"store": S3 | {"wait": "7d"}, "more": [DISK | {"wait": "PT5M"}, S3], "by": {"a": DISK}}
    )
    assert (type(made.store).__name__, made.store.wait) == ("S3", timedelta(7))
    assert [type(each).__name__ for each in made.more] == ["Disk", "S3"]
    assert isinstance(made.more[0].wait, Duration)
    assert made.by["a"].wait == Duration("1s")
    assert made.maybe is None


def test_unknown_keys_are_those_of_the_member_that_is_meant(model: Any) -> None:
    assert problems(model, {"store": S3 | {"retires": 1}}) == [
        "store.retires: unknown key (did you mean 'retries'?)"
    ]
    wrong = problems(model, {"store": S3, "more": [DISK | {"retries": 1}], "by": {"a": S3 | {"pth": 1}}})
    assert {each.partition(":")[0] for each in wrong} == {"more[0].retries", "by.a.pth"}


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (S3 | {"retries": "x"}, "store.retries: expected a valid integer"),
        ({"kind": "s3"}, "store.bucket: required, but missing"),
        (DISK | {"wait": "01:30"}, "store.wait: '01:30' means 90 minutes to some"),
        (5, "store: expected"),
        (None, "store: expected"),
        ([S3], "store: expected"),
    ],
)
def test_only_the_problems_of_that_member_are_told(model: Any, value: Any, says: str) -> None:
    if value == {"kind": "s3"} and model is HOLDERS["by function"]:
        return  # its function takes what has no bucket for a disk
    (problem,) = problems(model, {"store": value})
    assert problem.startswith(says)


def test_a_tag_that_is_none(model: Any) -> None:
    if model is HOLDERS["by function"]:
        return
    (problem,) = problems(model, {"store": {"kind": "dsk", "path": "/p"}})
    assert problem == "store.kind: expected 's3' or 'minio' or 'disk' (did you mean 'disk'?), got 'dsk'"


def test_the_environment_reaches_in(model: Any) -> None:
    variables = {
        "A_STORE__BUCKET": "b",
        "A_STORE__KIND": "s3",
        "A_STORE__TRIES": "9",
        "A_MORE__0__PATH": "/p",
    }
    variables["A_MORE__0__KIND"] = "disk"
    with pytest.warns(FutureWarning, match="'retries' now"):
        made = cg.load(model, cg.Env("A_", environ=variables))
    assert (made.store.bucket, made.store.retries, made.more[0].path) == ("b", 9, "/p")
    (problem,) = problems(
        model, cg.Env("A_", environ={"A_STORE__KIND": "s3", "A_STORE__BUCKET": "b", "A_STORE__WAIT": "x"})
    )
    assert problem.startswith("$A_STORE__WAIT: store.wait: expected a duration")


def test_a_higher_layer_may_mean_another_member(model: Any) -> None:
    made = cg.load(model, {"store": S3 | {"retries": 9, "wait": "5s"}}, {"store": DISK})
    assert (type(made.store).__name__, made.store.wait) == ("Disk", Duration("5s"))


def test_secrets_marks_and_durations_are_seen(model: Any) -> None:
    before = {
        "store": S3 | {"key": "geheim1"},
        "more": [S3 | {"key": "geheim2"}],
        "by": {"a": DISK | {"wait": "1m"}},
    }
    after = {
        "store": S3 | {"key": "geheim3"},
        "more": [S3 | {"key": "geheim4"}],
        "by": {"a": DISK | {"wait": "60s"}},
    }
    made = cg.diff(before, after, model)
    assert "geheim" not in f"{made} {made.to_json()}"
    assert {change.path[0] for change in made} == {"store", "more"}
    assert "geheim" not in str(cg.explain(model, before)) + str(cg.explain(model, before).to_json())
    assert "geheim" not in str(problems(model, before, {"store": S3 | {"key": 5, "retries": "x"}}))
    shape = resolve_schema(model).shape  # type: ignore[union-attr]
    assert shape.at(("store", "retries")).mark(Impact) == Impact("high")
    assert shape.at(("more", 0, "key")).secret
    assert cg.diff({"store": S3 | {"tries": 4}}, {"store": S3 | {"retries": 4}}, model).same


class Kind(enum.Enum):
    ONE = "one"
    TWO = "two"


class One(BaseModel):
    type_: Literal[Kind.ONE] = Field(Kind.ONE, alias="type")
    hosts: Annotated[list[str], Unordered(), Owner("web")] = []


class Two(BaseModel):
    type_: Literal[Kind.TWO] = Field(Kind.TWO, alias="type")
    nodes: Annotated[list[dict[str, Any]], KeyedBy("name")] = []


class Tagged(BaseModel):
    part: Annotated[One | Two, Field(discriminator="type_")]
    pair: tuple[One, Two] | None = None


def test_a_tag_may_have_an_alias_and_be_an_enumeration() -> None:
    made = cg.load(Tagged, {"part": {"type": "two", "nodes": [{"name": "a"}]}})
    assert isinstance(made.part, Two)
    assert problems(Tagged, {"part": {"type": "two", "hosts": []}})[0].startswith("part.hosts: unknown key")
    assert cg.diff(
        {"part": {"type": "one", "hosts": ["a", "b"]}}, {"part": {"type": "one", "hosts": ["b", "a"]}}, Tagged
    ).same
    assert problems(
        Tagged, {"part": {"type": "one"}, "pair": [{"type": "one"}, {"type": "two", "nods": []}]}
    ) == ["pair[1].nods: unknown key (did you mean 'nodes'?)"]


@attrs.frozen
class Leaf:
    value: int


@attrs.frozen
class Branch:
    children: list[Leaf | Branch]
    name: str = ""


class PydanticLeaf(BaseModel):
    value: int


class PydanticBranch(BaseModel):
    children: list[PydanticLeaf | PydanticBranch]
    name: str = ""


@pytest.mark.parametrize("model", [Branch, PydanticBranch])
def test_unions_may_contain_themselves(model: Any) -> None:
    data = {"children": [{"value": 1}, {"children": [{"children": [{"value": "2"}]}]}]}
    assert cg.load(model, data).children[1].children[0].children[0].value == 2
    data["children"][1]["children"][0]["children"] = [{"valeu": 2}]  # type: ignore[index]
    assert problems(model, data)[0].startswith("children[1].children[0].children[0].valeu: unknown key")


class Narrow(BaseModel):
    size: int = Field(ge=10)


class Wide(BaseModel):
    size: int


class Text(BaseModel):
    size: str


class Alike(BaseModel):
    one: Narrow | Wide
    other: Wide | Text = Wide(size=1)


def test_a_member_that_refuses_leaves_it_to_the_next() -> None:
    assert isinstance(cg.load(Alike, {"one": {"size": 5}}).one, Wide)
    assert isinstance(cg.load(Alike, {"one": {"size": 50}}).one, Narrow)
    assert isinstance(cg.load(Alike, {"one": {"size": 50}, "other": {"size": "5"}}).other, Text)
    assert isinstance(cg.load(Alike, {"one": {"size": 50}, "other": {"size": 5}}).other, Wide)


class Tags(RootModel[dict[str, timedelta]]):
    pass


@pydantic_dataclasses.dataclass
class Checked:
    size: int = Field(4, ge=1)
    tags: Tags = Field(default_factory=lambda: Tags({}))
    scalar: int | Literal["auto"] | timedelta | None = None


def test_root_models_and_pydantics_dataclasses() -> None:
    assert cg.load(Checked, {"tags": {"a": "7d"}}).tags.root == {"a": timedelta(7)}
    assert cg.load(Checked, {"scalar": "auto"}).scalar == "auto"
    assert cg.load(Checked, {"scalar": "7d"}).scalar == timedelta(7)
    assert problems(Checked, {"size": 0})[0].startswith("size: expected greater than or equal to 1")
    assert problems(Checked, {"siez": 1}) == ["siez: unknown key (did you mean 'size'?)"]
    assert len(problems(Checked, {"scalar": "x"})) == 1


def test_a_file_places_the_problem_in_the_member(folder: Path) -> None:
    Path("a.yaml").write_text("store:\n  kind: s3\n  bucket: b\n  retries: x\n")
    (problem,) = problems(HOLDERS["discriminated"], "a.yaml")
    assert problem.startswith("a.yaml:4:3: store.retries: expected a valid integer")


class Rewriting(BaseModel):
    wait: timedelta = timedelta(1)
    part: One | None = None
    store: Annotated[_union("pydantic"), Field(discriminator="kind")] | None = None

    @model_validator(mode="before")
    @classmethod
    def lowered(cls, data: Any) -> Any:
        store = data.get("store")
        if store and store["kind"].isupper():
            return data | {"store": store | {"kind": store["kind"].lower()}}
        return data


def test_models_that_change_what_is_written_see_what_is_written() -> None:
    assert cg.load(Rewriting, {"wait": "7d", "store": S3}).wait == timedelta(7)
    assert cg.load(Rewriting, {"store": {"kind": "DISK", "path": "/p"}}).store.path == "/p"
    with pytest.raises(cg.ValidationError, match="months, which differ"):
        cg.load(Rewriting, {"wait": "P1M", "store": {"kind": "DISK", "path": "/p"}})


class Raising(BaseModel):
    value: int = 0

    @field_validator("value")
    @classmethod
    def wrong(cls, value: int) -> int:
        raise KeyError("geheim")


@attrs.frozen
class AlsoRaising:
    value: int = 0

    def __attrs_post_init__(self) -> None:
        raise KeyError


class HoldsRaising(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    one: Raising | AlsoRaising | None = None


def test_whatever_a_validator_raises_is_a_problem() -> None:
    for model, data in [
        (Raising, {"value": 1}),
        (AlsoRaising, {"value": 1}),
        (HoldsRaising, {"one": {"value": 1}}),
    ]:
        assert len(problems(model, data)) == 1


NotRequired = typing_extensions.NotRequired


class Typed(typing_extensions.TypedDict):
    size: int
    wait: NotRequired[timedelta]


class Pair(NamedTuple):
    size: int
    wait: timedelta = timedelta(1)


class Tables(BaseModel):
    table: Typed | None = None
    pair: Pair | None = None


@attrs.frozen
class FlatTables:
    table: Typed | None = None
    pair: tuple[int, timedelta] | None = None


@pytest.mark.parametrize("model", [Tables, FlatTables])
def test_typed_dictionaries_and_named_tuples_are_settings(model: Any) -> None:
    made = cg.load(model, {"table": {"size": "1", "wait": "7d"}, "pair": [1, "7d"]})
    assert made.table == {"size": 1, "wait": timedelta(7)}
    assert made.pair == (1, timedelta(7))
    wrong = problems(model, {"table": {"size": 1, "wiat": "7d"}})
    assert wrong[0] == "table.wiat: unknown key (did you mean 'wait'?)"
    assert cg.diff({"pair": [1, "1d"]}, {"pair": [1, "24h"]}, model).same


class _User(NamedTuple):
    name: str
    handle: Secret


HUNTER = "hunter2xyz"
SLOTS: list[Any] = [
    tuple[int, Secret] | None,
    tuple[int, Secret] | int,
    tuple[int, Secret] | tuple[bool, int],
    list[tuple[int, Secret]] | int,
    dict[str, tuple[int, Secret]] | int,
    tuple[int, tuple[int, Secret]] | None,
    tuple[cg_fields.Port, Secret],
    tuple[Literal[1, 2], Secret],
    list[Secret | int],
    Literal[1, 2] | Secret,
]
MISPLACED: list[Any] = [
    HUNTER,
    [HUNTER],
    [HUNTER, 1],
    [1, [HUNTER]],
    [1, HUNTER, HUNTER],
    [[HUNTER, 1]],
    [[1, HUNTER, 3]],
    {"a": [HUNTER, 1]},
    [{HUNTER: HUNTER}],
    {"a": {"b": HUNTER}},
]


@pytest.mark.parametrize("value", sampled(MISPLACED, 3), ids=str)
@pytest.mark.parametrize("hint", SLOTS, ids=str)
def test_a_secret_at_a_wrong_place_of_a_union_or_tuple_is_quoted_nowhere(hint: Any, value: Any) -> None:
    if hint == dict[str, tuple[int, Secret]] | int and value == {"a": {"b": HUNTER}}:
        value = {"a": {"b": [HUNTER]}}
    made = [
        create_model("App", x=(hint, ...)),
        dataclasses.make_dataclass("App", [("x", hint)]),
        attrs.make_class("App", {"x": attrs.field(type=hint)}),
    ]
    for model in made:
        said = str(cg.diff({}, {"x": value}, model)) + repr(cg.explain(model, {"x": value}))
        written = cg.parse(json.dumps({"x": value}), "json")
        given = cg.Env("APP_", environ={"APP_X": json.dumps(value)})
        for source in ({"x": value}, written, given):
            with suppress(cg.ValidationError):
                cg.load(model, source)
            try:
                cg.load(model, source)
            except cg.ValidationError as error:
                said += f"{error}{error.report()}{error.problems}"
        assert HUNTER not in said
        for raw in ("typing.", "confguard.", "to structure", "errors.pydantic"):
            assert raw not in said.replace("confguard.json", "")


def test_a_misspelt_name_of_a_secret_shows_no_value() -> None:
    class Login(BaseModel):
        handle: Secret
        port: int = 1

    class App(BaseModel):
        login: Login

    with pytest.raises(cg.ValidationError) as caught:
        cg.load(App, cg.parse(json.dumps({"login": {"secretive": HUNTER}}), "json"))
    assert HUNTER not in caught.value.report()
    for data in ({"login": {"handel": HUNTER}}, {"logn": {"handle": HUNTER}}):
        written = cg.parse(json.dumps(data), "json")
        with pytest.raises(cg.ValidationError) as caught:
            cg.load(App, written)
        assert "did you mean" in str(caught.value)
        assert (
            HUNTER
            not in f"{caught.value}{caught.value.report()}{cg.diff({}, data, App)}{cg.explain(App, data)}"
        )
    assert "17" in str(cg.diff({}, {"login": {"handle": "x", "retries": 17}}, App))


class Left(BaseModel, extra="forbid"):
    x: Literal["a"]
    z: str = ""


class Right(BaseModel, extra="forbid"):
    x: Literal["b"] = "b"
    z: str = ""


class Third(BaseModel, extra="forbid"):
    y: int
    z: str = ""


class Low(BaseModel, extra="forbid"):
    x: Literal["c"]


class Upper(Low):
    @field_validator("x", mode="before")
    @classmethod
    def lower(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value


_TAGGED = Annotated[Left | Right, Discriminator("x")]
_SMART = Annotated[Left | Right, Field(union_mode="smart")]
_FIRST = Field(union_mode="left_to_right")
NESTED: dict[str, Any] = {
    "tagged or smart, first": Annotated[_TAGGED | _SMART, _FIRST],
    "tagged or smart": _TAGGED | _SMART,
    "tagged or third": _TAGGED | Third,
    "third or tagged": Annotated[Third | _TAGGED, _FIRST],
    "tagged or text": _TAGGED | str,
    "tagged or table": _TAGGED | dict[str, str],
    "tagged in tagged": Annotated[_TAGGED | Low, Discriminator("x")],
    "list or one": list[_TAGGED] | _TAGGED,
    "lists": list[_TAGGED] | list[Third],
    "tables": dict[str, _TAGGED] | dict[str, Third],
    "rewriting": Left | Upper,
    "rewriting in it": Annotated[Left | Right, Field(union_mode="smart")] | Upper,
    "three deep": Annotated[Annotated[_TAGGED | Third, _FIRST] | Upper, _FIRST],
    "nothing": (_TAGGED | None) | Third,
}
_ONE = [
    {"x": "a"},
    {"x": "b"},
    {"x": "C"},
    {"x": "c"},
    {"z": "0042"},
    {"y": "4"},
    {"y": 4, "z": "1"},
    {},
    "t",
    None,
]
GIVEN = [*_ONE, *([each] for each in _ONE), *({"k": each} for each in _ONE), []]


@pytest.mark.parametrize("name", NESTED)
def test_what_pydantic_takes_as_nested_unions_is_taken(name: str) -> None:
    model = create_model("Nested", v=(NESTED[name], ...))
    took = 0
    for value in GIVEN:
        try:
            made: Any = model.model_validate({"v": value})
        except ValidationError:
            with pytest.raises(cg.ValidationError):
                cg.load(model, {"v": value})
            continue
        took += 1
        assert cg.load(model, {"v": value}) == made, value
    assert took > 1
