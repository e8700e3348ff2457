"""A format that another package brings can do all that a built-in one can."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from importlib.metadata import EntryPoint
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


class Failing(Format):
    """It is known by another name than its own, and raises whatever it likes."""

    name = "another"
    suffixes = (".failing",)

    def parse(self, text: str) -> Any:
        if "=" not in text:
            raise KeyError(text)
        return {"text": text}

    def places(self, text: str) -> Places:
        raise KeyError(text)


BROKEN = r"the plug-in 'hcl' of a package \(confguard.formats\) cannot be loaded: ModuleNotFoundError"


pytestmark = pytest.mark.filterwarnings("ignore:the plug-in 'hcl'")


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    offered = {
        **{each.name: f"{__name__}:{each.__name__}" for each in (Notes, ReadOnly)},
        "hcl": "no_such_module:Hcl",
        "failing": f"{__name__}:Failing",
    }
    points = {name: EntryPoint(name, value, "confguard.formats") for name, value in offered.items()}
    monkeypatch.setattr(registry, "_plugins", lambda: points)
    for cached in (registry.format_named, registry._by_suffix_of_plugins):
        cached.cache_clear()
    yield
    for cached in (registry.format_named, registry._by_suffix_of_plugins):
        cached.cache_clear()


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


def test_one_that_cannot_be_loaded_is_told_once_and_others_go_on() -> None:
    with pytest.warns(UserWarning, match=BROKEN) as told:
        assert not registry.is_configuration("notes.md")
        assert registry.detect_format("a.notes").name == "notes"
    assert len(told) == 1
    with pytest.raises(cg.DocumentError, match=BROKEN):
        cg.parse("a", "hcl")


def test_one_is_known_by_the_name_of_its_entry_point() -> None:
    document = cg.parse("a = 1", "failing")
    assert document.format == "failing" and not document.texts_only
    assert document.locate(["text"]) == (1, 1)  # it cannot tell


def test_whatever_its_parser_raises_is_told_without_the_text() -> None:
    with pytest.raises(
        cg.DocumentError, match="cannot be read as failing: its plug-in raised KeyError"
    ) as caught:
        cg.parse("hun" + "ter2", "failing")
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
