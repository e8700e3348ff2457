"""A user's validator runs once for each load, whether it fails or not, and problems are placed all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest
from pydantic import BaseModel, SecretStr, field_validator, model_validator

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
        with cg.Live(model, path, interval=None) as live:
            assert live.current.size == 4
    else:
        with pytest.raises(cg.ValidationError, match=f"{path}:"):
            cg.Live(model, path, interval=None)
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
