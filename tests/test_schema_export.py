"""Schema classes as JSON Schema: what fits the class fits what is written, and nearly the other way round."""

from __future__ import annotations

import dataclasses
import json
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Annotated, Any, Literal

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import AliasChoices, AnyUrl, BaseModel, ConfigDict, Field, SecretStr

import confguard as cg
from confguard.fields import ByteSize, Duration, Impact, Port, Ratio, Secret
from confguard.schema.comparing import compare_schemas
from confguard.schema.json_export import json_schema
from confguard.schema.json_schema import JsonSchema
from confguard.schema.schema import Schema, resolve_schema
from confguard.testing import valid
from conftest import examples


class S3(BaseModel, extra="forbid"):
    kind: Literal["s3"] = "s3"
    bucket: str
    key: Secret = Secret("geheim")


class Disk(BaseModel, extra="forbid"):
    kind: Literal["disk"] = "disk"
    path: str = "/"
    size: ByteSize = ByteSize("1GiB")


class Tagged(BaseModel):
    store: Annotated[S3 | Disk, Field(discriminator="kind")]


class Discriminated(BaseModel):
    store: S3 | Disk = Field(discriminator="kind")


class Plain(BaseModel):
    store: S3 | Disk


@attrs.frozen
class Bucket:
    bucket: str
    key: Secret = Secret("geheim")  # noqa: RUF009


@attrs.frozen
class Folder:
    path: str
    size: ByteSize = ByteSize("1GiB")  # noqa: RUF009


@attrs.frozen
class AttrsStore:
    store: Bucket | Folder


@dataclasses.dataclass
class DataBucket:
    bucket: str
    key: Secret = dataclasses.field(default_factory=lambda: Secret("geheim"))


@dataclasses.dataclass
class DataFolder:
    path: str
    size: ByteSize = dataclasses.field(default_factory=lambda: ByteSize("1GiB"))


@dataclasses.dataclass
class DataStore:
    store: DataBucket | DataFolder


class Deep(BaseModel):
    many: list[S3 | Disk] = []
    by_name: dict[str, S3 | Disk] = {}
    perhaps: S3 | Disk | None = None


def schema_of(model: Any) -> Schema[Any]:
    found = resolve_schema(model)
    assert found is not None
    return found


@cache
def written(model: Any) -> dict[str, Any]:
    """What is exported, as it comes back from a file; which is a JSON Schema."""
    made: dict[str, Any] = json.loads(json.dumps(json_schema(schema_of(model))))
    Draft202012Validator.check_schema(made)
    return made


def fits(model: Any, data: Any) -> bool:
    try:
        schema_of(model).validate(data)
    except cg.ValidationError:
        return False
    return True


def agree(model: Any, data: Any) -> bool:
    """Do the class, confguard on what was written, and jsonschema by itself say the same?"""
    made = written(model)
    said = {
        fits(model, data),
        fits(JsonSchema("written", made), data),
        Draft202012Validator(made).is_valid(data),
    }
    return len(said) == 1


@pytest.mark.parametrize("model", [Tagged, Discriminated, Plain, AttrsStore, DataStore])
def test_unions_are_written(model: Any) -> None:
    made = written(model)
    members = made["properties"]["store"]["anyOf"]
    assert len(members) == 2
    definitions = made["$defs"].values()
    secret = next(each["properties"]["key"] for each in definitions if "key" in each["properties"])
    assert secret["writeOnly"] is True
    assert "geheim" not in json.dumps(made)
    read = schema_of(JsonSchema("written", made))
    assert read.shape.at(("store", "key")).secret


stores = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(["s3", "disk", "tape"]),
        "bucket": st.sampled_from(["b", 5]),
        "key": st.sampled_from(["k", None]),
        "path": st.sampled_from(["/x", []]),
        "size": st.sampled_from(["1GiB", 5, "huge", -1]),
    },
)


@pytest.mark.parametrize("model", [Tagged, Discriminated, Plain])
@given(store=stores)
@settings(max_examples=examples(60), deadline=None)
def test_unions_of_models_mean_the_same_when_written(model: Any, store: Any) -> None:
    assert agree(model, {"store": store})


@pytest.mark.parametrize("model", [AttrsStore, DataStore])
@given(
    store=stores.map(lambda store: {key: value for key, value in store.items() if key in {"bucket", "key"}})
)
@settings(max_examples=examples(60), deadline=None)
def test_unions_of_classes_mean_the_same_when_written(model: Any, store: Any) -> None:
    assert agree(model, {"store": store})


@given(
    many=st.lists(stores, max_size=2),
    by_name=st.dictionaries(st.sampled_from("ab"), stores),
    perhaps=stores | st.none(),
)
@settings(max_examples=examples(60), deadline=None)
def test_unions_in_lists_and_maps_mean_the_same_when_written(many: Any, by_name: Any, perhaps: Any) -> None:
    assert agree(Deep, {"many": many, "by_name": by_name, "perhaps": perhaps})


@attrs.frozen
class Node:
    name: str
    child: Node | None = None
    others: list[Node] = attrs.field(factory=list)


def test_a_class_within_itself() -> None:
    made = written(Node)
    assert made["properties"]["child"]["anyOf"][0] == {"$ref": "#"}
    assert agree(Node, {"name": "a", "child": {"name": "b", "others": [{"name": "c"}]}})
    assert agree(Node, {"name": "a", "child": {"name": "b", "others": [{"nmae": "c"}]}})


class Outer(BaseModel):
    loop: Loop | None = None


class Loop(BaseModel):
    again: list[Loop] = []
    size: Annotated[int, Field(ge=1)] = 1


Outer.model_rebuild()


def test_a_class_within_itself_further_down() -> None:
    made = written(Outer)
    assert made["$defs"]["Loop"]["properties"]["again"]["items"] == {"$ref": "#/$defs/Loop"}
    assert agree(Outer, {"loop": {"again": [{"again": [{"size": 0}]}]}})


class Constrained(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    first: int = Field(alias="erste", ge=1)
    second: int = Field(1, validation_alias=AliasChoices("zweite", "zwei"))
    maybe: int | None = Field(None, ge=1, le=5)
    inner: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1, max_length=2)] = [1]
    pair: tuple[int, str] = (1, "a")
    text: Annotated[str, Field(pattern="^a", max_length=3)] = "a"
    step: Annotated[int, Field(multiple_of=5)] = 5
    either: int | str = 1
    wait: Annotated[Duration, Impact("high")] = Duration("2s")
    span: timedelta = timedelta(seconds=3)
    part: Ratio = Ratio(0.5)
    port: Port = Port(80)
    token: SecretStr = SecretStr("geheim")
    api_key: str = "geheim"
    link: AnyUrl | None = None
    disk: Disk = Disk(path="/srv")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "right", "wrong"),
    [
        ("maybe", [None, 1, 5], [0, 6, []]),
        ("inner", [[1], [1, 2]], [[], [0], [1, 2, 3], "a"]),
        ("pair", [[1, "a"]], [[1], [1, "a", 2], ["x", "a"]]),
        ("text", ["a", "abc"], ["b", "abcd", 5]),
        ("step", [0, 10], [3]),
        ("either", [1, "x"], [None, []]),
        ("wait", ["30s", "1m30s", "PT5M", 90, "1.5h"], ["soon", -1, [], "s5"]),
        ("span", ["PT5M", 90], ["soon", []]),
        ("part", ["5%", 0.5, 1], ["much", 2, []]),
        ("port", [80, "8080"], [0, 70000, "x", []]),
        ("token", ["x"], [5, None]),
        ("link", ["https://example.com/", None], [5]),
        ("zweite", [3], ["x"]),
        ("zwei", [3], ["x"]),
        ("disk", [{}, {"size": "5MB"}], [{"size": "big"}, {"pth": ""}, 5]),
        ("unknown", [], [1]),
    ],
)
def test_constraints_mean_the_same_when_written(key: str, right: list[Any], wrong: list[Any]) -> None:
    for value in right:
        assert fits(Constrained, {"erste": 1, key: value}), value
        assert agree(Constrained, {"erste": 1, key: value}), value
    for value in wrong:
        assert not fits(Constrained, {"first": 1, key: value}), value
        assert agree(Constrained, {"first": 1, key: value}), value


def test_names_and_defaults_are_written() -> None:
    made = written(Constrained)
    for data in ({}, {"erste": 1}, {"first": 1}, {"second": 1}):
        assert agree(Constrained, data)
    assert made["properties"]["disk"]["$ref"] == "#/$defs/Disk"
    assert made["properties"]["disk"]["default"]["path"] == "/srv"
    assert "default" not in made["properties"]["token"]
    assert made["properties"]["wait"]["x-confguard"] == {"type": "Duration", "impact": "high"}
    assert "geheim" not in json.dumps(made)


@dataclasses.dataclass
class Standard:
    at: datetime
    day: date
    clock: time
    wait: timedelta = timedelta(seconds=90)
    names: set[str] = dataclasses.field(default_factory=set)
    sizes: dict[str, int] = dataclasses.field(default_factory=dict)


@given(data=valid(Standard))
@settings(max_examples=examples(60), deadline=None)
def test_what_fits_a_class_fits_what_is_written(data: Any) -> None:
    assert fits(JsonSchema("written", written(Standard)), data)


class Fewer(BaseModel):
    store: Annotated[S3, Field()]


class Narrower(BaseModel):
    many: list[Disk] = []
    by_name: dict[str, S3 | Disk] = {}
    perhaps: S3 | Disk | None = None


def test_unions_of_models_are_compared() -> None:
    def told(old: Any, new: Any) -> list[str]:
        return [str(finding) for finding in compare_schemas(schema_of(old), schema_of(new))]

    assert told(Deep, Deep) == []
    assert told(Fewer, Plain) == []
    assert told(Plain, Fewer)[0].startswith(
        "CS112 breaking: store: no longer takes what has 'disk' as its 'kind'"
    )
    assert told(Deep, Narrower)[0].startswith(
        "CS112 breaking: many.*: no longer takes what has 's3' as its 'kind'"
    )


class Holding(BaseModel):
    port: int = 80
    password: Secret = Secret("hunter2")


class Around(BaseModel):
    inner: Holding = Holding()
    many: list[Holding] = [Holding()]
    token: Secret | None = None


def test_defaults_are_written_without_what_is_secret_in_them() -> None:
    schema = resolve_schema(Around)
    assert schema is not None
    written = json_schema(schema)["properties"]
    assert written["inner"]["default"] == {"port": 80}
    assert "default" not in written["many"]
    assert written["token"]["default"] is None


class Aliased(BaseModel):
    size: int = Field(4, validation_alias=AliasChoices("size", "pool_size"))


def test_what_has_two_names_is_not_filled_in_under_the_other() -> None:
    schema = resolve_schema(Aliased)
    assert schema is not None
    assert cg.load(JsonSchema("s", json_schema(schema)), {"pool_size": 7}) == {"pool_size": 7}
