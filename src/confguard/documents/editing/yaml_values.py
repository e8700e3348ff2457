"""How values of YAML are written: on one line, or as literal (`|`) and folded (`>`) blocks in the place of one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from attrs import frozen

from confguard.documents.editing.notation import moment
from confguard.documents.yaml import text_dumper

_WORDS = (
    *(("yes", "no"), ("on", "off"), ("Yes", "No"), ("On", "Off"), ("YES", "NO"), ("ON", "OFF")),
    *(("True", "False"), ("TRUE", "FALSE")),
)


def flow(data: Any, style: str | None = None, *, inside: bool = False, ascii_only: bool = False) -> str:
    """Any value on one line; `inside` of brackets more has to be quoted.

    >>> flow({"a": [1, "no"], "b": "two\\nlines"})
    '{a: [1, \\'no\\'], b: "two\\\\nlines"}'
    >>> flow("p, q"), flow("p, q", inside=True)
    ('p, q', "'p, q'")
    """
    import yaml

    shown: str = yaml.dump(
        [data] if inside else data,
        Dumper=_dumper(),
        default_flow_style=True,
        default_style=style,
        sort_keys=False,
        allow_unicode=not ascii_only,
        width=2**20,
    )
    shown = shown.removesuffix("\n").removesuffix("\n...")
    return shown[1:-1] if inside else shown


def scalar(data: Any, old: str, *, inside: bool = False, ascii_only: bool = False) -> str:
    """A scalar in the style of the one it replaces.

    >>> scalar("x", '"y"'), scalar(False, "yes"), scalar("no", "maybe")
    ('"x"', 'no', "'no'")
    """
    import yaml

    if isinstance(data, str) and old[:1] in {'"', "'"}:
        return flow(data, '"' if "\n" in data else old[0], inside=inside, ascii_only=ascii_only)
    if isinstance(data, bool):
        pair = next((pair for pair in _WORDS if old in pair), ("true", "false"))
        return pair[0] if data else pair[1]
    date = moment(data, old)
    if date and yaml.safe_load(date) == data:  # not every time of day is one to YAML
        return date
    return flow(data, inside=inside, ascii_only=ascii_only)


@cache
def _dumper() -> Any:
    class Dumper(text_dumper()):  # type: ignore[misc]
        """Without anchors of its own, and with every value on one line."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

        def represent_scalar(self, tag: str, value: str, style: str | None = None) -> Any:
            return super().represent_scalar(tag, value, '"' if "\n" in value else style)

    return Dumper


_HEADER = re.compile(r"[|>][-+0-9]*")
_BETWEEN_WORDS = re.compile(r"(?<=[^ \t]) (?=[^ \t])")


def is_block(raw: str) -> bool:
    """Is a value written as a block?"""
    return raw[:1] in {"|", ">"}


def margin_of(raw: str, outer: str) -> int | None:
    """How many blanks the lines of a block begin with; None if it has no lines that tell."""
    header, *lines = raw.split("\n")
    match = re.search("[1-9]", _HEADER.match(header)[0])  # type: ignore[index] # it is a block
    if match:
        return len(outer) + int(match[0])
    return next((len(line) - len(line.lstrip(" ")) for line in lines if line.strip(" \r")), None)


def block(data: str, old: str, outer: str, step: str, newline: str, *, blank_below: bool) -> str | None:
    """A text as a block in the place of an old one, in its style; None if no block can hold it.

    A blank line below would become a part of a text that ends in several line ends.
    """
    header = _HEADER.match(old)[0]  # type: ignore[index] # it is a block
    margin = margin_of(old, outer)
    text = data.rstrip("\n")
    ends = len(data) - len(text)
    if not text or (ends > 1 and blank_below and "+" not in header):
        return None
    keep = ends > 1 or (ends == 1 and "+" in header)
    chomping = "+" if keep else "" if ends else "-"
    by = margin - len(outer) if margin is not None and 0 < margin - len(outer) < 10 else len(step)
    first = text.lstrip("\n")
    match = re.search("[1-9]", header) or first[0] in " \t"
    indicator = str(by) if match else ""
    pad = outer + " " * by
    for style in dict.fromkeys([header[0], "|"]):
        lines = _Folded.of(old, margin or 0).lines(text) if style == ">" else text.split("\n")
        lines = [pad + line if line else "" for line in lines] + [""] * (ends - 1)
        written = newline.join([style + indicator + chomping, *lines])
        if _reads(written, data, outer):
            return written
    return None


def _reads(text: str, data: str, outer: str) -> bool:
    """Is it read as the text? Some characters end lines for YAML, or are not allowed."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        events = list(yaml.parse(f"{outer}k: {text}\n", Loader=loader))
    except (yaml.YAMLError, UnicodeEncodeError):
        return False
    return [event.value for event in events if isinstance(event, yaml.ScalarEvent)] == ["k", data]


@frozen
class _Folded:
    """How the old text is folded: paragraphs that stay keep their lines, and new ones its width."""

    paragraphs: dict[str, list[str]]
    width: int

    @classmethod
    def of(cls, old: str, margin: int) -> _Folded:
        body = [line.rstrip("\r")[margin:] for line in old.split("\n")[1:]]
        paragraphs: list[list[str]] = [[]]
        for line in body:
            if not line or line[0] in " \t":
                paragraphs.append([])
            else:
                paragraphs[-1].append(line)
        folded = any(len(lines) > 1 for lines in paragraphs)
        width = max(map(len, body), default=0) if folded else 0
        return cls({" ".join(lines): lines for lines in paragraphs}, width)

    def lines(self, text: str) -> Iterator[str]:
        """The lines of a text: one line end more where two of them would be joined."""
        before, blank = "", 0
        for line in text.split("\n"):
            if not line:
                blank += 1
                continue
            joined = before and before[0] not in " \t" and line[0] not in " \t"
            yield from [""] * (blank + bool(joined))
            yield from self.paragraphs.get(line) or self._wrapped(line)
            before, blank = line, 0

    def _wrapped(self, line: str) -> Iterator[str]:
        start = 0
        if self.width and line[0] not in " \t":
            for here, there in _pairs([match.start() for match in _BETWEEN_WORDS.finditer(line)], len(line)):
                if there - start > self.width:
                    yield line[start:here]
                    start = here + 1
        yield line[start:]


def _pairs(breaks: list[int], end: int) -> Iterator[tuple[int, int]]:
    """Each place where a line may be broken, with the one after it."""
    return zip(breaks, [*breaks[1:], end], strict=False)  # where there are none, there is no pair
