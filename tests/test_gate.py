"""The gate in situations that people met with hooks and CI: nothing passes unjudged. With real git."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from confguard.cli import main as command
from confguard.documents.registry import is_configuration
from confguard.hooks.pre_commit import main
from conftest import git

Capture = pytest.CaptureFixture[str]
CONFLICT = "<<<<<<< HEAD\na=1\n=======\na=2\n>>>>>>> other\n"


def commit(message: str = "x") -> None:
    git("add", "-A")
    git("commit", "--quiet", "--allow-empty", "-m", message)


@pytest.fixture
def web(repository: Path) -> Path:
    Path("web.yaml").write_text("name: web\nreplicas: 3\nport: 80\n")
    commit("one")
    return repository


def staged(capsys: Capture, *arguments: str) -> tuple[int, dict[str, Any]]:
    git("add", "-A")
    capsys.readouterr()
    code = main(["--format", "json", "--no-history", *arguments])
    return code, json.loads(capsys.readouterr().out)


def ranged(capsys: Capture, span: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = command(["assess", "--git", span, "--format", "json", "--no-history", *arguments])
    return code, json.loads(capsys.readouterr().out)


def why(told: dict[str, Any]) -> dict[str, str]:
    return {each["file"]: each["why"] for each in told["left_out"]}


def decisions(told: dict[str, Any]) -> dict[str, str]:
    return {each["file"]: each["decision"] for each in told["files"]}


def codes(told: dict[str, Any]) -> set[str]:
    return {finding["code"] for each in told["files"] for finding in each["findings"]}


@pytest.mark.parametrize("stands", [".", "svc", "svc/deep"])
def test_a_project_below_the_root_of_the_repository(
    repository: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, stands: str
) -> None:
    Path("svc/deep").mkdir(parents=True)
    Path("svc/deep/.keep").touch()
    Path("svc/confguard.toml").write_text('[configs.web]\nfiles = ["web.site"]\nformat = "yaml"\n')
    Path("svc/web.site").write_text("replicas: 3\n")
    commit()
    Path("svc/web.site").write_text("replicas: 0\n")
    commit("zero")
    monkeypatch.chdir(stands)
    code, told = ranged(capsys, "HEAD~1..HEAD", "--fail-on", "review")
    assert (code, codes(told)) == (1, {"CG301"})
    git("reset", "--quiet", "--soft", "HEAD~1")
    code, told = staged(capsys)
    assert (code, codes(told)) == (1, {"CG301"})
    assert list(decisions(told)) == ["svc/web.site"]


@pytest.mark.parametrize("name", ["PRE_COMMIT_FROM_REF", "PRE_COMMIT_TO_REF"])
def test_a_revision_that_is_not_there_cannot_be_judged(
    web: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("PRE_COMMIT_FROM_REF", "HEAD")
    monkeypatch.setenv(name, "nope")
    assert main(["web.yaml"]) == 2
    assert "nope: there is no such commit here" in capsys.readouterr().err


def test_a_shallow_clone_says_that_its_history_is_missing(
    web: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = git("rev-parse", "HEAD").strip()
    commit("two")
    git("clone", "--quiet", "--depth", "1", f"file://{web}", "shallow")
    monkeypatch.chdir("shallow")
    for span in (f"{base}..HEAD", f"{base}...HEAD"):
        assert command(["assess", "--git", span]) == 2
        assert "fetch-depth: 0" in capsys.readouterr().err


def test_a_name_that_does_not_exist_cannot_be_judged(web: Path, capsys: Capture) -> None:
    assert main(["wbe.yaml"]) == 2
    assert "wbe.yaml: no such file" in capsys.readouterr().err


def test_without_names_all_that_is_staged_is_judged(web: Path, capsys: Capture) -> None:
    Path("web.yaml").write_text("name: web\nreplicas: 0\nport: 80\n")
    code, told = staged(capsys)
    assert (code, codes(told)) == (1, {"CG301"})
    assert told["counts"] == {"seen": 1, "judged": 1, "left_out": 0}


def test_a_name_is_a_file_however_it_is_written(web: Path, capsys: Capture) -> None:
    Path("web.yaml").write_text("name: web\nreplicas: 0\nport: 80\n")
    assert staged(capsys, "./web.yaml")[0] == 1


def test_a_file_that_was_not_changed_is_said(web: Path, capsys: Capture) -> None:
    code, told = staged(capsys, "web.yaml")
    assert (code, why(told)) == (0, {"web.yaml": "it did not change"})


@pytest.mark.parametrize("move", ["web.yaml.disabled", "old/web.txt"])
@pytest.mark.parametrize("named", [True, False])
def test_a_rename_out_of_the_pattern(web: Path, capsys: Capture, move: str, named: bool) -> None:
    """pre-commit has no name for it: it hands over nothing, or another file."""
    Path(move).parent.mkdir(exist_ok=True)
    git("mv", "web.yaml", move)
    Path("other.yaml").write_text("x: 1\n")
    code, told = staged(capsys, *(["other.yaml"] if named else []))
    assert (code, decisions(told)["web.yaml"]) == (1, "review")
    assert "CG910" in codes(told)


def test_a_deletion_is_seen_where_pre_commit_names_no_file(
    web: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRE_COMMIT", "1")
    Path("notes.md").write_text("x")
    Path("web.yaml").unlink()
    code, told = staged(capsys)
    assert (code, decisions(told)) == (1, {"web.yaml": "review"})
    monkeypatch.setenv("CONFGUARD_APPROVED_BY", "eva")
    assert staged(capsys)[0] == 0


CLAIM = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\n"


@pytest.mark.parametrize(
    ("gone", "project", "decision"),
    [
        ("name: old\nreplicas: 3\n", "", "allow"),
        ("name: old\nreplicas: 3\n", '[configs.a]\nfiles = ["old.yaml", "web.yaml"]\n', "review"),
        (CLAIM, "", "review"),
        ("name: old\n---\n" + CLAIM, "", "review"),
    ],
    ids=["no more than a file", "named by a project", "with data", "with data, in one of several documents"],
)
def test_a_deletion_beside_other_edits(
    web: Path, capsys: Capture, gone: str, project: str, decision: str
) -> None:
    """Most deletions of real histories go with an edit of what read the file; alone, each is a review."""
    Path("old.yaml").write_text(gone)
    if project:
        Path("confguard.toml").write_text(project)
    commit()
    Path("old.yaml").unlink()
    assert decisions(staged(capsys)[1]) == {"old.yaml": "review"}
    Path("web.yaml").write_text("name: web\nreplicas: 3\nport: 81\n")
    assert decisions(staged(capsys)[1])["old.yaml"] == decision


def test_a_config_of_the_project_that_is_renamed_away(web: Path, capsys: Capture) -> None:
    Path("confguard.toml").write_text('[configs.web]\nfiles = ["web.yaml"]\n')
    commit()
    git("mv", "web.yaml", "shop.yaml")
    commit("rename")
    code, told = ranged(capsys, "HEAD~1..HEAD", "--fail-on", "review")
    assert (code, decisions(told), codes(told)) == (1, {"web.yaml": "review"}, {"CG910"})


@pytest.mark.parametrize(
    ("name", "before"),
    [
        (".github/workflows/ci.yml", "env:\n  T: ${{ secrets.T }}\n"),
        ("a.properties", "a=1\n"),
        (".env", "A=1\n"),
        ("a.ini", "[x]\na=1\n"),
        ("a.toml", "a = 1\n"),
        ("a.json", '{"a": 1}\n'),
        ("new.yaml", ""),
    ],
)
def test_marks_of_a_conflict_block_in_every_format(
    repository: Path, capsys: Capture, name: str, before: str
) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    if before:
        Path(name).write_text(before)
    commit()
    Path(name).write_text(before + CONFLICT)
    code, told = staged(capsys)
    assert (code, codes(told)) == (1, {"CG001"})
    (finding,) = told["files"][0]["findings"]
    assert finding["line"] == before.count("\n") + 1


def test_what_parsed_and_no_longer_does_blocks_whatever_stands_in_it(
    repository: Path, capsys: Capture
) -> None:
    Path("a.yaml").write_text('a: "{{ x }}"\n')
    commit()
    Path("a.yaml").write_text('a: "{{ x }}"\nb: [1\n')
    code, told = staged(capsys)
    assert (code, codes(told)) == (1, {"CG001"})


def test_what_did_not_parse_before_either_is_said(repository: Path, capsys: Capture) -> None:
    Path("chart.yaml").write_text("{{- if .x }}\na: [\n{{- end }}\n")
    Path("odd.yaml").write_text("a: [\n")
    commit()
    Path("chart.yaml").write_text("{{- if .y }}\na: [\n{{- end }}\n")
    Path("odd.yaml").write_text("b: [\n")
    code, told = staged(capsys)
    assert (code, told["files"]) == (0, [])
    assert why(told)["chart.yaml"].startswith("a template")
    assert why(told)["odd.yaml"].startswith("it does not parse, and did not before: odd.yaml:2:1")
    Path("confguard.toml").write_text('[configs.odd]\nfiles = ["odd.yaml"]\n')
    assert staged(capsys)[0] == 1, "what somebody named as a config is to be judged"


def test_of_three_dots_a_branch_is_not_blamed_for_what_main_changed(web: Path, capsys: Capture) -> None:
    git("checkout", "--quiet", "-b", "topic")
    Path("topic.yaml").write_text("x: 1\n")
    commit("topic")
    git("checkout", "--quiet", "-")
    Path("web.yaml").write_text("name: web\nreplicas: 30\nport: 80\n")
    commit("main scaled up")
    main_branch = git("rev-parse", "--abbrev-ref", "HEAD").strip()
    code, told = ranged(capsys, f"{main_branch}...topic")
    assert (code, list(decisions(told))) == (0, ["topic.yaml"])
    assert set(decisions(ranged(capsys, f"{main_branch}..topic")[1])) == {"topic.yaml", "web.yaml"}


@pytest.mark.parametrize("how", ["staged", "range"])
def test_a_policy_that_the_change_loosens_does_not_judge_it(web: Path, capsys: Capture, how: str) -> None:
    configs = '[configs.web]\nfiles = ["web.yaml"]\n'
    Path("confguard.toml").write_text("[policy]\nreview = 50\nblock = 60\n" + configs)
    commit()
    Path("confguard.toml").write_text("[policy]\nreview = 101\nblock = 101\n" + configs)
    Path("web.yaml").write_text("name: web\nreplicas: 0\nport: 80\n")
    if how == "range":
        commit("quietly")
        code, told = ranged(capsys, "HEAD~1..HEAD")
    else:
        code, told = staged(capsys)
    assert (code, decisions(told)) == (1, {"confguard.toml": "block", "web.yaml": "block"})
    (finding,) = next(each["findings"] for each in told["files"] if each["file"] == "confguard.toml")
    assert finding["code"] == "CG005"
    assert (
        finding["message"] == "the policy is looser: review from 101 on (was 50); block from 101 on (was 60)"
    )


def test_a_policy_that_gets_stricter_judges_at_once(web: Path, capsys: Capture) -> None:
    configs = '[configs.web]\nfiles = ["web.yaml"]\n'
    Path("confguard.toml").write_text("[policy]\nreview = 101\nblock = 101\n" + configs)
    commit()
    Path("confguard.toml").write_text(configs)
    Path("web.yaml").write_text("name: web\nreplicas: 0\nport: 80\n")
    code, told = staged(capsys)
    assert (code, "CG005" in codes(told)) == (1, False)


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf<<<<<<< HEAD\na=1\n", b"a=1\n>>>>>>> other\n"])
def test_a_mark_that_was_left_over_blocks(repository: Path, capsys: Capture, content: bytes) -> None:
    Path("a.properties").write_bytes(content)
    code, told = staged(capsys)
    assert (code, codes(told)) == (1, {"CG001"})


def test_a_project_below_is_not_for_what_stands_beside_it(
    repository: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("svc", "other"):
        Path(folder).mkdir()
    Path("svc/confguard.toml").write_text('[configs.web]\nfiles = ["web.yaml"]\n')
    Path("other/x.yaml").write_text("replicas: 3\n")
    commit()
    Path("other/x.yaml").write_text("replicas: 0\n")
    for stands in (repository, repository / "svc"):
        monkeypatch.chdir(stands)
        assert (staged(capsys)[0], stands) == (1, stands)


def test_links_modes_pointers_and_submodules(web: Path, capsys: Capture, tmp_path_factory: Any) -> None:
    Path("other.yaml").write_text("replicas: 1\n")
    Path("link.yaml").symlink_to("web.yaml")
    Path("large.yaml").write_text("a: 1\n")
    module = tmp_path_factory.mktemp("module")
    subprocess.run(["git", "init", "-q", str(module)], check=True)
    git("-C", str(module), "commit", "--quiet", "--allow-empty", "-m", "x")
    git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(module), "module")
    commit()
    Path("link.yaml").unlink()
    Path("link.yaml").symlink_to("other.yaml")
    Path("web.yaml").chmod(0o755)
    Path("large.yaml").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")
    git("-C", "module", "commit", "--quiet", "--allow-empty", "-m", "y")
    code, told = staged(capsys, "--fail-on", "block")
    assert (code, decisions(told)) == (0, {"link.yaml": "review"})
    assert "is a link to other.yaml" in told["files"][0]["errors"][0]
    assert why(told) == {
        "web.yaml": "only its mode changed",
        "large.yaml": "became a pointer of Git LFS: its content is not here any more",
        "module": "a submodule: what changed in it is judged in its own repository",
    }
    assert main(["--no-history"]) == 1, "a link that leads elsewhere is to be reviewed"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["-n.yaml", "a\nb.yaml", "a b.yaml", "ü.yaml", os.fsdecode(b"caf\xe9.yaml")])
@pytest.mark.parametrize("form", ["text", "json", "sarif", "github", "gitlab", "junit", "markdown"])
def test_names_of_any_bytes(repository: Path, capsys: Capture, name: str, form: str) -> None:
    Path(name).write_text("replicas: 3\n")
    commit()
    Path(name).write_text("replicas: 0\n")
    git("add", "-A")
    assert main(["--format", form, "--", name]) == 1
    out = capsys.readouterr().out
    assert "CG301" in out
    out.encode()


def test_a_file_over_the_limit_beside_others(
    web: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("confguard.hooks.judging.MAX_BYTES", 1000)
    Path("data.yaml").write_text("x: " + "y" * 2000 + "\n")
    Path("web.yaml").write_text("name: web\nreplicas: 0\nport: 80\n")
    code, told = staged(capsys)
    assert (code, decisions(told)) == (1, {"data.yaml": "review", "web.yaml": "block"})
    assert codes(told) == {"CG004", "CG301"}


def test_each_error_has_its_own_place_and_fingerprint(web: Path, capsys: Capture) -> None:
    Path("models_of_gate.py").write_text(
        "from pydantic import BaseModel\nclass Web(BaseModel):\n    name: str\n    replicas: int\n    port: int\n"
    )
    Path("confguard.toml").write_text('[configs.web]\nfiles = ["web.yaml"]\nschema = "models_of_gate:Web"\n')
    commit()
    Path("web.yaml").write_text("name: web\nreplicas: many\nport: http\n")
    code, told = staged(capsys, "web.yaml")
    findings = told["files"][0]["findings"]
    assert code == 1
    assert [(each["line"], each["column"]) for each in findings] == [(2, 1), (3, 1)]
    assert len({each["fingerprint"] for each in findings}) == 2


def test_a_baselined_error_hides_that_error_and_no_later_one(folder: Path, capsys: Capture) -> None:
    Path("w.yaml").write_text("a: [\n")
    assert command(["check", "./w.yaml", "--write-baseline", "known.json"]) == 0
    assert command(["check", "w.yaml", "--baseline", "known.json"]) == 0
    Path("w.yaml").write_text("a: {b: 1}}\n")
    assert command(["check", "w.yaml", "--baseline", "known.json"]) == 1


def test_relative_names_are_no_matter_of_the_settings_of_git(web: Path, capsys: Capture) -> None:
    for name in ("diff.relative", "diff.noprefix", "core.quotepath", "diff.mnemonicPrefix"):
        git("config", name, "true")
    git("config", "diff.renames", "false")
    Path("sub").mkdir()
    git("mv", "web.yaml", "sub/wéb.yaml")
    Path("sub/wéb.yaml").write_text("name: web\nreplicas: 0\nport: 80\n")
    code, told = staged(capsys)
    assert (code, codes(told)) == (1, {"CG301"})


@pytest.mark.parametrize(
    ("format", "before", "after"),
    [
        ("json", '{"replicas": 3}\n', '{"replicas": 0, "note": "; confguard: accept CG301: x"}\n'),
        ("json", '{"replicas": 3}\n', '{"// confguard: accept CG301: x": 1, "replicas": 0}\n'),
        ("yaml", "replicas: 3\n", "{replicas: 0, note: '# confguard: accept CG301: \"x\"'}\n"),
        ("yaml", "replicas: 3\n", "note: |\n  # confguard: accept CG301: x\nreplicas: 0\n"),
        ("toml", "replicas = 3\n", "note = '''\n# confguard: accept CG301: x'''\nreplicas = 0\n"),
        ("yaml", "replicas: 3\n", "replicas: 0 # confguard: accept CG301 until: x\n"),
        ("yaml", "replicas: 3\n", "replicas: 0 # confguard: accept CG301 until 2099-13-01: x\n"),
        ("yaml", "replicas: 3\n", "replicas: 0 # confguard: accept CG301 untill 2099-12-01: x\n"),
    ],
)
def test_what_is_no_acceptance(folder: Path, capsys: Capture, format: str, before: str, after: str) -> None:
    Path(f"a.{format}").write_text(before)
    Path(f"b.{format}").write_text(after)
    assert command(["assess", f"a.{format}", f"b.{format}", "--fail-on", "review"]) == 1
    out = capsys.readouterr().out
    assert "CG301 critical" in out
    assert ("CG906" in out) is ("CG301 until" in after)


def test_a_file_of_an_acceptance_is_a_file_however_it_is_written(folder: Path, capsys: Capture) -> None:
    Path("confguard.toml").write_text(
        '[[policy.accept]]\ncode = "CG702"\nfile = "./w.yaml"\nreason = "it is a country"\n'
    )
    Path("w.yaml").write_text("country: no\n")
    for name in ("w.yaml", "./w.yaml"):
        code = command(["check", name])
        assert (code, name, capsys.readouterr().out) == (
            0,
            name,
            "1 file checked: no findings (no schema is known of it)\n",
        )


def test_a_new_file_of_a_syntax_of_its_own_is_said_and_does_not_block(
    repository: Path, capsys: Capture
) -> None:
    commit()
    Path("nginx.conf").write_text("events {}\nhttp { server { listen 80; } }\n")
    code, told = staged(capsys)
    assert (code, told["files"]) == (0, [])
    assert why(told)["nginx.conf"].startswith("it is of no format that is known")


@pytest.mark.parametrize("name", ["a.properties", ".env", "a.ini", "a.toml", "a.yaml"])
def test_marks_of_a_conflict_are_an_error_for_every_command(folder: Path, capsys: Capture, name: str) -> None:
    Path(name).write_text(CONFLICT.replace("a=", "a = ") if name == "a.toml" else CONFLICT)
    assert command(["check", name]) == 1
    assert f"{name}:1:1: CG001 critical" in capsys.readouterr().out
    assert command(["diff", name, name]) == 2
    assert "a merge that is not finished" in capsys.readouterr().err


def test_a_file_that_is_not_merged_yet_is_no_file_that_is_gone(web: Path, capsys: Capture) -> None:
    git("checkout", "--quiet", "-b", "other")
    Path("web.yaml").write_text("name: other\nreplicas: 3\n")
    commit("other")
    git("checkout", "--quiet", "-")
    Path("web.yaml").write_text("name: main\nreplicas: 3\n")
    commit("main")
    subprocess.run(["git", "merge", "--quiet", "other"], capture_output=True)
    assert main(["--format", "json", "--no-history", "web.yaml"]) == 0
    assert why(json.loads(capsys.readouterr().out))["web.yaml"].startswith("it is not merged yet")


@pytest.mark.parametrize("threshold", ["review", "block"])
def test_a_named_config_that_cannot_be_judged_fails_at_every_threshold(
    web: Path, capsys: Capture, threshold: str
) -> None:
    Path("confguard.toml").write_text('[configs.web]\nfiles = ["web.yaml"]\n')
    commit()
    Path("web.yaml").unlink()
    Path("web.yaml").symlink_to("/etc/hostname")
    commit("a link")
    code, told = ranged(capsys, "HEAD~1..HEAD", "--fail-on", threshold)
    assert (code, codes(told)) == (1, {"CG004"})


def test_a_rename_out_of_the_pattern_alone_where_pre_commit_names_no_file(
    web: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRE_COMMIT", "1")
    git("mv", "web.yaml", "web.yaml.off")
    code, told = staged(capsys)
    assert (code, decisions(told), codes(told)) == (1, {"web.yaml": "review"}, {"CG910"})


def test_a_file_is_named_from_anywhere_and_a_folder_stands_for_its_files(
    web: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("sub").mkdir()
    Path("sub/deep.yaml").write_text("replicas: 3\n")
    commit()
    Path("sub/deep.yaml").write_text("replicas: 0\n")
    for named in (str(web / "sub/deep.yaml"), "sub", ".", "sub/../sub/deep.yaml"):
        assert (staged(capsys, named)[0], named) == (1, named)
    monkeypatch.chdir("sub")
    assert staged(capsys, "..")[0] == 1
    assert main(["/etc/passwd"]) == 2
    assert "is outside of the repository" in capsys.readouterr().err


def test_a_link_that_is_gone_and_a_file_that_became_a_submodule(
    web: Path, capsys: Capture, tmp_path_factory: pytest.TempPathFactory
) -> None:
    Path("link.yaml").symlink_to("web.yaml")
    commit()
    Path("link.yaml").unlink()
    assert decisions(staged(capsys)[1]) == {"link.yaml": "review"}
    commit("gone")
    module = tmp_path_factory.mktemp("module")
    subprocess.run(["git", "init", "-q", str(module)], check=True)
    git("-C", str(module), "commit", "--quiet", "--allow-empty", "-m", "x")
    git("rm", "--quiet", "web.yaml")
    git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(module), "web.yaml")
    assert decisions(staged(capsys)[1])["web.yaml"] == "review"


def test_a_file_that_is_renamed_into_a_config_is_judged_by_its_terms(web: Path, capsys: Capture) -> None:
    Path("models_of_drafts.py").write_text(
        "from pydantic import BaseModel\nclass Conf(BaseModel):\n    replicas: int\n"
    )
    Path("confguard.toml").write_text(
        '[configs.c]\nfiles = ["conf/*.yaml"]\nschema = "models_of_drafts:Conf"\n'
    )
    Path("drafts").mkdir()
    Path("drafts/w.yaml").write_text("replicas: many\n")
    commit()
    Path("conf").mkdir()
    git("mv", "drafts/w.yaml", "conf/w.yaml")
    code, told = staged(capsys, "conf/w.yaml")
    assert (code, codes(told)) == (1, {"CG002"})


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('files = ["*.yaml"]\n', 'files = ["web.yaml"]\n', "no longer judges *.yaml"),
        (
            'files = ["web.yaml"]\nimpact = "critical"\n',
            'files = ["web.yaml"]\nimpact = "low"\n',
            "is of low impact (was critical)",
        ),
        (
            'files = ["web.yaml"]\nschema = "web.schema.json"\n',
            'files = ["web.yaml"]\n',
            "has no schema any more",
        ),
    ],
)
def test_a_config_that_is_looked_at_less_is_told_of(
    web: Path, capsys: Capture, before: str, after: str, told: str
) -> None:
    Path("web.schema.json").write_text('{"type": "object"}')
    Path("confguard.toml").write_text("[configs.web]\n" + before)
    commit()
    Path("confguard.toml").write_text("[configs.web]\n" + after)
    code, found = staged(capsys)
    assert (code, codes(found)) == (1, {"CG005"})
    assert told in found["files"][0]["findings"][0]["message"]


def test_between_the_revisions_of_pre_commit_a_branch_is_not_blamed_for_main(
    web: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    git("checkout", "--quiet", "-b", "topic")
    Path("topic.yaml").write_text("x: 1\n")
    commit("topic")
    git("checkout", "--quiet", "main")
    Path("new.yaml").write_text("x: 1\n")
    commit("main")
    git("checkout", "--quiet", "topic")
    monkeypatch.setenv("PRE_COMMIT_FROM_REF", "main")
    monkeypatch.setenv("PRE_COMMIT_TO_REF", "topic")
    code, told = staged(capsys, "topic.yaml")
    assert (code, list(decisions(told))) == (0, ["topic.yaml"])


def test_what_is_no_range_and_a_schema_that_ends_the_program(web: Path, capsys: Capture) -> None:
    for span in ("HEAD..HEAD..HEAD", "HEAD...HEAD..HEAD"):
        assert command(["assess", "--git", span]) == 2
        assert "is not a range" in capsys.readouterr().err
    Path("models_that_exit.py").write_text("import sys\nsys.exit(0)\n")
    Path("confguard.toml").write_text('[configs.w]\nfiles = ["web.yaml"]\nschema = "models_that_exit:Conf"\n')
    Path("web.yaml").write_text("name: other\n")
    git("add", "-A")
    assert main(["web.yaml"]) == 2
    assert "cannot import 'models_that_exit'" in capsys.readouterr().err


@pytest.mark.parametrize("handed_over", [["web.yaml"], []])
def test_a_config_whose_name_tells_no_format_where_pre_commit_names_no_such_file(
    handed_over: list[str], web: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`files` of the hook is a pattern of suffixes, and a config may be called as it likes."""
    monkeypatch.setenv("PRE_COMMIT", "1")
    Path("confguard.toml").write_text('[configs.web]\nfiles = ["web.settings"]\nformat = "toml"\n')
    Path("web.settings").write_text("replicas = 3\n")
    commit()
    Path("web.settings").write_text("replicas = 0\n")
    Path("web.yaml").write_text("name: web\nreplicas: 4\nport: 80\n")
    Path("other.settings").write_text("x")
    code, told = staged(capsys, *handed_over)
    assert (code, decisions(told)) == (1, {"web.settings": "block"})


def test_the_hook_is_handed_every_name_that_tells_a_format() -> None:
    """As pre-commit looks for them: with `re.search`, in names of any case."""
    hooks = yaml.safe_load(Path(__file__).parents[1].joinpath(".pre-commit-hooks.yaml").read_text())
    suffixes = (
        "toml",
        "yaml",
        "yml",
        "json",
        "jsonc",
        "json5",
        "properties",
        "ini",
        "cfg",
        "cnf",
        "conf",
        "env",
    )
    names = [f"sub/a.{suffix}" for suffix in suffixes]
    for name in [*names, *map(str.upper, names), ".env", ".env.production", "sub/.ENV", ".Env.Local"]:
        assert is_configuration(name)
        assert all(re.search(hook["files"], name) for hook in hooks), name
    for name in ("README.md", "environment.py", "a.env.py", "yaml"):
        assert not any(re.search(hook["files"], name) for hook in hooks), name


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs OpenSSH")
def test_signatures_that_somebody_has_git_show_are_no_authors(
    web: Path, capsys: Capture, folder: Path
) -> None:
    """With `log.showSignature` git writes who signed a commit before what was asked for."""
    subprocess.run(["ssh-keygen", "-qt", "ed25519", "-N", "", "-f", "key"], check=True)
    Path("allowed").write_text(f"* {Path('key.pub').read_text()}")
    for setting in ("gpg.format=ssh", "user.signingkey=key.pub", "gpg.ssh.allowedSignersFile=allowed"):
        git("config", *setting.split("="))
    git("config", "commit.gpgsign", "true")
    for replicas in (4, 5, 6, 7):
        Path("web.yaml").write_text(f"name: web\nreplicas: {replicas}\nport: 80\n")
        git("commit", "-qam", f"Revert: {replicas}")
    command(["assess", "--git", "HEAD~1..HEAD", "--format", "json"])
    without = capsys.readouterr().out
    git("config", "log.showSignature", "true")
    assert "ED25519" in git("log", "-1")
    command(["assess", "--git", "HEAD~1..HEAD", "--format", "json"])
    assert capsys.readouterr().out == without


def test_texts_of_a_document_mention_nobody_in_markdown(folder: Path, capsys: Capture) -> None:
    """Entities are characters before GitHub looks for names and issues."""
    Path("old.yaml").write_text('image: "&commat;octocat owner/repo#12 &#64;web"\n')
    Path("new.yaml").write_text('image: "&commat;octocat:latest"\n')
    command(["assess", "old.yaml", "new.yaml", "--format", "markdown"])
    out = capsys.readouterr().out
    assert "CG519" in out
    rendered = pytest.importorskip("markdown_it").MarkdownIt().render(out)
    read = html.unescape(re.sub(r"<[^>]*>", "", rendered))
    assert "&commat;" in read
    for meant in ("@octocat", "@web", "repo#12"):
        assert meant not in read


@pytest.mark.parametrize("span", ["..HEAD", "...HEAD", "..", "HEAD~1..HEAD^{tree}", "HEAD^{tree}..HEAD"])
def test_a_range_whose_end_is_empty_or_no_commit_cannot_be_judged(
    span: str, web: Path, capsys: Capture
) -> None:
    """In CI a variable that is not set leaves an end empty: what would be judged is nothing."""
    Path("web.yaml").write_text("name: web\nreplicas: 0\nport: 80\n")
    commit("two")
    assert command(["assess", "--git", span]) == 2
    err = capsys.readouterr().err
    assert "names no base" in err or "there is no such commit here" in err


def test_a_repository_that_is_the_whole_file_system(
    web: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of containers, and of those who keep /etc and more in git: the root is the parent of itself."""
    Path("web.yaml").write_text("name: web\nreplicas: 0\nport: 80\n")
    commit("two")
    monkeypatch.setenv("GIT_DIR", str(web / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", "/")
    monkeypatch.chdir("/")
    code, told = ranged(capsys, "HEAD~1..HEAD")
    assert (code, decisions(told)) == (1, {"web.yaml": "block"})


def test_where_git_cannot_be_set_up_nothing_is_written(web: Path, capsys: Capture) -> None:
    Path(".git/config.lock").touch()
    assert command(["git", "install"]) == 2
    assert "could not lock config file" in capsys.readouterr().err
    assert not Path(".gitattributes").exists()
