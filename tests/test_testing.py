"""What confguard gives to users' tests: strategies, helpers, the pytest plugin."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints
from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, create_model

import confguard as cg
from confguard.errors import SchemaError
from confguard.fields import ByteSize, Cron, Duration, Network, Port, Ratio, Regex, Secret, Url
from confguard.schema.json_export import json_schema
from confguard.schema.schema import resolve_schema
from confguard.testing import Flaw, invalid, memory_guard, overridden, valid
from conftest import examples


class Inner(BaseModel):
    level: Literal["debug", "info"] = "info"
    share: Annotated[float, Field(gt=0, le=1)] = 0.5


class Everything(BaseModel):
    port: Port
    wait: Duration = Duration("2s")
    size: ByteSize = ByteSize("1MiB")
    ratio: Ratio = Ratio("5%")
    net: Network = Network("10.0.0.0/8")
    url: Url = Url("https://example.com/")
    pattern: Regex = Regex("a")
    when: Cron = Cron("@daily")
    key: Secret = Secret("")
    workers: Annotated[int, Field(ge=1, lt=64)] = 4
    name: Annotated[str, Field(min_length=1, max_length=5)] = "a"
    code: Annotated[str, Field(pattern="^[a-z]{2}$")] = "de"
    tags: Annotated[list[str], Field(max_length=3)] = []
    labels: dict[str, int] = {}
    inner: Inner = Inner()
    on: bool = True


@attrs.frozen
class WithAttrs:
    count: int = attrs.field(default=1, validator=[attrs.validators.ge(1), attrs.validators.le(9)])
    name: str = attrs.field(default="abc", validator=attrs.validators.max_len(5))


@dataclasses.dataclass
class Standard:
    at: datetime
    day: date
    clock: time
    price: Decimal
    id: UUID
    pattern: re.Pattern[str]
    file: Path
    addresses: tuple[IPv4Address, ...] = ()
    six: IPv6Address | None = None
    net: IPv4Network | None = None
    net_six: IPv6Network | None = None
    interface: IPv4Interface | None = None
    interface_six: IPv6Interface | None = None
    wait: timedelta = timedelta(seconds=90)


PydanticStandard = create_model(
    "PydanticStandard",
    **{  # type: ignore[call-overload]
        each.name: (
            get_type_hints(Standard)[each.name],
            ... if each.default is dataclasses.MISSING else each.default,
        )
        for each in dataclasses.fields(Standard)
    },
)


@pytest.mark.parametrize("schema", [Everything, WithAttrs, Standard, PydanticStandard])
@given(data=st.data())
@settings(max_examples=examples(60))
def test_valid_data_is_valid(schema: type, data: st.DataObject) -> None:
    made = data.draw(valid(schema))
    resolve_schema(schema).validate(made)  # type: ignore[union-attr]


def test_standard_types_are_told_alike_by_dataclass_and_pydantic() -> None:
    one, other = (json_schema(resolve_schema(each)) for each in (Standard, PydanticStandard))  # type: ignore[arg-type]
    assert one["properties"] == other["properties"]
    forms = [each.get("format") for each in one["properties"].values()]
    assert forms[:7] == ["date-time", "date", "time", "decimal", "uuid", "regex", "path"]
    wait = one["properties"]["wait"]
    assert (wait["type"], wait["default"], wait["x-confguard"]) == (
        ["string", "number"],
        90.0,
        {"type": "Duration"},
    )


@pytest.mark.parametrize("schema", [Everything, WithAttrs])
@given(data=st.data())
@settings(max_examples=examples(60))
def test_invalid_data_is_wrong_where_it_says(schema: type, data: st.DataObject) -> None:
    flaw: Flaw = data.draw(invalid(schema))
    with pytest.raises(cg.ValidationError) as caught:
        cg.load(schema, flaw.data)
    assert flaw.path in [problem.path for problem in caught.value.problems]
    assert flaw.reason


def test_strategies_need_a_schema() -> None:
    with pytest.raises(SchemaError):
        valid(None)


def test_a_guard_in_memory() -> None:
    guard = memory_guard("web", WithAttrs, {"count": 3})
    guard.apply(guard.plan({"count": 9}, reason="more"))
    assert guard.revert(reason="back").data == {"count": 3}
    assert memory_guard().head() is None


def test_overrides_leave_the_original() -> None:
    data = {"a": {"b": 1}}
    assert overridden(data, {"a.b": 2, "a.c.d": 3}) == {"a": {"b": 2, "c": {"d": 3}}}
    assert data == {"a": {"b": 1}}


def test_overrides_go_through_lists_and_say_where_they_cannot() -> None:
    data = {"hosts": [{"p": 1}, 7], "ports": {80: "web", "81": "x"}, "one": 1}
    assert overridden(data, {"hosts.0.p": 2, "hosts.1": 8}) == data | {"hosts": [{"p": 2}, 8]}
    assert overridden(data, {"ports.80": "api", "ports.81": "y"})["ports"] == {80: "api", "81": "y"}
    for dotted, message in (
        ("hosts.2.p", "hosts is a list of 2 elements: there is no hosts.2.p"),
        ("hosts.2", "hosts is a list of 2 elements: there is no hosts.2"),
        ("hosts.p", "hosts is a list of 2 elements: there is no hosts.p"),
        ("hosts.-1", "hosts is a list of 2 elements: there is no hosts.-1"),
        ("one.a", "one is neither a table nor a list: there is no one.a"),
        ("one.a.b", "one is neither a table nor a list: there is no one.a.b"),
        ("hosts.1.a", "hosts.1 is neither a table nor a list: there is no hosts.1.a"),
    ):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            overridden(data, {dotted: 2})


SERVICE = """
import attrs
from pydantic import BaseModel
import confguard as cg

class Server(BaseModel):
    port: int = 80
    timeout: int = 30

class App(BaseModel):
    server: Server = Server()
    name: str = "x"

@attrs.frozen
class Flat:
    size: int = 1

def load():
    return cg.load(App, "app.toml")
"""
TESTS = """
from service import *

def test_timeout():
    assert load().server.timeout > 5

def test_name():
    app = load()
    assert app.name and isinstance(app, App)

def test_nothing():
    pass

def test_attrs():
    assert cg.load(Flat, {"size": 3}).size == 3

def test_isolated(confguard_isolated, confguard_memory):
    import os
    assert os.listdir() == []
    assert confguard_memory(data={"a": 1}).head().data == {"a": 1}
"""


def run_pytest(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture
def service(folder: Path) -> Path:
    Path("service.py").write_text(SERVICE)
    Path("test_service.py").write_text(TESTS)
    Path("pytest.ini").write_text("[pytest]\npythonpath = .\n")
    Path("app.toml").write_text('name = "web"\n[server]\nport = 80\ntimeout = 30\n')
    return folder


@pytest.mark.slow
def test_only_tests_that_read_what_changes_run_under_the_candidate(service: Path) -> None:
    assert run_pytest("--confguard-record").returncode == 0
    record = json.loads(Path(".confguard-reads.json").read_text())["tests"]
    assert record["test_service.py::test_timeout"] == ["server", "server.timeout"]
    assert record["test_service.py::test_name"] == ["name"]
    assert record["test_service.py::test_nothing"] == []
    assert record["test_service.py::test_attrs"] == ["size"]

    Path("new.toml").write_text('name = "web"\n[server]\nport = 80\ntimeout = 3\n')
    ended = run_pytest("--confguard-candidate", "app.toml=new.toml", "-rf")
    assert ended.returncode == 1, ended.stdout
    assert "FAILED test_service.py::test_timeout" in ended.stdout
    assert "1 failed, 4 deselected" in ended.stdout

    Path("new.toml").write_text('name = "site"\n[server]\nport = 80\ntimeout = 30\n')
    ended = run_pytest("--confguard-candidate", "new.toml")
    assert "1 passed, 4 deselected" in ended.stdout
    assert (
        "new.toml stands in for app.toml and changes 1 setting"
        in run_pytest("-v", "--confguard-candidate", "new.toml").stdout
    )


@pytest.mark.slow
def test_without_a_record_all_tests_run(service: Path) -> None:
    Path("new.toml").write_text("[server]\ntimeout = 3\n")
    ended = run_pytest("--confguard-candidate", "app.toml=new.toml")
    assert "1 failed, 4 passed" in ended.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("candidate", "says"),
    [("new.toml", "which file does new.toml stand in for?"), ("app.toml=none.toml", "no such file")],
)
def test_a_candidate_that_cannot_be(service: Path, candidate: str, says: str) -> None:
    ended = run_pytest("--confguard-candidate", candidate)
    assert ended.returncode == 4
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_plugin_costs_nothing_when_it_is_not_used() -> None:
    script = "import sys, confguard.testing.plugin; print(sorted(m for m in sys.modules if m.startswith('confguard')))"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded: list[Any] = eval(ended.stdout)
    assert "confguard.guard" not in loaded


def test_helpers_take_what_is_taken_wherever_a_source_is(folder: Path) -> None:
    Path("pool.toml").write_text("[pool]\nsize = 1\n")
    for source in ("pool.toml", cg.read("pool.toml"), {"pool": {"size": 1}}):
        assert memory_guard(data=source).head().data == {"pool": {"size": 1}}  # type: ignore[union-attr]
        assert overridden(source, {"pool.size": 2}) == {"pool": {"size": 2}}
    with pytest.raises(TypeError, match="int is not a source"):
        overridden(3, {})


def test_without_hypothesis_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    monkeypatch.delitem(sys.modules, "confguard.testing.strategies")
    monkeypatch.delattr("confguard.testing.valid", raising=False)
    with pytest.raises(ImportError, match=r"pip install 'confguard-safety\[testing\]'"):
        from confguard.testing import valid  # noqa: F401
