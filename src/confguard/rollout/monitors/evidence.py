"""Evidence against `nothing is worse than usual` that may be looked at after every request, for as long as one likes.

The evidence is an e-process: while outcomes are no worse than usual its expectation is at most one at any time, however
that time is chosen, so that by Ville's inequality it ever reaches `1/alpha` with a probability of at most `alpha`. It
is a mixture of likelihood ratios: over how much worse it is now (a grid of odds ratios), and over when that began. A
part of the weight lies on the start of the watch; the rest is spread over all later moments, thinner and thinner, and
sums to one. That makes it see a change after a long healthy time, for the price of about `log(N)`.

- J. Ville, Etude critique de la notion de collectif, 1939
- A. Wald, Sequential Analysis, 1947
- A. Ramdas, P. Gruenwald, V. Vovk, G. Shafer, Game-theoretic statistics and safe anytime-valid inference, Statistical
  Science 38 (2023), doi:10.1214/23-STS894
- J. Shin, A. Ramdas, A. Rinaldo, E-detectors: a nonparametric framework for sequential change detection, New England
  Journal of Statistics in Data Science (2023), doi:10.51387/23-NEJSDS51
- H. Robbins, Statistical methods related to the law of the iterated logarithm, Annals of Mathematical
  Statistics 41 (1970)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from attrs import define, field

AT_THE_START = 0.3
"""The weight of `it began with the watch`: most bakes that fail do so at once."""
SCALE = 5_000
"""How many requests it takes until the weights of later moments grow thin."""
_STEP = 0.7
"""The distance of the grid's rates, in log-odds: any true rate is within a factor of 1.4 of one of them."""
_MOST = 700.0
"""A logarithm that a float can hold."""


Mark = TypeVar("Mark")


@define
class Evidence(Generic[Mark]):
    """The evidence for each of some ways to be worse, and for each moment at which that may have begun.

    `update` takes, for each way, the logarithm of how much likelier it makes what was seen, how many requests that
    were, and a mark of the moment before; `began` is the mark at which what looks like the change began.

    >>> evidence = Evidence(2)
    >>> evidence.update([0.0, 0.0], 10, "08:00")
    >>> round(evidence.log(), 6)
    0.0
    >>> evidence.update([3.0, 9.0], 10, "08:10")
    >>> evidence.log() > 6, evidence.began
    (True, '08:10')
    """

    ways: int
    requests: int = field(default=0, init=False)
    _from_start: list[float] = field(init=False)
    _from_later: list[float] = field(init=False)
    _sums: list[float] = field(init=False)
    _marks: list[Mark | None] = field(init=False)

    def __attrs_post_init__(self) -> None:
        share = AT_THE_START / self.ways
        self._from_start, self._from_later = [share] * self.ways, [0.0] * self.ways
        self._sums, self._marks = [0.0] * self.ways, [None] * self.ways

    def update(self, likelier: Sequence[float], requests: int, mark: Mark) -> None:
        """Take in what was seen since."""
        before, self.requests = self.requests, self.requests + requests
        weight = (weight_until(self.requests) - weight_until(before)) * (1 - AT_THE_START) / self.ways
        for way, step in enumerate(likelier):
            factor = math.exp(min(step, _MOST / 2))
            self._from_start[way] = min(self._from_start[way] * factor, 1e300)
            self._from_later[way] = min((self._from_later[way] + weight) * factor, 1e300)
            if self._sums[way] <= 0:
                self._sums[way], self._marks[way] = 0.0, mark
            self._sums[way] += step

    def log(self) -> float:
        """The logarithm of the evidence: 6.9 is a thousand to one."""
        unused = (1 - weight_until(self.requests)) * (1 - AT_THE_START)
        return math.log(sum(self._from_start) + sum(self._from_later) + unused)

    @property
    def began(self) -> Mark | None:
        """The mark of the moment from which the likeliest way's sum rose: when it began, if it did."""
        return self._marks[max(range(self.ways), key=self._sums.__getitem__)]


def weight_until(requests: int) -> float:
    """How much of the weight lies on moments before so many requests: none at 0, and all of it in the end.

    >>> weight_until(0), round(weight_until(15_000), 3)
    (0.0, 0.5)
    """
    return 1 - math.sqrt(SCALE / (requests + SCALE))


def worse_odds(share: float) -> list[float]:
    """The odds ratios by which a share may be worse: even steps up to one half, two steps at least.

    >>> [round(ratio, 1) for ratio in worse_odds(0.25)]
    [2.0, 4.1]
    """
    room = max(-math.log(share / (1 - share)), 2 * _STEP)
    steps = math.ceil(room / _STEP)
    return [math.exp(room * (step + 1) / steps) for step in range(steps)]


def share_between(of: int, some: int, alpha: float) -> tuple[float, float]:
    """A confidence sequence for a share: at all times at once it holds the true one with a probability of `1 - alpha`.

    By a beta mixture (Robbins 1970).

    >>> low, high = share_between(1000, 100, 0.05)
    >>> 0.06 < low < 0.1 < high < 0.14
    True
    """
    if not of:
        return 0.0, 1.0
    mixture = math.lgamma(some + 0.5) + math.lgamma(of - some + 0.5) - math.lgamma(of + 1) - math.log(math.pi)

    def refuted(share: float) -> bool:
        likelihood = some * math.log(share) + (of - some) * math.log(1 - share)
        return mixture - likelihood >= math.log(1 / alpha)

    middle = min(max(some / of, 1e-9), 1 - 1e-9)
    return edge(refuted, 1e-12, middle), edge(refuted, 1 - 1e-12, middle)


def edge(refuted: Callable[[float], bool], outside: float, inside: float) -> float:
    """Between what is refuted and what is not."""
    if not refuted(outside):
        return round(outside, 9)
    for _ in range(60):
        middle = (outside + inside) / 2
        outside, inside = (middle, inside) if refuted(middle) else (outside, middle)
    return inside
