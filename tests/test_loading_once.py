"""A user's validator runs once for each load, whether it fails or not, and problems are placed all the same."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any, Literal

import attrs
import pytest
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    RootModel,
    SecretStr,
    Tag,
    create_model,
    field_validator,
    model_validator,
)

import confguard as cg
from confguard.fields import Duration, Secret

CALLS: list[Any] = []


@pytest.fixture(autouse=True)
def no_calls(folder: Path) -> None:
    CALLS.clear()
    Path("good.toml").write_text('size = 4\nname = "a"\n')
    Path("bad.toml").write_text('size = 5\nname = "a"\n')
    Path("unknown.toml").write_text('size = 4\nname = "a"\nsise = 4\n')


def even(value: int) -> int:
    CALLS.append(value)
    if value % 2:
        raise ValueError("expected an even number")
    return value


class Plain(BaseModel):
    size: int
    name: str = "b"

    _even = field_validator("size")(even)


class WithSecret(BaseModel):
    size: int
    name: str = "b"
    token: Secret = Secret("x")
    other: SecretStr = SecretStr("y")
    wait: Duration = Duration("2s")

    _even = field_validator("size")(even)


class Rewriting(BaseModel):
    size: int
    name: str = "b"

    @model_validator(mode="before")
    @classmethod
    def count(cls, data: Any) -> Any:
        CALLS.append(data)
        if isinstance(data, dict) and data.get("size") == 5:
            raise ValueError("expected an even number of size")
        return data


def _even(instance: Any, attribute: Any, value: int) -> None:
    even(value)


@attrs.frozen
class Classic:
    size: int = attrs.field(validator=_even)
    name: str = "b"


MODELS = [Plain, WithSecret, Rewriting, Classic]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("file", ["good", "bad", "unknown"])
@pytest.mark.parametrize("way", ["path", "document", "layers", "guard", "live"])
def test_a_validator_runs_once(model: Any, file: str, way: str) -> None:
    path = f"{file}.toml"
    sources: dict[str, tuple[Any, ...]] = {
        "path": (path,),
        "document": (cg.read(path),),
        "layers": ({"name": "c"}, path),
    }
    if way in sources:
        if file == "good":
            assert cg.load(model, *sources[way]).size == 4
        else:
            with pytest.raises(cg.ValidationError) as caught:
                cg.load(model, *sources[way])
            assert str(caught.value).startswith(f"{path}:{1 if file == 'bad' else 3}:")
    elif way == "guard":
        guard = cg.Guard("a", model, store="memory://", format="toml")
        if file == "good":
            guard.plan(path, reason="x")
        else:
            with pytest.raises(cg.ValidationError, match=f"^{path}:"):
                guard.plan(path, reason="x")
    elif file == "good":
        with cg.Live(model, path, interval=None, quiet=0.05) as live:
            assert live.current.size == 4
    else:
        with pytest.raises(cg.ValidationError, match=f"{path}:"):
            cg.Live(model, path, interval=None, quiet=0.05)
    assert len(CALLS) == 1


@pytest.mark.parametrize("error", [RuntimeError, KeyError, ZeroDivisionError])
def test_one_that_raises_anything_runs_once_too(error: type[Exception]) -> None:
    class Odd(BaseModel):
        size: int

        @field_validator("size")
        @classmethod
        def fail(cls, value: int) -> int:
            CALLS.append(value)
            raise error("no")

    Path("odd.toml").write_text("size = 4\n")
    with pytest.raises(cg.ValidationError, match=f"a validator of the schema failed: {error.__name__}"):
        cg.load(Odd, "odd.toml")
    assert CALLS == [4]


class Short(BaseModel):
    password: Secret = Field(Secret(""), min_length=3)


class Waiting(BaseModel):
    wait: Duration = Field(Duration("2s"), gt=1)


class Both(BaseModel):
    short: Short
    waiting: Waiting = Waiting()


@pytest.mark.parametrize(
    ("model", "data", "says"),
    [
        (
            Short,
            {"password": "hunter2"},
            "schema 'Short': pydantic cannot apply the constraint 'min_length' to 'password'",
        ),
        (Waiting, {"wait": "3s"}, "schema 'Waiting': pydantic cannot apply the constraint 'gt' to 'wait'"),
        (
            Both,
            {"short": {"password": "hunter2"}},
            "schema 'Both': pydantic cannot apply the constraint 'min_length' to 'short.password'",
        ),
    ],
)
def test_a_constraint_that_cannot_be_applied_is_a_fault_of_the_schema(
    model: Any, data: Any, says: str
) -> None:
    with pytest.raises(cg.SchemaError) as caught:
        cg.load(model, data)
    assert str(caught.value) == says
    assert "validator" in (caught.value.hint or "")
    assert caught.value.__context__ is None


def _counted(name: str) -> Any:
    def check(value: int) -> int:
        CALLS.append(name)
        if value > 100:
            raise ValueError("too much")
        return value

    return check


def _validates(name: str) -> Any:
    return lambda _, __, value: _counted(name)(value)


def _converts(value: Any) -> int:
    CALLS.append("converter")
    return int(value)


class Memory(BaseModel):
    kind: Literal["memory"] = "memory"
    n: Annotated[int, AfterValidator(_counted("n"))] = 1


class Remote(BaseModel):
    kind: Literal["remote"]
    m: int = 1


class Numbers(RootModel[list[Annotated[int, AfterValidator(_counted("n"))]]]):
    pass


@dataclasses.dataclass
class Post:
    n: int = 1

    def __post_init__(self) -> None:
        _counted("n")(self.n)


@attrs.frozen
class Own:
    n: int = attrs.field(default=1, converter=_converts, validator=_validates("n"))
    more: int = attrs.field(default=1, validator=_validates("more"))

    def __attrs_post_init__(self) -> None:
        CALLS.append("post")


@attrs.frozen
class Another:
    kind: Literal["another"]
    m: int = attrs.field(default=1, validator=_validates("m"))


SIZE = Annotated[int, AfterValidator(_counted("size"))]


def _of_pydantic(part: Any) -> Any:
    config = ConfigDict(arbitrary_types_allowed=True)
    return create_model("Outer", __config__=config, part=(part, ...), size=(SIZE, 1))


def _of_attrs(part: Any) -> Any:
    size = attrs.field(type=int, default=1, validator=_validates("size"))
    return attrs.make_class("Outer", {"part": attrs.field(type=part), "size": size})


TAGGED = Annotated[Memory | Remote, Field(discriminator="kind")]
BY_FUNCTION = Annotated[
    Annotated[Memory, Tag("memory")] | Annotated[Remote, Tag("remote")],
    Discriminator(lambda data: data.get("kind", "memory") if isinstance(data, dict) else data.kind),
]
PARTS: dict[str, tuple[Any, Any]] = {
    "tagged": (_of_pydantic(TAGGED), lambda n: {"kind": "memory", "n": n}),
    "by function": (_of_pydantic(BY_FUNCTION), lambda n: {"n": n}),
    "listed or one": (_of_pydantic(list[Memory | Remote] | Memory | Remote), lambda n: {"n": n}),
    "plain": (_of_pydantic(Memory | Remote), lambda n: {"n": n}),
    "listed": (_of_pydantic(list[Memory | Remote]), lambda n: [{"n": n}]),
    "by key": (_of_pydantic(dict[str, Memory | Remote | None]), lambda n: {"a": {"n": n}, "b": None}),
    "root": (_of_pydantic(Numbers), lambda n: [n]),
    "dataclass": (_of_pydantic(Post), lambda n: {"n": n}),
    "attrs in pydantic": (_of_pydantic(Own), lambda n: {"n": n}),
    "attrs": (_of_attrs(Own), lambda n: {"n": n}),
    "attrs listed": (_of_attrs(list[Own]), lambda n: [{"n": n}]),
    "attrs union": (_of_attrs(Own | Another), lambda n: {"n": n}),
    "dataclass in attrs": (_of_attrs(Post), lambda n: {"n": n}),
}  # fmt: skip


@pytest.mark.parametrize("data", [(4, 4), (400, 4), (4, 400), (400, 400), (4, "x"), ("x", 4)])
@pytest.mark.parametrize("part", PARTS)
def test_validators_of_parts_run_once(part: str, data: tuple[Any, Any]) -> None:
    model, written = PARTS[part]
    n, size = data
    try:
        cg.load(model, {"part": written(n), "size": size})
    except cg.ValidationError as error:
        assert data != (4, 4)
        told = "\n".join(map(str, error.problems))
        assert ("part" in told, "size" in told) == (n != 4, size != 4)
    else:
        assert data == (4, 4)
    assert "n" in CALLS or n == "x"
    assert {name: CALLS.count(name) for name in CALLS} == dict.fromkeys(CALLS, 1)
