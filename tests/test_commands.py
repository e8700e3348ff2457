"""Every command of `confguard --help`: exit codes by one rule, configs by name, and the whole project without one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import confguard as cg
from confguard.cli import build_parser, main
from conftest import ROOT, git

Capture = pytest.CaptureFixture[str]
BEFORE = "max_inflight = 400\nverify_tls = true\n"
AFTER = "max_inflight = 400\nverify_tls = false\n"
PROJECT = """
[configs.auth]
files = ["auth.toml"]
targets = ["live.toml"]
schema = "exit_models:Auth"

[configs.web]
files = ["conf.d/**/*.yaml"]
targets = ["web.live.yaml"]
"""
MODELS = """
from dataclasses import dataclass

@dataclass
class Auth:
    max_inflight: int = 400
    verify_tls: bool = True
"""


@pytest.fixture
def project(repository: Path) -> Path:
    Path("confguard.toml").write_text(PROJECT)
    Path("exit_models.py").write_text(MODELS)
    Path("auth.toml").write_text(BEFORE)
    Path("after.toml").write_text(AFTER)
    Path("conf.d").mkdir()
    Path("conf.d/web.yaml").write_text("port: 8080\n")
    git("add", ".")
    git("commit", "--quiet", "-m", "start")
    return repository


def run(capsys: Capture, command: str) -> tuple[int, str, str]:
    capsys.readouterr()
    try:
        code = main(command.split())
    except SystemExit as ended:
        code = int(ended.code or 0)
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return code, said.out, said.err


def commands() -> dict[str, Any]:
    (subparsers,) = (action for action in build_parser()._actions if action.choices)
    return dict(subparsers.choices or {})


def applied() -> None:
    assert main(["apply", "auth", "--reason", "start"]) == 0
    assert main(["apply", "web", "conf.d/web.yaml", "--reason", "start"]) == 0


def changed() -> None:
    applied()
    Path("auth.toml").write_text(BEFORE.replace("400", "401"))
    assert main(["apply", "auth", "--reason", "more", "--approved-by", "eva"]) == 0


def drifted() -> None:
    applied()
    Path("live.toml").write_text(BEFORE.replace("400", "399"))


def edited() -> None:
    applied()
    Path("live.toml").write_text(AFTER)


def exported() -> None:
    applied()
    assert main(["export", "auth", "copy"]) == 0


def damaged() -> None:
    exported()
    Path("copy").write_bytes(Path("copy").read_bytes()[:-9])


def broken() -> None:
    Path("auth.toml").write_text("max_inflight = 'many'\n")


def nothing() -> None:
    """All is as the fixture left it."""


GOOD: dict[str, tuple[Callable[[], None], str]] = {
    "store": (lambda: None, "store setup postgresql://dba@db/app --reader auth"),
    "init": (lambda: Path("confguard.toml").unlink(), "init"),
    "check": (nothing, "check"),
    "diff": (nothing, "diff auth.toml after.toml"),
    "assess": (nothing, "assess auth.toml auth.toml"),
    "plan": (nothing, "plan auth"),
    "apply": (nothing, "apply auth --reason x"),
    "revert": (changed, "revert auth --reason x"),
    "status": (applied, "status"),
    "log": (applied, "log auth"),
    "suspects": (changed, "suspects"),
    "blame": (applied, "blame auth"),
    "show": (applied, "show auth"),
    "drift": (applied, "drift"),
    "adopt": (drifted, "adopt auth --reason x --approved-by eva"),
    "tell": (applied, "tell auth"),
    "recover": (applied, "recover"),
    "agent": (applied, "agent --once"),
    "verify": (applied, "verify"),
    "thin": (changed, "thin auth"),
    "export": (applied, "export auth copy"),
    "import": (exported, "import copy"),
    "schema": (nothing, "schema docs"),
    "explain": (nothing, "explain"),
    "rules": (nothing, "rules CG201"),
    "git": (nothing, "git install"),
    "backtest": (nothing, "backtest ."),
    "drill": (nothing, "drill auth --limit 20"),
}
NO: dict[str, tuple[Callable[[], None], str]] = {
    "check": (broken, "check"),
    "diff": (nothing, "diff --exit-code auth.toml after.toml"),
    "assess": (nothing, "assess auth.toml after.toml"),
    "plan": (applied, "plan auth after.toml"),
    "apply": (applied, "apply auth after.toml --reason x"),
    "revert": (nothing, ""),
    "status": (drifted, "status"),
    "suspects": (applied, "suspects"),
    "drift": (drifted, "drift"),
    "adopt": (edited, "adopt auth --reason x"),
    "verify": (nothing, ""),
    "import": (damaged, "import copy"),
    "schema": (nothing, "schema check exit_models:Auth narrower.json"),
    "git": (nothing, ""),
    "demo": (nothing, ""),
}
"""An empty command: what is a no to it is tested where that can be brought about."""
CANNOT = {
    "demo": "demo --seconds soon",
    "init": "init",
    "check": "check none.toml",
    "diff": "diff none.toml auth.toml",
    "assess": "assess none.toml auth.toml",
    "plan": "plan auht",
    "apply": "apply auth none.toml --reason x",
    "confirm": "confirm auth",
    "extend": "extend auth 10m",
    "revert": "revert auth --reason x",
    "status": "status auht",
    "log": "log auht",
    "suspects": "suspects --at soon",
    "blame": "blame none.toml",
    "show": "show auth 7",
    "drift": "drift auht",
    "adopt": "adopt auth --reason x",
    "tell": "tell auth",
    "recover": "recover auht",
    "agent": "agent auht",
    "verify": "verify auht",
    "thin": "thin auth --keep 1",
    "export": "export auth none/copy",
    "import": "import none",
    "schema": "schema docs nope:Model",
    "explain": "explain nope:Model",
    "rules": "rules CG999",
    "git": "git merge-driver",
    "backtest": "backtest none",
    "drill": "drill none",
    "store": "store setup sqlite:///x.db",
}


@pytest.mark.parametrize("name", GOOD)
def test_0_is_good(name: str, project: Path, capsys: Capture) -> None:
    before, command = GOOD[name]
    before()
    code, _, err = run(capsys, command)
    assert code == 0, err


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, (_, command) in NO.items() if command])
def test_1_says_no(name: str, project: Path, capsys: Capture) -> None:
    Path("narrower.json").write_text('{"type": "object", "properties": {"max_inflight": {"maximum": 5}}}')
    before, command = NO[name]
    before()
    assert run(capsys, command)[0] == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", CANNOT)
def test_2_could_not_run(name: str, project: Path, capsys: Capture) -> None:
    code, out, err = run(capsys, CANNOT[name])
    assert (code, out) == (2, "")
    assert err.startswith(("confguard: ", "usage: "))
    assert run(capsys, f"{name} --no-such-option")[0] == 2


def test_every_command_is_held_to_the_rule() -> None:
    names = set(commands())
    assert names == set(CANNOT)
    assert names - set(GOOD) == {
        "demo",
        "confirm",
        "extend",
    }  # tested where the demo runs, and where something bakes


def test_every_code_that_a_command_documents_is_in_the_table() -> None:
    page = (ROOT / "docs/reference/exit-codes.md").read_text()
    rows = re.findall(r"^\| ([\d, ]+) \| .* \|$", page, re.M)
    table = {int(code) for row in rows for code in row.split(", ")}
    for name, command in commands().items():
        told = " ".join(command.epilog.partition("exit codes: ")[2].split())
        codes = {int(code) for code in re.findall(r"(?:^|[,;] |with --exit-code | or )(\d+)\b", told)}
        assert {0, 2} <= codes <= table, (name, told)
        assert "2 cannot run" in told or "2 something cannot be written" in told
        # A live drill that is given up is tested where it is played.
        assert (1 in codes) == (name in NO or name == "drill"), (name, told)


@pytest.mark.parametrize(
    "command", ["check", "drift", "explain", "schema docs", "status", "suspects", "verify"]
)
def test_without_a_project_the_whole_of_it_cannot_be_taken(
    command: str, folder: Path, capsys: Capture
) -> None:
    code, out, err = run(capsys, command)
    assert (code, out) == (2, "")
    assert "no confguard.toml here or in a folder above" in err


def test_check_takes_the_whole_project_or_a_config(project: Path, capsys: Capture) -> None:
    Path("conf.d/deep").mkdir()
    Path("conf.d/deep/more.yaml").write_text("port: 080\nport: 81\n")
    Path("conf.d/other.txt").write_text("no config")
    broken()
    code, out, _ = run(capsys, "check")
    assert code == 1
    assert "auth.toml:1:" in out
    assert "conf.d/deep/more.yaml:" in out
    assert "3 files checked: 2 findings" in out
    assert run(capsys, "check web")[1].endswith("2 files checked: 1 finding\n")
    assert run(capsys, "check auth")[1].endswith("1 file checked: 1 finding\n")
    Path("sub").mkdir()


def test_what_cannot_be_read_hides_no_findings(project: Path, capsys: Capture) -> None:
    broken()
    code, out, err = run(capsys, "check none.toml auth.toml --format json")
    made = json.loads(out)
    assert (code, made["ok"], len(made["findings"])) == (2, False, 1)
    assert made["errors"]["none.toml"]["message"].startswith("none.toml: no such file")
    assert err.startswith("confguard: none.toml: no such file")


def test_from_a_folder_below_paths_are_seen_from_there(
    project: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken()
    monkeypatch.chdir("conf.d")
    assert run(capsys, "check auth")[1].startswith("../auth.toml:1:")
    assert "\n../auth.toml:1:" in f"\n{run(capsys, 'plan auth')[2].removeprefix('confguard: ')}"


def test_a_range_is_judged_alike_from_every_folder(
    project: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("live").mkdir()
    for file in ("conf.d/web.yaml", "live/web.yaml", "auth.toml"):
        Path(file).write_text("replicas: 3\n" if file.endswith("yaml") else AFTER)
    git("add", ".")
    git("commit", "--quiet", "-m", "two")
    Path("confguard.toml").write_text(PROJECT.replace('schema = "exit_models:Auth"', 'impact = "critical"'))
    whole = run(capsys, "assess --git HEAD~1..HEAD --format json")
    one = run(capsys, "assess HEAD~1:auth.toml HEAD:auth.toml --format json")
    assert "critical impact" in one[1]
    assert [each["file"] for each in json.loads(whole[1])["files"]] == ["auth.toml", "conf.d/web.yaml"]
    monkeypatch.chdir("conf.d")
    assert run(capsys, "assess --git HEAD~1..HEAD --format json") == whole
    assert run(capsys, "assess HEAD~1:auth.toml HEAD:auth.toml --format json") == one


@pytest.mark.parametrize("command", ["diff {} after.toml", "assess {} after.toml", "assess after.toml {}"])
def test_a_configs_name_stands_for_its_file(command: str, project: Path, capsys: Capture) -> None:
    by_file = run(capsys, command.format("auth.toml"))
    assert run(capsys, command.format("auth")) == by_file
    Path("auth").write_text("{}")  # a file of that name comes first
    assert run(capsys, command.format("auth") + " --as toml")[0] == 2


def test_a_configs_name_stands_for_its_schema(project: Path, capsys: Capture) -> None:
    for what in ("docs", "json", "example"):
        whole = run(capsys, f"schema {what} exit_models:Auth")
        assert whole[0] == 0
        assert run(capsys, f"schema {what} auth") == whole
    assert run(capsys, "schema migrate auth")[:2] == (0, BEFORE)
    assert run(capsys, "explain auth") == run(capsys, "explain exit_models:Auth auth.toml")
    code, _, err = run(capsys, "schema docs web")
    assert code == 2
    assert "'web' has no schema" in err


def test_explain_and_schema_take_all_that_have_a_schema(project: Path, capsys: Capture) -> None:
    code, out, _ = run(capsys, "explain --format json")
    assert (code, list(json.loads(out))) == (0, ["auth"])
    assert run(capsys, "explain")[1].startswith("auth:\n  max_inflight = 400\n      from auth.toml:1:1\n")
    assert run(capsys, "schema docs")[1] == run(capsys, "schema docs auth")[1]
    assert list(json.loads(run(capsys, "schema json")[1])) == ["auth"]


def test_drift_looks_at_all_configs(project: Path, capsys: Capture) -> None:
    drifted()
    Path("web.live.yaml").write_text("port: 1\n")
    code, out, _ = run(capsys, "drift")
    assert code == 1
    assert "auth: live.toml: 1 value differs" in out
    assert "web: web.live.yaml: 1 value differs" in out
    made = json.loads(run(capsys, "drift --format json")[1])
    assert [each["config"] for each in made["drift"]] == ["auth", "web"]
    assert len(json.loads(run(capsys, "drift web --format json")[1])["drift"]) == 1
    code, out, _ = run(capsys, "drift --for 50ms --repair --format json")
    assert (code, len(out.splitlines())) == (0, 2)
    assert run(capsys, "drift")[:2] == (0, "no drift\n")


def test_assess_ends_with_1_where_it_blocks(project: Path, capsys: Capture) -> None:
    Path("review.toml").write_text(BEFORE.replace("400", "40"))
    assert run(capsys, "assess auth.toml review.toml")[:1] == (0,)
    assert run(capsys, "assess auth.toml review.toml --fail-on review")[0] == 1
    Path("auth.toml").write_text(AFTER)
    git("commit", "--quiet", "-am", "faster")
    for form in ("text", "json", "github", "sarif", "junit", "markdown", "gitlab"):
        assert run(capsys, f"assess --git HEAD~1..HEAD --format {form}")[0] == 1


def test_a_plan_needs_no_reason_and_applying_it_does(folder: Path) -> None:
    with cg.Guard("pool", store="memory://", targets=["pool.toml"]) as guard:
        plan = guard.plan({"size": 4})
        assert plan.reason is None
        assert plan.to_json()["reason"] is None
        for reason in (None, " "):
            with pytest.raises(ValueError, match="a reason is required"):
                guard.apply(plan, reason=reason)
        assert guard.head() is None
        assert not Path("pool.toml").exists()
        assert guard.apply(plan, reason="start").reason == "start"
        with pytest.raises(ValueError, match="a reason is required"):
            guard.plan({"size": 5}, reason=" ")
        with pytest.raises(ValueError, match="a reason is required"):
            cg.Group(guard).apply([guard.plan({"size": 5})])


def test_what_cannot_be_written_is_told_in_a_line(project: Path, capsys: Capture) -> None:
    applied()
    for command in (
        "check --write-baseline none/x",
        "backtest . --html none/x",
        "export auth none/x",
    ):
        code, out, err = run(capsys, command)
        assert (code, out) == (2, "")
    code, _, err = run(capsys, "check --write-baseline none/x")
    assert err.startswith("confguard: none/x: No such file or directory")


def test_files_that_are_each_judged_by_itself_are_each_explained_by_itself(
    project: Path, capsys: Capture
) -> None:
    """What one says does not shadow what another says."""
    text = Path("confguard.toml").read_text()
    Path("confguard.toml").write_text(
        text.replace('files = ["auth.toml"]', 'files = ["auth.toml", "more.toml"]')
    )
    Path("more.toml").write_text("max_inflight = 300\n")
    code, out, _ = run(capsys, "explain auth")
    assert (code, "max_inflight = 400" in out, "max_inflight = 300" in out, "over 300" in out) == (
        0,
        True,
        True,
        False,
    )
    assert out.startswith("auth auth.toml:\n")
    assert list(json.loads(run(capsys, "explain --format json")[1])) == ["auth auth.toml", "auth more.toml"]


def test_where_no_config_has_a_schema_that_is_said(project: Path, capsys: Capture) -> None:
    Path("confguard.toml").write_text('[configs.web]\nfiles = ["web.yaml"]\n')
    for command in ("explain", "schema docs"):
        code, _, err = run(capsys, command)
        assert (code, "no config here has a schema" in err) == (2, True)


@pytest.mark.parametrize(
    "command", ["check aut", "drill aut", "explain aut", "schema docs aut", "diff aut web.yaml", "plan aut"]
)
def test_a_misspelt_config_is_told_the_same_everywhere(command: str, project: Path, capsys: Capture) -> None:
    code, _, err = run(capsys, command)
    assert code == 2
    assert "no config 'aut' (did you mean 'auth'?)" in err


def test_files_and_folders_with_names_like_a_config_are_themselves(project: Path, capsys: Capture) -> None:
    for folder in ("autha", "authb"):
        Path(folder).mkdir()
        Path(folder, "auths").write_text("x")
        Path(folder, "a.toml").write_text(f"x = '{folder}'\n")
    code, out, err = run(capsys, "diff autha authb")
    assert (code, err) == (0, "")
    assert 'x: "autha" -> "authb"' in out


@pytest.mark.parametrize(
    ("command", "says", "hint"),
    [
        ("check unnamed", "unnamed: unknown format: no suffix", "name it with --as: "),
        ("plan auth unnamed", "unnamed: unknown format: no suffix", "`format` of the config: "),
        ("check conf.d", "conf.d: is a folder", ""),
        ("assess after.toml conf.d", "conf.d: is a folder", ""),
        ("plan auth conf.d", "conf.d: is a folder", ""),
        ("plan auth -", "not from standard input", "name the FILE"),
        ("plan two -", "not from standard input", "name the FILE"),
        ("schema migrate two", "'two' has several files", "name it: auth.toml, after.toml"),
        ("check --baseline none.json", "none.json: no such file", "--write-baseline FILE"),
        ("schema docs auth more", "'more' is one too many", ""),
        ("plan gone", "gone.toml: no such file", ""),
        ("plan folder", "conf.d: is a folder", ""),
        ("plan none", "'none' names no files", "[configs.none]"),
        ("plan nothing", "'nothing' has no file: nothing matches x*.toml", "[configs.nothing]"),
    ],
)
def test_what_is_no_file_that_can_be_read_is_said(
    command: str, says: str, hint: str, project: Path, capsys: Capture
) -> None:
    Path("unnamed").touch()
    more = '[configs.two]\nlayers = ["auth.toml", "after.toml"]\nschema = "exit_models:Auth"\n'
    more += "[configs.none]\nlayers = []\n"
    named = {"gone": "gone.toml", "folder": "conf.d", "nothing": "x*.toml"}
    more += "".join(f'[configs.{name}]\nfiles = ["{file}"]\n' for name, file in named.items())
    Path("confguard.toml").write_text(PROJECT + more)
    code, _, err = run(capsys, command)
    assert (code, says in err, hint in err, "--as" in err) == (2, True, True, "--as" in hint), err


def test_json_of_several_configs_tells_of_those_with_errors(project: Path, capsys: Capture) -> None:
    Path("bad_models.py").write_text("from exit_models import Nothing\n")
    bad = '[configs.bad]\nfiles = ["after.toml"]\nschema = "bad_models:Auth"\n'
    Path("confguard.toml").write_text(PROJECT + bad)
    for command in ("explain", "schema docs", "schema json"):
        code, out, err = run(capsys, f"{command} --format json")
        made = json.loads(out)
        assert (code, list(made)) == (2, ["auth", "bad"])
        assert "cannot import name 'Nothing'" in made["bad"]["error"]["message"]
        assert "configs.bad.schema: " in err
        assert "searched in" not in err, "the module was found"


@pytest.mark.parametrize(
    "command",
    ["check", "explain", "schema docs", "verify", "status", "drift", "recover", "agent", "agent --once"],
)
def test_a_project_without_configs_says_so(command: str, folder: Path, capsys: Capture) -> None:
    """Nothing was looked at: that is not all well."""
    Path("confguard.toml").touch()
    code, out, err = run(capsys, command)
    assert (code, out, "confguard.toml: no config there" in err) == (2, "", True)
    assert "`files` or `layers`" in err


def test_check_says_where_no_schema_is_known(project: Path, capsys: Capture) -> None:
    for command, summary in [
        ("auth.toml", "1 file checked: no findings"),
        ("web", "1 file checked: no findings (no schema is known of it)"),
        ("", "2 files checked: no findings (no schema is known of 1)"),
    ]:
        assert run(capsys, f"check {command}")[:2] == (0, f"{summary}\n")
