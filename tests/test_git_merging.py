"""The merge driver loses nothing that a side wrote: with git itself, and over random histories of three sides."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

import confguard as cg
from confguard.cli import main
from confguard.cli.versioning import _write_attributes
from confguard.diffs.splicing import spliced
from confguard.values import same
from faults.merges import FORMATS, histories

MARKS = re.compile(rb"(?m)^(<{7} ours|={7}|>{7} theirs)$")


def merged(base: str, ours: str, theirs: str, name: str) -> tuple[int, bytes]:
    """What the driver ends with, and the file that it leaves."""
    with TemporaryDirectory() as folder:
        files = [Path(folder, side) for side in ("base", "ours", "theirs")]
        for file, text in zip(files, (base, ours, theirs), strict=True):
            file.write_bytes(text.encode())
        code = main(["git", "merge-driver", *map(str, files), name, "7"])
        return code, files[1].read_bytes()


CASES = [
    (
        "app.yaml",
        "pool: 64\ntimeout: 2s\n",
        "pool: 32\ntimeout: 2s\n",
        "# measured in May\npool: 64\ntimeout: 3s # and this\n",
        "# measured in May\npool: 32\ntimeout: 3s # and this\n",
    ),
    ("app.env", "A=1\nB=2\n", "A=9\nB=2\n", "A=1\nB='$HOME'\n", "A=9\nB='$HOME'\n"),
    ("app.env", "export A=1\nB=2\n", "export A=1\nB=3\n", "export A=4\nB=2\n", "export A=4\nB=3\n"),
    (
        "app.yaml",
        "- {host: a, timeout: 1}\n- {host: b, timeout: 1}\n",
        "- {host: a, timeout: 2}\n- {host: b, timeout: 1}\n",
        "- {host: a, timeout: 1}\n- {host: b, timeout: 3}\n",
        "- {host: a, timeout: 2}\n- {host: b, timeout: 3}\n",
    ),
    (
        "app.toml",
        "a = 1\nb = 0o17\n",
        "a = 2  # confguard: accept CG201: measured\nb = 0o17\n",
        "a = 1\nb = 0o17\n# c = 3\n",
        "a = 2  # confguard: accept CG201: measured\nb = 0o17\n# c = 3\n",
    ),
    (
        "app.ini",
        "[a]\r\nx = 1\r\ny = 2\r\n",
        "[a]\r\nx = 3\r\ny = 2\r\n",
        "[a]\r\nx = 1\r\ny = 4\r\n",
        "[a]\r\nx = 3\r\ny = 4\r\n",
    ),
    (
        "app.toml",
        '[[s]]\nname="a"\n',
        '[[s]]\nname="a"\n\n# of ours\n[[s]]\nname="b"\nport=1\n',
        '[[s]]\nname="a"\n\n# of theirs\n[[s]]\nname="c"\nport=2 # free\n',
        '[[s]]\nname="a"\n\n# of ours\n[[s]]\nname="b"\nport=1\n\n# of theirs\n[[s]]\nname="c"\nport=2 # free\n',
    ),
    (
        "deploy.yaml",
        "env:\n- {name: A, value: x}\n- {name: Z, value: x}\n",
        "env:\n- {name: A, value: x}\n- {name: B, value: x} # b\n- {name: Z, value: x}\n",
        "env:\n- {name: A, value: x}\n- {name: C, value: x} # c\n- {name: Z, value: y}\n",
        "env:\n- {name: A, value: x}\n- {name: B, value: x} # b\n- {name: C, value: x} # c\n- {name: Z, value: y}\n",
    ),
]


@pytest.mark.parametrize(("name", "base", "ours", "theirs", "result"), CASES)
def test_neighbouring_lines_of_both_sides_are_kept_as_they_were_written(
    name: str, base: str, ours: str, theirs: str, result: str
) -> None:
    assert merged(base, ours, theirs, name) == (0, result.encode())
    code, content = merged(base, theirs, ours, name)
    assert (code, sorted(content.split())) == (0, sorted(result.encode().split()))


DEFAULTS = "x: &defaults\n  retries: 1\n  wait: 2\na:\n  <<: *defaults\n  port: 1\nlast: 1\n"


@pytest.mark.parametrize(
    "theirs",
    [
        DEFAULTS.replace("last", "b:\n  <<: *defaults\n  port: 2\nlast"),  # one more that has the defaults
        DEFAULTS.replace("  port: 1\n", "  port: 1\n  retries: 3 # its own\n"),  # one has a value of its own
        DEFAULTS.replace("  <<: *defaults\n  port: 1\n", "  retries: 1\n  wait: 2\n  port: 1\n"),
        DEFAULTS.replace("last: 1", "list: [*defaults, '*defaults']\nlast: 1"),
    ],
)
def test_what_changes_where_aliases_lead_is_no_change_of_them(theirs: str) -> None:
    """Compose files, GitLab's pipelines: one branch changes the defaults, another who has them."""
    ours = DEFAULTS.replace("retries: 1\n  wait", "retries: 5 # measured\n  wait", 1)
    result = theirs.replace("retries: 1\n  wait", "retries: 5 # measured\n  wait", 1)
    assert merged(DEFAULTS, ours, theirs, "compose.yaml") == (0, result.encode())
    assert merged(DEFAULTS, theirs, ours, "compose.yaml") == (0, result.encode())


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        # An anchor gets another name, and the old one a new alias: the text would not parse.
        (DEFAULTS.replace("defaults", "common"), DEFAULTS + "b: *defaults\n"),
        # Both name an anchor alike: aliases of the one would lead to the other.
        (
            "first: &new 1\n" + DEFAULTS + "c: *new\n",
            DEFAULTS.replace("wait: 2", "wait: &new 2") + "d: *new\n",
        ),
    ],
)
def test_aliases_that_would_lead_elsewhere_are_marked(ours: str, theirs: str) -> None:
    for sides in ((ours, theirs), (theirs, ours)):
        code, content = merged(DEFAULTS, *sides, "compose.yaml")
        assert code == 1
        assert MARKS.search(content)


LINES = "a:\n  b: 1\n  c: 2\n"
ACCEPTED = "  # confguard: accept CG201: measured"


@pytest.mark.parametrize(
    ("name", "base", "ours", "theirs", "result"),
    [
        # Line ends, indentation and spaces of the one side, a value of the other in the same line.
        (
            "app.yaml",
            LINES,
            LINES.replace("\n", "\r\n"),
            LINES.replace("1", "3"),
            "a:\r\n  b: 3\r\n  c: 2\r\n",
        ),
        ("app.yaml", LINES, "a:\n    b: 1\n    c: 2\n", LINES.replace("2", "3"), "a:\n    b: 1\n    c: 3\n"),
        ("app.env", "A=1\nB=1\n", "A=1 \nB=1\n", "A=2\nB=1\n", "A=2 \nB=1\n"),
        # One takes a comment away, the other changes the value beside it.
        ("app.yaml", f"a: 1{ACCEPTED}\n", "a: 1\n", f"a: 2{ACCEPTED}\n", "a: 2\n"),
        (
            "app.toml",
            f"a = 1{ACCEPTED}\nb = 1\n",
            "a = 1\nb = 1\n",
            f"a = 2{ACCEPTED}\nb = 1\n",
            "a = 2\nb = 1\n",
        ),
        # Both put something at the end: of a section, and a section.
        (
            "app.ini",
            "[a]\nx = 1\n",
            "[a]\nx = 1\n\n; of ours\n[b]\ny = 1\n",
            "[a]\nx = 1\nz = 1 ; of theirs\n",
            "[a]\nx = 1\nz = 1 ; of theirs\n\n; of ours\n[b]\ny = 1\n",
        ),
    ],
)
def test_what_one_side_takes_away_or_lays_out_anew_is_not_undone(
    name: str, base: str, ours: str, theirs: str, result: str
) -> None:
    assert merged(base, ours, theirs, name) == (0, result.encode())
    assert merged(base, theirs, ours, name) == (0, result.encode())


def test_what_both_lay_out_anew_is_marked() -> None:
    code, content = merged(LINES, LINES.replace("\n", "\r\n"), "a:\n    b: 1\n    c: 3\n", "app.yaml")
    assert code == 1
    assert MARKS.search(content.replace(b"\r", b""))


def test_what_cannot_be_said_without_losing_a_word_is_marked() -> None:
    code, content = merged(
        "a: 1\n", "a: 2 # ours says why\n", "a: 1 # theirs says something else\n", "app.yaml"
    )
    assert code == 1
    assert MARKS.search(content)
    assert b"ours says why" in content
    assert b"theirs says something else" in content


def test_lines_that_merge_well_into_a_contradiction_are_marked() -> None:
    filler = "".join(f"k{n} = {n}\n" for n in range(12))
    code, content = merged(filler, "pool = 1\n" + filler, filler + "pool = 2\n", "app.toml")
    assert code == 1
    assert len(MARKS.findall(content)) >= 3
    assert b"pool = 1" in content
    assert b"pool = 2" in content


VALUES = st.sampled_from(["1", "2", "0x1F", "'a b'", '"a b"', "30s", "true"])
COMMENTS = st.sampled_from(["", "", " # why", " # since May", " # confguard: accept CG201: x"])


@st.composite
def sides(draw: st.DrawFn) -> tuple[str, str, str]:
    """A document of lines, and two changed ones: values, comments, lines that come and go."""
    names = [f"k{n}" for n in range(draw(st.integers(1, 6)))]

    def line(name: str) -> str:
        return f"{name}: {draw(VALUES)}{draw(COMMENTS)}"

    base = [line(name) for name in names]

    def changed(side: str) -> list[str]:
        lines: list[str] = []
        for at, each in enumerate(base):
            what = draw(st.sampled_from(["keep", "keep", "keep", "value", "comment", "remove", "before"]))
            if what == "before":
                lines.append(draw(st.sampled_from([f"# {side} note {at}", f"{side}{at}: 1"])))
            if what != "remove":
                lines.append(
                    line(names[at])
                    if what == "value"
                    else f"{each} # {side}{at}"
                    if what == "comment"
                    else each
                )
        return lines

    return tuple(
        "".join(f"{each}\n" for each in lines) for lines in (base, changed("ours"), changed("theirs"))
    )  # type: ignore[return-value]


@given(sides())
def test_every_word_of_both_sides_is_in_the_result_or_between_marks(texts: tuple[str, str, str]) -> None:
    base, ours, theirs = texts
    code, content = merged(base, ours, theirs, "app.yaml")
    raw = [text.encode() for text in texts]
    if code == 0:
        for side, other in ((raw[1], raw[2]), (raw[2], raw[1])):  # what one side put in is there
            came = Counter(side.split()) - Counter(raw[0].split())
            gone = Counter(raw[0].split()) - Counter(other.split())
            assert not came - gone - Counter(content.split()), content
        assert not MARKS.search(content)
        result = cg.merge(*(cg.parse(text, "yaml") if text.strip() else {} for text in texts))
        assert (
            same(cg.parse(content.decode(), "yaml").data if content.strip() else {}, result.data)
            or not content.strip()
        )
    else:
        assert MARKS.search(content)
        words = Counter(content.split())
        for side in raw[1:]:
            came = Counter(side.split()) - Counter(raw[0].split())
            assert not came - words, (came - words, content)


@pytest.mark.slow
def test_a_long_list_on_one_line_is_merged_at_once() -> None:
    many = ", ".join(map(str, range(12_000)))
    sides = (f"l: [{many}]\n", f"l: [-1, {many}]\n", f"l: [{many}, -2] # why\n")
    begin = time.process_time()
    assert merged(*sides, "app.yaml") == (0, f"l: [-1, {many}, -2] # why\n".encode())
    assert time.process_time() - begin < 8, "it took 15 s when each element looked at all before it"


@given(sides())
def test_a_line_that_one_side_changed_is_taken(texts: tuple[str, str, str]) -> None:
    base, ours, _ = (text.encode() for text in texts)
    assert spliced(base, ours, base) == ours
    assert spliced(base, base, ours) == ours
    assert spliced(base, ours, ours) == ours


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
def test_random_histories_lose_no_word(format: str) -> None:
    """The first of those that `make soak` goes through."""
    assert [each for wrong in histories(format, 25, seed=2) for each in wrong] == []


def git(*words: str, code: int = 0) -> str:
    ended = subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], capture_output=True, text=True
    )
    assert ended.returncode == code, ended.stderr
    return ended.stdout


def install(python: str = sys.executable) -> None:
    subprocess.run([python, "-m", "confguard", "git", "install"], check=True, capture_output=True)


def branches(base: str, ours: str, theirs: str, name: str = "app.yaml") -> None:
    """A history of three sides; the branch `ours` is checked out."""
    for branch, text in (("main", base), ("theirs", theirs), ("ours", ours)):
        if branch != "main":
            git("checkout", "-q", "main")
            git("checkout", "-qb", branch)
        Path(name).write_text(text)
        git("add", "-A")
        git("commit", "-qm", branch)


@pytest.mark.slow  # git calls a process for each file
@pytest.mark.parametrize("program", ["/nowhere/python", "NEW -P -m confguard_that_is_gone", "NEW -c 1/0"])
def test_a_driver_that_is_gone_leaves_marks(program: str, folder: Path) -> None:
    """A folder that was removed, an environment made anew without confguard, an error: Python ends with 1 as well."""
    git("init", "-qb", "main")
    install()
    driver = git("config", "merge.confguard.driver").strip()
    started = f"{sys.executable} -P -m confguard"
    assert driver.startswith(started)
    git("config", "merge.confguard.driver", driver.replace(started, program.replace("NEW", sys.executable)))
    branches("a: 1\n", "a: 3\n", "a: 2\n")
    git("merge", "theirs", code=1)
    assert MARKS.search(Path("app.yaml").read_bytes())
    git("config", "merge.confguard.driver", driver)
    for words in (("diff", "--cached"), ("diff", "--ours"), ("diff", "--theirs"), ("diff",)):
        git(*words)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["-x.yaml", "--help.yaml", "a 'q' \"$(touch run)\" `touch run`.yaml", "a\nb;%A.yaml"]
)
def test_files_of_any_name_are_merged_and_shown(name: str, folder: Path) -> None:
    git("init", "-qb", "main")
    install()
    branches("a: 1\nb: 1\n", "a: 2\nb: 1\n", "a: 1\nb: 2\n", name)
    git("merge", "-q", "theirs")
    assert Path(name).read_text() == "a: 2\nb: 2\n"
    Path(name).write_text("a: 3\nb: 2\n")
    assert ": 1 change: 1 more" in git("diff")
    assert not Path("run").exists()


@pytest.mark.slow
def test_nothing_that_stands_in_the_repository_is_run(folder: Path) -> None:
    """`python -m` looks in the working folder first: a `yaml.py` there would be run by each `git diff`."""
    git("init", "-qb", "main")
    install()
    for name in ("confguard", "yaml", "secrets", "difflib"):
        Path(f"{name}.py").write_text("open('run', 'w').close(); raise SystemExit(1)\n")
    branches("a: 1\nb: 1\n", "a: 2\nb: 1\n", "a: 1\nb: 2\n")
    git("merge", "-q", "theirs")
    assert Path("app.yaml").read_text() == "a: 2\nb: 2\n"
    assert "app.yaml: 1 change" in git("diff", "HEAD~1", "--", "app.yaml")
    assert not Path("run").exists()


@pytest.mark.slow
def test_python_in_a_folder_of_any_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git puts the names of files in place of %A and the like."""
    git("init", "-qb", "main")
    python = Path("100%A of 'it'/bin/python").absolute()
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    install(str(python))
    branches("a: 1\nb: 1\n", "a: 2\nb: 1\n", "a: 1\nb: 2\n")
    git("merge", "-q", "theirs")
    assert Path("app.yaml").read_text() == "a: 2\nb: 2\n"
    assert "app.yaml: 1 change" in git("diff", "HEAD~1", "--", "app.yaml")


@pytest.mark.parametrize(
    "before",
    [
        b"",
        b"*.bin binary",
        b"*.bin binary\n",
        b"*.bin binary\r\n*.txt text\r\n",
        b"# confguard: begin\n*.toml diff=confguard merge=confguard\n*.mine keep\n",
        b"\xef\xbb\xbf*.bin binary\n",
    ],
)
def test_attributes_of_others_stay_as_they_were(before: bytes, folder: Path) -> None:
    file = Path(".gitattributes")
    if before:
        file.write_bytes(before)
    for _ in range(2):
        _write_attributes(file, install=True)
    installed = file.read_bytes()
    assert b"*.yaml diff=confguard merge=confguard" in installed
    assert (b"\r\n" in before) <= (installed.count(b"\n") == installed.count(b"\r\n"))
    _write_attributes(file, install=False)
    kept = b"".join(line for line in before.splitlines(keepends=True) if b"confguard" not in line)
    assert (file.read_bytes() if file.exists() else b"") == kept


@pytest.mark.slow
def test_drivers_that_others_named_stay_in_force(folder: Path) -> None:
    """Of npm, sops and git-crypt, say: the last line that matches a file counts for git."""
    git("init", "-qb", "main")
    Path(".gitattributes").write_bytes(
        b"\xef\xbb\xbfpackage-lock.json merge=npm-merge-driver -diff\n"
        b"secrets.yaml diff=sopsdiffer\n.env diff=git-crypt\nCargo.toml binary"
    )
    install()
    names = ("package-lock.json", "secrets.yaml", ".env", "Cargo.toml", "app.yaml")
    assert git("check-attr", "merge", "diff", "--", *names).splitlines() == [
        "package-lock.json: merge: npm-merge-driver",
        "package-lock.json: diff: unset",
        "secrets.yaml: merge: confguard",
        "secrets.yaml: diff: sopsdiffer",
        ".env: merge: confguard",
        ".env: diff: git-crypt",
        "Cargo.toml: merge: unset",
        "Cargo.toml: diff: unset",
        "app.yaml: merge: confguard",
        "app.yaml: diff: confguard",
    ]
