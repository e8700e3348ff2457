"""Fits the coefficients of the likelihood, and says what they are worth: `make fit DATA=reverts.jsonl.xz`.

The data is one commit a line: repo, label, date, author, subject, files (path, before, after), history,
hours_to_revert. It is not part of the project; what is learned from it is (`risk/coefficients.json`).
"""

from __future__ import annotations

import heapq
import json
import lzma
import math
import sys
from collections import defaultdict
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import attrs

import confguard as cg
from confguard.documents.registry import detect_format
from confguard.risk.backtest import auc, average_precision, calibration, calibration_error, recall_at
from confguard.risk.backtest_page import reliability_plot
from confguard.risk.evidence import Outline, evidence, outline_of
from confguard.risk.history import KEPT_AFTER, NEVER, History
from confguard.risk.likelihood import Learner, Model, fit
from confguard.risk.model import assess

TARGET = Path(__file__).parents[2] / "src/confguard/risk/coefficients.json"
PLOT = Path(__file__).parents[2] / "docs/explanation/reliability.svg"
_PENALTY = 0.03
_BASE_RATE = 0.029
"""The share of changes that were reverted in the whole histories of openedx/configuration, 2i2c-org/infrastructure and
cloudfoundry/cf-deployment, each counted the same (`confguard backtest`)."""
_FEWEST = 10
"""A repository with fewer reverts says nothing by itself."""


def main() -> None:
    """Leave one repository out at a time, print a table, then fit on all and write."""
    with lzma.open(sys.argv[1], "rt") as file:
        rows = [json.loads(line) for line in file]
    rows.sort(key=lambda row: row["date"])
    with Pool() as pool:
        shapes = pool.map(shape, rows, chunksize=20)
    found = [evidence(made, known) for made, known in zip(shapes, histories(rows, shapes), strict=True)]
    labels = [bool(row["label"]) for row in rows]
    repos = [row["repo"] for row in rows]
    groups = {
        "all": lambda name: True,
        "history alone": lambda name: name.startswith(("author", "file", "time")),
        "kind of change alone": lambda name: name.startswith("kind"),
        "words of the subject alone": lambda name: name.startswith("subject"),
        "without the subject": lambda name: not name.startswith("subject"),
        "without what was reverted lately": lambda name: "revert" not in name,
        "findings alone": lambda name: name == "kind_findings",
    }
    for title, chosen in groups.items():
        columns = [{name: value for name, value in row.items() if chosen(name)} for row in found]
        report(title, columns, labels, repos, details=title == "all")
    learning(rows, found, labels, repos)
    model = fit(
        found, labels, penalty=_PENALTY, about=f"{len(rows):,} commits of {len(set(repos))} repositories"
    )
    model = attrs.evolve(model, intercept=model.intercept + prior_correction(sum(labels) / len(labels)))
    TARGET.write_text(json.dumps(model.to_json(), indent=1) + "\n")


def prior_correction(share: float) -> float:
    """What a sample with more reverts than whole histories have adds to the intercept, to be taken off again.

    King and Zeng, *Logistic regression in rare events data*, Political Analysis 9 (2001), equation 7.
    """
    return math.log(_BASE_RATE / (1 - _BASE_RATE)) - math.log(share / (1 - share))


def report(
    title: str, rows: list[dict[str, float]], labels: list[bool], repos: list[str], *, details: bool
) -> None:
    """One line of the table: each repository scored by what was fitted on the others."""
    aucs, recalls, scores = {}, {}, [0.0] * len(rows)
    for repo in sorted(set(repos)):
        inside = [n for n, name in enumerate(repos) if name == repo]
        outside = [n for n, name in enumerate(repos) if name != repo]
        model = fit([rows[n] for n in outside], [labels[n] for n in outside], "", penalty=_PENALTY)
        for n in inside:
            scores[n] = model.logit(rows[n])
        own, truth = [scores[n] for n in inside], [labels[n] for n in inside]
        if sum(truth) >= _FEWEST:
            aucs[repo], recalls[repo] = auc(own, truth), recall_at(own, truth, 0.2)
        if details:
            print(
                f"  {repo:45} {len(inside):5} commits, {sum(truth):3} reverted: AUC {auc(own, truth):.3f},"
                f" average precision {average_precision(own, truth):.3f},"
                f" riskiest fifth {recall_at(own, truth, 0.2):.0%}"
            )
    mean, recall = (sum(each.values()) / len(each) for each in (aucs, recalls))
    print(
        f"{title:35} mean AUC {mean:.3f}, riskiest fifth {recall:.0%}; pooled AUC {auc(scores, labels):.3f}",
        flush=True,
    )


def learning(
    rows: list[dict[str, Any]], found: list[dict[str, float]], labels: list[bool], repos: list[str]
) -> None:
    """Each repository scored by what was fitted on the others, with and without what its own past taught by then."""
    fixed, learned = [0.0] * len(rows), [0.0] * len(rows)
    for repo in sorted(set(repos)):
        outside = [n for n, name in enumerate(repos) if name != repo]
        model: Model = fit([found[n] for n in outside], [labels[n] for n in outside], "", penalty=_PENALTY)
        learner = Learner(model)
        for n in (n for n, name in enumerate(repos) if name == repo):
            at, hours = float(rows[n]["date"]), rows[n]["hours_to_revert"] or 0
            fixed[n], learned[n] = model.likelihood(found[n]), learner.at(at).likelihood(found[n])
            known_at = at + hours * 3600 if labels[n] else at + KEPT_AFTER
            learner.saw(found[n], known_at=known_at, reverted=labels[n])
    for title, likely in (("as it comes", fixed), ("with the repository's own past", learned)):
        each = {
            repo: auc(
                [p for p, name in zip(likely, repos, strict=True) if name == repo],
                [label for label, name in zip(labels, repos, strict=True) if name == repo],
            )
            for repo in sorted(set(repos))
        }
        print(
            f"{title:35} pooled AUC {auc(likely, labels):.3f},"
            f" calibration error {calibration_error(likely, labels):.4f}",
            {repo: round(area, 3) for repo, area in each.items()},
        )
    plot = reliability_plot(calibration(learned, labels))
    PLOT.write_text(plot.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1) + "\n")


def shape(row: dict[str, Any]) -> Outline:
    """The outline of a commit."""
    total = Outline()
    for file in row["files"]:
        try:
            kind = detect_format(file["path"]).name
            sides = [cg.parse(file[side] or "", kind) for side in ("before", "after")]
            made = cg.diff(*sides)
            total += outline_of(made, assess(made))
        except cg.ConfguardError:
            continue
    return total


def histories(rows: list[dict[str, Any]], shapes: list[Outline]) -> list[History]:
    """What the data says of each commit's past, and which reverts were known by then."""
    reverts: dict[str, list[Any]] = defaultdict(list)
    known: dict[str, dict[Any, float]] = defaultdict(dict)
    found = []
    for row in rows:
        repo, at, past = row["repo"], row["date"], row["history"]
        files = [file["path"] for file in row["files"]]
        while reverts[repo] and reverts[repo][0][0] < at:
            when, author, touched = heapq.heappop(reverts[repo])
            known[repo] |= {"any": when, ("author", author): when} | {
                ("file", path): when for path in touched
            }

        def days(*keys: Any, known: dict[Any, float] = known[repo], at: float = at) -> float:
            times = [known[key] for key in keys if key in known]
            return (at - max(times)) / 86400 if times else NEVER

        found.append(
            History(
                author_changes=past["author_changes"],
                author_file_changes=past["author_path_changes"],
                file_changes=past["path_changes"],
                file_changes_30d=past["path_changes_30d"],
                file_reverts=past["path_reverts"],
                hours_since_last=past["hours_since_last"],
                days_since_file_revert=days(*(("file", path) for path in files)),
                days_since_author_revert=days(("author", row["author"])),
                days_since_revert=days("any"),
                files=len(files),
                subject=row["subject"],
            )
        )
        if row["label"]:
            heapq.heappush(reverts[repo], (at + (row["hours_to_revert"] or 0) * 3600, row["author"], files))
    return found


if __name__ == "__main__":
    main()
