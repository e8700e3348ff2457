"""Three-way merge: laws, examples, and JSON Patch."""

from __future__ import annotations

import itertools
import json
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

import confguard as cg
from confguard.diffs.merging import MISSING
from confguard.diffs.sequences import in_common
from confguard.fields import Duration, KeyedBy, Secret, Unordered
from confguard.values import same
from strategies import DOCUMENTS, PLAIN_DOCUMENTS


@given(DOCUMENTS, DOCUMENTS)
def test_what_one_side_changed_is_taken(base: object, other: object) -> None:
    for made in (cg.merge(base, base, other), cg.merge(base, other, base), cg.merge(base, other, other)):
        assert made.clean
        assert same(made.data, other)


@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_both_orders_find_the_same_conflicts(base: object, ours: object, theirs: object) -> None:
    one, two = cg.merge(base, ours, theirs), cg.merge(base, theirs, ours)
    assert sorted(str(c.path) for c in one.conflicts) == sorted(str(c.path) for c in two.conflicts)


@given(PLAIN_DOCUMENTS, PLAIN_DOCUMENTS, PLAIN_DOCUMENTS)
def test_changes_to_other_keys_both_go_in(base: Any, ours: Any, theirs: Any) -> None:
    made = cg.merge(base, {**base, "ours": ours}, {**base, "theirs": theirs})
    assert made.clean
    assert made.data == {**base, "ours": ours, "theirs": theirs}


class Marked(BaseModel):
    timeout: Duration = Duration("2s")
    tags: Annotated[list[str], Unordered()] = []
    hosts: Annotated[list[dict[str, Any]], KeyedBy("host", "port")] = []
    password: Secret = Secret("")


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "data"),
    [
        ({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 1}, {"a": 2}),
        (
            [{"name": "x", "v": 1}, {"name": "y", "v": 1}],
            [{"name": "x", "v": 2}, {"name": "y", "v": 1}],
            [{"name": "x", "v": 1}, {"name": "z", "v": 1}, {"name": "y", "v": 3}],
            [{"name": "x", "v": 2}, {"name": "z", "v": 1}, {"name": "y", "v": 3}],
        ),
        (list("abcd"), list("aXbcd"), list("abcYd"), list("aXbcYd")),
        (list("abcd"), list("bcd"), list("abc"), list("bc")),
        ({"tags": ["a", "b"]}, {"tags": ["b", "c", "a"]}, {"tags": ["d", "a"]}, {"tags": ["c", "a", "d"]}),
        ({"timeout": "60s"}, {"timeout": "1m"}, {"timeout": "2m"}, {"timeout": "2m"}),
        ({}, {"x": {"a": 1}}, {"x": {"b": 2}}, {"x": {"a": 1, "b": 2}}),
    ],
)
def test_both_sides_go_in(base: Any, ours: Any, theirs: Any, data: Any) -> None:
    made = cg.merge(base, ours, theirs, Marked if isinstance(base, dict) else None)
    assert made.conflicts == ()
    assert made.data == data


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "path", "sides"),
    [
        ({"a": 1}, {"a": 2}, {"a": 3}, ("a",), (1, 2, 3)),
        ({"a": 1}, {}, {"a": 3}, ("a",), (1, MISSING, 3)),
        ({}, {"a": 2}, {"a": 3}, ("a",), (MISSING, 2, 3)),
        (list("abc"), list("aXc"), list("aYc"), (), (list("abc"), list("aXc"), list("aYc"))),
        ({"a": {"b": 1}}, {"a": 1}, {"a": {"b": 2}}, ("a",), ({"b": 1}, 1, {"b": 2})),
    ],
)
def test_conflicts_are_values(base: Any, ours: Any, theirs: Any, path: object, sides: object) -> None:
    made = cg.merge(base, ours, theirs)
    (conflict,) = made.conflicts
    assert (conflict.path, (conflict.base, conflict.ours, conflict.theirs)) == (path, sides)
    assert same(made.data, ours)
    assert json.dumps(conflict.to_json())
    assert "theirs is" in str(conflict)


def test_conflicts_name_both_places_and_no_secret() -> None:
    sides = [
        cg.parse(f'password = "geheim-{n}"\n', "toml", path=name)
        for n, name in enumerate(["base.toml", "ours.toml", "theirs.toml"])
    ]
    (conflict,) = cg.merge(*sides).conflicts
    assert conflict.places == ("ours.toml:1:1", "theirs.toml:1:1")
    assert "geheim" not in str(conflict) + repr(conflict) + json.dumps(conflict.to_json())


JSON_DOCUMENTS = DOCUMENTS.map(
    lambda data: json.loads(json.dumps(data).replace("NaN", "0").replace("Infinity", "1"))
)


def patched(data: Any, patch: list[dict[str, Any]]) -> Any:
    """The data after the operations of a JSON Patch, of the kinds that a diff is written as (RFC 6902)."""
    root = [json.loads(json.dumps(data))]

    def place(pointer: str) -> tuple[Any, Any]:
        inside: Any = root
        last: Any = 0
        for step in pointer.split("/")[1:]:
            inside = inside[last]
            last = int(step) if isinstance(inside, list) else step.replace("~1", "/").replace("~0", "~")
        return inside, last

    for operation in patch:
        kind, value = operation["op"], operation.get("value")
        if kind in {"remove", "move"}:
            inside, last = place(operation["from" if kind == "move" else "path"])
            value = inside.pop(last)
        inside, last = place(operation["path"])
        if kind == "replace":
            assert inside is root or inside[last] is not MISSING  # it is there
        if kind in {"add", "move"} and isinstance(inside, list) and inside is not root:
            assert last <= len(inside)
            inside.insert(last, value)
        elif kind != "remove":
            inside[last] = value
    return root[0]


@given(JSON_DOCUMENTS, JSON_DOCUMENTS)
def test_a_diff_survives_json_patch(before: object, after: object) -> None:
    patch = json.loads(json.dumps(cg.diff(before, after).to_json_patch()))
    assert same(patched(before, patch), after)


def test_a_patch_holds_a_secret_only_when_asked() -> None:
    before, after = {"password": "geheim"}, {"password": "anders"}
    with pytest.raises(cg.DiffError, match="password is secret"):
        cg.diff(before, after).to_json_patch()
    patch = cg.diff(before, after).to_json_patch(secrets=True)
    assert patch == [{"op": "replace", "path": "/password", "value": "anders"}]
    with pytest.raises(cg.DiffError, match="a key that is not a text"):
        cg.diff({1: 1}, {1: 2}).to_json_patch()


def test_a_conflict_of_texts_names_the_side_where_there_is_no_file() -> None:
    base, ours = cg.parse("a: 1\nb: 1\n", "yaml"), cg.parse("# top\na: 2\n", "yaml")
    theirs = cg.parse("b: 2\na: 3\n", "yaml", path="theirs.yaml")
    both = cg.merge(base, ours, theirs).conflicts
    assert both[0].places == ("ours:2:1", "theirs.yaml:2:1")
    assert "None" not in "".join(map(str, both))


def test_long_lists_of_few_values_are_merged_at_once() -> None:
    """In steps that grow with the differences, not with the product of the lengths: within the test's own time-out."""
    base = ["same"] * 30_000
    ours, theirs = [*base[:10], "ours", *base[10:]], [*base[:-10], "theirs", *base[-10:]]
    merged = cg.merge({"x": base}, {"x": ours}, {"x": theirs})
    assert not merged.conflicts
    assert merged.data == {"x": [*base[:10], "ours", *base[10:-10], "theirs", *base[-10:]]}


@given(*[st.lists(st.sampled_from("abc"), max_size=12) for _ in range(2)])
def test_what_two_sequences_have_in_common_is_as_long_as_can_be(before: list[str], after: list[str]) -> None:
    found = in_common(before, after)
    assert found is not None
    assert all(before[i] == after[j] for i, j in found)
    assert all(one[0] < two[0] and one[1] < two[1] for one, two in itertools.pairwise(found))

    def longest(i: int, j: int) -> int:
        if not i or not j:
            return 0
        if before[i - 1] == after[j - 1]:
            return table[i - 1, j - 1] + 1
        return max(table[i - 1, j], table[i, j - 1])

    table = {(i, 0): 0 for i in range(len(before) + 1)} | {(0, j): 0 for j in range(len(after) + 1)}
    for i, j in itertools.product(range(1, len(before) + 1), range(1, len(after) + 1)):
        table[i, j] = longest(i, j)
    assert len(found) == table[len(before), len(after)]
