"""Diffs as people and git see them: Markdown, HTML, many files, environments, drivers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import confguard as cg
from confguard.cli import main
from confguard.diffs.many import compare_folders
from confguard.diffs.pages import to_html, to_markdown
from confguard.paths import show_path

Capture = pytest.CaptureFixture[str]


def git(*arguments: str, code: int | None = 0) -> str:
    ended = subprocess.run(["git", *arguments], capture_output=True, text=True)
    assert code is None or ended.returncode == code, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


@pytest.fixture
def repository(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "ana")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "ana@example.com")
    git("init", "-q", "-b", "main")
    return folder


def commit(**files: str | None) -> None:
    for name, text in files.items():
        file = Path(name.replace("__", "/").replace("_", ".", 1) if "." not in name else name)
        if text is None:
            file.unlink()
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    git("add", "-A")
    git("commit", "-qm", "x")


def test_markdown_holds_whatever_stands_in_a_value() -> None:
    made = cg.diff(
        {"a": "x|y`z", "b": 1, "l": [{"name": "p"}, {"name": "q"}]},
        {"a": "``", "c": {"d": 1}, "l": [{"name": "q"}, {"name": "p"}]},
    )
    shown = to_markdown(made, "app.toml")
    assert shown.startswith("### `app.toml`\n\n**4 changes: 1 changed, 1 removed, 1 moved, 1 added**\n")
    assert '| changed | `a` | ``"x\\|y`z"`` | ```"``"``` |  |' in shown
    assert "| moved | `l[name=p]` | position 0 | position 1 |  |" in shown
    assert to_markdown(cg.diff([1], [1])) == "no change in meaning\n"


BEFORE = (
    """\
# the service
host = "a"
password = "geheim-1"
[secrets]
one = "geheim-2"
two = "geheim-3"
[server]
"""
    + "\n".join(f"k{i} = {i}" for i in range(40))
    + '\ntitle = "<script>alert(1)</script>"\n'
)


def test_html_shows_both_texts_without_secrets_or_scripts() -> None:
    before = cg.parse(BEFORE, "toml", path="before.toml")
    after = cg.parse(
        BEFORE.replace('"a"', '"b"').replace("geheim-1", "geheim-9").replace("k7 = 7", "k7 = 8"),
        "toml",
        path="after.toml",
    )
    page = to_html(cg.diff(before, after), "<b>title</b>")
    assert "geheim" not in page
    assert "<script>" not in page and "<b>title" not in page
    assert "default-src 'none'" in page
    assert page.count('class="gone"') == page.count('class="come"') == 3
    assert "lines that are the same" in page
    assert "before.toml" in page and "after.toml" in page
    assert "http" not in page.replace("http-equiv", "")


def test_html_keeps_names_that_begin_with_a_sign() -> None:
    names = ("-Xmx", "~b", "+a", "-")
    differences = (
        cg.diff(dict.fromkeys(names, 1), dict.fromkeys(names, 2)),
        cg.diff({}, dict.fromkeys(names, 1)),
        cg.diff(dict.fromkeys(names, 1), {}),
        cg.diff({"x": dict.fromkeys("abc", 1)}, {"-y": dict.fromkeys("abc", 1)}),
    )
    for difference in differences:
        for change in difference:
            assert f"<code>{show_path(change.path)}: " in to_html(difference)


@pytest.mark.slow  # very long
def test_html_of_data_and_of_very_long_texts() -> None:
    assert "Side by side" not in to_html(cg.diff({"a": 1}, {"a": 2}))
    long = [cg.parse("\n".join(f"k{i} = {i + n}" for i in range(11_000)), "toml") for n in range(2)]
    assert "too long to show side by side" in to_html(cg.diff(*long))


@pytest.mark.parametrize("format", ["markdown", "html", "json-patch", "text", "json"])
def test_every_output_of_diff(format: str, folder: Path, capsys: Capture) -> None:
    Path("a.toml").write_text("pool = 64\n")
    Path("b.toml").write_text("pool = 4\n")
    assert main(["diff", "a.toml", "b.toml", "--format", format, "--exit-code"]) == 1
    out = capsys.readouterr().out
    assert "pool" in out
    if format == "json-patch":
        assert json.loads(out) == [{"op": "replace", "path": "/pool", "value": 4}]


def test_folders(folder: Path, capsys: Capture) -> None:
    for side, replicas in (("staging", 1), ("production", 5)):
        Path(side, "sub").mkdir(parents=True)
        Path(side, "web.yaml").write_text(f"replicas: {replicas}\nhost: {side}.example.com\nport: 80\n")
        Path(side, "sub/same.toml").write_text("x = 1\n")
        Path(side, "notes.txt").write_text(side)
    Path("production/broken.json").write_text("{")
    Path("staging/gone.ini").write_text("[a]\nb = 1\n")
    assert main(["diff", "staging", "production", "--exit-code"]) == 2, "as of the two files by name"
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "4 files compared: 3 changes in 2 of them; 1 cannot be read"
    assert out[1].startswith("broken.json: unreadable: production/broken.json:1:2: ")
    assert main(["diff", "staging", "production", "--format", "markdown"]) == 2
    assert "`broken.json`: unreadable: production/broken.json:1:2: " in capsys.readouterr().out
    assert out[2] == "gone.ini: removed: 1 change: 1 removed"
    assert out[4] == "web.yaml: 2 changes: 1 more, 1 changed"
    Path("confguard.toml").write_text(
        '[environments]\ntest = "staging"\nlive = "production"\n'
        '[[expected]]\nbetween = ["test", "live"]\npaths = ["*host", "replicas"]\nreason = "size"\n'
        '[[expected]]\npaths = ["gone.ini:*"]\n'
        '[[expected]]\nbetween = ["test", "other"]\npaths = ["port"]\n'
    )
    Path("production/broken.json").unlink()
    assert main(["diff", "test", "live", "--format", "json"]) == 0
    made = json.loads(capsys.readouterr().out)
    nothing = {"same": True, "summary": "no change in meaning", "changes": []}
    assert made["files"] == [
        {"file": "gone.ini", "status": "removed", "expected": 1, **nothing},
        {"file": "web.yaml", "status": "changed", "expected": 2, **nothing},
    ]
    assert main(["diff", "staging", "production", "--format", "markdown"]) == 0
    assert main(["diff", "staging", "production", "--format", "html"]) == 2
    assert main(["diff", "staging", "web.yaml"]) == 2
    assert "is not a folder" in capsys.readouterr().err


def test_a_folder_that_cannot_be_read(folder: Path) -> None:
    with pytest.raises(cg.DocumentError, match="cannot be read"):
        compare_folders(folder / "none", folder)


def test_files_that_are_switched_as_one_are_compared_by_their_own_names(folder: Path) -> None:
    source, live = folder / "source", folder / "live"
    for name, text in {"a.toml": "a = 2\n", "conf.d/b.toml": "b = 1\n"}.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
        (live / "..2026" / name).parent.mkdir(parents=True, exist_ok=True)
        (live / "..2026" / name).write_text(text)
    (live / "..data").symlink_to("..2026")
    (live / "a.toml").symlink_to("..data/a.toml")
    (live / "conf.d").symlink_to("..data/conf.d")
    assert not compare_folders(source, live).files
    (source / "a.toml").write_text("a = 3\n")
    assert [each.file for each in compare_folders(live, source).files] == ["a.toml"]
    (live / "..data").unlink()
    (live / "..data").symlink_to(".")
    assert compare_folders(source, live).files


def test_revisions(repository: Path, capsys: Capture) -> None:
    commit(**{"app.toml": "x = 1\n", "old.yaml": "a: 1\nb: 2\nc: 3\n", "gone.json": "[1]", "notes.md": "x"})
    commit(
        **{
            "app.toml": "x = 2\n",
            "new.yaml": "a: 1\nb: 2\nc: 4\n",
            "old.yaml": None,
            "gone.json": None,
            "notes.md": "y",
        }
    )
    commit(**{"app.toml": "x = \n"})
    assert main(["diff", "HEAD~1..HEAD"]) == 2
    assert "app.toml: unreadable: HEAD:app.toml:1:5: " in capsys.readouterr().out
    git("reset", "--hard", "HEAD~1")
    assert main(["diff", "HEAD~1..HEAD", "--exit-code"]) == 1
    out = capsys.readouterr().out
    assert "3 files compared" in out
    assert "app.toml: 1 change: 1 more\n  x: 1 -> 2 (2 times more)" in out
    assert "new.yaml (was old.yaml): renamed: 1 change: 1 more" in out
    assert "gone.json: removed" in out
    assert main(["diff", "HEAD..HEAD"]) == 0
    assert main(["diff", "no-such..HEAD"]) == 2
    assert main(["diff", "--", "--output=x..HEAD"]) == 2
    assert not Path("x").exists()
    assert main(["diff", "app.toml"]) == 2
    assert "alone is nothing to compare" in capsys.readouterr().err


def test_three_dots_are_what_one_branch_changed(repository: Path, capsys: Capture) -> None:
    commit(**{"a.toml": "pool = 1\n", "b.toml": "x = 1\n"})
    git("checkout", "-qb", "feature")
    commit(**{"a.toml": "pool = 2\n"})
    git("checkout", "-q", "main")
    commit(**{"b.toml": "x = 9\n"})
    assert main(["diff", "main..feature"]) == 0
    assert "b.toml" in capsys.readouterr().out
    assert main(["diff", "main...feature"]) == 0
    shown = capsys.readouterr().out
    assert "pool: 1 -> 2" in shown
    assert "b.toml" not in shown
    assert main(["diff", "...feature"]) == 0
    assert capsys.readouterr().out == shown
    assert main(["diff", "feature..."]) == 0
    assert "a.toml" not in capsys.readouterr().out
    assert main(["diff", "no-such...HEAD"]) == 2


@pytest.mark.slow  # git calls a process for each file
def test_git_diffs_by_meaning(repository: Path) -> None:
    commit(**{"app.yaml": "pool: 64\ntimeout: 2s\n", "notes.md": "x\n"})
    assert "git diffs and merges" in git_install()
    assert git_install() == git_install(), "twice is once"
    Path("app.yaml").write_text("timeout: 2s\npool: 4\n")
    shown = git("diff")
    assert "app.yaml: 1 change: 1 less\n  pool: 64 -> 4 (16 times less)" in shown
    assert "@@" in git("diff", "--no-ext-diff")
    Path("app.yaml").write_text("timeout: [\n")
    assert "app.yaml:2:1" in git("diff") or "app.yaml:1:" in git("diff")
    git("checkout", "app.yaml")
    git("mv", "app.yaml", "web.yaml")
    Path("web.yaml").write_text("pool: 63\ntimeout: 2s\n")
    git("add", "-A")
    assert "pool: 64 -> 63" in git("diff", "--cached", "-M")
    confguard("git", "uninstall")
    assert not Path(".gitattributes").exists()
    assert git("config", "diff.confguard.command", code=None) == ""


def confguard(*arguments: str) -> str:
    ended = subprocess.run([sys.executable, "-m", "confguard", *arguments], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def git_install() -> str:
    return confguard("git", "install")


@pytest.mark.slow  # git calls a process for each file
def test_git_diff_tells_of_modes_and_of_what_becomes_a_link(repository: Path) -> None:
    git_install()
    commit(**{"run.yaml": "a: 1\n", "both.yaml": "a: 1\n", "link.yaml": "a: 1\n", "gone.yaml": "a: 1\n"})
    Path("run.yaml").chmod(0o755)
    Path("both.yaml").write_text("a: 2\n")
    Path("both.yaml").chmod(0o755)
    Path("gone.yaml").unlink()
    Path("link.yaml").unlink()
    Path("link.yaml").symlink_to("both.yaml")
    shown = git("diff")
    assert "run.yaml (mode 100644 -> 100755): no change in meaning\n" in shown
    assert "both.yaml (mode 100644 -> 100755): 1 change: 1 more\n" in shown
    assert "gone.yaml: 1 change: 1 removed\n" in shown
    assert "link.yaml: 1 change: 1 removed\n" in shown
    assert "link.yaml: symbolic link: nothing -> both.yaml\n" in shown
    git("add", "-A")
    git("commit", "-qm", "links")
    Path("link.yaml").unlink()
    Path("link.yaml").symlink_to("run.yaml")
    assert git("diff") == "link.yaml: symbolic link: both.yaml -> run.yaml\n"


@pytest.mark.slow
def test_git_diff_tells_of_what_is_written_otherwise(repository: Path) -> None:
    """Of comments that say what is accepted, say: they change no setting, and a reader has to know."""
    git_install()
    commit(**{"app.yaml": "a: 1\nb: 1\n"})
    Path("app.yaml").write_text("a: 1  # confguard: accept CG201: x\nb: 0x1\n")
    assert git("diff") == "app.yaml: no change in meaning, 2 lines written otherwise\n"
    Path("app.yaml").write_text("b: 1\na: 1\n")
    assert git("diff") == "app.yaml: no change in meaning, in another order\n"
    Path("app.yaml").write_text("a: 1\n")
    assert "written otherwise" not in git("diff")


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8:strict"])
def test_output_in_whatever_encoding_ends_no_command(
    encoding: str, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git ends its whole diff where a driver fails, so the files after it would not be shown."""
    git_install()
    odd = os.fsdecode(b"caf\xe9.yaml")
    commit(**{odd: "a: 1\n", "b.yaml": "ł: 9\n", "c.yaml": "a: 1\n"})
    for name, text in ((odd, "a: 2\n"), ("b.yaml", "ł: 0 # →\n"), ("c.yaml", "a: 2\n")):
        Path(name).write_text(text)
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    ended = subprocess.run(["git", "diff"], capture_output=True, check=True)
    assert ended.stdout.count(b"1 change: ") == 3
    git("add", "-A")
    hook = ["confguard.hooks.pre_commit"]
    for words in (
        ["confguard", "check", "b.yaml", odd],
        ["confguard", "diff", "HEAD:b.yaml", "b.yaml"],
        hook,
    ):
        ended = subprocess.run([sys.executable, "-m", *words], capture_output=True)
        assert ended.returncode in (0, 1), ended.stderr
        assert b"Traceback" not in ended.stderr


@pytest.mark.slow  # git calls a process for each file
def test_other_attributes_stay(repository: Path) -> None:
    Path(".gitattributes").write_text("*.bin binary")
    git_install()
    assert Path(".gitattributes").read_text().endswith("# confguard: end\n*.bin binary")
    confguard("git", "uninstall")
    assert Path(".gitattributes").read_text() == "*.bin binary"


def branch(base: str, ours: str, theirs: str, name: str = "app.toml") -> tuple[int, str, str]:
    """Merge two branches with git; its exit code, what it said, and what is in the file."""
    git_install()
    commit(**{name: base})
    git("checkout", "-qb", "theirs")
    commit(**{name: theirs})
    git("checkout", "-q", "main")
    commit(**{name: ours})
    ended = subprocess.run(["git", "merge", "theirs"], capture_output=True, text=True)
    return ended.returncode, ended.stdout + ended.stderr, Path(name).read_text()


@pytest.mark.slow
def test_git_merges_what_stands_on_neighbouring_lines(repository: Path) -> None:
    code, said, text = branch(
        "# web\npool = 64\ntimeout = 2\n",
        "# web\npool = 32   # less\ntimeout = 2\n",
        "# web\npool = 64\ntimeout = 3\n",
    )
    assert (code, text) == (0, "# web\npool = 32   # less\ntimeout = 3\n"), said


@pytest.mark.slow  # git calls a process for each file
def test_git_keeps_what_lines_merge_well(repository: Path) -> None:
    lines = "".join(f"k{i} = {i}\n" for i in range(12))
    code, said, text = branch(lines, "# ours\n" + lines, lines + "# theirs\nz = 1\n")
    assert (code, text) == (0, "# ours\n" + lines + "# theirs\nz = 1\n"), said


@pytest.mark.slow  # git calls a process for each file
def test_a_conflict_is_marked_and_told(repository: Path) -> None:
    code, said, text = branch("pool = 64\n", "pool = 32\n", "pool = 16\n")
    assert code == 1
    assert "app.toml: pool: ours is 32, theirs is 16, and it was 64 (app.toml:1:1, app.toml:1:1)" in said
    assert "<<<<<<< ours\npool = 32\n=======\npool = 16\n>>>>>>> theirs\n" in text


@pytest.mark.slow  # git calls a process for each file
def test_lines_that_merge_into_a_key_that_stands_twice_are_a_conflict(repository: Path) -> None:
    filler = "".join(f"k{i} = {i}\n" for i in range(12))
    code, said, _ = branch(filler, "pool = 1\n" + filler, filler + "pool = 2\n")
    assert code == 1
    assert "pool: ours is 1, theirs is 2, and it was nothing" in said


@pytest.mark.slow  # git calls a process for each file
def test_what_does_not_parse_is_merged_as_text(repository: Path) -> None:
    code, said, text = branch("a = [\n\n\n\nb\n", "a = [ # ours\n\n\n\nb\n", "a = [\n\n\n\nb # theirs\n")
    assert (code, text) == (0, "a = [ # ours\n\n\n\nb # theirs\n")
    assert "merged as text" in said


@pytest.mark.parametrize("what", ["diff-driver", "merge-driver"])
def test_drivers_are_for_git(what: str, capsys: Capture) -> None:
    assert main(["git", what]) == 2
    assert "git calls this with" in capsys.readouterr().err
