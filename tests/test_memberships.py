"""Which files are a config's, and that every command and the hook say the same of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import confguard as cg
from confguard.cli import main
from confguard.documents.patterns import files_below, leads_through, matches
from confguard.errors import DocumentError
from confguard.hooks.pre_commit import main as hook
from conftest import git

Capture = pytest.CaptureFixture[str]
NAMES = [
    "a.toml",
    "conf/..hidden.toml",
    "conf/.env.toml",
    "conf/a.toml",
    "conf/b.yaml",
    "conf/..data/a.toml",
    "conf/eu/a.toml",
    "conf/eu/west/a.toml",
    "conf/x[1].toml",
]


def write(**files: str) -> None:
    for name, text in files.items():
        path = Path(name.replace("__", "/").replace("_", "."))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def commit() -> None:
    git("add", "-A")
    git("commit", "--quiet", "-m", "change")


def staged(capsys: Capture) -> dict[str, tuple[str, list[str]]]:
    """What the hook decides of each file of the change, and the messages of what it found."""
    git("add", "-A")
    capsys.readouterr()
    hook(["--format", "json", "--no-history"])
    return _told(json.loads(capsys.readouterr().out)["files"])


def _told(files: list[dict[str, object]]) -> dict[str, tuple[str, list[str]]]:
    return {
        str(each["file"]): (str(each["decision"]), [finding["message"] for finding in each["findings"]])  # type: ignore[attr-defined]
        for each in files
    }


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.toml", ["a.toml"]),
        ("conf/*.toml", ["conf/.env.toml", "conf/a.toml", "conf/x[1].toml"]),
        ("conf/?.toml", ["conf/a.toml"]),
        ("conf/[!b].*", ["conf/a.toml"]),
        ("conf/x[[]1].toml", ["conf/x[1].toml"]),
        ("conf/*/a.toml", ["conf/eu/a.toml"]),
        ("conf/**/a.toml", ["conf/a.toml", "conf/eu/a.toml", "conf/eu/west/a.toml"]),
        ("**/a.toml", ["a.toml", "conf/a.toml", "conf/eu/a.toml", "conf/eu/west/a.toml"]),
        ("conf/**/west/**/a.toml", ["conf/eu/west/a.toml"]),
        ("conf/eu/**", ["conf/eu/a.toml", "conf/eu/west/a.toml"]),
        ("conf/**.yaml", ["conf/b.yaml"]),
        ("conf/a.toml/*", []),
        ("conf", []),
    ],
)
def test_a_pattern_names_in_a_folder_what_it_matches(folder: Path, pattern: str, found: list[str]) -> None:
    for name in NAMES:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    assert [name for name in sorted(NAMES) if matches(name, pattern)] == found
    assert files_below(folder, [pattern]) == found


@pytest.mark.parametrize(
    ("pattern", "folder_name", "leads"),
    [
        ("conf/live/*.toml", "conf", True),
        ("conf/live/*.toml", "conf/live", True),
        ("conf/live/*.toml", "conf/live/eu", False),
        ("conf/**/*.toml", "conf/live/eu/west", True),
        ("conf/*/a.toml", "conf/live", True),
        ("conf/*.toml", "conf/a.toml", False),
    ],
)
def test_a_pattern_leads_through_folders(pattern: str, folder_name: str, leads: bool) -> None:
    assert leads_through(folder_name, pattern) is leads


JOBS = '[configs.jobs]\nfiles = ["{}"]\ntargets = ["live"]\npolicy = {{ review = 1, block = 2 }}\n'


@pytest.mark.parametrize(
    ("pattern", "file", "is_one"),
    [
        ("jobs/*.toml", "jobs/b.toml", True),
        ("jobs/*.toml", "jobs/eu/b.toml", False),
        ("jobs/*.toml", "jobs/..dot.toml", False),
        ("jobs/**/*.toml", "jobs/b.toml", True),
        ("jobs/**/*.toml", "jobs/eu/b.toml", True),
        ("*/b.toml", "jobs/b.toml", True),
        ("*b.toml", "jobs/b.toml", False),
    ],
)
def test_the_hook_judges_what_is_applied_and_nothing_else(
    repository: Path, capsys: Capture, pattern: str, file: str, is_one: bool
) -> None:
    for path in (Path(file), Path("jobs/a.toml"), Path("0b.toml")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("replicas = 5\n")
    write(confguard_toml=JOBS.format(pattern))
    commit()
    assert main(["apply", "jobs", "--reason", "start"]) == 0
    Path(file).write_text("replicas = 0\n")
    assert (main(["plan", "jobs"]) == 1) is is_one
    assert set(staged(capsys)) == ({file} if is_one else set())
    main(["check", "--format", "json"])
    main(["check"])
    counted = len(files_below(repository, [pattern]))
    assert f"{counted} file{'s' if counted > 1 else ''} checked" in capsys.readouterr().out


def test_what_a_pattern_matches_is_taken_by_its_name(folder: Path) -> None:
    guard = cg.Guard(
        "jobs", files=["conf/**/*.toml"], store="memory://", policy=cg.Policy(review=101, block=101)
    )
    guard.apply(guard.plan({"conf/a.toml": {"x": 1}, "conf/eu/b.toml": {"x": 1}}, reason="start"))
    with pytest.raises(DocumentError, match="'a.toml' is not one of its files"):
        guard.plan({"a.toml": {"x": 1}}, reason="more")
