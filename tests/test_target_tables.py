"""Targets as a person writes them, in Python and in the project file."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

import confguard as cg
from confguard.errors import ProjectError, TargetError
from confguard.project import load_project
from confguard.project.guards import guard_of
from confguard.targets import CallbackTarget, FileSet, FileTarget, as_target


def test_all_ways_to_write_one(folder: Path) -> None:
    root = Path("/etc")
    assert as_target("a.toml") == as_target(Path("a.toml")) == FileTarget("a.toml")
    assert as_target("a.toml", root) == as_target({"file": Path("a.toml")}, root) == FileTarget("/etc/a.toml")
    assert as_target("/var/a.toml", root) == FileTarget("/var/a.toml")
    table = {"file": "a.toml", "in_place": True, "mode": "0640", "owner": "root", "group": 2000}
    assert as_target(table) == FileTarget("a.toml", in_place=True, mode=0o640, owner="root", group=2000)
    assert as_target({"folder": "set", "files": ("a", "b")}, root) == FileSet("/etc/set", ["a", "b"])
    assert as_target({"folder": "set", "files": ["a"], "mode": "0640"}) == FileSet("set", ["a"], mode=0o640)
    for target in (CallbackTarget("x", print), FileSet("set", ["a"]), FileTarget("b")):
        assert as_target(target, root) is target


MISTAKES = [
    ({"fil": "a"}, r"unknown key 'fil' \(did you mean 'file'\?\)"),
    ({"file": "a", "in-place": True}, r"unknown key 'in-place' \(did you mean 'in_place'\?\)"),
    ({"file": "a", "files": ["a"]}, "unknown key 'files'"),
    ({"folder": "a", "file": "b"}, "unknown key 'folder'"),
    ({"folder": "a", "files": ["b"], "in_place": True}, "unknown key 'in_place'"),
    ({"mode": "0640"}, "'file' or 'folder' is needed"),
    ({}, "'file' or 'folder' is needed"),
    ({"file": 1}, "'file' is a path, and 1 is none"),
    ({"file": ""}, "'file' is a path, and '' is none"),
    ({"folder": "a", "files": "b"}, "'files' is a list of names"),
    ({"folder": "a", "files": [1]}, "'files' is a list of names"),
    ({"folder": "a", "files": ["../c"]}, "is not a file's name"),
    ({"file": "a", "in_place": "yes"}, "expected true or false"),
    ({"file": "a", "mode": 640}, r'mode 640: expected octal text, in quotes \(did you mean "0640"\?\)'),
    ({"file": "a", "mode": 416}, r'did you mean "0640"'),
    ({"file": "a", "mode": "0984"}, "mode '0984': expected an octal number from 0000 to 0777"),
    ({"file": "a", "mode": True}, "mode True"),
    ({"file": "a", "mode": 9999}, 'as "0640"'),
    ({"file": "a", "owner": 1.5}, "owner 1.5: expected a name or a number"),
    ({"file": "a.toml.j2"}, "is a template by its name"),
    ("", "a target is a path, and '' is none"),
    ("a\0b", "no path has such characters"),
]


@pytest.mark.parametrize(("like", "says"), MISTAKES)
def test_mistakes(like: Any, says: str) -> None:
    with pytest.raises(TargetError, match=says):
        as_target(like)


@pytest.mark.parametrize("like", [None, 1, True, ["a"], ("a",)])
def test_what_is_no_target(like: Any) -> None:
    with pytest.raises(TargetError, match="expected a path or a table"):
        as_target(like)


@pytest.mark.parametrize("path", ["\ud800.toml", "a\0.toml"])
def test_paths_that_no_system_takes(path: str) -> None:
    with pytest.raises(TargetError, match="no path has such characters"):
        FileTarget(path)
    with pytest.raises(TargetError, match="no path has such characters"):
        FileSet(path, ["a"])


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ('{ file = "a", mod = "0640" }', r"unknown key 'mod' \(did you mean 'mode'\?\)"),
        ('{ file = "a", mode = 640 }', r'\(did you mean "0640"\?\)'),
        ('{ file = "a", mode = 0o640 }', r'\(did you mean "0640"\?\)'),
        ('{ files = ["a"] }', "'files' without a folder says where each stands"),
        ("7", "expected a path or a table"),
        ('["a"]', "expected a path or a table"),
    ],
)
def test_mistakes_in_a_project_file_have_a_place(folder: Path, written: str, says: str) -> None:
    Path("confguard.toml").write_text(f"[configs.a]\ntargets = [\n  'a.toml',\n  {written}]\n")
    with pytest.raises(ProjectError, match=says) as caught:
        load_project(Path("confguard.toml"))
    assert "confguard.toml:4:3: configs.a.targets[1]: " in str(caught.value)


def test_a_project_file_is_read_where_its_users_are_not(folder: Path) -> None:
    """On the machine of whoever changes it, and in CI."""
    Path("confguard.toml").write_text(
        '[configs.a]\ntargets = [{ file = "conf/a.toml", mode = "0640", owner = "no-such-user" }]\n'
    )
    project = load_project(Path("confguard.toml"))
    Path("conf").mkdir()
    with guard_of(project, "a") as guard, pytest.raises(TargetError, match="no user 'no-such-user'"):
        guard.apply(guard.plan({"x": 1}, reason="one"))


def test_targets_of_a_project(folder: Path) -> None:
    Path("conf").mkdir()
    Path("conf/old.toml").write_text("x = 0\n")
    Path("confguard.toml").write_text(
        '[configs.a]\ntargets = ["a.toml", { file = "conf/new.toml", mode = "0640" },\n'
        '  { file = "conf/old.toml", in_place = true }]\n'
    )
    number = Path("conf/old.toml").stat().st_ino
    with guard_of(load_project(Path("confguard.toml")), "a") as guard:
        guard.apply(guard.plan(cg.parse("x = 1\n", "toml"), reason="one"))
    for name in ("a.toml", "conf/new.toml", "conf/old.toml"):
        assert Path(name).read_text() == "x = 1\n"
    assert stat.S_IMODE(Path("conf/new.toml").stat().st_mode) == 0o640
    assert Path("conf/old.toml").stat().st_ino == number
