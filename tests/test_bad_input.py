"""Whatever is wrong: one clear message, a stable exit code, no traceback, and nothing lost or half written."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from confguard.cli import main
from conftest import as_a_user, unmeasured

PROJECT = '[configs.auth]\nfiles = ["auth.toml"]\ntargets = ["live/auth.toml"]\n'
APPLY = ["apply", "auth", "next.toml", "--reason", "x"]


@pytest.fixture
def project(shared_folder: Path) -> Path:
    Path("confguard.toml").write_text(PROJECT)
    Path("auth.toml").write_text("n = 1\n")
    Path("next.toml").write_text("n = 2\n")
    Path("live").mkdir()
    assert main(["apply", "auth", "--reason", "start"]) == 0
    return shared_folder


def unreadable() -> None:
    open_to_all()
    Path("next.toml").chmod(0)


def open_to_all() -> None:
    for file in Path().rglob("*"):
        file.chmod(0o777 if file.is_dir() else 0o666)


def binary() -> None:
    Path("next.toml").write_bytes(b"\x7fELF\0\0")


def oversized() -> None:
    with Path("next.toml").open("wb") as file:
        file.truncate(64 * 1024 * 1024)


def hostile() -> None:
    lines = [
        "a: &a [x,x,x,x,x,x,x,x,x]",
        *(f"b{i}: &b{i} [{','.join(['*a' if not i else f'*b{i - 1}'] * 9)}]" for i in range(9)),
    ]
    Path("next.yaml").write_text("\n".join(lines))


def gone() -> None:
    Path("next.toml").unlink()


def unknown_format() -> None:
    Path("next.toml").rename("next.xyz")


def schema(spec: str) -> Callable[[], None]:
    def make() -> None:
        Path("broken_models.py").write_text("raise RuntimeError('no database')\n")
        Path("confguard.toml").write_text(PROJECT + f'schema = "{spec}"\n')

    return make


def locked() -> None:
    holder = sqlite3.connect("confguard.db", isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    HELD.append(holder)


HELD: list[sqlite3.Connection] = []


def foreign() -> None:
    for file in Path().glob("confguard.db*"):
        file.unlink()
    with sqlite3.connect("confguard.db") as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()


def newer() -> None:
    with sqlite3.connect("confguard.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


def no_database() -> None:
    for file in Path().glob("confguard.db*"):
        file.unlink()
    Path("confguard.db").write_bytes(b"garbage " * 1000)


def no_folder() -> None:
    Path("live/auth.toml").unlink()
    Path("live").rmdir()


def no_permission() -> None:
    open_to_all()
    Path("live").chmod(0o555)


def no_store_permission() -> None:
    Path("confguard.db").chmod(0)


CASES: dict[str, tuple[Callable[[], None], list[str], int, str]] = {
    "an unreadable file": (unreadable, APPLY, 2, "next.toml: cannot be read: Permission denied"),
    "a binary file": (binary, APPLY, 2, "next.toml:1:5: is binary: byte 4 is NUL"),
    "an oversized file": (oversized, APPLY, 2, "next.toml: is larger than"),
    "a hostile file": (hostile, ["check", "next.yaml"], 1, "values once its aliases are followed"),
    "no such file": (gone, APPLY, 2, "next.toml: no such file"),
    "an unknown format": (unknown_format, [*APPLY[:2], "next.xyz", *APPLY[3:]], 2, "the name ends in '.xyz'"),
    "a schema that is not there": (schema("no_such_x:M"), APPLY, 2, "cannot import 'no_such_x'"),
    "a class that is not there": (schema("confguard.fields:Duratoin"), APPLY, 2, "did you mean 'Duration'"),
    "an import that fails": (
        schema("broken_models:M"),
        APPLY,
        2,
        "cannot import 'broken_models': no database",
    ),
    "a locked store": (locked, APPLY, 2, "another process has held it for 0.2 seconds"),
    "a foreign database": (foreign, APPLY, 2, "a database of another program"),
    "a newer store": (newer, APPLY, 2, "made by a newer confguard"),
    "no database": (no_database, APPLY, 2, "not a confguard store"),
    "a store that may not be opened": (
        no_store_permission,
        APPLY,
        2,
        "may this user read and write the file",
    ),
    "a target in no folder": (no_folder, APPLY, 2, "mkdir -p"),
    "a target that may not be written": (no_permission, APPLY, 2, "cannot be written: Permission denied"),
    "a head that moved": (
        lambda: None,
        [*APPLY, "--expect", "7"],
        3,
        "revision 7 was expected, and 1 is the head",
    ),
    "a name that is not configured": (lambda: None, ["log", "aut"], 2, "did you mean 'auth'?"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input(
    case: str, project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make, arguments, code, says = CASES[case]
    monkeypatch.setattr("confguard.stores.sqlite.BUSY_SECONDS", 0.2)
    make()
    head = store_bytes()
    capsys.readouterr()
    with as_a_user() if make in (unreadable, no_permission, no_store_permission) else contextless():
        ended = main(arguments)
    said = capsys.readouterr()
    while HELD:
        HELD.pop().close()
    assert ended == code
    assert says in said.err + said.out
    assert "Traceback" not in said.err
    assert store_bytes() == head
    assert not list(Path().rglob("*staged*"))
    if case != "a target in no folder":
        assert Path("live/auth.toml").read_text() == "n = 1\n"


@contextmanager
def contextless() -> Iterator[None]:
    yield


def store_bytes() -> object:
    """What the store holds, if it is one."""
    with closing(sqlite3.connect("confguard.db")) as connection:
        try:
            return connection.execute("SELECT number, content, digest FROM revision").fetchall()
        except sqlite3.Error:
            return Path("confguard.db").read_bytes()


@pytest.mark.slow  # it fills disks
@pytest.mark.parametrize(("limit", "says"), [(4096, "confguard.db"), (40_000, "live/auth.toml")])
def test_a_disk_that_takes_no_more(project: Path, limit: int, says: str) -> None:
    """A limit on the size of files stands for a full disk: the store's log, or the target, cannot be written."""
    Path("next.toml").write_text(f'n = 2\nfill = "{"x" * 200_000 if "live" in says else ""}"\n')
    before = store_bytes()

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    # -B: the limit would cut the interpreter's own cache short, and leave it so for whoever comes next.
    command = [sys.executable, "-B", "-m", "confguard", *APPLY]
    ended = subprocess.run(command, capture_output=True, text=True, preexec_fn=limited, env=unmeasured())
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr
    assert Path("live/auth.toml").read_text() == "n = 1\n"
    assert main(["verify"]) == 0
    assert store_bytes() == before
    assert main(APPLY) == 0


def test_an_empty_file_is_an_empty_config(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("next.toml").write_text("")
    assert main(["plan", "auth", "next.toml", "--reason", "x"]) in {0, 1}
    assert "- n: 1" in capsys.readouterr().out
