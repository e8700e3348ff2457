"""What a rule is: it looks at the edits of a diff and says what is dangerous about them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from attrs import frozen

from confguard.documents.document import Document
from confguard.errors import brief
from confguard.paths import Path
from confguard.risk.findings import Finding, Severity, lowered
from confguard.risk.rules.context import Context
from confguard.risk.rules.edits import Edit, sized

__all__ = ["Context", "Edit", "EditRule", "Example", "Rule", "Verdict", "lowered", "sized"]


@frozen
class Example:
    """A document (TOML unless said), a change that fires and one that does not."""

    before: str
    fires: str
    silent: str
    format: str = "toml"


Verdict = tuple[Severity, str] | str | None
"""What an edit rule answers: a message, a message with its own severity, or nothing."""


class Rule(ABC):
    """One rule. The class attributes are its page in the catalogue."""

    code: str
    title: str
    severity: Severity = "high"
    """How grave a finding is that does not say so itself: one that is high asks for a review."""
    reason: str
    """Why it matters, in a sentence or two."""
    advice: str
    """What to do, in a sentence."""
    example: Example
    outage: str | None = None
    """A public outage of this kind."""
    generic: bool = False
    """Is this said better by any other rule that fires for the same setting?"""

    @abstractmethod
    def check(self, context: Context) -> Iterator[Finding]:
        """The findings for a diff."""

    def concerns(self, context: Context) -> bool:
        """May there be findings for a diff? Cheaper to ask than `check`."""
        return True

    def check_document(self, document: Document) -> Iterator[Finding]:
        """The findings for a file as it stands, whatever changed."""
        yield from ()

    def finding(self, path: Path, message: str, severity: Severity | None = None) -> Finding:
        """A finding of this rule."""
        return Finding(self.code, severity or self.severity, path, brief(message), self.advice)


def left_out(rule: Rule, why: str) -> Finding:
    """What is said of a rule that fails: never silently."""
    message = f"the rule failed and was left out: {why}"
    return Finding(rule.code, "info", (), message, "Report it to whoever wrote the rule.")


class EditRule(Rule):
    """A rule that judges one edit at a time."""

    @abstractmethod
    def judge(self, edit: Edit, context: Context) -> Verdict:
        """What is dangerous about this edit, if anything is."""

    def check(self, context: Context) -> Iterator[Finding]:
        """A finding for every edit that is judged dangerous."""
        for edit in context.unusual:
            verdict = self.judge(edit, context)
            if isinstance(verdict, str):
                yield self.finding(edit.path, verdict)
            elif verdict:
                yield self.finding(edit.path, verdict[1], verdict[0])
