"""`.env` files: bash (`set -a; . file`) and python-dotenv are asked what they read."""

from __future__ import annotations

import io
import logging
import re
import shutil
import subprocess
from difflib import ndiff
from pathlib import Path

import pytest
from hypothesis import assume, given, note, settings
from hypothesis import strategies as st

import confguard as cg
from conftest import examples

dotenv = pytest.importorskip("dotenv")
BASH = shutil.which("bash")
pytestmark = pytest.mark.skipif(not BASH, reason="bash is asked what it reads, and is not here")
KNOWN = {"HOME": "/home/ana", "LC_ALL": "C.UTF-8"}


def of_bash(text: str, folder: Path) -> dict[str, str] | None:
    """What a shell exports; None where it complains."""
    file = folder / "values.env"
    file.write_bytes(text.encode())
    run = subprocess.run(
        [str(BASH), "-c", f"set -ea; . {file}; exec /usr/bin/env -0"], capture_output=True, env=KNOWN
    )
    if run.returncode or run.stderr:
        return None
    pairs = [pair.partition("=") for pair in run.stdout.decode().split("\0") if pair]
    return {name: value for name, _, value in pairs if len(name) == 1 and name != "_"}


def of_dotenv(text: str) -> dict[str, str] | None:
    logging.getLogger("dotenv.main").setLevel(logging.ERROR)
    read = dotenv.dotenv_values(stream=io.StringIO(text), interpolate=False)
    return None if None in read.values() else dict(read)


VALUES = st.sampled_from(
    [
        *(
            "",
            "a",
            "a#b",
            "a # c",
            "#b",
            "'a b'",
            '"a b"',
            "'#'",
            '"#"',
            "''",
            '""',
            "a=b",
            "'a'  # c",
            '"a" # c',
        ),
        *(
            "'$HOME'",
            "'a\nb'",
            '"a\n\nb"',
            "'a\n# no comment\nb'",
            "'\"'",
            '"\'"',
            '"a\\"b"',
            "'a\\b'",
            '"a\\\\b"',
        ),
        *(
            "a\\",
            "'a",
            "a b",
            "a;b",
            "a'b c'",
            "'a'b",
            "  ",
            "'a'\t",
            "\u00e9",
            '"\u00e9"',
            "a:b",
            "%",
            "x@y",
        ),
    ]
)
STARTS = st.sampled_from(["", "", "export ", "export  ", "  ", "\t"])
BETWEEN = st.sampled_from(["", "\n", "# c\n", "  # c\n", "#X=1\n", " \t\n", "# it's\n"])
FILES = st.tuples(
    st.lists(st.tuples(BETWEEN, STARTS, st.sampled_from(["=", "=", "=", " = "]), VALUES), max_size=4),
    st.sampled_from(["", "\n", "\n\n# end\n", "\n# end"]),
).map(
    lambda file: (
        "\n".join(
            f"{between}{start}{name}{sign}{value}"
            for name, (between, start, sign, value) in zip("ABCD", file[0], strict=False)
        )
        + file[1]
    )
)


@given(text=FILES)
@settings(deadline=None, max_examples=examples(50))
@pytest.mark.slow
def test_what_bash_and_dotenv_agree_on_is_read_so(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    theirs = of_bash(text, tmp_path_factory.getbasetemp())
    assume(theirs is not None and theirs == of_dotenv(text))
    assert cg.parse(text, "env").data == theirs
    # Other line ends, and a mark of the order of bytes, change nothing: editors put them there.
    assert cg.parse("\ufeff" + text.replace("\n", "\r\n"), "env").data == theirs


WRITTEN = st.text("ab1 '\"\\$`#=\n\t!~*{}é&;|", max_size=6)


@given(value=WRITTEN, old=st.sampled_from(["A=x", "A='x'", 'A="x"', "export A=x # note", "B=1"]))
@settings(deadline=None, max_examples=examples(50))
def test_what_is_written_all_read(value: str, old: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    document = cg.parse(f"Y='y y' # of y\n{old}\nZ=end\n", "env")
    made = document.edit(cg.diff(document.data, {**document.data, "A": value}))
    note(made.text)
    assert of_bash(made.text, tmp_path_factory.getbasetemp()) == made.data
    # There is no way to write these for python-dotenv: it joins no quotes, and knows no escape for them.
    assume(not re.search(r"[$`]", value) or not re.search(r"'|\\\\|\\\Z", value))
    assert of_dotenv(made.text) == made.data


@pytest.mark.parametrize(
    ("before", "after"), [("A= # why\n", "A=1 # why\n"), ("A =  # why\n", "A = 1 # why\n")]
)
def test_a_comment_behind_an_empty_value_stays(before: str, after: str) -> None:
    assert cg.parse(before, "env").edit(cg.diff({"A": ""}, {"A": "1"})).text == after


@given(text=FILES, value=WRITTEN)
@settings(deadline=None, max_examples=examples(50))
def test_an_edit_touches_no_other_line(
    text: str, value: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    try:
        document = cg.parse(text, "env")
    except cg.DocumentError:
        return
    folder = tmp_path_factory.getbasetemp()
    before = of_bash(text, folder)
    for name in [*document.data, "N"]:
        made = document.edit(cg.diff(document.data, {**document.data, name: value}))
        note(made.text)
        place, lines = document.locate((name,)), text.split("\n")
        own = [] if place is None else lines[place.line - 1 :]
        later = [each.key.line for each in document.places().values() if place and each.key.line > place.line]
        own = own[: min(later) - place.line] if place and later else own
        gone = [line[2:] for line in ndiff(lines, made.text.split("\n")) if line.startswith("- ")]
        assert set(gone) <= set(own)
        if before is not None and name in before and document.data == before:
            assert of_bash(made.text, folder) == made.data
