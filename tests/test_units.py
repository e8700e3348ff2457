"""Amounts: one reading of them, exact, whoever asks."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from datetime import timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

import confguard as cg
from confguard import units
from confguard.diffs.effects import amounts, ratio
from confguard.fields import ByteSize, Duration, Ratio
from confguard.schema.schema import resolve_schema

BYTE, SECOND = ByteSize(1), Duration(1)


class AsPydantic(BaseModel):
    age: timedelta = timedelta(1)
    size: ByteSize = BYTE
    idle: Duration = SECOND


@attrs.frozen
class AsAttrs:
    age: timedelta = timedelta(1)
    size: ByteSize = BYTE
    idle: Duration = SECOND


@dataclasses.dataclass(frozen=True)
class AsDataclass:
    age: timedelta = timedelta(1)
    size: ByteSize = BYTE
    idle: Duration = SECOND


WAYS: list[Any] = [AsPydantic, AsAttrs, AsDataclass]


@pytest.mark.parametrize("model", WAYS)
@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("7d", 7 * 86400),
        ("500ms", 0.5),
        (86400, 86400),
        (0.5, 0.5),
        ("86400", 86400),
        ("PT5M", 300),
        ("PT0.02S", 0.02),
        ("P1W2D", 9 * 86400),
        ("PT1,5S", 1.5),
        ("1h30m", 5400),
        ("1 hour 30 minutes", 5400),
        ("5min 20s", 320),
        ("1:30:00", 5400),
        ("1 day, 2:03:04", 93784),
        ("3 days", 3 * 86400),
        ("-PT5M", -300),
        ("-5m", -300),
        (-5, -5),
        ("0", 0),
        ("1e3", 1000),
        ("1_000s", 1000),
        (timedelta(hours=1), 3600),
    ],
)
def test_an_amount_of_time_is_one_in_every_kind_of_schema(model: Any, written: Any, seconds: float) -> None:
    age = cg.load(model, {"age": written}).age
    assert age == timedelta(seconds=seconds)
    assert type(age) is timedelta


@pytest.mark.parametrize("model", WAYS)
@pytest.mark.parametrize("field", ["age", "idle"])
@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("01:30", "means 90 minutes to some and 90 seconds to others"),
        ("P1M", "months, which differ in length"),
        ("P1Y", "years, which differ in length"),
        ("5M", "minutes to some and months to others"),
        ("-1 day, 23:59:59", "less than a day to Python"),
        ("1e400s", "too long"),
        ("9" * 5000, "expected a duration"),
        ("9" * 20 + "d", "too long"),
        ("1ns", "finer than a microsecond"),
        ("nan", "expected a duration"),
        (float("nan"), "expected a duration"),
        (float("-inf"), "expected a duration"),
        pytest.param(10**5000, "too long", id="huge"),
        ("８０s", "expected a duration"),
        ("", "expected a duration"),
        ("1h 30", "expected a duration"),
        ("--5s", "expected a duration"),
        (True, "expected a duration"),
        (None, "expected a"),
        ([5], "expected a"),
        ({"s": 5}, "expected a"),
    ],
)
def test_what_is_no_amount_of_time_or_two(model: Any, field: str, written: Any, says: str) -> None:
    with pytest.raises(cg.ValidationError) as caught:
        cg.load(model, {field: written})
    assert says in str(caught.value)
    assert str(caught.value).startswith(field)
    assert len(str(caught.value)) < 400


TEXTS = st.one_of(
    st.builds("PT{}M".format, st.integers(0, 10**6)),
    st.builds("P{}DT{}H{}S".format, st.integers(0, 999), st.integers(0, 99), st.integers(0, 99)),
    st.builds("{}:{:02}:{:02}".format, st.integers(0, 99), st.integers(0, 59), st.integers(0, 59)),
    st.builds("{} days".format, st.integers(1, 999)),
    st.floats(-(10**9), 10**9).map(lambda seconds: round(seconds, 6)),
    st.integers(-(10**9), 10**9),
    st.text(st.sampled_from("0123456789PTDHMS:.-+ dhms"), max_size=8),
)


@given(TEXTS)
def test_what_pydantic_reads_is_read_as_the_same_or_refused_with_a_reason(written: Any) -> None:
    try:
        by_pydantic = TypeAdapter(timedelta).validate_python(written)
    except ValidationError:
        return
    try:
        read = units.read_duration(written)
    except units.AmbiguousError:
        return
    except ValueError as error:
        assert "finer than a microsecond" in str(error) or not written.strip("-+P:. 0T")
    else:
        assert read == by_pydantic


@given(st.timedeltas())
def test_a_duration_that_is_written_reads_back(value: timedelta) -> None:
    assert units.read_duration(units.show_duration(value)) == value


@given(st.integers(0, 10**23))
def test_a_size_that_is_written_reads_back(value: int) -> None:
    assert units.read_size(units.show_size(value)) == value


@given(st.floats(0, 1))
def test_a_share_that_is_written_reads_back(value: float) -> None:
    assert units.read_share(units.show_share(value)) == value


AMOUNTS = st.builds(
    "{}{}{}".format,
    st.sampled_from(["1", "20", "1.5", "1_000", "2e3", "007"]),
    st.sampled_from(["", " "]),
    st.sampled_from(
        [
            "ns",
            "us",
            "ms",
            "s",
            "m",
            "min",
            "h",
            "d",
            "w",
            "S",
            "H",
            "M",
            "K",
            "k",
            "Ki",
            "KiB",
            "MB",
            "G",
            "%",
            "x",
        ]
    ),
)


@given(AMOUNTS)
def test_typed_and_untyped_agree(text: str) -> None:
    untyped = amounts(text)
    for kind, dimension in ((Duration, "s"), (ByteSize, "B"), (Ratio, "n")):
        try:
            typed = amounts(kind(text))[dimension]
        except ValueError:
            continue
        if dimension in untyped:
            assert untyped[dimension] == pytest.approx(typed)
        else:
            assert text.endswith("m"), "which is minutes or thousandths where no schema says bytes"


@pytest.mark.parametrize("model", WAYS)
@pytest.mark.parametrize(
    ("before", "after", "times"),
    [
        ({"age": "1d"}, {"age": "30d"}, 30),
        ({"age": "PT5M"}, {"age": "PT0.02S"}, 1 / 15000),
        ({"age": 60}, {"age": "1h"}, 60),
        ({"size": "512m"}, {"size": "512k"}, 0.001),
        ({"idle": "1:00:00"}, {"idle": "PT1M"}, 1 / 60),
    ],
)
def test_what_a_schema_reads_is_what_is_compared(model: Any, before: Any, after: Any, times: float) -> None:
    (change,) = cg.diff(before, after, model)
    assert change.effect.ratio == pytest.approx(times)
    assert change.effect.suspicion is None, "the schema knows the unit"


@pytest.mark.parametrize("model", WAYS)
def test_the_same_amount_written_otherwise_is_no_change(model: Any) -> None:
    for one, other in [("1d", "PT24H"), ("90s", 90), ("24:00:00", "1d"), (0.5, "500ms")]:
        assert cg.diff({"age": one}, {"age": other}, model).same
    assert not cg.diff({"age": "7d"}, {"age": "0s"}, model).same


class Typed(BaseModel):
    backend_timeout: timedelta = timedelta(seconds=3)
    ttl: Duration = Duration(3)


@pytest.mark.parametrize("name", ["backend_timeout", "ttl"])
@pytest.mark.parametrize("schema", [None, Typed])
def test_a_change_scores_the_same_however_it_is_written(name: str, schema: Any) -> None:
    def score(before: Any, after: Any) -> int:
        return cg.assess(cg.diff({name: before}, {name: after}, schema), schema).score

    assert score("PT5M", "PT0.02S") == score("5m", "20ms") > 0
    assert score("PT2S", "PT0.02S") == score("2s", "20ms") >= 50


@pytest.mark.parametrize(
    "value",
    [
        "1e400s",
        "9" * 400,
        pytest.param(10**5000, id="huge"),
        pytest.param(10**400, id="large"),
        float("nan"),
        "٣s",
        None,
        [1],
        {},
        "PT",
        b"1",
    ],
)
def test_what_is_no_amount_has_none(value: Any) -> None:
    assert amounts(value) == {}
    assert ratio(value, value) is None


@pytest.mark.parametrize("imports", ["", "import pydantic, datetime, decimal\n", "import confguard.fields\n"])
@pytest.mark.slow
def test_nothing_depends_on_what_was_imported(imports: str) -> None:
    script = imports + (
        "import dataclasses, datetime, confguard as cg\n"
        "@dataclasses.dataclass\n"
        "class C:\n"
        "    age: datetime.timedelta = '7d'\n"
        "    day: datetime.date = datetime.date(2031, 2, 3)\n"
        "print(cg.load(C, {}).age, cg.load(C, {'age': 'PT5M'}).age, cg.diff({'age': '1d'}, {'age': '30d'}, C),\n"
        "      cg.diff({'day': 1}, {'day': 1.0}, C), cg.diff({'day': '2031-02-03'}, {'day': 0}, C))\n"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert out.stdout.startswith('7 days, 0:00:00 0:05:00 age: "1d" -> "30d" (30 times more) day: 1 -> 1.0')


def test_a_default_that_is_a_text_is_read() -> None:
    @attrs.frozen
    class Raw:
        age: timedelta = "7d"  # type: ignore[assignment]

    schema = resolve_schema(Raw)
    assert schema is not None
    assert cg.load(Raw, {}).age == timedelta(7)
