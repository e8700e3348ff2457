"""Settings from variables: what each may say, and that whatever it says ends in a value or a clear error."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AliasPath, BaseModel, Field, Json, SecretStr

import confguard as cg
from confguard.fields import Duration, Secret


class P(BaseModel):
    size: int = 4
    wait: Duration = Duration("2s")


class Model(BaseModel):
    pool: P = P()
    maybe: P | None = None
    number: int | None = 3
    text: str | None = "d"
    tags: list[str] = []
    unique: set[int] = set()
    pair: tuple[int, Duration] | None = None
    limits: dict[str, int] = {}
    pools: list[P] = []
    parsed: Json[list[int]] = []
    either: str | list[str] = ""
    dashed: int = Field(0, alias="max-size")
    dotted: int = Field(0, alias="a.b")
    Mixed: int = 0
    two__lines: int = 0
    tokens: list[Secret] = []
    token: SecretStr = SecretStr("")


@attrs.frozen
class FlatP:
    size: int = 4
    wait: timedelta = timedelta(seconds=2)


@attrs.frozen
class FlatModel:
    pool: FlatP = FlatP()
    maybe: FlatP | None = None
    number: int | None = 3
    text: str | None = "d"
    tags: list[str] = attrs.field(factory=list)
    limits: dict[str, int] = attrs.field(factory=dict)
    pools: list[FlatP] = attrs.field(factory=list)
    either: str | list[str] = ""


DataP = dataclasses.make_dataclass("DataP", [("size", int, 4), ("wait", timedelta, timedelta(seconds=2))])
DataModel = dataclasses.make_dataclass(
    "DataModel",
    [
        ("pool", DataP, dataclasses.field(default_factory=DataP)),
        ("maybe", DataP | None, None),
        ("number", int | None, 3),
        ("text", str | None, "d"),
        ("tags", list[str], dataclasses.field(default_factory=list)),
        ("limits", dict[str, int], dataclasses.field(default_factory=dict)),
        ("pools", list[DataP], dataclasses.field(default_factory=list)),
        ("either", str | list[str], ""),
    ],
)
MODELS = [Model, FlatModel, DataModel]


def env(**variables: str) -> Any:
    return cg.Env("A_", environ={f"A_{name}": text for name, text in variables.items()})


def problem(model: Any, *sources: Any) -> str:
    with pytest.raises(cg.ValidationError) as caught:
        cg.load(model, *sources)
    (found,) = caught.value.problems
    return str(found)


@pytest.mark.parametrize("model", MODELS)
def test_a_table_beside_one_of_its_fields(model: Any) -> None:
    assert cg.load(model, env(POOL='{"size": 1, "wait": "9s"}', POOL__SIZE="3")).pool.size == 3
    assert cg.load(model, env(POOL='{"size": 1, "wait": "9s"}', POOL__SIZE="3")).pool.wait == timedelta(
        seconds=9
    )
    assert problem(model, env(POOL="", POOL__SIZE="3")).startswith(
        "$A_POOL: pool: is empty, and a table as JSON"
    )
    assert cg.load(model, env(MAYBE="", MAYBE__SIZE="3")).maybe.size == 3
    assert problem(model, env(POOL="5", POOL__SIZE="3")).startswith("$A_POOL: pool: expected a table as JSON")
    says = problem(model, env(POOL='{"size": "x"}'))
    assert says == "$A_POOL: pool.size: expected a valid integer, got 'x'"


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("written", ["", "null", "NULL", " "])
def test_nothing_where_a_setting_may_be_nothing(model: Any, written: str) -> None:
    made = cg.load(model, {"maybe": {"size": 1}}, env(MAYBE=written, NUMBER=written, TEXT=written))
    assert (made.maybe, made.number, made.text) == (None, None, None)
    explained = cg.explain(model, {"maybe": {"size": 1}}, env(MAYBE=written))["maybe"]
    assert (explained.value, str(explained.origin)) == (None, "$A_MAYBE")


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("name", "written", "says"),
    [
        ("TAGS", "a,b", 'expected a list as JSON, such as ["a", "b"]: it breaks at character 1, at \'a,b\''),
        ("TAGS", '["a",, "b"]', "it breaks at character 6, at ', \"b\"]'"),
        ("TAGS", '["a"', "it breaks at character 5, at its end"),
        ("TAGS", "", "is empty, and a list as JSON was expected"),
        ("TAGS", "5", "expected a list as JSON"),
        ("TAGS", "[" * 100_000, "expected a list as JSON"),
        ("TAGS", "[\udcff", "expected a list as JSON"),
        ("LIMITS", "a=1", "expected a table as JSON, such as"),
        ("LIMITS", '{"a": 1, "a": 2}', "expected a table as JSON"),
        ("LIMITS", "[]", "limits: expected"),
        ("POOLS", '[{"size": 1},\n{"size": }]', "it breaks at line 2, column 10"),
        ("NUMBER", "x", "number: expected a valid integer, got 'x'"),
        ("NUMBER", "9" * 5000, "number: "),
        ("NUMBER", "٣", "number: expected a valid integer"),
    ],
)
def test_what_cannot_be_read_names_the_variable(model: Any, name: str, written: str, says: str) -> None:
    told = problem(model, env(**{name: written}))
    assert told.startswith(f"$A_{name}: ")
    assert says in told
    assert len(told) < 400


@pytest.mark.parametrize("model", MODELS)
def test_lists_element_by_element(model: Any) -> None:
    below = {"pools": [{"size": 1, "wait": "3s"}, {"size": 2}]}
    made = cg.load(model, below, env(POOLS__0__SIZE="11", POOLS__2__SIZE="13"))
    assert [each.size for each in made.pools] == [11, 2, 13]
    assert made.pools[0].wait == timedelta(seconds=3)
    assert cg.load(model, env(TAGS__0="x", TAGS__1="y")).tags == ["x", "y"]
    assert cg.load(model, {"tags": ["a", "b", "c"]}, env(TAGS='["x"]', TAGS__1="y")).tags == ["x", "y"]
    assert problem(model, env(POOLS__1__SIZE="x")).startswith(
        "$A_POOLS__1__SIZE: pools[1]: would be element 1 of 0"
    )


@pytest.mark.parametrize("model", MODELS)
def test_either_a_text_or_a_list(model: Any) -> None:
    for written, read in [
        ("a,b", "a,b"),
        ('["a"]', ["a"]),
        ("5", "5"),
        ("[a", "[a"),
        ("", ""),
        ("null", "null"),
    ]:
        assert cg.load(model, env(EITHER=written)).either == read


def test_keys_of_other_characters() -> None:
    for variable, field in [
        ("MAX_SIZE", "dashed"),
        ("max-size", "dashed"),
        ("A_B", "dotted"),
        ("A.B", "dotted"),
        ("MIXED", "Mixed"),
        ("two__lines", "two__lines"),
    ]:
        assert getattr(cg.load(Model, env(**{variable: "5"})), field) == 5
    assert cg.load(Model, env(LIMITS__Max_CPU="5")).limits == {"max_cpu": 5}


def test_letter_case_alone_tells_no_two_variables_apart() -> None:
    assert cg.load(Model, env(NUMBER="5", number="5")).number == 5
    says = problem(Model, env(NUMBER="5", number="6"))
    assert (
        says
        == "$A_number: number: $A_NUMBER and $A_number are the same setting, and say two things: keep one"
    )


def test_json_that_the_schema_itself_reads() -> None:
    assert cg.load(Model, env(PARSED="[1, 2]")).parsed == [1, 2]
    assert problem(Model, env(PARSED="[1,")).startswith("$A_PARSED: parsed: Invalid JSON")
    assert cg.load(Model, {"parsed": "[3]"}).parsed == [3]
    assert cg.load(Model, env(PAIR='[1, "5m"]', UNIQUE="[1, 1]")).pair == (1, Duration("5m"))


def test_no_secret_is_shown() -> None:
    for variables in [{"TOKENS": '["geheim"'}, {"TOKENS": "geheim"}, {"TOKENS__1": "geheim"}]:
        assert "geheim" not in problem(Model, env(**variables))
    made = cg.explain(Model, env(TOKENS='["geheim"]', TOKEN="geheim"))
    assert made["tokens"].value == ["***"]
    assert "geheim" not in f"{made} {json.dumps(made.to_json())} {made!r}"


def test_without_a_prefix_nothing_is_called_misspelt(recwarn: pytest.WarningsRecorder) -> None:
    assert cg.load(Model, cg.Env("", environ={"NUMBER": "5", "PATH": "/bin", "HOME": "/"})).number == 5
    assert not recwarn.list


def test_a_variable_of_a_file_is_named_by_its_line(folder: Path) -> None:
    Path(".env").write_text("A_NUMBER=5\nA_TAGS=a,b\n")
    assert problem(Model, cg.Env("A_", file=".env")).startswith(".env:2: tags: expected a list as JSON")


class Nested(BaseModel):
    kind: Literal["a", "b"] = "a"
    by: dict[str, dict[str, int]] = {}
    deep: Annotated[list[list[int]], Field(max_length=3)] = []
    anything: Any = None
    flag: bool = False
    model: Model = Model()


@given(
    st.dictionaries(
        st.lists(
            st.sampled_from(
                [
                    "KIND",
                    "BY",
                    "X",
                    "0",
                    "1",
                    "DEEP",
                    "ANYTHING",
                    "FLAG",
                    "MODEL",
                    "POOL",
                    "SIZE",
                    "POOLS",
                    "TAGS",
                    "",
                ]
            ),
            min_size=1,
            max_size=4,
        ).map("__".join),
        st.one_of(
            st.sampled_from(
                [
                    "",
                    "null",
                    "{",
                    "[]",
                    "{}",
                    "[[1]]",
                    '{"a": {"b": 1}}',
                    "1",
                    "true",
                    "-",
                    "NaN",
                    "1e999",
                    "\udc80",
                ]
            ),
            st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
        ),
        max_size=4,
    )
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_whatever_the_variables_say_there_is_no_traceback(variables: dict[str, str]) -> None:
    try:
        cg.load(Nested, env(**variables))
    except cg.ValidationError as error:
        assert all(each.file is None or each.file.startswith("$A_") for each in error.problems)
    explained = cg.explain(Nested, env(**variables))
    json.dumps(explained.to_json())
    assert str(explained)


def test_keys_of_a_table_are_those_below_that_differ_in_letter_case() -> None:
    made = cg.load(Nested, {"by": {"Web": {"Max": 1}}}, env(BY__WEB__MAX="5", BY__DB="{}"))
    assert made.by == {"Web": {"Max": 5}, "db": {}}
    explained = cg.explain(Nested, {"by": {"Web": {"Max": 1}}}, env(BY__WEB__MAX="5"))["by.Web.Max"]
    assert (explained.value, str(explained.origin)) == (5, "$A_BY__WEB__MAX")


class Positions(BaseModel):
    first: str = Field("", validation_alias=AliasPath("path", 0))
    second: str = Field("", validation_alias=AliasPath("path", 1))


class Holder(BaseModel):
    nest: Positions = Positions()


def test_fields_that_are_read_from_positions() -> None:
    for variables in ({"NEST__PATH": '["x", "y"]'}, {"NEST__PATH__0": "x", "NEST__PATH__1": "y"}):
        assert cg.load(Holder, env(**variables)).nest == Positions.model_validate({"path": ["x", "y"]})
        explained = cg.explain(Holder, env(**variables))["nest.path[1]"]
        assert (explained.value, str(explained.origin)[:13]) == ("y", "$A_NEST__PATH")
