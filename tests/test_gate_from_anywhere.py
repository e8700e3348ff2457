"""Thresholds, acceptances and rules name files from the project file, wherever one stands."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from confguard.cli import main as command
from confguard.hooks.pre_commit import main as hook
from conftest import git

Capture = pytest.CaptureFixture[str]
PROJECT = """
[policy]
paths = [{ files = ["deploy/*"], review = 20, block = 50 }]
accept = [{ code = "CG301", file = "deploy/single.toml", reason = "one will do" }]

[[rules]]
code = "ACME1"
when = "file.startsWith('deploy/')"
message = "{file}"

[configs.single]
files = ["deploy/single.toml"]
targets = ["single.live.toml"]

[configs.app]
layers = ["deploy/base.toml", "deploy/prod.toml"]
targets = ["app"]

[configs.jobs]
files = ["deploy/jobs/*.toml"]
targets = ["jobs/"]
"""
BEFORE, AFTER = "replicas = 3\npool = 64\n", "replicas = 0\npool = 4\n"
PLACES = ["", "deploy", "other/deep"]


@pytest.fixture(params=["", "svc"])
def project(request: pytest.FixtureRequest, repository: Path) -> Path:
    """A project at the root of a repository, or below it, of which each file is changed and not staged yet."""
    project = repository / request.param
    for folder in ("deploy", "other/deep"):
        (project / folder).mkdir(parents=True)
    (project / "confguard.toml").write_text(PROJECT)
    for name, text in {"single": BEFORE, "base": "pool = 1\n", "prod": BEFORE}.items():
        (project / f"deploy/{name}.toml").write_text(text)
    git("add", "-A")
    git("commit", "--quiet", "-m", "one")
    return project


def change(project: Path) -> None:
    for name in ("single", "prod"):
        (project / f"deploy/{name}.toml").write_text(AFTER)


def judged(capsys: Capture, *words: str) -> Any:
    capsys.readouterr()
    run, rest = (hook, words[1:]) if words[0] == "hook" else (command, words)
    assert run([*rest, "--format", "json"]) == 1, capsys.readouterr()
    return json.loads(capsys.readouterr().out)


def is_blocked(told: dict[str, Any], file: str) -> bool:
    """Is it by the file's thresholds, with the finding that its own acceptance takes away, and by its own rule?"""
    found = {each["code"]: each["message"] for each in told["findings"]}
    accepted = "CG301" in " ".join(told["accepted"])
    in_single = file == "deploy/single.toml"
    return (told["decision"], found.get("ACME1"), accepted) == ("block", file, in_single)


@pytest.mark.parametrize("place", PLACES)
def test_a_plan_is_judged_alike_wherever_one_stands(
    project: Path, place: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    for name in ("single", "app"):
        assert command(["apply", name, "--reason", "start"]) == 0
    change(project)
    monkeypatch.chdir(project / place)
    assert is_blocked(judged(capsys, "plan", "single"), "deploy/single.toml")
    assert is_blocked(judged(capsys, "plan", "app"), "deploy/prod.toml")


def test_a_plan_is_judged_alike_by_a_project_that_is_elsewhere(
    project: Path, tmp_path_factory: pytest.TempPathFactory, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONFGUARD_CONFIG", str(project / "confguard.toml"))
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert command(["apply", "single", "--reason", "start"]) == 0
    change(project)
    assert is_blocked(judged(capsys, "plan", "single"), "deploy/single.toml")


@pytest.mark.parametrize("name", ["single", "app", "jobs"])
def test_what_takes_the_place_of_a_file_is_judged_as_that_file(
    project: Path, name: str, tmp_path_factory: pytest.TempPathFactory, capsys: Capture
) -> None:
    confguard = str(project / "confguard.toml")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONFGUARD_CONFIG", confguard)
        (project / "deploy/jobs").mkdir()
        (project / "deploy/jobs/prod.toml").write_text(BEFORE)
        assert command(["apply", name, "--reason", "start"]) == 0
        copy = {"single": elsewhere / "new.toml", "app": elsewhere, "jobs": elsewhere}[name]
        for file in ("prod",) if name == "jobs" else ("new", "base", "prod"):
            (elsewhere / f"{file}.toml").write_text("pool = 1\n" if file == "base" else AFTER)
        named = {"single": "deploy/single.toml", "app": "deploy/prod.toml", "jobs": "deploy/jobs/prod.toml"}
        file = named[name]
        assert is_blocked(judged(capsys, "plan", name, str(copy)), file)


@pytest.mark.parametrize("place", PLACES)
def test_the_gate_judges_alike_wherever_one_stands(
    project: Path, place: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(project)
    git("add", "-A")
    monkeypatch.chdir(project / place)
    below = f"{project.name}/" if project.name == "svc" else ""
    staged = judged(capsys, "hook", "--no-history")
    git("commit", "--quiet", "-m", "two")
    for told in (staged, judged(capsys, "assess", "--git", "HEAD~1..HEAD", "--no-history")):
        files = {each["file"]: each for each in told["files"]}
        assert files.keys() == {f"{below}deploy/{name}.toml" for name in ("single", "prod")}
        for file, each in files.items():
            assert is_blocked(each, file.removeprefix(below)), each
            assert {finding["file"] for finding in each["findings"]} == {file}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ["single", "prod"])
def test_one_file_is_assessed_alike_wherever_one_stands(
    project: Path, place: str, name: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(project)
    monkeypatch.chdir(project / place)
    file = os.path.relpath(project / f"deploy/{name}.toml")
    told = judged(capsys, "assess", f"HEAD:./{file}", file, "--no-history")
    assert is_blocked(told, f"deploy/{name}.toml")
    git("commit", "--quiet", "--all", "-m", "two")
    if name == "single":  # in a revision, a layer stands alone
        told = judged(capsys, "assess", f"HEAD~1:./{file}", f"HEAD:./{file}", "--no-history")
        assert is_blocked(told, f"deploy/{name}.toml")


def test_a_file_that_goes_is_judged_as_the_file_that_it_was(project: Path, capsys: Capture) -> None:
    (project / "deploy/single.toml").unlink()
    git("add", "-A")
    (told,) = judged(capsys, "hook", "--no-history")["files"]
    assert told["decision"] == "block"


@pytest.mark.parametrize("place", ["", "staging"])
def test_the_environment_that_a_folder_names_is_known_wherever_one_stands(
    repository: Path, place: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("staging").mkdir()
    Path("confguard.toml").write_text('[configs.web]\nfiles = ["staging/web.toml"]\n')
    Path("staging/web.toml").write_text("pool = 64\n")
    assert command(["apply", "web", "--reason", "start"]) == 0
    Path("staging/web.toml").write_text("pool = 4\n")
    monkeypatch.chdir(place or ".")
    capsys.readouterr()
    assert command(["plan", "web", "--format", "json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["findings"]
    assert (found["code"], found["severity"]) == ("CG201", "medium")


def test_a_nearer_project_file_takes_no_threshold_away(project: Path, capsys: Capture) -> None:
    (project / "deploy/confguard.toml").write_text('[configs.single]\nfiles = ["single.toml"]\n')
    (project / "deploy/single.toml").write_text(AFTER)
    git("add", "-A")
    files = judged(capsys, "hook", "--no-history")["files"]
    (told,) = (each for each in files if each["file"].endswith("single.toml"))
    assert is_blocked(told, "deploy/single.toml")


@pytest.mark.parametrize("place", PLACES)
def test_a_file_is_checked_alike_wherever_one_stands(
    project: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept = 'accept = [{ code = "CG702", file = "deploy/*", reason = "it is Norway" }]\n'
    (project / "confguard.toml").write_text(f"[policy]\n{accept}")
    (project / "deploy/old.yaml").write_text("country: no\n")
    monkeypatch.chdir(project / place)
    assert command(["check", os.path.relpath(project / "deploy/old.yaml")]) == 0


def test_a_file_in_a_folder_that_is_a_link_is_named_by_the_link(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tmp_path_factory.mktemp("real")
    Path("deploy").symlink_to(real)
    Path("confguard.toml").write_text(
        PROJECT.replace('files = ["deploy/single.toml"]', 'files = ["deploy/*"]')
    )
    monkeypatch.setenv("CONFGUARD_CONFIG", str(folder / "confguard.toml"))
    (real / "single.toml").write_text(BEFORE)
    assert command(["apply", "single", "deploy/single.toml", "--reason", "start"]) == 0
    (real / "single.toml").write_text(AFTER)
    for place, file in ((folder, "deploy/single.toml"), (real, "single.toml")):
        monkeypatch.chdir(place)
        assert is_blocked(judged(capsys, "plan", "single", file), "deploy/single.toml")
