"""How good a ranking is: what a backtest reports."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["auc", "average_precision", "calibration", "calibration_error", "recall_at"]


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
