"""Rules of a project's own, as a few lines of CEL (Common Expression Language) in `confguard.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import attrs
from attrs import field, frozen

from confguard.diffs.render import json_value, show_value
from confguard.errors import ConfguardError
from confguard.risk.findings import SEVERITIES, Finding, Severity
from confguard.risk.rules.interface import Context, Example, Rule
from confguard.values import refusing_in_words


@refusing_in_words
@frozen(slots=False)
class UserRule(Rule):
    """One `[[rules]]` table: a condition on each change, and what to say where it holds.

    The condition sees `path`, `name`, `op`, `before`, `after` and `file`.
    """

    code: str = field(validator=attrs.validators.matches_re(r"[A-Z][A-Z0-9-]{1,15}"))
    when: str
    message: str
    severity: Severity = field(default="medium", validator=attrs.validators.in_(SEVERITIES))
    advice: str = "See the project's rules."

    title = "a rule of this project"
    reason = "The project says so in its confguard.toml."
    example = Example("", "", "")

    def compile(self) -> Any:
        """The compiled condition. Raises `ConfguardError` for one that does not parse, or without the library."""
        return self._program

    @cached_property
    def _program(self) -> Any:
        try:
            import cel
        except ImportError as error:
            raise ConfguardError(
                f"rule {self.code} is written in CEL, and its library is not installed",
                hint="pip install 'confguard-safety[cel]'",
            ) from error
        try:
            return cel.compile(self.when)
        except ValueError as error:
            raise ConfguardError(
                f"rule {self.code}: {error}", hint="https://cel.dev tells the language"
            ) from error

    def check(self, context: Context) -> Iterator[Finding]:
        """A finding for each change for which the condition holds."""
        for edit in context.edits:
            seen = {
                "path": context.diff.setting(edit.path),
                "name": edit.name,
                "op": edit.change.op,
                "before": json_value(edit.before),
                "after": json_value(edit.after),
                "file": context.diff.file_of(edit.change),
            }
            if self._holds(seen):
                shown = {"before": show_value(edit.change.before), "after": show_value(edit.change.after)}
                message = _filled(self.message, seen | shown)
                yield Finding(self.code, self.severity, edit.path, message, self.advice)

    def _holds(self, seen: dict[str, Any]) -> bool:
        try:
            return self.compile().execute(seen) is True
        except (TypeError, ValueError, RuntimeError):
            return False  # a condition on numbers does not hold for texts


def _filled(message: str, values: dict[str, Any]) -> str:
    """A message with values for names in braces; what stands in a value stays as it is."""
    return re.sub(r"\{(\w+)\}", lambda match: str(values.get(match[1], match[0])), message)
