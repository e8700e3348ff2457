"""How JSON is written, with or without comments."""

from __future__ import annotations

import json
import re
from typing import Any

from confguard.documents.editing.tree import Node, data_of, grow, spanned
from confguard.documents.editing.weaving import Weaving
from confguard.documents.json import blank_comments, spots

_INDENT = re.compile(r"[\[{][ \t\r]*\n([ \t]+)\S")


class JsonNotation(Weaving):
    """JSON. A new container has lines of its own where its siblings have."""

    comment = r"//[^\r\n]*|/\*.*?\*/"
    separator = ": "

    def tree(self) -> Node:
        plain = blank_comments(self.text) if "//" in self.text or "/*" in self.text else self.text
        whole = plain.strip()
        root = spanned(plain, plain.index(whole), plain.index(whole) + len(whole))
        grow(root, plain, spots(plain))
        return root

    def key(self, key: Any) -> str:
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
