"""Learning from history: metrics, models, reverts found in git, and a backtest over a repository made for it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import confguard as cg
from confguard.cli import main
from confguard.git import log
from confguard.hooks import judging
from confguard.hooks.judging import judge_range, past_of
from confguard.risk import backtest as backtesting
from confguard.risk.backtest import (
    auc,
    average_precision,
    backtest,
    calibration,
    calibration_error,
    recall_at,
)
from confguard.risk.evidence import GROUPS, Outline, evidence
from confguard.risk.history import History, Past, of_configuration, reverts
from confguard.risk.likelihood import Learner, Model, default_model, fit, read_model

Capture = pytest.CaptureFixture[str]
SCORED = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=40)


@given(SCORED)
def test_the_area_is_the_share_of_pairs_in_order(rows: list[tuple[float, bool]]) -> None:
    scores, labels = [score for score, _ in rows], [label for _, label in rows]
    pairs = [
        1.0 if bad > good else 0.5 if bad == good else 0.0
        for bad, is_bad in rows
        for good, is_good_bad in rows
        if is_bad and not is_good_bad
    ]
    wanted = sum(pairs) / len(pairs) if pairs else 0.5
    assert auc(scores, labels) == pytest.approx(wanted)
    assert auc([-score for score in scores], labels) == pytest.approx(1 - wanted)


@given(SCORED)
def test_shares_are_shares(rows: list[tuple[float, bool]]) -> None:
    scores, labels = [score for score, _ in rows], [label for _, label in rows]
    assert 0 <= average_precision(scores, labels) <= 1
    assert 0 <= recall_at(scores, labels, 0.2) <= recall_at(scores, labels, 1.0) <= 1
    assert sum(count for _, _, count in calibration(scores, labels)) == len(rows)


def test_a_fit_finds_what_matters_and_is_calibrated() -> None:
    rows = [{"file_reverts": float(n % 10), "kind_added": float(n % 3)} for n in range(600)]
    labels = [n % 10 >= 8 for n in range(600)]
    model = fit(rows, labels, "made up")
    likely = [model.likelihood(row) for row in rows]
    assert auc(likely, labels) == 1.0
    assert sum(likely) / len(likely) == pytest.approx(0.2, abs=0.03)
    assert model.weights["file_reverts"][2] > abs(model.weights["kind_added"][2])


def test_the_model_that_comes_with_it_weighs_evidence_that_there_is() -> None:
    pieces = evidence(Outline(), History())
    assert set(default_model().weights) == set(pieces)
    assert {name.partition("_")[0] for name in pieces} == set(GROUPS)
    assert "commits of" in default_model().fitted_on


def test_parts_of_the_likelihood_are_bounded_and_told() -> None:
    worst = History(author_changes=0, file_reverts=50, days_since_file_revert=0, days_since_author_revert=0)
    factors = default_model().factors(evidence(Outline(3, replaced=3), worst))
    assert sum(factor.points for factor in factors) <= 15.001
    assert all(factor.why for factor in factors)


@pytest.mark.parametrize(
    ("value", "points"),
    [(0.0, []), (0.08, []), (0.09, [0.54]), (1.0, [6.0]), (2.0, [12.0]), (9.0, [15.0]), (-9.0, [-10.0])],
)
def test_points_of_the_likelihood(value: float, points: list[float]) -> None:
    """Six for a spread from the mean, from 15 above to 10 below; less than half a point is not told."""
    model = Model(0.0, {"file_reverts": (0.0, 1.0, 1.0), "author_changes": (0.0, 1.0, 0.0)})
    found = model.factors({"file_reverts": value, "author_changes": 1.0, "unknown": 9.0})
    assert [factor.points for factor in found] == pytest.approx(points)
    assert all(factor.name == "history of the file" for factor in found)


def test_evidence_counts_by_its_spread_and_within_bounds() -> None:
    model = Model(0.5, {"file_reverts": (2.0, 4.0, 1.0)})
    odds = [model.logit({"file_reverts": value}) for value in (2.0, 6.0, -2.0, 1000.0, -1000.0)]
    assert odds == [0.5, 1.5, -0.5, 4.5, -3.5]


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_fit_on_one_outcome_only(share: float) -> None:
    model = fit([{"file_reverts": float(n)} for n in range(10)], [bool(share)] * 10, "")
    assert model.likelihood({"file_reverts": 5.0}) == pytest.approx(share, abs=0.001)
    assert abs(model.weights["file_reverts"][2]) < 0.05


def test_a_fit_on_evidence_that_says_nothing_gives_the_share() -> None:
    model = fit([{"file_reverts": 1.0, "kind_added": 7.0} for _ in range(10)], [n < 3 for n in range(10)], "")
    assert model.likelihood({"file_reverts": 1.0, "kind_added": 7.0}) == pytest.approx(0.3, abs=1e-6)
    assert model.weights["file_reverts"][:2] == (1.0, 1.0)


def test_a_model_that_is_none(folder: Path) -> None:
    Path("m.json").write_text("{}")
    with pytest.raises(cg.ConfguardError, match=r"m\.json: is not a model"):
        read_model(Path("m.json"))


def test_a_past_counts_what_came_before() -> None:
    past = Past()
    day = 86400.0
    past.add("ana", ["a.toml"], 0.0)
    past.add("ben", ["a.toml", "b.toml"], day)
    past.revert("ben", ["a.toml"], 2 * day)
    past.rename("a.toml", "c.toml")
    known = past.history("ben", ["c.toml"], 4 * day, "why")
    assert (known.file_changes, known.file_reverts, known.author_changes) == (2, 1, 1)
    assert (known.days_since_file_revert, known.days_since_author_revert, known.hours_since_last) == (
        2,
        2,
        72,
    )
    assert known.author_file_changes == 1
    assert past.history("eva", [], 0.0).hours_since_last is None


def test_a_new_file_at_the_old_name_of_another_has_a_past_of_its_own() -> None:
    past = Past()
    past.add("ana", ["a.toml"], 0.0)
    past.rename("a.toml", "b.toml")
    past.add("ben", ["a.toml"], 10.0)
    past.revert("ben", ["a.toml"], 20.0)
    renamed, new = (past.history("ana", [file], 30.0) for file in ("b.toml", "a.toml"))
    assert (renamed.file_changes, renamed.file_reverts, renamed.author_file_changes) == (1, 0, 1)
    assert (new.file_changes, new.file_reverts, new.author_file_changes) == (1, 1, 0)
    past.rename("b.toml", "a.toml")
    assert past.history("ana", ["a.toml"], 30.0) == new, "a file that is there keeps its own"
    past.rename("none.toml", "c.toml")
    assert past.history("ana", ["c.toml"], 30.0).file_changes == 0


def git(*arguments: str, **environment: str) -> str:
    ended = subprocess.run(
        ["git", *arguments], capture_output=True, text=True, check=True, env={**os.environ, **environment}
    )
    return ended.stdout.strip()


class Repository:
    """Makes commits, a day apart."""

    def __init__(self) -> None:
        git("init", "-q", "-b", "main")
        self.day = 0

    def commit(self, subject: str, author: str = "ana", body: str = "", **files: str | None) -> str:
        for name, text in files.items():
            file = Path(name.replace("_", "."))
            if text is None:
                file.unlink()
            else:
                file.write_text(text)
        git("add", "-A")
        self.day += 1
        at = f"2026-01-01T00:00:00+00:00 + {self.day}"
        when = f"{1767225600 + self.day * 86400} +0000"
        assert at
        message = f"{subject}\n\n{body}" if body else subject
        git(
            *("commit", "-qm", message, f"--author={author} <{author}@example.com>"),
            GIT_AUTHOR_DATE=when,
            GIT_COMMITTER_DATE=when,
        )
        return git("rev-parse", "HEAD")


@pytest.fixture
def repository(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "ana")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ana@example.com")
    return Repository()


def test_reverts_are_found_by_commit_by_subject_and_by_hand(repository: Repository) -> None:
    repository.commit("start", a_toml="x = 1\n", b_toml="y = 1\n", c_md="z")
    first = repository.commit("raise x", a_toml="x = 2\n")
    repository.commit('Revert "raise x"', a_toml="x = 1\n", body=f"This reverts commit {first}.")
    second = repository.commit("raise y", b_toml="y = 9\n")
    repository.commit('Revert "raise y"', b_toml="y = 2\n")
    third = repository.commit("raise both", a_toml="x = 5\n", b_toml="y = 5\n")
    repository.commit("something else", b_toml="y = 2\n", a_toml="x = 1\n")
    repository.commit("one of two", a_toml="x = 7\n", b_toml="y = 7\n")
    repository.commit("only half of it", a_toml="x = 1\n")
    found = {revert.commit.sha: revert.how for revert in reverts(of_configuration(log(Path())))}
    assert found == {first: "by commit", second: "by subject", third: "by hand"}


def test_what_is_undone_after_a_month_is_a_change_of_its_own(repository: Repository) -> None:
    repository.commit("start", a_toml="x = 1\n")
    repository.commit("raise", a_toml="x = 2\n")
    repository.day += 40
    repository.commit("lower", a_toml="x = 1\n")
    assert reverts(of_configuration(log(Path()))) == []


def history_of_reverts(repository: Repository, rounds: int = 14) -> None:
    """Ben's changes to the pool are reverted; Ana's version bumps are not."""
    repository.commit("start", pool_toml="size = 64\n", web_yaml="image: web:1.0\n")
    for n in range(rounds):
        sha = repository.commit(f"tune {n}", "ben", pool_toml=f"size = {n + 2}\n")
        repository.commit(f'Revert "tune {n}"', pool_toml="size = 64\n", body=f"This reverts commit {sha}.")
        repository.commit(f"bump to 1.{n + 1}", web_yaml=f"image: web:1.{n + 1}\n")
        repository.commit(f"bump to 2.{n + 1}", web_yaml=f"image: web:2.{n + 1}\n")


@pytest.mark.slow
def test_a_backtest_scores_with_what_was_known(repository: Repository, capsys: Capture) -> None:
    history_of_reverts(repository)
    made = backtest(Path(), workers=1)
    assert len(made.scored) == 57
    assert sum(made.labels) == 14
    assert auc(made.likelihoods, made.labels) > 0.8
    assert main(["backtest", ".", "--html", "page.html", "--fit", "own.json"]) == 0
    out = capsys.readouterr().out
    assert ".: 57 changes to configuration, 14 reverted" in out
    assert "area under the curve" in out
    page = Path("page.html").read_text()
    assert "default-src 'none'" in page and "<svg" in page and "http" not in page.replace("http-equiv", "")
    assert main(["backtest", ".", "--model", "own.json", "--format", "json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["auc"] > 0.9
    assert set(figures["recall"]) == {"5%", "10%", "20%"}
    assert figures["misses"]


@pytest.mark.slow
def test_several_processes_find_the_same(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    history_of_reverts(repository, 4)
    alone = backtest(Path(), workers=1)
    monkeypatch.setattr(backtesting, "_CHUNK", 3)
    told: list[tuple[int, int]] = []
    assert backtest(Path(), workers=2, progress=lambda *each: told.append(each)) == alone
    assert told[-1] == (17, 17)


def test_only_some_commits_are_counted(repository: Repository, capsys: Capture) -> None:
    history_of_reverts(repository, 3)
    shas = git("log", "--format=%h", "-5").split()
    Path("revs").write_text("\n".join(shas))
    assert main(["backtest", ".", "--revs", "revs", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["commits"] == 5


def test_a_bare_repository_a_shallow_one_and_none(repository: Repository, capsys: Capture) -> None:
    repository.commit("start", a_toml="x = 1\n")
    repository.commit(
        "more", a_toml="x = 2\n", t_yaml="{{ template }}\n- [", big_json="[" + "1," * 200_000 + "1]"
    )
    git("clone", "-q", "--bare", ".", "bare.git")
    git("clone", "-q", "--depth", "1", f"file://{Path.cwd()}", "shallow")
    assert main(["backtest", "bare.git"]) == 0
    out = capsys.readouterr().out
    assert "2 changes to configuration, 0 reverted" in out
    assert "2 files could not be read" in out
    assert main(["backtest", "shallow"]) == 0
    assert "shallow: the beginning is missing" in capsys.readouterr().out
    Path("empty").mkdir()
    assert main(["backtest", "no-such"]) == 2
    assert main(["backtest", "."]) == 0
    assert main(["backtest", ".", "--fit", "x.json"]) == 2
    assert "too few to learn from" in capsys.readouterr().err
    assert main(["backtest", ".", "--revs", "missing"]) == 2


def test_a_model_is_a_value() -> None:
    model = Model(-1.0, {"file_reverts": (0.0, 1.0, 1.0)})
    assert model.likelihood({"file_reverts": 4.0, "unknown": 9.0}) > model.likelihood({"file_reverts": 0.0})
    assert model.to_json()["weights"] == {"file_reverts": [0.0, 1.0, 1.0]}


def test_a_model_learns_from_an_outcome_only_once_it_is_known() -> None:
    base = Model(-2.0, {"file_reverts": (0.0, 1.0, 0.0)})
    learner = Learner(base)
    for day in range(200):
        learner.saw({"file_reverts": 2.0}, known_at=float(day), reverted=True)
        learner.saw({"file_reverts": -2.0}, known_at=float(day), reverted=False)
    assert learner.at(0.0) == base
    risky, calm = ({"file_reverts": value} for value in (2.0, -2.0))
    early, late = learner.at(20.0), learner.at(200.0)
    assert base.likelihood(risky) < early.likelihood(risky) < late.likelihood(risky)
    assert late.likelihood(calm) < late.likelihood(risky)


@pytest.mark.slow
def test_a_repository_that_reverts_more_than_others_is_thought_to(repository: Repository) -> None:
    for n in range(60):
        repository.commit(f"tune {n}", author="ben", pool_toml=f"size = {n % 2}\n")
    made = backtest(Path())
    assert sum(made.labels) > 40
    first, last = made.scored[0], made.scored[-1]
    assert first.likelihood == default_model().likelihood(first.evidence)
    assert last.likelihood > default_model().likelihood(last.evidence)


def test_the_calibration_error_is_the_mean_distance() -> None:
    assert calibration_error([0.5] * 10, [True] * 5 + [False] * 5, 1) == 0.0
    assert calibration_error([0.9] * 4, [False] * 4, 2) == pytest.approx(0.9)
    assert calibration_error([], []) == 0.0


@pytest.mark.slow
def test_the_hook_judges_by_what_the_repository_taught(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(60):
        repository.commit(f"tune {n}", author="ben", pool_toml=f"size = {n % 2}\n")
    past = past_of(Path())
    assert past is not None
    assert len(past.lessons) == 60
    repository.commit("tune again", author="ben", pool_toml="size = 7\n")
    (taught,) = judge_range("HEAD~1", "HEAD").files
    monkeypatch.setattr(judging, "refined", lambda model, *_: model)
    (fixed,) = judge_range("HEAD~1", "HEAD").files
    assert taught.risk is not None
    assert fixed.risk is not None
    assert (taught.risk.likelihood or 0) > (fixed.risk.likelihood or 1)
