"""Laws of edits, over documents with comments everywhere."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Set
from operator import eq
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

import confguard as cg
from commented import changed, commented
from conftest import examples

FORMATS = ["jsonc", "yaml", "toml", "ini", "env", "properties"]
_NAME = re.compile(r"\b([ken]\d+x)\b")


def named(data: Any) -> dict[str, Any]:
    """What is said of each name: its value, or that it is an element."""
    found: dict[str, Any] = {}
    if isinstance(data, dict):
        for key, value in data.items():
            found[key] = value
            found |= named(value)
        if isinstance(data.get("name"), str):
            found[data["name"]] = data
    elif isinstance(data, list):
        for value in data:
            found |= {value: value} if isinstance(value, str) else named(value)
    return found


def comparable(line: str) -> str:
    """A line without the comma that depends on what follows it."""
    return re.sub(r"\ufeff|,(?=\s*(?://|#|$))", "", line).strip()


@pytest.mark.parametrize("format", FORMATS)
@given(st.data())
@settings(deadline=None)
def test_an_edit_touches_what_changes_and_nothing_else(format: str, draw: st.DataObject) -> None:
    made = draw.draw(commented(format))
    document = cg.parse(made.text, format)
    assert document.data == made.data
    after = changed(made, draw.draw)
    note(f"{made.text}\n-> {after}")
    asked = cg.diff(document.data, after)
    done = document.edit(asked)
    note(f"->\n{done.text}")
    assert done.data == after
    if format == "toml" and _is_toml_1_0(made.text):
        assert tomllib.loads(done.text.removeprefix("\ufeff")) == after
    if asked.same:
        assert done.text == document.text
    before, now = named(document.data), named(after)
    kept = {name for name in now if not _becomes_line(format, before, now, name)}
    renamed = {change.origin[-1] for change in asked if change.op == "move" and change.origin}
    _check_comments(document.text, done.text, kept, now.keys() | renamed)
    _check_lines(document.text, done.text, before, now)
    assert ("\r\n" in done.text) <= ("\r\n" in made.text)
    assert done.text.startswith("\ufeff") == made.text.startswith("\ufeff")
    assert done.edit(asked.invert()).data == document.data


def _is_toml_1_0(text: str) -> bool:
    """Do readers of TOML 1.0 read it? They know no lines inside of inline tables."""
    try:
        return bool(tomllib.loads(text.removeprefix("\ufeff")))
    except tomllib.TOMLDecodeError:
        return False


def _becomes_line(format: str, before: dict[str, Any], now: dict[str, Any], name: str) -> bool:
    """A TOML table that becomes a value is a line where lines are."""
    was = before.get(name)
    tables = isinstance(was, dict) or (isinstance(was, list) and was and isinstance(was[0], dict))
    return format == "toml" and bool(tables) and (not isinstance(now[name], type(was)) or not now[name])


def _check_comments(old: str, new: str, kept: set[str], now: Set[object]) -> None:
    for comment in re.findall(r"(?:above|behind|apart from) [ken]\d+x", old):
        name = comment.split()[-1]
        if name in kept:
            assert new.count(comment) == 1, f"{comment} is not there once"
        elif (
            comment.startswith("behind") and name not in now and name[0] != "e"
        ):  # one word may replace another
            assert comment not in new, f"{comment} is still there"


def _check_lines(old: str, new: str, before: dict[str, Any], now: dict[str, Any]) -> None:
    """All lines are there still whose names say what they did, or hold containers that are not empty now."""
    have = Counter(map(comparable, new.split("\n")))
    for line in old.split("\n"):
        said = line.rstrip().split("#")[0].split("//")[0].rstrip()
        names = [] if said.endswith("}") and "{" not in said else _NAME.findall(said)
        stays = names and all(
            name in now and (_stays if "{" not in said else eq)(before[name], now[name]) for name in names
        )
        assert not stays or have[comparable(line)], f"{line!r} is gone"


def _stays(before: Any, now: Any) -> bool:
    if type(before) is not type(now):
        return False
    named = isinstance(before, list) and any(
        all(isinstance(each, kind) for each in [*before, *now]) for kind in (str, dict)
    )
    table = isinstance(before, dict) and "a" not in before
    return bool(before == now or ((named or table) and before and now))


@pytest.mark.parametrize("format", FORMATS)
@given(st.data())
@settings(max_examples=examples(50), deadline=None)
def test_what_is_added_and_taken_away_leaves_no_trace(format: str, draw: st.DataObject) -> None:
    made = draw.draw(commented(format))
    document = cg.parse(made.text, format)
    value: Any = {"x": "1"} if format == "ini" else "1"
    asked = cg.diff(document.data, {**document.data, "new": value})
    again = document.edit(asked).edit(asked.invert())
    if format == "toml":  # a blank line may be left where lines before the first section came and went
        assert again.text.replace("\ufeff", " ").split() == document.text.replace("\ufeff", " ").split()
    else:
        assert again.text == document.text or not made.data
