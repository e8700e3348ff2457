"""What a drill found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

from attrs import frozen

from confguard.texts import amount

__all__ = ["LAYERS", "Advice", "Case", "Drill", "Kind", "Layer"]

Layer: TypeAlias = Literal[
    "parser", "schema", "risk policy", "candidate tests", "probes and monitors", "none"
]
Kind: TypeAlias = Literal["bound", "pin"]
LAYERS: tuple[Layer, ...] = (
    "parser",
    "schema",
    "risk policy",
    "candidate tests",
    "probes and monitors",
    "none",
)
"""What may stop a wrong change, in the order in which they are asked."""


@frozen
class Case:
    """One misconfiguration that was tried."""

    kind: str
    path: str
    caught_by: Layer

    def to_json(self) -> dict[str, str]:
        """The case as JSON."""
        return {"kind": self.kind, "path": self.path, "caught_by": self.caught_by}


@frozen
class Advice:
    """What closes a gap."""

    path: str
    kind: Kind
    """A bound lets changes within it pass; a pin stops every change of the setting, right ones too."""
    closes: int
    """How many of the cases that nothing caught it catches; each was tried again with it."""
    paste: str
    """TOML for the project file."""

    def to_json(self) -> dict[str, Any]:
        """The advice as JSON."""
        return {"path": self.path, "kind": self.kind, "closes": self.closes, "paste": self.paste}


@frozen
class Drill:
    """The result of a drill."""

    cases: tuple[Case, ...]
    advice: tuple[Advice, ...]
    equivalent: int
    """Changes that mean the same as the original, and are not counted."""
    seed: int
    notes: tuple[str, ...] = ()
    """What the drill could not do."""

    @property
    def tried(self) -> int:
        """How many misconfigurations were tried."""
        return len(self.cases)

    @property
    def caught(self) -> int:
        """How many of them a layer stops."""
        return sum(each.caught_by != "none" for each in self.cases)

    @property
    def share(self) -> float:
        """The share of misconfigurations caught; 0 where none was tried."""
        return round(self.caught / self.tried, 4) if self.cases else 0.0

    @property
    def share_with_bounds(self) -> float:
        """The share with the advice followed that gives bounds."""
        return self._share_with(each for each in self.advice if each.kind == "bound")

    @property
    def share_with_advice(self) -> float:
        """The share with all advice followed."""
        return self._share_with(self.advice)

    def _share_with(self, advice: Iterable[Advice]) -> float:
        closed = sum(each.closes for each in advice)
        return round((self.caught + closed) / self.tried, 4) if self.cases else 0.0

    def to_json(self) -> dict[str, Any]:
        """The drill as JSON."""
        return {
            "tried": self.tried,
            "caught": self.caught,
            "share": self.share,
            "cases": [each.to_json() for each in self.cases],
            "advice": [each.to_json() for each in self.advice],
            "share_with_bounds": self.share_with_bounds,
            "share_with_advice": self.share_with_advice,
            "equivalent": self.equivalent,
            "seed": self.seed,
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        """A table of kinds and layers, the figure, and the advice."""
        by_kind: dict[str, Counter[str]] = {}
        for case in self.cases:
            by_kind.setdefault(case.kind, Counter())[case.caught_by] += 1
        layers = [layer for layer in LAYERS if any(row[layer] for row in by_kind.values())]
        width = max(map(len, by_kind), default=0)
        lines = ["  ".join([" " * width, *layers])] if layers else []
        for kind, row in by_kind.items():
            cells = [str(row[layer] or "").rjust(len(layer)) for layer in layers]
            lines.append("  ".join([kind.ljust(width), *cells]).rstrip())
        lines.append(
            f"misconfigurations caught: {self.caught} of {self.tried} ({self.share:.1%});"
            f" {amount(self.equivalent, 'change')} of no effect not counted"
        )
        lines += self.notes
        if self.advice:
            lines.append(
                f"with the bounds below in the project file {self.share_with_bounds:.1%};\n"
                f"with the pins, which stop every change of a setting, {self.share_with_advice:.1%}:"
            )
            lines += [
                f"\n# a {each.kind} that closes {amount(each.closes, 'gap')}\n{each.paste}"
                for each in self.advice
            ]
        return "\n".join(lines)
