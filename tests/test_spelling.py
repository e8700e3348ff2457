"""Variables' names have no `-`, no `.` and one letter case, and a number in them may be a position or a key."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

import confguard as cg


def env(**variables: str) -> cg.Env:
    return cg.Env("P_", environ={f"P_{name}": text for name, text in variables.items()})


def problems(model: Any, *sources: Any) -> list[str]:
    with pytest.raises(cg.ValidationError) as caught:
        cg.load(model, *sources)
    return [str(each) for each in caught.value.problems]


@attrs.frozen
class Tables:
    d: dict[str, int] = attrs.field(factory=dict)
    deep: dict[str, dict[str, int]] = attrs.field(factory=dict)
    listed: list[dict[str, int]] = attrs.field(factory=list)
    either: list[int] | dict[str, int] = attrs.field(factory=list)
    free: Any = None


@pytest.mark.parametrize("key", ["main-db", "main.db", "Main_DB", "MAIN-db"])
def test_a_key_of_a_table_is_the_one_below(key: str, tmp_path: Path) -> None:
    (tmp_path / "d__main_db").write_text("3")
    assert cg.load(Tables, {"d": {key: 1, "b": 1}}, env(D__MAIN_DB="2")).d == {key: 2, "b": 1}
    assert cg.load(Tables, {"d": {key: 1}}, cg.SecretFiles(tmp_path)).d == {key: 3}
    assert cg.load(Tables, {"deep": {"x.y": {key: 1}}}, env(DEEP__X_Y__MAIN_DB="2")).deep == {"x.y": {key: 2}}
    assert cg.load(Tables, {"listed": [{key: 1}]}, env(LISTED__0__MAIN_DB="2")).listed == [{key: 2}]
    assert cg.load(Tables, {"free": {key: 1}}, env(FREE__MAIN_DB="2")).free == {key: "2"}
    assert cg.load(Tables, env(D=f'{{"{key}": 1}}', D__MAIN_DB="2")).d == {key: 2}
    explained = str(cg.explain(Tables, {"d": {key: 1}}, env(D__MAIN_DB="2")))
    assert "= 2\n    from $P_D__MAIN_DB\n    over 1 from given" in explained
    assert problems(Tables, {"d": {key: 1}}, env(D__MAIN_DB="x"))[0].startswith("$P_D__MAIN_DB: d.")


def test_the_key_that_is_spelt_most_alike_is_meant() -> None:
    assert cg.load(Tables, {"d": {"a_b": 1, "a-b": 1}}, env(D__A_B="2")).d == {"a_b": 2, "a-b": 1}
    assert cg.load(Tables, {"d": {"A_B": 1, "a-b": 1}}, env(D__A_B="2")).d == {"A_B": 2, "a-b": 1}
    assert problems(Tables, {"d": {"a.b": 1, "a-b": 1}}, env(D__A_B="2")) == [
        "$P_D__A_B: d.a_b: may be 'a.b' or 'a-b', which stand below"
    ]


class Kind(Enum):
    MAIN = "main-db"
    OTHER = "other"


def test_a_key_of_a_few_is_one_of_them() -> None:
    class Few(BaseModel):
        model_config = ConfigDict(extra="allow")
        one: dict[Literal["main-db", "other"], int] = {}
        two: dict[Kind, int] = {}

    made = cg.load(Few, {"main-db": 1}, env(ONE__MAIN_DB="2", TWO__MAIN_DB="3", MAIN_DB="4"))
    assert (made.one, made.two) == ({"main-db": 2}, {Kind.MAIN: 3})
    assert made.model_extra == {"main-db": "4"}


@pytest.mark.parametrize("name", ["either", "free"])
def test_a_number_is_a_position_or_a_key_as_what_is_below(name: str) -> None:
    def loaded(below: Any, **variables: str) -> Any:
        layers = [{name: below}] if below is not None else []
        source = env(**{f"{name.upper()}{key}": text for key, text in variables.items()})
        made = getattr(cg.load(Tables, *layers, source), name)
        explained = cg.explain(Tables, *layers, source)
        assert {each.path[1:]: each.value for each in explained.values if each.path[0] == name} == (
            {(key,): value for key, value in made.items()} if isinstance(made, dict) else {(): made}
        )
        assert all("default" not in str(each.origin) for each in explained.values if each.path[0] == name)
        values = made.items() if isinstance(made, dict) else enumerate(made)
        return (
            type(made)((key, int(value)) for key, value in values)
            if isinstance(made, dict)
            else [*map(int, made)]
        )

    assert loaded([1, 2], __1="4") == [1, 4]
    assert loaded([1, 2], __2="4") == [1, 2, 4]
    assert loaded({"1": 2}, __1="4") == {"1": 4}
    assert loaded({"a": 2}, __0="4") == {"a": 2, "0": 4}
    assert loaded(None, __0="4", __1="5") == [4, 5]
    assert loaded(None, __5="4") == {"5": 4}
    assert loaded(None, __0="4", __A="5") == {"0": 4, "a": 5}
    assert loaded({}, __0="4") == {"0": 4}


def test_a_number_beside_the_text_of_its_own_table() -> None:
    assert cg.load(Tables, env(EITHER="[1, 2]", EITHER__1="4")).either == [1, 4]
    assert cg.load(Tables, env(EITHER='{"1": 2}', EITHER__1="4")).either == {"1": 4}
    assert cg.load(Tables, env(D__0="1", D__01="2")).d == {"0": 1, "01": 2}
    assert problems(Tables, {"either": [1]}, env(EITHER__3="4"))[0].startswith(
        "$P_EITHER__3: either[3]: would be"
    )


class Db(BaseModel):
    host: str = "h"
    port: int = 1


class Aliased(BaseModel):
    db: Db = Field(Db(), validation_alias=AliasChoices("db", "database"))


@pytest.mark.parametrize(("one", "other"), [("DB", "DATABASE"), ("DATABASE", "DB")])
def test_a_table_under_one_name_and_a_setting_in_it_under_another(one: str, other: str) -> None:
    tables = {one: '{"port": 4, "host": "x"}', f"{other}__HOST": "q"}
    assert cg.load(Aliased, env(**tables)).db == Db(host="q", port=4)
    explained = str(cg.explain(Aliased, env(**tables))["db.host"])
    assert explained.splitlines()[:3] == [
        "db.host = q", f"    from $P_{other}__HOST", f"    over x from $P_{one}",
    ]  # fmt: skip
    assert cg.load(Aliased, env(**{f"{one}__HOST": "q", f"{other}__PORT": "4"})).db == Db(host="q", port=4)
    assert cg.load(Aliased, env(**{f"{one}__HOST": "q", f"{other}__HOST": "q"})).db == Db(host="q")
    (problem,) = problems(Aliased, env(**{f"{one}__HOST": "q", f"{other}__HOST": "r"}))
    assert "are the same setting, and say two things" in problem
    assert "keep one" in problems(Aliased, env(**{one: '{"port": 4}', other: '{"port": 5}'}))[0]
