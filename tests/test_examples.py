"""Every example, by the one command that its page names."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import confguard as cg
from confguard.cli import build_parser
from conftest import ROOT, fresh_url
from servers import free_port, needed

EXAMPLES = ROOT / "examples"
PAGE = (EXAMPLES / "README.md").read_text()

pytestmark = pytest.mark.slow


def run(folder: str, *more: str) -> str:
    """What the command of an example prints; it must end well, and leave nothing behind in the clone."""
    (command,) = re.findall(rf"`((?:sh|python) examples/{folder}/[^\s`]+)", PAGE)
    script = ROOT / command.split()[1]
    assert command in script.read_text(), "the command stands at the top of the file, too"
    before = sorted(EXAMPLES.rglob("*"))
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PORT": str(free_port()),
        "PRE_COMMIT_HOME": str(Path.cwd() / "pre-commit"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    environment.pop("COVERAGE_PROCESS_CONFIG", None)
    ended = subprocess.run(
        [*shlex.split(command), *more], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=150
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    assert sorted(EXAMPLES.rglob("*")) == before
    return ended.stdout + ended.stderr


def test_every_example_has_its_line() -> None:
    assert set(re.findall(r"^\| \[`(\w+)`\]", PAGE, re.MULTILINE)) == {
        path.name for path in EXAMPLES.iterdir() if path.is_dir()
    }
    for link in re.findall(r"\]\(([^)]*)\)", PAGE):
        assert (EXAMPLES / link).exists(), link


def test_a_fastapi_service_takes_its_settings_live(folder: Path) -> None:
    needed("curl")
    if not os.environ.get("CONFGUARD_CI"):
        pytest.importorskip("fastapi", reason="fastapi is not installed: pip install -r requirements-dev.txt")
    told = run("fastapi_service")
    assert re.findall(r'"results":(\d+)', told) == ["20", "20", "25", "25", "25"]
    assert '{"revision":4,"problem":null' in told
    assert "healthy for the whole bake" in told
    assert "reverted revision 4: GET http://127.0.0.1:" in told


def test_a_worker_with_layers_and_secrets(folder: Path) -> None:
    told = run("worker")
    assert "works on 200 jobs of db.production.internal every 250ms" in told
    assert "database.password = ***\n    from " in told
    assert "$WORKER_BATCH: batch: expected" in told
    assert "hunter2" not in told


def test_a_repository_with_nothing_but_the_hook_and_ci(folder: Path) -> None:
    told = run("hook_and_ci")
    judged = re.findall(r"web\.yaml: block: (risk 8\d of 100.*)", told)
    assert len(judged) == 2
    assert judged[0] == judged[1]  # the hook and CI say the same
    assert "web.yaml: allow: risk" in told


@pytest.mark.parametrize("job", [".github/workflows/confguard.yml", ".gitlab-ci.yml"])
def test_the_commands_of_ci_are_known(job: str) -> None:
    text = (EXAMPLES / "hook_and_ci" / job).read_text()
    cg.parse(text, "yaml")
    text = re.sub(r"\$\{\{[^}]*\}\}|\$\w+", "main", text)
    commands = re.findall(r"(?m)^\s*(?:- )?(?:run: )?confguard (.*?)(?: > \S+)?$", text)
    assert len(commands) == 3
    for command in commands:
        assert callable(build_parser().parse_args(shlex.split(command)).run)


@pytest.mark.parametrize("server", ["postgresql", "etcd"])
def test_a_fleet(server: str, folder: Path, request: pytest.FixtureRequest) -> None:
    told = run("fleet", fresh_url(server, request))
    for number in (1, 2, 3):
        assert f"service {number} started: revision 1: 600 requests a minute" in told
        assert f"service {number} followed the change: revision 2: 500 requests a minute" in told
        assert f"service {number} followed the revert: revision 3: 600 requests a minute" in told
    assert "3 revisions, every link is good" in told


def test_what_an_example_needs_is_said_in_a_line(folder: Path) -> None:
    python = folder / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    environment = os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    fleet = [sys.executable, str(EXAMPLES / "fleet/fleet.py"), "postgresql://nobody@127.0.0.1:1/x"]
    for command, says in [
        (["sh", str(EXAMPLES / "fastapi_service/run.sh")], "needs: pip install fastapi uvicorn"),
        (fleet, "postgresql://nobody@127.0.0.1:1/x: cannot be reached"),
    ]:
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert ended.returncode != 0
        assert ended.stderr.startswith(says)
        assert len(ended.stderr.splitlines()) == 1
