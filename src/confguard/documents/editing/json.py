"""How JSON is written, with and without comments."""

from __future__ import annotations

import json
import re
from typing import Any

from confguard.documents.editing.tree import Entry, Node, data_of, end_of
from confguard.documents.editing.weaving import Weaving
from confguard.documents.json import SCALAR, SPACE, STRING
from confguard.documents.jsonc import blank_comments

__all__ = ["JsonNotation"]

_INDENT = re.compile(r"[\[{][ \t\r]*\n([ \t]+)\S")


class JsonNotation(Weaving):
    """JSON. A new container has lines of its own where its siblings have."""

    comment = r"//[^\r\n]*|/\*.*?\*/"
    separator = ": "

    def tree(self) -> Node:
        """The spans of the text's values."""
        plain = blank_comments(self.text) if "//" in self.text or "/*" in self.text else self.text
        return self._node(plain, end_of(SPACE, plain, 0))

    def key(self, key: Any) -> str:
        """A key, quoted."""
        return json.dumps(key, ensure_ascii=self.escaped)

    def value(self, data: Any, old: str = "", indent: str | None = None) -> str:
        """A value; `\\u` escapes where the old one, or an ASCII file, has such."""
        ascii_only = self.escaped or ("\\u" in old and old.isascii())
        if indent is None or not isinstance(data, dict | list):
            return json.dumps(data, ensure_ascii=ascii_only)
        match = _INDENT.search(self.text)
        shown = json.dumps(data, ensure_ascii=ascii_only, indent=match.group(1) if match else "  ")
        return shown.replace("\n", self.newline + indent)

    def rewritten(self, node: Node, start: int, end: int) -> str:
        """A container in the place of a value has lines where its line stands alone."""
        line = self.text[self.text.rfind("\n", 0, node.start) + 1 : start]
        indent = line if not line.strip() and "\n" in self.text[:start] else None
        text = self.value(data_of(node), self.text[node.start : node.end], indent)
        return self.text[start : node.start] + text + self.text[node.end : end]

    def _node(self, text: str, at: int) -> Node:
        """The value at an offset of a valid text, with all that is inside."""
        close = {"{": "}", "[": "]"}.get(text[at])
        if close is None:
            return Node(at, end_of(STRING if text[at] == '"' else SCALAR, text, at))
        node = Node(at, at, "map" if close == "}" else "list")
        at = end_of(SPACE, text, at + 1)
        while text[at] != close:
            start, key, key_end = at, None, -1
            if close == "}":
                key_end = end_of(STRING, text, at)
                key = json.loads(text[at:key_end])
                at = end_of(SPACE, text, end_of(SPACE, text, key_end) + 1)
            value = self._node(text, at)
            node.entries.append(Entry(key, value, start, key_end))
            at = end_of(SPACE, text, value.end)
            if text[at] == ",":
                at = end_of(SPACE, text, at + 1)
        node.end = at + 1
        return node
