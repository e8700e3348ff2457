"""What a reader sees: where the caret stands, how texts are cut and counted, how errors of git read."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import confguard as cg
from confguard.cli import main
from confguard.errors import excerpt
from confguard.texts import amount, shortened, window
from conftest import git

Capture = pytest.CaptureFixture[str]
WORDS = st.lists(st.text(string.ascii_letters, min_size=1, max_size=9), min_size=1, max_size=80)


@given(WORDS, st.integers(30, 80))
def test_texts_are_cut_between_words(words: list[str], most: int) -> None:
    text = " ".join(words)
    cut = shortened(text, most)
    assert len(cut) <= most
    assert cut == text or all(word in [*words, "..."] for word in cut.split())


@given(st.text(max_size=300), st.integers(12, 80))
def test_whatever_is_cut_fits(text: str, most: int) -> None:
    assert len(shortened(text, most)) <= max(most, 0)


@given(st.dictionaries(st.sampled_from("abcdefghij"), st.integers(0, 10**12), min_size=5, max_size=8))
def test_values_are_cut_between_entries(data: dict[str, int]) -> None:
    (change,) = cg.diff({}, {"pool": data})
    _, _, shown = str(change).partition(": ")
    entries = [f"{key}: {value}" for key, value in data.items()]
    for entry in re.split(r"(?:,|\.\.\.) ", shown.strip("{}")):
        assert entry.strip(", .") in ["", *entries]


@given(WORDS, st.data())
def test_the_caret_stays_under_what_it_is_about(words: list[str], data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(words) - 1))
    column = len(" ".join(words[:number])) + (2 if number else 1)
    line, marks = excerpt(" ".join(words), 7, 1, (column, len(words[number])))
    at = marks.index("^")
    assert line[at : at + marks.count("^")] == words[number]
    assert max(len(line), len(marks)) <= 80
    assert all(word in [*words, "..."] for word in line.partition("| ")[2].split())


def test_a_window_without_words() -> None:
    shown, at = window("a" * 200, 100, 3, 40)
    assert len(shown) <= 40
    assert shown[at : at + 3] == "aaa"


SCHEMA = """
from pydantic import BaseModel
from confguard.fields import Port

class Server(BaseModel):
    port: Port = 80
    mode: str = "fast"
    tags: list[int] = []

class App(BaseModel):
    server: Server = Server()
    workers: int = 4
"""
FAULTS = [
    ("app.toml", "workers = 'many'  # text\n", "'many'"),
    ("app.toml", '[server]\nport = 99999 # far\nmode = "slow"\n', "99999"),
    ("app.toml", "server = { port = 99999, mode = 'x' }\n", "99999"),
    ("app.toml", 'server.tags = [1, 2, "three \\" 3"]\n', '"three \\" 3"'),
    ("app.toml", "workers = [1, 2]\n", "[1, 2]"),
    ("app.yaml", "server:\n  port:   84430   # digits\n", "84430"),
    ("app.yaml", "workers: as many as there are\n", "as many as there are"),
    ("app.yaml", "server: {mode: fast, port: 2021-01-01T08:45:00Z}\n", "2021-01-01T08:45:00Z"),
    ("app.json", '{"server": {"port": 99999, "mode": "x"}}', "99999"),
    ("app.json", '{\n  "workers": "a: b, c"\n}', '"a: b, c"'),
    ("app.yaml", "worker: 3\n", "worker"),
    ("app.toml", "workers = 1\n[server]\nprot = 80\n", "prot"),
]


@pytest.mark.parametrize(("name", "text", "fault"), FAULTS)
@pytest.mark.parametrize("command", ["check --schema caret_models:App {}", "plan app {}"])
def test_the_caret_stands_under_what_is_at_fault(
    name: str, text: str, fault: str, command: str, folder: Path, capsys: Capture
) -> None:
    Path("confguard.toml").write_text('[configs.app]\nschema = "caret_models:App"\n')
    Path("caret_models.py").write_text(SCHEMA)
    Path(name).write_text(text)
    assert main(command.format(name).split()) == 1
    said = capsys.readouterr()
    lines = (said.out + said.err).splitlines()
    (at,) = (number for number, line in enumerate(lines) if "^" in line)
    marks = lines[at]
    assert lines[at - 1][marks.index("^") : marks.index("^") + marks.count("^")] == fault


@pytest.mark.parametrize(
    "command",
    [
        "diff nope:a.toml a.toml",
        "diff HEAD~9..HEAD",
        "diff HEAD:none.toml a.toml",
        "diff HEAD:a.toml nope..HEAD:a.toml",
        "assess --git nope..HEAD",
        "assess --git HEAD..nope",
        "assess --git --not-a-rev..HEAD",
        "backtest ..",
    ],
)
def test_what_git_says_is_one_line(command: str, repository: Path, capsys: Capture) -> None:
    Path("a.toml").write_text("a = 1\n")
    git("add", ".")
    git("commit", "--quiet", "-m", "one")
    with pytest.raises(SystemExit) if "--not" in command else _nothing():
        assert main(command.split()) == 2
        lines = capsys.readouterr().err.splitlines()
        assert len([line for line in lines if not line.startswith("  hint: ")]) == 1
        assert "fatal" not in lines[0]


class _nothing:  # noqa: N801
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


@pytest.mark.parametrize(
    ("code", "nearest"),
    [
        ("CG999", "'CG910' or"),
        ("CG205", "'CG20"),
        ("cg0", "'CG101' or"),
        ("9" * 50, ""),
    ],
)
def test_an_unknown_rule_is_told_by_its_number(code: str, nearest: str, capsys: Capture) -> None:
    known = main(["rules", code]) == 0
    said = capsys.readouterr()
    assert known or ("did you mean " + nearest in said.err) == bool(nearest)


@pytest.mark.parametrize("code", ["CG001", "cg002", "CG003"])
def test_what_check_says_is_explained(code: str, capsys: Capture) -> None:
    assert main(["rules", code]) == 0
    assert capsys.readouterr().out.startswith(code.upper() + ": ")


def test_amounts() -> None:
    assert [amount(count, "change") for count in (0, 1, 2, 1234)] == [
        "0 changes",
        "1 change",
        "2 changes",
        "1,234 changes",
    ]


_ONES = r"(?<![\d.,])1 (?:config|change|file|finding|revision|byte|problem|commit|value|setting)s\b"


def test_one_is_one_in_every_command(repository: Path, capsys: Capture) -> None:
    Path("pool.toml").write_text("size = 1\n")
    git("add", ".")
    git("commit", "--quiet", "-m", "one")
    for command in (
        "init",
        "check",
        "check --write-baseline base.json",
        "apply pool --reason start",
        "status",
        "verify",
        "export pool copy",
        "import copy",
        "thin pool",
        "backtest .",
        "diff pool.toml pool.toml",
    ):
        assert main(command.split()) == 0
        assert not re.search(_ONES, capsys.readouterr().out), command


def test_a_score_says_whether_it_was_rounded_or_bounded() -> None:
    for before, after in (
        (
            {"verify_tls": True, "pool_size": 64},
            {"verify_tls": False, "pool_size": 1},
        ),
        ({f"x{n}": 1 for n in range(9)}, {f"x{n}": 2 for n in range(9)}),
    ):
        risk = cg.assess(cg.diff(before, after))
        for factor in risk.factors:
            if factor.name == "bounds":
                assert risk.score in (0, 100)
            if factor.name == "rounding":
                assert abs(factor.points) <= 0.5


def test_what_was_never_set_was_not_on() -> None:
    for key in ("verify_tls", "ssl_verification"):
        (finding, *_) = cg.assess(cg.diff({"port": 1}, {"port": 1, key: False})).findings
        assert finding.message == "was not set and is off"
        (finding, *_) = cg.assess(cg.diff({key: True}, {key: False})).findings
        assert finding.message == "was on and is off"


def test_a_line_that_ends_with_a_carriage_return_is_shown_without() -> None:
    assert excerpt("port = 99999\r", 2, 1, (8, 5)) == ["   2 | port = 99999", "     |        ^^^^^"]
