"""Random histories of three sides, merged by the driver as git calls it: no word of a side may be lost."""

from __future__ import annotations

import contextlib
import io
import random
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from confguard.cli import main

MARKS = re.compile(rb"(?m)^(<{7} ours|={7}|>{7} theirs)\r?$")
FORMATS = ("yaml", "toml", "jsonc", "json", "ini", "env", "properties")
_YAML = [
    "{n}",
    "0o{n}",
    "0x{n}F",
    "'a {n}'",
    '"b {n}"',
    "{n}s",
    "[{n}, x{n}]",
    "{{a: {n}}}",
    "{n}.50",
    "&x{n} y{n}",
]
_YAML += [
    "\n  - {n}\n  - 'c {n}'  # of {n}",
    "\n  in{n}: {n}\n  on{n}: yes",
    "|\n  text {n}\n  # no comment {n}",
]
_TOML = [
    "{n}",
    "0x{n}F",
    "'a {n}'",
    '"b {n}"',
    '"{n}s"',
    "[{n}, 1{n}]",
    "{{ a = {n} }}",
    "[\n  {n}, # of {n}\n]",
]
_VALUES = {
    "yaml": _YAML,
    "toml": _TOML,
    "json": ["{n}", '"b {n}"', '"{n}s"', "[{n}, 1{n}]", '{{"a": {n}}}', "{n}.50"],
    "ini": ["{n}", "a {n}", "{n}s", "%(x{n})s", "00{n}"],
    "env": ["{n}", "'$H{n}'", '"b {n}"', "{n}s", "${{X:-{n}}}", "00{n}"],
    "properties": ["{n}", "a {n}", "{n}s", "\\u0041{n}", "a{n}=b", "a {n} \\\n  b {n}"],
}
"""Values by format; each gets a number that stands nowhere else, so that nothing can stand in for what was lost."""
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
    """What is wrong with a merge: words of a side, or that both kept, which are not in the result; or no marks."""
    code, content = merged(base, ours, theirs, name)
    marked = bool(MARKS.search(content))
    wrong = [] if marked is (code == 1) else [f"ended with {code}, and marks: {marked}"]
    was, mine, others = (_words(side) for side in (base, ours, theirs))
    removed = (was - mine) | (was - others)
    if missing := (mine | others) - removed - _words(content):
        wrong.append(f"lost {sorted(missing)}")
    return [f"{name}: {each}: {(base, ours, theirs)} -> {content!r}" for each in wrong]


def _words(content: bytes) -> set[bytes]:
    """The words with a number, which stands nowhere else."""
    return {word for word in content.split() if re.search(rb"\d{3}", word) and not word.startswith(b"CG")}


def histories(format: str, many: int, seed: int = 1) -> Iterator[list[str]]:
    """What is wrong, for each of so many random histories."""
    for number in range(many):
        chance = random.Random(f"{format} {seed} {number}")
        yield lost(*_sides(format, chance), f"app.{format}")


def _sides(format: str, chance: random.Random) -> tuple[bytes, bytes, bytes]:
    kind = "json" if format == "jsonc" else format
    names = [f"k{n}" for n in range(chance.randint(1, 7))]
    numbers = count(100)

    def comment(side: str) -> str:
        sign = _SIGNS[format]
        said = f"{sign} {side}{next(numbers)} {chance.choice(['why', 'since May', 'confguard: accept CG201: x'])}"
        return said if sign else ""

    def line(name: str, side: str) -> str:
        value = chance.choice(_VALUES[kind]).format(n=next(numbers))
        written = _LINE[kind].format(name=name, value=value)
        commented = chance.random() < 0.3 and format in {"yaml", "toml", "jsonc"} and "\n" not in value
        behind = comment(side) if commented else ""
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
    return newline.join([*lines, ""]).replace("\r\n", "\n").replace("\n", newline)
