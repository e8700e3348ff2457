"""A config of several files whose files come, go, are called otherwise, or stand in another order."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import confguard as cg
from confguard.cli import main
from confguard.documents.bundle import Bundle
from confguard.hooks.pre_commit import main as hook
from conftest import git
from test_memberships import write

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("app_settings", None)


def commit() -> None:
    if not Path(".git").exists():
        git("init", "--quiet")
    git("add", "-A")
    git("commit", "--quiet", "-m", "change")


def staged(capsys: Capture) -> dict[str, object]:
    """What the hook decides of each file of the change."""
    git("add", "-A")
    hook(["--format", "json", "--no-history"])
    return {each["file"]: each["decision"] for each in json.loads(capsys.readouterr().out)["files"]}


LAYERS = '[configs.app]\nlayers = ["base.toml", "prod.toml"]\n'


@pytest.mark.parametrize(
    "layers", ['"prod.toml", "base.toml"', '"base.toml", "prod.toml", "eu.toml"'], ids=["order", "one more"]
)
def test_the_hook_judges_layers_that_are_put_together_otherwise(
    folder: Path, capsys: Capture, layers: str
) -> None:
    """No layer changed, and what they say together did."""
    write(
        base_toml="replicas = 0\n",
        prod_toml="replicas = 6\n",
        eu_toml="replicas = 0\n",
        confguard_toml=LAYERS,
    )
    commit()
    write(confguard_toml=f"[configs.app]\nlayers = [{layers}]\n")
    assert "block" in staged(capsys).values()
    commit()
    assert main(["assess", "--git", "HEAD~1..HEAD"]) == 1


def test_a_class_as_schema_is_not_compared_with_itself(
    folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To compare schemas takes a library that a plain installation does not have."""
    write(app_toml="pool = 400\n", package_json="{}", confguard_toml=(
        '[configs.app]\nfiles = ["app.toml"]\nschema = "app_settings:App"\n'
    ))  # fmt: skip
    Path("app_settings.py").write_text(
        "from pydantic import BaseModel\nclass App(BaseModel):\n    pool: int\n"
    )
    commit()
    write(app_toml="pool = 4\n", package_json='{"a": 1}')
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    assert staged(capsys)["app.toml"] == "review"


def jobs() -> cg.Guard:
    """A guard of two files."""
    guard = cg.Guard("jobs", files=["*.toml"], store="memory://", targets=["live"])
    before = {"mail.toml": {"every": "5m"}, "report.toml": {"every": "1h"}}
    guard.apply(guard.plan(before, reason="two jobs"))
    return guard


GONE: dict[str, dict[str, object]] = {
    "alone": {"report.toml": None},
    "beside another change": {"report.toml": None, "mail.toml": {"every": "6m"}},
    "called otherwise": {"report.toml": None, "report.off.toml": {"every": "1h"}},
}


@pytest.mark.parametrize("change", GONE.values(), ids=GONE)
def test_a_file_that_goes_asks_for_a_review_whatever_else_changes(
    folder: Path, change: dict[str, object]
) -> None:
    guard = jobs()
    plan = guard.plan(change, reason="no reports")  # type: ignore[arg-type]
    assert (plan.decision, "CG910" in {each.code for each in plan.risk.findings}) == ("review", True)
    with pytest.raises(cg.PolicyError):
        guard.apply(plan)


def test_a_layer_that_goes_is_told_also_where_the_others_say_the_same(folder: Path) -> None:
    guard = cg.Guard("app", layers=["base.toml", "prod.toml"], store="memory://", targets=["live"])
    guard.apply(guard.plan({"base.toml": {"a": 1}, "prod.toml": {"a": 1}}, reason="two layers"))
    plan = guard.plan({"prod.toml": None}, reason="one is enough")
    assert (plan.decision, plan.diff.same) == ("review", True)
    assert [(each.code, each.file) for each in plan.risk.findings] == [("CG910", "prod.toml")]


def live() -> dict[str, str]:
    return {path.name: path.read_text() for path in Path("live").glob("*.toml")}


PLACES: dict[str, object] = {
    "one folder": "live",
    "separate": {"files": {name: f"live/{name}" for name in ("a.toml", "b.toml", "c.toml")}},
}


@pytest.mark.parametrize("target", PLACES.values(), ids=PLACES)
def test_an_order_of_layers_is_nothing_that_somebody_edited(folder: Path, target: object) -> None:
    """Nobody touched the target: neither after the order is another, nor after a revert to the one before."""
    three = ["a.toml", "b.toml", "c.toml"]
    one, two, more = {"n": 1}, {"n": 2}, {"more": True}
    start = cg.Guard("app", layers=three, targets=[target])  # type: ignore[list-item]
    Path("live").mkdir()
    start.apply(start.plan({"a.toml": one, "b.toml": two, "c.toml": more}, reason="start"))
    other = cg.Guard("app", layers=["c.toml", "b.toml", "a.toml"], targets=[target])  # type: ignore[list-item]
    assert other.drift() == ()
    plan = other.plan({"c.toml": {"more": False}}, reason="less")
    assert plan.drift == ()
    other.apply(plan, override="test")
    assert other.head().data == {"n": 1, "more": False}  # type: ignore[union-attr]
    other.revert(reason="back")
    assert other.drift() == start.drift() == ()
    assert live() == {"a.toml": "n = 1\n", "b.toml": "n = 2\n", "c.toml": "more = true\n"}
    Path("live/a.toml").unlink()
    Path("live/a.toml").write_text("n = 7\n")
    assert [each.what for each in start.drift()] == ["differs in layout or comments only"], (
        "n is 2 all the same"
    )
    start.repair()
    assert live()["a.toml"] == "n = 1\n"


def test_a_revert_that_is_refused_leaves_the_target_as_it_is(folder: Path) -> None:
    guard = cg.Guard("app", layers=["a.toml", "b.toml"], targets=["live"])
    for number in (1, 2):
        guard.apply(guard.plan({"a.toml": {"n": number}, "b.toml": {"m": 2}}, reason="more"))
    Path("live/..data").unlink()
    Path("live/..data").mkdir()
    Path("live/..data/a.toml").write_text("n = 9\n")
    before = sorted(path.name for path in Path("live").iterdir())
    with pytest.raises(cg.ConfguardError, match="a folder stands where a link to the set has to be"):
        guard.revert(reason="back")
    assert sorted(path.name for path in Path("live").iterdir()) == before


def test_two_files_are_not_one(folder: Path) -> None:
    with pytest.raises(cg.ConfguardError, match="'a.toml' and 'b.toml' would both be x.toml"):
        cg.Guard(
            "app",
            layers=["a.toml", "b.toml"],
            targets=[{"files": {"a.toml": "x.toml", "b.toml": "./x.toml"}}],
        )


def test_what_is_adopted_from_files_in_different_folders_is_placed_in_its_file(folder: Path) -> None:
    where = {"files": {"a.toml": "share/a.toml", "b.toml": "etc/b.toml"}}
    for name in ("share", "etc"):
        Path(name).mkdir()
    guard = cg.Guard("app", layers=["a.toml", "b.toml"], targets=[where])
    guard.apply(guard.plan({"a.toml": {"n": 1}, "b.toml": {"pool": 40}}, reason="start"))
    Path("etc/b.toml").write_text("pool = 4\n")
    plan = guard.plan_adoption(reason="as it is")
    assert [(each.file, each.line) for each in plan.risk.findings] == [("b.toml", 1)]


def test_a_layer_that_is_named_no_more_goes_and_comes_back_with_a_revert(folder: Path) -> None:
    both = cg.Guard("app", layers=["a.toml", "b.toml"], targets=["live"])
    both.apply(both.plan({"a.toml": {"n": 1}, "b.toml": {"m": 2}}, reason="start"))
    one = cg.Guard("app", layers=["a.toml"], targets=["live"])
    assert one.drift() == ()
    one.apply(one.plan({"a.toml": {"n": 1}}, reason="one is enough"), override="test")
    assert list(live()) == ["a.toml"]
    one.revert(reason="back")
    assert live() == {"a.toml": "n = 1\n", "b.toml": "m = 2\n"}


@pytest.mark.parametrize(
    ("was", "became", "now", "says"),
    [
        (None, "y = 1\n", "y = 2\n", "d.toml came with it, and was changed since"),
        ("y = 1\n", None, "y = 2\n", "d.toml went with it, and came again since"),
        ("y = 1\n", "y = 2\n", None, "d.toml was changed by it, and went since"),
    ],
    ids=["came and was edited", "went and came again", "was edited and went"],
)
def test_what_was_done_since_to_a_file_of_a_revision_that_is_taken_back_is_said(
    folder: Path, was: str | None, became: str | None, now: str | None, says: str
) -> None:
    guard = cg.Guard(
        "jobs", files=["*.toml"], store="memory://", policy=cg.Policy(review=101, block=101), targets=["live"]
    )
    write(conf__a_toml="x = 1\n")
    for number, text in enumerate((was, became, now), 1):
        write(conf__d_toml=text or "")
        if text is None:
            Path("conf/d.toml").unlink()
        guard.apply(guard.plan("conf", reason=f"{number}"))
    with pytest.raises(cg.MergeConflictError) as caught:
        guard.revert(only=2, reason="back")
    assert str(caught.value) == f"revision 2 cannot be taken back by itself: {says}"
    assert caught.value.hint is not None


def test_one_file_at_least_is_left(folder: Path) -> None:
    """A revision without files would be missing from its targets for ever."""
    guard = jobs()
    empty = {"mail.toml": None, "report.toml": None}
    head = guard.head()
    assert head is not None
    assert isinstance(head.document, Bundle)
    for source in (empty, head.document.with_files(empty)):
        with pytest.raises(cg.DocumentError, match="no file would be left"):
            guard.plan(source, reason="nothing")
    new = cg.Guard("new", files=["*.toml"], store="memory://")
    with pytest.raises(cg.DocumentError, match="no file would be left"):
        new.plan({}, reason="nothing")
    both = cg.Guard("both", layers=["base.toml", "prod.toml"], store="memory://")
    both.apply(both.plan({"base.toml": {"x": 1}, "prod.toml": {"y": 1}}, reason="start"))
    assert both.plan({"prod.toml": None}, reason="less").document.files.keys() == {"base.toml"}
    with pytest.raises(cg.DocumentError, match="no file would be left"):
        both.plan({"base.toml": None, "prod.toml": None}, reason="nothing")


def test_a_revert_of_one_revision_leaves_a_file(folder: Path) -> None:
    guard = jobs()
    guard.apply(guard.plan({"new.toml": {"every": "2h"}}, reason="one more"))
    guard.apply(
        guard.plan({"mail.toml": None, "report.toml": None}, reason="one"), override="the new one does it all"
    )
    with pytest.raises(cg.MergeConflictError, match="revision 2 cannot .* no file would be left"):
        guard.revert(only=2, reason="not that one")
