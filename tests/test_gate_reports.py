"""What the gate and `check` print, and where to: places, baselines, names, and readers that go away. With real git."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from confguard.cli import main as command
from confguard.hooks.pre_commit import main
from conftest import git

Capture = pytest.CaptureFixture[str]
HOOK = [sys.executable, "-m", "confguard.hooks.pre_commit", "--no-history"]
CLI = [sys.executable, "-m", "confguard"]


def commit(message: str = "x") -> None:
    git("add", "-A")
    git("commit", "--quiet", "--allow-empty", "-m", message)


@pytest.fixture
def web(repository: Path) -> Path:
    Path("web.yaml").write_text("name: web\nreplicas: 3\nport: 80\n")
    commit("one")
    return repository


def judged(capsys: Capture, *arguments: str) -> tuple[int, dict[str, Any]]:
    git("add", "-A")
    capsys.readouterr()
    code = main(["--format", "json", "--no-history", *arguments])
    return code, json.loads(capsys.readouterr().out)


def why(told: dict[str, Any]) -> dict[str, str]:
    return {each["file"]: each["why"] for each in told["left_out"]}


def shell(line: str) -> subprocess.CompletedProcess[str]:
    """A line of a shell, with `hook` and `confguard` as commands, and the exit code of the first of a pipe."""
    defined = f'hook() {{ "{sys.executable}" -m confguard.hooks.pre_commit --no-history "$@"; }}\n'
    defined += f'confguard() {{ "{sys.executable}" -m confguard "$@"; }}\nset -o pipefail\n'
    return subprocess.run(["bash", "-c", defined + line], capture_output=True, text=True, timeout=60)


def test_a_baseline_tells_two_equal_errors_apart(folder: Path, capsys: Capture) -> None:
    one = "a:\n  x: 1\n  list: [1\nb:\n  list: []\n"
    Path("w.yaml").write_text(one)
    assert command(["check", "w.yaml", "--write-baseline", "known.json"]) == 0
    assert command(["check", "w.yaml", "--baseline", "known.json"]) == 0
    Path("w.yaml").write_text("# moved\n\n" + one)
    assert command(["check", "w.yaml", "--baseline", "known.json"]) == 0, "it is the same, further below"
    Path("w.yaml").write_text("a:\n  x: 1\n  list: []\nb:\n  list: [1\nc: 1\n")
    assert command(["check", "w.yaml", "--baseline", "known.json"]) == 1, "it is another one"


@pytest.mark.parametrize(
    ("name", "text", "other"),
    [
        ("w.toml", "[a]\nx = 1\nx = 2\n[b]\nx = 1\n", "[a]\nx = 1\n[b]\nx = 1\nx = 2\n"),
        ("w.json", '{"a": {"x": tru},\n "b": {"x": true}}\n', '{"a": {"x": true},\n "b": {"x": tru}}\n'),
        ("w.ini", "[a]\nx = 1\nx = 2\n[b]\nx = 1\n", "[a]\nx = 1\n[b]\nx = 1\nx = 2\n"),
        ("w.yaml", "a:\n  x: 1\n  x: 2\nb:\n  x: 1\n", "a:\n  x: 1\nb:\n  x: 1\n  x: 2\n"),
    ],
)
def test_the_place_of_an_error_is_part_of_what_is_known(
    folder: Path, capsys: Capture, name: str, text: str, other: str
) -> None:
    known = []
    for written in (text, "\n\n" + text, other):
        Path(name).write_text(written)
        capsys.readouterr()
        assert command(["check", name, "--format", "json"]) == 1
        (finding,) = json.loads(capsys.readouterr().out)["findings"]
        known.append(finding["fingerprint"])
    assert known[0] == known[1] != known[2]


@pytest.mark.parametrize("arguments", [[], ["web"], ["--format", "json"]])
def test_patterns_that_match_nothing_are_nothing_to_check(
    folder: Path, capsys: Capture, arguments: list[str]
) -> None:
    Path("confguard.toml").write_text('[configs.web]\nfiles = ["conf/*.yml"]\n')
    Path("web.yaml").write_text("a: 1\n")
    assert command(["check", *arguments]) == 2
    captured = capsys.readouterr()
    assert "'web' has no file: nothing matches conf/*.yml" in captured.err + captured.out


def test_one_config_without_files_does_not_hide_behind_another(folder: Path, capsys: Capture) -> None:
    Path("confguard.toml").write_text(
        '[configs.web]\nfiles = ["*.yaml"]\n[configs.gone]\nfiles = ["x/*.yaml"]\n'
        '[configs.told]\ntargets = ["t.yaml"]\n'
    )
    Path("web.yaml").write_text("a: 1\n")
    assert command(["check"]) == 2
    captured = capsys.readouterr()
    assert "1 file checked: no findings" in captured.out
    assert "'gone' has no file" in captured.err


def test_layers_are_files_to_check(folder: Path, capsys: Capture) -> None:
    Path("confguard.toml").write_text('[configs.web]\nlayers = ["base.yaml", "prod.yaml"]\n')
    Path("base.yaml").write_text("a: 1\n")
    Path("prod.yaml").write_text("b: [\n")
    assert command(["check"]) == 1
    assert "prod.yaml:2:1: CG001" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.once  # processes, each for a fate of its output
@pytest.mark.parametrize("replicas", [0, 4])
@pytest.mark.parametrize("form", ["text", "json", "sarif"])
def test_the_hook_whose_reader_goes_away_still_tells_the_answer(web: Path, replicas: int, form: str) -> None:
    for n in range(40):
        Path(f"f{n}.yaml").write_text("x: 1\n" * 1)
    Path("web.yaml").write_text(f"name: web\nreplicas: {replicas}\nport: 80\n")
    git("add", "-A")
    answer = int(replicas == 0)
    for line in (
        f"hook --format {form} | true",
        f"hook --format {form} | head -c 1",
        f"hook --format {form} >&-",
    ):
        ended = shell(line)
        assert (ended.returncode, line) == (answer, line)
        assert "Traceback" not in ended.stderr, ended.stderr
        assert "Exception ignored" not in ended.stderr, ended.stderr
    for line in (f"hook --format {form} > /dev/full", f"hook --format {form} > /dev/full 2>&1"):
        ended = shell(line)
        assert (ended.returncode, line) == (2, line)
        assert "Traceback" not in ended.stderr, ended.stderr


LINES = [
    "check web.yaml",
    "check web.yaml --format json",
    "diff HEAD:web.yaml web.yaml",
    "assess HEAD:web.yaml web.yaml",
    "assess --git HEAD~1..HEAD",
    "rules",
    "rules --format json",
    "status",
    "schema export no_such:Model",
    "--help",
    "check --help",
    "--version",
    "check --nonsense",
    "nonsense",
]


@pytest.mark.once  # processes, each for a fate of its output
@pytest.mark.slow
@pytest.mark.parametrize("line", LINES)
def test_no_command_ends_in_a_traceback_whatever_becomes_of_its_output(web: Path, line: str) -> None:
    commit("two")
    plain = shell(f"confguard {line}").returncode
    for end, right in {
        "| true": {plain, 141},
        "> /dev/full": {2} if plain in {0, 1} else {plain},
        ">&-": {plain},
        ">&- 2>&-": {plain},
        "> /dev/full 2> /dev/full": {2} if plain in {0, 1} else {plain},
    }.items():
        ended = shell(f"confguard {line} {end}")
        assert ended.returncode in right, (end, ended)
        assert "Traceback" not in ended.stderr, (end, ended.stderr)
        assert "Exception ignored" not in ended.stderr, (end, ended.stderr)


@pytest.mark.parametrize("torn", ["base.yaml", "prod.yaml"])
def test_an_error_of_a_layer_points_to_its_file(web: Path, capsys: Capture, torn: str) -> None:
    Path("conf").mkdir()
    Path("conf/base.yaml").write_text("replicas: 3\n")
    Path("conf/prod.yaml").write_text("port: 80\n")
    Path("confguard.toml").write_text('[configs.app]\nlayers = ["conf/base.yaml", "conf/prod.yaml"]\n')
    commit()
    Path("conf", torn).write_text("a: 1\nb: [\n")
    code, told = judged(capsys)
    (finding,) = told["files"][0]["findings"]
    assert (code, finding["code"], finding["file"], finding["line"]) == (1, "CG001", f"conf/{torn}", 3)


def test_a_project_file_is_judged_or_left_out_and_never_both(web: Path, capsys: Capture) -> None:
    for configs in ('[configs.web]\nfiles = ["web.yaml"]\n', ""):
        Path("confguard.toml").write_text("[policy]\nreview = 50\nblock = 75\n" + configs)
        commit()
        Path("confguard.toml").write_text("[policy]\nreview = 101\nblock = 101\n" + configs)
        code, told = judged(capsys)
        assert (code, [each["file"] for each in told["files"]], told["left_out"]) == (
            1,
            ["confguard.toml"],
            [],
        )
        assert told["counts"] == {"seen": 1, "judged": 1, "left_out": 0}
        commit()


@pytest.mark.parametrize(
    ("name", "github"),
    [("a\nb.yaml", "a%0Ab.yaml"), ("a,b:c.yaml", "a%2Cb%3Ac.yaml"), ("a%b.yaml", "a%25b.yaml")],
)
def test_names_in_the_forms_of_github_and_gitlab(web: Path, capsys: Capture, name: str, github: str) -> None:
    Path(name).write_text("replicas: 3\n")
    commit()
    Path(name).write_text("replicas: 0\n")
    git("add", "-A")
    assert main(["--format", "github", "--no-history"]) == 1
    line = next(line for line in capsys.readouterr().out.splitlines() if "CG301" in line)
    assert line.startswith(f"::error file={github},line=1,")
    assert main(["--format", "gitlab", "--no-history"]) == 1
    (issue,) = json.loads(capsys.readouterr().out)
    assert issue["location"]["path"] == name


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.mark.parametrize("named", [False, True])
def test_a_pointer_of_lfs_that_becomes_the_file_and_back(web: Path, capsys: Capture, named: bool) -> None:
    if named:
        Path("confguard.toml").write_text('[configs.large]\nfiles = ["large.yaml"]\n')
    Path("large.yaml").write_text(POINTER)
    commit()
    Path("large.yaml").write_text("replicas: 3\n")
    code, told = judged(capsys)
    (verdict,) = told["files"]
    assert (code, verdict["decision"]) == ((1, "review") if named else (0, "allow"))
    assert "was a pointer of Git LFS, and its content is here now" in verdict["errors"][0]
    commit()
    Path("large.yaml").write_text(POINTER)
    code, told = judged(capsys)
    assert code == int(named)
    said = [*why(told).values(), *(each for file in told["files"] for each in file["errors"])]
    assert "became a pointer of Git LFS: its content is not here any more" in said[0]


def test_a_range_and_files_are_two_questions(web: Path, capsys: Capture) -> None:
    assert command(["assess", "--git", "HEAD..HEAD", "a.yaml", "b.yaml"]) == 2
    assert "--git RANGE is about every file that changed" in capsys.readouterr().err


@pytest.mark.slow
def test_an_amended_commit_is_compared_with_the_one_that_it_replaces(web: Path, capsys: Capture) -> None:
    """Git tells a hook nothing of `--amend`: `HEAD` is still the commit that is amended."""
    Path(".git/hooks/pre-commit").write_text(f"#!/bin/sh\nexec {' '.join(HOOK)}\n")
    Path(".git/hooks/pre-commit").chmod(0o755)
    Path("web.yaml").write_text("name: web\nreplicas: 0\nport: 80\n")
    git("add", "-A")
    assert subprocess.run(["git", "commit", "-qm", "zero"], capture_output=True).returncode == 1
    override = os.environ | {"CONFGUARD_OVERRIDE": "an exercise"}
    subprocess.run(["git", "commit", "-qm", "zero"], check=True, capture_output=True, env=override)
    amended = subprocess.run(["git", "commit", "--amend", "-qm", "nought"], capture_output=True, text=True)
    assert (amended.returncode, "0 files seen" in amended.stdout + amended.stderr) == (0, True)
    assert command(["assess", "--git", "HEAD~1..HEAD"]) == 1, "what CI asks sees it"
