"""What `Annotated` says of a field of an attrs class or a dataclass holds, and is what its JSON Schema says."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Annotated, Any, NamedTuple

import annotated_types as at
import attrs
import pytest
from jsonschema import Draft202012Validator
from pydantic import Field, SecretStr

import confguard as cg
from confguard.fields import Port, Secret
from confguard.schema.json_export import json_schema
from confguard.schema.schema import resolve_schema


def attrs_class(kind: Any) -> Any:
    return attrs.make_class("One", {"it": attrs.field(type=kind)})


def data_class(kind: Any) -> Any:
    return dataclasses.make_dataclass("One", [("it", kind)])


BOUNDED: list[tuple[Any, list[Any], list[tuple[Any, str]]]] = [
    (Annotated[int, at.Ge(0)], [0, 1], [(-1, "expected at least 0, got -1")]),
    (Annotated[int, at.Gt(0), at.Lt(5)], [1, 4], [(0, "expected more than 0"), (5, "expected less than 5")]),
    (Annotated[float, at.Interval(ge=0, lt=1)], [0, 0.5], [(1, "expected less than 1"), (-0.5, "expected at least 0")]),
    (Annotated[int, at.MultipleOf(3)], [0, 9], [(4, "expected a multiple of 3")]),
    (Annotated[float, at.MultipleOf(0.5)], [0.5, 1], [(0.25, "expected a multiple of 0.5")]),
    (Annotated[int, Field(ge=1, le=5)], [1, 5], [(0, "expected at least 1"), (6, "expected at most 5")]),
    (Annotated[str, at.Len(2, 3)], ["ab", "abc"], [("a", "expected at least 2 characters"), ("abcd", "at most 3")]),
    (Annotated[str, Field(pattern="^[a-z]+$")], ["ab"], [("A", "does not match the pattern '^[a-z]+$'")]),
    (Annotated[Port, at.Ge(1024)], [8080], [(80, "expected at least 1024")]),
    (Annotated[list[int], at.MinLen(1)], [[1]], [([], "expected at least 1 elements")]),
    (list[Annotated[int, at.Ge(0)]], [[], [1]], [([1, -1], "expected at least 0")]),
    (dict[str, Annotated[int, at.Ge(0)]], [{"a": 1}], [({"a": -1}, "expected at least 0")]),
    (Annotated[int, at.Ge(0)] | None, [None, 1], [(-1, "expected at least 0")]),
    (Annotated[int | None, at.Ge(0)], [None, 1], [(-1, "expected at least 0")]),
    (Annotated[int, at.Ge(0)] | bool, [True, 1], [(-1, "expected")]),
    (Annotated[Secret, at.MinLen(4)], ["long"], [("abc", "expected at least 4 characters")]),
    (Annotated[SecretStr, at.MinLen(4)], ["long"], [("abc", "expected at least 4 characters")]),
]  # fmt: skip


@pytest.mark.parametrize("make", [attrs_class, data_class])
@pytest.mark.parametrize(("kind", "good", "bad"), BOUNDED, ids=str)
def test_a_bound_holds_and_is_exported(
    make: Any, kind: Any, good: list[Any], bad: list[tuple[Any, str]]
) -> None:
    model = make(kind)
    schema = resolve_schema(model)
    assert schema is not None
    written = Draft202012Validator(json_schema(schema))
    for value in good:
        cg.load(model, {"it": value})
        assert written.is_valid({"it": value})
    for value, says in bad:
        with pytest.raises(cg.ValidationError) as caught:
            cg.load(model, {"it": value})
        assert says in str(caught.value)
        assert not isinstance(value, str) or "ecret" not in str(kind) or value not in str(caught.value)
        assert not written.is_valid({"it": value})


def test_a_bound_compares_amounts_and_lets_be_what_it_cannot_compare() -> None:
    model = attrs_class(Annotated[timedelta, at.Ge(timedelta(seconds=5))])
    assert cg.load(model, {"it": "7s"}).it == timedelta(seconds=7)
    with pytest.raises(cg.ValidationError, match="it: expected at least"):
        cg.load(model, {"it": "3s"})
    assert cg.load(attrs_class(Annotated[int | str, at.Ge(5)]), {"it": "a"}).it == "a"


class Pair(NamedTuple):
    number: int
    name: Annotated[str, at.MinLen(1)] = "x"


class Deep(NamedTuple):
    pairs: list[Pair]


@pytest.mark.parametrize("make", [attrs_class, data_class])
def test_a_named_tuple_is_read_by_its_annotations(make: Any) -> None:
    model = make(Pair)
    assert cg.load(model, {"it": ["1", "b"]}).it == Pair(1, "b")
    assert cg.load(model, {"it": [1]}).it == Pair(1)
    assert cg.load(make(Deep), {"it": [[[1], [2, "b"]]]}).it == Deep([Pair(1), Pair(2, "b")])
    schema = resolve_schema(model)
    assert schema is not None
    written = Draft202012Validator(json_schema(schema))
    assert written.is_valid({"it": [1]})
    for value, says in [
        (["a", "b"], "it[0]: expected a valid integer, got 'a'"),
        ([1, ""], "it[1]: expected at least 1 characters"),
        ([], "it: expected a list of 1 to 2 elements, and it has 0"),
        ([1, "b", 3], "it: expected a list of 1 to 2 elements, and it has 3"),
        ("ab", "it: expected a list"),
    ]:
        with pytest.raises(cg.ValidationError) as caught:
            cg.load(model, {"it": value})
        assert says in str(caught.value)
        assert not written.is_valid({"it": value})
    with pytest.raises(cg.ValidationError, match=r"^it\[0\]\[1\]\[0\]: expected a valid integer"):
        cg.load(make(Deep), {"it": [[[1], ["q"]]]})


def test_a_named_tuple_of_what_is_not_known_is_told() -> None:
    class Hidden(int):
        pass

    class Local(NamedTuple):
        it: Hidden

    with pytest.raises(cg.SchemaError, match="Local: an annotation cannot be resolved"):
        cg.load(attrs_class(Local), {"it": [1]})


def test_the_length_of_a_text_is_one_of_characters() -> None:
    from pydantic import create_model

    for kind, value in [(SecretStr, "ab"), (str, "ab"), (bytes, "ab")]:
        with pytest.raises(
            cg.ValidationError, match="expected at least 60|should have at least 60"
        ) as caught:
            cg.load(create_model("One", it=(Annotated[kind, Field(min_length=60)], ...)), {"it": value})
        assert "element" not in str(caught.value)
