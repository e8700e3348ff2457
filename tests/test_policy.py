"""Policies: thresholds by path, hours and freezes, accepted findings; rules of a project's own; reports."""

from __future__ import annotations

import json
import os
import time
import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import attrs
import pytest
from pydantic import BaseModel

import confguard as cg
from confguard.cli import main
from confguard.documents.layout import Layout
from confguard.errors import ProjectError
from confguard.fields import Impact, Owner
from confguard.project import load_project
from confguard.project.guards import rules_of
from confguard.risk import model
from confguard.risk.acceptance import Acceptance, split_accepted
from confguard.risk.circumstances import Circumstances
from confguard.risk.findings import Factor, Finding, Risk, chart
from confguard.risk.judging import Judged, LeftOut, Verdicts
from confguard.risk.policy import Freeze, PathPolicy
from confguard.risk.reports import REPORTS
from confguard.risk.rules.interface import Context, Example, Rule
from confguard.risk.rules.user import UserRule

Capture = pytest.CaptureFixture[str]
MONDAY_NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SATURDAY_NIGHT = datetime(2026, 11, 28, 23, 30, tzinfo=UTC)
CUT = cg.diff(cg.parse("pool_size = 64\n", "toml"), cg.parse("pool_size = 4\n", "toml"))


def codes(risk: cg.Risk) -> set[str]:
    return {finding.code for finding in risk.findings}


def test_thresholds_of_the_settings_that_change() -> None:
    policy = cg.Policy(
        paths=[PathPolicy(match=["pool*"], review=10, block=55), PathPolicy(match=["x"], block=99)]
    )
    risk = cg.assess(CUT)
    assert risk.score == 60
    assert policy.decide(risk, CUT) is cg.Decision.BLOCK
    assert policy.decide(risk) is cg.Decision.REVIEW


IN_TABLE = {"match": ["db.*"], "review": 10, "block": 20}


@pytest.mark.parametrize(
    ("paths", "before", "after"),
    [
        (IN_TABLE, "[db]\nhost = 'a'\n", "[db]\nhost = 'a'\npassword = 'hunter2'\n"),
        (IN_TABLE, "x = 1\n", "x = 1\n[db]\npassword = 'hunter2'\n"),
        (IN_TABLE, "x = 1\n[db]\npassword = 'hunter2'\n", "x = 1\n"),
        (IN_TABLE, "x = 1\n[db]\npassword = 'hunter2'\n", "x = 1\n[other]\npassword = 'hunter2'\n"),
        (IN_TABLE | {"match": ["db.hosts"]}, "x = 1\n", "x = 1\n[db]\nhosts = ['a']\n"),
        (IN_TABLE | {"match": ["*.hosts"]}, "x = 1\n", "x = 1\n[[db]]\nname = 'a'\nhosts = ['a']\n"),
        (IN_TABLE | {"match": ["db"]}, "x = 1\n", "x = 1\n[db]\nhosts = ['a']\n"),
    ],
)
def test_thresholds_of_settings_that_come_and_go_with_a_table(
    paths: dict[str, Any], before: str, after: str
) -> None:
    made = cg.diff(cg.parse(before, "toml"), cg.parse(after, "toml"))
    policy = cg.Policy(paths=[PathPolicy(**paths)])
    assert policy.decide(Risk(60), made) is cg.Decision.BLOCK
    assert cg.Policy(paths=[PathPolicy(match=["y*"], block=20)]).decide(Risk(60), made) is cg.Decision.REVIEW


@pytest.mark.parametrize(
    ("before", "after", "decision"),
    [
        ("notes.a = 1\npool = 64\n", "notes.a = 2\npool = 64\n", "allow"),
        ("notes.a = 1\npool = 64\n", "notes.a = 2\npool = 4\n", "review"),
        ("pool = 64\n", "pool = 64\n[notes]\na = 1\n[notes.b]\nc = 2\n", "allow"),
        ("pool = 64\n[notes]\na = 1\n", "pool = 64\n[other]\na = 1\n", "review"),
        ("pool = 64\n", "pool = 64\n[notes]\n", "review"),  # of itself, it is nothing in it
    ],
)
def test_looser_thresholds_are_for_their_settings_alone(before: str, after: str, decision: str) -> None:
    made = cg.diff(cg.parse(before, "toml"), cg.parse(after, "toml"))
    policy = cg.Policy(paths=[PathPolicy(match=["notes.*"], review=101, block=101)])
    assert policy.decide(Risk(60), made) == decision


def test_thresholds_of_the_layer_that_each_setting_of_a_new_table_is_in(folder: Path) -> None:
    layers = ["base.toml", "prod.toml"]
    policy = cg.Policy(paths=[PathPolicy(match=["db.a"], files=["base.toml"], review=0, block=0)])
    with cg.Guard("app", store="memory://", layers=layers, policy=policy) as guard:
        guard.apply(guard.plan({each: {"x": 1} for each in layers}, reason="start"))
        for name, key in (("base.toml", "b"), ("base.toml", "a")):
            new = {each: {"x": 1, "db": {key if each == name else "c": 1}} for each in layers}
            decision = guard.plan(new, reason="more").decision
            assert (decision is cg.Decision.BLOCK) is (key == "a")


@pytest.mark.parametrize("layered", [False, True])
@pytest.mark.parametrize(
    "after",
    [
        {"two.toml": {"x": 1}},
        {"one.toml": {"y": 1}, "two.toml": {"x": 1}},
        {"one.toml": {"y": 1}, "two.toml": {"x": 1, "db": {"host": "a", "pool": 5, "name": "b"}}},
    ],
    ids=["with its file", "with its table", "into another file"],
)
def test_thresholds_of_the_file_that_a_setting_leaves(after: dict[str, Any], layered: bool) -> None:
    table = {"host": "a", "pool": 5, "name": "b"}
    before = {"one.toml": {"y": 1, "db": table}, "two.toml": {"x": 1}}
    one, two = (Layout(tuple(files), layered=layered).bundle(files, None) for files in (before, after))
    policy = cg.Policy(paths=[PathPolicy(match=["*"], files=["one.toml"], block=0, review=0)])
    made = cg.diff(one, two)
    assert (policy.decide(Risk(60), made) is cg.Decision.BLOCK) is bool(made)


def test_thresholds_of_an_environment() -> None:
    policy = cg.Policy(paths=[PathPolicy(files=["deploy/production/*"], review=20, block=40)])
    for file, decision in (("deploy/production/a.toml", "block"), ("deploy/europe/a.toml", "review")):
        made = cg.diff(cg.parse("pool_size = 64\n", "toml"), cg.parse("pool_size = 4\n", "toml", path=file))
        assert policy.decide(cg.assess(made), made) == decision


def test_outside_of_hours_and_in_a_freeze() -> None:
    policy = cg.Policy(
        hours="09:00-17:00",
        days=["mon", "tue", "wed", "thu", "fri"],
        timezone="Europe/Berlin",
        freeze=[Freeze(start="2026-11-28", end="2026-11-29", reason="the sale")],
    )
    assert codes(cg.assess(CUT, policy=policy, circumstances=Circumstances(at=MONDAY_NOON))) == {"CG201"}
    risk = cg.assess(CUT, policy=policy, circumstances=Circumstances(at=SATURDAY_NIGHT))
    assert codes(risk) == {"CG201", "CG903", "CG904"}
    assert policy.decide(risk) is cg.Decision.BLOCK
    told = {finding.code: finding.message for finding in risk.findings}
    # It is Sunday in Berlin by then.
    assert told["CG903"].startswith("it is Sunday 00:30 Europe/Berlin, and changes go in on mon, tue")
    assert told["CG904"] == "frozen: the sale (until 2026-11-29)"


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('hours = "9 to 5"', "expected hours such as '09:00-17:00', got '9 to 5'"),
        ('hours = "23:00-24:00"', "got '23:00-24:00'; midnight is 00:00"),
        ('hours = "17:00-17:00"', "end at another time than they begin"),
        ('timezone = "Mars"', "expected a time zone such as 'Europe/Berlin', got 'Mars'"),
        ('days = ["monday"]', "days"),
        ('freeze = [{start = "2026-12-24", end = "2026-12-20", reason = "x"}]', "ends (2026-12-20) before"),
        ('freeze = [{start = "soon", end = "later", reason = "x"}]', "expected a date such as"),
        ('accept = [{code = "CG999", reason = "x"}]', "no rule 'CG999'"),
        ('accept = [{code = "CG201", reason = "x", until = "soon"}]', "expected a date such as"),
        ('accept = [{code = "CG201", reason = ""}]', "accept"),
    ],
)
def test_a_policy_that_cannot_be(table: str, says: str, folder: Path) -> None:
    Path("confguard.toml").write_text(f"[policy]\n{table}\n")
    with pytest.raises(ProjectError) as caught:
        load_project(Path("confguard.toml"))
    assert says in str(caught.value)
    assert "confguard.toml:" in str(caught.value)


@pytest.mark.parametrize(
    ("hours", "inside", "outside"),
    [
        ("09:00-17:00", ["09:00", "16:59"], ["08:59", "17:00", "00:00"]),
        ("22:00-04:00", ["22:00", "23:59", "00:00", "03:59"], ["04:00", "12:00", "21:59"]),
    ],
)
def test_hours_begin_and_end_and_may_go_over_midnight(
    hours: str, inside: list[str], outside: list[str]
) -> None:
    policy = cg.Policy(hours=hours)
    for clock in (*inside, *outside):
        at = datetime.fromisoformat(f"2026-11-23T{clock}:00+00:00")
        assert (policy.process(at).outside_hours == "") is (clock in inside), clock


@pytest.mark.parametrize(
    ("at", "says"),
    [
        ("2026-11-23T21:59", "Monday 21:59 UTC, and changes go in from 22:00 to 04:00"),
        ("2026-11-23T22:00", ""),
        ("2026-11-24T03:59", ""),
        ("2026-11-24T04:00", "Tuesday 04:00 UTC, and changes go in on mon"),
        ("2026-11-24T23:00", "Tuesday 23:00 UTC, and changes go in on mon"),
        ("2026-11-23T01:00", "Monday 01:00 UTC, and changes go in on mon from 22:00 to 04:00"),
    ],
)
def test_hours_over_midnight_belong_to_the_day_on_which_they_begin(at: str, says: str) -> None:
    policy = cg.Policy(hours="22:00-04:00", days=["mon"])
    assert policy.process(datetime.fromisoformat(f"{at}+00:00")).outside_hours == says


@pytest.mark.parametrize(("start", "end"), [("2026-12-20", "2027-01-02"), ("20261220", "20270102")])
def test_a_freeze_holds_from_its_first_day_to_its_last(start: str, end: str) -> None:
    policy = cg.Policy(freeze=[Freeze(start=start, end=end, reason="year end")])
    days = ("2026-12-19", "2026-12-20", "2026-12-31", "2027-01-02", "2027-01-03")
    held = [bool(policy.process(datetime.fromisoformat(f"{day}T12:00:00+00:00")).freeze) for day in days]
    assert held == [False, True, True, True, False]


def test_days_are_written_as_toml_has_them_or_as_texts(folder: Path) -> None:
    for written in ("2026-12-24", '"2026-12-24"'):
        freeze = f'[{{start = {written}, end = {written}, reason = "x"}}]'
        accept = f'[{{code = "CG201", reason = "x", until = {written}}}]'
        Path("confguard.toml").write_text(f"[policy]\nfreeze = {freeze}\naccept = {accept}\n")
        policy = load_project(Path("confguard.toml")).settings.policy
        assert policy.freeze[0].start == policy.accept[0].until == date(2026, 12, 24)


def test_what_is_blocked_is_told_by_the_thresholds_of_its_settings() -> None:
    policy = cg.Policy(paths=[PathPolicy(match=["pool*"], review=10, block=55)])
    with cg.Guard("x", store="memory://", format="toml", policy=policy) as guard:
        guard.apply(guard.plan({"pool_size": 64}, reason="start"))
        with pytest.raises(cg.PolicyError, match=r"risk 60 \(high\), and 55 blocks"):
            guard.apply(guard.plan({"pool_size": 4}, reason="less"))


@pytest.mark.parametrize(
    ("frozen", "after", "hint"),
    [
        (True, {"a": 2, "b": 1}, "apply it when the freeze is over, or with an override that says why"),
        (False, {"a": 2, "b": 2}, "split it, or apply it with an override that says why"),
        (False, {"a": 2, "b": 1}, "make a smaller change, or apply it with an override that says why"),
    ],
)
def test_the_hint_for_what_is_blocked_is_of_use(frozen: bool, after: dict[str, int], hint: str) -> None:
    today = datetime.now(UTC).date()
    freeze = [Freeze(start=today, end=today + timedelta(days=2), reason="x")] if frozen else []
    policy = cg.Policy(*(() if frozen else (0, 0)), freeze=freeze)
    with cg.Guard("x", store="memory://", format="toml", policy=policy) as guard:
        guard.apply(guard.plan({"a": 1, "b": 1}, reason="start"), "the first")
        with pytest.raises(cg.PolicyError) as caught:
            guard.apply(guard.plan(after, reason="more"))
    assert caught.value.hint == hint


def test_a_freeze_of_one_day() -> None:
    assert Freeze(start="2026-12-24", end="2026-12-24", reason="x").holds(date(2026, 12, 24))


@pytest.mark.parametrize("score", [-1, 102])
def test_a_threshold_is_a_score(score: int) -> None:
    with pytest.raises(ValueError, match="101|0"):
        cg.Policy(review=score, block=score)


def test_the_default_thresholds() -> None:
    decided = [cg.Policy().decide(Risk(score)).value for score in (49, 50, 74, 75)]
    assert decided == ["allow", "review", "review", "block"]
    strict = cg.Policy(review=90, block=100, paths=[PathPolicy(match=["pool*"])])
    assert [strict.decide(Risk(score), CUT).value for score in (49, 50, 75)] == ["allow", "review", "block"]


def test_a_finding_is_accepted_until_a_day() -> None:
    policy = cg.Policy(accept=[Acceptance("cg201", "half the traffic moved", "pool*", until="2026-11-24")])
    risk = cg.assess(CUT, policy=policy, circumstances=Circumstances(at=MONDAY_NOON))
    assert (risk.score, codes(risk)) == (0, set())
    assert "accepted until 2026-11-24: half the traffic moved" in str(risk.accepted[0])
    late = cg.assess(CUT, policy=policy, circumstances=Circumstances(at=SATURDAY_NIGHT))
    assert codes(late) == {"CG201", "CG905"}
    assert late.score >= 60


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("pool_size = 4  # confguard: accept CG201: measured in May\n", True),
        ("# confguard: accept CG201, CG102 until 2026-12-31: measured\npool_size = 4\n", True),
        ("pool_size = 4  # confguard: accept CG201\n", False),  # no reason
        ("pool_size = 4  # confguard: accept CG202: another one\n", False),
        ("pool_size = 4  # confguard: accept CG201 until 2026-01-01: over\n", False),
        ("pool_size = 4  # confguard: accept CG201 until 2026-11-22: over since a day\n", False),
        ("pool_size = 4  # confguard: accept CG201 until 2026-11-23: the last day\n", True),
        ("pool_size = 4\n# confguard: accept CG201: below it\n", False),
        ("pool_size = 4  # confguard: accept CG201 until soon: no date\n", False),
        ("pool_size = 4  # confguard: accept CG202, CG201: both\n", True),
    ],
)
def test_a_comment_beside_the_value_accepts(text: str, accepted: bool) -> None:
    made = cg.diff(cg.parse("pool_size = 64\n", "toml"), cg.parse(text, "toml"))
    risk = cg.assess(made, circumstances=Circumstances(at=MONDAY_NOON))
    assert ("CG201" not in codes(risk)) is accepted


MEANT = "confguard: accept CG406, CG410: only for tests"


@pytest.mark.parametrize(
    ("before", "after", "format", "line"),
    [
        ("a: 1\n", "a: 1\ndb:\n  host: a\n  password: hunter2  # {}\n", "yaml", 4),
        ("a: 1\n", "a: 1\ndb:\n  host: a\n  # {}\n  password: hunter2\n", "yaml", 5),
        ("a: 1\n", "a: 1\ndb:\n  x: {{y: [{{b: 1}},\n    {{password: hunter2}}]}}  # {}\n", "yaml", 4),
        ("a = 1\n", "a = 1\n[db]\nhost = 'a'\npassword = 'hunter2'  # {}\n", "toml", 4),
        ("a: 1\n", "a: 1\nspec:\n  template:\n    privileged: true  # {}\n", "yaml", 4),
        (
            "- name: a\n- name: b\n",
            "- name: b\n- name: c\n  x: 1\n  password: hunter2  # {}\n",
            "yaml",
            4,
        ),
        (None, "db:\n  host: a\n  password: hunter2  # {}\n", "yaml", 3),
    ],
)
def test_a_comment_accepts_beside_a_value_in_what_is_new(
    before: str | None, after: str, format: str, line: int
) -> None:
    old = cg.parse(before, format) if before else {}
    for comment, accepted in ((MEANT, True), ("x", False)):
        risk = cg.assess(cg.diff(old, cg.parse(after.format(comment), format)))
        found = [each for each in risk.findings if each.code in MEANT]
        assert {each.line for each in found} == (set() if accepted else {line})
        assert len(risk.accepted) == accepted
    expired = MEANT.replace(": only", " until 2020-01-01: only")
    risk = cg.assess(cg.diff(old, cg.parse(after.format(expired), format)))
    assert {each.line for each in risk.findings if each.code == "CG905"} == {line}


def test_what_goes_with_a_table_stands_where_the_table_stood() -> None:
    made = cg.diff(cg.parse("a: 1\ndb:\n  x: 1\n  replicas: 3\n", "yaml"), cg.parse("a: 1\n", "yaml"))
    rule = UserRule("ACME1", "name == 'replicas'", "x")
    (found,) = (each for each in cg.assess(made, rules=[rule]).findings if each.code == "ACME1")
    assert (found.line, found.path) == (2, ("db", "replicas"))


def test_a_comment_is_not_for_what_stood_elsewhere_before() -> None:
    before = "a: 1\nb: 2\nc: 3\nd: 4\nlimits: {memory: 1Gi}\n"
    after = "a: 1  # confguard: accept CG209: another line\n"
    made = cg.diff(cg.parse(before, "yaml"), cg.parse(after, "yaml"))
    assert not cg.assess(made).accepted


def test_an_acceptance_is_for_its_file() -> None:
    finding = Finding("CG201", "high", ("pool",), "cut", "", "deploy/a.toml", 1)
    for pattern, counted in (("deploy/*", 0), ("other/*", 1)):
        kept, _ = split_accepted([finding], [Acceptance("CG201", "x", file=pattern)], None, date(2026, 1, 1))
        assert len(kept) == counted


class Broken(Rule):
    code, title, severity, reason, advice = "ACME1", "t", "high", "R.", "A."
    example = Example("", "", "")

    def check(self, context: Context) -> Any:
        raise KeyError("x")


class Endless(Broken):
    code = "ACME2"

    def check(self, context: Context) -> Any:
        time.sleep(30)
        return []


def test_a_rule_that_fails_or_never_ends_is_named_and_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "PATIENCE", 0.2)
    risk = cg.assess(CUT, rules=[Broken(), Endless()])
    told = {finding.code: finding.message for finding in risk.findings}
    assert told["ACME1"] == "the rule failed and was left out: KeyError"
    assert "took longer than" in told["ACME2"]
    assert risk.score == 60


OWN = """
[[rules]]
code = "ACME7"
when = "name == 'pool_size' && op == 'replace' && after < before"
severity = "critical"
message = "the pool went from {before} to {after}"
advice = "Ask the database team."
"""


def test_rules_of_a_project_in_cel(folder: Path, capsys: Capture) -> None:
    Path("a.toml").write_text("pool_size = 64\nname = 'x'\n")
    Path("b.toml").write_text("pool_size = 63\nname = 'y'\n")
    Path("confguard.toml").write_text(OWN)
    assert main(["assess", "a.toml", "b.toml", "--fail-on", "block"]) == 1
    out = capsys.readouterr().out
    assert (
        "b.toml:1:1: ACME7 critical: pool_size: the pool went from 64 to 63\n    Ask the database team."
        in out
    )
    Path("confguard.toml").write_text(OWN.replace("&&", "and"))
    assert main(["assess", "a.toml", "b.toml"]) == 2
    assert "rule ACME7" in capsys.readouterr().err
    Path("confguard.toml").write_text(OWN.replace("critical", "awful"))
    assert main(["assess", "a.toml", "b.toml"]) == 2


@pytest.mark.parametrize(
    ("when", "wrong"),
    [
        ("nam == 'pool'", "no name 'nam' (did you mean 'name'?)"),
        ("name.startsWith('p') && aftr < 3", "no name 'aftr' (did you mean 'after'?)"),
        ("nosuch(name)", "no function 'nosuch'"),
        ("name.startWith('p')", "no function 'startWith' (did you mean 'startsWith'?)"),
        ("[1].all(x, x > y)", "no name 'y'"),
        ("name = 'pool'", "rule ACME1: "),
    ],
)
def test_a_rule_that_can_never_hold_is_refused_where_it_stands(
    when: str, wrong: str, folder: Path, capsys: Capture
) -> None:
    Path("a.toml").write_text("pool = 4\n")
    Path("confguard.toml").write_text(
        f'[[rules]]\ncode = "ACME1"\nmessage = "x"\nwhen = "{when}"\n\n[configs.a]\nfiles = ["a.toml"]\n'
    )
    for words in (["plan", "a"], ["assess", "a.toml", "a.toml"], ["check", "a.toml"]):
        assert main(words) == 2
        told = capsys.readouterr().err
        assert ("confguard.toml:4:1: rules[0].when: rule ACME1: " in told, wrong in told) == (True, True), (
            told
        )
    assert main(["status"]) == 0  # who looks, or goes back, needs no rule


@pytest.mark.parametrize(
    "when",
    [
        "[1, 2].all(x, x > 0) && [after].exists( y, y == 4) && [[1]] . map (z, z.filter(w, w > 0)).size() == 1",
        "type(after) in [int, double] && !(type(after) == string) && string(after).matches('^4$')",
        "has({'a': 1}.a) && duration('61s').getMinutes() == 1 && optional.of(1).hasValue()",
        "type(after) == int ? after == 4 : false",
    ],
)
def test_a_rule_may_use_all_that_its_language_has(when: str) -> None:
    risk = cg.assess(CUT, rules=[UserRule("ACME1", when, "x")])
    assert "x" in {each.message for each in risk.findings}


def test_a_rule_that_says_neither_yes_nor_no_is_named_and_left_out() -> None:
    (found,) = (each for each in cg.assess(CUT, rules=[UserRule("ACME1", "after", "x")]).findings[1:])
    told = "the rule failed and was left out: its condition is neither true nor false, but of type int"
    assert (found.code, found.severity, found.message) == ("ACME1", "info", told)


@pytest.mark.parametrize(
    "when", ["after.x.y == 1", "after[3] == 1", "1 / (after - 4) > 0", "size(after) == 1"]
)
def test_a_rule_on_other_values_than_there_are_does_not_hold(when: str) -> None:
    assert "ACME1" not in codes(cg.assess(CUT, rules=[UserRule("ACME1", when, "x")]))


def test_what_is_gone_stands_in_the_file_that_it_was_in(folder: Path) -> None:
    Path("a.toml").write_text("pool = 4\n")
    rule = UserRule("ACME1", "op == 'remove'", "x")
    with cg.Guard("a", store="memory://", format="toml", rules=[rule]) as guard:
        guard.apply(guard.plan({"pool": 4, "old": 1}, reason="start"))
        (found,) = guard.plan("a.toml", reason="less").risk.findings
    assert str(found).startswith("a.toml:2:1: ACME1 ")


def test_a_baseline_leaves_out_what_was_there(folder: Path, capsys: Capture) -> None:
    Path("a.yaml").write_text("country: no\n")
    assert main(["check", "a.yaml"]) == 1
    assert main(["check", "a.yaml", "--write-baseline", "known.json"]) == 0
    Path("a.yaml").write_text("# moved down\n\ncountry: no\nother: yes\n")
    capsys.readouterr()
    assert main(["check", "a.yaml", "--baseline", "known.json"]) == 1
    out = capsys.readouterr().out
    assert "other" in out and "country" not in out
    assert main(["check", "a.yaml", "--baseline", "nothing.json"]) == 2
    assert "nothing.json: no such file" in capsys.readouterr().err


FINDING = Finding("CG201", "high", ("pool|x",), "cut `a` from\n64", "Look, twice: always.", "a b.toml", 3, 2)
FAULTS = [
    Finding("CG002", "high", ("x",), "wrong <here>", "Mend it.", "broken.yaml", 3, 5),
    Finding("CG002", "high", ("y",), "wrong, too", "Mend it.", "broken.yaml", 4, 5),
]
ODD = os.fsdecode(b"caf\xe9\n@ana.yaml")
JUDGED = Verdicts(
    (
        Judged("a b.toml", cg.Decision.BLOCK, Risk(83, (FINDING,), (Factor("finding", 83.0, "x"),))),
        Judged("broken.yaml", cg.Decision.BLOCK, faults=tuple(FAULTS)),
        Judged("fine.toml", cg.Decision.ALLOW, Risk(0)),
    ),
    (LeftOut(ODD, "a template"),),
    4,
)


def test_sarif_has_what_the_standard_requires() -> None:
    made = json.loads(REPORTS["sarif"](JUDGED))
    assert (made["version"], len(made["runs"])) == ("2.1.0", 1)
    (run,) = made["runs"]
    assert run["tool"]["driver"]["name"] == "confguard"
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["CG201", "CG002"]
    assert all(rules[each["ruleIndex"]]["id"] == each["ruleId"] for each in run["results"])
    assert run["properties"] == {"seen": 4, "judged": 3, "left_out": 1}
    first, second, third = run["results"]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%20b.toml"
    assert place["region"] == {"startLine": 3, "startColumn": 2}
    assert first["level"] == "error"
    assert first["partialFingerprints"] == {"confguard/v1": FINDING.fingerprint}
    assert second["ruleId"] == "CG002"
    assert [each["locations"][0]["physicalLocation"]["region"] for each in (second, third)] == [
        {"startLine": 3, "startColumn": 5},
        {"startLine": 4, "startColumn": 5},
    ]
    assert len({each["partialFingerprints"]["confguard/v1"] for each in run["results"]}) == 3


def test_names_of_any_bytes_go_into_every_report() -> None:
    judged = Verdicts((attrs.evolve(JUDGED.files[1], file=ODD, faults=FAULTS[:1]),), JUDGED.left_out, 2)
    odd = attrs.evolve(judged.files[0], faults=(attrs.evolve(FAULTS[0], file=ODD),))
    for report in REPORTS.values():
        report(Verdicts((odd,), judged.left_out, 2)).encode()
    named = attrs.evolve(FAULTS[0], message="ask @ana")
    comment = REPORTS["markdown"](Verdicts((attrs.evolve(JUDGED.files[1], faults=(named,)),)))
    assert "ask @\u200bana" in comment, "and nobody is told of it"
    sarif = json.loads(REPORTS["sarif"](Verdicts((odd,))))
    place = sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "caf%E9%0A%40ana.yaml"


def test_github_annotations_are_one_line_each() -> None:
    lines = REPORTS["github"](JUDGED).splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("::error file=a b.toml,line=3,col=2,title=CG201 high::")


def test_gitlab_junit_markdown_text_and_json() -> None:
    issues = json.loads(REPORTS["gitlab"](JUDGED))
    assert issues[0]["location"] == {"path": "a b.toml", "lines": {"begin": 3}}
    suite = ET.fromstring(REPORTS["junit"](JUDGED))[0]
    assert (suite.get("tests"), suite.get("failures")) == ("4", "2")
    assert suite.get("skipped") == "1"
    comment = REPORTS["markdown"](JUDGED)
    assert comment.startswith("**confguard: block**")
    assert "cut \\`a\\` from" in comment
    assert "no configuration changed" in REPORTS["markdown"](Verdicts())
    assert "a b.toml: block: risk 83 of 100 (critical)" in REPORTS["text"](JUDGED)
    assert [each["decision"] for each in json.loads(REPORTS["json"](JUDGED))["files"]] == [
        "block",
        "block",
        "allow",
    ]


def test_a_chart_of_the_factors() -> None:
    risk = Risk(50, (), (Factor("finding CG201", 60.0, "x"), Factor("impact", -10.0, "y")))
    lines = chart(risk).splitlines()
    assert lines[0].index("|") == lines[1].index("|")
    assert lines[0].count("#") > lines[1].count("#") >= 1
    assert chart(Risk(0)) == ""


def test_a_fingerprint_follows_a_finding_that_moves() -> None:
    one = Finding("CG201", "high", ("pool",), "cut from 3", "", "a.toml", 1)
    two = Finding("CG201", "high", ("pool",), "cut from 4", "", "a.toml", 99)
    other = Finding("CG201", "high", ("pools",), "cut from 4", "", "a.toml", 99)
    assert one.fingerprint == two.fingerprint != other.fingerprint


@pytest.mark.parametrize(
    ("comment", "wrong"),
    [
        ("accept CG210x: measured", "no code is named"),
        ("accept CG299: measured", "no rule 'CG299' (did you mean 'CG"),
        ("accept CG201", "no reason is given"),
        ("accept CG201 until soon: measured", "expected a date such as '2027-01-31', got 'soon'"),
        ("accept CG201: measured", None),
        ("accept OWN-1, CG201 until 2027-01-01: measured", None),
        ("accepted by Ann", None),
    ],
)
def test_a_comment_that_accepts_nothing_is_told_of(comment: str, wrong: str | None) -> None:
    own = UserRule("OWN-1", "false", "never")
    after = cg.parse(f"pool_size = 4  # confguard: {comment}\n", "toml", path="a.toml")
    risk = cg.assess(
        cg.diff(cg.parse("pool_size = 64\n", "toml"), after),
        circumstances=Circumstances(at=MONDAY_NOON),
        rules=[own],
    )
    void = [finding for finding in risk.findings if finding.code == "CG906"]
    assert bool(void) is bool(wrong)
    if wrong:
        assert wrong in void[0].message
        assert (void[0].file, void[0].line, void[0].column) == ("a.toml", 1, 16)


def test_a_message_shows_what_stands_in_values_as_it_is() -> None:
    rule = UserRule("OWN-1", "path == 'a'", "{path}, {name}: {before} to {after}, not {other}")
    risk = cg.assess(cg.diff({"a": "{after}{path}"}, {"a": "{before}"}), rules=[rule])
    messages = [finding.message for finding in risk.findings if finding.code == "OWN-1"]
    assert messages == ['a, a: "{after}{path}" to "{before}", not {other}']


def test_a_rule_of_the_projects_own_can_be_accepted(folder: Path) -> None:
    rule = '[[rules]]\ncode = "OWN-1"\nwhen = "after < before"\nmessage = "less"\n'
    Path("confguard.toml").write_text(rule + '[policy]\naccept = [{code = "OWN-1", reason = "x"}]\n')
    project = load_project(Path("confguard.toml"))
    made = cg.diff(cg.parse("pages = 64\n", "toml"), cg.parse("pages = 60\n", "toml"))
    risk = cg.assess(
        made,
        policy=project.settings.policy,
        rules=rules_of(project),
        circumstances=Circumstances(at=MONDAY_NOON),
    )
    assert [each.finding.code for each in risk.accepted] == ["OWN-1"]


def test_a_check_of_a_whole_file_knows_acceptances(folder: Path, capsys: Capture) -> None:
    Path("a.yaml").write_text("country: no  # confguard: accept CG702: it is the boolean\nother: no\n")
    assert main(["check", "a.yaml"]) == 1
    told = capsys.readouterr().out
    assert "a.yaml:2:1: CG702" in told
    assert "a.yaml:1" not in told


def severities(risk: cg.Risk) -> dict[str, str]:
    return {finding.code: finding.severity for finding in risk.findings}


def test_a_value_that_was_taken_back_is_told_of_when_it_is_set_again() -> None:
    for impact, decision in (("medium", "allow"), ("high", "review")):
        guard = cg.Guard("c", store="memory://", format="toml", impact=impact)
        for value in (100, 99):
            guard.apply(guard.plan({"queue": value, "x": 1}, reason="tune the queue"))
        guard.revert(reason="logins were rejected")
        again = guard.plan({"queue": 99, "x": 2}, reason="tune the queue once more")
        assert again.decision == decision
        (message,) = [each.message for each in again.risk.findings if each.code == "CG907"]
        assert message == "revision 2 set it so, and revision 3 took that back"
        other = guard.plan({"queue": 98, "x": 2}, reason="another value")
        assert "CG907" not in severities(other.risk)


def test_the_first_change_in_a_year_weighs_more_where_much_depends_on_it() -> None:
    class Weighty(BaseModel):
        a: int
        b: Annotated[int, Impact("high")]
        c: int = 1

    now = [datetime(2024, 1, 1, tzinfo=UTC)]
    guard = cg.Guard("c", schema=Weighty, store="memory://", format="toml", clock=lambda: now[0])
    guard.apply(guard.plan({"a": 100, "b": 100}, reason="first"))
    now[0] += timedelta(days=400)
    assert severities(guard.plan({"a": 101, "b": 100}, reason="a little").risk) == {"CG902": "low"}
    weighty = guard.plan({"a": 100, "b": 101}, reason="a little")
    assert severities(weighty.risk) == {"CG902": "high"}
    assert weighty.decision == "review"


def test_many_owners_and_what_nothing_looks_at() -> None:
    class Owned(BaseModel):
        a: Annotated[int, Owner("web")]
        b: Annotated[int, Owner("data")]
        c: Annotated[int, Owner("login")]

    before, after = {"a": 100, "b": 100, "c": 100}, {"a": 101, "b": 101, "c": 101}
    change = cg.diff(before, after, Owned)
    assert severities(cg.assess(change)) == {"CG908": "low"}
    assert severities(cg.assess(change, impact="critical")) == {"CG908": "high"}
    assert severities(cg.assess(cg.diff(before, before | {"a": 101, "b": 101}, Owned))) == {}
    unwatched = Circumstances(unwatched=True)
    plain = cg.diff(before, after)
    assert severities(cg.assess(plain, impact="high", circumstances=unwatched)) == {"CG909": "high"}
    assert severities(cg.assess(plain, impact="medium", circumstances=unwatched)) == {}
    assert severities(cg.assess(plain, impact="high")) == {}
