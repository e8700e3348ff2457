"""How likely a change is reverted: a logistic model whose coefficients are data, and which learns from a repository."""

from __future__ import annotations

import heapq
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

import attrs
from attrs import define, field, frozen

from confguard.errors import ConfguardError
from confguard.risk.evidence import GROUPS, of_history
from confguard.risk.findings import Factor
from confguard.risk.history import Lesson

_POINTS = 6.0
"""What one unit of evidence (a change of the odds by a factor of e) is worth in the score."""
_MOST, _LEAST = 15.0, -10.0
_ROUNDS = 150
"""After so many steps of the descent the coefficients stand still."""
_RATE, _SETTLED = 0.01, 300
"""How far one outcome moves the weights, and after how many outcomes they move clearly less."""


@frozen
class Model:
    """Weights for each piece of evidence, in units of its spread in what it was fitted on."""

    intercept: float
    weights: Mapping[str, tuple[float, float, float]]
    """For each piece: mean, spread and weight."""
    fitted_on: str = ""

    def logit(self, evidence: Mapping[str, float]) -> float:
        """The logarithm of the odds."""
        return self.intercept + sum(self._part(name, value) for name, value in evidence.items())

    def likelihood(self, evidence: Mapping[str, float]) -> float:
        """The probability, from 0 to 1, that the change is reverted.

        >>> Model(0.0, {"file_reverts": (0.0, 1.0, 2.0)}).likelihood({"file_reverts": 0.0})
        0.5
        """
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, self.logit(evidence)))))

    def factors(self, evidence: Mapping[str, float]) -> list[Factor]:
        """The parts by group, as points of the score: what raises it, or lowers it, against an average change."""
        parts = dict.fromkeys(GROUPS, 0.0)
        for name, value in evidence.items():
            group = name.partition("_")[0]
            if group in parts:
                parts[group] += self._part(name, value)
        parts = {group: _POINTS * weighed for group, weighed in parts.items()}
        total = sum(parts.values())
        scale = max(_LEAST, min(_MOST, total)) / total if total else 1.0
        return [
            Factor(
                f"history of the {group}" if group in {"author", "file"} else group,
                points * scale,
                GROUPS[group],
            )
            for group, points in parts.items()
            if abs(points * scale) >= 0.5
        ]

    def _part(self, name: str, value: float) -> float:
        return self.weights[name][2] * self.standard(name, value) if name in self.weights else 0.0

    def standard(self, name: str, value: float) -> float:
        """A piece of evidence that is weighed, in units of its spread, within bounds."""
        mean, spread, _ = self.weights[name]
        return max(-4.0, min(4.0, (value - mean) / spread))

    def to_json(self) -> dict[str, object]:
        """The model as JSON."""
        return {
            "fitted_on": self.fitted_on,
            "intercept": round(self.intercept, 5),
            "weights": {name: [round(part, 5) for part in parts] for name, parts in self.weights.items()},
        }


@cache
def default_model() -> Model:
    """The model that comes with confguard."""
    return _from_json(json.loads(files("confguard.risk").joinpath("coefficients.json").read_text("utf-8")))


def read_model(file: Path) -> Model:
    """A model that `confguard backtest --fit` wrote. Raises `ConfguardError`."""
    try:
        return _from_json(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfguardError(
            f"{file}: is not a model of confguard's: {error}",
            hint="`confguard backtest --fit FILE` writes one",
        ) from error


def _from_json(data: Mapping[str, object]) -> Model:
    weights: Mapping[str, Sequence[float]] = data["weights"]  # type: ignore[assignment]
    return Model(
        float(data["intercept"]),  # type: ignore[arg-type]
        {
            name: (float(mean), float(spread), float(weight))
            for name, (mean, spread, weight) in weights.items()
        },
        str(data.get("fitted_on", "")),
    )


def fit(
    rows: Sequence[Mapping[str, float]], labels: Sequence[bool], about: str, *, penalty: float = 0.003
) -> Model:
    """A model by penalized logistic regression (gradient descent with momentum; deterministic).

    `penalty` is the weight of the squares of the coefficients, per row.
    """
    names = list(rows[0])
    scales = {name: _scale([row[name] for row in rows]) for name in names}
    data = [
        [max(-4.0, min(4.0, (row[name] - scales[name][0]) / scales[name][1])) for name in names]
        for row in rows
    ]
    weights, intercept = _descend(data, [float(label) for label in labels], penalty)
    return Model(
        intercept, {name: (*scales[name], weight) for name, weight in zip(names, weights, strict=True)}, about
    )


def _scale(values: Sequence[float]) -> tuple[float, float]:
    mean = sum(values) / len(values)
    spread = math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))
    return mean, spread or 1.0


def _descend(
    data: Sequence[Sequence[float]], labels: Sequence[float], penalty: float
) -> tuple[list[float], float]:
    width, count = len(data[0]), len(data)
    share = min(max(sum(labels) / count, 1e-4), 1 - 1e-4)
    weights, intercept = [0.0] * width, math.log(share / (1 - share))
    speed, push = [0.0] * (width + 1), 0.9
    rate = 0.5
    for _ in range(_ROUNDS):
        gradient, lean = [0.0] * width, 0.0
        for row, label in zip(data, labels, strict=True):
            odds = intercept + sum(map(float.__mul__, weights, row))
            error = 1 / (1 + math.exp(-max(-30.0, min(30.0, odds)))) - label
            lean += error
            for n, value in enumerate(row):
                gradient[n] += error * value
        for n in range(width):
            speed[n] = push * speed[n] - rate * (gradient[n] / count + penalty * weights[n])
            weights[n] += speed[n]
        speed[width] = push * speed[width] - rate * lean / count
        intercept += speed[width]
    return weights, intercept


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
