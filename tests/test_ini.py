"""INI files are read, and still read after an edit, as Python's own `configparser` reads them."""

from __future__ import annotations

import configparser
import io
from difflib import ndiff
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

import confguard as cg
from confguard.cli import main
from conftest import examples

_PIECES = [
    *(
        "[A]",
        "[b]",
        "  [A]",
        "k = 1",
        "K: 2",
        "  j = 2",
        "x",
        "= 1",
        "long = a",
        "empty =",
        "    y=3",
        "tail = b ",
    ),
    *(
        "  more",
        "    far",
        "\tmore",
        " \t",
        "",
        "",
        "# c",
        "  ; c",
        "    # k = 1",
        "  k = 2",
        " b = 2 # no comment",
    ),
]
TEXTS = st.builds(
    lambda lines, end, ended: end.join(lines) + end * ended,
    st.lists(st.sampled_from(_PIECES), max_size=12).map(lambda lines: ["[A]", *lines]),
    st.sampled_from(["\n", "\n", "\r\n"]),
    st.booleans(),
)


def theirs(text: str) -> dict[str, dict[str, str | None]] | None:
    """What `configparser` makes of a text, with its own lower-case names; None where it refuses it."""
    parser = configparser.RawConfigParser(allow_no_value=True, default_section="\0")
    try:
        parser.read_file(io.StringIO(text, newline=None))
    except (configparser.Error, AttributeError):
        return None
    return {name: dict(parser.items(name)) for name in parser.sections()}


def ours(text: str) -> dict[str, dict[str, str | None]] | None:
    try:
        return lowered(cg.parse(text, "ini").data)
    except cg.DocumentError as error:
        assert error.line
        assert error.column
        return None


def lowered(data: Any) -> Any:
    return {name: {key.lower(): value for key, value in keys.items()} for name, keys in data.items()}


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("[A]\nlong = a\n  # in\n  b", {"long": "a\nb"}),
        ("[A]\nh = a\n\n  b", {"h": "a\n\nb"}),
        ("[A]\nh = a\n ; c\n b = 2", {"h": "a\nb = 2"}),
        ("[A]\nh =\n  a\n# at the edge\n\n  b\n\n", {"h": "\na\n\nb"}),
        ("[A]\n  h = a\n  i = b\n", {"h": "a", "i": "b"}),
        ("[A]\nh = a\r i = b\r", {"h": "a\ni = b"}),
    ],
)
def test_what_goes_on_is_read_as_there(text: str, data: dict[str, str]) -> None:
    assert cg.parse(text, "ini").data == {"A": data} == theirs(text)


@given(TEXTS)
@settings(deadline=None, max_examples=examples(300))
def test_every_text_is_read_as_there(text: str) -> None:
    assert ours(text) == theirs(text)


def test_a_line_without_a_separator_shows_no_secret(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.ini").write_text("[db]\nhost = x\npassword hunter2\nno colour\n")
    Path("s.json").write_text(
        '{"properties": {"db": {"properties": {"host": {}}, "additionalProperties": false}}}'
    )
    for command in (["check", "--schema", "s.json"], ["explain", "s.json"], ["diff", "s.json"]):
        main([*command, "a.ini"])
    said = capsys.readouterr().out
    assert "a.ini:3:1: CG002 high: db.***: unknown key" in said
    assert 'a.ini:4:1: CG002 high: db."no colour": unknown key' in said
    assert "hunter2" not in said


def test_names_that_differ_by_case_are_one_key() -> None:
    with pytest.raises(cg.DocumentError) as refused:
        cg.parse("[a]\nX=1\n[b]\nx = 0\n# c\nX=1\n", "ini", path="f.ini")
    assert str(refused.value) == "f.ini:6:1: key 'X' stands twice in section [b], as on line 4, column 1"
    assert refused.value.hint == "names that differ only by case are one key"


@given(TEXTS, st.data())
@settings(deadline=None, max_examples=examples(300))
def test_an_edit_is_read_as_there_and_touches_no_other_line(text: str, draw: st.DataObject) -> None:
    if ours(text) is None:
        return
    document = cg.parse(text, "ini")
    section = draw.draw(st.sampled_from(sorted(document.data)))
    keys = document.data[section]
    name = draw.draw(st.sampled_from([*sorted(keys), "new"]))
    value = draw.draw(st.sampled_from(["v", "", None, "a\nmore", "a\n\nv\nb", "[v]", "# v", "gone"]))
    after = {**document.data, section: {**keys, name: value}}
    if value == "gone" and name in keys:
        del after[section][name]
    asked = cg.diff(document.data, after)
    made = document.edit(asked)
    note(f"{text}\n-> {section} {name} {value!r} ->\n{made.text}")
    assert theirs(made.text) == lowered(after)
    assert all(each == "\r\n" for each in _ends(made.text)) or "\r" not in text
    taken = [line[2:] for line in ndiff(text.splitlines(), made.text.splitlines()) if line.startswith("- ")]
    own = set(_lines_of(document, (section, name)))
    assert {line for line in taken if line.strip()} <= own  # a blank line above goes with it
    assert not [line for line in taken if line.strip()[:1] in {"#", ";"} and value != "gone"]


def _ends(text: str) -> list[str]:
    return [line[-2:] if line.endswith("\r\n") else "\n" for line in text.splitlines(keepends=True)[:-1]]


def _lines_of(document: cg.Document, path: tuple[str, str]) -> list[str]:
    """The lines from a key to the next one, with the comments above it."""
    start = document.locate(path)
    if start is None:
        return []
    lines = document.text.splitlines()
    later = [place.key.line for place in document.places().values() if place.key.line > start.line]
    first = start.line
    while first > 1 and lines[first - 2].strip()[:1] in {"#", ";"}:
        first -= 1
    return lines[first - 1 : min(later, default=len(lines) + 1) - 1]
