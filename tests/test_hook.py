"""The hook: called as pre-commit calls it, and run by the real pre-commit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from confguard.cli import main as command
from confguard.hooks import judging
from confguard.hooks.pre_commit import main
from confguard.risk.policy import Decision
from conftest import ROOT, git, incidents

AUTH = next(each for each in incidents() if each["id"] == "auth-2024")
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def committed(repository: Path) -> Path:
    Path("auth.toml").write_text(AUTH["before"])
    git("add", ".")
    git("commit", "--quiet", "-m", "one")
    return repository


def test_what_is_staged_is_judged_against_head(committed: Path, capsys: Capture) -> None:
    Path("auth.toml").write_text(AUTH["after"])
    git("add", ".")
    Path("auth.toml").write_text("torn in the work tree, and not staged")
    assert main(["auth.toml"]) == 1
    out = capsys.readouterr().out
    assert "auth.toml:4:1: CG101 high: server.backend_timeout: from 2s to 20ms" in out
    assert "auth.toml: block: risk 83 of 100 (critical, " in out
    assert 'CONFGUARD_OVERRIDE="..." git commit' in out


def test_a_harmless_change_passes_in_silence(committed: Path, capsys: Capture) -> None:
    Path("auth.toml").write_text(AUTH["before"].replace("75s", "70s"))
    git("add", ".")
    assert main(["auth.toml"]) == 0
    out = capsys.readouterr().out
    assert out.endswith("1 file seen, 1 judged, 0 left out\n")
    assert "CG" not in out


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        (None, [], 1),
        (None, ["--fail-on", "block"], 0),
        ("CONFGUARD_APPROVED_BY", [], 0),
        ("CONFGUARD_OVERRIDE", [], 0),
    ],
)
def test_a_review(
    committed: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    name: str | None,
    arguments: list[str],
    code: int,
) -> None:
    Path("auth.toml").write_text(AUTH["before"].replace("pool_size = 64", "pool_size = 4"))
    git("add", ".")
    if name:
        monkeypatch.setenv(name, "eva")
    assert main([*arguments, "auth.toml"]) == code
    out = capsys.readouterr().out
    assert "auth.toml: review: risk 6" in out
    assert ("CONFGUARD_APPROVED_BY=" in out) is (code == 1)


def test_an_approval_does_not_lift_a_block(committed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("auth.toml").write_text(AUTH["after"])
    git("add", ".")
    monkeypatch.setenv("CONFGUARD_APPROVED_BY", "eva")
    assert main(["auth.toml"]) == 1
    monkeypatch.setenv("CONFGUARD_OVERRIDE", "the campaign")
    assert main(["auth.toml"]) == 0


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_is_broken_is_not_overridden_and_that_is_said(
    committed: Path, form: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("auth.toml").write_text("torn = \n")
    Path("other.toml").write_text(AUTH["after"])
    git("add", ".")
    assert main(["--format", form]) == 1
    told = "CONFGUARD_OVERRIDE is for risks"
    assert told not in "".join(capsys.readouterr())
    monkeypatch.setenv("CONFGUARD_OVERRIDE", "the campaign")
    assert main(["--format", form]) == 1
    out, err = capsys.readouterr()
    assert f"{told}: mend auth.toml" in (out if form == "text" else err)
    assert "say why" not in out


def test_only_what_a_config_names_by_its_terms(committed: Path, capsys: Capture) -> None:
    Path("models_of_hook.py").write_text(
        "from pydantic import BaseModel\nclass App(BaseModel):\n    replicas: int\n"
    )
    Path("confguard.toml").write_text(
        '[configs.app]\nfiles = ["app/*.yaml"]\nschema = "models_of_hook:App"\npolicy = { review = 101, block = 101 }\n'
    )
    Path("app").mkdir()
    Path("app/eu.yaml").write_text("replicas: 3\n")
    git("add", ".")
    git("commit", "--quiet", "-m", "two")
    Path("app/eu.yaml").write_text("replicas: 0\n")
    Path("auth.toml").write_text(AUTH["after"])
    git("add", ".")
    assert main(["auth.toml", "app/eu.yaml"]) == 0
    assert "app/eu.yaml: allow: risk 8" in capsys.readouterr().out
    Path("app/eu.yaml").write_text("replica: 3\n")
    git("add", ".")
    assert main(["app/eu.yaml"]) == 1
    assert (
        "app/eu.yaml:1:1: CG002 high: replica: unknown key (did you mean 'replicas'?)"
        in capsys.readouterr().out
    )


def test_a_file_that_no_longer_parses(committed: Path, capsys: Capture) -> None:
    Path("auth.toml").write_text("[server\n")
    git("add", ".")
    assert main(["auth.toml"]) == 1
    assert capsys.readouterr().out.startswith("auth.toml:1")


def test_a_commit_that_mends_a_file_passes(repository: Path) -> None:
    Path("a.yaml").write_text("a: [\n")
    git("add", ".")
    git("commit", "--quiet", "-m", "torn")
    Path("a.yaml").write_text("a: []\n")
    git("add", ".")
    assert main(["a.yaml"]) == 0


def test_a_renamed_file_is_judged_against_what_it_was(committed: Path, capsys: Capture) -> None:
    git("mv", "auth.toml", "login.toml")
    text = AUTH["before"].replace("max_inflight = 400", "max_inflight = 4")
    Path("login.toml").write_text(text)
    git("add", ".")
    assert main(["login.toml"]) == 1
    assert "max_inflight: cut from 400 to 4" in capsys.readouterr().out


def test_the_first_commit_and_files_of_other_kinds(repository: Path) -> None:
    Path("a.yaml").write_text("- 1\n")
    Path("notes.txt").write_text("x")
    git("add", ".")
    assert main(["a.yaml", "notes.txt"]) == 0
    assert main([]) == 0


def test_from_a_folder_below_the_top(committed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("sub").mkdir()
    git("mv", "auth.toml", "sub/auth.toml")
    git("commit", "--quiet", "-m", "move")
    Path("sub/auth.toml").write_text(AUTH["after"])
    git("add", ".")
    monkeypatch.chdir("sub")
    assert main(["auth.toml"]) == 1


def test_between_two_revisions_as_ci_asks(
    committed: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    Path("auth.toml").write_text(AUTH["after"])
    git("commit", "--quiet", "--all", "-m", "two")
    assert main(["auth.toml"]) == 0
    assert "1 file seen, 0 judged, 1 left out" in capsys.readouterr().out
    monkeypatch.setenv("PRE_COMMIT_FROM_REF", "HEAD~1")
    monkeypatch.setenv("PRE_COMMIT_TO_REF", "HEAD")
    assert main(["--format", "json", "auth.toml"]) == 1
    (made,) = json.loads(capsys.readouterr().out)["files"]
    assert (made["file"], made["decision"], made["errors"]) == ("auth.toml", "block", [])


def test_what_cannot_be_asked(folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["a.toml"]) == 2
    assert "not a git repository" in capsys.readouterr().err
    assert main(["--format", "json", "a.toml"]) == 2
    told = json.loads(capsys.readouterr().out)["error"]
    assert (told["exit_code"], "not a git repository" in told["message"]) == (2, True)
    git("init", "--quiet")
    Path("confguard.toml").write_text("[policie]\n")
    git("add", "confguard.toml")
    assert main(["confguard.toml"]) == 2
    assert "did you mean 'policy'" in capsys.readouterr().err
    Path("confguard.toml").unlink()
    monkeypatch.setenv("PATH", "")
    assert main(["a.toml"]) == 2
    assert "git is not installed" in capsys.readouterr().err


def test_a_schema_that_cannot_be_imported(committed: Path, capsys: Capture) -> None:
    Path("confguard.toml").write_text('[configs.a]\nfiles = ["auth.toml"]\nschema = "no_such_models:Auth"\n')
    Path("auth.toml").write_text(AUTH["before"] + "# x\n")
    git("add", ".")
    assert main(["auth.toml"]) == 2
    err = capsys.readouterr().err
    assert "cannot import 'no_such_models'" in err


@pytest.mark.slow
def test_the_real_pre_commit_runs_the_hook_that_the_repository_offers(
    committed: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The definition in `.pre-commit-hooks.yaml`, with an environment that pre-commit makes with pip."""
    source = tmp_path_factory.mktemp("confguard")
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", ".pre-commit-hooks.yaml", "src"):
        subprocess.run(["cp", "-r", str(ROOT / name), str(source)], check=True)
    for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "x"]):
        subprocess.run(["git", *arguments], cwd=source, check=True)
    revision = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=source, check=True, capture_output=True, text=True
    ).stdout.strip()
    Path(".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {source}\n  rev: {revision}\n  hooks:\n  - id: confguard\n"
    )
    environment = os.environ | {"PRE_COMMIT_HOME": str(source.parent / "pre-commit-home")}
    command = [sys.executable, "-m", "pre_commit"]
    subprocess.run([*command, "install"], check=True, env=environment, capture_output=True)
    git("add", ".")

    def commit() -> subprocess.CompletedProcess[str]:
        git("add", "auth.toml")
        return subprocess.run(["git", "commit", "-m", "two"], env=environment, capture_output=True, text=True)

    Path("auth.toml").write_text(AUTH["after"])
    refused = commit()
    assert refused.returncode == 1, refused.stdout + refused.stderr
    assert "auth.toml:4:1: CG101 high" in refused.stdout + refused.stderr
    Path("auth.toml").write_text(AUTH["before"].replace("75s", "70s"))
    allowed = commit()
    assert allowed.returncode == 0, allowed.stdout + allowed.stderr
    assert "confguard" in allowed.stdout + allowed.stderr
    git("rm", "--quiet", "auth.toml")
    removed = subprocess.run(["git", "commit", "-m", "gone"], env=environment, capture_output=True, text=True)
    assert removed.returncode == 1, removed.stdout + removed.stderr
    assert "CG910" in removed.stdout + removed.stderr


def test_a_template_is_no_configuration_until_it_is_rendered(repository: Path, capsys: Capture) -> None:
    Path("chart.yaml").write_text("replicas: {{ .Values.replicas }}\n{{- if .x }}\na: [\n{{- end }}\n")
    Path("broken.yaml").write_text("a: [\n")
    git("add", ".")
    assert main(["chart.yaml"]) == 0
    assert main(["broken.yaml"]) == 1
    assert "broken.yaml:2:1" in capsys.readouterr().out


def test_only_the_staged_part_of_a_file_is_judged(committed: Path, capsys: Capture) -> None:
    Path("auth.toml").write_text(AUTH["before"].replace("75s", "70s"))
    git("add", ".")
    Path("auth.toml").write_text(AUTH["after"])
    assert main(["auth.toml"]) == 0


def test_in_a_worktree_and_in_a_submodule(
    committed: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    git("worktree", "add", "--quiet", str(elsewhere / "tree"), "-b", "other")
    parent = elsewhere / "parent"
    subprocess.run(["git", "init", "-q", str(parent)], check=True)
    git(
        *("-c", "protocol.file.allow=always", "-C", str(parent), "submodule", "--quiet", "add"),
        *(str(committed), "module"),
    )
    for folder in (elsewhere / "tree", parent / "module"):
        monkeypatch.chdir(folder)
        Path("auth.toml").write_text(AUTH["after"])
        git("add", "auth.toml")
        assert main(["auth.toml"]) == 1
        assert "CG101" in capsys.readouterr().out


def test_a_merge_is_judged_as_what_it_stages(committed: Path, capsys: Capture) -> None:
    git("checkout", "--quiet", "-b", "faster")
    Path("auth.toml").write_text(AUTH["after"])
    git("commit", "--quiet", "-am", "faster")
    git("checkout", "--quiet", "-")
    Path("other.txt").write_text("x")
    git("add", ".")
    git("commit", "--quiet", "-m", "other")
    git("merge", "--quiet", "--no-commit", "faster")
    assert main(["auth.toml"]) == 1
    assert "CG101" in capsys.readouterr().out


def test_history_tells_how_likely_such_changes_were_reverted(committed: Path, capsys: Capture) -> None:
    Path("auth.toml").write_text(AUTH["after"])
    git("add", ".")
    assert main(["auth.toml", "--format", "json"]) == 1
    (made,) = json.loads(capsys.readouterr().out)["files"]
    assert 0 < made["likelihood"] < 1
    assert main(["auth.toml", "--format", "json", "--no-history"]) == 1
    (made,) = json.loads(capsys.readouterr().out)["files"]
    assert made["likelihood"] is None


def test_a_range_of_commits_for_ci(committed: Path, capsys: Capture) -> None:
    Path("gone.yaml").write_text("a: 1\nb: 2\n")
    Path("old.yaml").write_text("x: 1\ny: 2\nz: 3\n")
    Path("bad.json").write_text("{")
    git("add", ".")
    git("commit", "--quiet", "-m", "two")
    Path("auth.toml").write_text(AUTH["after"])
    Path("gone.yaml").unlink()
    git("mv", "old.yaml", "new.yaml")
    Path("new.yaml").write_text("x: 1\ny: 2\nz: 4\n")
    Path("bad.json").write_text('{"a": 1}')
    Path("notes.md").write_text("x")
    git("add", "-A")
    git("commit", "--quiet", "-m", "three")
    assert command(["assess", "--git", "HEAD~1..HEAD", "--fail-on", "block"]) == 1
    out = capsys.readouterr().out
    assert "auth.toml:4:1: CG101 high" in out
    assert "5 files seen, 4 judged, 1 left out" in out
    assert command(["assess", "--git", "HEAD~1..HEAD", "--format", "json", "--no-history"]) == 1
    made = {each["file"]: each for each in json.loads(capsys.readouterr().out)["files"]}
    assert set(made) == {"auth.toml", "gone.yaml", "new.yaml", "bad.json"} | ({"old.yaml"} & set(made))
    assert made["new.yaml"]["decision"] == "allow"
    for wrong in (["--git", "HEAD"], ["--git", "no-such..HEAD"], []):
        assert command(["assess", *wrong]) == 2


@pytest.mark.slow
def test_many_files_at_once(committed: Path, capsys: Capture) -> None:
    for n in range(300):
        Path(f"f{n}.yaml").write_text(f"replicas: {n + 3}\n")
    git("add", ".")
    git("commit", "--quiet", "-m", "many")
    for n in range(300):
        Path(f"f{n}.yaml").write_text(f"replicas: {n + 4 if n else 0}\n")
    git("add", ".")
    assert main([f"f{n}.yaml" for n in range(300)]) == 1
    assert capsys.readouterr().out.count("CG301") == 1


def test_many_files_are_judged_by_several_processes_as_by_one(
    committed: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(40):
        Path(f"f{n}.yaml").write_text(f"replicas: {n + 3}\n")
    git("add", ".")
    git("commit", "--quiet", "-m", "many")
    for n in range(40):
        Path(f"f{n}.yaml").write_text(f"replicas: {n % 7}\n")
    Path("torn.yaml").write_text("a: [\n")
    git("add", ".")
    told = []
    for many in (10, 1000):
        monkeypatch.setattr(judging, "_MANY", many)
        assert main(["--format", "json"]) == 1
        told.append(json.loads(capsys.readouterr().out))
    assert told[0] == told[1]
    assert told[0]["counts"] == {"seen": 41, "judged": 41, "left_out": 0}


@pytest.mark.slow
def test_a_killed_process_of_several_is_told(committed: Path) -> None:
    for n in range(40):
        Path(f"f{n}.yaml").write_text(f"replicas: {n + 3}\n")
    git("add", ".")
    program = (
        "import os, signal, sys\n"
        "from confguard.hooks import judging\n"
        "from confguard.hooks.pre_commit import main\n"
        "judging._MANY = 10\n"
        "judging._verdict = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
        "sys.exit(main([]))\n"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert said.returncode == 2
    assert "a process that judged files was killed" in said.stderr


def test_a_line_that_was_not_touched_in_a_year_is_told(
    repository: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("a.toml").write_text("x = 1\nsize = 2\n")
    git("add", ".")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2020-01-01T00:00:00Z")
    git("commit", "--quiet", "-m", "one")
    monkeypatch.delenv("GIT_COMMITTER_DATE")
    Path("a.toml").write_text("x = 1\nsize = 3\n")
    git("add", ".")
    assert main(["a.toml"]) == 0
    assert "a.toml:2:1: CG902 low: size: was not changed in" in capsys.readouterr().out


def test_a_range_names_what_is_too_large_to_judge(committed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("data.json").write_text(json.dumps({"padding": "x" * 200}))
    Path("notes.txt").write_text("x" * 500)
    git("add", ".")
    git("commit", "--quiet", "-m", "two")
    monkeypatch.setattr(judging, "MAX_BYTES", 100)
    (judged,) = judging.judge_range("HEAD~1", "HEAD", history=False).files
    assert (judged.file, judged.decision, judged.risk) == ("data.json", Decision.REVIEW, None)
    assert judged.faults[0].code == "CG004"
    assert judged.faults[0].message.startswith("is larger than")
