"""How formats of one setting a line are written: INI, `.env` and Java properties."""

from __future__ import annotations

import re
from typing import Any

from confguard.documents import ini, properties
from confguard.documents.editing.tree import Entry, Node, UnfitError, data_of, next_line
from confguard.documents.editing.weaving import Weaving
from confguard.documents.env import assignments, env_quoted
from confguard.documents.ini import is_ini_comment
from confguard.documents.properties import properties_escaped


class EnvNotation(Weaving):
    """`.env`: one table of texts."""

    comment = r"#[^\r\n]*"
    separator = "="

    def tree(self) -> Node:
        root = Node(0, len(self.text), "map", block=True, body=0)
        for (path, name, name_end, start, end), _ in assignments(self.text):
            line = self.text.rfind("\n", 0, name) + 1
            begin = line + len(self.text[line:name]) - len(self.text[line:name].lstrip())
            value = Node(start, end, after=start)
            if start == end:  # what follows an equals sign and a blank is a command to a shell
                equals = self.text.rindex("=", begin, start)
                spaced = self.text[equals - 1].isspace()
                at = start - self.text.startswith("#", start) if spaced else equals + 1
                value = Node(at, at, after=at)
            root.entries.append(Entry(path[0], value, begin, name_end))
        return root

    def key(self, key: Any) -> str:
        return _as_text(key, "a .env file has only texts as names")

    def value(self, data: Any, old: str = "", indent: str | None = None) -> str:
        """A value in quotes where it needs them, in those of the old one where it had some.

        Where the old one was expanded by who reads it (`$HOST`), the new one is, too.
        """
        text = _as_text(data, "a .env file holds texts: no tables, lists or null")
        if "$" not in text or old.startswith("'") or not _ENV_EXPANDED.search(old):
            return env_quoted(text, old[:1]).replace("\n", self.newline)
        if "\\$" in old:
            raise UnfitError(
                "cannot write it: of the old value one `$` is expanded and one is not; write it by hand"
            )
        return env_quoted(text, old[:1], expanded=True).replace("\n", self.newline)


_ENV_EXPANDED = re.compile(r"(?<!\\)\$[A-Za-z_{(]")


class PropertiesNotation(Weaving):
    """Java properties: one table of texts."""

    comment = r"[#!][^\r\n]*"
    separator = " = "

    def tree(self) -> Node:
        root = Node(0, len(self.text), "map", block=True, body=0)
        for path, start, key_end, value, end in properties.spots(self.text):
            root.entries.append(Entry(path[0], Node(value, end, after=key_end), start, key_end))
        return root

    def key(self, key: Any) -> str:
        """A key, with what would end it escaped."""
        text = _as_text(key, "a properties file has only texts as keys")
        return properties_escaped(text, " =:#!", ascii_only=self.text.isascii())

    def value(self, data: Any, old: str = "", indent: str | None = None) -> str:
        """A value, escaped; in an ASCII file with `\\u` escapes, since Java reads such files as Latin-1."""
        text = _as_text(data, "a properties file holds texts: no tables, lists or null")
        return properties_escaped(text, "", ascii_only=self.text.isascii())

    def rewritten(self, node: Node, start: int, end: int) -> str:
        """A key without a value gets what stands between; where that is blank, a sign of it is escaped."""
        text = super().rewritten(node, start, end)
        head, tail = text[: node.start - start], text[node.start - start :]
        if node.start == node.after and data_of(node):
            return f"{head} = {tail}"
        signed = not re.search("[=:]", self.text[node.after : node.start]) and tail.startswith(("=", ":"))
        return f"{head}\\{tail}" if signed else text


class IniNotation(Weaving):
    """INI: sections of texts. There are no comments behind values."""

    comment = r"[#;][^\r\n]*"
    separator = " = "

    def tree(self) -> Node:
        root = Node(0, len(self.text), "map", block=True, body=0)
        for (*above, name), start, key_end, value, end in ini.spots(self.text):
            if not above:
                lines = Node(start, end, "map", block=True, body=next_line(self.text, end), after=key_end)
                root.entries.append(Entry(name, lines, start, key_end))
                continue
            section = root.entries[-1].value
            section.indent = self.text[self.text.rfind("\n", 0, start) + 1 : start]
            section.end = end
            shown = Node(value, end, after=key_end, outer=section.indent)
            section.entries.append(Entry(name, shown, start, key_end))
        return root

    def key(self, key: Any) -> str:
        return _as_text(key, "an INI file has only texts as keys")

    def value(self, data: Any, old: str = "", indent: str | None = None) -> str:
        """A value, its further lines moved in; those of the old one that say the same stay."""
        first, *lines = _as_text(data, "an INI value is a text").split("\n")
        if any(line != line.strip() or "\r" in line for line in [first, *lines]):
            raise UnfitError("cannot write it: an INI value has no blanks around its lines")
        if any(map(is_ini_comment, lines)):
            raise UnfitError("cannot write it: a line of an INI value would be a comment")
        below = _continuing(old.split("\n")[1:], lines, (indent or "") + "  ")
        return self.newline.join([first, *below])

    def row(self, parent: Node, entry: Entry) -> str:
        """A section with its lines, or a line; a key may stand without a value."""
        data = data_of(entry.value)
        if parent.body:
            bare = f"{parent.indent}{self.key(entry.key)}{self.newline}"
            if data is None:
                return bare
            shown = self.value(data, "", parent.indent)
            return f"{parent.indent}{self.key(entry.key)}{self.separator_in(parent)}{shown}{self.newline}"
        if not isinstance(data, dict):
            raise UnfitError("cannot write it: every INI key is in a section")
        lines = [f"[{self.key(entry.key)}]{self.newline}"]
        inner = Node(kind="map", block=True, body=1)
        return "".join(lines + [self.row(inner, line) for line in entry.value.entries])

    def spaced(self, node: Node) -> bool:
        """Sections are."""
        return node.body == 0

    def holds(self, parent: Node, lines: list[str], number: int) -> bool:
        """Comments right below a section's last line belong to it, if a blank line follows them."""
        above = all(line.strip() for line in lines[:number])
        return parent.body == 0 and above and not all(line.strip() for line in lines)

    def core(self, entry: Entry, end: int) -> str:
        """A section's name stands in brackets."""
        if entry.renamed and entry.value.block:
            return f"[{self.key(entry.key)}]" + self.emit(entry.value, entry.key_end, end)
        return super().core(entry, end)

    def rewritten(self, node: Node, start: int, end: int) -> str:
        """A key may have no value, and no sign between."""
        data, bare = data_of(node), node.start == node.after
        if node.block:
            return super().rewritten(node, start, end)
        old = self.text[node.start : node.end]
        if data is None:
            comments = self.newline.join(["", *_continuing(old.split("\n")[1:], [], "")])
            return self.text[start : node.after] + comments + self.text[node.end : end]
        shown = self.value(data, old, node.outer)
        between = self.separator if bare else self.text[node.after : node.start]
        blank = " " if not old and between[:1].isspace() and not between[-1].isspace() else ""
        return self.text[start : node.after] + between + blank + shown + self.text[node.end : end]


def _continuing(old: list[str], new: list[str], indent: str) -> list[str]:
    """The further lines of a value: what stays is as it was, and comments between stay."""
    from difflib import SequenceMatcher

    old = [line.rstrip("\r") for line in old]
    numbers = [number for number, line in enumerate(old) if not is_ini_comment(line)]
    moved = next((old[number] for number in numbers if old[number].strip()), None)
    indent = indent if moved is None else moved[: len(moved) - len(moved.lstrip())]
    lines: list[str] = []
    at = 0  # what stands before it in the old lines is seen to
    for op, first, last, start, stop in SequenceMatcher(
        None, [old[number].strip() for number in numbers], new, autojunk=False
    ).get_opcodes():
        end = numbers[last - 1] + 1 if last > first else at
        lines += [line for line in old[at:end] if op == "equal" or is_ini_comment(line)]
        lines += [indent + line if line else "" for line in new[start:stop] if op != "equal"]
        at = end
    return lines


def _as_text(value: Any, problem: str) -> str:
    if not isinstance(value, str):
        raise UnfitError(f"cannot write it: {problem}")
    return value
