"""A diff as a page: HTML with both texts side by side, or Markdown with a table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from html import escape
from string import Template

from confguard.diffs.changes import Change, Diff
from confguard.diffs.render import show_value
from confguard.documents.document import Document
from confguard.errors import harmless
from confguard.paths import Key, show_path

_CONTEXT = 3
"""Lines that are shown around a line that differs."""
_MOST_LINES = 20_000
"""Longer texts are not put side by side."""

_PAGE = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>$title</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<style>
:root { color-scheme: light dark; --line: #8884; --gone: #f442; --come: #2a42; --muted: #888 }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% } td { vertical-align: top; padding: 0 .5rem }
code, .text td { font: 13px/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere }
.changes td { border-top: 1px solid var(--line); padding: .3rem .5rem }
.text td:nth-child(odd) { color: var(--muted); text-align: right; width: 1%; white-space: nowrap; user-select: none }
.text td:nth-child(even) { width: 49% }
.gone { background: var(--gone) } .come { background: var(--come) }
.skip td { color: var(--muted); text-align: left !important; border-block: 1px solid var(--line) }
.remove td:first-child { color: #c33 } .add td:first-child { color: #393 } .about { color: var(--muted) }
</style></head><body>
<h1>$title</h1><p><strong>$summary</strong></p>
<table class="changes">$changes</table>
$texts
</body></html>
""")
_SIGNS = {"add": "+", "remove": "&minus;", "replace": "&harr;", "move": "&rarr;"}


def to_html(diff: Diff, title: str = "Configuration diff") -> str:
    """The page. Values of secrets are `***` in the changes and in the texts."""
    return _PAGE.substitute(
        title=_escaped(title),
        summary=_escaped(diff.summary),
        changes="".join(map(_row, diff)),
        texts=_side_by_side(diff),
    )


def _row(change: Change) -> str:
    about = str(change.effect)
    shown = str(change).removesuffix(f" ({about})") if about else str(change)
    shown = shown if change.op == "replace" else shown[2:]  # the sign has a column of its own
    return (
        f'<tr class="{change.op}"><td>{_SIGNS[change.op]}</td>'
        f'<td><code>{_escaped(shown)}</code></td><td class="about">{_escaped(about)}</td></tr>'
    )


def _side_by_side(diff: Diff) -> str:
    before, after = diff.before_document, diff.after_document
    if before is None or after is None or diff.in_files:
        return ""
    old, new = diff.secrets.lines(before), diff.secrets.lines(after)
    if len(old) + len(new) > _MOST_LINES:
        return f"<p>The texts have {len(old) + len(new):,} lines: too long to show side by side.</p>"
    rows = _rows(old, new, _lines_of(diff, before), _lines_of(diff, after))
    heads = (
        f"<td></td><td>{_escaped(name)}</td>" for name in (before.path or "before", after.path or "after")
    )
    names = f"<tr>{''.join(heads)}</tr>"
    return f'<h2>Side by side</h2><table class="text">{names}{"".join(rows)}</table>'


def _rows(old: list[str], new: list[str], changed_old: set[int], changed_new: set[int]) -> Iterator[str]:
    # A line that holds a change is never the same, even where all that differs on it is hidden.
    one = [(line, n in changed_old) for n, line in enumerate(old, 1)]
    two = [(line, "changed" if n in changed_new else False) for n, line in enumerate(new, 1)]
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, one, two, autojunk=False).get_opcodes():
        if tag == "equal" and i2 - i1 > 2 * _CONTEXT + 1:
            yield from _pairs(old, new, range(i1, i1 + _CONTEXT), range(j1, j1 + _CONTEXT), set(), set())
            yield f'<tr class="skip"><td colspan="4">{i2 - i1 - 2 * _CONTEXT} lines that are the same</td></tr>'
            yield from _pairs(old, new, range(i2 - _CONTEXT, i2), range(j2 - _CONTEXT, j2), set(), set())
        else:
            yield from _pairs(old, new, range(i1, i2), range(j1, j2), changed_old, changed_new)


def _pairs(
    old: list[str], new: list[str], left: range, right: range, changed_old: set[int], changed_new: set[int]
) -> Iterator[str]:
    for n in range(max(len(left), len(right))):
        cells = _cell(old, left, n, "gone", changed_old) + _cell(new, right, n, "come", changed_new)
        yield f"<tr>{cells}</tr>"


def _cell(lines: list[str], span: range, n: int, kind: str, changed: set[int]) -> str:
    if n >= len(span):
        return "<td></td><td></td>"
    number = span[n] + 1
    marked = f' class="{kind}"' if number in changed else ""
    return f"<td>{number}</td><td{marked}>{_escaped(lines[span[n]])}</td>"


def _lines_of(diff: Diff, document: Document) -> set[int]:
    """The lines on which changes stand."""
    numbers = set()
    for change in diff:
        if document is diff.before_document:
            path = change.origin or change.path if change.op != "add" else None
        else:
            path = change.place or change.path if change.op != "remove" else None
        position = document.locate(path) if path else None
        if position:
            numbers.add(position.line)
    return numbers


def _escaped(text: str) -> str:
    return escape(harmless(text.rstrip("\r")), quote=True)


_WORDS = {"add": "added", "remove": "removed", "replace": "changed", "move": "moved"}


def to_markdown(diff: Diff, title: str | None = None) -> str:
    """A summary and a table with a row for each change.

    >>> from confguard.diffs.engine import diff
    >>> print(to_markdown(diff({"pool": 64}, {"pool": 4})), end="")
    **1 change: 1 less**
    <BLANKLINE>
    | | setting | before | after | |
    |---|---|---|---|---|
    | changed | `pool` | `64` | `4` | 16 times less |
    """
    head = [f"### {code(title)}", ""] if title else []
    if diff.same:
        return "\n".join([*head, diff.summary, ""])
    lines = [*head, f"**{diff.summary}**", "", "| | setting | before | after | |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *map(_table_row, diff), ""])


def _table_row(change: Change) -> str:
    cells = [_WORDS[change.op], code_cell(show_path(change.path)), *_values(change), str(change.effect)]
    return "| " + " | ".join(cells) + " |"


def _values(change: Change) -> tuple[str, str]:
    if change.op == "move":
        counted = isinstance(change.path[-1], Key)
        origin = (
            f"position {change.before}" if counted else code_cell(show_path(change.origin or change.path))
        )
        return origin, f"position {change.after}" if counted else ""
    before = "" if change.op == "add" else code_cell(show_value(change.before))
    return before, "" if change.op == "remove" else code_cell(show_value(change.after))


def code(text: str) -> str:
    """Inline code that nothing in the text can leave."""
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{harmless(text)}{space}{fence}"


def code_cell(text: str) -> str:
    """Inline code in a table."""
    return code(text).replace("|", "\\|")
