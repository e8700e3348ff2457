"""Edits of YAML: texts that look like something else, blocks of text, brackets."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from hypothesis import given, note, settings
from hypothesis import strategies as st

import confguard as cg
from confguard.documents.document import write
from conftest import examples

# The types of YAML 1.1 (yaml.org/type) and the core schema of YAML 1.2, as they are published; with what go-yaml and
# ruamel.yaml read besides.
_OTHERS = [
    r"y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF",
    r"~|null|Null|NULL|<<|=|",
    r"[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+",
    r"(?=.*[0-9])[-+]?([0-9][0-9_]*)?\.[0-9_]*([eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*",
    r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
    r"\d{4}-\d\d-\d\d|\d{4}-\d\d?-\d\d?([Tt]|[ \t]+)\d\d?:\d\d:\d\d(\.\d*)?([ \t]*(Z|[-+]\d\d?(:\d\d)?))?",
    r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?",
    r"[-+]?0o[0-7_]+|[-+]?[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?",
]
_OTHER = re.compile("|".join(f"(?:{each})" for each in _OTHERS))

WORDS = [
    *(
        "1e3",
        "0o17",
        "1E400",
        "08",
        "y",
        "n",
        "Y",
        "0x1F",
        "1_000",
        "12:30:45",
        "190:20:30",
        "2024-01-01",
        "~",
        "=",
    ),
    *(
        "<<",
        ".inf",
        "-.INF",
        ".NaN",
        "null",
        "on",
        "OFF",
        "yes",
        "+1",
        "-0b1",
        "1.",
        ".5",
        "5e-1",
        "0",
        "",
        "1,000",
    ),
    *(
        "2001-12-14t21:59:43.10-05:00",
        "2001-12-14 21:59:43",
        "- a",
        "a: b",
        "a #b",
        "# a",
        "{a",
        "[a",
        "*a",
        "&a",
    ),
    *(
        "!a",
        "?",
        "-",
        ":",
        "%a",
        "@a",
        "`a",
        " a",
        "a ",
        "'",
        '"',
        "|",
        ">",
        "---",
        "...",
        "a:",
        "p, q",
        "a]b",
        "a}b",
    ),
]
TEXTS = st.one_of(
    st.sampled_from(WORDS),
    st.text("0123456789_.:-+eExoObytnYN~=<, T", max_size=7),
    st.text("a:#,[]{}'\"?-&*!|>%@` \t\n\u00e9", max_size=6),
)
PLACES = [
    ("a: x\n", ["a"]),
    ("a: x\n", ["new"]),
    ("a: {b: x, c: 1}  # note\n", ["a", "b"]),
    ("a: {b: x, c: 1}\n", ["a", "new"]),
    ('{"a":"x"}\n', ["new"]),
    ("a:\n  - x\n", ["a", 0]),
    ("a:\n  - x\n", ["a", 1]),
    ("a: [x, w]\n", ["a", 2]),
    ("a: [\n  x, # one\n  w, # two\n]\n", ["a", 2]),
    ("a: {}\n", ["a", "new"]),
]


def put(data: Any, path: list[Any], value: Any) -> Any:
    if not path:
        return value
    first, *rest = path
    if isinstance(data, list):
        return [*data[:first], put(None, rest, value), *data[first + 1 :]]
    return {**data, first: put(data.get(first), rest, value)}


def scalars(text: str) -> list[tuple[str, bool]]:
    """Each scalar of a text, and whether it has quotes or is a block."""
    return [
        (event.value, event.style is not None)
        for event in yaml.parse(text, Loader=yaml.SafeLoader)
        if isinstance(event, yaml.ScalarEvent)
    ]


@given(TEXTS, st.sampled_from(PLACES), st.booleans())
@settings(deadline=None, max_examples=examples(400))
def test_a_text_is_one_to_every_reader(word: str, place: tuple[str, list[Any]], as_key: bool) -> None:
    text, path = place
    document = cg.parse(text, "yaml")
    after = put(document.data, path, {word: word} if as_key else word)
    made = document.edit(cg.diff(document.data, after)).text
    note(made)
    assert yaml.safe_load(made) == after
    assert not [
        value for value, quoted in scalars(made) if not quoted and _OTHER.fullmatch(value) and value != "1"
    ]


@given(st.dictionaries(TEXTS, TEXTS, max_size=3))
@settings(deadline=None)
def test_what_is_written_anew_is_a_text_to_every_reader(data: dict[str, str]) -> None:
    made = write(data, "yaml").text
    assert not [value for value, quoted in scalars(made) if not quoted and _OTHER.fullmatch(value)]


@pytest.mark.parametrize(
    "word", ["1.2.3", "10.0.0.1", "8080:80", "v1", "a, b", "1e", "0xg", "1-2", "2024-01", "5s"]
)
def test_words_that_are_texts_to_all_stay_without_quotes(word: str) -> None:
    document = cg.parse("a: x, y\n", "yaml")
    assert document.edit(cg.diff(document.data, {"a": word})).text == f"a: {word}\n"


# Blocks.

BLOCK_LINES = st.sampled_from(
    [
        "a",
        "b c",
        "two words here",
        "",
        "",
        "  in",
        "\ttab",
        "end ",
        " ",
        "a\tb",
        "# no comment",
        "- x",
        "\u00e9",
        "k: v",
    ]
)
BLOCK_TEXTS = st.builds(
    lambda lines, ends: "\n".join(lines) + "\n" * ends,
    st.lists(BLOCK_LINES, min_size=1, max_size=6),
    st.integers(0, 3),
)
BLOCKS = st.sampled_from(
    [
        "|\n    old\n    b c\n",
        "|-\n  old\n",
        "|+\n  old\n\n\n",
        "|2\n     old\n",
        "|2-  # note\n   old\n",
        ">\n  old\n  b c\n\n  two words here\n",
        ">-\n  old\n   more\n",
        ">+\n  old\n\n",
    ]
)


@given(
    BLOCKS,
    BLOCK_TEXTS,
    st.sampled_from(["", "z: 1\n", "\nz: 1\n", "# end\n", "\n# of z\nz: 1\n"]),
    st.booleans(),
)
@settings(deadline=None, max_examples=examples(500))
def test_a_block_stays_a_block(block: str, new: str, below: str, deep: bool) -> None:
    text = f"m:\n- t: {block}".replace("\n  ", "\n    ") if deep else f"t: {block}"
    text = f"# head\nfirst: 1\n{text}{below}"
    document = cg.parse(text, "yaml")
    path = ["m", 0, "t"] if deep else ["t"]
    after = put(document.data, path, new) if not deep else {**document.data, "m": [{"t": new}]}
    made = document.edit(cg.diff(document.data, after)).text
    note(f"{text}\n->\n{made}")
    assert yaml.safe_load(made) == after
    assert made.startswith("# head\nfirst: 1\n")
    assert made.endswith(below)
    assert ("# note" in made) == ("# note" in text)
    style = next(
        event.style
        for event in yaml.parse(made, Loader=yaml.SafeLoader)
        if isinstance(event, yaml.ScalarEvent) and event.value == new
    )
    few = new.strip("\n") and (not new.endswith("\n\n") or not below.startswith("\n"))
    assert style == block[0] or not few


def test_lines_of_a_block_that_stay_are_not_touched() -> None:
    text = "run: |\n      #!/bin/sh\n      \techo a  \n      echo b\nnext: 1\n"
    document = cg.parse(text, "yaml")
    after = {"run": "#!/bin/sh\n\techo a  \necho c\n", "next": 1}
    assert document.edit(cg.diff(document.data, after)).text == text.replace("echo b", "echo c")


def test_paragraphs_of_a_folded_block_that_stay_keep_their_lines() -> None:
    text = "t: >-\n  one two\n  three\n\n  four\n  five six\nnext: 1\n"
    document = cg.parse(text, "yaml")
    after = {"t": "one two three\nfour five seven", "next": 1}
    made = document.edit(cg.diff(document.data, after)).text
    assert made == "t: >-\n  one two\n  three\n\n  four\n  five\n  seven\nnext: 1\n"


# Brackets.


@pytest.mark.parametrize(
    ("text", "data", "expected"),
    [
        ("a: {x: 1}\n", {"a": {"x": 1, "p, q": "r, s"}}, "a: {x: 1, 'p, q': 'r, s'}\n"),
        ("a: [x]\n", {"a": ["x", "{y"]}, "a: [x, '{y']\n"),
        ("a: [x]\n", {"a": ["p, q"]}, "a: ['p, q']\n"),
        ('{"a":1}\n', {"a": 1, "b": "c"}, '{"a":1,"b":c}\n'),
        (
            "a: {\n  x: 1,  # one\n  y: 2,  # two\n}\n",
            {"a": {"x": 1, "y": 2, "z": "3, 4"}},
            "a: {\n  x: 1,  # one\n  y: 2,  # two\n  z: '3, 4',\n}\n",
        ),
        (
            "a: [\n  x,\n  # of y\n  y  # two\n]\n",
            {"a": ["x", "y", "z"]},
            "a: [\n  x,\n  # of y\n  y,  # two\n  z\n]\n",
        ),
        ("? a\n: 1\nb: 1\n", {"a": 1, "b": 1, "c": 2}, "? a\n: 1\nb: 1\nc: 2\n"),
        ("a: [\n  # none\n]\n", {"a": ["x"]}, "a: [\n  # none\n  x\n]\n"),
        ("a:\n  b: [x,\n      y]\n", {"a": {"b": ["x", "y", "z"]}}, "a:\n  b: [x,\n      y,\n      z]\n"),
    ],
)
def test_what_is_added_in_brackets(text: str, data: Any, expected: str) -> None:
    document = cg.parse(text, "yaml")
    assert document.edit(cg.diff(document.data, data)).text == expected
