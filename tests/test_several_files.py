"""Configs of several files: layers that are judged together, folders of files that are each judged by itself."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Annotated, Literal

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

import confguard as cg
from confguard.cli import main
from confguard.documents.bundle import Bundle, files_of, parse_bundle
from confguard.documents.layout import Layout
from confguard.errors import TargetError
from confguard.fields import Renamed
from confguard.hooks.pre_commit import main as hook
from confguard.risk.policy import PathPolicy
from confguard.rollout import Bake
from confguard.targets import FileSet, FileTarget, SeparateFiles, as_target
from confguard.testing import drill

ANY = cg.Policy(review=101, block=101)
BASE = "# the pool of every instance\n[db]\npool = 10\nhost = 'db1'\n\n[log]\nlevel = 'info'\n"
PROD = "db:\n  pool: 20   # more than elsewhere\n"
LAYERS = ["base.toml", "prod.yaml"]


@frozen
class Db:
    pool: int
    host: str = "localhost"

    def __attrs_post_init__(self) -> None:
        if self.pool > 500:
            raise ValueError("at most 500")


@frozen
class Log:
    level: str = "info"


@frozen
class App:
    db: Db
    log: Log = Log()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write("conf", {"base.toml": BASE, "prod.yaml": PROD})
    return tmp_path


def write(root: str, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = Path(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def held(root: str) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): path.read_text()
        for path in sorted(Path(root).glob("[!.]*"))
        for path in ([path] if path.is_file() else sorted(path.glob("*")))
    }


def layered(**more: object) -> cg.Guard:
    options: dict[str, object] = {"schema": App, "layers": LAYERS, "targets": ["live"], "policy": ANY} | more
    return cg.Guard("app", **options)  # type: ignore[arg-type]


def document(guard: cg.Guard) -> Bundle:
    head = guard.head()
    assert head is not None
    assert isinstance(head.document, Bundle)
    return head.document


# Layers


def test_layers_are_one_config(folder: Path) -> None:
    guard = layered()
    plan = guard.plan("conf", reason="start")
    assert not plan.imported, "nothing was there"
    first = guard.apply(plan)
    assert first.data == {"db": {"pool": 20, "host": "db1"}, "log": {"level": "info"}}
    assert held("live") == {"base.toml": BASE, "prod.yaml": PROD}
    assert guard.drift() == ()
    assert (
        cg.load(App, first.document) == App(Db(20, "db1")) == cg.load(App, "live/base.toml", "live/prod.yaml")
    )

    write("conf", {"prod.yaml": PROD.replace("20", "30")})
    plan = guard.plan("conf", reason="more")
    assert str(plan.diff) == "db.pool: 20 -> 30"
    (change,) = plan.diff.to_json()["changes"]  # type: ignore[misc]
    assert (change["file"], change["line"], change["column"]) == ("conf/prod.yaml", 2, 3)
    guard.apply(plan)
    assert held("live") == {"base.toml": BASE, "prod.yaml": PROD.replace("20", "30")}
    guard.revert(reason="back")
    assert held("live") == {"base.toml": BASE, "prod.yaml": PROD}
    assert guard.verify() == 3


def test_what_a_layer_hides_is_no_change_of_meaning(folder: Path) -> None:
    guard = layered()
    guard.apply(guard.plan("conf", reason="start"))
    write("conf", {"base.toml": BASE.replace("10", "12")})
    plan = guard.plan("conf", reason="hidden")
    assert plan.diff.same
    guard.apply(plan)
    assert held("live")["base.toml"] == BASE.replace("10", "12")


def test_a_problem_is_placed_in_the_layer_that_says_it(folder: Path) -> None:
    guard = layered()
    write("conf", {"base.toml": BASE.replace("level", "levle"), "prod.yaml": "db:\n  pool: many\n"})
    with pytest.raises(cg.ValidationError) as caught:
        guard.plan("conf", reason="typo")
    told = sorted(str(problem) for problem in caught.value.problems)
    assert told[0].startswith("conf/base.toml:7:1: log.levle: unknown key")
    assert told[1].startswith("conf/prod.yaml:2:3: db.pool: ")
    write("conf", {"base.toml": BASE, "prod.yaml": "db: [\n"})
    with pytest.raises(cg.DocumentError, match=r"^conf/prod\.yaml:"):
        guard.plan("conf", reason="broken")
    write("conf", {"prod.yaml": "- a\n"})
    with pytest.raises(
        cg.DocumentError, match=r"^conf/prod\.yaml:1:1: is a layer, and holds no table .* read as yaml"
    ):
        guard.plan("conf", reason="a list")
    Path("conf/prod.yaml").unlink()
    with pytest.raises(cg.DocumentError, match=r"^conf/prod\.yaml: no such file"):
        guard.plan("conf", reason="gone")
    assert guard.head() is None


def test_each_source_that_a_plan_takes(folder: Path) -> None:
    guard = layered()
    with pytest.raises(cg.DocumentError, match=r"nothing was said of base\.toml"):
        guard.plan({"prod.yaml": {"db": {"pool": 5}}}, reason="half")
    guard.apply(guard.plan({"base.toml": "conf/base.toml", "prod.yaml": {"db": {"pool": 5}}}, reason="start"))
    assert held("live") == {"base.toml": BASE, "prod.yaml": "db:\n  pool: 5\n"}
    guard.apply(guard.plan({"prod.yaml": cg.parse(PROD, "yaml")}, reason="one of them"))
    assert held("live") == {"base.toml": BASE, "prod.yaml": PROD}
    with pytest.raises(
        cg.DocumentError, match=r"'prd\.yaml' is not one of its files .*did you mean 'prod\.yaml'"
    ):
        guard.plan({"prd.yaml": {}}, reason="typo")
    with pytest.raises(cg.DocumentError, match="is one file, and the config has several"):
        guard.plan("conf/base.toml", reason="one file")
    with pytest.raises(cg.DocumentError, match="is one file, and the config has several"):
        guard.plan(cg.read("conf/base.toml"), reason="one document")
    with pytest.raises(TypeError, match="int is not a source: a folder, a Bundle, or a mapping"):
        guard.plan(7, reason="no source")
    head = document(guard)
    assert guard.plan(head, reason="the same").diff.same


def test_only_takes_back_one_revision_in_its_own_file(folder: Path) -> None:
    guard = layered()
    guard.apply(guard.plan("conf", reason="start"))
    wrong = guard.apply(
        guard.plan({"prod.yaml": cg.parse(PROD.replace("20", "400"), "yaml")}, reason="wrong")
    )
    later = BASE.replace("'info'", "'debug'  # for now")
    guard.apply(guard.plan({"base.toml": cg.parse(later, "toml")}, reason="debug"))
    guard.revert(only=wrong.number, reason="too many")
    assert held("live") == {"base.toml": later, "prod.yaml": PROD}
    guard.apply(guard.plan({"base.toml": cg.parse(later.replace("10", "11"), "toml")}, reason="again"))
    edited = PROD.replace("20", "21")
    change = guard.apply(guard.plan({"prod.yaml": cg.parse(edited, "yaml")}, reason="21"))
    commented = edited + "  # seen\nlog: {level: warn}\n"
    guard.apply(guard.plan({"prod.yaml": cg.parse(commented, "yaml")}, reason="seen"))
    guard.revert(only=change.number, reason="not 21")
    assert held("live")["prod.yaml"] == commented.replace("21", "20")
    guard.apply(guard.plan({"prod.yaml": cg.parse(edited.replace("21", "22"), "yaml")}, reason="22"))
    with pytest.raises(cg.MergeConflictError, match="db.pool"):
        guard.revert(only=change.number, reason="changed since")


def test_drift_names_the_file_and_the_line(folder: Path) -> None:
    guard = layered()
    guard.apply(guard.plan("conf", reason="start"))
    Path("live/prod.yaml").write_text("# by hand\ndb:\n  pool: 99\n")
    (drift,) = guard.drift()
    assert (drift.target, drift.what) == ("live", "1 value differs")
    (change,) = drift.to_json()["changes"]  # type: ignore[misc]
    assert (change["file"], change["line"]) == ("prod.yaml", 3)
    assert change["display"] == "db.pool: 20 -> 99 (4.95 times more)"
    with pytest.raises(cg.DriftError):
        guard.apply(guard.plan({"base.toml": {"db": {"pool": 1}}}, reason="over it"))
    adopted = guard.adopt(reason="it was right")
    assert adopted.data["db"]["pool"] == 99
    assert held("live") == {"base.toml": BASE, "prod.yaml": "# by hand\ndb:\n  pool: 99\n"}
    Path("live/prod.yaml").write_text("db: [\n")
    (drift,) = guard.drift()
    assert drift.what.startswith("does not parse: prod.yaml:")
    guard.repair()
    assert guard.drift() == ()
    Path("live/base.toml").unlink()
    (drift,) = guard.drift()
    assert "does not fit the schema" not in drift.what
    guard.repair()
    assert held("live")["base.toml"] == BASE


def test_a_file_that_was_replaced_by_hand_does_not_keep_a_revert(folder: Path) -> None:
    guard = layered()
    guard.apply(guard.plan("conf", reason="start"))
    guard.apply(guard.plan({"prod.yaml": {"db": {"pool": 5}}}, reason="less"))
    Path("edited").write_text("db:\n  pool: 7\n")
    Path("edited").replace("live/prod.yaml")  # as editors and `sed -i` do: where the link was is a file now
    guard.revert(reason="back")
    assert held("live") == {"base.toml": BASE, "prod.yaml": PROD}
    assert Path("live/prod.yaml").is_symlink()
    assert any(
        each.drift_copy and "pool: 7" in files_of(each.content)["prod.yaml"].decode()
        for each in guard.history()
    )


def test_files_that_are_there_are_taken_over_as_they_are(folder: Path) -> None:
    write("live", {"base.toml": BASE, "prod.yaml": PROD, "other.txt": "not ours"})
    Path("live/base.toml").chmod(0o640)
    guard = layered()
    plan = guard.plan("conf", reason="start")
    assert plan.imported
    guard.apply(plan)
    guard.apply(guard.plan({"prod.yaml": {"db": {"pool": 5}}}, reason="less"))
    assert held("live") == {"base.toml": BASE, "prod.yaml": PROD.replace("20", "5"), "other.txt": "not ours"}
    assert stat.S_IMODE(Path("live/base.toml").stat().st_mode) == 0o640
    guard.revert(reason="back")
    assert held("live")["prod.yaml"] == PROD
    assert [path.name for path in Path("live").iterdir() if path.name.startswith("..confguard")] == [
        str(Path("live/..data").readlink())
    ]


def test_explain_tells_the_file_of_each_value(folder: Path) -> None:
    guard = layered()
    guard.apply(guard.plan("conf", reason="start"))
    told = cg.explain(App, document(guard))
    assert (told["db.pool"].origin.file, told["db.pool"].origin.line) == ("prod.yaml", 2)
    assert told["db.pool"].shadowed[0].file == "base.toml"
    assert told["db.host"].origin.file == "base.toml"


def test_live_of_a_guard_and_of_files(folder: Path) -> None:
    guard = layered()
    guard.apply(guard.plan("conf", reason="start"))
    with cg.Live(App, guard, cache="copy") as live:
        assert live.current == App(Db(20, "db1"))
        guard.apply(guard.plan({"prod.yaml": {"db": {"pool": 5}}}, reason="less"))
        live.refresh()
        assert live.current.db.pool == 5
    with cg.Live(App, "sqlite:///nowhere/none.db#app", cache="copy", interval=None) as live:
        assert live.current.db.pool == 5
    with cg.Live(App, ["conf/base.toml", "conf/prod.yaml"], interval=None, quiet=0.05, cache="files") as live:
        assert live.current == App(Db(20, "db1"))
        Path("conf/prod.yaml").write_text("db:\n  pool: 6\n")
        assert live.refresh()
        assert live.current == App(Db(6, "db1"))
        Path("conf/prod.yaml").write_text("db:\n  pool: many\n")
        assert not live.refresh()
        assert "conf/prod.yaml:2:3: db.pool" in str(live.problem)
        Path("conf/prod.yaml").unlink()
        assert not live.refresh()
        assert "conf/prod.yaml is missing" in str(live.problem)
        assert live.current.db.pool == 6


def test_a_service_that_refuses_and_a_bake_that_fails_take_all_files_back(folder: Path) -> None:
    seen: list[int] = []

    class Service:
        name = "service"

        def tell(self) -> None:
            pool = cg.load(App, "live/base.toml", "live/prod.yaml").db.pool
            seen.append(pool)
            if pool == 66:
                raise TargetError("refused")

    guard = layered(reload=[Service()])
    guard.apply(guard.plan("conf", reason="start"))
    with pytest.raises(cg.RefusedError):
        guard.apply(guard.plan({"prod.yaml": {"db": {"pool": 66}}}, reason="refused"))
    assert held("live") == {"base.toml": BASE, "prod.yaml": PROD}
    with pytest.raises(cg.BakeFailedError):
        guard.apply(
            guard.plan({"prod.yaml": {"db": {"pool": 67}}}, reason="sick"),
            bake=Bake("9s", [lambda: "sick"], interval="1ms"),
        )
    assert held("live") == {"base.toml": BASE, "prod.yaml": PROD}
    assert seen == [20, 66, 20, 67, 20]


def test_a_secret_in_a_layer_is_shown_nowhere(folder: Path) -> None:
    secret = "hunter2-canary"
    write("conf", {"base.toml": f"[db]\npool = 1\npassword = '{secret}'\n"})
    guard = layered(schema=None)
    guard.apply(guard.plan("conf", reason="start"))
    plan = guard.plan({"base.toml": {"db": {"pool": 1, "password": f"{secret}2"}}}, reason="new")
    Path("live/base.toml").write_text(f"[db]\npassword = '{secret}3'\n")
    shown = [plan.to_json(), plan.diff, [each.to_json() for each in guard.drift()], plan.risk]
    assert plan.diff.changes
    assert "***" in str(plan.diff)
    assert secret not in repr(shown) + str(shown)


@frozen
class Small:
    x: int
    kind: Literal["small"] = "small"


@frozen
class Large:
    y: int
    kind: Literal["large"] = "large"


@frozen
class Renaming:
    size: Annotated[int, Renamed("width")] = 1
    pool: Small | Large = Small(1)


def test_layers_are_put_together_as_load_does_it(folder: Path) -> None:
    """Under the names that the schema has now, and with one member of a union."""
    base, prod = "width = 5\n[pool]\nkind = 'small'\nx = 1\n", "size: 6\npool: {kind: large, y: 2}\n"
    write("conf", {"base.toml": base, "prod.yaml": prod})
    guard = layered(schema=Renaming)
    with pytest.warns(FutureWarning, match=r"conf/base\.toml:1:1: width"):
        first = guard.apply(guard.plan("conf", reason="start"))
    with pytest.warns(FutureWarning):
        loaded = cg.load(Renaming, "live/base.toml", "live/prod.yaml")
    assert loaded == Renaming(6, Large(2))
    with pytest.warns(FutureWarning), cg.Live(Renaming, guard, interval=None) as live:
        assert live.current == loaded
    write("conf", {"base.toml": base.replace("width = 5", "width = 7")})
    with pytest.warns(FutureWarning):
        assert guard.plan("conf", reason="hidden").diff.same
    write("conf", {"base.toml": base.replace("5", "'x'"), "prod.yaml": prod.replace("size: 6\n", "")})
    with pytest.warns(FutureWarning), pytest.raises(cg.ValidationError) as caught:
        guard.plan("conf", reason="a typo under the old name")
    assert str(caught.value.problems[0]).startswith("conf/base.toml:1:1: width: ")
    write("conf", {"base.toml": "width = 5\nsize = 6\n", "prod.yaml": "size: 6\n"})
    with pytest.warns(FutureWarning), pytest.raises(cg.ValidationError, match=r"conf/base\.toml.*keep one"):
        guard.plan("conf", reason="twice in one layer")
    assert first.number == 1


# Files that are each judged by itself

WEB = "port = 80\n"
WORKER = "[queue]\nsize = 5\n"
FILES = {"web.toml": WEB, "conf.d/worker.toml": WORKER}


@frozen
class Service:
    port: int = 0


def test_files_are_each_judged_by_itself(folder: Path) -> None:
    write("conf", FILES)
    guard = cg.Guard("svc", files=list(FILES), targets=["live"], policy=ANY)
    first = guard.apply(guard.plan("conf", reason="start"))
    assert first.data == {"conf.d/worker.toml": {"queue": {"size": 5}}, "web.toml": {"port": 80}}
    assert held("live") == FILES
    assert Path("live/conf.d").readlink() == Path("..data/conf.d")
    write("conf", {"conf.d/worker.toml": WORKER.replace("5", "6")})
    plan = guard.plan("conf", reason="more")
    assert str(plan.diff) == '"conf.d/worker.toml".queue.size: 5 -> 6'
    guard.apply(plan)
    assert held("live")["conf.d/worker.toml"] == WORKER.replace("5", "6")
    guard.revert(reason="back")
    assert held("live") == FILES
    guard.close()
    one = cg.Guard(
        "one", schema=Service, files=["a.toml", "b.toml"], targets=["one"], store="memory://", policy=ANY
    )
    with pytest.raises(cg.ValidationError) as caught:
        one.plan({"a.toml": {"port": 1}, "b.toml": cg.parse("\nport = 'x'\n", "toml")}, reason="typo")
    (problem,) = caught.value.problems
    assert str(problem).startswith('b.toml:2:1: "b.toml".port: ')
    one.apply(one.plan({"a.toml": {"port": 1}, "b.toml": {"port": 2}}, reason="start"))
    with cg.Live(Service, one, interval=None) as live:
        assert live.current == {"a.toml": Service(1), "b.toml": Service(2)}


def test_files_come_and_go(folder: Path) -> None:
    guard = cg.Guard("svc", files=(), targets=["live"], policy=ANY)
    first = guard.apply(guard.plan({"web.toml": cg.parse(WEB, "toml")}, reason="start"))
    second = guard.apply(guard.plan({"conf.d/worker.toml": cg.parse(WORKER, "toml")}, reason="a worker"))
    assert held("live") == FILES
    guard.apply(guard.plan({"web.toml": {"port": 443}}, reason="TLS"))
    gone = guard.apply(guard.plan({"conf.d/worker.toml": None}, reason="no worker"))
    assert held("live") == {"web.toml": "port = 443\n"}
    assert not os.path.lexists("live/conf.d")
    guard.revert(only=gone.number, reason="it was needed")
    assert held("live") == {"web.toml": "port = 443\n", "conf.d/worker.toml": WORKER}
    guard.revert(only=second.number, reason="not needed")
    assert held("live") == {"web.toml": "port = 443\n"}
    guard.revert(first.number, reason="all back")
    assert held("live") == {"web.toml": WEB}
    assert guard.drift() == ()


def test_a_file_that_somebody_put_beside_the_others_is_drift_and_not_lost(folder: Path) -> None:
    guard = cg.Guard("svc", files=(), targets=["live"], policy=ANY)
    guard.apply(guard.plan({"conf.d/a.toml": {"x": 1}}, reason="start"))
    write("live", {"conf.d/b.toml": "x = 2\n"})
    (drift,) = guard.drift()
    assert str(drift.changes) == '+ "conf.d/b.toml": {x: 2}'
    guard.adopt(reason="wanted")
    guard.apply(guard.plan({"conf.d/a.toml": {"x": 3}}, reason="goes on"))
    assert held("live") == {"conf.d/a.toml": "x = 3\n", "conf.d/b.toml": "x = 2\n"}


def test_a_plain_file_that_a_pattern_matches_is_drift_and_goes_with_a_repair(folder: Path) -> None:
    guard = cg.Guard("svc", files=["*.toml"], targets=["live"], policy=ANY)
    guard.apply(guard.plan({"a.toml": {"x": 1}}, reason="start"))
    write("live", {"b.toml": "x = 2\n", "b.txt": "not ours"})
    (drift,) = guard.drift()
    assert str(drift.changes) == '+ "b.toml": {x: 2}'
    guard.repair()
    assert held("live") == {"a.toml": "x = 1\n", "b.txt": "not ours"}
    assert any(each.drift_copy and "x = 2" in each.text for each in guard.history())
    with pytest.raises(cg.DocumentError, match=r"'b\.yaml' is not one of its files"):
        guard.plan({"b.yaml": {"x": 1}}, reason="another")
    Path("empty").mkdir()
    with pytest.raises(cg.DocumentError, match="empty: holds none of the config's files"):
        guard.plan("empty", reason="nothing")
    with pytest.raises(cg.ConfguardError, match="layers have an order"):
        cg.Guard("x", layers=["*.toml"], store="memory://")


# Files in folders of their own


def separate() -> dict[str, object]:
    return {"files": {"base.toml": "usr/base.toml", "prod.yaml": {"file": "etc/prod.yaml", "mode": "0640"}}}


def test_files_in_different_folders(folder: Path) -> None:
    for name in ("usr", "etc"):
        Path(name).mkdir()
    guard = layered(targets=[separate()])
    guard.apply(guard.plan("conf", reason="start"))
    assert (Path("usr/base.toml").read_text(), Path("etc/prod.yaml").read_text()) == (BASE, PROD)
    assert stat.S_IMODE(Path("etc/prod.yaml").stat().st_mode) == 0o640
    before = Path("usr/base.toml").stat().st_ino
    guard.apply(guard.plan({"prod.yaml": {"db": {"pool": 5}}}, reason="less"))
    assert Path("usr/base.toml").stat().st_ino == before, "what does not change is not written"
    Path("etc/prod.yaml").write_text("db: {pool: 1}\n")
    (drift,) = guard.drift()
    assert drift.what == "1 value differs"
    guard.repair()
    guard.revert(1, reason="back")
    assert (Path("usr/base.toml").read_text(), Path("etc/prod.yaml").read_text()) == (BASE, PROD)


def test_a_torn_write_to_different_folders_is_finished(folder: Path) -> None:
    for name in ("usr", "etc"):
        Path(name).mkdir()
    guard = layered(targets=[separate()])
    guard.apply(guard.plan("conf", reason="start"))
    both = {"base.toml": {"db": {"pool": 1, "host": "db2"}}, "prod.yaml": {"db": {"pool": 2}}}
    child = os.fork()
    if child == 0:
        original = Path.replace

        def dies(self: Path, target: Path) -> Path:
            made = original(self, target)
            if target.name == "base.toml":
                os._exit(9)
            return made

        Path.replace = dies  # type: ignore[method-assign,assignment]
        layered(targets=[separate()]).apply(guard.plan(both, reason="both"))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert ("db2" in Path("usr/base.toml").read_text(), Path("etc/prod.yaml").read_text()) == (True, PROD)
    (finished,) = guard.recover()
    assert finished.what == "written"
    assert Path("etc/prod.yaml").read_text() == PROD.replace("20", "2")
    assert guard.drift() == ()
    assert not any(each.drift_copy for each in guard.history()), "what a crash left is nobody's edit"


def test_a_layer_that_came_goes_with_a_revert(folder: Path) -> None:
    for name in ("usr", "etc"):
        Path(name).mkdir()
    with layered(targets=[separate()]) as guard:
        guard.apply(guard.plan("conf", reason="start"))
    three = [*LAYERS, "site.toml"]
    where = {
        "files": {"base.toml": "usr/base.toml", "prod.yaml": "etc/prod.yaml", "site.toml": "etc/site.toml"}
    }
    with layered(layers=three, targets=[where]) as guard:
        guard.apply(guard.plan({"site.toml": {"log": {"level": "warn"}}}, reason="a site's own"))
        assert Path("etc/site.toml").read_text() == '[log]\nlevel = "warn"\n'
        guard.revert(reason="back")
        assert not Path("etc/site.toml").exists()
        assert guard.drift() == ()
    with (
        layered(targets=[separate()]) as guard,
        pytest.raises(TargetError, match=r"where does 'site\.toml' stand"),
    ):
        guard.revert(2, reason="which has no place any more")


def test_what_cannot_be_staged_in_one_folder_is_staged_in_none(folder: Path) -> None:
    Path("usr").mkdir()
    guard = layered(targets=[separate()])
    Path("usr/base.toml").write_text(BASE)
    Path("etc").mkdir()
    Path("etc/prod.yaml").mkdir()
    with pytest.raises(TargetError, match=r"etc/prod\.yaml"):
        guard.apply(guard.plan("conf", reason="in the way"))
    assert sorted(os.listdir("usr")) == ["base.toml"]
    assert guard.head() is None


def test_rules_and_what_accepts_them_know_the_files(folder: Path) -> None:
    write("conf", {"base.toml": "[db]\npool = 64\n", "prod.yaml": "country: se\n"})
    guard = layered(schema=None, policy=cg.Policy())
    guard.apply(guard.plan("conf", reason="start"))
    write("conf", {"base.toml": "\n[db]\npool = 4\n", "prod.yaml": "# where\ncountry: no\n"})
    plan = guard.plan("conf", reason="less")
    placed = {(each.code, each.file, each.line) for each in plan.risk.findings}
    assert {("CG201", "conf/base.toml", 3), ("CG702", "conf/prod.yaml", 2)} <= placed
    write("conf", {"base.toml": "\n[db]\npool = 4  # confguard: accept CG201: a rehearsal\n"})
    plan = guard.plan("conf", reason="less")
    assert [each.finding.code for each in plan.risk.accepted] == ["CG201"]
    write("conf", {"base.toml": "\n[db]\npool = 4  # confguard: accept CG20: a rehearsal\n"})
    (void,) = [each for each in guard.plan("conf", reason="less").risk.findings if each.code == "CG906"]
    assert (void.file, void.line) == ("conf/base.toml", 3)
    paths = [PathPolicy(match=["db.*"], files=["conf/base.toml"], review=1, block=2)]
    strict = layered(schema=None, policy=cg.Policy(paths=paths), store=guard.store)
    assert strict.plan("conf", reason="less").decision.value == "block"


# Kills

NEW = {"base.toml": BASE.replace("10", "11"), "prod.yaml": PROD.replace("20", "21")}
OLD = {"base.toml": BASE, "prod.yaml": PROD}
CALLS = {"os.rename", "os.symlink", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "open"}


def killed_at(number: int, act: Callable[[], object]) -> bool:
    """Do something in a child that dies at its n-th call that changes files; False if it was done before that."""
    child = os.fork()
    if child == 0:
        count = 0

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal count
            if event in CALLS and (
                event != "open" or (isinstance(arguments[2], int) and arguments[2] & os.O_CREAT)
            ):
                count += 1
                if count == number:
                    os._exit(9)

        sys.addaudithook(hook)
        act()
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9)
    return code == 9


@pytest.mark.parametrize("kind", ["folder", "plain files", "folders"])
@pytest.mark.slow
def test_a_kill_at_any_call_leaves_one_revision_and_what_recovers_it(folder: Path, kind: str) -> None:
    target: object = separate() if kind == "folders" else "live"
    paths = {"base.toml": "usr/base.toml", "prod.yaml": "etc/prod.yaml"} if kind == "folders" else {}
    number = 0
    while True:
        number += 1
        os.chdir(folder)
        root = folder / str(number)
        root.mkdir()
        os.chdir(root)
        for name in ("usr", "etc"):
            Path(name).mkdir()
        if kind == "plain files":
            write("live", OLD)
        else:
            with layered(targets=[target]) as guard:
                guard.apply(guard.plan({name: text_of(name, OLD) for name in OLD}, reason="old"))

        def act() -> None:
            with layered(targets=[target]) as guard:
                guard.apply(guard.plan({name: text_of(name, NEW) for name in NEW}, reason="new"))

        killed = killed_at(number, act)
        seen = {name: Path(paths.get(name, f"live/{name}")).read_text() for name in OLD}
        mixed = all(seen[name] in (OLD[name], NEW[name]) for name in seen)
        assert seen in (OLD, NEW) or (kind == "folders" and mixed), (number, seen)
        with layered(targets=[target]) as guard:
            guard.recover()
            head = guard.head()
            if head is not None:
                assert guard.drift() == ()
                guard.verify()
            assert not any("pool" in str(each.data) and each.drift_copy for each in guard.history())
            guard.apply(guard.plan({name: text_of(name, OLD) for name in OLD}, reason="goes on"))
        assert {name: Path(paths.get(name, f"live/{name}")).read_text() for name in OLD} == OLD
        left = [path.name for path in root.glob("*/*confguard-*")]
        linked = Path("live/..data")
        assert left == ([str(linked.readlink())] if linked.is_symlink() else [])
        if not killed:
            break
    assert number > 5


def text_of(name: str, files: dict[str, str]) -> cg.Document:
    return cg.parse(files[name], name.rpartition(".")[2])


# What is refused


def test_targets_and_names_that_cannot_be(folder: Path) -> None:
    for names in (
        ["/etc/a.toml"],
        ["../a.toml"],
        ["a//b"],
        [""],
        ["..data"],
        ["a.toml", "a.toml"],
        ["a", "a/b"],
    ):
        with pytest.raises(cg.ConfguardError, match="is not a file's name|is named twice"):
            cg.Guard("x", files=names, store="memory://")
    with pytest.raises(cg.ConfguardError, match="not both"):
        cg.Guard("x", files=["a.toml"], layers=["b.toml"], store="memory://")
    with pytest.raises(TargetError, match="holds several files, and 'x' is one") as caught:
        cg.Guard("x", targets=[FileSet("live", ["a.toml"])], store="memory://")
    assert "several targets each hold one file" in str(caught.value.hint)
    with pytest.raises(TargetError, match=r"a\.toml: is one file, and the config has several"):
        layered(targets=[FileTarget("a.toml")], store="memory://")
    with pytest.raises(TargetError, match=r"holds all files of its config: base\.toml, prod\.yaml"):
        layered(targets=[{"folder": "live", "files": ["base.toml"]}], store="memory://")
    with pytest.raises(TargetError, match=r"where does 'prod\.yaml' stand"):
        layered(targets=[{"files": {"base.toml": "a.toml"}}], store="memory://")
    with pytest.raises(TargetError, match=r"'c\.toml' is not one of the config's files"):
        layered(targets=[{"files": {"base.toml": "a", "prod.yaml": "b", "c.toml": "c"}}], store="memory://")
    for files in ({}, "a.toml", {"a.toml": {"folder": "x"}}):
        with pytest.raises(TargetError, match="says where each stands|is one file"):
            as_target({"files": files})
    assert isinstance(as_target(separate()), SeparateFiles)
    bare = FileSet("live", ["a.toml"])
    for content in (b"x = 1\n", b'{"files": [{"name": "../x", "format": "toml", "text": ""}]}'):
        with pytest.raises(TargetError, match="is not a bundle|is not a file's name"):
            bare.stage(content)
    assert not Path("live").exists()


def test_a_file_that_its_own_target_would_read_otherwise_is_refused(folder: Path) -> None:
    stand = {"base.toml": "apart/base.yaml", "prod.yaml": "apart/prod.yaml"}
    guard = layered(targets=[{"files": stand}], store="memory://")
    with pytest.raises(cg.DocumentError, match=r"is toml, and the target apart/base\.yaml is read as yaml"):
        guard.plan("conf", reason="start")


def test_a_config_that_becomes_one_of_several_files_and_back(folder: Path) -> None:
    with cg.Guard("app", targets=["app.toml"], policy=ANY) as one:
        one.apply(one.plan("conf/base.toml", reason="one file"))
    with layered() as guard:
        plan = guard.plan("conf", reason="layers now")
        assert str(plan.diff) == "db.pool: 10 -> 20 (2 times more)"
        guard.apply(plan)
        with pytest.raises(TargetError, match="is not a bundle of files: the config had one file then"):
            guard.revert(reason="back")
        assert held("live") == {"base.toml": BASE, "prod.yaml": PROD}
    with (
        cg.Guard("app", targets=["app.toml"], policy=ANY) as one,
        pytest.raises(TargetError, match=r"app\.toml: is one file, and revision 2 holds several"),
    ):
        one.revert(2, reason="back to several")
    assert Path("app.toml").read_text() == BASE


# Bundles

CONTENTS = st.dictionaries(
    st.from_regex(r"[a-z]{1,4}(\.d/[a-z]{1,3})?\.env", fullmatch=True),
    st.text(st.characters(codec="utf-8", exclude_characters="\0")).map(str.encode) | st.binary(max_size=40),
    max_size=5,
)


@given(CONTENTS, st.booleans())
def test_the_files_of_a_bundle_come_back_byte_for_byte(files: dict[str, bytes], layers: bool) -> None:
    layout = Layout(files, layered=layers)
    content = layout.content(files)
    assert files_of(content) == files
    assert layout.content(files_of(content)) == content
    assert list(files_of(content)) == (list(files) if layers else sorted(files))


TABLES = st.dictionaries(
    st.sampled_from("abcd"), st.integers(0, 9) | st.dictionaries(st.sampled_from("xy"), st.integers(0, 9))
)
KINDS = st.sampled_from(["toml", "yaml", "json"])


@given(st.lists(st.tuples(TABLES, KINDS), min_size=1, max_size=4), TABLES, st.booleans())
def test_an_edit_of_a_bundle_is_exact_and_touches_only_files_that_hold_what_changes(
    parts: list[tuple[dict[str, object], str]], wanted: dict[str, object], layers: bool
) -> None:
    names = [f"{number}.{kind}" for number, (_, kind) in enumerate(parts)]
    layout = Layout(names, layered=layers)
    bundle = layout.bundle({name: data for name, (data, _) in zip(names, parts, strict=True)}, None)
    goal = wanted if layers else {**bundle.data, names[0]: wanted}
    changes = cg.diff(bundle.data, goal, moves=False)
    try:
        made = bundle.edit(changes)
    except cg.DocumentError:
        return  # refused, and not half done
    assert cg.diff(made.data, goal).same
    untouched = [name for name in names if made.files[name].content == bundle.files[name].content]
    if not layers:
        assert set(untouched) >= set(names[1:])
    elif len(changes) == 1 and changes.changes[0].op == "replace":
        assert len(untouched) >= len(names) - 1
    again = parse_bundle(made.content, None)
    assert again.data == made.data


def test_an_edit_goes_into_the_file_that_holds_the_value(folder: Path) -> None:
    bundle = Layout(LAYERS, layered=True).bundle("conf", None)
    goal = {"db": {"pool": 21, "host": "db2"}, "log": {"level": "info", "json": True}}
    made = bundle.edit(cg.diff(bundle, goal))
    assert made.files["base.toml"].text == BASE.replace("db1", "db2")
    assert made.files["prod.yaml"].text == PROD.replace("20", "21") + "log:\n  json: true\n"
    less = bundle.edit(cg.diff(bundle, {"db": {"host": "db1"}, "log": {"level": "info"}}))
    assert less.files["base.toml"].text == BASE.replace("pool = 10\n", "")
    assert less.files["prod.yaml"].text == "db: {}\n"
    part, path = bundle.part_at(["db", "pool"])
    assert (part.path, path, bundle.locate(["db", "pool"])) == ("conf/prod.yaml", ("db", "pool"), (2, 3))


# The command line, the hook

PROJECT = """
[policy]
review = 101
block = 101

[configs.app]
layers = ["conf/base.toml", "conf/prod.yaml"]
targets = ["live"]
schema = "settings:App"
"""
SETTINGS = """
from attrs import frozen

@frozen
class Db:
    pool: int
    host: str = "localhost"

@frozen
class Log:
    level: str = "info"

@frozen
class App:
    db: Db
    log: Log = Log()
"""


def command(*arguments: str, program: Callable[[Sequence[str]], int] = main) -> tuple[int, str]:
    with redirect_stdout(io.TextIOWrapper(io.BytesIO(), write_through=True)) as out, redirect_stderr(out):
        code = program(arguments)
    return code, out.buffer.getvalue().decode()


@pytest.fixture
def project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(folder)
    write(".", {"confguard.toml": PROJECT, "settings.py": SETTINGS})
    yield folder
    sys.modules.pop("settings", None)  # another project has one of its own


def test_the_command_line_takes_the_files_of_the_project(project: Path) -> None:
    assert command("apply", "app", "--reason", "start")[0] == 0
    assert held("live") == {"base.toml": BASE, "prod.yaml": PROD}
    write("conf", {"prod.yaml": PROD.replace("20", "25")})
    code, told = command("plan", "app", "--reason", "more")
    assert (code, "db.pool: 20 -> 25" in told, "prod.yaml:2" in told) == (0, True, True)
    assert command("apply", "app", "--reason", "more")[0] == 0
    code, told = command("show", "app", "2", "--raw", "--file", "prod.yaml")
    assert (code, told) == (0, PROD.replace("20", "25"))
    code, told = command("show", "app", "--raw")
    assert (code, "it has: base.toml, prod.yaml" in told) == (2, True)
    assert command("show", "app")[0] == 0
    assert command("status")[0] == 0
    Path("live/prod.yaml").write_text("db:\n  pool: 7\n")
    code, told = command("drift", "app")
    assert (code, "db.pool: 25 -> 7" in told, "prod.yaml:2" in told) == (1, True, True)
    assert command("status")[0] == 1
    assert command("drift", "app", "--repair")[0] == 0
    assert command("revert", "app", "--to", "1", "--reason", "back")[0] == 0
    assert held("live")["prod.yaml"] == PROD
    assert "revert to 1" in command("log", "app")[1]
    assert command("export", "app", "app.export")[0] == 0
    Path("confguard.db").unlink()
    assert command("import", "app.export") == (0, "app: 5 revisions added\n")
    assert command("verify", "app")[0] == 0
    assert command("status")[0] in (0, 1)
    assert held("live")["prod.yaml"] == PROD


def test_check_judges_a_layer_together_with_the_others(project: Path) -> None:
    assert command("check", "conf/base.toml", "conf/prod.yaml")[0] == 0
    write("conf", {"base.toml": "[log]\nlevel = 'info'\n"})
    assert command("check", "conf/base.toml")[0] == 0, "what it leaves out, another layer says"
    write("conf", {"prod.yaml": "db:\n  pool: many\n"})
    code, told = command("check", "conf/base.toml", "conf/prod.yaml")
    assert (code, told.count("conf/prod.yaml:2:3")) == (1, 1)


@pytest.mark.parametrize("text", ["- a\n", "just text\n", "a: 1\n---\na: 2\n"])
def test_check_refuses_a_layer_that_plan_refuses(project: Path, text: str) -> None:
    write("conf", {"prod.yaml": text})
    code, printed = command("check", "app")
    assert (code, printed.count("conf/prod.yaml:")) == (1, 1)
    assert "***" not in command("explain", "app")[1], "no name of a setting is a secret"


def test_check_sees_what_one_layer_says_twice(project: Path) -> None:
    """Under the old name and the new one: merged with the other layers, that does not show."""
    renamed = 'pool: Annotated[int, Renamed("size")]'
    imports = "from typing import Annotated\nfrom confguard.fields import Renamed\n"
    write(".", {"settings.py": imports + SETTINGS.replace("pool: int", renamed)})
    write("conf", {"prod.yaml": "db:\n  pool: 20\n  size: 30\n"})
    code, printed = command("check", "conf/base.toml", "conf/prod.yaml")
    assert (code, printed.count("conf/prod.yaml:3:3: CG002")) == (1, 1)
    assert "is the same setting as 'db.pool'" in printed


def test_the_hook_judges_layers_as_merged(project: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=ana", "-c", "user.email=ana@example.org"]
        subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "start")
    write("conf", {"base.toml": BASE.replace("10", "9000")})  # which prod.yaml hides
    git("add", ".")
    code, told = command("conf/base.toml", program=hook)
    assert (code, "1 file seen, 1 judged, 0 left out" in told) == (0, True)
    code, told = command("assess", "HEAD:conf/base.toml", "conf/base.toml")
    assert (code, told) == (0, "allow: risk 0 of 100 (low)\n"), "the hook and the command say the same"
    write("conf", {"base.toml": BASE.replace("pool = 10\n", ""), "prod.yaml": "db: {}\n"})
    git("add", ".")
    code, told = command("conf/base.toml", "conf/prod.yaml", program=hook)
    assert (code, "db.pool" in told) == (1, True)
    write("conf", {"base.toml": BASE, "prod.yaml": "db:\n  pool: many\n"})
    git("add", ".")
    code, told = command("conf/prod.yaml", program=hook)
    assert (code, "conf/prod.yaml:2:3: CG002 high: db.pool" in told) == (1, True)


def test_patterns_with_a_folder_as_target_are_one_config(folder: Path) -> None:
    text = (
        PROJECT.split("[configs")[0]
        + '[configs.svc]\nfiles = ["conf/*.toml", "conf/conf.d/*"]\ntargets = ["live"]\n'
    )
    write(".", {"confguard.toml": text})
    write("conf", {"conf.d/worker.toml": WORKER})
    assert command("apply", "svc", "--reason", "start")[0] == 0
    assert held("live") == {"base.toml": BASE, "conf.d/worker.toml": WORKER}
    Path("conf/conf.d/worker.toml").unlink()
    code, told = command("apply", "svc", "--reason", "no worker")
    assert (code, "worker.toml" in told) == (0, True)
    assert held("live") == {"base.toml": BASE}
    assert command("revert", "svc", "--reason", "back")[0] == 0
    assert held("live") == {"base.toml": BASE, "conf.d/worker.toml": WORKER}
    assert command("status")[0] == 0
    write(".", {"confguard.toml": text.replace('"live"', '"live.toml"')})
    write("conf", {"a.toml": "x = 1\n"})
    code, told = command("plan", "svc", "--reason", "which")
    assert (code, "say which FILE is meant" in told, "name a folder as the target" in told) == (2, True, True)
    code, told = command("apply", "svc", "--reason", "which")
    assert (code, "hint: name it behind 'svc'" in told, "plan" in told) == (2, True, False)


def test_a_project_file_that_cannot_be_says_where(folder: Path) -> None:
    for wrong, says in [
        ('layers = ["../a.toml"]', "is not a file of the project"),
        ('layers = ["a.toml", "b.toml"]\nfiles = ["c.toml"]', "layers are files already"),
        ('layers = ["a.toml", "b.toml"]\ntargets = ["live.toml"]', "live.toml: is one file by its name"),
        (
            'layers = ["a.toml"]\ntargets = [{ file = "live.toml" }]',
            "is one file, and the config has layers",
        ),
        ('layers = ["a.toml"]\ntargets = ["live", "live"]', "is a target of 'app' already"),
    ]:
        write(".", {"confguard.toml": f"[configs.app]\n{wrong}\n"})
        code, told = command("status")
        assert (code, says in told, "confguard.toml:" in told) == (2, True, True), (wrong, told)


def test_a_process_that_goes_to_another_folder_finds_its_files_where_they_were(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("elsewhere").mkdir()
    separate = SeparateFiles.of(
        {name: FileTarget(Path(f"apart/{name}")) for name in LAYERS}, Layout(LAYERS, layered=True)
    )
    Path("apart").mkdir()
    guard = layered(targets=["live", separate])
    guard.apply(guard.plan("conf", reason="start"))
    conf = Path("conf").absolute()
    monkeypatch.chdir("elsewhere")
    assert guard.drift() == ()
    guard.apply(guard.plan(conf, reason="again"))
    guard.apply(guard.plan({"prod.yaml": {"db": {"pool": 5}}}, reason="less"))
    monkeypatch.chdir(folder)
    assert list(Path("elsewhere").iterdir()) == []
    assert "pool: 5" in held("live")["prod.yaml"]
    assert "pool: 5" in Path("apart/prod.yaml").read_text()


@pytest.mark.parametrize("where", [".", "deep/down"])
def test_a_range_is_judged_alike_from_wherever_one_stands(
    repository: Path, where: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("deep/down").mkdir(parents=True)
    Path("confguard.toml").write_text('[configs.app]\nlayers = ["conf/base.toml", "conf/prod.yaml"]\n')
    write("conf", {"base.toml": "[db]\npool_size = 64\n", "prod.yaml": "db:\n  pool_size: 32\n"})
    for words in (["add", "-A"], ["commit", "-qm", "start"]):
        subprocess.run(["git", *words], check=True)
    write("conf", {"base.toml": "[db]\npool_size = 4\n"})  # which the layer above does not let through
    subprocess.run(["git", "commit", "-qam", "less"], check=True)
    monkeypatch.chdir(where)
    main(["assess", "--git", "HEAD~1..HEAD", "--format", "json", "--no-history"])
    (judged,) = json.loads(capsys.readouterr().out)["files"]
    assert judged["file"] == "conf/base.toml"
    assert (judged["score"], judged["findings"]) == (0, [])


def test_the_helper_for_tests_drills_a_layer_as_the_command_does(project: Path) -> None:
    code, printed = command("drill", "conf/prod.yaml", "--limit", "40", "--format", "json")
    assert (code, json.loads(printed)) == (0, drill("conf/prod.yaml", limit=40).to_json())


def test_where_one_file_is_compared_the_files_of_a_config_are_listed(project: Path) -> None:
    for asked in (("diff", "app", "other.yaml"), ("assess", "app", "other.yaml")):
        code, told = command(*asked)
        assert (code, "'app' has several files, and one is taken here" in told) == (2, True)
        assert "conf/base.toml, conf/prod.yaml" in told


JOBS = """
[policy]
accept = [
  { code = "CG101", path = "every", reason = "the queue is short" },
  { code = "CG206", path = "every", reason = "the queue is short" },
]

[[policy.paths]]
match = ["limit"]
review = 1
block = 2

[[rules]]
code = "OWN-1"
when = "path == 'retries'"
message = "retries are not changed"
severity = "critical"

[configs.jobs]
files = ["jobs/*.toml"]
targets = ["live"]
"""


@pytest.mark.parametrize(
    ("after", "decision"),
    [
        ("every = '5m'\nlimit = 20\nretries = 3\n", "block"),
        ("every = '5s'\nlimit = 40\nretries = 3\n", "allow"),
        ("every = '5m'\nlimit = 40\nretries = 4\n", "block"),
        (None, "block"),
    ],
    ids=["a path's policy", "an acceptance", "a rule of the project", "a file that goes"],
)
def test_hook_and_plan_say_the_same_of_a_file_among_several(
    folder: Path, after: str | None, decision: str
) -> None:
    """Policies name settings, whether a file is judged with the others of its config or by itself."""
    before = "every = '5m'\nlimit = 40\nretries = 3\n"
    write(".", {"confguard.toml": JOBS, "jobs/mail.toml": before, "jobs/report.toml": before})
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "start"]):
        subprocess.run(["git", *words], check=True)
    assert command("apply", "jobs", "--reason", "start")[0] == 0
    if after is None:
        Path("jobs/mail.toml").unlink()
    else:
        Path("jobs/mail.toml").write_text(after)
    subprocess.run(["git", "add", "."], check=True)
    judged = json.loads(command("--no-history", "--format", "json", program=hook)[1])
    planned = json.loads(command("plan", "jobs", "--format", "json")[1])
    codes = {finding["code"] for file in judged["files"] for finding in file["findings"]}
    assert {finding["code"] for finding in planned["findings"]} == codes
    assert (judged["files"][0]["decision"], planned["decision"]) == (decision, decision)


@pytest.mark.parametrize(
    ("target", "is_folder"),
    [
        ("live", True),
        ("conf.d", True),
        ("v1.2/", True),
        ("live.toml", False),
        (".env", False),
        ("live.txt", False),
    ],
)
def test_a_target_of_several_files_is_a_folder_by_its_name(
    folder: Path, target: str, is_folder: bool
) -> None:
    def opened() -> cg.Guard:
        return cg.Guard("x", store="memory://", layers=["a.toml", "b.toml"], targets=[target])

    if is_folder:
        opened()
    else:
        with pytest.raises(TargetError, match="is one file by its name, and the config has several"):
            opened()
    Path("there").write_text("")
    with pytest.raises(TargetError, match="is one file, and the config has layers"):
        cg.Guard("x", store="memory://", layers=["a.toml"], targets=["there"])
