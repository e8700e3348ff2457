"""The command line, as a user or a program calls it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from confguard.cli import build_parser, main
from conftest import git, incidents

Capture = pytest.CaptureFixture[str]
AUTH = next(each for each in incidents() if each["id"] == "auth-2024")
PROJECT = """
[configs.auth]
files = ["auth.toml"]
targets = ["live.toml"]
owners = ["login team"]
"""


@pytest.fixture
def project(folder: Path) -> Path:
    Path("confguard.toml").write_text(PROJECT)
    Path("auth.toml").write_text(AUTH["before"])
    Path("faster.toml").write_text(AUTH["after"])
    Path("live.toml").write_text(AUTH["before"])
    return folder


def run(capsys: Capture, *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return code, said.out, said.err


def run_json(capsys: Capture, *arguments: str) -> tuple[int, Any]:
    code, out, _ = run(capsys, *arguments, "--format", "json")
    return code, json.loads(out)


PAIRS = {
    "toml": ("pool = 64\n", "pool = 4\n", ["pool"], 64, 4),
    "yaml": ("pool: 64\n", "pool: 4\n", ["pool"], 64, 4),
    "json": ('{"pool": 64}', '{"pool": 4}', ["pool"], 64, 4),
    "ini": ("[a]\npool = 64\n", "[a]\npool = 4\n", ["a", "pool"], "64", "4"),
    "env": ("POOL=64\n", "POOL=4\n", ["POOL"], "64", "4"),
}


@pytest.mark.parametrize("format", PAIRS)
def test_json_of_diff_assess_and_check_for_every_format(format: str, folder: Path, capsys: Capture) -> None:
    before, after, path, old, new = PAIRS[format]
    Path(f"before.{format}").write_text(before)
    Path(f"after.{format}").write_text(after)
    code, made = run_json(capsys, "diff", f"before.{format}", f"after.{format}")
    assert (code, made["same"]) == (0, False)
    (change,) = made["changes"]
    assert change.pop("display").endswith("(16 times less)")
    line = 2 if format == "ini" else 1
    assert change.pop("column") >= 1
    assert change.pop("effect") == {"word": "less", "ratio": 0.0625, "magnitude": -1}
    assert change == {"op": "replace", "path": path, "before": old, "after": new, "line": line}

    code, made = run_json(capsys, "assess", f"before.{format}", f"after.{format}")
    assert (code, made["score"], made["level"], made["decision"]) == (0, 60, "high", "review")
    (finding,) = made["findings"]
    assert (finding["code"], finding["severity"], finding["path"]) == ("CG201", "high", path)
    assert (finding["file"], finding["line"]) == (f"after.{format}", line)
    assert finding["message"]
    assert finding["advice"]
    assert sum(factor["points"] for factor in made["factors"]) == made["score"]
    assert all(factor["name"] and factor["why"] for factor in made["factors"])

    code, made = run_json(capsys, "check", f"after.{format}")
    assert (code, made) == (0, {"ok": True, "findings": []})


def test_diff_in_text(project: Path, capsys: Capture) -> None:
    code, out, _ = run(capsys, "diff", "auth.toml", "faster.toml")
    assert (code, out) == (
        0,
        "2 changes: 2 less\n"
        "  server.max_inflight: 400 -> 40 (10 times less)\n"
        '  server.backend_timeout: "2s" -> "20ms" (100 times less)\n',
    )
    assert run(capsys, "diff", "--exit-code", "auth.toml", "faster.toml")[0] == 1
    code, out, _ = run(capsys, "diff", "--exit-code", "auth.toml", "auth.toml")
    assert (code, out) == (0, "no change in meaning\n")


@pytest.mark.parametrize(
    ("threshold", "after", "code"), [("block", "faster", 1), ("review", "faster", 1), ("review", "auth", 0)]
)
def test_assess_fails_from_a_decision_on(
    project: Path, capsys: Capture, threshold: str, after: str, code: int
) -> None:
    ended, out, _ = run(capsys, "assess", "--fail-on", threshold, "auth.toml", f"{after}.toml")
    assert ended == code
    assert out.startswith("block: risk 83 of 100 (critical)" if code else "allow: risk 0 of 100 (low)")


def test_git_revisions_are_read_as_git_names_them(repository: Path, capsys: Capture) -> None:
    Path("auth.toml").write_text(AUTH["before"])
    git("add", ".")
    git("commit", "--quiet", "-m", "one")
    Path("auth.toml").write_text(AUTH["after"])
    assert run_json(capsys, "diff", "HEAD:auth.toml", "auth.toml")[1]["same"] is False
    assert run_json(capsys, "diff", ":auth.toml", "auth.toml")[1]["same"] is False
    code, _, err = run(capsys, "diff", "HEAD:none.toml", "auth.toml")
    assert code == 2
    assert err.startswith("confguard: HEAD:none.toml: git: path 'none.toml' does not exist in 'HEAD'")
    assert "hint" not in err


def test_a_path_of_git_from_a_folder_below_is_told(
    repository: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("sub").mkdir()
    Path("sub/auth.toml").write_text(AUTH["before"])
    git("add", ".")
    git("commit", "--quiet", "-m", "one")
    monkeypatch.chdir("sub")
    for before in ("HEAD:auth.toml", ":auth.toml"):
        code, _, err = run(capsys, "assess", before, "auth.toml")
        assert code == 2
        here = before.replace(":", ":./")
        assert f"hint: git counts paths from the root of the repository; from here, it is {here}\n" in err
        assert run_json(capsys, "diff", here, "auth.toml")[1]["same"] is True


@pytest.mark.slow
def test_standard_input(folder: Path) -> None:
    Path("a.toml").write_text("a = 1\n")
    command = [sys.executable, "-m", "confguard", "diff", "a.toml", "-", "--as", "toml", "--format", "json"]
    ended = subprocess.run(command, input="a = 2\n", capture_output=True, text=True)
    assert json.loads(ended.stdout)["changes"][0]["after"] == 2
    ended = subprocess.run(command[:-4], input="a = 2\n", capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "say it with --as" in ended.stderr


def test_check_reports_every_problem_with_its_place(folder: Path, capsys: Capture) -> None:
    Path("models.py").write_text(
        "from pydantic import BaseModel\nclass App(BaseModel):\n    port: int\n    debug: bool = False\n"
    )
    Path("bad.toml").write_text("debug = 'maybe'\nprot = 80\n")
    Path("torn.yaml").write_text("a: [1\n")
    sys.modules.pop("models", None)
    code, out, _ = run(capsys, "check", "--schema", "models:App", "bad.toml", "torn.yaml")
    assert code == 1
    assert "bad.toml:1:1: CG002 high: debug: expected a valid boolean" in out
    assert "bad.toml:2:1: CG002 high: prot: unknown key (did you mean 'port'?)" in out
    assert re.search(r"torn\.yaml:\d+:\d+: CG001 critical:", out)
    assert "2 files checked: 4 findings" in out
    assert max(map(len, out.splitlines())) <= 120
    code, made = run_json(capsys, "check", "torn.yaml")
    assert (code, made["ok"], made["findings"][0]["code"]) == (1, False, "CG001")


def test_a_change_from_plan_to_revert(project: Path, capsys: Capture) -> None:
    code, made = run_json(capsys, "plan", "auth", "faster.toml", "--reason", "speed", "--author", "ana")
    assert (code, made["decision"], made["base"], made["author"]) == (1, "block", 0, "ana")
    assert len(made["diff"]["changes"]) == 2

    code, out, err = run(capsys, "apply", "auth", "faster.toml", "--reason", "speed")
    assert code == 1
    assert "block: risk 83" in out
    assert "the policy blocks this change" in err
    assert Path("live.toml").read_text() == AUTH["before"]

    code, out, _ = run(capsys, "apply", "auth", "faster.toml", "--reason", "speed", "--override", "the boss")
    assert code == 0
    assert "revision 2 is in force" in out
    assert Path("live.toml").read_text() == AUTH["after"]

    code, made = run_json(capsys, "log", "auth")
    assert [(each["number"], each["override"]) for each in made] == [(2, "the boss"), (1, None)]
    assert "override: the boss" in run(capsys, "log", "auth", "--limit", "1")[1]

    code, out, _ = run(capsys, "revert", "auth", "--reason", "logins fail")
    assert (code, Path("live.toml").read_text()) == (0, AUTH["before"])
    code, _, err = run(capsys, "revert", "auth", "--reason", "again")
    assert code == 3
    assert "is a revert already" in err
    assert run(capsys, "revert", "auth", "--reason", "again", "--to", "1")[0] == 0

    code, out, _ = run(capsys, "show", "auth", "2")
    assert "server.max_inflight: 400 -> 40" in out
    assert run_json(capsys, "show", "auth")[1]["diff"]["same"] is True
    assert "the first revision" in run(capsys, "show", "auth", "1")[1]
    assert run_json(capsys, "verify")[1] == {"auth": 4}
    assert run_json(capsys, "status")[1][0]["owners"] == ["login team"]
    assert "owners: login team\n" in run(capsys, "status")[1]
    assert run_json(capsys, "plan", "auth")[1]["owners"] == ["login team"]
    assert run(capsys, "log", "auth", "--before", "1")[:2] == (0, "'auth' has no revision before 1\n")


@pytest.mark.slow
def test_show_gives_the_exact_bytes(project: Path) -> None:
    main(["apply", "auth", "--reason", "start", "--format", "json"])
    command = [sys.executable, "-m", "confguard", "show", "auth", "--raw"]
    assert subprocess.run(command, capture_output=True).stdout.decode() == AUTH["before"]


def test_a_review_needs_a_name(project: Path, capsys: Capture) -> None:
    Path("next.toml").write_text(AUTH["before"].replace("pool_size = 64", "pool_size = 4"))
    run(capsys, "apply", "auth", "--reason", "start")
    code, _, err = run(capsys, "apply", "auth", "next.toml", "--reason", "less")
    assert code == 1
    assert "the policy asks for a review: risk 60" in err
    code, made = run_json(capsys, "apply", "auth", "next.toml", "--reason", "less", "--approved-by", "eva")
    assert (code, made["approved_by"]) == (0, "eva")


def test_what_does_not_fit_comes_with_its_problems(project: Path, capsys: Capture) -> None:
    Path("confguard.toml").write_text(PROJECT + 'schema = "confguard.demo.settings:AuthSettings"\n')
    Path("next.toml").write_text(AUTH["before"].replace("max_inflight = 400", "max_inflight = 0"))
    code, made = run_json(capsys, "plan", "auth", "next.toml", "--reason", "x")
    (problem,) = made["error"]["problems"]
    assert (code, problem["path"], problem["line"]) == (1, ["server", "max_inflight"], 3)
    code, _, err = run(capsys, "plan", "auth", "next.toml", "--reason", "x")
    assert "next.toml:3:1: server.max_inflight: expected greater than or equal to 1, got 0" in err


def test_confirm_needs_a_bake(project: Path, capsys: Capture) -> None:
    code, _, err = run(capsys, "apply", "auth", "--reason", "x", "--confirm")
    assert code == 2
    assert "add --bake TIME" in err


def test_an_expected_head(project: Path, capsys: Capture) -> None:
    code, _, err = run(capsys, "apply", "auth", "--reason", "start", "--expect", "7")
    assert code == 3
    assert "revision 7 was expected, and 0 is the head" in err


@pytest.mark.slow
def test_a_bake_reverts_and_says_so(project: Path, capsys: Capture) -> None:
    Path("confguard.toml").write_text(PROJECT + 'probes = [["false"]]\n')
    Path("next.toml").write_text(AUTH["before"].replace("75s", "70s"))
    code, out, err = run(capsys, "apply", "auth", "next.toml", "--reason", "x", "--bake", "4s")
    assert code == 4
    assert "probed revision 2: false: ended with 1" in out
    assert "reverted revision 3" in out
    assert "was reverted: false: ended with 1 (3 times in a row)" in err
    assert Path("live.toml").read_text() == AUTH["before"]


def test_a_bake_that_asks_nothing_is_told_in_words_of_the_command_line(
    project: Path, capsys: Capture
) -> None:
    code, _, err = run(capsys, "apply", "auth", "--reason", "x", "--bake", "10s")
    assert code == 2
    assert "--bake: a bake asks nothing: give it probes or monitors, or let it be confirmed" in err
    assert "or add --confirm" in err
    assert "confirm=True" not in err


def test_confirm_needs_something_to_confirm(project: Path, capsys: Capture) -> None:
    run(capsys, "apply", "auth", "auth.toml", "--reason", "start")
    code, _, err = run(capsys, "confirm", "auth")
    assert code == 2
    assert "no revision that waits to be confirmed" in err


def test_drift_and_status(project: Path, capsys: Capture) -> None:
    assert run(capsys, "status")[1].startswith("auth: no revision yet: there is no store")
    assert "there is no store" in run(capsys, "log", "auth")[2]
    assert run(capsys, "show", "auth")[0] == 2
    run(capsys, "apply", "auth", "--reason", "start")
    assert run(capsys, "drift", "auth")[:2] == (0, "no drift\n")
    assert run(capsys, "status", "auth")[0] == 0
    Path("live.toml").write_text("by hand = 1\n")
    code, out, _ = run(capsys, "drift", "auth")
    assert code == 1
    assert "live.toml: does not parse: Expected '='" in out
    code, out, _ = run(capsys, "status")
    assert code == 1
    assert "drift:" in out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["plan", "auht", "x.toml", "--reason", "x"], 2, "no config 'auht' (did you mean 'auth'?)"),
        (["plan", "auth", "none.toml", "--reason", "x"], 2, "none.toml: no such file"),
        (["diff", "none.toml", "auth.toml"], 2, "none.toml: no such file"),
        (["check", "--schema", "nope:Model", "auth.toml"], 2, "cannot import 'nope'"),
        (["check", "auth.toml", "--as", "tolm"], 2, "unknown format 'tolm' (did you mean 'toml'?)"),
        (["check", "README"], 2, "README: no such file"),
        (["rules", "CG999"], 2, "no rule 'CG999'"),
    ],
)
def test_mistakes_get_one_clear_message(
    project: Path, capsys: Capture, arguments: list[str], code: int, says: str
) -> None:
    ended, out, err = run(capsys, *arguments)
    assert (ended, out) == (code, "")
    assert says in err
    ended, made = run_json(capsys, *arguments)
    assert ended == code
    assert says.partition(": ")[2] in made["error"]["message"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["rules", "--format", "yaml"], "unknown --format 'yaml'; one of: text, json"),
        (["statu"], "unknown COMMAND 'statu' (did you mean 'status'?)"),
        (["apply", "auth"], "error: the following arguments are required: --reason"),
        (
            ["apply", "auth", "--resaon", "x", "--bake=1s"],
            "unrecognized arguments: --resaon (did you mean '--reason'?); the following arguments are required",
        ),
        (["plan", "auth", "--json"], "unrecognized arguments: --json (did you mean '--format json'?)"),
        (["apply", "auth", "--json"], "--json (did you mean '--format json'?); the following arguments are"),
        (["drift", "--json"], "unrecognized arguments: --json (did you mean '--format json'?)"),
        (["assess", "--sarif"], "unrecognized arguments: --sarif (did you mean '--format sarif'?)"),
        (["plan", "auth", "--reason", " "], "must not be empty"),
        (["apply", "auth", "--reason", "x", "--bake", "soon"], "expected a duration"),
        (["apply", "auth", "--reason", "x", "--bake", "0s"], "longer than 0"),
        (["show", "auth", "two"], "expected a revision's number, got 'two'"),
        (["log", "auth", "--limit", "0"], "must be 1 or more"),
        (
            ["check", "--fromat", "json"],
            "confguard check: error: unrecognized arguments: --fromat (did you mean",
        ),
        (["schema"], "required: one of json, example, docs, check, migrate"),
        (["log", "auth", "--limit", "x"], "expected a number, got 'x'"),
        (["thin", "auth", "--keep", "x"], "expected a number, got 'x'"),
    ],
)
def test_wrong_usage_ends_with_2(capsys: Capture, arguments: list[str], says: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert says in capsys.readouterr().err


def test_without_a_project_file(folder: Path, capsys: Capture) -> None:
    code, _, err = run(capsys, "status")
    assert code == 2
    assert "`confguard init` writes one" in err


def test_every_command_has_help_with_an_example(capsys: Capture) -> None:
    (subparsers,) = (action for action in build_parser()._actions if action.choices)
    names = set(subparsers.choices or ())
    wanted = "schema explain git check diff assess plan apply confirm revert log show status verify drift"
    wanted += " blame thin export import store adopt tell recover agent extend suspects"
    assert names == {*wanted.split(), "rules", "demo", "init", "backtest", "drill"}
    for name in names:
        with pytest.raises(SystemExit) as caught:
            main([name, "--help"])
        said = capsys.readouterr().out
        assert caught.value.code == 0
        assert f"example:\n  confguard {name}" in said
        assert "--format {text,json}" in said or "--format FORMAT" in said
        assert max(map(len, said.splitlines())) <= 80


def test_rules_are_listed_and_explained(capsys: Capture) -> None:
    code, out, _ = run(capsys, "rules")
    assert code == 0
    assert "CG201  high      a limit was cut" in out
    code, out, _ = run(capsys, "rules", "cg501")
    assert "Seen at: Google Compute Engine" in out
    assert run_json(capsys, "rules", "CG101")[1]["severity"] == "high"
    assert len(run_json(capsys, "rules")[1]) >= 30


def test_colour_is_for_terminals_that_want_it(
    project: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "\x1b" not in run(capsys, "assess", "auth.toml", "faster.toml")[1]
    monkeypatch.delenv("NO_COLOR")
    assert "\x1b" not in run(capsys, "assess", "auth.toml", "faster.toml")[1]
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1;31mblock\x1b[0m" in run(capsys, "assess", "auth.toml", "faster.toml")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run(capsys, "assess", "auth.toml", "faster.toml")[1]


def test_explanations_are_wrapped_at_a_terminal_and_findings_are_not(
    project: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = run(capsys, "assess", "auth.toml", "faster.toml")[1].splitlines()
    finding = next(line for line in elsewhere if line.startswith("faster.toml:"))
    assert len(finding) > 60
    assert any(line.startswith("   +60.0  ") and len(line) > 60 for line in elsewhere)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    lines = run(capsys, "assess", "auth.toml", "faster.toml")[1].splitlines()
    assert finding in lines
    factors = lines[1 : next(i for i, line in enumerate(lines) if line.startswith("faster.toml:"))]
    assert max(map(len, factors)) <= 60
    assert any(line.startswith(" " * 10) for line in factors)
    refused = run(capsys, "apply", "auth", "faster.toml", "--reason", "x", "--bake", "10s")[2].splitlines()
    assert refused[0].startswith("confguard: ")
    assert max(map(len, refused)) <= 60


def test_what_a_file_holds_cannot_drive_the_terminal(folder: Path, capsys: Capture) -> None:
    Path("a.json").write_text('{"a\\u001b[2J": "x\\u001b]0;owned\\u0007"}')
    Path("b.json").write_text('{"a\\u001b[2J": ""}')
    for command in (["diff"], ["assess"]):
        assert "\x1b" not in run(capsys, *command, "a.json", "b.json")[1]


def test_a_reader_that_has_seen_enough(folder: Path) -> None:
    command = f"{sys.executable} -m confguard rules | head -n 1; echo ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert "Traceback" not in ended.stderr
    assert ended.stdout.splitlines()[-1] in {"0", "141"}


def test_a_reader_that_is_gone_is_no_error_of_what_is_applied(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # what is planned would not come through already
    for name in ("auth.toml", "live.toml"):
        Path(name).write_text("pool = 64\n")
    command = f"{sys.executable} -m confguard apply auth --reason start | true; echo ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert (ended.stdout, ended.stderr) == ("141\n", "")
    assert main(["show", "auth"]) == 0


def test_init_names_what_it_finds(repository: Path, capsys: Capture) -> None:
    for name in (
        "auth.toml",
        "deploy/web.yaml",
        "deploy/eu/web.yaml",
        ".env",
        "pyproject.toml",
        "package.json",
    ):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    Path(".gitignore").write_text("secret.ini\n")
    Path("secret.ini").touch()
    code, out, _ = run(capsys, "init", "--dry-run")
    assert "[configs.auth]" in out
    assert not Path("confguard.toml").exists()
    code, made = run_json(capsys, "init")
    assert made["configs"] == {
        "env": [".env"],
        "auth": ["auth.toml"],
        "eu-web": ["deploy/eu/web.yaml"],
        "deploy-web": ["deploy/web.yaml"],
    }
    assert run(capsys, "status")[0] == 0
    code, _, err = run(capsys, "init")
    assert code == 2
    assert "exists already" in err


def test_init_without_git(folder: Path, capsys: Capture) -> None:
    Path("conf.d").mkdir()
    Path("conf.d/größe.ini").touch()
    Path("node_modules").mkdir()
    Path("node_modules/x.json").touch()
    assert run_json(capsys, "init")[1]["configs"] == {"größe": ["conf.d/größe.ini"]}
    assert run(capsys, "status")[0] == 0


def grown(capsys: Capture) -> None:
    """Three revisions; the first has a label."""
    for number, more in enumerate((["--label", "good", "--ticket", "OPS-7"], [], []), 1):
        Path("auth.toml").write_text(f"max_inflight = {400 - number}\nnumber_{number} = 1\n")
        assert (
            run(capsys, "apply", "auth", "--reason", f"number {number}", "--approved-by", "ben", *more)[0]
            == 0
        )


def test_reverts_by_label_time_and_alone(plain: Path, capsys: Capture) -> None:
    grown(capsys)
    assert run(capsys, "revert", "auth", "--label", "good", "--reason", "back")[1].startswith(
        "revision 4 is in force, with the bytes of 1"
    )
    code, out, err = run(capsys, "revert", "auth", "--reason", "again")
    assert (code, out) == (3, "")
    assert "revision 4 of 'auth' is a revert already, to 1, and in force: back" in err
    assert run(capsys, "revert", "auth", "--to", "3", "--reason", "x")[0] == 0
    code, out, _ = run(capsys, "revert", "auth", "--only", "3", "--reason", "the third was wrong")
    assert (code, out) == (0, "revision 6 is in force: revision 3 is taken back: the third was wrong\n")
    assert run(capsys, "revert", "auth", "--at", "2020-01-01", "--reason", "x")[2].startswith(
        "confguard: 'auth' has no revision at 2020-01-01"
    )
    with pytest.raises(SystemExit):
        run(capsys, "revert", "auth", "--at", "2020-13-01", "--reason", "x")
    assert "expected a time, got" in capsys.readouterr().err
    out = run(capsys, "log", "auth", "--before", "2")[1]
    assert "[good]  approved by ben" in out
    assert "number 1 (OPS-7)" in out
    Path("auth.toml").write_text("max_inflight = 5\n")
    run(capsys, "apply", "auth", "--reason", "fewer")
    code, _, err = run(capsys, "revert", "auth", "--only", "2", "--reason", "x")
    assert code == 1
    assert "revision 2 cannot be taken back by itself: changed again since" in err
    assert "max_inflight: ours is 5, theirs is 399, and it was 398" in err


def test_reverts_together(plain: Path, capsys: Capture) -> None:
    grown(capsys)
    Path("confguard.toml").write_text(
        Path("confguard.toml").read_text() + '\n[configs.web]\ntargets = ["web.live.toml"]\n'
    )
    Path("web.toml").write_text("port = 1\n")
    run(capsys, "apply", "web", "web.toml", "--reason", "start", "--label", "good")
    Path("web.toml").write_text("port = 2\n")
    run(capsys, "apply", "web", "web.toml", "--reason", "next")
    code, out, _ = run(capsys, "revert", "auth", "--with", "web", "--label", "good", "--reason", "back")
    assert (code, out) == (
        0,
        "auth: revision 4 is in force, with the bytes of 1\nweb: revision 3 is in force, with the bytes of 1\n",
    )
    assert "is a revert already" in run(capsys, "revert", "auth", "--with", "web", "--reason", "back")[2]
    assert (
        "numbers mean another thing"
        in run(capsys, "revert", "auth", "--with", "web", "--to", "1", "--reason", "x")[2]
    )


def test_drift_is_watched_and_repaired(plain: Path, capsys: Capture) -> None:
    grown(capsys)
    Path("live.toml").write_text("max_inflight = 1\nnumber_3 = 1\n")
    code, out, _ = run(capsys, "drift", "auth", "--format", "json")
    (drifted,) = json.loads(out)["drift"]
    assert (code, drifted["what"], drifted["changes"][0]["after"]) == (1, "1 value differs", 1)
    code, out, _ = run(capsys, "drift", "auth", "--for", "100ms")
    assert code == 1
    assert "max_inflight: 397 -> 1" in out
    code, out, _ = run(capsys, "drift", "auth", "--watch", "--for", "100ms", "--repair", "--format", "json")
    assert (code, json.loads(out)["drift"][0]["what"]) == (0, "1 value differs")
    assert run(capsys, "drift", "auth", "--for", "50ms")[:2] == (0, "")
    Path("live.toml").unlink()
    assert "live.toml: is missing" in run(capsys, "drift", "auth")[1]
    Path("live.toml").write_text("# another\nmax_inflight = 397\nnumber_3 = 1\n")
    assert "differs in layout or comments only" in run(capsys, "drift", "auth")[1]


def test_a_history_is_thinned_and_carried(plain: Path, capsys: Capture) -> None:
    grown(capsys)
    code, out, _ = run(capsys, "thin", "auth", "--keep", "2", "--keep-for", "1us", "--unlabelled")
    assert (code, out) == (0, "auth: the content of 1 revision was dropped\n")
    assert "thinned out" in run(capsys, "show", "auth", "1", "--raw")[2]
    assert run(capsys, "export", "auth", "copy")[1].startswith("copy: ")
    assert run(capsys, "import", "copy")[1] == "auth: 0 revisions added\n"
    for few in ("0", "1"):
        code, _, err = run(capsys, "thin", "auth", "--keep", few)
        assert (code, "--keep: must be 2 or more" in err) == (2, True)
    code, _, err = run(capsys, "import", "auth.toml")
    assert code == 2
    assert "is not an export of confguard" in err


@pytest.fixture
def plain(folder: Path) -> Path:
    """A project without a schema, whose policy lets everything pass."""
    Path("confguard.toml").write_text(
        'policy = { review = 101, block = 101 }\n[configs.auth]\nfiles = ["auth.toml"]\ntargets = ["live.toml"]\n'
    )
    return folder


@pytest.mark.parametrize(
    "words",
    [
        ["revert", "auth", "--format", "json"],
        ["--format=json", "status"],
        ["staus", "--format=json"],
        ["show", "auth", "x", "--format", "json"],
        ["log", "auth", "--limit", "-3", "--format", "json"],
    ],
)
def test_a_command_line_that_is_wrong_is_an_error_in_json_too(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    said = capsys.readouterr()
    error = json.loads(said.out)["error"]
    assert error["exit_code"] == 2
    assert error["message"]
    assert "--help" in error["hint"]
    assert said.err == ""


@pytest.mark.parametrize(
    "line",
    [
        'monitors = [{ log = "x", errors = "(", baseline = 0.1 }]',
        'reload = [{ pidfile = "x" }]',
        'bake = "0s"',
    ],
)
def test_what_only_watching_needs_stops_nobody_who_goes_back(
    folder: Path, capsys: Capture, line: str
) -> None:
    Path("confguard.toml").write_text('[configs.a]\nfiles = ["a.toml"]\n')
    for n in (1, 2):
        Path("a.toml").write_text(f"n = {n}\n")
        assert run(capsys, "apply", "a", "--reason", "x")[0] == 0
    Path("confguard.toml").write_text(f'[configs.a]\nfiles = ["a.toml"]\n{line}\n')
    assert run(capsys, "apply", "a", "--reason", "x")[0] == 2
    code, out, _ = run(capsys, "revert", "a", "--reason", "outage")
    assert (code, out) == (0, "revision 3 is in force, with the bytes of 1\n")
    assert run(capsys, "status")[0] == 0
    assert run(capsys, "log", "a")[0] == 0


@pytest.mark.slow
def test_a_first_revision_is_not_watched_by_the_projects_bake(folder: Path, capsys: Capture) -> None:
    """It bakes against a service that waits for it: a circle."""
    Path("confguard.toml").write_text('[configs.a]\nfiles = ["a.toml"]\nbake = "10m"\nprobes = [["false"]]\n')
    Path("a.toml").write_text("n = 1\n")
    code, _, err = run(capsys, "apply", "a", "--reason", "start")
    assert code == 0
    assert "the first revision is not watched: there is nothing to go back to" in err
    other = Path("confguard.toml").read_text().replace("configs.a", "configs.b")
    Path("confguard.toml").write_text(other)
    code, _, err = run(capsys, "apply", "b", "--reason", "start", "--bake", "300ms")
    assert code == 4
    assert "revision 1 of 'b' failed, and stays, as it is the first" in err
    assert "hint: apply a better one" in err


@pytest.mark.slow
def test_a_warning_is_one_line_without_places_in_the_library(folder: Path, capsys: Capture) -> None:
    Path("app_of_warning.py").write_text(
        "from typing import Annotated\nfrom attrs import frozen\nfrom confguard.fields import Renamed\n"
        "@frozen\nclass App:\n    workers: Annotated[int, Renamed('threads')] = 1\n"
    )
    Path("confguard.toml").write_text('[configs.a]\nfiles = ["a.toml"]\nschema = "app_of_warning:App"\n')
    Path("a.toml").write_text("threads = 3\n")
    said = subprocess.run(
        [sys.executable, "-m", "confguard", "apply", "a", "--reason", "x"], capture_output=True, text=True
    )
    assert said.returncode == 0
    assert said.stderr.startswith("confguard: warning: a.toml:1:1: threads")
    assert "plans.py" not in said.stderr
