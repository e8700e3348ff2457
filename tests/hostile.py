"""Hostile documents, over all formats: each must be read or refused within bounds of time and memory."""

from __future__ import annotations

DEEP = 100_000
WIDE = 1_000_000


def _yaml_bomb(width: int, levels: int) -> str:
    lines = [f"a0: &a0 [{','.join(['x'] * width)}]"]
    lines += [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * width)}]" for i in range(1, levels)]
    return "\n".join(lines)


TEXTS: list[tuple[str, str, str]] = [
    # name, format, text
    ("yaml: alias bomb, nine to the ninth", "yaml", _yaml_bomb(9, 10)),
    ("yaml: alias bomb, two to the hundredth", "yaml", _yaml_bomb(2, 100)),
    (
        "yaml: alias bomb in mappings",
        "yaml",
        "\n".join(["a0: &a0 {k: v}"] + [f"a{i}: &a{i} {{x: *a{i - 1}, y: *a{i - 1}}}" for i in range(1, 60)]),
    ),
    ("yaml: nested brackets", "yaml", "[" * DEEP),
    ("yaml: nested brackets, closed", "yaml", "[" * DEEP + "]" * DEEP),
    ("yaml: nested braces", "yaml", "{a: " * DEEP),
    ("yaml: nested block mappings", "yaml", "\n".join(" " * i + "a:" for i in range(1500))),
    ("yaml: nested block lists", "yaml", "- " * DEEP),
    ("yaml: nested explicit keys", "yaml", "? " * DEEP),
    ("yaml: cyclic alias", "yaml", "a: &a [*a]"),
    ("yaml: cyclic alias in a mapping", "yaml", "a: &a {b: *a}"),
    ("yaml: cyclic root", "yaml", "&a [*a]"),
    ("yaml: recursive merge key", "yaml", "a: &a {<<: *a, b: 1}"),
    ("yaml: merge of a list that holds itself", "yaml", "a: &a\n  <<: [*a]\n"),
    ("yaml: merge of no mapping", "yaml", "a: {<<: 1}"),
    ("yaml: tag that runs code", "yaml", "a: !!python/object/apply:os.system ['touch /tmp/owned']"),
    ("yaml: tag that imports", "yaml", "a: !!python/name:os.system"),
    ("yaml: unknown tag", "yaml", "a: !CustomThing {b: 1}"),
    ("yaml: binary that is none", "yaml", "a: !!binary '####'"),
    ("yaml: timestamp that is none", "yaml", "a: 2001-99-99"),
    ("yaml: sexagesimal of digits", "yaml", "a: " + "1:" * 5000 + "1"),
    ("yaml: integer of 5,000 digits", "yaml", "a: " + "9" * 5000),
    ("yaml: exponent beyond floats", "yaml", "a: 1.0e+99999"),
    ("yaml: anchor without end", "yaml", "a: &" + "x" * WIDE),
    ("yaml: a million short lines", "yaml", "- 1\n" * 20_000),
    ("yaml: tab as indentation", "yaml", "a:\n\tb: 1"),
    ("yaml: unhashable key", "yaml", "? [1, 2]\n: 3"),
    ("yaml: mapping as key", "yaml", "{{a: 1}: 2}"),
    ("yaml: directive without end", "yaml", "%YAML 1.2\n%TAG ! " + "x" * 1000),
    ("yaml: ten thousand documents", "yaml", "---\na: 1\n" * 3_000),
    ("yaml: control character", "yaml", "a: \x01"),
    ("yaml: quotes without end", "yaml", 'a: "' + "x" * WIDE),
    ("json: nested brackets", "json", "[" * DEEP + "]" * DEEP),
    ("json: nested braces", "json", '{"a":' * DEEP + "1" + "}" * DEEP),
    ("json: unclosed brackets", "json", "[" * DEEP),
    ("json: integer of 5,000 digits", "json", "9" * 5000),
    ("json: float of a million digits", "json", "0." + "9" * WIDE),
    ("json: exponent beyond floats", "json", "1e999999"),
    ("json: NaN", "json", "[NaN, Infinity, -Infinity]"),
    ("json: key of a megabyte", "json", '{"' + "k" * WIDE + '": 1}'),
    ("json: a key twice, a megabyte long", "json", '{"' + "k" * WIDE + '": 1, "' + "k" * WIDE + '": 2}'),
    (
        "json: many keys, one twice",
        "json",
        "{" + ",".join(f'"k{i}": 1' for i in range(50_000)) + ', "k7": 2}',
    ),
    ("json: lone surrogate", "json", '"\\ud800"'),
    ("json: backslashes", "json", '"' + "\\\\" * 400_000 + '"'),
    ("json: string without end", "json", '"' + "x" * WIDE),
    ("json: white space", "json", " " * WIDE),
    ("jsonc: comment without end", "jsonc", "/*" * 400_000),
    ("jsonc: slashes", "jsonc", "/" * WIDE),
    ("jsonc: commas", "jsonc", "[" + "," * 400_000 + "]"),
    ("jsonc: nested brackets", "jsonc", "[" * DEEP + "]" * DEEP),
    ("toml: nested arrays", "toml", "a = " + "[" * DEEP + "]" * DEEP),
    ("toml: nested inline tables", "toml", "a = " + "{a = " * DEEP + "1" + "}" * DEEP),
    ("toml: ten thousand dots in a key", "toml", ".".join(["a"] * 10_000) + " = 1"),
    ("toml: ten thousand dots in a header", "toml", "[" + ".".join(["a"] * 10_000) + "]"),
    ("toml: many dotted keys", "toml", "\n".join(f"{'.'.join(['a'] * 150)}.k{i} = 1" for i in range(2_000))),
    ("toml: integer of 5,000 digits", "toml", "a = " + "9" * 5000),
    ("toml: string without end", "toml", 'a = """' + "x" * WIDE),
    ("toml: key of a megabyte", "toml", "k" * WIDE + " = 1"),
    ("toml: a table twice", "toml", "[a]\n" * 2),
    ("toml: many arrays of tables", "toml", "[[a]]\n" * 50_000),
    ("toml: date that is none", "toml", "a = 2001-99-99"),
    ("toml: inf and nan", "toml", "a = nan\nb = -inf"),
    ("ini: section without end", "ini", "[" + "a" * WIDE),
    ("ini: continuation lines", "ini", "[a]\nb = 1\n" + "  x\n" * 50_000),
    ("ini: interpolation that recurses", "ini", "[a]\nb = %(b)s\nc = ${a:c}\n"),
    ("ini: a key of a megabyte", "ini", "[a]\n" + "k" * WIDE + " = 1\n"),
    ("ini: equals signs", "ini", "[a]\n" + "=" * WIDE + "\n"),
    ("env: quote without end", "env", "A='" + "x" * WIDE),
    ("env: backslashes in quotes", "env", 'A="' + "\\" * 500_001 + '"'),
    ("env: expansion that recurses", "env", "A=$A$A\nB=${B:-$B}\nC=$(touch /tmp/owned)\n"),
    ("env: a name of a megabyte", "env", "A" * WIDE + "=1"),
    ("properties: backslashes", "properties", "a=" + "\\" * 500_001),
    ("properties: continuation lines", "properties", "a=\\\n" * 50_000),
    ("properties: no escape at the end", "properties", "a=\\u12"),
    ("properties: separators", "properties", ":" * WIDE),
]
BYTES: list[tuple[str, str, bytes]] = [
    ("any: NUL", "toml", b"a = 1\0"),
    ("any: not UTF-8", "yaml", b"a: \xff\xfe"),
    ("any: UTF-16", "json", '{"a": 1}'.encode("utf-16")),
    ("any: byte order mark", "json", b'\xef\xbb\xbf{"a": 1}'),
    ("any: two byte order marks", "toml", b"\xef\xbb\xbf\xef\xbb\xbfa = 1"),
    ("any: overlong UTF-8", "env", b"A=\xc0\xaf"),
    ("any: half a character", "ini", b"[a]\nb = \xe2\x82"),
]
