"""What people do with git while the drivers are installed: nothing that a side wrote is lost, in no operation."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # git calls a process for each file

BASE = "# the pool\npool: 64\nb: 1\nc: 1\ntimeout: 2s\n"
OURS = BASE.replace("pool: 64", "pool: 32 # ours measured")
THEIRS = BASE.replace("b: 1", "b: '$HOME' # theirs\n# theirs notes").replace("timeout: 2s", "timeout: 3s")
BOTH = OURS.replace("b: 1", "b: '$HOME' # theirs\n# theirs notes").replace("timeout: 2s", "timeout: 3s")
AGAINST = BASE.replace("pool: 64", "pool: 16 # theirs measured, too")


def git(*words: str, code: int | None = 0) -> str:
    ended = subprocess.run(["git", *words], capture_output=True, encoding="utf-8", errors="surrogateescape")
    assert code is None or ended.returncode == code, (words, ended.stdout, ended.stderr)
    return ended.stdout


def commit(text: str | bytes, message: str = "x", name: str = "app.yaml") -> None:
    Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())
    git("add", "-A")
    git("commit", "-qm", message)


@pytest.fixture
def driven(repository: Path) -> Path:
    """A repository with the drivers, where `main` has a base and each branch one change."""
    subprocess.run([sys.executable, "-m", "confguard", "git", "install"], check=True, capture_output=True)
    commit(BASE)
    for branch, text in (("theirs", THEIRS), ("against", AGAINST), ("ours", OURS)):
        git("checkout", "-q", "main")
        git("checkout", "-qb", branch)
        commit(text, branch)
    return repository


OPERATIONS = {
    "merge": [("merge", "-q", "theirs")],
    "merge without a commit": [("merge", "-q", "--no-commit", "theirs")],
    "squash": [("merge", "-q", "--squash", "theirs")],
    "rebase": [("rebase", "-q", "theirs")],
    "rebase by patches": [("rebase", "-q", "--apply", "theirs")],
    "cherry-pick": [("cherry-pick", "theirs")],
    "stash pop": [
        ("checkout", "-q", "main"),
        ("checkout", "-q", "ours", "--", "app.yaml"),
        ("stash", "-q"),
        ("checkout", "-q", "theirs"),
        ("stash", "pop", "-q"),
    ],
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_changes_of_different_lines_are_both_there(driven: Path, operation: str) -> None:
    for words in OPERATIONS[operation]:
        git(*words)
    assert Path("app.yaml").read_text() == BOTH


@pytest.mark.parametrize(
    ("operation", "style"),
    [("merge", "diff3"), ("squash", "zdiff3"), ("rebase", "merge"), ("cherry-pick", "merge")],
)
def test_changes_of_the_same_value_are_between_marks(driven: Path, operation: str, style: str) -> None:
    git("config", "merge.conflictStyle", style)
    *before, last = OPERATIONS[operation]
    for words in before:
        git(*words)
    git(*(word.replace("theirs", "against") for word in last), code=1)
    text = Path("app.yaml").read_text()
    for word in (
        "<<<<<<<",
        "=======",
        ">>>>>>>",
        "pool: 32 # ours measured",
        "pool: 16 # theirs measured, too",
    ):
        assert word in text
    assert git("ls-files", "-u"), "git knows that it is not merged"


def test_a_revert_takes_back_its_change_alone(driven: Path) -> None:
    git("merge", "-q", "--squash", "theirs")
    commit(BOTH)
    git("revert", "--no-edit", "ours~1")
    assert Path("app.yaml").read_text() == THEIRS


def test_a_criss_cross_merge(driven: Path) -> None:
    """Two bases, of which git makes a virtual one by merging them: with the driver as well."""
    git("checkout", "-q", "theirs")
    git("merge", "-q", "ours~0", "-m", "one way")
    git("checkout", "-q", "ours")
    git("merge", "-q", "theirs~1", "-m", "nothing new")
    git("merge", "-q", git("rev-parse", "theirs^1").strip(), "-m", "the other way")
    commit(BOTH.replace("c: 1", "c: 2 # ours again"))
    git("checkout", "-q", "theirs")
    commit(BOTH.replace("# the pool", "# the pool of theirs"))
    git("merge", "-q", "ours", "-m", "both")
    wanted = BOTH.replace("c: 1", "c: 2 # ours again").replace("# the pool", "# the pool of theirs")
    assert Path("app.yaml").read_text() == wanted


def test_line_ends_of_windows(driven: Path) -> None:
    git("config", "core.autocrlf", "true")
    git("checkout", "-q", "main")
    git("checkout", "-qb", "windows")
    commit(OURS.replace("\n", "\r\n"), "windows")
    git("merge", "-q", "theirs")
    assert Path("app.yaml").read_bytes() == BOTH.replace("\n", "\r\n").encode()


def test_files_that_are_stored_with_such_line_ends(repository: Path) -> None:
    subprocess.run([sys.executable, "-m", "confguard", "git", "install"], check=True, capture_output=True)
    commit(BASE.replace("\n", "\r\n"))
    git("checkout", "-qb", "theirs")
    commit(THEIRS.replace("\n", "\r\n"))
    git("checkout", "-q", "main")
    commit(OURS.replace("\n", "\r\n"))
    git("merge", "-q", "theirs")
    assert Path("app.yaml").read_bytes() == BOTH.replace("\n", "\r\n").encode()


def test_files_that_have_another_encoding_in_the_work_tree(repository: Path) -> None:
    subprocess.run([sys.executable, "-m", "confguard", "git", "install"], check=True, capture_output=True)
    with Path(".gitattributes").open("a") as file:
        file.write("app.yaml working-tree-encoding=UTF-16LE-BOM\n")

    def encoded(text: str) -> bytes:
        return b"\xff\xfe" + text.encode("utf-16-le")

    commit(encoded(BASE))
    git("checkout", "-qb", "theirs")
    commit(encoded(THEIRS))
    git("checkout", "-q", "main")
    commit(encoded(OURS))
    git("merge", "-q", "theirs")
    assert Path("app.yaml").read_bytes() == encoded(BOTH)


def test_a_file_that_one_side_removed_or_both_added(driven: Path) -> None:
    git("checkout", "-qb", "without", "theirs")
    git("rm", "-q", "app.yaml")
    commit("a: 1\nb: 2\n", "without", "new.yaml")
    git("checkout", "-q", "ours")
    commit("a: 1\nc: 3\n", "added as well", "new.yaml")
    git("merge", "without", code=1)
    assert "app.yaml" in git("ls-files", "-u")
    text = Path("new.yaml").read_text()
    assert "b: 2" in text
    assert "c: 3" in text


@pytest.mark.parametrize("setting", [(), ("diff.relative", "true"), ("core.quotepath", "true")])
@pytest.mark.parametrize(
    "words", [("diff",), ("diff", "--cached"), ("diff", "--ours"), ("diff", "--theirs"), ("diff", "--base")]
)
def test_diffs_while_a_merge_is_open(driven: Path, words: tuple[str, ...], setting: tuple[str, ...]) -> None:
    if setting:
        git("config", *setting)
    Path("sub").mkdir()
    commit("x: 1\n", "more", "sub/ü.yaml")
    git("merge", "against", code=1)
    Path("sub/ü.yaml").write_text("x: 2\n")
    for folder in (".", "sub"):
        if folder == "sub" and setting[:1] == ("diff.relative",) and "--cached" in words:
            continue  # git 2.39 itself dies there, with any external diff
        out = git("-C", folder, *words)
        assert (
            "app.yaml" in out
            or (folder == "sub" and setting[:1] == ("diff.relative",))
            or "--cached" in words
        )
        if "--cached" not in words:
            assert "x: 1 -> 2" in out, out
