"""Every value of texts in many layouts is changed: no line goes but those of that value."""

from __future__ import annotations

from difflib import ndiff
from typing import Any

import pytest

import confguard as cg

TEXTS: list[tuple[str, str]] = [
    ("yaml", "a: 1   # one\nb:   two words\n  going on\nc: 'x\n\n  y'\nd: \"p\\\n  q\"\ne: 5\n"),
    (
        "yaml",
        "top:\n    - a: 1\n      b: [1,\n          2] # c\n    -   c: 2\n\n    # last\n    - x\n"
        "z: {p: 1, q: {r: 2}}\n",
    ),
    ("yaml", "a: {\n  x: 1, # one\n\n  # above y\n  y: [1, 2,\n      3],\n  z: 'q'\n} # end\nb: 1\n"),
    ("yaml", "a: [\n  1,\n  2\n  ]\nb: [ 1 , 2 ]\nc: { a : 1 , b : 2 }\nd: []\ne: {}\nf:\ng: ~\n"),
    ("yaml", "%YAML 1.1\n---\n# c\na: &x\n  p: 1\n  q: 2 # q\nd: !!str 5\ne: &y 7\n...\n"),
    ("yaml", "- 1\n-  2\n-\n  - 3\n  - 4\n- - 5\n  - 6\n- k: v\n  l: w\n-   m: 1\n    n: 2\n"),
    ("yaml", "? a\n: 1\n? 'b c'\n: - 1\n  - 2\n\"d\": 3\n'e': 4\n5: 6\ntrue: x\nnull: y\n2024-01-01: z\n"),
    ("yaml", "a: |\n  one\n  two\n\nb: >-\n  x\n  y\n# c\nc: |+\n  k\n\nd: 1\n"),
    ("yaml", "a:\n- 1\n# in\n- 2\n# after\nb:\n- x: 1\n  y: 2\n# low\n  z: 3\nc: 3\n"),
    ("yaml", "a: 1\r\nb:\r\n  - x\r\n  - y # c\r\nc: |\r\n  t\r\n  u\r\nd: {x: 1}\r\n"),
    ("yaml", "\ufeffa: 1\nb: 2"),
    (
        "yaml",
        "a: 1 # c\n\n\n# x\n\nb: 'it''s'\nc: \"q\\\"\\t\"\nd: http://x/y#z\ne: 2024-01-01\nf: 1e3\ng: 0x1F\n",
    ),
    ("yaml", '{a: 1, b: [x, y], "c": {d: e}}\n'),
    ("yaml", '{\n  "a": 1,\n  "b": [\n    1,\n    2\n  ],\n  "c": {"d": "e"}\n}\n'),
    ("yaml", "a: !!binary aGk=\nb: {c: 1,}\nd: [1,]\ne: [a: 1, b]\nf: [[1, 2], {g: h}]\n"),
    ("yaml", "key with spaces: v\n'quoted: key': v\nk: -1\nl: --x\n"),
    ("yaml", "a:     # note\n  b: 1\nc: # note\n  - 1\nd:\n\n  e: 1\n"),
    (
        "yaml",
        "a:\n  b:\n    c:\n      d: 1\n  # at b\n# at top\n\nx:\n   y: 1\n   z:\n      - 1\n"
        "      -  k: 1\n         l: 2\n",
    ),
    ("yaml", "=: 1\nb: =\n"),
    ("yaml", "a: plain, with [brackets] {here}\nb: \"x: y\"\nc: 'x # y'\n"),
    (
        "toml",
        "a = 1   # one\nb = 'x'\nc = \"\"\"\nq\nr\"\"\"\nd = '''k'''\n\n[t] # t\nx = 1\n  y = 2 # y\n\n"
        "  [t.u]\n  z = [1,\n    2, # two\n  ] # end\n\n[[l]]\nn = 1\n[[l]]\nn = 2\n[[l.m]]\no = 1\n",
    ),
    (
        "toml",
        "a.b.c = 1\na.d = 2 # d\n'q r'.s = 3\n\"t\" = {x = 1, y = {z = 2}}\nu = [ [1,2], [3] ]\n"
        "v = 2024-01-01\nw = 1_000\nf = 1e3\ng = 0x1F\nh = true\n",
    ),
    ("toml", "# top\n\n# of a\na = [\n  # in\n  'x', # x\n\n  'y'\n]\n\n\n[b]\n[c]\n# only\n[d]\nk = 1"),
    ("toml", "a = 1\r\nb = [1,\r\n 2]\r\n[c]\r\nd = '''x\r\ny'''\r\n"),
    ("toml", "[a.b]\nx=1\n[a]\ny=2\n[a.c]\nz=3\n"),
    (
        "jsonc",
        '{\n  // c\n  "a": 1, // one\n  /* b */ "b": [1, 2, // two\n    3],\n\n  // apart\n\n'
        '  "c": {"d": {}, "e": []},\n}\n',
    ),
    ("jsonc", '{"a":1,"b":[1,2],"c":{"d":null}}'),
    ("jsonc", '{\r\n\t"a": 1\r\n\t, "b": 2 /* x */\r\n}\r\n'),
    ("jsonc", '[\n  {"name": "x", "v": 1},\n  // y\n  {"name": "y",\n   "v": 2} // end\n]'),
    (
        "ini",
        "; top\n[a]\nx = 1\n  y\n\n  # in\n  z\n; of k\nk: v\nbare\ne =\n\n[b]\n\n[c]\n   i = 1\n   j=2\n",
    ),
    ("ini", "[a]\r\nx=1\r\n# c\r\ny = 2\r\n"),
    ("env", '# top\nA=1\nexport B=\'x y\' # b\n\n# of C\nC="a\nb"\nD=\nE=$A/x\nF="q\\"r"\n  G=1 # g\n'),
    ("env", "A=1\r\nB='x'\r\n\r\n# c\r\nC=\"x\r\ny\"\r\n"),
    ("properties", "# top\na = 1\n! x\nb.c:2\nd e\nf\n\ng=x\\\n   y\nh\\ i=\\u00e9\nj = trailing \n"),
    ("properties", "a=1\r\nb = x \\\r\n  y\r\n"),
]
VALUES: dict[str, list[Any]] = {
    "yaml": ["new", 7, True, "p, q: r", "1e3"],
    "toml": ["new", 7, True, "it's"],
    "jsonc": ["new", 7, None],
    "ini": ["new", ""],
    "env": ["new", "a b", "it's", ""],
    "properties": ["new", "", " x", "a\\b"],
}


def leaves(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else None
    return [path] if pairs is None else [leaf for key, value in pairs for leaf in leaves(value, (*path, key))]


def put(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    pairs = dict(data) if isinstance(data, dict) else list(data)
    pairs[path[0]] = put(pairs[path[0]], path[1:], value)
    return pairs


def own_lines(document: cg.Document, path: tuple[Any, ...]) -> set[str]:
    """The lines from a key to where something else begins."""
    key, lines = document.places()[path].key, document.text.split("\n")
    later = [
        place.key.line for other, place in document.places().items() if other != path and place.key > key
    ]
    return set(lines[key.line - 1 : max(key.line, min(later, default=len(lines) + 1) - 1)])


@pytest.mark.parametrize(("format", "text"), TEXTS)
def test_no_other_line_goes(format: str, text: str) -> None:
    document = cg.parse(text, format)
    for path in leaves(document.data):
        for value in VALUES[format]:
            # One word for another: a list that is told apart by its words would be another list.
            change = cg.Change("replace", path, _at(document.data, path), value)
            made = document.edit([change])
            assert made.data == put(document.data, path, value)
            old, new = text.split("\n"), made.text.split("\n")
            gone = {line[2:] for line in ndiff(old, new) if line.startswith("- ")}
            assert gone <= own_lines(document, path), f"{path} = {value!r}:\n{made.text}"
            assert "\r\n" not in text or all(line.endswith("\r") for line in new[:-1])
            assert text.endswith("\n") == made.text.endswith("\n")


def _at(data: Any, path: tuple[Any, ...]) -> Any:
    for segment in path:
        data = data[segment]
    return data
