"""Field types: what they take, what they refuse, and that they survive being written out."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import re
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from confguard.diffs.effects import amounts, ratio
from confguard.fields import ByteSize, Cron, Duration, Network, Port, Ratio, Regex, Secret, Url
from confguard.fields.backtracking import pump_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("1m30s", 90), ("250ms", 0.25), ("PT5M", 300), ("P1DT1S", 86401), (2.5, 2.5), ("7", 7)],
)
def test_durations(text: object, seconds: float) -> None:
    assert Duration(text).total_seconds() == seconds


@given(st.timedeltas(timedelta(0), timedelta(days=10_000)))
def test_a_duration_survives_being_written(value: timedelta) -> None:
    made = Duration(value)
    assert Duration(str(made)) == made == value
    assert pickle.loads(pickle.dumps(made)) == copy.deepcopy(made) == made


@given(st.integers(0, 10**18))
def test_a_size_survives_being_written(value: int) -> None:
    assert ByteSize(str(ByteSize(value))) == value


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_a_network_means_the_same_with_a_mask(address: Any, bits: int) -> None:
    network = ip_network(f"{address}/{bits}", strict=False)
    assert Network(f"{network.network_address}/{network.netmask}") == Network(str(network))
    assert Network(str(network)).size == 2 ** (32 - bits)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *[
            (Duration, value)
            for value in ("soon", "", "-5s", True, None, "5 parsecs", float("nan"), "P", [1])
        ],
        *[(ByteSize, value) for value in ("big", -1, True, 1.5, "1XB", None)],
        *[(Ratio, value) for value in ("150%", 2, -0.1, True, "half", None)],
        *[(Port, value) for value in (0, 65536, "http", True, 1.0, None, "８０")],
        *[(Url, value) for value in ("example.com", "http://", "http://h:x/", "http://a b/", 7)],
        *[
            (Cron, value)
            for value in ("61 * * * *", "* * *", "*/0 * * * *", "5-1 * * * *", "@often", "a * * * *", 7)
        ],
        *[(Network, value) for value in ("10.0.0.1/8", "10.0.0.0/33", "home", 7, None)],
    ],
)
def test_what_is_refused_says_what_was_expected(kind: Any, value: object) -> None:
    with pytest.raises(ValueError, match="expected a"):
        kind.parse(value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Url("HTTPS://Example.com:443"), Url("https://example.com/")),
        (Url("http://h:80/p?q#f"), Url("http://h/p?q#f")),
        (Cron("*/15 * * * *"), Cron("0,15,30,45 * * * *")),
        (Cron("@weekly"), Cron("0 0 * * 7")),
        (Cron("0 9 * jan-mar MON-FRI"), Cron("0 9 * 1-3 1-5")),
        (Cron("5/20 * * * *"), Cron("5,25,45 * * * *")),
    ],
)
def test_texts_that_mean_the_same(one: Any, other: Any) -> None:
    assert one == other
    assert hash(one) == hash(other)
    assert (one != other) is False
    assert one == str(one)


def test_texts_that_do_not() -> None:
    assert Url("http://h/a") != Url("http://h/b")
    assert Url("http://[::1:8081]/") != Url("http://[::1]:8081/")
    assert Url("http://[::1]:80/") == Url("http://[::1]")
    assert Url("http://ana:x@[FE80::1]:80") == Url("http://ana:x@[fe80::1]/")
    assert Cron("0 0 1 * *") != Cron("0 0 * * *")
    assert "geheim" not in repr(Url("https://ana:geheim@h/"))


@pytest.mark.parametrize(
    ("pattern", "pump"),
    [
        ("(a+)+$", "a"),
        ("(a*)*b", "a"),
        (r"^(\w+\s?)*$", "0"),
        ("(a|aa)+$", "aa"),
        ("(.*a){15}", "a "),
        ("(a{0,20})*", "a"),
        *[
            (safe, None)
            for safe in ("[a-z]+@[a-z]+", "(ab|c)*d", r"\d+(\.\d+)*", "a?a?aa", r"([^,]*,)*[^,]*$", r"\S+\D")
        ],
    ],
)
def test_patterns_that_backtrack_without_bound(pattern: str, pump: str | None) -> None:
    assert pump_of(pattern) == pump


def test_a_pattern_that_is_none() -> None:
    for wrong in ("(", "a{2,1}", 7):
        with pytest.raises(ValueError, match="expected a regular expression"):
            Regex(wrong)
    assert pump_of("a" * 500 + "(b+)+") is None


def test_sizes_tell_thousands_from_1024s() -> None:
    assert (ByteSize("1GB"), ByteSize("1Gi"), ByteSize("1.5k"), ByteSize(7)) == (10**9, 2**30, 1500, 7)
    assert (ByteSize("2.0"), ByteSize("2e3B"), ByteSize("1.5KiB"), ByteSize("1.3KiB")) == (
        2,
        2000,
        1536,
        1331,
    )
    assert [str(ByteSize(n)) for n in (0, 1, 1024, 1000, 3 * 2**40)] == ["0B", "1B", "1KiB", "1KB", "3TiB"]


@pytest.mark.parametrize("part", ["1.5", "1.9B", "0.5 bytes", "1.5e0", 1.5, 0.5])
def test_there_is_no_part_of_a_byte(part: object) -> None:
    message = f"expected a size such as '512MiB', '10GB' or a number of bytes, got {part!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        ByteSize(part)
    with pytest.raises(ValueError, match="which is less than a byte"):
        ByteSize("0.0001k")


def test_field_types_in_json() -> None:
    class Model(BaseModel):
        d: Duration = Duration("90s")
        s: ByteSize = ByteSize("1MiB")
        r: Ratio = Ratio("5%")
        n: Network = Network("10.0.0.0/8")
        p: Port = Port(80)
        k: Secret = Secret("geheim")

    assert json.loads(Model().model_dump_json()) == {
        "d": "1m30s",
        "s": "1MiB",
        "r": "5%",
        "n": "10.0.0.0/8",
        "p": "80",
        "k": "***",
    }
    assert Model.model_json_schema()["properties"]["d"]["description"].startswith("a duration")
    assert "geheim" not in repr(Model()) + str(Model())


@given(st.one_of(st.text(max_size=60), st.integers(), st.floats(), st.booleans(), st.none()))
def test_amounts_take_anything(value: object) -> None:
    assert all(isinstance(amount, float) for amount in amounts(value).values())
    assert ratio(value, value) in {None, 1.0}


@pytest.mark.parametrize("made", [attrs.frozen, attrs.define(slots=False), dataclasses.dataclass])
def test_a_secret_is_no_class_with_fields(made: Any) -> None:
    class Named(Secret):
        name: str

    with pytest.raises(TypeError, match="Named is a Secret, and no class of attrs or dataclass"):
        made(Named)("hunter2")


def test_a_secret_of_ones_own_is_hidden_and_compared() -> None:
    class Password(Secret):
        def __init__(self, value: str, owner: str = "") -> None:
            super().__init__(value)
            self.owner = owner

    assert Password("a", "ana") == Password("a") != Secret("a") and hash(Password("a")) == hash(Password("a"))
    assert "hunter2" not in f"{Password('hunter2')!r} {Password('hunter2')}"
