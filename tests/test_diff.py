"""The semantic diff: its laws, and what people see."""

from __future__ import annotations

import json
from typing import Annotated

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

import confguard as cg
from confguard.fields import ByteSize, Duration, KeyedBy, Network, Ratio, Secret, Unordered
from confguard.values import same
from strategies import DOCUMENTS


@given(DOCUMENTS, DOCUMENTS)
@settings(max_examples=500)
def test_applying_a_diff_gives_the_other_side(before: object, after: object) -> None:
    made = cg.diff(before, after)
    assert same(made.apply(before), after)


@given(DOCUMENTS, DOCUMENTS)
@settings(max_examples=300)
def test_the_inverse_takes_it_back(before: object, after: object) -> None:
    assert same(cg.diff(before, after).invert().apply(after), before)


@given(DOCUMENTS, DOCUMENTS)
def test_empty_exactly_when_equal(before: object, after: object) -> None:
    assert cg.diff(before, after).same is same(before, after)
    assert cg.diff(before, before).same


@given(st.dictionaries(st.text(max_size=3), DOCUMENTS, max_size=5), st.randoms())
def test_the_order_of_keys_never_matters(data: dict[str, object], random: object) -> None:
    keys = list(data)
    random.shuffle(keys)  # type: ignore[attr-defined]
    assert cg.diff(data, {key: data[key] for key in keys}).same


@given(DOCUMENTS, DOCUMENTS)
def test_a_diff_survives_json(before: object, after: object) -> None:
    made = cg.diff(before, after)
    text = json.dumps(made.to_json())
    again = cg.Diff.from_json(json.loads(text))
    assert [change.path for change in again] == [change.path for change in made]
    if "Infinity" not in text and '"nan"' not in text and '"inf"' not in text and '"-inf"' not in text:
        assert same(again.apply(before), after)


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ({"a": 1}, {"a": True}, "a: 1 -> true"),
        ({"a": 1}, {"a": 1.0}, "a: 1 -> 1.0"),
        ({"a": 1}, {"a": "1"}, 'a: 1 -> "1"'),
        ([1, 2, 3], [0, 1, 2, 3], "+ [0]: 0"),
        (["a", "b", "c"], ["a", "c"], '- [1]: "b"'),
        (["a", "b", "c"], ["c", "a", "b"], '~ [0]: moved from [2]: "c"'),
        ([{"name": "x", "v": 1}], [{"name": "x", "v": 2}], "[name=x].v: 1 -> 2 (2 times more)"),
        ({"pool": 64}, {"pool": 4}, "pool: 64 -> 4 (16 times less)"),
        ({"t": "2s"}, {"t": "20ms"}, 't: "2s" -> "20ms" (100 times less)'),
        (
            {"dsn": "pg://u:geheim@h/d"},
            {"dsn": "pg://u:anders@h/d"},
            'dsn: "pg://u:***@h/d" -> "pg://u:***@h/d"',
        ),
        ({"a": 1}, {"a": "x\x1b[2J"}, 'a: 1 -> "x\\x1b[2J"'),
        ({"a": 1}, {"a": 1}, "no change in meaning"),
    ],
)
def test_shown_to_a_person(before: object, after: object, shown: str) -> None:
    assert str(cg.diff(before, after)) == shown


def test_a_reordered_keyed_list_moves_as_little_as_possible() -> None:
    names = "abcdefgh"
    before = [{"name": name, "v": 1} for name in names]
    after = [before[-1], *before[:-1]]
    made = cg.diff(before, after)
    assert [(change.op, change.before, change.after) for change in made] == [("move", 7, 0)]


class Typed(BaseModel):
    timeout: Duration = Duration("2s")
    size: ByteSize = ByteSize("1GiB")
    share: Ratio = Ratio("5%")
    network: Network = Network("10.0.0.0/8")
    tags: Annotated[list[str], Unordered()] = []
    hosts: Annotated[list[dict[str, object]], KeyedBy("host", "port")] = []
    password: Secret = Secret("")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"timeout": "30s"}, {"timeout": "30000ms"}),
        ({"size": "1Gi"}, {"size": "1024Mi"}),
        ({"share": "5%"}, {"share": 0.05}),
        ({"network": "10.0.0.0/8"}, {"network": "10.0.0.0/255.0.0.0"}),
        ({}, {"timeout": "2s"}),
        ({"tags": ["a", "b"]}, {"tags": ["b", "a"]}),
    ],
)
def test_equal_in_meaning_with_a_schema_only(before: object, after: object) -> None:
    assert cg.diff(before, after, Typed).same
    assert not cg.diff(before, after).same


def test_a_mark_says_by_what_elements_are_known() -> None:
    before = {"hosts": [{"host": "a", "port": 1, "w": 1}, {"host": "a", "port": 2, "w": 1}]}
    after = {"hosts": [{"host": "a", "port": 1, "w": 1}, {"host": "a", "port": 2, "w": 5}]}
    assert str(cg.diff(before, after, Typed)).startswith("hosts[host=a,port=2].w: 1 -> 5")


@pytest.mark.parametrize("schema", [Typed, None])
def test_a_secret_is_in_no_rendering(schema: type | None) -> None:
    made = cg.diff({"password": "geheim-1"}, {"password": "geheim-2"}, schema)
    for shown in (str(made), json.dumps(made.to_json()), repr(made), str(made.invert())):
        assert "geheim" not in shown
    assert made.apply({"password": "geheim-1"}) == {"password": "geheim-2"}


def test_a_secret_inside_what_was_added_is_in_no_rendering() -> None:
    made = cg.diff({}, {"db": {"user": "u", "password": "geheim"}})
    assert "geheim" not in str(made) + json.dumps(made.to_json()) + repr(made)
    assert made.apply({}) == {"db": {"user": "u", "password": "geheim"}}


def test_applied_to_other_data_it_says_what_does_not_fit() -> None:
    made = cg.diff({"a": {"b": 1}}, {"a": {"b": 2}})
    with pytest.raises(cg.DiffError, match=r"cannot replace a\.b: it is not what the diff was made from"):
        made.apply({"a": {"b": 3}})
    with pytest.raises(cg.DiffError, match="has no parent there"):
        made.apply({"a": 1})
    with pytest.raises(cg.DiffError, match="is there already"):
        cg.diff({}, {"a": 1}).apply({"a": 2})
    with pytest.raises(cg.DiffError, match="is not there"):
        cg.diff({"a": 1}, {}).apply({})
    with pytest.raises(cg.DiffError, match="is not there"):
        cg.diff([1, 2], [1]).apply([1])
    with pytest.raises(cg.DiffError, match="is no position"):
        cg.diff([1], [1, 2]).apply([])


def test_data_that_refers_to_itself_is_an_error() -> None:
    data: dict[str, object] = {}
    data["self"] = data
    other: dict[str, object] = {}
    other["self"] = other
    with pytest.raises(cg.DiffError, match="refers to itself"):
        cg.diff(data, other)


def test_places_are_those_of_the_document_after_or_before_for_what_is_gone() -> None:
    before = cg.parse("a = 1\nb = 2\n", "toml")
    after = cg.parse("# new\n\na = 3\n", "toml")
    found = [
        (change["op"], change["line"], change["column"])
        for change in cg.diff(before, after).to_json()["changes"]
    ]
    assert found == [("replace", 3, 1), ("remove", 2, 1)]


def test_large_lists_with_nothing_in_common_stay_bounded() -> None:
    before, after = [f"a{i}" for i in range(4000)], [f"b{i}" for i in range(4000)]
    made = cg.diff(before, after)
    assert made.apply(before) == after


def test_similar_maps_without_a_key_are_paired() -> None:
    before = [{"x": 1, "y": 2, "z": 3}, {"x": 7, "y": 8, "z": 9}]
    after = [{"x": 7, "y": 8, "z": 10}, {"x": 1, "y": 2, "z": 3}]
    made = cg.diff(before, after)
    assert made.apply(before) == after
    assert len(made) <= 2
