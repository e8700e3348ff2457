"""Reading: data, text, places, bounds and errors, for all formats."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

import confguard as cg
from confguard.documents.document import write
from confguard.documents.registry import known_formats
from confguard.errors import DocumentError
from conftest import examples
from strategies import PLAIN_DOCUMENTS

SAMPLES = {
    "toml": ("[server]\nport = 80\n", ("server", "port"), 2, 80),
    "yaml": ("server:\n  port: 80\n", ("server", "port"), 2, 80),
    "json": ('{"server":\n {"port": 80}}\n', ("server", "port"), 2, 80),
    "ini": ("[server]\nport = 80\n", ("server", "port"), 2, "80"),
    "env": ("# web\nPORT=80\n", ("PORT",), 2, "80"),
    "jsonc": ('{ // web\n "port": 80, /* , */ }', ("port",), 2, 80),
    "properties": ("# web\nserver.port = 80\n", ("server.port",), 2, "80"),
}


@pytest.mark.parametrize("format", SAMPLES)
def test_reads_data_text_and_places(format: str, folder: Path) -> None:
    text, path, line, value = SAMPLES[format]
    file = folder / ("." + format if format == "env" else f"settings.{format}")
    file.write_text(text)
    document = cg.read(file)
    found = document.data
    for step in path:
        found = found[step]
    assert (found, document.text, document.format) == (value, text, format)
    where = document.locate(path)
    assert where is not None
    assert where.line == line


def test_every_format_has_a_sample() -> None:
    assert set(SAMPLES) == set(known_formats())


@pytest.mark.parametrize("format", ["toml", "yaml", "json"])
@given(data=PLAIN_DOCUMENTS)
def test_what_is_written_reads_back(format: str, data: object) -> None:
    assert write(data, format).data == data


@pytest.mark.parametrize(
    ("format", "data"),
    [
        ("env", {"A": "x", "B": 'with "quotes" and\nlines', "C": ""}),
        ("ini", {"a": {"x": "1", "Y": "two words"}}),
    ],
)
def test_texts_are_written_to_ini_and_env(format: str, data: object) -> None:
    assert write(data, format).data == data


@pytest.mark.parametrize(
    ("format", "data"), [("ini", {"a": 1}), ("env", {"a b": "c"}), ("toml", {"a": None})]
)
def test_what_a_format_cannot_hold_is_refused(format: str, data: object) -> None:
    with pytest.raises(DocumentError, match=f"{format} cannot hold this data exactly") as caught:
        write(data, format)
    assert "hand in a file" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("format", "text", "line", "says"),
    [
        ("toml", "a = 1\nb = \n", 2, ""),
        ("toml", "a = 1\na = 2\n", 2, ""),
        ("yaml", "a: 1\na: 2\n", 2, "twice"),
        ("yaml", "a: [1\n", 2, ""),
        ("yaml", "a: !!python/object:os.system x\n", 1, ""),
        ("json", '{"a": 1,\n "a": 2}', 2, "twice"),
        ("json", '{"a": 1,\n}', None, ""),
        (
            "json",
            '{"a": "x\ny"}',
            1,
            "a line break or the like in a text: write an escape",
        ),
        ("json", '{\n"a": "x', 2, "a text that begins here has no end"),
        ("ini", "[a]\nx = 1\nx = 2\n", 3, ""),
        ("ini", "x = 1\n", 1, ""),
        ("toml", "a = 1\nb = 1\na = 2\n", 3, "key 'a' stands twice in one table, as on line 1, column 1"),
        ("toml", "[x]\na = 1\n[y]\n[x]\n", 4, "table x stands twice, as on line 1, column 1"),
        ("toml", "[[p]]\nn = 1\nn = 2\n", 3, "stands twice in one table, as on line 2, column 1"),
        ("ini", "[a]\n[b]\n[a]\n", 3, "stands twice, as on line 1"),
        ("jsonc", '{"a": 1 /* no end', 1, "a comment is not closed"),
        ("jsonc", '{// x\n"a": 1, "a": 2}', 2, "stands twice in one object, as on line 2"),
        ("jsonc", "[1,,]", 1, ""),
        ("jsonc", "[\n,]", 2, ""),
        ("jsonc", '{"a": 1,\n"b": ,}', 2, ""),
        ("properties", "a=1\nb=2\na:3\n", 3, "'a' stands twice, as on line 1"),
        ("properties", "a=\\u00\n", 1, "four hexadecimal digits"),
        ("properties", "a=\\uD83D\n", 1, "half of a surrogate pair"),
        ("env", "A=1\nA=2\n", 2, "twice, as on line 1"),
        ("env", "A='x\n", 1, "no closing '"),
        ("env", "just words\n", 1, "NAME=value was expected"),
        ("env", 'A="x" y\n', 1, "after the closing quote"),
    ],
)
def test_errors_have_a_place(format: str, text: str, line: int | None, says: str) -> None:
    with pytest.raises(DocumentError) as caught:
        cg.parse(text, format, path="f")
    assert says in str(caught.value)
    if line is not None:
        assert caught.value.line == line
    assert str(caught.value).startswith("f:")


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
)


@pytest.mark.parametrize(
    ("format", "text", "says"),
    [
        ("yaml", BOMB, "values once its aliases are followed"),
        ("yaml", "a: &a [*a]\n", "refers to the value that holds it"),
        ("yaml", "[" * 100_000, "nest"),
        ("json", "[" * 100_000 + "]" * 100_000, "nested"),
        ("toml", "a = " + "[" * 100_000 + "]" * 100_000, "nested"),
        ("toml", ".".join(["a"] * 5_000) + " = 1", "nest"),
        ("yaml", "\n".join("  " * i + "a:" for i in range(1_000)), "nest"),
        ("json", "1" * 1_000_000, "digits"),
    ],
)
def test_hostile_documents_get_one_clear_error(format: str, text: str, says: str) -> None:
    with pytest.raises(DocumentError, match=says):
        cg.parse(text, format)


def test_an_empty_file_is_an_empty_document(folder: Path) -> None:
    for name in ("a.toml", "a.ini", "a.env"):
        (folder / name).touch()
        assert cg.read(name).data == {}


@pytest.mark.parametrize(
    ("content", "says", "line"),
    [
        (b"a = 1\nb = \xff\n", "is not UTF-8: byte 10 is 0xff", 2),
        (b"\x7fELF\x00\x00", "is binary: byte 4 is NUL", 1),
    ],
)
def test_what_is_no_text(folder: Path, content: bytes, says: str, line: int) -> None:
    (folder / "a.toml").write_bytes(content)
    with pytest.raises(DocumentError, match=says) as caught:
        cg.read("a.toml")
    assert caught.value.line == line


def test_what_is_no_file(folder: Path) -> None:
    os.mkfifo("pipe.toml")
    Path("dir.toml").mkdir()
    for name, says in (
        ("none.toml", "no such file"),
        ("dir.toml", "a folder"),
        ("pipe.toml", "not a regular file"),
    ):
        with pytest.raises(DocumentError, match=says):
            cg.read(name)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("web.yml", "web.yml: no such file (did you mean 'web.yaml'?)"),
        ("conf/wbe.yaml", "conf/wbe.yaml: no such file (did you mean 'web.yaml'?)"),
        ("none.yaml", "none.yaml: no such file"),
        ("gone/web.yaml", "gone/web.yaml: no such file"),
    ],
)
def test_a_file_that_is_not_there_may_have_another_name(folder: Path, name: str, says: str) -> None:
    for path in ("web.yaml", "conf/web.yaml", "readme.txt"):
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).touch()
    with pytest.raises(DocumentError) as caught:
        cg.read(name)
    assert str(caught.value) == says


def test_an_oversized_file_is_refused_without_reading_it_all(folder: Path) -> None:
    with Path("big.json").open("wb") as file:
        file.truncate(40 * 1024 * 1024)
    with pytest.raises(DocumentError, match="larger than"):
        cg.read("big.json")


def test_an_unknown_format_names_the_known_ones(folder: Path) -> None:
    for name in ("a.xyz", "Makefile"):
        Path(name).touch()
    with pytest.raises(DocumentError, match="ends in '.xyz'") as caught:
        cg.read("a.xyz")
    assert "toml" in str(caught.value.hint)
    with pytest.raises(DocumentError, match="did you mean 'yaml'"):
        cg.read("a.xyz", "yml")
    with pytest.raises(DocumentError, match="no suffix"):
        cg.read("Makefile")


def test_lone_surrogates_are_refused() -> None:
    with pytest.raises(DocumentError, match="surrogates"):
        cg.parse('a = "\ud800"', "toml")


def test_yaml_is_read_as_services_read_it() -> None:
    document = cg.parse("a: no\nb: 010\n", "yaml")
    assert document.data == {"a": False, "b": 8}


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("export A=1", {"A": "1"}),
        ("A = x y # note", {"A": "x y"}),
        ("A='$HOME #1'", {"A": "$HOME #1"}),
        ('A="a\\nb \\" \\q"', {"A": 'a\nb " \\q'}),
        ("A=#none\nB=", {"A": "#none", "B": ""}),
        ('A="two\nlines"\nB=1', {"A": "two\nlines", "B": "1"}),
    ],
)
def test_env_files(text: str, data: object) -> None:
    assert cg.parse(text, "env").data == data


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a.b = 1\\\n   2\n", {"a.b": "12"}),
        ("key\\ with\\:x : v\\u00e9", {"key with:x": "vé"}),
        ("! no\nempty\nnext two", {"empty": "", "next": "two"}),
        ("t=\\uD83D\\uDE00\r\nu=\\t\\q", {"t": "😀", "u": "\tq"}),
        ("last = \\", {"last": ""}),
        ("# a comment ends here \\\nx=1", {"x": "1"}),
    ],
)
def test_properties_as_java_reads_them(text: str, data: object) -> None:
    assert cg.parse(text, "properties").data == data


def test_comments_in_json_are_not_looked_for_in_strings() -> None:
    document = cg.parse('{"url": "http://x/*y*/", // z\n "b": [1, 2, ], }', "jsonc")
    assert document.data == {"url": "http://x/*y*/", "b": [1, 2]}
    where = document.locate(("b", 1))
    assert where is not None
    assert (where.line, where.column) == (2, 11)


def test_values_have_places_too() -> None:
    document = cg.parse("[a]\nb = [1,\n  2]\n", "toml")
    value = document.locate_value(("a", "b", 1))
    assert value is not None
    assert (value.line, value.column) == (3, 3)
    assert document.locate_value(("a", "x")) is None
    assert document.locate(("a", "x")) is None
    near = document.locate(("a", "x"), nearest=True)
    assert near is not None
    assert near.line == 1


def test_lines_are_those_of_an_editor() -> None:
    document = cg.parse('a: "x\u2028y\u0085z"\nb: 😀\nc: 3\n', "yaml")
    assert document.locate(("c",)) == (3, 1)
    assert document.locate_value(("b",)) == (2, 4)
    assert document.lines[2] == "c: 3"


@pytest.mark.parametrize("format", ["toml", "yaml", "json", "jsonc"])
@given(data=PLAIN_DOCUMENTS)
@settings(max_examples=examples(100))
def test_every_value_stands_where_its_place_says(format: str, data: dict[str, Any]) -> None:
    """With a number of its own at every leaf, the text at each place shows whether it is the right one."""
    numbers = itertools.count(1000)
    numbered = renumbered(data, numbers)
    document = write(numbered, format)
    lines = document.text.split("\n")
    for path, number in leaves(numbered, ()):
        place = document.places()[path]
        assert re.match(rf"{number}\b", lines[place.value.line - 1][place.value.column - 1 :])
        if isinstance(path[-1], str):
            assert lines[place.key.line - 1][place.key.column - 1 :].lstrip("\"'").startswith(path[-1])


def renumbered(data: Any, numbers: Iterator[int]) -> Any:
    if isinstance(data, dict):
        return {key: renumbered(value, numbers) for key, value in data.items()}
    return [renumbered(value, numbers) for value in data] if isinstance(data, list) else next(numbers)


def leaves(data: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from leaves(value, (*path, key))
    else:
        yield path, data
