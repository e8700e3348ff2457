"""Traps: what a file says is not what its writer meant, or was never filled in."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Container, Iterator
from typing import Any, ClassVar

from confguard.documents.document import Document
from confguard.documents.interface import Position
from confguard.fields import Secret
from confguard.paths import Path, reveal, value_at
from confguard.risk.findings import Finding
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Rule, Verdict, sized
from confguard.secrets import HIDDEN, is_reference
from confguard.texts import word_set

_TYPES = {bool: "a boolean", str: "a text", dict: "a table", list: "a list"} | dict.fromkeys(
    (int, float), "a number"
)
_REFERRING = word_set(
    "Ref $ref valueFrom secretKeyRef configMapKeyRef fieldRef fromSecret get_param get_attr"
)
"""Keys of tables that stand for a value, as CloudFormation, Heat, JSON Schema and Kubernetes write them."""
_SEXAGESIMAL = re.compile(r"[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_OCTAL = re.compile(r"[-+]?0[0-7_]+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00a0]")
_CURLY = re.compile("[\u2018\u2019\u201c\u201d\u2013\u2014]")
_PLACEHOLDER = re.compile(
    r"change[-_ ]?me|replace[-_ ]?me|fix[-_ ]?me|to[-_ ]?do\b|\btbd\b|your[-_][a-z-_]+|<[a-z][a-z0-9 _-]*>|x{4,12}|"
    r"insert[-_ ].*[-_ ]here|placeholder|foo(bar)?|lorem ipsum",
    re.IGNORECASE,
)
_NO_VALUES = word_set("description comment help example placeholder title name kind")
_KEEPING_SPACE = word_set("separator delimiter prefix suffix format prompt indent template message")
_BRACED = re.compile(r"\{{1,2}\s*[.$]?([\w.]{1,60})\s*\}{1,2}")
_NAMING = word_set("template key prefix path object bucket topic queue name pattern table index")
_ABSOLUTE = re.compile(r"(?:[\w-]{1,63}\.){2,12}")
_SAFE_INTEGER = 2**53


class TypeChanged(EditRule):
    code = "CG701"
    title = "a value changed its type"
    severity = "medium"
    reason = '`80` and `"80"` look alike and are read differently; a reader that does not check fails late.'
    advice = "Write it as it was, or change every reader first."
    example = Example("port = 80\n", 'port = "80"\n', "port = 81\n")

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """Another type, both known."""
        if not edit.path and not edit.before:
            return None  # a file that is new, or was empty, had no type
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


class TrailingZero(YamlTrap):
    code = "CG704"
    title = "a version that is read as a number"
    severity = "medium"
    reason = "Without quotes YAML reads `3.10` as the number 3.1: another version, or none."
    advice = "Put quotes around it."
    looks = re.compile(r"\d\.\d+0")
    example = Example('python: "3.9"\n', "python: 3.10\n", 'python: "3.10"\n', "yaml")

    def trap(self, text: str, value: Any) -> str | None:
        """A number whose last digit is lost."""
        lost = isinstance(value, float) and re.fullmatch(r"\d{1,3}\.\d+0", text)
        return f"{text} is read as {value}" if lost else None


class FinalDotLost(Rule):
    code = "CG711"
    title = "a name lost its final dot"
    severity = "critical"
    reason = "Without the dot the zone's own name is put behind it: `ns1.example.net` becomes `ns1.example.net.zone.`."
    advice = "Put the dot back; have the zone checked before it is published."
    example = Example(
        "ns: [ns1.example.net., ns2.example.net.]\nmx: mx.example.net.\n",
        "ns: [ns1.example.net, ns2.example.net]\nmx: mx.example.net.\n",
        "ns: [ns1.example.net., ns3.example.net.]\nmx: mx.example.net.\n",
        "yaml",
    )
    outage = "The Swedish zone .se, 12 October 2009: an update without the final dots took all its names away"

    def check(self, context: Context) -> Iterator[Finding]:
        """The same name without its dot, in a file in which others keep theirs."""
        gone = {str(edit.before) for edit in context.edits if _ABSOLUTE.fullmatch(str(edit.before))}
        for _, before, _ in context.containers:
            if isinstance(before, list):
                gone |= {each for each in before if isinstance(each, str) and _ABSOLUTE.fullmatch(each)}
        if not gone or not any(_ABSOLUTE.fullmatch(text) for _, text in context.texts_after):
            return
        for path, text in context.texts_after:
            if f"{text}." in gone:
                yield self.finding(path, f"'{text}' was '{text}.': it is relative now")


class TemplateMerged(EditRule):
    code = "CG712"
    title = "a template leaves out what tells its names apart"
    reason = "Two that differ only in what is left out get one name: one overwrites, reads or is billed for the other."
    advice = "Keep every part that makes the name one of a kind."
    example = Example(
        'key_template = "{org}/{db}/{generation}"\n',
        'key_template = "{db}/latest"\n',
        'key_template = "{org}/{db}/v2/{generation}"\n',
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """Fewer placeholders than two or more, and still one."""
        before, after = (set(_BRACED.findall(text)) for text in edit.texts)
        fewer = len(before) >= 2 and 0 < len(after) < len(before)
        return sized(edit) if fewer and edit.words & _NAMING else None


class LargeNumber(EditRule):
    code = "CG705"
    title = "a number loses its last digits"
    severity = "medium"
    reason = (
        "JSON readers that use doubles (JavaScript, Go's interface{}, jq) round whole numbers above 2^53."
    )
    advice = "Write it as a text."
    example = Example(
        "account = 1234\n", "account = 1234567890123456789\n", 'account = "1234567890123456789"\n'
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """Above 2^53, and not before."""
        was = isinstance(edit.before, int) and abs(edit.before) > _SAFE_INTEGER
        if was or not isinstance(edit.after, int) or abs(edit.after) <= _SAFE_INTEGER:
            return None
        rounded = round(float(edit.after)) if abs(edit.after) < 10**300 else "infinite"
        return f"{edit.after} is read as {rounded} by some"


class InvisibleCharacter(EditRule):
    code = "CG706"
    title = "an invisible character"
    reason = "A zero-width or no-break space from a web page makes a name, host or key another one that looks the same."
    advice = "Type the value again."
    example = Example('host = "db.internal"\n', 'host = "db.internal\\u200b"\n', 'host = "db2.internal"\n')

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """Zero-width, direction and no-break characters; curly quotes around a value are low."""
        if not isinstance(edit.after, str):
            return None
        before = edit.before if isinstance(edit.before, str) else ""
        invisible = [char for char in _INVISIBLE.findall(edit.after) if char not in before]
        if invisible and " " not in edit.after.strip():
            return f"holds U+{ord(invisible[0]):04X}, which is not seen"
        if _CURLY.match(edit.after) and not _CURLY.match(before):
            return "medium", "begins with a typographic quote, as a word processor writes it"
        return None


class Placeholder(EditRule):
    code = "CG710"
    title = "a placeholder was left"
    reason = "A value that says what is to stand there is taken as the value."
    advice = "Fill it in, or leave the setting out so that its reader complains."
    example = Example(
        'api_host = "api.example.org"\n', 'api_host = "CHANGEME"\n', 'api_host = "api2.example.org"\n'
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A whole value that is a placeholder, and was not one."""
        before, after = reveal(edit.before), reveal(edit.after)
        if not isinstance(after, str) or edit.words & _NO_VALUES:
            return None
        was = isinstance(before, str) and _PLACEHOLDER.fullmatch(before.strip())
        left = _PLACEHOLDER.fullmatch(after.strip()) and not was
        if left:
            return f"is still to be filled in: {edit.after}"
        masked = isinstance(edit.after, Secret) and after == HIDDEN != before
        return f"is {HIDDEN} itself, which is how a secret is shown" if masked else None


class SurroundedBySpace(EditRule):
    code = "CG709"
    title = "white space around a value"
    severity = "medium"
    reason = "A space or line break at the end of a name, key or address is part of it, and no one sees it."
    advice = "Take it out."
    example = Example('user = "web"\n', 'user = "web "\n', 'user = "api"\n')

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """One line that begins or ends with white space, and did not."""
        if not isinstance(edit.after, str) or not edit.after.strip() or "\n" in edit.after.strip():
            return None
        was = isinstance(edit.before, str) and edit.before != edit.before.strip()
        odd = edit.after != edit.after.strip() and not edit.after.endswith("\n")
        keeps = edit.words & _KEEPING_SPACE
        return "begins or ends with white space" if odd and not was and not keeps else None
