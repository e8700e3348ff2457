"""A choice of a few values is read by meaning, whatever kind of schema has it and wherever it comes from."""

from __future__ import annotations

import dataclasses
import enum
import json
from collections.abc import Callable
from typing import Annotated, Any, Literal, Optional

import attrs
import pytest
from pydantic import Field, create_model

import confguard as cg
from confguard.schema.json_export import json_schema
from confguard.schema.schema import resolve_schema


class Level(enum.Enum):
    LOW = 1
    HIGH = 2


class Number(enum.IntEnum):
    ONE = 1
    TWO = 2


class Color(str, enum.Enum):  # noqa: UP042 - as it was written before Python 3.11
    RED = "red"
    BLUE = "blue"


class Tier(enum.StrEnum):
    GOLD = "gold"
    TIN = "tin"


class Ratio(enum.Enum):
    HALF = 0.5
    WHOLE = 1.0


class Switch(enum.Enum):
    ON = True
    AUTO = "auto"


class Loose(enum.Enum):
    DEBUG = "debug"

    @classmethod
    def _missing_(cls, value: object) -> Any:
        return cls.DEBUG if str(value).lower() == "debug" else None


def _pydantic(hint: Any) -> Any:
    return create_model("App", x=(hint, ...))


def _dataclass(hint: Any) -> Any:
    return dataclasses.make_dataclass("App", [("x", hint)])


def _attrs(hint: Any) -> Any:
    return attrs.make_class("App", {"x": attrs.field(type=hint)})


KINDS = [_pydantic, _dataclass, _attrs]
CASES: list[tuple[Any, str, Any]] = [
    (Literal[1, 2], "1", 1),
    (Literal[1, 2], " 2 ", 2),
    (Literal[True, "auto"], "true", True),
    (Literal[True, "auto"], "Yes", True),
    (Literal[True, "auto"], "auto", "auto"),
    (Literal["1", 1], "1", "1"),
    (Literal["on", False], "on", "on"),
    (Literal["on", False], "off", False),
    (Literal[None, 5], "null", None),
    (Literal[None, 5], "5", 5),
    (Literal[Level.LOW, "none"], "1", Level.LOW),
    (Optional[Literal[1, 2]], "2", 2),  # noqa: UP045 - as many write it
    (Optional[Literal[1, 2]], "", None),  # noqa: UP045
    (Literal[1, 2] | bool, "2", 2),
    (Literal["auto"] | int, "4", 4),
    (Literal["auto"] | int, "auto", "auto"),
    (Level, "2", Level.HIGH),
    (Level | None, "2", Level.HIGH),
    (Level | str, "2", None),
    (Number, "2", Number.TWO),
    (Color, "red", Color.RED),
    (Tier, "tin", Tier.TIN),
    (Ratio, "0.5", Ratio.HALF),
    (Ratio, "1", Ratio.WHOLE),
    (Switch, "yes", Switch.ON),
    (Switch, "auto", Switch.AUTO),
    (Loose, "DEBUG", Loose.DEBUG),
    (list[Literal[1, 2]], '["1", 2]', [1, 2]),
    (list[Level], '["1", 2]', [Level.LOW, Level.HIGH]),
    (dict[str, Level], '{"a": "1"}', {"a": Level.LOW}),
    (tuple[Literal[1, 2], str], '["1", "b"]', (1, "b")),
]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("hint", "text", "value"), CASES, ids=str)
def test_a_text_of_the_environment_is_the_option_that_it_means(
    kind: Callable[[Any], Any], hint: Any, text: str, value: Any
) -> None:
    model = kind(hint)
    env = cg.Env("APP_", environ={"APP_X": text})
    loaded = cg.load(model, env).x
    if hint == Level | str:
        assert loaded == "2" or loaded is Level.HIGH
        return
    assert loaded == value
    assert type(loaded) is type(value)
    explained = cg.explain(model, env)
    assert not explained.problems
    assert "Level." not in str(explained)
    json.dumps(explained.to_json())
    json.dumps(json_schema(resolve_schema(model)), default=str)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("hint", "text", "message"),
    [
        (Literal[1, 2], "3", "expected one of 1, 2, got '3'"),
        (
            Literal["debug", "info"],
            "inf",
            "expected one of 'debug', 'info' (did you mean 'info'?), got 'inf'",
        ),
        (Literal[True, "auto"], "atuo", "expected one of true, 'auto' (did you mean 'auto'?), got 'atuo'"),
        (Literal["only"], "other", "expected 'only', got 'other'"),
        (Level, "3", "expected one of 1, 2, got '3'"),
        (Number, "3", "expected one of 1, 2, got '3'"),
        (Color, "rd", "expected one of 'red', 'blue' (did you mean 'red'?), got 'rd'"),
        (Tier, "x", "expected one of 'gold', 'tin', got 'x'"),
        (Literal[1, 2] | None, "3", "expected one of 1, 2, got '3'"),
    ],
    ids=str,
)
def test_what_is_no_option_is_told_in_plain_words(
    kind: Callable[[Any], Any], hint: Any, text: str, message: str
) -> None:
    with pytest.raises(cg.ValidationError) as caught:
        cg.load(kind(hint), cg.Env("APP_", environ={"APP_X": text}))
    assert str(caught.value) == f"$APP_X: x: {message}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("hint", "value"),
    [
        (Literal[1, 2], True),
        (Number, 3),
        (Number, True),
        (Level, 1.5),
        (Literal["1"], 1),
        (Color, None),
        (Number, [1]),
    ],
    ids=str,
)
def test_what_means_no_option_is_refused(kind: Callable[[Any], Any], hint: Any, value: Any) -> None:
    if kind is _pydantic and value is True:  # which pydantic takes for 1, as for an `int`
        return
    with pytest.raises(cg.ValidationError):
        cg.load(kind(hint), {"x": value})


def test_two_spellings_of_an_option_are_no_change() -> None:
    for kind in KINDS:
        assert not cg.diff({"x": "1"}, {"x": 1}, kind(Literal[1, 2]))
        assert not cg.diff({"x": "2"}, {"x": 2}, kind(Level))
        assert cg.diff({"x": "1"}, {"x": 2}, kind(Literal[1, 2]))


RAW = (
    "typing.",
    "confguard.",
    "cattrs",
    "structure",
    "<class",
    "pydantic",
    "Input should",
    "errors.",
    "instance of",
)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "hint",
    [
        *(hint for hint, _, _ in CASES),
        int,
        float,
        bool,
        str,
        list[int],
        set[int],
        frozenset[str],
        dict[str, int],
        dict[int, int],
        tuple[int, str],
        tuple[int, ...],
        int | str | None,
        int | list[int],
        list[int | bool],
        dict[str, list[tuple[int, int]]],
        bytes,
    ],
    ids=str,
)
def test_no_message_is_a_librarys(kind: Callable[[Any], Any], hint: Any) -> None:
    model = kind(hint)
    for value in (
        "zz",
        7.25,
        True,
        None,
        [],
        [1],
        [1, 2, 3],
        ["zz"],
        [[1]],
        {},
        {"a": "zz"},
        {"a": [[1]]},
        [{}],
    ):
        try:
            cg.load(model, {"x": value})
        except cg.ValidationError as error:
            assert not any(raw in str(error) for raw in RAW), str(error)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("hint", "variables", "value", "keys"),
    [
        (dict[int, str], {"APP_X__5": "z"}, {5: "z"}, ["5"]),
        (dict[int, str], {"APP_X": '{"5": "z"}'}, {5: "z"}, ["5"]),
        (dict[Level, int], {"APP_X__2": "7"}, {Level.HIGH: 7}, ["2"]),
        (dict[Color, int], {"APP_X__RED": "7"}, {Color.RED: 7}, ["red"]),
        (dict[Literal["a", "b"], int], {"APP_X__A": "7"}, {"a": 7}, ["a"]),
        (dict[Color, dict[int, int]], {"APP_X": '{"red": {"1": 2}}'}, {Color.RED: {1: 2}}, ["red", "1"]),
    ],
    ids=str,
)
def test_keys_that_are_read_as_something_else_come_from_where_they_are_written(
    kind: Callable[[Any], Any], hint: Any, variables: dict[str, str], value: Any, keys: list[str]
) -> None:
    env = cg.Env("APP_", environ=variables)
    assert cg.load(kind(hint), env).x == value
    (made,) = cg.explain(kind(hint), env).values
    assert made.path == ("x", *keys)
    assert str(made.origin) == f"${next(iter(variables))}"


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_is_no_option_is_quoted_itself(kind: Callable[[Any], Any]) -> None:
    for hint in (dict[Color, int], dict[Literal["red", "blue"], int]):
        with pytest.raises(cg.ValidationError) as caught:
            cg.load(kind(hint), {"x": {"rd": 1}})
        assert "'red'" in str(caught.value)
        assert str(caught.value).endswith("got 'rd'")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("hint", "text", "value"),
    [
        (dict[str, int] | str, "[1]", "[1]"),
        (list[int] | str, '{"a": 1}', '{"a": 1}'),
        (list[int] | str, "[1]", [1]),
        (dict[str, int] | str, '{"a": "1"}', {"a": 1}),
        (dict[str, int] | str, "{bad", "{bad"),
    ],
    ids=str,
)
def test_json_of_a_kind_that_is_not_wanted_is_the_text_that_it_is(
    kind: Callable[[Any], Any], hint: Any, text: str, value: Any
) -> None:
    assert cg.load(kind(hint), cg.Env("APP_", environ={"APP_X": text})).x == value


def test_a_gap_in_a_list_is_one_problem() -> None:
    for kind in KINDS:
        with pytest.raises(cg.ValidationError) as caught:
            cg.load(kind(tuple[int, str]), cg.Env("APP_", environ={"APP_X__1": "q"}))
        assert len(caught.value.problems) == 1


def _tables(kind: str) -> tuple[Any, Any]:
    fields = [[("version", Literal[n]), (name, int, 0)] for n, name in ((1, "a"), (2, "b"))]
    if kind == "dataclass":
        return tuple(dataclasses.make_dataclass(f"V{n}", each) for n, each in enumerate(fields))  # type: ignore[return-value]
    if kind == "attrs":
        return tuple(
            attrs.make_class(
                f"V{n}", {"version": attrs.field(type=tag[1]), more[0]: attrs.field(type=int, default=0)}
            )
            for n, (tag, more) in enumerate(fields)
        )  # type: ignore[return-value]
    return tuple(
        create_model(f"V{n}", version=(tag[1], ...), **{more[0]: (int, 0)})
        for n, (tag, more) in enumerate(fields)
    )  # type: ignore[return-value]


@pytest.mark.parametrize("kind", ["pydantic", "attrs", "dataclass"])
@pytest.mark.parametrize("outer", KINDS)
def test_a_tag_that_is_a_number_is_set_by_a_variable(kind: str, outer: Callable[[Any], Any]) -> None:
    if kind == "attrs" and outer is _pydantic:  # which takes no attrs classes by itself
        return
    one, two = _tables(kind)
    hints: list[Any] = [one | two, one | two | None]
    if kind == "pydantic":
        hints.append(Annotated[one | two, Field(discriminator="version")])
    for hint in hints:
        for variables in ({"APP_X__VERSION": "2", "APP_X__B": "5"}, {"APP_X": '{"version": "2", "b": "5"}'}):
            made = cg.load(outer(hint), cg.Env("APP_", environ=variables)).x
            assert (type(made), made.version, made.b) == (two, 2, 5)
    listed = cg.load(
        outer(list[one | two]), cg.Env("APP_", environ={"APP_X__0__VERSION": "1", "APP_X__0__A": "3"})
    )
    assert (type(listed.x[0]), listed.x[0].a) == (one, 3)
    with pytest.raises(cg.ValidationError, match=r"\$APP_X__VERSION: x\.version: expected 1 or 2, got '3'"):
        cg.load(outer(one | two), cg.Env("APP_", environ={"APP_X__VERSION": "3"}))


def test_elements_of_a_list_where_a_table_may_stand_too() -> None:
    one, _ = _tables("pydantic")
    for kind in KINDS:
        model = kind(one | list[one] | None)
        env = cg.Env("APP_", environ={"APP_X__0__VERSION": "1", "APP_X__0__A": "3"})
        assert [each.a for each in cg.load(model, env).x] == [3]
        assert cg.load(model, cg.Env("APP_", environ={"APP_X__VERSION": "1"})).x.version == 1
