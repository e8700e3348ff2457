"""What `explain` says is what `load` gives: for generated schemas of every kind, and layers of every kind."""

from __future__ import annotations

import dataclasses
import json
import tempfile
import warnings
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import (
    AnyUrl,
    BaseModel,
    Field,
    Json,
    SecretStr,
    computed_field,
    field_validator,
    model_validator,
)

import confguard as cg
from confguard.fields import Duration, Port, Renamed, Secret
from confguard.schema.explaining import Explained
from confguard.schema.instances import as_data
from confguard.schema.schema import resolve_schema
from confguard.units import show_duration


class P(BaseModel):
    size: int = 4
    wait: Duration = "2s"  # type: ignore[assignment]


class Defaults(BaseModel):
    pool: P = P(size=99)
    maybe: P | None = None
    given: P | None = P(size=7)
    made: P = Field(default_factory=lambda: P(size=8))
    listed: list[P] = Field(default_factory=lambda: [P(size=5)])
    workers: Annotated[int, Renamed("threads")] = 1


@pytest.mark.parametrize(
    ("data", "path", "value"),
    [
        ({}, "pool.size", 99),
        ({}, "pool.wait", timedelta(seconds=2)),
        (
            {"pool": {"wait": "5s"}},
            "pool.size",
            4,
        ),  # a table of its own takes the place of the default instance
        ({}, "maybe", None),
        ({"maybe": {}}, "maybe.size", 4),
        ({}, "given.size", 7),
        ({"given": None}, "given", None),
        ({}, "made.size", 8),
        ({"made": {}}, "made.size", 4),
        ({}, "made.wait", timedelta(seconds=2)),
    ],
)
def test_defaults_are_those_that_hold(data: Any, path: str, value: Any) -> None:
    found: Any = cg.load(Defaults, data)
    for name in path.split("."):
        found = getattr(found, name)
    explained = cg.explain(Defaults, data)[path]
    assert explained.value == found == value
    assert explained.origin.source == ("given" if path in data else "default")


class Changing(BaseModel):
    name: str = " x "
    lower: str = "A"
    total: int = 0
    parts: list[int] = []

    @field_validator("lower")
    @classmethod
    def lowered(cls, value: str) -> str:
        return value.lower()

    @model_validator(mode="after")
    def summed(self) -> Changing:
        self.total = sum(self.parts)
        return self

    @computed_field  # type: ignore[prop-decorator]
    @property
    def twice(self) -> int:
        return 2 * self.total


PORT = Port(80)


@attrs.frozen
class Computed:
    port: Port = PORT
    admin: int = attrs.field()
    name: str = attrs.field(default="X", converter=str.lower)
    hidden: int = attrs.field(init=False, default=3)

    @admin.default
    def _next(self) -> int:
        return self.port + 1


def test_what_a_schema_works_out_is_told_as_it_is() -> None:
    made = cg.explain(Changing, {"lower": "ABC", "parts": [1, 2]})
    assert (made["lower"].value, made["lower"].origin.value) == ("abc", "ABC")
    assert (made["total"].value, made["total"].origin.source) == (3, "computed")
    assert made["lower"].to_json()["written"] == "ABC"
    computed = cg.explain(Computed, {"port": "8080"})
    assert (computed["admin"].value, computed["port"].value, computed["name"].value) == (8081, 8080, "x")
    assert [str(each.path[0]) for each in computed.values] == ["port", "admin", "name"]


def test_what_load_refuses_is_told_as_it_is_written_with_the_reason() -> None:
    made = cg.explain(Defaults, {"workers": 1}, cg.Env("A_", environ={"A_THREADS": "x"}))
    assert made["workers"].value == "x"
    assert [str(each) for each in made.problems] == ["$A_THREADS: threads: expected a valid integer, got 'x'"]
    assert "problem: $A_THREADS" in str(made)
    assert made.to_json()["problems"]


def test_defaults_within_lists_and_maps_are_told_where_load_refuses() -> None:
    class Many(BaseModel):
        n: int = 1
        parts: list[P] = []
        by_name: dict[str, P] = {}

    explained = cg.explain(Many, {"n": "bad", "parts": [{}], "by_name": {"a": {}}})
    assert explained.problems
    assert (explained["parts"].value[0]["size"], explained["by_name.a.size"].value) == (4, 4)


def test_a_setting_that_a_layer_cuts_off_is_not_its_source() -> None:
    made = cg.explain(Defaults, {"maybe": {"size": 1}}, {"maybe": None}, {"maybe": {"wait": "9s"}})
    assert cg.load(Defaults, {"maybe": {"size": 1}}, {"maybe": None}, {"maybe": {"wait": "9s"}}).maybe == P(
        wait=Duration("9s")
    )
    assert (made["maybe.size"].value, made["maybe.size"].origin.source) == (4, "default")


def test_an_instance_is_a_source() -> None:
    made = Defaults(pool=P(size=3), workers=5)
    assert cg.load(Defaults, {"workers": 1}, made) == cg.load(Defaults, {"pool": {"size": 3}, "workers": 5})  # type: ignore[arg-type]
    assert cg.load(Defaults, {"pool": P(size=3)}).pool.size == 3


KINDS: dict[str, tuple[Any, st.SearchStrategy[Any], Any]] = {
    "integer": (int, st.integers(-99, 99), 1),
    "text": (str, st.text("abc", max_size=3), "d"),
    "span": (timedelta, st.sampled_from(["7d", "PT5M", "90s", "1:30:00"]), timedelta(seconds=1)),
    "duration": (Duration, st.sampled_from(["7d", "PT5M", "90s"]), "2s"),
    "port": (Port, st.integers(1, 99), Port(80)),
    "renamed": (Annotated[int, Renamed("zold")], st.integers(-99, 99), 2),
    "maybe": (int | None, st.one_of(st.none(), st.integers(-99, 99)), None),
    "secret": (Secret, st.just("geheim"), Secret("geheim")),
    "list": (list[int], st.lists(st.integers(-9, 9), max_size=2), [1]),
    "table": (dict[str, int], st.dictionaries(st.sampled_from("xy"), st.integers(-9, 9)), {"z": 1}),
}


def make(way: str, fields: dict[str, tuple[Any, Any]]) -> Any:
    """A class with these fields, each a type and a default."""
    if way == "pydantic":
        hints = {name: kind for name, (kind, _) in fields.items()}
        defaults = {name: default for name, (_, default) in fields.items()}
        return type("Made", (BaseModel,), {"__annotations__": hints, "__module__": __name__} | defaults)
    if way == "attrs":
        made = {
            name: attrs.field(type=kind, factory=lambda default=default: default)
            if isinstance(default, list | dict)
            else attrs.field(type=kind, default=default)
            for name, (kind, default) in fields.items()
        }
        return attrs.make_class("Made", made)
    items = [
        (
            name,
            kind,
            dataclasses.field(default_factory=lambda default=default: default)
            if isinstance(default, list | dict) or hasattr(default, "__dataclass_fields__")
            else default,
        )
        for name, (kind, default) in fields.items()
    ]
    return dataclasses.make_dataclass("Made", items)


@st.composite
def schemas(draw: st.DrawFn, depth: int = 2) -> tuple[Any, dict[str, Any]]:
    """A class, and for each of its fields what a document may say."""
    way = draw(st.sampled_from(["pydantic", "attrs", "dataclass"]))
    return draw(classes(way, depth))


@st.composite
def classes(draw: st.DrawFn, way: str, depth: int) -> tuple[Any, dict[str, Any]]:
    fields, said = {}, {}
    for name in draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=4, unique=True)):
        kind, values, default = KINDS[name]
        fields[name], said[name] = (kind, default), values
    if depth:
        inner, inside = draw(classes(way, depth - 1))
        said["inner"] = st.fixed_dictionaries({}, optional=inside)
        default = draw(st.sampled_from(["instance", "nothing"]))
        fields["inner"] = (inner, inner()) if default == "instance" else (inner | None, None)
    return make(way, fields), said


@st.composite
def cases(draw: st.DrawFn) -> tuple[Any, list[Any]]:
    model, said = draw(schemas())
    layers = draw(st.lists(st.fixed_dictionaries({}, optional=said), max_size=4))
    return model, layers


def as_source(layer: dict[str, Any], folder: Path, way: str, number: int) -> Any:
    """A layer as a mapping, a file, variables or a folder of files."""
    if way == "file":
        file = folder / f"{number}.json"
        file.write_text(json.dumps(layer))
        return str(file)
    if way == "profile":
        (folder / f"{number}.local.json").write_text(json.dumps(layer))
        return cg.Profile(folder / f"{number}.json", "local")
    texts = {"__".join(path): text for path, text in leaves(layer, ())}
    if way == "variables":
        return cg.Env("A_", environ={f"A_{name.upper()}": text for name, text in texts.items()})
    if way == "secrets":
        (folder / str(number)).mkdir()
        for name, text in texts.items():
            (folder / str(number) / name).write_text(text)
        return cg.SecretFiles(folder / str(number))
    return layer


def leaves(layer: Any, path: tuple[str, ...]) -> Any:
    for key, value in layer.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*path, key))
        elif value == {} and key == "inner":
            continue
        else:
            yield (*path, key), value if isinstance(value, str) else json.dumps(value)


def from_secret_file(explained: Explained, folder: str) -> bool:
    origins = (explained.origin, *explained.origin.parts, *explained.shadowed)
    return any(str(each.file).startswith(folder) and each.line is None for each in origins)


@given(cases(), st.data())
def test_what_is_explained_is_what_is_loaded(case: tuple[Any, list[Any]], data: st.DataObject) -> None:
    model, layers = case
    ways = st.sampled_from(["mapping", "file", "profile", "variables", "secrets"])
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sources = [as_source(each, Path(folder), data.draw(ways), i) for i, each in enumerate(layers)]
        loaded = cg.load(model, *sources)
        explained = cg.explain(model, *sources)
    assert not explained.problems
    assert "geheim" not in str(explained) + json.dumps(explained.to_json())
    schema = resolve_schema(model)
    assert schema is not None
    flat = dict(flattened(as_data(loaded, schema.shape), ()))
    assert {each.path for each in explained.values} == flat.keys()
    for each in explained.values:
        value = flat[each.path]
        secret = isinstance(value, Secret) or (each.value == "***" and from_secret_file(each, folder))
        assert each.value == ("***" if secret else value)
        assert type(each.value) is type(value) or secret
        shown = (
            "***"
            if secret
            else show_duration(value)
            if isinstance(value, timedelta)
            else value
            if isinstance(value, str)
            else json.dumps(value)
        )
        assert str(each).startswith(f"{'.'.join(map(str, each.path))} = {shown}")


def flattened(data: Any, path: tuple[Any, ...]) -> Any:
    if isinstance(data, Mapping) and data:
        for key, value in data.items():
            yield from flattened(value, (*path, key))
    else:
        yield path, data


@given(cases())
def test_data_of_an_instance_makes_the_same_instance(case: tuple[Any, list[Any]]) -> None:
    model, layers = case
    schema = resolve_schema(model)
    assert schema is not None
    made = cg.load(model, *layers)
    assert cg.load(model, made) == made


@given(cases(), st.data())
def test_grouping_layers_changes_nothing(case: tuple[Any, list[Any]], data: st.DataObject) -> None:
    model, layers = case
    empty = data.draw(st.integers(0, len(layers)))
    assert cg.load(model, *layers) == cg.load(model, *layers[:empty], {}, *layers[empty:])
    assert cg.load(model, *layers) == cg.load(model, *layers, *layers[-1:])


@dataclasses.dataclass
class Pool:
    size: int = 4
    wait: int = 1


@dataclasses.dataclass
class Working:
    ns: list[int] = dataclasses.field(default_factory=list)
    pool: Pool = dataclasses.field(default_factory=Pool)
    maybe: Pool | None = None
    pools: list[Pool] = dataclasses.field(default_factory=list)
    size: int = 0

    def __post_init__(self) -> None:
        self.size = self.size * 2


def environment(**variables: str) -> cg.Env:
    return cg.Env("A_", environ=variables)


def test_every_variable_that_a_list_is_made_of_is_named() -> None:
    one = cg.explain(Working, environment(A_NS="[1, 2]", A_NS__1="5"))["ns"]
    assert one.value == [1, 5]
    assert "$A_NS and $A_NS__1" in str(one)
    assert [each["file"] for each in one.to_json()["parts"]] == ["$A_NS__1"]  # type: ignore[attr-defined]
    several = str(cg.explain(Working, environment(A_NS__0="1", A_NS__1="5"))["ns"])
    assert "$A_NS__0 and $A_NS__1" in several
    across = str(
        cg.explain(Working, {"ns": [1, 2, 3]}, environment(A_NS__1="5"), environment(A_NS__2="6"))["ns"]
    )
    assert "from $A_NS__2 and $A_NS__1 and given" in across
    tables = str(cg.explain(Working, environment(A_POOLS='[{"size": 1}]', A_POOLS__0__WAIT="7"))["pools"])
    assert "$A_POOLS and $A_POOLS__0__WAIT" in tables
    field = cg.explain(Working, environment(A_POOL='{"size": 3, "wait": 4}', A_POOL__WAIT="9"))
    assert "$A_POOL__WAIT\n    over 4 from $A_POOL\n" in str(field["pool.wait"]) + "\n"
    assert str(field["pool.size"].origin) == "$A_POOL"


@pytest.mark.parametrize("kind", ["post", "validator", "before"])
def test_what_a_class_makes_of_a_given_value_is_computed(kind: str, tmp_path: Path) -> None:
    class Validated(BaseModel):
        size: int = 0
        ns: list[int] = []

        @field_validator("size", mode="after" if kind == "validator" else "before")
        @classmethod
        def doubled(cls, value: Any) -> int:
            return int(value) * 2

    (tmp_path / "a.toml").write_text("size = 5\nns = [1]\n")
    model = Working if kind == "post" else Validated
    explained = cg.explain(model, tmp_path / "a.toml")
    made = explained["size"]
    assert (made.value, made.origin.source, made.origin.line) == (10, "computed", 1)
    assert str(made).splitlines()[:3] == [
        "size = 10",
        "    from computed",
        f"    over 5 from {tmp_path / 'a.toml'}:1:1",
    ]
    assert explained["ns"].origin.source != "computed"


def test_what_is_only_read_is_not_computed() -> None:
    class Kinds(BaseModel):
        port: Port = PORT
        wait: Duration = "1s"  # type: ignore[assignment]
        path: Path = Path()
        tags: set[str] = set()
        pair: tuple[int, str] = (0, "")
        key: Secret = Secret("")
        keys: list[SecretStr] = []
        url: AnyUrl = AnyUrl("http://a")
        amount: Decimal = Decimal()
        any: Any = None
        table: dict[str, list[int]] = {}
        json_text: Json[list[int]] = []
        either: int | str = 0
        pool: Pool = Pool()

    given = {
        "port": "80", "wait": "2m", "path": "/x", "tags": ["b", "a", "b"], "pair": ["1", "x"], "key": "k",
        "keys": ["a", "b"], "url": "http://example.com", "amount": "1.50", "any": [1], "table": {"a": ["1"]},
        "json_text": "[1, 2]", "either": "5", "pool": {"size": "3"},
    }  # fmt: skip
    explained = cg.explain(Kinds, given)
    assert [each for each in explained.values if each.origin.source == "computed"] == []


def test_a_layer_of_nothing_that_erased_a_table_is_told() -> None:
    explained = cg.explain(Working, {"maybe": {"size": 9}}, {"maybe": None}, {"maybe": {"wait": 7}})
    assert str(explained["maybe.size"]).splitlines() == [
        "maybe.size = 4",
        "    from default",
        "    erased by maybe = null from given",
        "    over 9 from given",
    ]
    assert explained["maybe.size"].to_json()["erased"]
    assert "erased" not in str(explained["maybe.wait"])
    gone = explain_text({"maybe": {"size": 9}}, {"maybe": None})
    assert 'maybe = null\n    from given\n    over {"size": 9} from given' in gone


def explain_text(*layers: Any) -> str:
    return str(cg.explain(Working, *layers))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", "mode: {}\nsize: {}\nwhen: {}\nport: 80\nname: '0755'\n"),
        ("a.toml", "mode = {}\nsize = {}\nwhen = {}\nport = 80\nname = '0755'\n"),
    ],
)
def test_a_number_is_told_as_the_file_writes_it_too(name: str, text: str, tmp_path: Path) -> None:
    class Kinds(BaseModel):
        mode: int = 0
        size: int = 0
        when: datetime | None = None
        port: int = 0
        name: str = ""

    octal = "0755" if name == "a.yaml" else "0o755"
    (tmp_path / name).write_text(text.format(octal, "0xFF", "2027-01-31T12:00:00Z"))
    explained = cg.explain(Kinds, tmp_path / name, {"size": 1})
    at = tmp_path / name
    assert str(explained["mode"]).splitlines()[:2] == ["mode = 493", f"    from {at}:1:1, written {octal}"]
    assert f"over 0xFF from {at}:2:1" in str(explained["size"])
    assert "written 2027-01-31T12:00:00Z" in str(explained["when"])
    assert explained["mode"].to_json()["text"] == octal
    assert "written" not in str(explained["port"]) + str(explained["name"])


def test_how_a_secret_number_is_written_is_not_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("password: 0755\n")

    class Login(BaseModel):
        password: int = 0

    assert "0755" not in f"{cg.explain(Login, tmp_path / 'a.yaml')}{cg.explain(Login, tmp_path / 'a.yaml')!r}"


class Memory(BaseModel):
    kind: Literal["memory"] = "memory"
    slots: int = 1
    shared: int = 1


class Remote(BaseModel):
    kind: Literal["remote"]
    addr: str = "x"
    shared: int = 1


class Cached(BaseModel):
    cache: Annotated[Memory | Remote, Field(discriminator="kind")] = Memory()
    either: Memory | Remote = Memory()


@pytest.mark.parametrize("name", ["cache", "either"])
def test_nothing_is_invented_where_load_refuses(name: str) -> None:
    layers = ({name: {"kind": "remote", "addr": "z", "shared": 5}}, {name: {"slots": 3}})
    explained = cg.explain(Cached, *layers)
    assert explained[f"{name}.addr"].value == "z"
    assert "computed" not in str(explained)
    assert [str(each) for each in explained.problems] == [f"{name}.slots: unknown key"]


@pytest.mark.parametrize("name", ["cache", "either"])
def test_what_another_member_of_a_union_took_out_counts_no_more(name: str) -> None:
    layers = [{name: {"kind": "remote", "addr": "z"}}, {name: {"kind": "memory"}}, {name: {"kind": "remote"}}]
    assert getattr(cg.load(Cached, *layers), name) == Remote(kind="remote")
    assert str(cg.explain(Cached, *layers)[f"{name}.addr"]).splitlines() == [
        f"{name}.addr = x",
        "    from default",
        f'    erased by {name} = {{"kind": "memory"}} from given',
        "    over z from given",
    ]


class Point(BaseModel):
    a: int = 1
    wait: Duration = "2s"  # type: ignore[assignment]
    inner: Pool = Pool()
    name: str = Field(default_factory=lambda: "x")


class Points(BaseModel):
    l: list[Point] = []  # noqa: E741
    t: tuple[Point, ...] = ()
    by: dict[str, list[Point | Memory]] = {}


def test_a_list_of_tables_that_leave_defaults_out_is_where_it_is_written() -> None:
    def told(path: str, *layers: Any) -> list[str]:
        explained = cg.explain(Points, *layers)
        assert "'0'" not in str(explained.to_json())
        return str(explained[path]).splitlines()[1:]

    assert told("l", {"l": [{"a": 4}, {}]})[0] == "    from given"
    assert told("t", {"t": [{"inner": {"size": 3}}]})[0] == "    from given"
    assert told("by.x", {"by": {"x": [{"a": 4}, {"slots": 4}]}})[0] == "    from given"
    assert told("l", environment(A_L__0__A="4"))[0] == "    from $A_L__0__A"
    assert told("l", {"l": [{"a": 4}, {"a": 5}]}, environment(A_L__1__A="6")) == [
        "    from $A_L__1__A and given",
        '    over [{"a": 4}, {"a": 5}] from given',
        "    over [] from default",
    ]


def test_of_single_elements_the_list_is_shown_that_they_make() -> None:
    class Doubled(BaseModel):
        ns: list[int] = []

        @field_validator("ns")
        @classmethod
        def doubled(cls, value: list[int]) -> list[int]:
            return [2 * each for each in value]

    explained = cg.explain(Doubled, {"ns": [1, 2]}, environment(A_NS__1="4"))
    assert str(explained["ns"]).splitlines()[:3] == [
        "ns = [2, 8]",
        "    from computed",
        '    over [1, "4"] from $A_NS__1',
    ]
    assert explained["ns"].to_json()["written"] == [1, "4"]


def test_an_element_beyond_the_end_is_no_part_of_the_list() -> None:
    explained = cg.explain(Working, {"ns": [1]}, environment(A_NS__3="4"))
    assert str(explained["ns"]).splitlines()[:2] == ["ns = [1]", "    from given"]
    assert [str(each).partition(": ")[0] for each in explained.problems] == ["$A_NS__3"]
    some = cg.explain(Working, {"ns": [1]}, environment(A_NS__3="4", A_NS__0="5"))
    assert str(some["ns"]).splitlines()[:2] == ['ns = ["5"]', "    from $A_NS__0 and given"]
    assert cg.explain(Working, environment(A_NS__3="4"))["ns"].origin.source == "default"


@pytest.mark.parametrize(
    ("asked", "says"),
    [("pool.sise", "did you mean 'pool.size'"), (0, "no setting 0"), (("a",), "no setting")],
)
def test_a_setting_that_there_is_not_is_a_key_error(asked: Any, says: str) -> None:
    with pytest.raises(KeyError, match=says):
        cg.explain(Defaults, {})[asked]
