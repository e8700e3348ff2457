"""Format traps: what a file says is not what its writer meant."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Container, Iterator
from typing import Any, ClassVar

from confguard.documents.document import Document
from confguard.documents.interface import Position
from confguard.paths import Path, value_at
from confguard.risk.findings import Finding
from confguard.risk.names import word_set
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Rule, Verdict
from confguard.secrets import is_reference

__all__ = ["BooleanWord", "NumberTrap", "TypeChanged", "YamlTrap"]

_TYPES = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a text",
    dict: "a table",
    list: "a list",
}
_REFERRING = word_set(
    "Ref $ref valueFrom secretKeyRef configMapKeyRef fieldRef fromSecret get_param get_attr"
)
"""Keys of tables that stand for a value, as CloudFormation, Heat, JSON Schema and Kubernetes write them."""
_SEXAGESIMAL = re.compile(r"[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_OCTAL = re.compile(r"[-+]?0[0-7_]+")


class TypeChanged(EditRule):
    code = "CG701"
    title = "a value changed its type"
    severity = "medium"
    reason = '`80` and `"80"` look alike and are read differently; a reader that does not check fails late.'
    advice = "Write it as it was, or change every reader first."
    example = Example("port = 80\n", 'port = "80"\n', "port = 81\n")

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """Another type, both known."""
        before, after = _TYPES.get(type(edit.before)), _TYPES.get(type(edit.after))
        if before is None or after is None or before == after or _refers(edit.before) or _refers(edit.after):
            return None
        return f"was {before} and is {after}"


class YamlTrap(Rule):
    """A plain YAML scalar that is read as something else than it looks like."""

    looks: ClassVar[re.Pattern[str]]
    """What a text with such a trap has in it: where each value stands need not be known of another."""

    def check(self, context: Context) -> Iterator[Finding]:
        """Traps that came with this change."""
        document = context.diff.after_document
        edits = [edit for edit in context.edits if isinstance(edit.after, bool | int | float)]
        if document is None or not edits or not self.looks.search(document.text):
            return
        was = {context.path_after(edit.path): edit for edit in edits}
        for path, message in self._traps(document, was):
            among = context.after_at(was[path].path[:-1])
            texts = isinstance(among, list) and any(isinstance(value, str) for value in among)
            meant = isinstance(was[path].before, str) or texts
            shown = self.title if context.diff.secrets.at(path) else message
            yield self.finding(was[path].path, shown, "high" if meant else None)

    def check_document(self, document: Document) -> Iterator[Finding]:
        """Every trap in a file."""
        for path, message in self._traps(document):
            yield self.finding(path, message)

    def _traps(self, document: Document, wanted: Container[Path] | None = None) -> Iterator[tuple[Path, str]]:
        for above, part in document.parts:
            for path, place in part.places().items() if part.format == "yaml" else ():
                whole = (*above, *path)
                if wanted is not None and whole not in wanted:
                    continue
                text = _plain_text(part, place.value)
                if text is not None and (message := self.trap(text, value_at(part.data, path))):
                    yield whole, message

    @abstractmethod
    def trap(self, text: str, value: Any) -> str | None:
        """What is wrong with a plain scalar of this text that is read as this value."""


class BooleanWord(YamlTrap):
    code = "CG702"
    title = "a word that YAML reads as a boolean"
    severity = "low"
    reason = "YAML 1.1 reads `no`, `off` and `yes` without quotes as booleans: the country code of Norway is false."
    advice = "Write true or false, or put quotes around the word."
    looks = re.compile(r"\b(?:y|n|yes|no|on|off)\b", re.IGNORECASE)
    example = Example("country: se\n", "country: no\n", "country: 'no'\n", "yaml")

    def trap(self, text: str, value: Any) -> str | None:
        """A boolean that is not written as one."""
        if isinstance(value, bool) and text.lower() not in {"true", "false"}:
            return f"{text} is read as {str(value).lower()}"
        return None


class NumberTrap(YamlTrap):
    code = "CG703"
    title = "digits that YAML reads in another base"
    severity = "low"
    reason = "YAML 1.1 reads `22:30` in base 60 and `0755` in base 8."
    advice = "Put quotes around it."
    looks = re.compile(r"[0-9_]:[0-9]|\b0[0-7_]")
    example = Example('at: "22:45"\n', "at: 22:30\n", 'at: "22:30"\n', "yaml")

    def trap(self, text: str, value: Any) -> str | None:
        """A number that is not the one its digits show."""
        odd = _SEXAGESIMAL.fullmatch(text) or (_OCTAL.fullmatch(text) and len(text) > 1)
        return f"{text} is read as {value}" if odd and isinstance(value, int | float) else None


def _refers(value: Any) -> bool:
    """Does a value only say where another one is to be found, of whatever type that is?"""
    if isinstance(value, dict):
        return any(key in _REFERRING or str(key).startswith("Fn::") for key in value)
    return (
        isinstance(value, str) and bool(value.strip()) and value.strip()[0] in "$({%" and is_reference(value)
    )


def _plain_text(document: Document, position: Position) -> str | None:
    """The text of a plain YAML scalar; None for all that is quoted, and for containers."""
    rest = document.lines[position.line - 1][position.column - 1 :]
    if not rest or rest[:1] in "\"'|>&*[{!":
        return None
    return re.split(r"\s+#|:\s|:$|[,\]}\r\n]|\s+$", rest, maxsplit=1)[0].strip()
