"""Texts that hold the signs of comments: what stands inside of quotes is no comment, and one line stays one line."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given, note, settings
from hypothesis import strategies as st

import confguard as cg
from conftest import examples

READERS: dict[str, Callable[[str], Any]] = {
    "toml": tomllib.loads,
    "json": json.loads,
    "jsonc": json.loads,
    "yaml": yaml.safe_load,
}
"""Those of others: TOML 1.0, and JSON without comments."""
_TEXTS = st.text(st.sampled_from("#/ *a'\"\\,]}:"), max_size=8)
_LEAVES = st.one_of(st.integers(0, 9), _TEXTS)
_NAMES = st.sampled_from(["a", "b", "c", "d", "#", "// x", "a #b"])
_CONTAINERS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_NAMES, inner, max_size=4)),
    max_leaves=10,
).filter(lambda made: isinstance(made, dict | list))


def on_one_line(data: Any, format: str) -> str:
    """Data in brackets, without any comment."""
    if isinstance(data, dict):
        sign = " =" if format == "toml" else ":"
        inner = ", ".join(
            f"{json.dumps(key)}{sign} {on_one_line(each, format)}" for key, each in data.items()
        )
        return f"{{{inner}}}"
    if isinstance(data, list):
        return f"[{', '.join(on_one_line(each, format) for each in data)}]"
    literal = isinstance(data, str) and format in {"toml", "yaml"} and "'" not in data
    return f"'{data}'" if literal else json.dumps(data)


def document(data: Any, format: str) -> str:
    shown = on_one_line(data, format)
    return {"toml": f"top = {shown}\n", "yaml": f"top: {shown}\n"}.get(format, f'{{"top": {shown}}}\n')


@pytest.mark.slow
@pytest.mark.parametrize("format", list(READERS))
@given(before=_CONTAINERS, after=_CONTAINERS)
@settings(max_examples=examples(150), deadline=None)
def test_a_text_is_no_comment(format: str, before: Any, after: Any) -> None:
    text = document(before, format)
    assert READERS[format](text) == {"top": before}
    old = cg.parse(text, format)
    done = old.edit(cg.diff(old, {"top": after}))
    note(f"{text}\n->\n{done.text}")
    assert READERS[format](done.text) == {"top": after}
    if before and after and type(before) is type(after):  # a new table has sections of its own
        assert done.text.count("\n") == 1


@pytest.mark.parametrize(
    ("format", "text", "after", "expected"),
    [
        (
            "toml",
            "dep = { url = 'https://x/y#egg=z', rev = 'a' }\n",
            {"dep": {"url": "https://x/y#egg=z", "rev": "b"}},
            "dep = { url = 'https://x/y#egg=z', rev = 'b' }\n",
        ),
        (
            "toml",
            'link = { room = "build #7", seats = 4 }\n',
            {"link": {"room": "build #7", "seats": 4, "desk": "#1"}},
            'link = { room = "build #7", seats = 4, desk = "#1" }\n',
        ),
        (
            "toml",
            'link = { room = "#7", seats = 4 }\n',
            {"link": {"room": "#7"}},
            'link = { room = "#7" }\n',
        ),
        (
            "toml",
            'c = ["#eee", "#000"]\n',
            {"c": ["#eee", "#000", "#111"]},
            'c = ["#eee", "#000", "#111"]\n',
        ),
        (
            "toml",
            'c = [\n  "#eee", # light\n  "#000"\n]\n',
            {"c": ["#eee", "#000", "#111"]},
            'c = [\n  "#eee", # light\n  "#000",\n  "#111"\n]\n',
        ),
        (
            "toml",
            'c = ["#eee", # light\n "#000"]\n',
            {"c": ["#eee"]},
            'c = ["#eee" # light\n]\n',
        ),
        (
            "jsonc",
            '{ "url": "https://a.example/x", "n": 1, }\n',
            {"url": "https://a.example/x", "n": 2},
            '{ "url": "https://a.example/x", "n": 2, }\n',
        ),
        (
            "jsonc",
            '{ "url": "http://a", "n": 1 // a comment */\n}\n',
            {"url": "http://a", "n": 1, "m": 2},
            '{ "url": "http://a", "n": 1, // a comment */\n "m": 2\n}\n',
        ),
        (
            "jsonc",
            '{ "n": 1 /* of http://a */ }\n',
            {"n": 1, "m": 2},
            '{ "n": 1 /* of http://a */, "m": 2 }\n',
        ),
        ("yaml", 'note: {text: "see #4", n: 1}\n', {"note": {"text": "see #4", "n": 2}}, None),
        ("yaml", "note: ['see #4', 1]\n", {"note": ["see #4", 1, 2]}, None),
        ("yaml", "note: {k: [a#b, 'x #y'], n: 1}\n", {"note": {"k": ["a#b"], "n": 1}}, None),
    ],
)
def test_one_line_stays_one_line(format: str, text: str, after: Any, expected: str | None) -> None:
    old = cg.parse(text, format)
    done = old.edit(cg.diff(old, after))
    assert done.data == after
    assert done.text == expected or (expected is None and done.text.count("\n") == 1)


def test_what_moves_out_of_brackets_has_no_comment_in_its_texts() -> None:
    old = cg.parse("one: {a: {url: 'x #1', list: ['#2', 3]}, b: 1}\ntwo:\n  c: 1\n", "yaml")
    change = cg.Change("move", ("two", "a"), old.data["one"]["a"], origin=("one", "a"))
    assert old.edit([change]).data == {"one": {"b": 1}, "two": {"c": 1, "a": old.data["one"]["a"]}}


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("yaml", "one: {a: {url: x, # why\n  list: [3]}, b: 1}\ntwo:\n  c: 1\n"),
        ("toml", "one = { a = ['x', # why\n  'y'], b = 1 }\n[two]\nc = 1\n"),
    ],
)
def test_what_moves_out_of_brackets_does_not_lose_its_comments(format: str, text: str) -> None:
    old = cg.parse(text, format)
    change = cg.Change("move", ("two", "a"), old.data["one"]["a"], origin=("one", "a"))
    with pytest.raises(cg.DocumentError, match="it has comments that cannot be moved with it"):
        old.edit([change])


def test_a_first_section_with_a_text_goes_with_its_last_line() -> None:
    old = cg.parse("url = 'x#y'\n\n[a]\nb = 1\n", "toml")
    assert old.edit(cg.diff(old, {"a": {"b": 1}})).text == "[a]\nb = 1\n"
