"""Situations from public reports of other editors of configuration (yq, yamlpath, tomlkit, jsonc-parser, dotenv)."""

from __future__ import annotations

from typing import Any

import pytest

import confguard as cg

CASES: list[tuple[str, str, Any, str]] = [
    # What stands behind goes with its entry; the comma goes before it.
    ("jsonc", '{"a": 1, // keep a\n "b": 2 // of b\n}', {"a": 1}, '{"a": 1 // keep a\n}'),
    (
        "jsonc",
        '{\n  "h": 1,\n  "p": 8 // of p\n}',
        {"h": 1, "p": 8, "d": True},
        '{\n  "h": 1,\n  "p": 8, // of p\n  "d": true\n}',
    ),
    ("jsonc", '{\n  "x": 1,\n  // of t\n  "t": 2\n}', {"t": 2}, '{\n  // of t\n  "t": 2\n}'),
    (
        "jsonc",
        '{\n  "r": [\n    // one\n    "e"\n  ]\n  /* end */\n}',
        {"r": ["f", "g"]},
        '{\n  "r": [\n    // one\n    "f",\n    "g"\n  ]\n  /* end */\n}',
    ),
    ("jsonc", "[1, /* two */ 2, 3 /* three */]", [3, 1], "[3 /* three */, 1]"),
    ("jsonc", '{\n  "a": 1\n  , "b": 2\n  , "c": 3\n}', {"a": 1, "c": 3}, '{\n  "a": 1\n  , "c": 3\n}'),
    (
        "jsonc",
        '{\n  "a": [1, 2,\n        3, 4], // l\n}',
        {"a": [1, 2, 4]},
        '{\n  "a": [1, 2,\n        4], // l\n}',
    ),
    ("json", '{"a":1,"b":2}', {"a": 1, "b": 2, "c": 3}, '{"a":1,"b":2,"c":3}'),
    ("jsonc", "{\n  // nothing yet\n}\n", {"a": 1}, '{\n  // nothing yet\n  "a": 1\n}\n'),
    (
        "yaml",
        "---\n# test.yaml\nk: v\n\n# of r\nr: 1\n\n# of s\ns: 2\n",
        {"k": "v", "s": 2},
        "---\n# test.yaml\nk: v\n\n# of s\ns: 2\n",
    ),
    (
        "yaml",
        "v:\n  a: 1\n\n# of o\no:\n  b: 2\n",
        {"v": {"a": 1, "c": 3}, "o": {"b": 2}},
        "v:\n  a: 1\n  c: 3\n\n# of o\no:\n  b: 2\n",
    ),
    (
        "yaml",
        "S:\n# of O\n\n  O:\n  # of X\n\n    X: Y\n",
        {"S": {"O": {"X": "Y", "Z": "W"}}},
        "S:\n# of O\n\n  O:\n  # of X\n\n    X: Y\n    Z: W\n",
    ),
    ("yaml", "t:\n# stays\n", {"t": "x"}, "t: x\n# stays\n"),
    ("yaml", "# only\n# comments\n", {"a": 1}, "# only\n# comments\na: 1\n"),
    (
        "yaml",
        "# 1\n---\n# 2\n\n---\n# 3\na: 1\n",
        {"a": 1, "b": 2},
        "# 1\n---\n# 2\n\n---\n# 3\na: 1\nb: 2\n",
    ),
    (
        "yaml",
        "- # first\n  a: 1\n  b: 2\n-\n  c: 1\n",
        [{"b": 2}, {"c": 1, "d": 2}],
        "- # first\n  b: 2\n-\n  c: 1\n  d: 2\n",
    ),
    ("yaml", "k:\n- a\n- b\n# of m\nm: 1\n", {"k": ["b"], "m": 1}, "k:\n- b\n# of m\nm: 1\n"),
    (
        "yaml",
        "a: [ # open\n  1, # one\n  2 # two\n  ] # close\n",
        {"a": [1]},
        "a: [ # open\n  1 # one\n  ] # close\n",
    ),
    (
        "yaml",
        "a: yes\nb: 'it''s'\nc: \"x\"\n",
        {"a": False, "b": "isn't", "c": "y"},
        "a: no\nb: 'isn''t'\nc: \"y\"\n",
    ),
    ("yaml", "t: |  # text\n  one\n  two\n", {"t": "one\nthree\n"}, "t: |  # text\n  one\n  three\n"),
    ("yaml", "? a\n: 1\nb: 2\n", {"a": 1, "b": 3}, "? a\n: 1\nb: 3\n"),
    # What an alias shares stays as it was where no change asks for more.
    (
        "yaml",
        "a: &x {k: 1}\nb: *x # b\nc: *x\n",
        {"a": {"k": 2}, "b": {"k": 1}, "c": {"k": 2}},
        "a: &x {k: 2}\nb: # b\n  k: 1\nc: *x\n",
    ),
    ("yaml", "a: &x 5\nb: *x\n", {"b": 5}, "b: 5\n"),
    ("yaml", "a: &x 1\nb: *x\n", {"a": 9, "b": 9}, "a: &x 9\nb: *x\n"),
    (
        "yaml",
        "a: &a {k: 1}\nc:\n  <<: *a # m\n",
        {"a": {"k": 1}, "c": {"k": 2}},
        "a: &a {k: 1}\nc:\n  <<: *a # m\n  k: 2\n",
    ),
    (
        "yaml",
        "a: &a {k: 1}\nc:\n  <<: *a # m\n  l: 1\n",
        {"a": {"k": 9}, "c": {"k": 1, "l": 1}},
        "a: &a {k: 9}\nc:\n  <<: *a # m\n  l: 1\n  k: 1\n",
    ),
    (
        "toml",
        "[a]\nx = 1 # c\ny = 2\nz = 3\n",
        {"a": {"x": 1, "y": {"n": 1}, "z": 3}},
        "[a]\nx = 1 # c\ny = { n = 1 }\nz = 3\n",
    ),
    (
        "toml",
        "a.b = 1\nz = 2\n",
        {"a": {"b": 1, "new": {"x": 1}}, "z": 2},
        "a.b = 1\na.new = { x = 1 }\nz = 2\n",
    ),
    (
        "toml",
        "# p\n[[r]]\nm = 'P'\n\n# g\n[[r]]\nm = 'G'\n",
        {"r": [{"m": "P", "l": {"e": 1}}, {"m": "G"}]},
        "# p\n[[r]]\nm = 'P'\n\n[r.l]\ne = 1\n\n# g\n[[r]]\nm = 'G'\n",
    ),
    (
        "toml",
        "[a.b]\nx = 1\n[c]\ny = 1\n[a]\nz = 1\n",
        {"a": {"b": {"x": 2}, "z": 1, "w": 1}, "c": {"y": 1}},
        "[a.b]\nx = 2\n[c]\ny = 1\n[a]\nz = 1\nw = 1\n",
    ),
    (
        "toml",
        "[P]\n  [P.S]\n    a = 1 # s\n#   b = 1\n",
        {"P": {"S": {"a": 2, "c": 1}}},
        "[P]\n  [P.S]\n    a = 2 # s\n    c = 1\n#   b = 1\n",
    ),
    ("toml", "# head\n\n[a]\nx = 1", {"b": 1, "a": {"x": 1}}, "# head\n\nb = 1\n\n[a]\nx = 1"),
    (
        "toml",
        '# of n\n[[t]]\nname = "n"\n',
        {"t": [{"name": "m"}, {"name": "n"}], "b": 0},
        'b = 0\n\n[[t]]\nname = "m"\n\n# of n\n[[t]]\nname = "n"\n',
    ),
    ("toml", "# head\n\n", {"t": {"x": 1}, "b": 0}, "# head\n\nb = 0\n\n[t]\nx = 1\n"),
    ("toml", "s = '''\na\nb'''\n", {"s": "c\nd"}, "s = '''\nc\nd'''\n"),
    ("env", "# K=x\nexport  K = y # k\n", {"K": "z w"}, '# K=x\nexport  K = "z w" # k\n'),
    ("env", "A=1", {"A": "1", "B": "2"}, "A=1\nB=2"),
    ("env", "B=x\n", {"B": "$HOME"}, "B='$HOME'\n"),
    ("env", "A=1\r\nB=\r\n", {"A": "x\ny", "B": "2"}, 'A="x\r\ny"\r\nB=2\r\n'),
    ("toml", 's = """\r\na\r\nb"""\r\n', {"s": "c\nd"}, 's = """\r\nc\r\nd"""\r\n'),
    ("json", '{"a":{"b":1}}', {"a": {"b": 1, "c": 2}}, '{"a":{"b":1,"c":2}}'),
    ("env", "D=http://$U@db?pool=4 # p\n", {"D": "http://$U@db?pool=2"}, "D=http://$U@db?pool=2 # p\n"),
    ("env", 'A="${H}/x"\n', {"A": "${H}/y z"}, 'A="${H}/y z"\n'),
    ("env", "A=$H\n", {"A": '$H "x"'}, 'A="$H \\"x\\""\n'),
    ("env", "A='$H'\n", {"A": "$H/x"}, "A='$H/x'\n"),
    ("env", 'A="\\$H"\n', {"A": "$H/x"}, "A='$H/x'\n"),
    ("env", "A=5$\n", {"A": "6$"}, "A='6$'\n"),
    ("env", "B='x'\r\nC=1\r\n", {"B": "y", "C": "1", "D": "2"}, "B='y'\r\nC=1\r\nD=2\r\n"),
    ("properties", "l = a, \\\n   b\nc\n", {"l": "x", "c": "y"}, "l = x\nc = y\n"),
    (
        "ini",
        "; a\n[a]\n; x\nx = 1\n  two\nbare\n",
        {"a": {"x": "3", "bare": "v"}},
        "; a\n[a]\n; x\nx = 3\nbare = v\n",
    ),
    ("ini", "[a]\nx=1\n; y=2\n\n; b\n[b]\nz=1\n", {"b": {"z": "1"}}, "; b\n[b]\nz=1\n"),
]


@pytest.mark.parametrize(("format", "text", "data", "expected"), CASES)
def test_the_text_is_what_a_person_would_have_written(
    format: str, text: str, data: Any, expected: str
) -> None:
    document = cg.parse(text, format)
    assert document.edit(cg.diff(document.data, data)).text == expected


@pytest.mark.parametrize(
    ("format", "text", "data", "place"),
    [
        ("toml", "x = 1\nt = { a.b = 1 }\n", {"x": 1, "t": {"a": {"b": 2}}}, "f:2:5: cannot change"),
        ("ini", "[a]\nx = 1\n", {"a": {"x": "two\n# lines"}}, "f:2:1: cannot write"),
        ("env", "A=1\nB=2\n", {"A": "1", "B": {"c": "d"}}, "f:2:1: cannot write"),
        ("env", 'A="$H \\$5"\n', {"A": "$H $6"}, "f:1:1: cannot write it: of the old value one"),
        ("json", "[1]", {"a": 1}, "f:1:1: cannot edit a whole document"),
    ],
)
def test_what_is_refused_names_the_users_own_line(format: str, text: str, data: Any, place: str) -> None:
    document = cg.parse(text, format, path="f")
    with pytest.raises(cg.DocumentError) as refused:
        document.edit(cg.diff(document.data, data))
    assert str(refused.value).startswith(place)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("format", "text", "data"),
    [
        ("properties", "a = caf\\u00e9\nb = 1\n", {"a": "th\u00e9", "b": "\u00fc", "\u00e9": "\U0001f600"}),
        ("properties", "a = 1\n", {"a": "\u00fc"}),
        ("json", '{"a": "caf\\u00e9", "b": 1}', {"a": "caf\u00e9", "b": {"\u00e9": ["\u00fc"]}}),
        (
            "toml",
            "a = \"caf\\u00e9\"\nb = 'x'\n",
            {"a": "caf\u00e9", "b": "\u00fc", "\u00e9": {"\U0001f600": 1}},
        ),
        (
            "yaml",
            'a: "caf\\u00e9"\nb: |\n  x\n',
            {"a": "th\u00e9", "b": "\u00fc\n", "\u00e9": ["\U0001f600"]},
        ),
    ],
)
def test_a_file_that_escapes_keep_ascii_stays_so(format: str, text: str, data: Any) -> None:
    document = cg.parse(text, format)
    made = document.edit(cg.diff(document.data, data))
    assert made.text.isascii()
    assert made.data == data


def test_a_properties_file_with_other_letters_keeps_them() -> None:
    document = cg.parse("a = \u00e9\nb = 1\n", "properties")
    assert (
        document.edit(cg.diff(document.data, {"a": "\u00e9", "b": "\u00fc"})).text
        == "a = \u00e9\nb = \u00fc\n"
    )
