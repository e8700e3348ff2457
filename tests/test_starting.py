"""`confguard init`: the project file that it writes works as it stands, whatever the folder holds."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from confguard.project import load_project
from confguard.project.guards import guard_of
from conftest import as_a_user
from test_cli import run, run_json

Capture = pytest.CaptureFixture[str]

KINDS: Mapping[str, Mapping[str, str]] = {
    "empty": {},
    "one file": {"auth.toml": "max_inflight = 400\n"},
    "several YAML files": {"web.yaml": "a: 1\n", "db/web.yml": "b: 2\n", "my config.yaml": "c: 3\n"},
    "manifests": {
        "deploy.yaml": "kind: Deployment\nspec: {replicas: 3}\n---\nkind: Service\nspec: {ports: [{port: 80}]}\n",
        "chart/values.yaml": "replicas: 3\n",
        "chart/templates/web.yaml": "a: {{ .Values.a }}\n{{- if .Values.b }}\n",
    },
    "environments": {f"deploy/{name}/app.yaml": "replicas: 1\n" for name in ("dev", "staging", "prod")},
    "a package": {"pyproject.toml": "[project]\nname = 'x'\n", "settings.toml": "a = 1\n"},
    "secrets": {".env": "DB_PASSWORD=hunter2-of-the-database\n", ".env.production": "PORT=81\n"},
    "risky from the start": {"a.toml": "debug = true\nverify_tls = false\npassword = 'changeme'\ntimeout = 0\n"},
    "other formats": {"nginx.conf": "worker_processes 1;\n", "app.hcl": "a = 1\n", "x.xml": "<a/>\n"},
    "broken": {"broken.toml": "a = = 1\n", "good.toml": "a = 1\n"},
    "patterns in names": {"a[1] *.toml": "a = 1\n", "a-1.toml": "a = 2\n", "a/1.toml": "a = 3\n", "1.toml": "a = 4\n"},
    "of several formats": {"größe.ini": "[a]\nb = 1\n", "x.properties": "a=1\n", "y.json": "[1, 2]\n"},
}  # fmt: skip


def fill(files: Mapping[str, str]) -> None:
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_file_works_as_it_stands(kind: str, folder: Path, capsys: Capture) -> None:
    fill(KINDS[kind])
    code, told = run_json(capsys, "init")
    assert code == 0
    assert run(capsys, "status")[0] == (0 if told["configs"] else 2)  # there is nothing to look at
    assert not Path("confguard.db").exists()  # nobody said that anything is to be imported
    project = load_project(Path("confguard.toml"))
    for name, (file,) in told["configs"].items():
        assert project.source_of(name) == project.root / file
        assert [*project.configs_of(file)] == [name]
        assert run(capsys, "check", file)[0] in {0, 1}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_there_is_imported_if_somebody_says_so(kind: str, folder: Path, capsys: Capture) -> None:
    fill(KINDS[kind])
    code, told = run_json(capsys, "init", "--import")
    assert (code, told["errors"]) == (0, {})
    assert set(told["imported"]) == set(told["configs"])
    project = load_project(Path("confguard.toml"))
    for name, (file,) in told["configs"].items():
        with guard_of(project, name) as guard:
            head = guard.head()
            assert head is not None and head.content == Path(file).read_bytes()


def test_every_target_that_is_offered_works(folder: Path, capsys: Capture) -> None:
    fill(KINDS["environments"] | KINDS["secrets"] | KINDS["patterns in names"])
    imported = run_json(capsys, "init", "--import")[1]["configs"]
    file = Path("confguard.toml")
    file.write_text(re.sub(r"^# (targets = )", r"\1", file.read_text(), flags=re.MULTILINE))
    for name, (source,) in imported.items():
        assert run(capsys, "drift", name, "--repair")[0] == 0
        (target,) = load_project(file).config(name).targets
        assert target != source
        assert Path(target).read_bytes() == Path(source).read_bytes()


def test_files_that_cannot_be_read_are_left_out_and_named(folder: Path, capsys: Capture) -> None:
    fill(KINDS["broken"] | KINDS["manifests"] | KINDS["other formats"])
    os.close(os.open(b"\xff.toml", os.O_CREAT))
    told = run_json(capsys, "init")
    left_out = told[1]["left_out"]
    assert {"broken.toml", "chart/templates/web.yaml", "nginx.conf"} < set(left_out)
    assert left_out["broken.toml"].startswith("1:5: ")
    assert "its name is not UTF-8" in left_out.values()
    assert set(told[1]["configs"]) == {"good", "deploy", "values"}


def test_names_tell_files_apart(folder: Path, capsys: Capture) -> None:
    fill(KINDS["environments"] | KINDS["several YAML files"] | KINDS["secrets"] | KINDS["patterns in names"])
    assert set(run_json(capsys, "init")[1]["configs"]) == {
        "dev-app", "staging-app", "prod-app", "web", "db-web", "my-config", "env", "env-production",
        "1", "a-1", "a-1-2", "a-1-3",
    }  # fmt: skip


def test_files_and_targets_are_explained(folder: Path, capsys: Capture) -> None:
    fill(KINDS["one file"])
    _, text, _ = run(capsys, "init", "--dry-run")
    assert "files     where it is edited" in text
    assert "targets   where it takes effect" in text
    assert not Path("confguard.toml").exists()


def test_a_project_that_is_there_is_not_hidden(folder: Path, capsys: Capture) -> None:
    Path("pyproject.toml").write_text("[tool.confguard.configs.a]\nfiles = ['a.toml']\n")
    code, _, err = run(capsys, "init")
    assert code == 2
    assert "pyproject.toml holds [tool.confguard] already" in err
    assert not Path("confguard.toml").exists()
    Path("inner").mkdir()
    os.chdir("inner")
    code, out, _ = run(capsys, "init")
    assert code == 0
    assert f"note: {folder / 'pyproject.toml'} no longer holds in this folder" in out


def test_a_folder_that_cannot_be_written(shared_folder: Path, capsys: Capture) -> None:
    fill(KINDS["one file"])
    shared_folder.chmod(0o555)
    with as_a_user():
        code, _, err = run(capsys, "init", "--import")
    assert code == 2
    assert err.startswith("confguard: confguard.toml: cannot be written: Permission denied")


def test_what_git_ignores_is_not_found(repository: Path, capsys: Capture) -> None:
    fill({"secret.ini": "[a]\nb = 1\n", "new.toml": "b = 1\n", ".gitignore": "*.ini\n.gitignore\n"})
    assert run_json(capsys, "init")[1]["configs"] == {"new": ["new.toml"]}


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "revisions"), [("y", 1), ("\n", 0), ("n", 0)])
def test_somebody_at_a_terminal_is_asked(answer: str, revisions: int, folder: Path, capsys: Capture) -> None:
    fill(KINDS["one file"])
    ours, theirs = pty.openpty()
    asked = subprocess.Popen(
        [sys.executable, "-m", "confguard", "init"], stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, answer.encode() + b"\n")
    shown = b""
    while b"next: " not in shown:
        shown += os.read(ours, 1024)
    assert asked.wait(60) == 0
    os.close(ours)
    assert b"Import what is there as its first revision? [y/N]" in shown
    assert Path("confguard.db").exists() is bool(revisions)
    if revisions:
        assert len(run_json(capsys, "log", "auth")[1]) == revisions
