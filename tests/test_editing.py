"""Writing back: exactly the changed data, and untouched lines as they were."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import confguard as cg
from confguard.documents.document import write
from conftest import examples
from strategies import PLAIN_DOCUMENTS

YAML = """\
# the service
server:
  port: 80   # web
  hosts:
    - a     # first
    - b

  tags: [x, y]
limits: {cpu: 1, memory: 2}
text: |
  line one
  line two
items:
  - name: one
    v: 1
  - name: two
    v: 2
# the end
"""
TOML = """\
# the service
title = "x"

[server]
port = 80   # web
hosts = ["a", "b"]  # two

[[items]]
name = "one"
v = 1

[[items]]
name = "two"
v = 2
"""
JSONC = """\
{
  // the service
  "server": {
    "port": 80, // web
    "hosts": ["a", "b"]
  },
  "empty": {},
  "items": [
    {"name": "one", "v": 1},
    {"name": "two", "v": 2}
  ]
}
"""


def edited(text: str, format: str, after: Any) -> str:
    document = cg.parse(text, format)
    made = document.edit(cg.diff(document.data, after(json.loads(json.dumps(document.data)))))
    return made.text


def put(path: list[Any], value: Any) -> Any:
    def change(data: Any) -> Any:
        parent = data
        for step in path[:-1]:
            parent = parent[step]
        if value is None:
            del parent[path[-1]]
        elif isinstance(parent, list) and path[-1] >= len(parent):
            parent.append(value)
        else:
            parent[path[-1]] = value
        return data

    return change


@pytest.mark.parametrize(
    ("format", "text", "path", "value", "gone", "come"),
    [
        ("yaml", YAML, ["server", "port"], 81, ["  port: 80   # web"], ["  port: 81   # web"]),
        ("yaml", YAML, ["server", "new"], {"a": [1]}, [], ["  new:", "    a:", "      - 1"]),
        ("yaml", YAML, ["server", "hosts", 0], None, ["    - a     # first"], []),
        ("yaml", YAML, ["server", "hosts", 2], "c", [], ["    - c"]),
        ("yaml", YAML, ["server", "tags", 1], "z", ["  tags: [x, y]"], ["  tags: [x, z]"]),
        ("yaml", YAML, ["server", "tags", 2], "z", ["  tags: [x, y]"], ["  tags: [x, y, z]"]),
        ("yaml", YAML, ["limits", "cpu"], None, ["limits: {cpu: 1, memory: 2}"], ["limits: {memory: 2}"]),
        ("yaml", YAML, ["limits"], None, ["limits: {cpu: 1, memory: 2}"], []),
        ("yaml", YAML, ["text"], "short", ["text: |", "  line one", "  line two"], ["text: |-", "  short"]),
        ("yaml", YAML, ["items", 0, "v"], 9, ["    v: 1"], ["    v: 9"]),
        ("yaml", YAML, ["items", 1], None, ["  - name: two", "    v: 2"], []),
        (
            "yaml",
            YAML,
            ["server", "hosts"],
            1,
            ["  hosts:", "    - a     # first", "    - b"],
            ["  hosts: 1"],
        ),
        ("toml", TOML, ["server", "port"], 81, ["port = 80   # web"], ["port = 81   # web"]),
        (
            "toml",
            TOML,
            ["server", "hosts", 2],
            "c",
            ['hosts = ["a", "b"]  # two'],
            ['hosts = ["a", "b", "c"]  # two'],
        ),
        ("toml", TOML, ["title"], None, ['title = "x"'], []),
        ("toml", TOML, ["items", 0, "v"], 9, ["v = 1"], ["v = 9"]),
        ("jsonc", JSONC, ["server", "port"], 81, ['    "port": 80, // web'], ['    "port": 81, // web']),
        (
            "jsonc",
            JSONC,
            ["server", "hosts", 2],
            "c",
            ['    "hosts": ["a", "b"]'],
            ['    "hosts": ["a", "b", "c"]'],
        ),
        ("jsonc", JSONC, ["empty", "x"], 1, ['  "empty": {},'], ['  "empty": {"x": 1},']),
        ("jsonc", JSONC, ["items", 0], None, ['    {"name": "one", "v": 1},'], []),
        ("ini", "[a]\nx = 1\n\n[b]\ny = 2 \n", ["a", "x"], "3", ["x = 1"], ["x = 3"]),
        ("ini", "[a]\nx = 1\n\n[b]\ny = 2\n", ["a", "z"], "3", [], ["z = 3"]),
        ("ini", "[a]\nx = 1\n\n[b]\ny = 2\n", ["a"], None, ["[a]", "x = 1", ""], []),
        ("ini", "[a]\nx = 1", ["c"], {"k": "v"}, [], ["", "[c]", "k = v"]),
        ("env", "# web\nexport A=1\nB='x y'", ["A"], "2 3", ["export A=1"], ['export A="2 3"']),
        ("env", "A=1\nB=2", ["C"], "3", [], ["C=3"]),
        ("env", "A=1\nB=2\n", ["A"], None, ["A=1"], []),
        ("properties", "# x\na.b = 1\nc: 2\n", ["c"], "3", ["c: 2"], ["c: 3"]),
        ("properties", "a=1\n", ["b c"], "3", [], ["b\\ c=3"]),
    ],
)
def test_only_what_changes_is_touched(
    format: str, text: str, path: list[Any], value: Any, gone: list[str], come: list[str]
) -> None:
    before, after = text.split("\n"), edited(text, format, put(path, value)).split("\n")
    for line in gone:
        before.remove(line)
    for line in come:
        after.remove(line)
    assert [line for line in after if line] == [line for line in before if line]


@pytest.mark.parametrize("format", ["toml", "yaml", "json", "jsonc"])
@given(before=PLAIN_DOCUMENTS, after=PLAIN_DOCUMENTS)
@settings(max_examples=examples(150))
def test_an_edit_is_exact_or_refused(format: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    document = write(before, format)
    try:
        made = document.edit(cg.diff(before, after))
    except cg.DocumentError as error:
        assert format in {"toml", "yaml"}, error  # anything can be done in JSON
        return
    assert made.data == after


@given(PLAIN_DOCUMENTS, st.data())
def test_one_change_in_a_file_of_json_leaves_all_other_lines(
    data: dict[str, Any], draw: st.DataObject
) -> None:
    if not data:
        return
    key = draw.draw(st.sampled_from(sorted(data)))
    document = write(data, "json")
    made = document.edit(cg.diff(data, data | {key: "changed"}))
    untouched = set(made.text.splitlines()) - {line for line in made.text.splitlines() if "changed" in line}
    assert untouched <= set(document.text.splitlines())


def test_a_keyed_element_moves_and_comes_and_goes() -> None:
    document = cg.parse(YAML, "yaml")
    after = json.loads(json.dumps(document.data))
    after["items"] = [{"name": "zero", "v": 0}, after["items"][1] | {"v": 5}]
    assert document.edit(cg.diff(document.data, after)).data == after
    after["items"].reverse()
    assert document.edit(cg.diff(document.data, after)).data == after


def test_documents_in_a_stream_are_edited_apart() -> None:
    document = cg.parse("a: 1\n---\n# two\nb: 2\n", "yaml")
    made = document.edit(cg.diff(document.data, [{"a": 1}, {"b": 3}]))
    assert made.text == "a: 1\n---\n# two\nb: 3\n"


def test_a_secret_is_written_as_it_is() -> None:
    document = cg.parse("password = 'old'\n", "toml")
    made = document.edit(cg.diff(document.data, {"password": "geheim"}))
    assert made.data == {"password": "geheim"}


@pytest.mark.parametrize(
    ("format", "text", "after"),
    [
        ("ini", "[a]\nx = 1\n", {"a": {"x": "two \nlines"}}),
        ("env", "A=1\n", {"A": "1", "B": {"c": "d"}}),
        ("json", '{"a": 1}', [1]),
        ("toml", "a = 1\n", {"a": None}),
    ],
)
def test_what_cannot_be_done_in_place_is_refused(format: str, text: str, after: Any) -> None:
    document = cg.parse(text, format)
    with pytest.raises(cg.DocumentError, match="cannot "):
        document.edit(cg.diff(document.data, after))


def test_changes_that_do_not_fit() -> None:
    with pytest.raises(cg.DocumentError, match="is not there"):
        cg.parse("a = 1\n", "toml").edit(cg.diff({"b": 1}, {"b": 2}))


@pytest.mark.parametrize(("format", "text"), [("toml", "a = nan\nb = 1\n"), ("yaml", "a: .nan\nb: 1\n")])
def test_what_equals_nothing_does_not_stand_in_the_way(format: str, text: str) -> None:
    document = cg.parse(text, format)
    assert document.edit(()).text == text
    assert edited(text, format, put(["b"], 2)) == text.replace("1", "2")
