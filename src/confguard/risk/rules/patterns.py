"""Expensive and wrong patterns: regular expressions that backtrack, do not compile, or match everything."""

from __future__ import annotations

import re
from abc import abstractmethod

from confguard.fields.backtracking import polynomial_of, pump_of
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Verdict
from confguard.texts import word_set

_NAMES = word_set("regex regexp pattern patterns match matches rewrite rule filter")
_META = re.compile(r"[\\^$|]|[)\].*+?][*+?{]|\.[*+]|\[[^\]]+\]")
_WRONG_EVERYWHERE = (
    "unterminated",
    "missing )",
    "unbalanced",
    "nothing to repeat",
    "bad character range",
    "min repeat greater",
)
"""What no engine takes; inner flags, look-behinds of any length and others' escapes are an error here alone."""
_LITERAL = re.compile(r"\^?[A-Za-z0-9_/-]{4}")
_LONGEST = 2_000


class _PatternRule(EditRule):
    """A rule about regular expressions: under names that say so, or texts that look like one."""

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """What is wrong with the new pattern and was not with the old one."""
        flaw = self._flaw(edit.after) if _is_pattern(edit, edit.after) else None
        known = flaw and isinstance(edit.before, str) and self._flaw(edit.before) is not None
        return None if known else flaw

    def _flaw(self, pattern: str) -> str | None:
        try:
            return self.flaw(pattern)
        except (re.error, RecursionError, OverflowError):
            return None

    @abstractmethod
    def flaw(self, pattern: str) -> str | None:
        """What is wrong with a pattern, if anything is; an error of `re` where Python cannot tell."""


class Backtracking(_PatternRule):
    code = "CG801"
    title = "a pattern backtracks without bound"
    reason = "A text of thirty characters can keep a processor busy for hours, and it comes from outside."
    advice = (
        "Make its repetitions unambiguous: no repetition inside of a repetition over the same characters."
    )
    example = Example('pattern = "[a-z]+"\n', 'pattern = "([a-z]+)+$"\n', 'pattern = "[a-z0-9]+"\n')
    outage = "Cloudflare, 2 July 2019: one expression of a firewall rule used up all processors of all edges"

    def flaw(self, pattern: str) -> str | None:
        """With the text that proves it."""
        pump = pump_of(pattern)
        return f"backtracks exponentially on {pump * 4 + '...'!r}" if pump else None


class PolynomialBacktracking(_PatternRule):
    code = "CG802"
    title = "a pattern is slow on long texts"
    reason = "Two repetitions of the same characters one after the other try every place to part them."
    advice = "Let only one of them match those characters: `[^=]*=.*` in place of `.*=.*`."
    example = Example('pattern = "a=.*"\n', 'pattern = ".*.*=.*"\n', 'pattern = "[^=]*=.*"\n')
    outage = (
        "Stack Overflow, 20 July 2016: white space at the end of a line, matched by `\\s+$` from every place"
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """Less grave behind some letters: then only where these stand is anything tried at all."""
        found = super().judge(edit, context)
        return ("medium", str(found)) if found and _LITERAL.match(str(edit.after)) else found

    def flaw(self, pattern: str) -> str | None:
        """With the characters that both repetitions take."""
        text = polynomial_of(pattern)
        return f"tries every way to part a long run of {text!r}" if text else None


class BrokenPattern(_PatternRule):
    code = "CG803"
    title = "a pattern does not compile"
    reason = "Its reader fails at its next start, or leaves the rule out."
    advice = "Mend it; `python -c 'import re; re.compile(...)'` tells."
    example = Example('regex = "[a-z]+"\n', 'regex = "[a-z+"\n', 'regex = "[a-z]*"\n')

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """Only under a name that says `regex`."""
        return super().judge(edit, context) if edit.words & {"regex", "regexp"} else None

    def flaw(self, pattern: str) -> str | None:
        """Why it does not compile; None where it does, or where another engine may take it."""
        try:
            re.compile(pattern)
        except re.error as error:
            return f"does not compile: {error}" if error.msg.startswith(_WRONG_EVERYWHERE) else None
        return None


class MatchesAll(_PatternRule):
    code = "CG804"
    title = "a pattern matches everything"
    reason = (
        "What was chosen by the pattern is now everything: everything is blocked, deleted or let through."
    )
    advice = "Anchor it, and try it on what must not match."
    example = Example(
        'block_regex = "^bad-[a-z]+$"\n', 'block_regex = "bad-[a-z]+|"\n', 'block_regex = "^worse-[a-z]+$"\n'
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """Only where a narrower one stood."""
        return super().judge(edit, context) if isinstance(edit.before, str) and edit.before else None

    def flaw(self, pattern: str) -> str | None:
        """It matches nothing at all, and so any text."""
        narrow = (
            not pattern or pattern in {"^", "$"} or re.compile(pattern).search("") is None or "?" in pattern
        )
        return None if narrow else "matches any text, the empty one too"


class AnchorLost(EditRule):
    code = "CG805"
    title = "a pattern lost its anchor"
    reason = "Without `^` it also matches what only ends so: other hosts, other paths, other names."
    advice = (
        "Put the anchor back, or list what it is to match as well, and try it on all names that there are."
    )
    example = Example(
        "when_host = '^www\\.example\\.org$'\n",
        "when_host = 'example\\.org$'\n",
        "when_host = '^(www|m)\\.example\\.org$'\n",
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """An anchor of each branch that is gone, in what is a pattern before and after."""
        before, after = edit.before, edit.after
        if not isinstance(before, str) or not isinstance(after, str) or len(before) > _LONGEST or not after:
            return None
        if len(_META.findall(before)) < 2 and not edit.words & {"regex", "regexp", "pattern"}:
            return None
        if before.startswith("^") and "^" not in after and not after.startswith("\\A"):
            return f"from {before} to {after}: matches whatever ends so"
        if before.endswith("$") and not before.endswith("\\$") and "$" not in after and after[-2:] != ".*":
            return f"from {before} to {after}: matches whatever begins so"
        return None


def _is_pattern(edit: Edit, value: object) -> bool:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST or "\n" in value:
        return False
    named = edit.trail & _NAMES
    sure = edit.words & {"regex", "regexp", "pattern"}
    return bool(sure) or bool(named and len(_META.findall(value)) >= 2)
