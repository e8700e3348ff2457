"""A format that another package brings can do all that a built-in one can."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import confguard as cg
from confguard.cli import main
from confguard.documents import registry
from confguard.documents.editing.lines import PropertiesNotation
from confguard.documents.interface import Format, ParseError, Places
from confguard.documents.properties import PropertiesFormat


class Notes(Format):
    """`key = value` lines, after a first line that says what it is."""

    name = "notes"
    suffixes = (".notes",)
    texts_only = True
    notation = PropertiesNotation

    def parse(self, text: str) -> Any:
        if not text.startswith("# notes\n"):
            raise ParseError("does not begin with '# notes'", 1, 1, "write it as the first line")
        return PropertiesFormat().parse(text)

    def places(self, text: str) -> Places:
        return PropertiesFormat().places(text)

    def write(self, data: Any) -> str:
        return "# notes\n" + PropertiesFormat().write(data)


class ReadOnly(Format):
    """As little as a format has to do."""

    name = "plain"
    suffixes = (".plain",)

    def parse(self, text: str) -> Any:
        return {"text": text}

    def places(self, text: str) -> Places:
        return {}


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    named = {each.name: f"{__name__}:{each.__name__}" for each in (Notes, ReadOnly)}
    monkeypatch.setattr(registry, "_plugins", lambda: named)
    registry.format_named.cache_clear()
    yield
    registry.format_named.cache_clear()


BEFORE = "# notes\n# the pool\npool = 64\nname = a\n"


def test_it_is_read_placed_compared_and_judged(folder: Path) -> None:
    Path("a.notes").write_text(BEFORE)
    Path("b.notes").write_text(BEFORE.replace("64", "4"))
    made = cg.diff("a.notes", "b.notes")
    assert str(made) == 'pool: "64" -> "4" (16 times less)'
    assert made.locate(made.changes[0]) == ("b.notes", 3, 1)
    assert cg.assess(made).score == 60
    assert main(["check", "a.notes"]) == 0
    Path("a.notes").write_text("pool = 64\n")
    with pytest.raises(cg.DocumentError, match="a.notes:1:1: does not begin"):
        cg.read("a.notes")


def test_it_is_edited_in_place() -> None:
    document = cg.parse(BEFORE, "notes")
    edited = document.edit(cg.diff({"pool": "64", "name": "a"}, {"pool": "4", "name": "a"}))
    assert edited.text == BEFORE.replace("64", "4")


def test_mappings_are_planned_in_it_and_reverted(folder: Path) -> None:
    guard = cg.Guard("a", store="memory://", targets=["live.notes"], policy=cg.Policy(101, 101))
    for pool in ("64", "32", "16"):
        guard.apply(guard.plan({"pool": pool}, reason="next"))
    assert Path("live.notes").read_text() == "# notes\npool = 16\n"
    guard.revert(reason="back")
    assert Path("live.notes").read_text() == "# notes\npool = 32\n"


def test_one_that_only_reads_says_so(folder: Path) -> None:
    guard = cg.Guard("a", store="memory://", format="plain")
    with pytest.raises(cg.DocumentError, match="does not write plain"):
        guard.plan({"text": "x"}, reason="x")
    with pytest.raises(cg.DocumentError, match="plain files cannot be edited in place"):
        cg.parse("x", "plain").edit(cg.diff({"text": "x"}, {"text": "y"}))
