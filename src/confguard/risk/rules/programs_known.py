"""What programs state of their own settings, as data in `programs/`; found by the shape of a document, not by its name.

Each file holds one program: where its facts come from, what its documents look like, and for each setting its unit,
default, least and most, the words that it takes, and what a change of it needs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import Any

from attrs import field, frozen

from confguard.fields import Secret
from confguard.paths import Path, value_at
from confguard.risk.rules.context import Context
from confguard.risk.rules.edits import Edit, directives_of, document_of
from confguard.schema.guarded import opaque

_SECONDS = {
    name: seconds
    for names, seconds in (
        ("us usec", 1e-6),
        ("ms msec", 1e-3),
        ("s sec second seconds", 1.0),
        ("min minute minutes m", 60.0),
        ("h hr hour hours", 3600.0),
        ("d day days", 86400.0),
        ("w week weeks", 604800.0),
    )
    for name in names.split()
}
_BYTES = {
    f"{prefix}{binary}{end}": 1024.0**power
    for power, prefix in enumerate(("", "k", "m", "g", "t", "p"))
    for binary in ("", "i")
    for end in ("", "b")
    if prefix or end == "b"
} | {"8kb": 8192.0}
_AMOUNT = re.compile(r"'?\"?(-?\d{1,19}(?:\.\d{1,19})?)\s{0,3}([A-Za-z]{0,7})\"?'?")
_DEEPEST = 5
"""So many of the last names of a path may make up the name of a setting."""


@frozen
class Fact:
    """What a program states of one setting. Amounts are in the setting's own unit: that of a bare number."""

    unit: str | None = None
    default: float | str | None = None
    min: float | None = None
    max: float | None = None
    values: tuple[str, ...] = ()
    """The words that it takes; empty: any."""
    needs_unit: bool = False
    """Is a bare number refused?"""
    restart: bool = False
    """Does only a restart take a change of it?"""
    immutable: bool = False
    """Is a change of it refused?"""
    anew: bool = False
    """Does a change of it remove the thing, and make another?"""

    def amount(self, value: object) -> float | None:
        """A value in the setting's unit, as the program reads it; None where it is not an amount.

        >>> Fact(unit="ms").amount("30s"), Fact(unit="8kB").amount("4GB"), Fact(unit="s").amount("4GB")
        (30000.0, 524288.0, None)
        """
        match = None if isinstance(value, bool) else _AMOUNT.fullmatch(str(value).strip())
        if match is None:
            return None
        number, unit = float(match[1]), match[2].lower()
        if not unit or self.unit is None:
            return None if unit else number
        own = self.unit.lower()
        for scale in (_SECONDS, _BYTES):
            if unit in scale and own in scale:
                return number * scale[unit] / scale[own]
        return None


@frozen(slots=False)
class Program:
    """A program, and what its documents look like."""

    program: str
    source: str
    keys: str = "(?!)"
    """The names that are its own; some of them stand together in its documents."""
    enough: int = 2
    """How many."""
    around: Sequence[Mapping[str, str]] = ()
    """Tables around the setting, each by keys and patterns of their values, as `kind` of Kubernetes; any of them."""
    prefix: str = ""
    """The key of that table by whose value a setting's name is completed."""
    env: str = "(?!)"
    """What the names of variables that set it begin with."""
    settings: Mapping[str, Mapping[str, Any]] = field(factory=dict)
    """By name: the last names of a path, joined by dots; with a prefix, `AWS::IAM::Role/MaxSessionDuration`."""

    @cached_property
    def _own(self) -> re.Pattern[str]:
        return re.compile(self.keys)

    def fact(self, names: tuple[str, ...], tables: tuple[Mapping[str, Any], ...]) -> Fact | None:
        """What is stated of the setting that these names lead to, where the tables around it are the program's."""
        variable = re.match(self.env, names[-1])
        if variable:
            return self._named(names[-1][variable.end() :].lower().replace("_", "."), "")
        prefix = self._prefix(tables)
        if prefix is None:
            return None
        return next((found for name in _names(names) if (found := self._named(name, prefix))), None)

    def _prefix(self, tables: tuple[Mapping[str, Any], ...]) -> str | None:
        """What completes the name of a setting; blank for nothing, None where the document is not the program's."""
        for table in tables:
            if any(_has(table, each) for each in self.around):
                return f"{table[self.prefix]}/" if self.prefix else ""
        own = sum(1 for key in tables[0] if self._own.fullmatch(str(key))) if tables else 0
        return "" if own >= self.enough else None

    def _named(self, name: str, prefix: str) -> Fact | None:
        for full in dict.fromkeys((prefix + name, name, name.replace("-", "_"))):
            if full in self.settings:
                return _fact(self.program, full)
        return None


def _names(names: tuple[str, ...]) -> Iterator[str]:
    """The names that a setting may be known by, the longest first; `*` for what everybody names as they like."""
    for length in range(min(len(names), _DEEPEST), 0, -1):
        last = names[-length:]
        yield ".".join(last)
        if length > 1:
            yield ".".join((*last[:-1], "*"))
            yield ".".join((*last[:-2], "*", last[-1]))


def _has(table: Mapping[str, Any], keys: Mapping[str, str]) -> bool:
    """Has a table all of these keys, with such values?"""
    return all(
        key in table and (not pattern or re.match(pattern, str(opaque(table[key]))))
        for key, pattern in keys.items()
    )


def fact_of(edit: Edit, context: Context) -> tuple[Program, Fact] | None:
    """What a program states of a setting that changed; None where none is known, and where it is gone."""
    return context.once(("fact", id(edit)), lambda: _fact_of(edit, context))


def _fact_of(edit: Edit, context: Context) -> tuple[Program, Fact] | None:
    if edit.removed or isinstance(edit.after, dict | list):
        return None
    names = tuple(each for each in edit.path[:-1] if isinstance(each, str)) + (edit.name,)
    known = [programs()[each] for each in dict.fromkeys(_programs_with(names))]
    tables = tuple(_tables(edit.path, context)) if known else ()
    for program in known:
        fact = program.fact(names, tables)
        if fact:
            return program, fact
    return None


@cache
def programs() -> Mapping[str, Program]:
    """Every program that something is known of, by its name."""
    folder = files(__package__).joinpath("programs")
    read = [json.loads(each.read_text("utf-8")) for each in folder.iterdir() if each.name.endswith(".json")]
    return {each["program"]: Program(**each) for each in sorted(read, key=lambda each: str(each["program"]))}


@cache
def _by_last_name() -> Mapping[str, tuple[str, ...]]:
    """The programs that know a setting, by the last part of its name."""
    known: dict[str, tuple[str, ...]] = {}
    for name, program in programs().items():
        for setting in program.settings:
            last = _last(setting)
            known[last] = (*known.get(last, ()), name)
    return known


def _last(setting: str) -> str:
    """The last part of a setting's name; where anything may stand there, the part before it, too."""
    *_, before, last = ["", *re.split(r"[./]|::", setting)]
    return f"{before}.*" if last == "*" else last


def _programs_with(names: tuple[str, ...]) -> Iterator[str]:
    known = _by_last_name()
    name = names[-1]
    last = _last(name)
    for each in (last, last.replace("-", "_"), f"{names[-2]}.*" if len(names) > 1 else last):
        yield from known.get(each, ())
    if name.isupper():
        yield from (each for each, program in programs().items() if re.match(program.env, name))


@lru_cache(maxsize=4096)
def _fact(program: str, name: str) -> Fact:
    stated = dict(programs()[program].settings[name])
    return Fact(**{**stated, "values": tuple(stated.get("values", ()))})


def _tables(path: Path, context: Context) -> Iterator[Mapping[str, Any]]:
    """The tables around a setting after the change, the nearest first; of a text, what is written in it."""
    for length in range(len(path) - 1, -1, -1):
        around = context.after_at(path[:length])
        if isinstance(around, dict):
            yield around
        elif isinstance(text := opaque(around) if isinstance(around, str | Secret) else None, str):
            yield from _within(text, path[length:-1])


@lru_cache(maxsize=16)
def _read(text: str) -> Any:
    document = document_of(text)
    return directives_of(text) if document is None else document


def _within(text: str, path: Path) -> Iterator[Mapping[str, Any]]:
    document = _read(text)
    for length in range(len(path), -1, -1):
        around = value_at(document, path[:length])
        if isinstance(around, dict):
            yield around
