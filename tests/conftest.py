"""What all tests share."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from servers import Etcd, Postgres

ROOT = Path(__file__).parent.parent

settings.register_profile("default", deadline=None)
settings.register_profile("fast", deadline=None, max_examples=10, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def examples(most: int) -> int:
    """How many examples a test tries: so many, and a share of them in the inner loop."""
    return max(5, most * settings().max_examples // 100)


@pytest.fixture(autouse=True)
def _soon_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stays sick after a revert is looked at for ten seconds: not in tests that are of other things."""
    monkeypatch.setattr("confguard.rollout.baking._LONGEST_VERIFYING", 0.3)


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on the environment or the git configuration of whoever runs it."""
    for name in list(os.environ):
        if name.startswith(("CONFGUARD_", "PRE_COMMIT_", "GIT_")) and name != "CONFGUARD_CI":
            monkeypatch.delenv(name)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Ana")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "ana@example.com")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path


@pytest.fixture
def shared_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder that every user may enter and write."""
    made = tmp_path_factory.mktemp("shared")
    for outer in (made, *made.parents):
        if outer == Path(tempfile.gettempdir()):
            break
        outer.chmod(0o777)
    monkeypatch.chdir(made)
    return made


@contextmanager
def as_a_user() -> Iterator[None]:
    """As somebody whom file permissions bind: root is not."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def repository(folder: Path) -> Path:
    """An empty git repository that is the working folder."""
    git("init", "--quiet", "--initial-branch=main")
    return folder


def git(*arguments: str) -> str:
    """Run git in the working folder."""
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout


def unmeasured() -> dict[str, str]:
    """The environment of a process that coverage is not to be measured in: it costs time, modules and files."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}


def incidents() -> list[dict[str, Any]]:
    """Reconstructed outages, and benign changes that look like them."""
    return json.loads((ROOT / "tests/data/incidents.json").read_text())


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server for all tests that need one; each takes a schema of its own."""
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def etcd() -> Iterator[Etcd]:
    """An etcd for all tests that need one; each takes a prefix of its own."""
    server = Etcd()
    yield server
    server.close()


def sampled(values: Iterable[Any], every: int) -> list[Any]:
    """Parameters of which the inner loop takes one in `every`, and `make test` all."""
    listed = [value if isinstance(value, tuple) else (value,) for value in values]
    return [
        pytest.param(*value, marks=[pytest.mark.slow] if number % every else [])
        for number, value in enumerate(listed)
    ]


SERVERS = tuple(pytest.param(kind, marks=pytest.mark.slow) for kind in ("postgresql", "etcd"))
STORES = ("memory", "sqlite", *SERVERS)


def fresh_url(kind: str, request: pytest.FixtureRequest, folder: str = ".") -> str:
    """The URL of an empty store of a kind."""
    name = f"t{uuid.uuid4().hex[:12]}"
    if kind == "postgresql":
        return request.getfixturevalue("postgres").url(schema=name)
    if kind == "etcd":
        return f"{request.getfixturevalue('etcd').url}/{name}"
    return "memory://" if kind == "memory" else f"sqlite:///{folder}/{name}.db"
