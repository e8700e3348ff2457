"""What a repository's own history adds to a model: it learns from each change once its outcome is known."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping

import attrs
from attrs import define, field

from confguard.risk.evidence import of_history
from confguard.risk.history import Lesson
from confguard.risk.likelihood import Model

__all__ = ["Learner", "refined"]

_RATE, _SETTLED = 0.01, 300
"""How far one outcome moves the weights, and after how many outcomes they move clearly less."""


@define
class Learner:
    """A model that is refined outcome by outcome (logistic regression by stochastic gradient descent).

    Ask it for the model at a time before saying what came of the change: it uses only what was known by then.

    >>> learner = Learner(Model(0.0, {"file_reverts": (0.0, 1.0, 0.0)}))
    >>> learner.saw({"file_reverts": 1.0}, known_at=5.0, reverted=True)
    >>> learner.at(5.0).weights["file_reverts"][2], learner.at(6.0).weights["file_reverts"][2] > 0
    (0.0, True)
    """

    _model: Model
    _waiting: list[tuple[float, int, Mapping[str, float], bool]] = field(factory=list)
    _seen: int = 0
    _learned: int = 0

    def saw(self, evidence: Mapping[str, float], *, known_at: float, reverted: bool) -> None:
        """A change was made, whose outcome is known from a time on (seconds since the epoch)."""
        self._seen += 1
        heapq.heappush(self._waiting, (known_at, self._seen, evidence, reverted))

    def at(self, when: float) -> Model:
        """The model as it was just before a time."""
        while self._waiting and self._waiting[0][0] < when:
            _, _, evidence, reverted = heapq.heappop(self._waiting)
            self._learn(evidence, reverted)
        return self._model

    def _learn(self, evidence: Mapping[str, float], reverted: bool) -> None:
        self._learned += 1
        step = _RATE / (1 + self._learned / _SETTLED) ** 0.5
        step *= reverted - self._model.likelihood(evidence)
        weights = dict(self._model.weights)
        for name, value in evidence.items():
            if name in weights:
                mean, spread, weight = weights[name]
                weights[name] = (mean, spread, weight + step * self._model.standard(name, value))
        self._model = attrs.evolve(self._model, intercept=self._model.intercept + step, weights=weights)


def refined(model: Model, lessons: Iterable[Lesson], at: float) -> Model:
    """The model after what a repository's own history teaches, as far as it was known at a time."""
    learner = Learner(model)
    for lesson in lessons:
        learner.saw(of_history(lesson.history), known_at=lesson.known_at, reverted=lesson.reverted)
    return learner.at(at)
