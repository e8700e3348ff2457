"""Risk: every rule's own examples, the score's parts, the policy, and figures on real incidents."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from attrs import evolve
from hypothesis import given
from pydantic import BaseModel

import confguard as cg
from confguard.fields import Duration, Impact, ImpactLevel, Owner, Safer, Secret
from confguard.risk import names
from confguard.risk.circumstances import Process
from confguard.risk.findings import Factor, Finding, Risk, Severity, level_of
from confguard.risk.model import (
    check_document,
    direction_factor,
    finding_factors,
    history_factors,
    impact_factor,
    size_factor,
)
from confguard.risk.names import words_of
from confguard.risk.rules import Rule, all_rules, rule_coded
from confguard.risk.rules.interface import Context
from confguard.schema.schema import resolve_schema
from confguard.schema.shape import Shape
from confguard.stores.interface import Revision
from conftest import incidents
from strategies import DOCUMENTS

RULES = all_rules()


HURRIED = Process(
    reason="wip",
    outside_hours="Saturday",
    freeze="year end",
    last_changed=lambda path: timedelta(days=400),
    taken_back=lambda path, value: "revision 2 set it so, and revision 3 took that back",
    unwatched=True,
    removed=True,
    impact="high",
)
OWNED = Shape("map", fields={name: Shape(marks=(Owner(name),)) for name in "abc"})


def fired(rule: Rule, before: str, after: str, format: str = "toml") -> list[Any]:
    old, new = cg.parse(before, format), cg.parse(after, format)
    process, shape = (HURRIED, OWNED) if rule.code.startswith("CG9") else (Process(), Shape())
    return list(rule.check(Context(cg.diff(old, new), old.data, new.data, shape, process)))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_fires_on_its_example_and_is_silent_on_the_other(rule: Rule) -> None:
    example = rule.example
    assert fired(rule, example.before, example.fires, example.format)
    assert not fired(rule, example.before, example.silent, example.format)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_is_documented(rule: Rule) -> None:
    assert rule.title[0].islower() or rule.title[0] in "`"
    assert rule.reason.endswith((".", ".)"))
    assert rule.advice.endswith(".")


def test_codes_are_unique() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES)


@given(DOCUMENTS, DOCUMENTS)
def test_any_two_documents_are_scored_and_the_parts_sum_to_the_score(before: object, after: object) -> None:
    made = cg.diff(before, after)
    risk = cg.assess(made)
    assert not [finding for finding in risk.findings if "the rule failed" in finding.message]
    assert 0 <= risk.score <= 100
    assert math.isclose(sum(factor.points for factor in risk.factors), risk.score, abs_tol=0.5001)
    if made.same:
        assert risk == Risk(0)


def flagged(incident: dict[str, Any]) -> bool:
    before, after = (cg.parse(incident[side], incident["format"]) for side in ("before", "after"))
    return cg.Policy().decide(cg.assess(cg.diff(before, after))) != "allow"


def test_incidents_are_flagged_and_look_alikes_are_not() -> None:
    bad = [each for each in incidents() if each["label"] == "incident"]
    benign = [each for each in incidents() if each["label"] != "incident"]
    assert sum(map(flagged, bad)) >= 0.8 * len(bad)
    assert sum(map(flagged, benign)) <= 0.15 * len(benign)


def test_causes_of_other_outages_are_flagged_and_other_look_alikes_are_not() -> None:
    """A second set, written from public reports and from what operators do on any day, for the causes in them."""
    cases = json.loads((Path(__file__).parent / "data" / "causes.json").read_text())
    bad = [each for each in cases if each["label"] == "incident"]
    benign = [each for each in cases if each["label"] != "incident"]
    assert sum(map(flagged, bad)) >= 0.95 * len(bad)
    assert [each["id"] for each in benign if flagged(each)] == []


@pytest.mark.parametrize(
    ("format", "before", "after", "codes"),
    [
        ("ini", "[m]\nmaxclients = 10000\n", "[m]\nmaxclients = 100\n", {"CG201"}),
        ("ini", "[pg]\nstatement_timeout = 30s\n", "[pg]\nstatement_timeout = 30ms\n", {"CG101", "CG202"}),
        ("env", "NODE_TLS_REJECT_UNAUTHORIZED=1\n", "NODE_TLS_REJECT_UNAUTHORIZED=0\n", {"CG401"}),
        ("yaml", "revisionHistoryLimit: 10\n", "revisionHistoryLimit: 3\n", set()),
        ("yaml", "deadlock_timeout: 2s\n", "deadlock_timeout: 1s\n", set()),
    ],
)
def test_known_settings_are_known_by_the_vocabulary(
    format: str, before: str, after: str, codes: set[str]
) -> None:
    risk = cg.assess(cg.diff(cg.parse(before, format), cg.parse(after, format)))
    assert {finding.code for finding in risk.findings} == codes


def test_names_are_taught_by_other_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    def points(*, group: str) -> list[SimpleNamespace]:
        taught = SimpleNamespace(load=lambda: {"lanes": "worker pool limit"})
        return [taught] if group == "confguard.vocabulary" else []

    def forget() -> None:
        names._known.cache_clear()
        words_of.cache_clear()

    cut = cg.diff(cg.parse("lanes = 64\n", "toml"), cg.parse("lanes = 2\n", "toml"))
    untaught = {finding.code for finding in cg.assess(cut).findings}
    monkeypatch.setattr("importlib.metadata.entry_points", points)
    forget()
    try:
        taught = {finding.code for finding in cg.assess(cut).findings}
    finally:
        monkeypatch.undo()
        forget()
    assert "CG201" in taught - untaught


def test_of_several_findings_for_one_setting_the_gravest_counts() -> None:
    def finding(severity: Severity, name: str) -> Finding:
        return Finding("CG201", severity, (name,), f"cut {name}", "")

    found = [finding("medium", "a"), finding("high", "a"), finding("low", "a"), finding("info", "b")]
    assert [factor.points for factor in finding_factors(found)] == [60]
    found += [finding("medium", "c"), finding("critical", "d")]
    assert [round(factor.points, 3) for factor in finding_factors(found)] == [80, 21, 3.675]


def test_one_edit_made_in_many_places_counts_once() -> None:
    found = [Finding("CG410", "high", ("jobs", n, "privileged"), "is on", "") for n in range(5)]
    assert [factor.points for factor in finding_factors(found)] == [60]
    found.append(Finding("CG410", "high", ("x",), "is on for all", ""))
    assert [factor.points for factor in finding_factors(found)] == [60, 21]


def shape_of(model: type[BaseModel]) -> Shape:
    schema = resolve_schema(model)
    assert schema is not None
    return schema.shape


class Sided(BaseModel):
    load: Annotated[int, Safer("lower")] = 1
    spare: Annotated[int, Safer("higher")] = 1
    audit: Annotated[bool, Safer("higher")] = True
    wait: Annotated[Duration, Safer("higher")] = Duration("1s")
    plain: int = 1


@pytest.mark.parametrize(
    ("before", "after", "points", "named"),
    [
        ({"load": 10}, {"load": 11}, 12, "load is safer lower"),
        ({"load": 10}, {"load": 99}, 12, "load"),
        ({"load": 10}, {"load": 100}, 25, "load"),
        ({"load": 10}, {"load": 1}, None, ""),
        ({"spare": 100}, {"spare": 10}, 25, "spare is safer higher"),
        ({"spare": 100}, {"spare": 11}, 12, "spare"),
        ({"spare": 100}, {"spare": 0}, 25, "spare"),
        ({"spare": 1}, {"spare": 9}, None, ""),
        ({"audit": True}, {"audit": False}, 25, "audit"),
        ({"audit": False}, {"audit": True}, None, ""),
        ({"wait": "1m"}, {"wait": "30s"}, 12, "wait"),
        ({"wait": "1m"}, {"wait": "60s"}, None, ""),
        ({"plain": 1}, {"plain": 1000}, None, ""),
        ({"load": 1, "spare": 100}, {"load": 2, "spare": 1}, 25, "spare"),
        ({"load": 1, "spare": 100}, {"load": 20, "spare": 99}, 25, "load"),
    ],
)
def test_the_side_that_a_mark_warns_of(
    before: dict[str, Any], after: dict[str, Any], points: float | None, named: str
) -> None:
    found = direction_factor(cg.diff(before, after, Sided), shape_of(Sided))
    assert [factor.points for factor in found] == ([] if points is None else [points])
    assert all(factor.why.startswith(named) for factor in found)


def revision(number: int, reverts: int | None = None, reason: str = "tuned") -> Revision:
    return Revision(
        config="c",
        number=number,
        content_digest="",
        format="toml",
        author="ana",
        reason=reason,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        reverts=reverts,
        digest="",
        load=bytes,
    )


@pytest.mark.parametrize(
    ("reverted", "points", "why"),
    [
        ("", None, ""),
        ("....", None, ""),
        (".R...", 5, "reverted once in the last 5 revisions"),
        ("R....", 10, "reverted once in the last 5 revisions"),
        (".RR", 10, "reverted 2 times in the last 3 revisions"),
        ("RR.", 15, "reverted 2 times in the last 3 revisions"),
        ("RRRRRRRRRR", 15, "reverted 10 times in the last 10 revisions"),
        (".........R", 5, "reverted once in the last 10 revisions"),
        ("..........R", None, ""),
    ],
)
def test_what_was_reverted_lately(reverted: str, points: float | None, why: str) -> None:
    history = [revision(i, 1 if mark == "R" else None) for i, mark in enumerate(reverted)]
    found = history_factors(history)
    assert [(factor.points, factor.why) for factor in found] == ([] if points is None else [(points, why)])


@pytest.mark.parametrize(
    ("count", "points"), [(0, None), (1, None), (2, 2), (4, 4), (16, 8), (17, 8), (500, 8)]
)
def test_many_changes_at_once(count: int, points: float | None) -> None:
    made = cg.diff({}, {f"setting{i}": i for i in range(count)})
    assert [factor.points for factor in size_factor(made)] == ([] if points is None else [points])


def test_what_depends_on_a_setting() -> None:
    raised = cg.diff({"name": "a", "color": "red"}, {"name": "b", "color": "blue"})
    low = cg.diff({"color": "red"}, {"color": "blue"})
    shape = shape_of(Marked)

    def points(made: cg.Diff, impact: ImpactLevel | None, *, found: bool) -> list[float]:
        return [factor.points for factor in impact_factor(made, shape, impact, found=found)]

    assert points(raised, "low", found=False) == [15]  # the highest mark, whatever the config's
    assert points(low, "critical", found=True) == [-15]
    assert points(low, "critical", found=False) == []
    unmarked = cg.diff({"backtend": 1}, {"backtend": 2})
    assert points(unmarked, None, found=True) == []
    assert points(unmarked, "medium", found=True) == []
    assert points(unmarked, "high", found=False) == [10]
    assert points(unmarked, "critical", found=False) == [15]
    assert points(unmarked, "low", found=True) == [-15]


def test_the_change_of_the_outage_is_blocked_with_the_reasons() -> None:
    incident = next(each for each in incidents() if each["id"] == "auth-2024")
    before, after = (cg.parse(incident[side], "toml", path="auth.toml") for side in ("before", "after"))
    risk = cg.assess(cg.diff(before, after))
    assert cg.Policy().decide(risk) is cg.Decision.BLOCK
    assert {finding.code for finding in risk.findings} == {"CG101", "CG201", "CG202"}
    assert str(risk.findings[0]).startswith(
        "auth.toml:4:1: CG101 high: server.backend_timeout: from 2s to 20ms"
    )
    assert "risk 83 (critical)" in risk.explain()


class Marked(BaseModel):
    name: Annotated[str, Impact("critical")] = "a"
    color: Annotated[str, Impact("low")] = "red"
    backend_timeout: Duration = Duration("2s")
    password: Secret = Secret("")
    pool_size: Annotated[int, Impact("low")] = 10


def test_a_mark_raises_the_score_and_a_low_one_never_sinks_it_below_zero() -> None:
    assert cg.assess(cg.diff({"name": "a"}, {"name": "b"}, Marked), Marked).score == 15
    assert cg.assess(cg.diff({"color": "a"}, {"color": "b"}, Marked), Marked).score == 0
    marked = cg.assess(cg.diff({"pool_size": 10}, {"pool_size": 1}, Marked), Marked).score
    assert marked < cg.assess(cg.diff({"pool_size": 10}, {"pool_size": 1})).score


def test_the_configs_impact_counts_where_no_mark_does() -> None:
    made = cg.diff({"x": "a"}, {"x": "b"})
    assert cg.assess(made, impact="critical").score == 15
    assert [factor.name for factor in cg.assess(made, impact="high").factors] == ["impact"]


def test_a_setting_written_out_is_compared_with_its_default() -> None:
    risk = cg.assess(cg.diff({}, {"backend_timeout": "20ms"}, Marked), Marked)
    assert "CG101" in {finding.code for finding in risk.findings}
    back = cg.assess(cg.diff({"backend_timeout": "200s"}, {}, Marked), Marked)
    assert "from 200s to 2s" in str(back.findings)


def test_what_was_reverted_lately_is_likelier_to_be_again() -> None:
    made = cg.diff({"x": "a"}, {"x": "b"})
    calm = cg.assess(made, history=[revision(2), revision(1)])
    shaky = cg.assess(made, history=[revision(3, 1), revision(2), revision(1)])
    assert shaky.score > calm.score
    assert "reverted once in the last 3 revisions" in shaky.explain()
    alone = evolve(revision(3), takes_back=2)
    assert cg.assess(made, history=[alone, revision(2), revision(1)]).score == shaky.score


def test_no_rule_shows_a_secret() -> None:
    before = {"password": "geheim-old", "token": "geheim", "tls": {"key_password": "geheim"}}
    after = {"password": "", "token": "geheim2", "tls": {"key_password": "geheim3"}}
    risk = cg.assess(cg.diff(before, after))
    assert "geheim" not in risk.explain()


def test_levels_and_decisions() -> None:
    assert [level_of(score) for score in (0, 24, 25, 49, 50, 74, 75, 100)] == [
        *["low"] * 2,
        *["medium"] * 2,
        *["high"] * 2,
        *["critical"] * 2,
    ]
    decisions = [cg.Policy().decide(Risk(score)).value for score in (49, 50, 74, 75)]
    assert decisions == ["allow", "review", "review", "block"]
    assert cg.Policy(review=101, block=101).decide(Risk(100)) is cg.Decision.ALLOW
    with pytest.raises(ValueError, match="above"):
        cg.Policy(review=80, block=70)
    with pytest.raises(ValueError, match="block"):
        cg.Policy(block=200)
    assert Factor("a", 1.25, "b").to_json() == {"name": "a", "points": 1.2, "why": "b"}


def test_a_rule_that_fails_is_reported_and_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: object, context: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(type(rule_coded("CG201")), "check", fails)
    risk = cg.assess(cg.diff({"t_timeout": "2s", "max_size": 64}, {"t_timeout": "2ms", "max_size": 4}))
    assert any(finding.code == "CG201" and finding.severity == "info" for finding in risk.findings)
    assert any(finding.code == "CG101" for finding in risk.findings)


def test_unknown_codes() -> None:
    with pytest.raises(cg.ConfguardError, match="did you mean"):
        rule_coded("CG2001")


def test_traps_are_found_in_a_file_as_it_stands() -> None:
    found = check_document(cg.parse("country: no\n", "yaml", path="a.yaml"))
    assert [str(finding)[:15] for finding in found] == ["a.yaml:1:1: CG7"]


def test_a_file_that_is_new_has_not_changed_its_type() -> None:
    assert "CG701" not in {finding.code for finding in cg.assess(cg.diff({}, ["x"])).findings}
    assert "CG701" in {finding.code for finding in cg.assess(cg.diff({"a": 1}, ["x"])).findings}
