"""Weaving a container in brackets: entries with commas between, on one line or on several."""

from __future__ import annotations

import re
from collections.abc import Iterator

from attrs import define

from confguard.documents.editing.notation import Notation
from confguard.documents.editing.tree import Entry, Node, UnfitError


@define
class _Piece:
    """One entry's piece: `lead`, the entry, `post`, a comma, `tail`."""

    gap: str = ""
    """Comments above that stand apart."""
    lead: str = ""
    post: str = ""
    comma: bool = False
    tail: str = ""


@define
class _Frame:
    """What belongs to no entry: what stands behind the opening bracket, and before the closing one."""

    head: str
    foot: str


class Brackets:
    """Cuts containers in brackets into pieces, and makes them of pieces."""

    def __init__(self, notation: Notation) -> None:
        self.notation, self.text = notation, notation.text
        self.pieces: dict[Entry, _Piece] = {}
        self.frames: dict[Node, _Frame] = {}
        comment = notation.comment
        # Only what stands between values is read with it: what looks like a comment inside of a text is none.
        self._trivia = re.compile(rf"(?P<comment>{comment})|(?P<newline>\r?\n)|(?P<comma>,)|.", re.DOTALL)

    def split(self, node: Node) -> None:
        """Cut a container."""
        head, last = "", None
        at = node.start + 1
        for entry in node.was:
            lead = self.text[at : entry.start]
            if last:
                lead = self._behind(last, lead)
            else:
                head, lead = self._line(lead)
            self.pieces[entry] = _Piece(*self._gap(lead))
            at, last = entry.end, self.pieces[entry]
        foot = self.text[at : node.end - 1]
        if last:
            foot = self._behind(last, foot)
            if "\n" not in foot:
                stripped = foot.rstrip()
                last.tail += stripped
                foot = foot[len(stripped) :]
        self.frames[node] = _Frame(head, foot)

    def woven(self, node: Node) -> str:
        """The container as its entries are now, with its brackets."""
        frame = self.frames[node]
        opening, closing = self.text[node.start], self.text[node.end - 1]
        shown = [entry for entry in node.entries if entry.role != "inherited"]
        if not node.was or not shown:
            return opening + self._refilled(node, frame, shown) + closing
        numbers = {entry: number for number, entry in enumerate(node.was)}
        kept = {entry for entry in shown if entry in numbers}
        standing = {entry: self.pieces[entry].gap for entry in node.was}
        text, trivia, passed = "", frame.head, 0
        for count, entry in enumerate(shown):
            number = numbers.get(entry)
            lead = self._lead(node, number, first=not count) if number is not None else ""
            if number is None:
                lead = self._new_lead(node, entry, first=not count)
            else:
                for before in node.was[passed:number]:
                    if before not in kept:
                        trivia += standing.pop(before, "")
                trivia += standing.pop(entry, "")
                passed = max(passed, number)
            text += self._closed(trivia, lead, node) + lead + self._core(node, entry, lead)
            trivia = self._after(node, entry, last=entry is shown[-1])
        trivia += "".join(gap for entry, gap in standing.items() if entry not in kept)
        return opening + text + self._closed(trivia, frame.foot, node) + frame.foot + closing

    def has_comments(self, entry: Entry) -> bool:
        """Has an entry comments around or inside?"""
        piece = self.pieces.get(entry, _Piece())
        return any(map(self._comments, [piece.lead, piece.post, piece.tail, *self._inside(entry)]))

    def _inside(self, entry: Entry) -> Iterator[str]:
        """What stands inside of an entry and is neither a key nor a value."""
        value = entry.value
        if entry.key_end >= 0:
            yield self.text[entry.key_end : value.start]
        at = value.start + 1
        for inner in value.was:
            yield self.text[at : inner.start]
            yield from self._inside(inner)
            at = inner.end
        if value.kind != "leaf":
            yield self.text[at : value.end - 1]

    def _comments(self, trivia: str) -> list[re.Match[str]]:
        return [match for match in self._trivia.finditer(trivia) if match.lastgroup == "comment"]

    def _is_open(self, trivia: str) -> bool:
        """Does it end in a comment that only a line end closes?"""
        last = self._comments(trivia)[-1:]
        return any(match.end() == len(trivia) and not match.group().startswith("/*") for match in last)

    def _behind(self, piece: _Piece, text: str) -> str:
        """Give a piece what stands behind its entry in the line; the rest is left."""
        for match in self._trivia.finditer(text):
            if match.lastgroup == "comma":
                piece.comma, piece.post = True, text[: match.start()]
                text = text[match.end() :]
                break
        piece.tail, rest = self._line(text)
        return rest

    def _line(self, text: str) -> tuple[str, str]:
        """What stands before the first line end, and the rest; all is rest where there is none."""
        for match in self._trivia.finditer(text):
            if match.lastgroup == "newline":
                return text[: match.start()], text[match.start() :]
        return "", text

    def _gap(self, lead: str) -> tuple[str, str]:
        """Comments that a blank line sets apart, and the lead without them."""
        blank = list(re.finditer(r"\n[ \t\r]*(?=\r?\n)", lead))
        if not blank or not lead[: blank[-1].start()].strip():
            return "", lead
        return lead[: blank[-1].end()], lead[blank[-1].end() :]

    def _lead(self, node: Node, number: int, *, first: bool) -> str:
        """What stands before an entry of the text where it stands now."""
        lead = self.pieces[node.was[number]].lead
        if "\n" in lead:
            return lead
        for at in range(number - 1, -1, -1):  # whose line this was, if it is gone
            before = node.was[at]
            if not before.gone:
                break
            if "\n" in self.pieces[before].lead:
                return _space(self.pieces[before].lead) + lead.lstrip()
        if first:
            return _space(self.pieces[node.was[0]].lead) + lead.lstrip()
        return lead if number else self._next_lead(node) + lead.lstrip()

    def _new_lead(self, node: Node, entry: Entry, *, first: bool) -> str:
        if entry in self.pieces:  # it comes from another container
            lead = self.pieces[entry].lead
            comments = lead.strip()
            space = _space(self.pieces[node.was[0]].lead) if first else self._next_lead(node)
            return space + (comments + (space if "\n" in space + lead else " ") if comments else "")
        return _space(self.pieces[node.was[0]].lead) if first else self._next_lead(node)

    def _next_lead(self, node: Node) -> str:
        """What stands before an entry that is not the first, where nothing else tells."""
        last = self.pieces[node.was[-1]].lead
        if "\n" in last or len(node.was) > 1:
            return _space(last)
        dense = node.kind == "map" and not self.notation.separator_in(node)[-1:].isspace()
        return "" if dense else " "

    def _core(self, node: Node, entry: Entry, lead: str) -> str:
        if entry.start >= 0 and entry in self.pieces:
            return self.notation.core(entry, entry.end)
        if entry.start >= 0 and self.text[entry.value.start : entry.end].find("\n") >= 0:
            raise UnfitError("it cannot be moved into brackets", entry.start)
        return self.notation.member(node, entry, lead.rpartition("\n")[2] if "\n" in lead else None)

    def _after(self, node: Node, entry: Entry, *, last: bool) -> str:
        """The comma, if there is to be one, and what stands behind it."""
        piece = self.pieces.get(entry) or _Piece()
        wanted = not last or self.pieces[node.was[-1]].comma
        if wanted == piece.comma:
            return f"{piece.post},{piece.tail}" if wanted else piece.tail
        if wanted:
            closed = piece.tail.endswith("*/") and not self._is_open(piece.tail)
            return f"{piece.tail}," if closed else f",{piece.tail}"
        return piece.post.rstrip() + piece.tail

    def _closed(self, trivia: str, following: str, node: Node) -> str:
        """What stands between values, with more to follow: a comment that only a line end closes gets one."""
        if not self._is_open(trivia) or following.lstrip(" \t\r").startswith("\n"):
            return trivia
        return trivia + self.notation.newline + self._indent(node)

    def _refilled(self, node: Node, frame: _Frame, shown: list[Entry]) -> str:
        """What stands in brackets that were empty, or are now."""
        gaps = [self.pieces[entry].gap for entry in node.was]
        standing = (frame.head + "".join(gaps) + frame.foot).rstrip()
        closing = self.notation.newline + self._indent(node) if "\n" in frame.foot else ""
        if not shown:
            return self._closed(standing, closing, node) + closing if standing.strip() else ""
        lead = self._unit(node, standing) if closing else " "
        entries = [self._carried(node, entry, lead) for entry in shown]
        if not standing.strip():
            return ", ".join(entries)
        joined = f",{lead}".join(entries)
        return self._closed(standing, lead, node) + lead + joined + closing

    def _carried(self, node: Node, entry: Entry, lead: str) -> str:
        """An entry in brackets that were empty, with comments that it brings along."""
        piece = self.pieces.get(entry) or _Piece()
        above, behind = piece.lead.strip(), (piece.post + piece.tail).strip()
        if not all(comment.group().startswith("/*") for comment in self._comments(f"{above} {behind}")):
            raise UnfitError("it has comments that cannot be moved with it", entry.start)
        return " ".join(part for part in (above, self._core(node, entry, lead), behind) if part)

    def _unit(self, node: Node, standing: str) -> str:
        """A new line, moved in as comments that stand alone are."""
        _, on_lines, line = standing.rpartition("\n")
        space = line[: len(line) - len(line.lstrip())] if on_lines else self._indent(node) + "  "
        return self.notation.newline + space

    def _indent(self, node: Node) -> str:
        """The white space that the line of a container begins with."""
        line = self.text[self.text.rfind("\n", 0, node.start) + 1 : node.start]
        return line[: len(line) - len(line.lstrip())]


def _space(lead: str) -> str:
    """The last line end and the indentation behind it, or the blanks of a lead in the line."""
    if "\n" in lead:
        match = re.search(r"\r?\n[ \t]*\Z", lead) or re.search(r"\r?\n[ \t]*", lead)
        return match.group() if match else "\n"
    return lead[: len(lead) - len(lead.lstrip())]
