"""Rules of a project's own, as a few lines of CEL (Common Expression Language) in `confguard.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import attrs
from attrs import field, frozen

from confguard.diffs.render import json_value, show_value
from confguard.errors import ConfguardError, did_you_mean
from confguard.risk.findings import SEVERITIES, Finding, Severity
from confguard.risk.rules.interface import Context, Example, Rule, left_out
from confguard.values import refusing_in_words

_SEEN = ("path", "name", "op", "before", "after", "file")
_TYPES = ("int", "uint", "double", "string", "bool", "bytes", "list", "map", "null_type", "type", "optional")
_FUNCTIONS = (
    *("size", "contains", "startsWith", "endsWith", "matches", "type", "dyn"),
    *("int", "uint", "double", "string", "bytes", "timestamp", "duration"),
    *("getFullYear", "getMonth", "getDayOfYear", "getDayOfMonth", "getDate", "getDayOfWeek"),
    *("getHours", "getMinutes", "getSeconds", "getMilliseconds"),
    *("of", "none", "ofNonZeroValue", "value", "hasValue", "or", "orValue"),
)
"""What CEL has, and its library does not list."""
_NAMED = re.compile(r"\.\s*(?:all|exists|exists_one|existsOne|map|filter)\s*\(\s*(\w+)\s*,")
"""What a condition itself gives a name to: `x` in `after.all(x, x > 0)`."""


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
        """The compiled condition. Raises `ConfguardError` for one that can never hold, or without the library."""
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
        hint = "https://cel.dev tells the language"
        try:
            program = cel.compile(self.when)
        except ValueError as error:
            raise ConfguardError(f"rule {self.code}: {error}", hint=hint) from error
        named = (*_SEEN, *_TYPES, *_NAMED.findall(self.when))
        functions = filter(str.isidentifier, program.functions())  # the others are operators
        for what, used, known in (("name", program.variables(), named), ("function", functions, _FUNCTIONS)):
            for each in used:
                if each not in known:
                    message = f"no {what} '{each}'{did_you_mean(each, known)}"
                    raise ConfguardError(f"rule {self.code}: {message}", hint=hint)
        return program

    def check(self, context: Context) -> Iterator[Finding]:
        """A finding for each change for which the condition holds."""
        for edit in context.edits:
            seen = {
                "path": context.diff.setting(edit.path),
                "name": edit.name,
                "op": edit.change.op,
                "before": json_value(edit.before),
                "after": json_value(edit.after),
                "file": context.diff.file_of(edit.change, edit.path[len(edit.change.path) :]),
            }
            holds = self._holds(seen)
            if not isinstance(holds, bool):
                wrong = f"its condition is neither true nor false, but of type {type(holds).__name__}"
                yield left_out(self, wrong)
                return
            if holds:
                shown = {"before": show_value(edit.change.before), "after": show_value(edit.change.after)}
                message = _filled(self.message, seen | shown)
                yield Finding(self.code, self.severity, edit.path, message, self.advice)

    def _holds(self, seen: dict[str, Any]) -> object:
        try:
            return self.compile().execute(seen)
        except (TypeError, ValueError, RuntimeError, LookupError, ArithmeticError):
            return False  # a condition on numbers does not hold for texts


def _filled(message: str, values: dict[str, Any]) -> str:
    """A message with values for names in braces; what stands in a value stays as it is."""
    return re.sub(r"\{(\w+)\}", lambda match: str(values.get(match[1], match[0])), message)
