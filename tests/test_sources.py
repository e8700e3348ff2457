"""Wherever a source is taken, paths, documents, mappings and instances mean the same; all else is a TypeError."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import subprocess
from collections import ChainMap, UserDict
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

import confguard as cg
from confguard.cli import main
from confguard.documents.document import write
from confguard.errors import SchemaError
from confguard.fields import Duration, Impact, Secret
from confguard.hooks import pre_commit
from confguard.values import same
from strategies import documents


class Model(BaseModel):
    pool_size: int = 64
    wait: Duration = Duration("2s")


@attrs.frozen
class Classic:
    pool_size: int = 64
    wait: str = "2s"


@dataclasses.dataclass
class Plain:
    pool_size: int = 64
    wait: str = "2s"


INSTANCES = [Model, Classic, Plain]
NO_SOURCES = [64, 1.5, True, None, object(), b"pool_size = 64", {1, 2}, Model]


def as_path(kind: Callable[..., Any], size: int) -> Any:
    Path(f"{size}.toml").write_text(f'pool_size = {size}\nwait = "2s"\n')
    return Path(f"{size}.toml")


WAYS: dict[str, Callable[[Any, int], Any]] = {
    "path": as_path,
    "text": lambda kind, size: str(as_path(kind, size)),
    "document": lambda kind, size: cg.read(as_path(kind, size)),
    "mapping": lambda kind, size: {"pool_size": size, "wait": "2s"},
    "instance": lambda kind, size: kind(pool_size=size),
}


@pytest.mark.parametrize("kind", INSTANCES)
@pytest.mark.parametrize("before", WAYS)
@pytest.mark.parametrize("after", WAYS)
def test_every_source_means_the_same(folder: Path, kind: Any, before: str, after: str) -> None:
    old, new = WAYS[before](kind, 64), WAYS[after](kind, 4)
    for schema in (kind, None):
        if schema is None and kind is Model and "instance" in (before, after):
            continue  # without the schema, a duration and its text are two things
        made = cg.diff(old, new, schema)
        assert str(made) == "pool_size: 64 -> 4 (16 times less)"
        assert cg.assess(made).score == 60
    assert cg.load(kind, new).pool_size == 4
    assert "pool_size = 4" in str(cg.explain(kind, new))
    merged = cg.merge(old, new, old, kind)
    assert merged.clean and merged.data["pool_size"] == 4


@pytest.mark.parametrize("kind", INSTANCES)
@pytest.mark.parametrize("way", WAYS)
def test_a_guard_plans_every_source(folder: Path, kind: Any, way: str) -> None:
    guard = cg.Guard("pool", kind, store=Path("store.db"), targets=["live.toml"])
    guard.apply(guard.plan(WAYS[way](kind, 64), reason="start"))
    assert Path("store.db").exists()
    assert "pool_size = 64" in Path("live.toml").read_text()
    assert guard.plan(WAYS[way](kind, 4), reason="less").risk.score == 60


def test_an_instance_with_a_secret_is_written_whole_and_shown_without_it(folder: Path) -> None:
    class Login(BaseModel):
        user: str
        password: SecretStr

    Path("live.toml").write_text('user = "ana"\npassword = "hunter2-hunter2"\n')
    guard = cg.Guard("login", Login, store="memory://", targets=["live.toml"], policy=cg.Policy(101, 101))
    plan = guard.plan(Login(user="ana", password=SecretStr("hunter3-hunter3")), reason="start")
    guard.apply(plan)
    assert 'password = "hunter3-hunter3"' in Path("live.toml").read_text()
    assert "hunter" not in str(plan.diff) + json.dumps(plan.to_json())


@pytest.mark.parametrize("source", NO_SOURCES, ids=lambda source: type(source).__name__)
def test_anything_else_is_a_clear_type_error(folder: Path, source: Any) -> None:
    guard = cg.Guard("pool", Model, store="memory://", format="toml")
    for take in (
        lambda: cg.diff(source, {}),
        lambda: cg.diff({}, source),
        lambda: cg.merge({}, source, {}),
        lambda: cg.load(Model, source),
        lambda: cg.explain(Model, source),
        lambda: guard.plan(source, reason="x"),
    ):
        with pytest.raises(TypeError, match="is not a source"):
            take()


@pytest.mark.parametrize("plan", [{"pool_size": 4}, "pool.toml", None])
def test_what_is_no_plan_is_not_applied(plan: Any) -> None:
    guard = cg.Guard("pool", store="memory://", format="toml")
    with pytest.raises(TypeError, match=r"is not a plan: guard.apply\(guard.plan\("):
        guard.apply(plan)


MISTAKEN: dict[str, tuple[Callable[[], object], str]] = {
    "a mapping assessed": (lambda: cg.assess({"a": 1}), r"dict is not a diff: cg.assess\(cg.diff\("),
    "a patch assessed": (lambda: cg.assess([{"op": "remove"}]), "list is not a diff"),
    "bytes parsed": (lambda: cg.parse(b"a = 1", "toml"), "bytes is not a text"),
    "a list of guards": (lambda: cg.Group([]), r"list is not a guard: cg.Group\(first, second\)"),
    "a number served": (lambda: cg.Live(Model, 7), "int is not a source: a guard"),
    "variables served": (lambda: cg.Live(Model, cg.Env("M_")), "Env is not a source: a guard"),
    "variables served above a file": (
        lambda: cg.Live(Model, [__file__, cg.Env("M_")]),
        r"Env is not a file's path: live settings follow the files of layers, and nothing else;"
        r" cg\.load\(Model, \*sources\) reads any sources once",
    ),
    "a score as policy": (lambda: cg.Guard("a", store="memory://", policy=50), "int is not a policy"),
    "no name": (lambda: cg.Guard(None, store="memory://"), "NoneType is not a config's name"),
    "a path applied, with a reason": (
        lambda: cg.Guard("a", store="memory://").apply("pool.toml", reason="x"),
        "str is not a plan",
    ),
    "a table as policy": (
        lambda: cg.assess(cg.diff({}, {}), policy={"review": 1}),
        r"dict is not a policy: cg\.Policy\(",
    ),
    "no table as policy": (lambda: cg.Guard("a", store="memory://", policy={}), "dict is not a policy"),
    "a number as prefix": (lambda: cg.Env(5), "int is not a prefix"),
    "a list of variables": (lambda: cg.Env("M_", environ=["M_A=1"]), "list is not a mapping of variables"),
    "a table edited in": (
        lambda: cg.parse("a = 1", "toml").edit({"a": 2}),
        r"dict is not a change: document\.edit\(cg\.diff\(",
    ),
    "a number as format": (lambda: cg.read(__file__, 5), "int is not a format's name"),
    "a guard's format": (lambda: cg.Guard("a", format=3), "int is not a format's name"),
    "a listener": (lambda: cg.Guard("a", store="memory://", on_event=3), "int is not a listener"),
    "a code as rule": (lambda: cg.Guard("a", store="memory://", rules=["CG201"]), "str is not a rule"),
    "a set of numbers": (lambda: cg.FileSet("d", 3), "int is not a file's name"),
    "layers of numbers": (lambda: cg.Guard("a", layers=3), "int is not a file's name"),
    "a list loaded": (lambda: cg.load(Model, ["a.toml", "b.toml"]), r"cg\.load\(Model, \*sources\)"),
    "a revision's text": (
        lambda: cg.Guard("a", store="memory://").revision("3"),
        "str is not a revision's number",
    ),
}


@pytest.mark.parametrize("call, message", MISTAKEN.values(), ids=MISTAKEN)
def test_what_is_of_another_kind_is_a_clear_type_error(call: Callable[[], object], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"review": "50"}, "'review' must be <class 'int'> (got '50' that is a <class 'str'>)."),
        (
            {"days": ["monday"]},
            "'days' must be in ('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun') (got 'monday')",
        ),
        ({"hours": 9}, "expected hours such as '09:00-17:00', got 9"),
        ({"timezone": 2}, "expected a time zone such as 'Europe/Berlin', got 2"),
    ],
)
def test_what_a_policy_refuses_is_told_in_one_line(settings: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        cg.Policy(**settings)
    assert str(caught.value) == message
    with pytest.raises(TypeError, match="'accept' must be .*Acceptance"):
        cg.Policy(accept=["CG201"])  # type: ignore[list-item]


LEVELS: dict[str, Callable[[], object]] = {
    "mark": lambda: Impact("hihg"),
    "guard": lambda: cg.Guard("a", store="memory://", impact="hihg"),
    "assess": lambda: cg.assess(cg.diff({}, {}), impact="hihg"),
}


@pytest.mark.parametrize("call", LEVELS.values(), ids=LEVELS)
def test_an_impact_that_there_is_not_is_told_where_it_is_written(call: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"did you mean 'high'\?"):
        call()


@pytest.mark.parametrize("store", [7, None, object()], ids=["7", "None", "object"])
def test_what_is_no_store_is_refused(store: Any) -> None:
    with pytest.raises(TypeError, match="is not a store"):
        cg.Guard("pool", store=store)


OF_ANOTHER_KIND: dict[str, Callable[[cg.Guard], object]] = {
    "int is not a path": lambda _: cg.read(3),  # type: ignore[arg-type]
    "int is not a guard, and not a file's path": lambda _: cg.blame(3),  # type: ignore[arg-type]
    "int is not a text for the reason": lambda guard: guard.plan({"size": 2}, reason=3),  # type: ignore[arg-type]
    "list is not a text for the author": lambda guard: guard.plan({"size": 2}, author=["ana"]),  # type: ignore[arg-type]
    "int is not a text for the override": lambda guard: guard.apply(
        guard.plan({"size": 2}, reason="more"),
        override=3,  # type: ignore[arg-type]
    ),
    "int is not a text for who approved it": lambda guard: guard.apply(
        guard.plan({"size": 2}, reason="more"),
        approved_by=3,  # type: ignore[arg-type]
    ),
    "str is not a bake": lambda guard: guard.apply(guard.plan({"size": 2}, reason="more"), bake="5m"),  # type: ignore[arg-type]
    "int is not a store": lambda _: cg.suspects(3),  # type: ignore[arg-type]
    "str is not a Circumstances": lambda _: cg.assess(cg.diff({}, {}), circumstances="night"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("message", OF_ANOTHER_KIND)
def test_what_is_of_another_kind_is_refused_by_what_was_meant(message: str) -> None:
    guard = cg.Guard("pool", store="memory://", format="toml")
    with pytest.raises(TypeError, match=message):
        OF_ANOTHER_KIND[message](guard)


def test_an_instance_is_told_not_to_be_the_schema_of_what_is_loaded() -> None:
    @dataclasses.dataclass
    class Pool:
        size: int = 1

    with pytest.raises(SchemaError, match="is not a schema"):
        cg.load(Pool(), {"size": 2})  # type: ignore[arg-type]


class Bell(BaseModel):
    key: Secret = Secret("")
    other: SecretStr = SecretStr("")


@dataclasses.dataclass
class Chime:
    key: Secret = dataclasses.field(default_factory=lambda: Secret(""))
    other: Secret = dataclasses.field(default_factory=lambda: Secret(""))


@pytest.mark.parametrize("kind", [Bell, Chime])
def test_instances_bring_their_marks_along(kind: Any) -> None:
    """Nothing but the type says that these are secrets."""
    secret = "hunter2"
    wrap = type(kind().other)
    before, after = kind(), kind(key=Secret(secret), other=wrap(secret))
    for difference in (cg.diff(before, after), cg.diff({}, after), cg.diff(after, {"key": "", "other": ""})):
        assert len(difference) >= 1
        assert secret not in str(difference) + json.dumps(difference.to_json())
    conflicts = cg.merge(before, after, kind(key=Secret("hunter3"))).conflicts
    assert conflicts
    assert not any("hunter" in str(each) for each in conflicts)


def git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True, capture_output=True)


PROJECT = """\
[configs.pool]
files = ["conf/pool.toml"]
impact = "high"

[[rules]]
code = "OWN-1"
when = "name == 'pool_size'"
message = "ask the database team"

[configs.pool.policy]
review = 30
"""


@pytest.mark.slow
@pytest.mark.parametrize("size", [63, 32, 4, 0])
def test_the_hook_and_the_command_line_say_the_same_of_a_change(
    folder: Path, size: int, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("conf").mkdir()
    Path("confguard.toml").write_text(PROJECT)
    Path("conf/pool.toml").write_text("pool_size = 64\n")
    git("init", "-q")
    git("config", "user.email", "ana@example.com")
    git("config", "user.name", "Ana")
    git("add", "-A")
    git("commit", "-qm", "start")
    Path("conf/pool.toml").write_text(f"pool_size = {size}\n")
    git("add", "-A")
    pre_commit.main(["--format", "json", "conf/pool.toml"])
    hook = json.loads(capsys.readouterr().out)["files"][0]
    main(["assess", "--format", "json", "HEAD:conf/pool.toml", "conf/pool.toml"])
    command = json.loads(capsys.readouterr().out)
    git("commit", "-qm", "less")
    main(["assess", "--format", "json", "--git", "HEAD~1..HEAD"])
    ci = json.loads(capsys.readouterr().out)["files"][0]
    assert {"OWN-1"} <= {each["code"] for each in hook["findings"]}
    for each in (hook, command, ci):
        each.pop("file", None)
        each.pop("errors", None)
        for finding in each["findings"]:
            finding.pop("file")
    assert command == hook
    # A commit's own subject is known only when it is made.
    assert (ci["decision"], ci["findings"]) == (hook["decision"], hook["findings"])


def read_only(value: Any) -> Any:
    return (
        MappingProxyType({key: read_only(inner) for key, inner in value.items()})
        if isinstance(value, dict)
        else value
    )


@pytest.mark.parametrize(
    "kind",
    [read_only, UserDict, lambda data: {"s": read_only(data)}, ChainMap],
    ids=["proxy", "user", "inner", "chain"],
)
def test_a_mapping_of_any_kind_is_a_table(kind: Callable[[Any], Any]) -> None:
    """A change of replicas from 3 to 0 was scored 0, as one of the whole document."""
    before, after = {"replicas": 3, "port": 80}, {"replicas": 0, "port": 80}
    table = {"s": after} if "s" in kind(after) else after
    risk = cg.assess(cg.diff(kind(before), table))
    assert (risk.score, risk.findings[0].path[-1]) == (80, "replicas")
    merged = cg.merge(kind(before), kind(before), table)
    assert (merged.clean, merged.data) == (True, table)
    guard = cg.Guard("pool", store="memory://", format="yaml")
    assert guard.plan(kind(before), reason="x").document.data in (before, {"s": before})


@pytest.mark.parametrize(
    "value", [cg.Policy(), cg.Env("X_"), cg.diff({}, {"a": 1}), cg.Bake("1m", confirm=True)]
)
def test_a_value_of_confguard_itself_is_no_source(value: Any) -> None:
    """A revision was compared field by field; `Env` was planned as the config."""
    guard = cg.Guard("pool", store="memory://", format="yaml")
    guard.apply(guard.plan({"a": 1}, reason="x"))
    for source in (value, guard.head()):
        message = f"{type(source).__name__} is not a source"
        with pytest.raises(TypeError, match=message):
            cg.diff(source, {})
        with pytest.raises(TypeError, match=message):
            guard.plan(source, reason="x")


def test_mappings_of_any_kind_in_lists_are_tables() -> None:
    """They have no hash, and ended in Python's own words."""
    before = [{"name": "a", "replicas": 3}, {"name": "b", "replicas": 3}]
    after = [{"name": "b", "replicas": 3}, {"name": "a", "replicas": 0}]
    difference = cg.diff({"pools": list(map(read_only, before))}, {"pools": list(map(UserDict, after))})
    assert str(difference) == str(cg.diff({"pools": before}, {"pools": after}))
    change = cg.diff({"a": 1}, {"a": 2})
    assert change.apply(read_only({"a": 1})) == {"a": 2}


def test_a_text_alone_is_a_list_of_one(folder: Path) -> None:
    Path("a.toml").write_text("x = 1\n")
    guard = cg.Guard("a", store="memory://", files="a.toml", reload="http://127.0.0.1:9/reload")
    assert guard.plan(".", reason="x", labels="stable").labels == ("stable",)
    assert [probe.name for probe in cg.Bake("1m", probes="http://127.0.0.1:9/").probes] == [
        "GET http://127.0.0.1:9/"
    ]
    assert (
        cg.Guard("a", store="memory://", layers="a.toml").files
        == cg.Guard("a", store="memory://", layers=["a.toml"]).files
    )


def test_what_an_instance_has_no_value_for_is_left_out_where_a_format_has_no_null() -> None:
    class Optional(BaseModel):
        pool: int = 3
        proxy: str | None = None

    for name in ("toml", "yaml"):
        guard = cg.Guard("pool", Optional, store="memory://", format=name)
        document = guard.plan(Optional(), reason="x").document
        assert document.data == ({"pool": 3} if name == "toml" else {"pool": 3, "proxy": None})


def test_a_text_alone_is_a_tag_or_a_dependency(folder: Path) -> None:
    assert cg.parse("queue: !Ref Jobs", "yaml", tags="!Ref").data == {"queue": "Jobs"}
    found = cg.suspects("memory://", depends={"web": "auth"}, symptom="web is slow")
    assert "auth" in str(found.notes)
    assert "'u'" not in str(found.notes)


class Db(BaseModel):
    pool: int = 3


class Unset(BaseModel):
    tls: bool | None = True
    db: Db | None = Db()
    limits: dict[str, int | None] = {}


@pytest.mark.parametrize(
    "instance", [Unset(tls=None), Unset(db=None), Unset(limits={"a": None})], ids=["flag", "table", "key"]
)
def test_none_that_would_read_back_as_something_else_is_refused(instance: Unset) -> None:
    """`None` for no timeout became the default, and the diff said nothing of it."""
    guard = cg.Guard("pool", Unset, store="memory://", format="toml")
    with pytest.raises(cg.DocumentError, match="toml cannot hold this data exactly"):
        guard.plan(instance, reason="x")


@dataclasses.dataclass
class Limits:
    size: int = 1


@dataclasses.dataclass
class Waiting:
    wait: Duration
    key: Secret
    limits: Limits = dataclasses.field(default_factory=Limits)


GIVEN: dict[str, Any] = {"wait": Duration("2s"), "key": Secret("k"), "limits": Limits(3)}


def test_a_mapping_is_planned_with_whatever_is_loaded() -> None:
    guard = cg.Guard("pool", Waiting, store="memory://", format="toml")
    planned = guard.plan(GIVEN, reason="x").document
    assert planned.data == {"wait": "2s", "key": "k", "limits": {"size": 3}}
    assert cg.load(Waiting, planned) == cg.load(Waiting, GIVEN)
    layered = cg.Guard("pool", Waiting, store="memory://", layers=["base.toml", "prod.yaml"])
    for base in (GIVEN, cg.load(Waiting, GIVEN)):
        assert layered.plan({"base.toml": base, "prod.yaml": {}}, reason="x").document.data == planned.data
    with pytest.raises(TypeError, match="int is not a source"):
        layered.plan({"base.toml": 5, "prod.yaml": {}}, reason="x")


@pytest.mark.parametrize(
    "source", [{"pool_size": 5, "wait": "2s"}, Model(pool_size=5)], ids=["mapping", "model"]
)
def test_a_mapping_or_an_instance_is_written_into_the_file_that_is_there(source: Any) -> None:
    guard = cg.Guard("pool", Model, store="memory://", format="toml")
    guard.apply(guard.plan(cg.parse("# of each\npool_size = 64  # ample\nwait = '2s'\n", "toml"), reason="x"))
    assert guard.plan(source, reason="x").document.text == "# of each\npool_size = 5  # ample\nwait = '2s'\n"


def test_several_documents_do_not_become_one() -> None:
    guard = cg.Guard("a", store="memory://", format="yaml")
    guard.apply(guard.plan(cg.parse("# one\na: 1\n---\n# two\nb: 2\n", "yaml"), reason="x"))
    edited = guard.plan([{"a": 1}, {"b": 3}], reason="x").document
    assert edited.text == "# one\na: 1\n---\n# two\nb: 3\n"
    with pytest.raises(cg.DocumentError, match="cannot be written into the several documents of the head"):
        guard.plan([{"a": 1}, [1, 2]], reason="x")


def test_a_secret_is_written_into_the_file_that_is_there() -> None:
    guard = cg.Guard("pool", Waiting, store="memory://", format="toml")
    guard.apply(
        guard.plan(cg.parse("wait = '2s'\nkey = 'old'  # rotated monthly\n", "toml"), reason="x"), "ok"
    )
    plan = guard.plan(cg.load(Waiting, {"wait": "2s", "key": "new"}), reason="x")
    assert "key = 'new'  # rotated monthly\n" in plan.document.text
    assert "new" not in str(plan.diff)


@given(documents(), documents(), st.sampled_from(["yaml", "json", "toml"]))
def test_what_is_planned_over_a_head_says_what_was_asked_for(old: Any, new: Any, format: str) -> None:
    guard = cg.Guard("any", store="memory://", format=format)
    with contextlib.suppress(cg.DocumentError):  # of what a format cannot hold
        guard.apply(guard.plan({"x": old}, reason="x"))
    try:
        alone = write({"x": new}, format)
    except cg.DocumentError:
        return
    assert same(guard.plan({"x": new}, reason="x").document.data, alone.data)


@pytest.mark.parametrize(
    ("value", "format", "says"),
    [
        (None, "toml", r"a\.b is None"),
        (object(), "toml", r"a\.b is of type object"),
        (Limits(), "yaml", r"a\.b is of type Limits"),
        ([1, print], "json", r"a\.b\[1\] is of type builtin_function_or_method"),
        (5, "ini", r"a\.b is of type int"),
    ],
)
def test_what_a_format_cannot_hold_is_named(value: Any, format: str, says: str) -> None:
    guard = cg.Guard("pool", store="memory://", format=format)
    with pytest.raises(cg.DocumentError, match=f"{format} cannot hold this data exactly: {says}$"):
        guard.plan({"a": {"c": "x", "b": value}}, reason="x")


@pytest.mark.parametrize("format", ["toml", "yaml", "json", "env"])
def test_data_that_contains_itself_is_refused(format: str) -> None:
    itself: dict[str, Any] = {}
    itself["a"] = itself
    with pytest.raises(cg.DocumentError, match="nested deeper than"):
        cg.Guard("pool", store="memory://", format=format).plan(itself, reason="x")


def test_a_secret_within_a_mapping_of_another_kind_is_shown_nowhere() -> None:
    for inner in ([read_only({"password": "hunter2-long"})], {"x": read_only({"password": "hunter2-long"})}):
        assert "hunter2" not in str(cg.diff({"users": inner}, {}))


def test_one_thing_alone_stands_for_a_list_of_it(folder: Path) -> None:
    Path("a.toml").write_text("x = 1\n")
    guard = cg.Guard("a", store="memory://", targets={"file": "live.toml"})
    guard.apply(guard.plan("a.toml", reason="x"))
    assert Path("live.toml").read_text() == "x = 1\n"
    assert not Path("file").exists()
    assert len(cg.Bake("1m", probes=lambda: None).probes) == 1
    assert (
        len(cg.Guard("b", store="memory://", targets=cg.CallbackTarget("show", print), format="toml").targets)
        == 1
    )
