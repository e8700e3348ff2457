"""The semantic diff: its laws, and what people see."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from ipaddress import IPv4Network
from typing import Annotated

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

import confguard as cg
from confguard.diffs.effects import Effect, amounts, times
from confguard.diffs.sequences import fewest_moves
from confguard.fields import (
    ByteSize,
    Duration,
    KeyedBy,
    Network,
    Ratio,
    Regex,
    Renamed,
    Safer,
    Secret,
    Unordered,
    Url,
)
from confguard.testing import valid
from confguard.values import same
from conftest import examples
from strategies import DOCUMENTS


@given(DOCUMENTS, DOCUMENTS)
@settings(max_examples=examples(500))
def test_applying_a_diff_gives_the_other_side(before: object, after: object) -> None:
    made = cg.diff(before, after)
    assert same(made.apply(before), after)


@given(DOCUMENTS, DOCUMENTS)
@settings(max_examples=examples(300))
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
        ({"a": 1}, {"a": 1.0}, "a: 1 -> 1.0 (the same number, of another type)"),
        ({"a": 1}, {"a": "1"}, 'a: 1 -> "1" (looks the same, and is of another type)'),
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
        (
            {"banner": "welcome to the machine, " * 5 + "friend"},
            {"banner": "welcome to the machine, " * 5 + "stranger"},
            'banner: "... to the machine, friend" -> "... to the machine, stranger"',
        ),
        (
            {"x": "a" * 70 + "1" + "b" * 70},
            {"x": "a" * 70 + "2" + "b" * 70},
            'x: "... aaaaaaaaaaaaaaaa1bbbbbbbbbbbbbbbb ..." -> "... aaaaaaaaaaaaaaaa2bbbbbbbbbbbbbbbb ..."',
        ),
        (
            [{"kind": "Pod", "metadata": {"name": "a"}, "x": 1}],
            [{"kind": "Pod", "metadata": {"name": "a"}, "x": 3}],
            "[kind=Pod,metadata.name=a].x: 1 -> 3 (3 times more)",
        ),
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
    with pytest.raises(cg.DiffError, match="is not a position"):
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


@pytest.mark.slow
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


class Marked(BaseModel):
    limit: Annotated[int, Safer("lower")] = 1
    verify: Annotated[bool, Safer("higher")] = True
    wait: Annotated[Duration, Safer("higher")] = Duration("1s")
    allowed: Network = Network("10.0.0.0/8")
    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    url: Url = Url("https://example.com/")
    pattern: Regex = Regex("a")
    count: int = 1
    share: float = 0.5
    on: bool = True
    net: IPv4Network | None = None
    workers: Annotated[int, Renamed("threads")] = 1
    table: dict[str, int] = {}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"at": "2026-03-01T12:00:00+01:00"}, {"at": "2026-03-01T11:00:00Z"}),
        ({"url": "HTTPS://Example.com:443"}, {"url": "https://example.com/"}),
        ({"pattern": "(?:[ab])"}, {"pattern": "[ba]"}),
        ({"count": "80"}, {"count": 80}),
        ({"count": 80.0}, {"count": 80}),
        ({"share": 1}, {"share": 1.0}),
        ({"on": "no"}, {"on": False}),
        ({"net": "10.0.0.0/255.0.0.0"}, {"net": "10.0.0.0/8"}),
        ({"threads": 4}, {"workers": 4}),
    ],
)
def test_more_that_is_equal_in_meaning(before: object, after: object) -> None:
    assert cg.diff(before, after, Marked).same
    assert not cg.diff(before, after).same


@pytest.mark.parametrize(
    ("before", "after", "effect", "shown"),
    [
        (
            {"limit": 10},
            {"limit": 100},
            Effect("looser", 10.0, 1),
            "limit: 10 -> 100 (10 times more, looser)",
        ),
        ({"limit": 100}, {"limit": 99}, Effect("stricter", 0.99), "limit: 100 -> 99 (stricter)"),
        ({"verify": True}, {"verify": False}, Effect("looser"), "verify: true -> false (looser)"),
        (
            {"wait": "1m"},
            {"wait": "30s"},
            Effect("looser", 0.5),
            'wait: "1m" -> "30s" (2 times less, looser)',
        ),
        (
            {"allowed": "10.0.0.0/8"},
            {"allowed": "0.0.0.0/0"},
            Effect("wider"),
            'allowed: "10.0.0.0/8" -> "0.0.0.0/0" (wider)',
        ),
        (
            {"allowed": "10.0.0.0/8"},
            {"allowed": "10.1.0.0/16"},
            Effect("narrower"),
            'allowed: "10.0.0.0/8" -> "10.1.0.0/16" (narrower)',
        ),
        (
            {"allowed": "10.0.0.0/8"},
            {"allowed": "192.168.0.0/16"},
            Effect("changed"),
            'allowed: "10.0.0.0/8" -> "192.168.0.0/16"',
        ),
        (
            {"allowed": "10.0.0.0/8"},
            {"allowed": "::/0"},
            Effect("changed"),
            'allowed: "10.0.0.0/8" -> "::/0"',
        ),
    ],
)
def test_a_change_carries_its_size_and_direction(
    before: object, after: object, effect: Effect, shown: str
) -> None:
    (change,) = cg.diff(before, after, Marked)
    assert change.effect == effect
    assert str(change) == shown


@pytest.mark.parametrize(
    ("before", "after", "suspicion"),
    [
        (1, 1000, "perhaps a slip of units"),
        ("1Gi", "1Mi", "perhaps a slip of units"),
        (2, 120, "perhaps seconds and minutes confused"),
        (3600, 1, "perhaps seconds and hours confused"),
        ("30s", "30000ms", "the same amount, written otherwise"),
        ("9007199254740993", "9_007_199_254_740_993", "the same amount, written otherwise"),
        (1234567890123456789, 1234567890123456788, None),
        (2**63 - 1, 2**63 - 2, None),
        ("9007199254740993", "9007199254740992", None),
        ("1234567890123456789ms", "1234567890123456788ms", None),
        ("1.00000000000000000001", "1", None),
        ("9223372036854775807B", "8388608TiB", None),
        (2**53 + 1, float(2**53), None),
        (80, "80", "looks the same, and is of another type"),
        (True, "true", "looks the same, and is of another type"),
        (2, 2.0, "the same number, of another type"),
        (2, 3, None),
        ("a", "b", None),
        (None, 0, None),
    ],
)
def test_without_a_schema_suspicions_are_marked(before: object, after: object, suspicion: str | None) -> None:
    (change,) = cg.diff({"x": before}, {"x": after})
    assert change.effect.suspicion == suspicion


@pytest.mark.parametrize("before", [2**63 - 1, str(2**63 - 1), f"{2**63 - 1}ms", f"{2**63 - 1}B"])
def test_close_large_amounts_are_more_and_less(before: object) -> None:
    after = before - 1 if isinstance(before, int) else str(before).replace("807", "806")
    (less,), (more,) = cg.diff({"x": before}, {"x": after}), cg.diff({"x": after}, {"x": before})
    assert (less.effect.word, more.effect.word) == ("less", "more")
    (marked,) = cg.diff({"limit": 2**63 - 1}, {"limit": 2**63 - 2}, Marked)
    assert marked.effect.word == "stricter"


def test_a_renamed_setting_whose_value_changed_is_a_move_with_its_edit() -> None:
    made = cg.diff({"threads": 4}, {"workers": 8}, Marked)
    assert [str(change) for change in made] == [
        "~ workers: moved from threads: 4",
        "workers: 4 -> 8 (2 times more)",
    ]
    assert made.apply({"threads": 4}) == {"workers": 8}


@given(st.data())
def test_with_a_schema_applying_gives_the_same_meaning(data: st.DataObject) -> None:
    before, after = data.draw(valid(Typed)), data.draw(valid(Typed))
    made = cg.diff(before, after, Typed)
    assert cg.diff(made.apply(before), after, Typed).same
    assert cg.diff(made.invert().apply(made.apply(before)), before, Typed).same


@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_diffs_compose(first: object, second: object, third: object) -> None:
    made = cg.diff(first, second) + cg.diff(second, third)
    assert same(made.apply(first), third)
    assert same(made.invert().apply(third), first)


@given(DOCUMENTS, DOCUMENTS)
def test_without_moves_the_laws_hold_too(before: object, after: object) -> None:
    made = cg.diff(before, after, moves=False)
    assert same(made.apply(before), after)
    assert same(made.invert().apply(after), before)


SERVER = {"host": "db.internal", "port": 5432, "pool": {"size": 10, "wait": "2s"}}


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ({"db": SERVER}, {"database": SERVER}, [("move", ("database",), ("db",))]),
        (
            {"db": SERVER, "x": {}},
            {"x": {"db": SERVER}},
            [("move", ("x", "db"), ("db",))],
        ),
        (
            {"db": SERVER},
            {"stores": {"main": SERVER, "more": 1}},
            [("add", ("stores",), None), ("move", ("stores", "main"), ("db",))],
        ),
        (
            {"old": {"db": SERVER, "left": "behind"}},
            {"db": SERVER},
            [("move", ("db",), ("old", "db")), ("remove", ("old",), None)],
        ),
        (
            {"db": SERVER},
            {"database": {**SERVER, "port": 6432}},
            [("move", ("database",), ("db",)), ("replace", ("database", "port"), None)],
        ),
        (
            {"db": {"host": "a", "port": 1, "user": "x"}},
            {"database": {"host": "a", "port": 2, "user": "y"}},
            [
                ("move", ("database",), ("db",)),
                ("replace", ("database", "port"), None),
                ("replace", ("database", "user"), None),
            ],
        ),
        (
            {"web": {"image": "a", "port": 1, "replicas": 3}},
            {"api": {"image": "b", "port": 2, "replicas": 3}},
            [("remove", ("web",), None), ("add", ("api",), None)],
        ),
        ({"max_inflight": 400}, {"maxInflight": 400}, [("move", ("maxInflight",), ("max_inflight",))]),
        ({"tls_enabled": True}, {"enable_tls": True}, [("move", ("enable_tls",), ("tls_enabled",))]),
        (
            {"a": {"port": 8080}, "b": {}},
            {"a": {}, "b": {"port": 8080}},
            [("move", ("b", "port"), ("a", "port"))],
        ),
        # No accident is taken for a move.
        ({"a": True}, {"b": True}, [("remove", ("a",), None), ("add", ("b",), None)]),
        ({"retries": 3}, {"workers": 3}, [("remove", ("retries",), None), ("add", ("workers",), None)]),
        (
            {"a": SERVER, "b": SERVER},
            {"c": SERVER},
            [("remove", ("a",), None), ("remove", ("b",), None), ("add", ("c",), None)],
        ),
    ],
)
def test_what_went_elsewhere_is_one_move(before: object, after: object, changes: object) -> None:
    made = cg.diff(before, after)
    assert [(change.op, change.path, change.origin) for change in made] == changes
    assert made.apply(before) == after
    assert made.invert().apply(after) == before
    assert cg.Diff.from_json(json.loads(json.dumps(made.to_json()))).apply(before) == after


def test_a_move_shows_no_secret() -> None:
    made = cg.diff(
        {"db": {"password": "geheim", "user": "u"}}, {"database": {"password": "geheim", "user": "u"}}
    )
    assert [change.op for change in made] == ["move"]
    assert "geheim" not in str(made) + json.dumps(made.to_json()) + repr(made)


PORTS = [
    {"containerPort": 53, "protocol": "UDP", "name2": "a"},
    {"containerPort": 53, "protocol": "TCP", "name2": "b"},
]


def test_what_two_fields_identify_together() -> None:
    after = [PORTS[1] | {"name2": "c"}, PORTS[0]]
    made = cg.diff({"ports": PORTS}, {"ports": after})
    assert [(change.op, str(change.path[1])) for change in made] == [
        ("replace", "{containerPort=53,protocol=TCP}"),
        ("move", "{containerPort=53,protocol=UDP}"),
    ]
    assert made.apply({"ports": PORTS}) == {"ports": after}


def test_kubernetes_documents_are_known_by_kind_namespace_and_name() -> None:
    def manifest(kind: str, name: str, replicas: int) -> dict[str, object]:
        return {"kind": kind, "metadata": {"name": name}, "spec": {"replicas": replicas}}

    before = [
        manifest("Deployment", "web", 3),
        manifest("Service", "web", 0),
        manifest("Deployment", "db", 1),
    ]
    after = [manifest("Service", "web", 0), manifest("Deployment", "web", 5)]
    made = cg.diff(before, after)
    assert sorted(change.op for change in made) == ["move", "remove", "replace"]
    assert made.apply(before) == after


@pytest.mark.parametrize(
    ("before", "after", "ops"),
    [
        (list("bcd"), list("abcd"), ["add"]),
        (list("abcd"), list("bcd"), ["remove"]),
        (list("abcd"), list("abXd"), ["replace"]),
        (list("abcd"), list("dabc"), ["move"]),
        (list("aaab"), list("aab"), ["remove"]),
        (list("abcdefgh"), list("abXYefgh"), ["replace", "replace"]),
    ],
)
def test_lists_of_scalars_as_a_person_sees_them(before: list[str], after: list[str], ops: list[str]) -> None:
    made = cg.diff(before, after)
    assert [change.op for change in made] == ops
    assert made.apply(before) == after


@pytest.mark.slow
def test_lists_too_long_and_too_repetitive_are_compared_coarsely_and_say_so() -> None:
    before, after = ["a", "b", "b", "a", "b"] * 2000, ["b", "a", "a", "a"] * 2500
    made = cg.diff({"x": before}, {"x": after})
    assert made.coarse == (("x",),)
    assert made.to_json()["coarse"] == [["x"]]
    assert made.apply({"x": before}) == {"x": after}


@pytest.mark.slow
def test_ten_thousand_elements_with_nothing_in_common_and_one_inserted() -> None:
    before = [f"a{i}" for i in range(10_000)]
    after = ["new", *before]
    assert [change.op for change in cg.diff(before, after)] == ["add"]
    other = [f"b{i}" for i in range(10_000)]
    made = cg.diff(before, other)
    assert made.apply(before) == other
    assert not made.coarse


def test_what_yaml_makes_of_pairs_and_sets() -> None:
    before = cg.parse("x: [!!pairs [a: [1], a: 2], !!set {a, b}, 1]", "yaml").data
    after = cg.parse("x: [1, !!set {b, a}, !!pairs [a: [1], a: 3]]", "yaml").data
    assert cg.diff(before, after).apply(before) == after
    assert str(cg.diff(before, after))


def test_sixty_levels() -> None:
    def nested(leaf: object) -> object:
        for i in range(60):
            leaf = {"down": leaf} if i % 2 else [leaf]
        return leaf

    made = cg.diff(nested(1), nested(2))
    assert len(made) == 1
    assert made.apply(nested(1)) == nested(2)


@given(
    st.dictionaries(
        st.one_of(st.text(max_size=3), st.integers(0, 3), st.booleans(), st.none()), st.integers(), max_size=5
    ),
    st.dictionaries(
        st.one_of(st.text(max_size=3), st.integers(0, 3), st.booleans(), st.none()), st.integers(), max_size=5
    ),
)
def test_keys_of_any_kind(before: object, after: object) -> None:
    made = cg.diff(before, after)
    assert same(made.apply(before), after)
    assert str(made)


@given(st.lists(st.integers(0, 30), unique=True), st.randoms())
def test_as_few_moves_as_can_be(values: list[int], random: object) -> None:
    after = list(values)
    random.shuffle(after)  # type: ignore[attr-defined]
    pairs = [(i, after.index(value)) for i, value in enumerate(values)]
    moves, state = fewest_moves(pairs), list(values)
    for move in moves:
        state.insert(move.end, state.pop(move.start))
    assert state == after
    longest = 0
    best = [1] * len(pairs)
    for i, (_, j) in enumerate(pairs):
        best[i] = 1 + max((best[k] for k in range(i) if pairs[k][1] < j), default=0)
        longest = max(longest, best[i])
    assert len(moves) == len(values) - longest


def test_documents_of_the_same_bytes_are_the_same_at_once() -> None:
    one, two = cg.parse("a: 1", "yaml"), cg.parse("a: 1", "yaml")
    assert cg.diff(one, two).same
    assert cg.diff(one, cg.parse('{"a": 1}', "json")).same


def test_a_summary_counts_kinds() -> None:
    made = cg.diff(
        {"limit": 1, "allowed": "10.0.0.0/8", "table": {"a": 1}},
        {"limit": 9, "allowed": "10.0.0.0/9", "table": {"b": 2}},
        Marked,
    )
    assert made.summary == "4 changes: 1 looser, 1 narrower, 1 removed, 1 added"
    assert cg.diff([1], [1]).summary == "no change in meaning"


def test_alike_maps_of_which_one_side_repeats_are_paired_within_bounds() -> None:
    before = [{"name": "a", "v": ["a"]}, {"name": "b", "v": [False]}, {"name": "c", "v": None}]
    after = [{"name": False}, {"name": False}]
    assert cg.diff(before, after).apply(before) == after


def test_many_alike_maps_without_a_key_are_paired_by_what_they_share() -> None:
    before = [{"host": "same", "a": i, "b": i * 2, "c": f"x{i}", "d": {"e": i}} for i in range(300)]
    after = [dict(each) for each in reversed(before)]
    after[7]["c"] = "changed"
    del after[200]
    made = cg.diff(before, after, moves=False)
    assert made.apply(before) == after
    assert [change.op for change in made if change.op != "move"] == ["replace", "remove"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("5ns", {"s": 5e-9}),
        ("5us", {"s": 5e-6}),
        ("5µs", {"s": 5e-6}),
        ("20 ms", {"s": 0.02}),
        ("3s", {"s": 3.0}),
        ("2min", {"s": 120.0}),
        ("2h", {"s": 7200.0}),
        ("2 days", {"s": 172800.0}),
        ("1w", {"s": 604800.0}),
        ("1h30m", {"s": 5400.0}),
        ("1h and 30m", {}),
        ("1h30", {}),
        ("500m", {"s": 30000.0, "n": 0.5}),
        ("5M", {"B": 5e6}),
        ("2kB", {"B": 2000.0}),
        ("2KiB", {"B": 2048.0}),
        ("1Gi", {"B": 2.0**30}),
        ("7b", {"B": 7.0}),
        ("5%", {"n": 0.05}),
        ("1_000", {"n": 1000.0, "s": 1000.0, "B": 1000.0}),
        (4, {"n": 4.0, "s": 4.0, "B": 4.0}),
        (10**400, {}),
        (float("inf"), {}),
        (True, {}),
        (None, {}),
        ("", {}),
        ("0" * 48, {"n": 0.0, "s": 0.0, "B": 0.0}),
        ("0" * 49, {}),  # no amount that a person writes
    ],
)
def test_what_a_value_amounts_to(value: object, expected: dict[str, float]) -> None:
    assert amounts(value) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (0.01, "100 times less"),
        (99.94, "99.9 times more"),
        (100, "100 times more"),
        (1234.5, "1,234 times more"),
    ],
)
def test_a_ratio_in_words(ratio: float, said: str) -> None:
    assert times(ratio) == said


@pytest.mark.timeout(20)
@pytest.mark.parametrize(("old", "new"), [("a{}", "b{}"), ("maxA{}x", "max_a{}x")])
@pytest.mark.parametrize("value", [{"x": 1, "y": 2}, 8080], ids=["tables", "numbers"])
def test_many_that_are_equal_under_other_names_are_compared_at_once(
    value: object, old: str, new: str
) -> None:
    sides = ({name.format(i): value for i in range(3_000)} for name in (old, new))
    made = cg.diff(*sides)
    assert len(made) == (3_000 if "max" in old else 6_000)
