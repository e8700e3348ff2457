"""The table of dangers: which kind of change is dangerous for which role, and how much."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TypeAlias

from attrs import frozen

from confguard.risk.findings import Finding, Severity
from confguard.risk.rules.interface import Context, Edit, Example, Rule

Happened: TypeAlias = tuple[float, str] | str | None
"""That a kind of change took place: a message, behind the size of what happened where that counts; else None."""
Kind: TypeAlias = Callable[[Edit, Context, str], Happened]
"""Given an edit, its context and the role in question: what happened; None for another kind."""


@frozen
class Cell:
    """One kind of change for one role; None: for any."""

    role: str | None
    kind: Kind
    sizes: tuple[tuple[float, Severity], ...] = ()
    """How grave it is from which size on; empty: as the danger says."""
    unless: str | None = None
    """A role that the setting must not have."""
    least: float = 0
    """What the new amount must be at least."""

    def verdict(self, edit: Edit, context: Context, default: Severity) -> tuple[Severity, str] | None:
        """How grave it is and what happened, where it is this kind, and enough of it."""
        if (self.role is not None and self.role not in edit.roles) or self.unless in edit.roles:
            return None
        happened = self.kind(edit, context, self.role or "")
        if happened is None or (self.least and edit.amounts_after.get("n", 0.0) < self.least):
            return None
        size, message = (1, happened) if isinstance(happened, str) else happened
        if not self.sizes:
            return default, message
        return next(((severity, message) for least, severity in reversed(self.sizes) if size >= least), None)


def cell(
    role: str | None, kind: Kind, *sizes: tuple[float, Severity], unless: str | None = None, least: float = 0
) -> Cell:
    """A cell, with its sizes one after the other."""
    return Cell(role, kind, sizes, unless, least)


class Danger(Rule):
    """A row of the table: cells that are dangerous for the same reason."""

    def __init__(
        self,
        title: str,
        reason: str,
        advice: str,
        example: Example,
        *cells: Cell,
        severity: Severity = "high",
        outage: str | None = None,
        generic: bool = False,
    ) -> None:
        self.title, self.reason, self.advice, self.example = title, reason, advice, example
        self.severity, self.outage, self.generic, self.cells = severity, outage, generic, cells

    def check(self, context: Context) -> Iterator[Finding]:
        """A finding for every setting that has a role and a kind of change of one of the cells."""
        for edit in context.unusual:
            verdicts = (each.verdict(edit, context, self.severity) for each in self.cells)
            if verdict := next(filter(None, verdicts), None):
                yield self.finding(edit.path, verdict[1], verdict[0])

    def concerns(self, context: Context) -> bool:
        """Has any setting that was edited a role that a cell is about?"""
        return not self._roles.isdisjoint(context.roles)

    @cached_property
    def _roles(self) -> frozenset[str | None]:
        """The roles that the cells are about; None where one is for any."""
        return frozenset(each.role for each in self.cells)


def table(**dangers: Danger) -> tuple[Danger, ...]:
    """Dangers by their codes."""
    for code, danger in dangers.items():
        danger.code = code
    return tuple(dangers.values())
