"""Edits that the format allows though the layout is unusual."""

from __future__ import annotations

from typing import Any

import pytest

import confguard as cg


def edited(format: str, text: str, change: cg.Change) -> str:
    return cg.parse(text, format).edit([change]).text


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("sep x\n", "=", "sep \\=\n"),
        ("sep x\n", "::1", "sep \\::1\n"),
        ("sep\tx\nb = 1\n", ":", "sep\t\\:\nb = 1\n"),
        ("sep \\\n  x\n", "=1", "sep \\\n  \\=1\n"),
        ("sep \n", "=1", "sep \\=1\n"),
        ("sep x\n", "a=b", "sep a=b\n"),
        ("sep:x\n", "::1", "sep:::1\n"),
        ("sep\n", "=1", "sep = =1\n"),
    ],
)
def test_a_value_behind_a_blank_may_begin_with_a_sign(text: str, value: str, expected: str) -> None:
    old = cg.parse(text, "properties")
    done = old.edit([cg.Change("replace", ("sep",), old.data["sep"], value)])
    assert done.text == expected
    assert done.data["sep"] == value


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("- a: 1\n\n  # apart\n\n  b: 2\n- c: 1\n", (0, "a"), "- # apart\n\n  b: 2\n- c: 1\n"),
        (
            "x:\n  - a: 1\n\n    # apart\n\n    # at b\n    b: 2\n",
            ("x", 0, "a"),
            "x:\n  - # apart\n\n    # at b\n    b: 2\n",
        ),
        ("x:\n  - - 1\n\n    # apart\n\n    - 2\n", ("x", 0, 0), "x:\n  - # apart\n\n    - 2\n"),
    ],
)
def test_behind_a_dash_the_first_entry_goes(text: str, path: tuple[Any, ...], expected: str) -> None:
    assert edited("yaml", text, cg.Change("remove", path, 1, None)) == expected


@pytest.mark.parametrize(
    ("merge", "path", "expected"),
    [
        ("  <<: [*A, *B]\n  z: 1\n", "q", "  z: 1\n  p: 1\n  r: 3\n"),
        ("  z: 1\n  <<: [*A, *B] # both\n", "p", "  z: 1\n  q: 2\n  r: 3\n"),
        ("  z: 1\n  <<:\n    - *A\n    - *B\n", "q", "  z: 1\n  p: 1\n  r: 3\n"),
        ("  {z: 1, <<: [*A, *B]}\n", "r", "  {z: 1, p: 1, q: 2}\n"),
    ],
)
def test_what_one_of_several_merged_mappings_brings_is_taken_away(
    merge: str, path: str, expected: str
) -> None:
    head = "A: &A {p: 1}\nB: &B {q: 2, r: 3}\nc:\n"
    before = cg.parse(head + merge, "yaml").data["c"][path]
    assert edited("yaml", head + merge, cg.Change("remove", ("c", path), before, None)) == head + expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# top\na: 1\n---\nb: 2\n", "---\nm: 1\n---\n# top\na: 1\n---\nb: 2\n"),
        ("---\na: 1\n---\nb: 2\n", "---\nm: 1\n---\na: 1\n---\nb: 2\n"),
        ("a: 1", "---\nm: 1\n---\na: 1"),
        ("[1, 2]\r\n---\r\nb: 2\r\n", "---\r\nm: 1\r\n---\r\n[1, 2]\r\n---\r\nb: 2\r\n"),
        ("%YAML 1.1\n---\na: 1\n", "---\nm: 1\n...\n%YAML 1.1\n---\na: 1\n"),
    ],
)
def test_a_document_before_all_others(text: str, expected: str) -> None:
    old, new = cg.parse(text, "yaml"), cg.parse(expected, "yaml")
    done = old.edit(cg.diff(old, new))
    assert done.text == expected
    assert done.edit(cg.diff(done, old)).data == old.data


def test_a_document_comes_before_the_first() -> None:
    old = cg.parse("# top\na: 1\nname: x\n---\nb: 2\nname: y\n", "yaml")
    new = cg.parse("b: 2\nname: y\n---\na: 1\nname: x\n", "yaml")
    assert old.edit(cg.diff(old, new)).text == "---\nb: 2\nname: y\n---\n# top\na: 1\nname: x\n"


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("[a.b.c]\n[a]\nb.z = 1\n", 2, "[a.b.c]\n[a]\nb.z = 1\nb.y = 2\n"),
        (
            "[a.b.c]\nx = 1\n[a]\nq = 1\nb.z = 1\n",
            {"k": 2},
            "[a.b.c]\nx = 1\n[a]\nq = 1\nb.z = 1\nb.y = { k = 2 }\n",
        ),
    ],
)
def test_a_table_of_dotted_names_whose_section_below_stands_first(
    text: str, value: Any, expected: str
) -> None:
    assert edited("toml", text, cg.Change("add", ("a", "b", "y"), None, value)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[\n    1 // x\n  , 2 // y\n  , 3 // z\n]\n", "[\n    1 // x\n  , 2 // y\n]\n"),
        ("[\n    1\n  , 2\n  , 3\n]\n", "[\n    1\n  , 2\n]\n"),
        ("[ 1\n, 2 /* y */\n, 3 ]\n", "[ 1\n, 2 /* y */ ]\n"),
        ("[ 1\n, 2 // y\n, 3]\n", "[ 1\n, 2 // y\n]\n"),
    ],
)
def test_the_last_of_what_has_its_commas_first(text: str, expected: str) -> None:
    assert edited("jsonc", text, cg.Change("remove", (2,), 3, None)) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (cg.Change("replace", ("b c",), [1, 2], "new"), "? 'b c'\n: new\nd: 3\n"),
        (cg.Change("add", ("b c", 0), None, "new"), "? 'b c'\n: - new\n  - 1\n  - 2\nd: 3\n"),
        (cg.Change("remove", ("b c", 0), 1, None), "? 'b c'\n: - 2\nd: 3\n"),
    ],
)
def test_what_stands_behind_a_quoted_key_with_a_question_mark(change: cg.Change, expected: str) -> None:
    assert edited("yaml", "? 'b c'\n: - 1\n  - 2\nd: 3\n", change) == expected
