"""What the score is worth on a repository's own history: each change scored with only what was known before it."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

from attrs import field, frozen

from confguard import git
from confguard.diffs.engine import diff
from confguard.documents.bundle import parse_bytes
from confguard.documents.registry import detect_format
from confguard.errors import ConfguardError
from confguard.git import LoggedCommit
from confguard.risk.evidence import Outline, evidence, outline_of
from confguard.risk.findings import Risk
from confguard.risk.history import KEPT_AFTER, Past, of_configuration, remember, reverts
from confguard.risk.likelihood import Learner, Model, default_model, fit
from confguard.risk.model import assess

MOST_FILES = 20
"""Of a commit that touches more configuration files, so many are read."""
MOST_BYTES = 300_000
"""Larger files are left out: what is so large is data."""
_MOST_MISSES = 10
_CHUNK = 100
Progress = Callable[[int, int], None]


@frozen
class Scored:
    """One commit: how likely it was to be reverted, what the findings score, and whether it was."""

    commit: LoggedCommit
    likelihood: float
    score: int
    reverted: bool
    how: str = ""
    evidence: Mapping[str, float] = field(factory=dict, repr=False)

    def to_json(self) -> dict[str, object]:
        """The commit as JSON."""
        return {
            "commit": self.commit.sha,
            "subject": self.commit.subject,
            "likelihood": round(self.likelihood, 4),
            "score": self.score,
            "reverted": self.reverted,
            "how": self.how,
            "files": self.commit.paths,
        }


@frozen
class Backtest:
    """A repository's history, scored."""

    repository: str
    scored: tuple[Scored, ...]
    unread: int = 0
    """How many files could not be read: templates, binary or very large ones."""
    shallow: bool = False

    @property
    def labels(self) -> list[bool]:
        """Which commits were reverted."""
        return [each.reverted for each in self.scored]

    @property
    def likelihoods(self) -> list[float]:
        """How likely each was to be."""
        return [each.likelihood for each in self.scored]

    def misses(self) -> list[Scored]:
        """The ten reverted commits that were thought to be the least likely."""
        reverted = [each for each in self.scored if each.reverted]
        return sorted(reverted, key=lambda each: each.likelihood)[:_MOST_MISSES]

    def fitted(self) -> Model:
        """A model of this repository's own. Raises `ConfguardError` with fewer than ten reverts."""
        if sum(self.labels) < 10:
            raise ConfguardError(
                f"{self.repository}: {sum(self.labels)} reverts are too few to learn from",
                hint="at least ten are needed; the model that comes with confguard stays in use",
            )
        rows = [each.evidence for each in self.scored]
        return fit(rows, self.labels, f"{len(rows):,} commits of {self.repository}")

    def to_json(self) -> dict[str, object]:
        """The figures as JSON."""
        scores = [float(each.score) for each in self.scored]
        return {
            "repository": self.repository,
            "commits": len(self.scored),
            "reverted": sum(self.labels),
            "unread_files": self.unread,
            "shallow": self.shallow,
            "auc": round(auc(self.likelihoods, self.labels), 4),
            "auc_of_findings": round(auc(scores, self.labels), 4),
            "average_precision": round(average_precision(self.likelihoods, self.labels), 4),
            "recall": {
                f"{share:.0%}": round(recall_at(self.likelihoods, self.labels, share), 4)
                for share in (0.05, 0.1, 0.2)
            },
            "calibration_error": round(calibration_error(self.likelihoods, self.labels), 4),
            "calibration": [
                {"likelihood": round(mean, 4), "reverted": round(share, 4), "commits": count}
                for mean, share, count in calibration(self.likelihoods, self.labels)
            ],
            "misses": [each.to_json() for each in self.misses()],
        }


def backtest(
    repository: Path,
    *,
    only: Collection[str] | None = None,
    model: Model | None = None,
    progress: Progress | None = None,
    workers: int | None = None,
) -> Backtest:
    """Score every change to configuration in a git repository (bare or not) by what was known before it.

    The model that comes with confguard learns from each change once its outcome is known: a revert when it comes, a
    change that is kept after 30 days. A `model` of one's own is taken as it is. `only` limits what is counted to these
    commits (full or abbreviated names); all of them are the past of what comes after. Raises `DocumentError` where git
    cannot read it.
    """
    history = list(of_configuration(git.log(repository)))
    outlines = _outlines(repository, history, progress, workers)
    reverted = {revert.commit.sha: revert for revert in reverts(history)}
    taken_back_by = {revert.by.sha: revert.commit for revert in reverted.values()}
    learner, past, scored, unread = Learner(default_model()), Past(), [], 0
    for commit in history:
        shape, score, missing = outlines[commit.sha]
        unread += missing
        known = past.history(commit.author, commit.paths, commit.at, commit.subject)
        if shape.changes:
            pieces = evidence(shape, known)
            revert = reverted.get(commit.sha)
            if only is None or any(commit.sha.startswith(each) for each in only):
                likely = (model or learner.at(commit.at)).likelihood(pieces)
                scored.append(
                    Scored(commit, likely, score, revert is not None, revert.how if revert else "", pieces)
                )
            known_at = revert.by.at if revert else commit.at + KEPT_AFTER
            learner.saw(pieces, known_at=known_at, reverted=revert is not None)
        remember(past, commit, taken_back_by.get(commit.sha))
    return Backtest(str(repository), tuple(scored), unread, git.is_shallow(repository))


Measured = tuple[Outline, int, int]
"""A commit's shape, the score of its findings, and how many of its files could not be read."""


def _outlines(
    repository: Path, history: Sequence[LoggedCommit], progress: Progress | None, workers: int | None
) -> dict[str, Measured]:
    """What each commit changes; read by several processes, since that is most of the work."""
    chunks = [(repository, history[at : at + _CHUNK]) for at in range(0, len(history), _CHUNK)]
    count = min(workers or os.cpu_count() or 1, 8, len(chunks))
    outlines: dict[str, Measured] = {}
    for part in _mapped(chunks, count):
        outlines |= part
        if progress:
            progress(len(outlines), len(history))
    return outlines


def _mapped(chunks: Iterable[Any], workers: int) -> Iterator[dict[str, Measured]]:
    if workers <= 1:
        yield from map(_chunk, chunks)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(_chunk, chunks)


def _chunk(work: tuple[Path, Sequence[LoggedCommit]]) -> dict[str, Measured]:
    repository, part = work
    wanted = [
        blob
        for commit in part
        for file in commit.files[:MOST_FILES]
        for blob in (file.before, file.after)
        if blob
    ]
    blobs = git.blobs(dict.fromkeys(wanted), MOST_BYTES, cwd=repository, skip_larger=True)

    @lru_cache(maxsize=64)
    def parsed(blob: str, path: str) -> Any:  # what one commit leaves behind, the next one finds
        return parse_bytes(blobs[blob], detect_format(path).name, path=path).data

    return {commit.sha: _outline(commit, parsed) for commit in part}


def _outline(commit: LoggedCommit, parsed: Callable[[str, str], Any]) -> Measured:
    shape, score, missing = Outline(), 0, 0
    for file in commit.files[:MOST_FILES]:
        try:
            sides = [parsed(blob, file.path) if blob else None for blob in (file.before, file.after)]
            empty: Any = [] if any(isinstance(side, list) for side in sides) else {}
            before, after = (empty if side is None else side for side in sides)
            changes = diff(before, after)
        except (ConfguardError, KeyError):
            missing += 1
            continue
        # A new or removed file is a change, and its settings are not: rules compare with what was.
        risk = assess(changes) if file.before and file.after else Risk(0)
        shape, score = shape + outline_of(changes, risk), max(score, risk.score)
    return shape, score, missing


def auc(scores: Sequence[float], labels: Sequence[bool]) -> float:
    """The share of pairs (one bad, one good) in which the bad one has the higher score; ties count half.

    The area under the receiver operating characteristic, by ranks (Hanley and McNeil 1982).

    >>> auc([0.9, 0.8, 0.1], [True, False, False])
    1.0
    """
    order = sorted(range(len(scores)), key=lambda n: scores[n])
    bad = sum(labels)
    good = len(labels) - bad
    if not bad or not good:
        return 0.5
    total, at = 0.0, 0
    while at < len(order):
        end = at
        while end < len(order) and scores[order[end]] == scores[order[at]]:
            end += 1
        rank = (at + 1 + end) / 2
        total += rank * sum(labels[order[n]] for n in range(at, end))
        at = end
    return (total - bad * (bad + 1) / 2) / (bad * good)


def average_precision(scores: Sequence[float], labels: Sequence[bool]) -> float:
    """The mean, over the bad ones, of the share of bad ones down to each.

    >>> average_precision([3, 2, 1], [True, False, True])
    0.8333333333333333
    """
    bad, total = 0, 0.0
    for rank, n in enumerate(sorted(range(len(scores)), key=lambda n: -scores[n]), 1):
        if labels[n]:
            bad += 1
            total += bad / rank
    return total / bad if bad else 0.0


def recall_at(scores: Sequence[float], labels: Sequence[bool], share: float) -> float:
    """The share of the bad ones among the riskiest `share` of all.

    >>> recall_at([9, 8, 1, 0, 0], [True, False, True, False, False], 0.2)
    0.5
    """
    order = sorted(range(len(scores)), key=lambda n: -scores[n])
    top = order[: max(1, round(share * len(order)))]
    return sum(labels[n] for n in top) / max(1, sum(labels))


def calibration(
    likelihoods: Sequence[float], labels: Sequence[bool], bins: int = 10
) -> list[tuple[float, float, int]]:
    """For groups of equal size, from the least to the most likely: mean likelihood, share that was bad, size.

    >>> calibration([0.1, 0.9], [False, True], 2)
    [(0.1, 0.0, 1), (0.9, 1.0, 1)]
    """
    order = sorted(range(len(likelihoods)), key=lambda n: likelihoods[n])
    groups = []
    for n in range(bins):
        group = order[n * len(order) // bins : (n + 1) * len(order) // bins]
        if group:
            mean = sum(likelihoods[i] for i in group) / len(group)
            groups.append((mean, sum(labels[i] for i in group) / len(group), len(group)))
    return groups


def calibration_error(likelihoods: Sequence[float], labels: Sequence[bool], bins: int = 10) -> float:
    """How far likelihood and share that was bad lie apart, in the mean over groups of equal size.

    >>> round(calibration_error([0.1, 0.9], [False, True], 2), 3)
    0.1
    """
    groups = calibration(likelihoods, labels, bins)
    return sum(abs(mean - share) * count for mean, share, count in groups) / max(1, len(labels))
