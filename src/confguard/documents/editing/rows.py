"""Weaving a block: entries that stand on lines of their own."""

from __future__ import annotations

import re

from attrs import define

from confguard.documents.editing.notation import Notation
from confguard.documents.editing.tree import Entry, Node, UnfitError, next_line


@define
class _Row:
    """One entry's piece of a block."""

    home: Node
    gap: str
    """Blank lines and comments that stand apart, before it."""
    start: int
    """Where the comments above it begin."""
    line: int
    """Where its own line begins."""
    end: int
    """Where the next piece's gap begins."""
    indent: str = ""


class Rows:
    """Cuts blocks into pieces, and makes blocks of pieces."""

    def __init__(self, notation: Notation) -> None:
        self.notation, self.text = notation, notation.text
        self.pieces: dict[Entry, _Row] = {}

    def end_of(self, entry: Entry) -> int:
        """Where an entry's piece ends."""
        return self.pieces[entry].end

    def split(self, node: Node, end: int) -> None:
        """Cut a block that ends at a place."""
        at, last = node.body, None
        for entry in node.was:
            inline = last is None and self._is_inline(node)
            line = entry.start if inline else self.text.rfind("\n", 0, entry.start) + 1
            lines = self.text[at:line].splitlines(keepends=True)
            if last:
                at += self._held(node, last, lines)
            attached = len(lines)
            while attached and self._is_comment(lines[attached - 1]):
                attached -= 1
            gap = "".join(lines[:attached])
            self.pieces[entry] = _Row(node, gap, at + len(gap), line, end)
            self.pieces[entry].indent = node.indent if inline else self.text[line : entry.start]
            at, last = min(next_line(self.text, entry.end), end), entry
        if last:
            self.pieces[last].end = at
            self._held(node, last, self.text[at:end].splitlines(keepends=True))

    def woven(self, node: Node, end: int) -> str:
        """The lines of a block as its entries are now."""
        numbers = {entry: number for number, entry in enumerate(node.was)}
        shown = [entry for entry in node.entries if entry.role != "inherited"]
        if node.was:
            self._keep_head(node, shown)
        kept = {numbers[entry] for entry in shown if entry in numbers}
        gaps = [self.pieces[entry].gap for entry in node.was]
        foot = self.text[self.pieces[node.was[-1]].end : end] if node.was else self.text[node.body : end]
        apart = self._apart(node, gaps)
        pieces = [gaps[0]] if gaps else [foot]
        gone = [0] + [number for number in range(1, len(gaps)) if number not in kept]
        lost = {number for number in gone if number and gaps[number].strip()}
        last = -1
        for count, entry in enumerate(shown):
            number = numbers.get(entry)
            between = apart if number in {None, 0} else gaps[number or 0]
            if number is not None:
                skipped = range(last + 1, number)
                if kept.isdisjoint(skipped):
                    standing = "".join(gaps[each] for each in skipped if each in lost)
                    lost.difference_update(skipped)
                    between = standing + between or next((gaps[each] for each in skipped if each), "")
                last = number
            if apart_first := not count and bool(between.strip()) and self._is_inline(node):
                between = between.lstrip()
            if count or between.strip():
                pieces.append(between)
            pieces.append(self._piece(node, entry, first=not count and not apart_first))
        pieces += [gaps[number] for number in sorted(lost)]
        if gaps:
            pieces.append(foot)
        return self._joined(pieces, end)

    def _held(self, node: Node, entry: Entry, lines: list[str]) -> int:
        """Give an entry the lines below that belong to it, and take them from the others. Returns their length."""
        held = 0
        for number, line in enumerate(lines):
            if line.strip() and not self.notation.holds(node, lines, number):
                break
            if line.strip():
                held = number + 1
        length = sum(map(len, lines[:held]))
        piece = self.pieces[entry]
        piece.end = next_line(self.text, entry.end) + length
        del lines[:held]
        return length

    def _keep_head(self, node: Node, shown: list[Entry]) -> None:
        """A comment at the top of a file stays there when what it stands above goes.

        It is about the file then, unless other entries have such comments, too.
        """
        first, *others = (self.pieces[entry] for entry in node.was)
        stays = next((entry for entry in shown if entry in self.pieces), None) is node.was[0]
        if not stays and node.after < 0 and all(each.start == each.line for each in others):
            first.gap, first.start = self.text[node.body : first.line], first.line

    def _piece(self, node: Node, entry: Entry, *, first: bool) -> str:
        row = self.pieces.get(entry)
        if row is None:
            text = self._written(node, entry)
        else:
            text = self.text[row.start : row.line] + row.indent + self.notation.core(entry, row.end)
            if row.home is not node:
                text = self._shifted(text, row.home.indent, node.indent)
        return text.lstrip(" ") if first and self._is_inline(node) else text

    def _written(self, node: Node, entry: Entry) -> str:
        """A new entry; comments of one that comes from brackets can't come with it."""
        if entry.start >= 0 and self.notation.has_comments(entry):
            raise UnfitError("it has comments that cannot be moved with it", entry.start)
        return self.notation.row(node, entry)

    def _shifted(self, piece: str, old: str, new: str) -> str:
        lines = piece.splitlines(keepends=True)
        return "".join(new + line.removeprefix(old) if line.strip() else line for line in lines)

    def _apart(self, node: Node, gaps: list[str]) -> str:
        """What stands between entries that had no neighbours before."""
        blank = [gap for gap in gaps[1:] if gap and not gap.strip()]
        if self.notation.spaced(node):
            return self.notation.newline if blank or not gaps[1:] else ""
        return blank[-1] if blank and len(blank) == len(gaps) - 1 else ""

    def _joined(self, parts: list[str], end: int) -> str:
        parts = [part for part in parts if part]
        ended = [part if part.endswith("\n") else part + self.notation.newline for part in parts[:-1]]
        text = "".join(ended + parts[-1:])
        open_ended = bool(self.text) and end == len(self.text) and not self.text.endswith("\n")
        return text.removesuffix("\n").removesuffix("\r") if open_ended else text

    def _is_inline(self, node: Node) -> bool:
        """Does the first entry stand behind something else, as behind a dash?"""
        return bool(node.was) and 0 < node.body == node.was[0].start and self.text[node.body - 1] != "\n"

    def _is_comment(self, line: str) -> bool:
        return bool(re.match(self.notation.comment, line.strip()))
