"""The table of dangers: which kind of change is dangerous for which role, and how much."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import islice

from attrs import field, frozen

from confguard.risk.findings import Finding, Severity
from confguard.risk.names import word_set
from confguard.risk.rules.happened import Happened
from confguard.risk.rules.interface import Context, Edit, Example, Rule, sized
from confguard.risk.rules.kinds import KINDS

__all__ = ["Cell", "Danger", "cell"]


@frozen
class Cell:
    """One kind of change for one role; None: for any."""

    role: str | None
    kind: str
    sizes: tuple[tuple[float, Severity], ...] = ()
    """How grave it is from which size on; empty: as the danger says."""
    was: frozenset[str] = frozenset()
    to: frozenset[str] = frozenset()
    """For a word in place of another: which, from which. Empty: any."""
    unless: str | None = None
    """A role that the setting must not have."""
    least: float = 0
    """What the new amount must be at least."""

    def happened(self, edit: Edit, context: Context) -> Happened | None:
        """What happened, where it is this kind."""
        if self.kind == "word":
            return self._turned(edit)
        happened = KINDS[self.kind](edit, context, self.role or "")
        if happened is None or (self.least and edit.amounts_after.get("n", 0.0) < self.least):
            return None
        return happened

    def severity(self, size: float, default: Severity) -> Severity | None:
        """How grave this much is; None for too little."""
        if not self.sizes:
            return default
        return next((severity for least, severity in reversed(self.sizes) if size >= least), None)

    def _turned(self, edit: Edit) -> Happened | None:
        before, after = _word(edit.before), _word(edit.after)
        if after is None or after not in self.to or before in self.to or edit.removed:
            return None
        if self.was and before not in self.was:
            return None
        return Happened(1, sized(edit) if before is not None else f"is {edit.after}")


def cell(
    role: str | None,
    kind: str,
    *sizes: tuple[float, Severity],
    was: str = "",
    to: str = "",
    unless: str | None = None,
    least: float = 0,
) -> Cell:
    """A cell, its words parted by blanks."""
    return Cell(role, kind, sizes, word_set(was), word_set(to), unless, least)


@frozen(eq=False, slots=False)
class Danger(Rule):
    """A row of the table: cells that are dangerous for the same reason."""

    code: str
    title: str
    severity: Severity
    reason: str
    advice: str
    example: Example
    cells: tuple[Cell, ...]
    outage: str | None = None
    generic: bool = field(default=False, kw_only=True)

    def check(self, context: Context) -> Iterator[Finding]:
        """A finding for every setting that has a role and a kind of change of one of the cells."""
        for edit in context.unusual:
            yield from islice(self._findings(edit, context), 1)

    def concerns(self, context: Context) -> bool:
        """Has any setting that was edited a role that a cell is about?"""
        return not self._roles.isdisjoint(context.roles)

    @cached_property
    def _roles(self) -> frozenset[str | None]:
        """The roles that the cells are about; None where one is for any."""
        return frozenset(each.role for each in self.cells)

    def _findings(self, edit: Edit, context: Context) -> Iterator[Finding]:
        for each in self.cells:
            if (each.role is not None and each.role not in edit.roles) or each.unless in edit.roles:
                continue
            happened = each.happened(edit, context)
            severity = each.severity(happened.size, self.severity) if happened else None
            if happened is None or severity is None:
                continue
            yield self.finding(edit.path, happened.message, severity)


def _word(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return value.strip().lower().replace("-", "").replace("_", "") if isinstance(value, str) else None
