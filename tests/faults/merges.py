"""Random histories of three sides, merged by the driver as git calls it: no word of a side may be lost."""

from __future__ import annotations

import contextlib
import io
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from confguard.cli import main

MARKS = re.compile(rb"(?m)^(<{7} ours|={7}|>{7} theirs)\r?$")
FORMATS = ("yaml", "toml", "jsonc", "json", "ini", "env", "properties")
_VALUES = {
    "yaml": ["1", "0o17", "0x1F", "'a b'", '"a b"', "30s", "yes", "[1, 2]", "{a: 1}", "1.50", "~", "&x 5"],
    "toml": ["1", "0o17", "0x1F", "'a b'", '"a b"', '"30s"', "true", "[1, 2]", "{ a = 1 }", "1.50", "1_000"],
    "json": ["1", '"a b"', '"30s"', "true", "[1, 2]", '{"a": 1}', "1.50", "null"],
    "ini": ["1", "a b", "30s", "yes", "%(x)s", "007"],
    "env": ["1", "'$HOME'", '"a b"', "30s", "${X:-1}", "007"],
    "properties": ["1", "a b", "30s", "\\u0041", "a=b", "007"],
}
_LINE = {
    "yaml": "{name}: {value}",
    "toml": "{name} = {value}",
    "json": '  "{name}": {value},',
    "ini": "{name} = {value}",
    "env": "{name}={value}",
    "properties": "{name}={value}",
}
_SIGNS = {"yaml": "#", "toml": "#", "jsonc": "//", "json": "", "ini": ";", "env": "#", "properties": "#"}


def merged(base: bytes, ours: bytes, theirs: bytes, name: str) -> tuple[int, bytes]:
    """What the driver ends with, and the file that it leaves."""
    with TemporaryDirectory() as folder:
        files = [Path(folder, side) for side in ("base", "ours", "theirs")]
        for file, content in zip(files, (base, ours, theirs), strict=True):
            file.write_bytes(content)
        with contextlib.redirect_stderr(io.StringIO()):
            code = main(["git", "merge-driver", *map(str, files), name, "7"])
        return code, files[1].read_bytes()


def lost(base: bytes, ours: bytes, theirs: bytes, name: str) -> list[str]:
    """What is wrong with a merge: words of a side that are neither in the result nor between marks, or no marks."""
    code, content = merged(base, ours, theirs, name)
    marked, words = bool(MARKS.search(content)), Counter(content.split())
    wrong = [] if marked is (code == 1) else [f"ended with {code}, and marks: {marked}"]
    for side, other in ((ours, theirs), (theirs, ours)):
        came = Counter(side.split()) - Counter(base.split())
        gone = Counter() if code else Counter(base.split()) - Counter(other.split())
        if missing := came - gone - words:
            wrong.append(f"lost {dict(missing)}")
    return [f"{name}: {each}: {(base, ours, theirs)} -> {content!r}" for each in wrong]


def histories(format: str, count: int, seed: int = 1) -> Iterator[list[str]]:
    """What is wrong, for each of so many random histories."""
    for number in range(count):
        chance = random.Random(f"{format} {seed} {number}")
        yield lost(*_sides(format, chance), f"app.{format}")


def _sides(format: str, chance: random.Random) -> tuple[bytes, bytes, bytes]:
    kind = "json" if format == "jsonc" else format
    names = [f"k{n}" for n in range(chance.randint(1, 7))]

    def comment(side: str) -> str:
        sign = _SIGNS[format]
        said = f"{sign} {side} {chance.choice(['why', 'since May', 'confguard: accept CG201: x'])}"
        return said if sign else ""

    def line(name: str, side: str) -> str:
        written = _LINE[kind].format(name=name, value=chance.choice(_VALUES[kind]))
        behind = comment(side) if chance.random() < 0.3 and format in {"yaml", "toml", "jsonc"} else ""
        return f"{written} {behind}".rstrip()

    base = [line(name, "base") for name in names]

    def changed(side: str) -> list[str]:
        lines: list[str] = []
        for at, each in enumerate(base):
            what = chance.choice(["keep", "keep", "keep", "value", "note", "new", "remove"])
            if what == "note" and _SIGNS[format]:
                lines.append(comment(side))
            if what == "new":
                lines.append(line(f"{side}{at}", side))
            if what != "remove":
                lines.append(line(names[at], side) if what == "value" else each)
        return lines

    newline = chance.choice(["\n", "\n", "\r\n"])
    sides = [_whole(kind, each, newline).encode() for each in (base, changed("ours"), changed("theirs"))]
    return sides[0], sides[1], sides[2]


def _whole(kind: str, lines: list[str], newline: str) -> str:
    if kind == "json":
        lines = ["{", *lines, '  "end": 0', "}"]
    if kind == "ini":
        lines = ["[s]", *lines]
    return "".join(f"{line}{newline}" for line in lines)
