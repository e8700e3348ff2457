"""Where the values of a YAML text stand: the parser's events made into a tree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from confguard.documents.editing.tree import Entry, Node, next_line
from confguard.documents.editing.yaml_values import margin_of

_PROPERTIES = re.compile(r"(?:[&!]\S*[ \t]*)+")
_COLON = re.compile(r"[ \t]*:")
_EXPLICIT = re.compile(r"(?:\s|#[^\n]*)*:")
_LAST_BREAK = re.compile(r"\r?\n[ \t]*\Z")
_NULL = "tag:yaml.org,2002:null"
_UNUSUAL = "it has keys that are more than a word"


class YamlSpans:
    """Reads events: they tell where aliases stand, which composed nodes don't."""

    def __init__(self, text: str) -> None:
        import yaml

        self.text = text
        self.events: Iterator[Any] = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self.loader = yaml.SafeLoader("")
        self.scalar = yaml.ScalarNode
        self.event: Any = None
        self.step: str | None = None
        """How far a table is moved in from its key."""
        self.dash: str | None = None
        """How far a list is."""
        self._advance()

    def documents(self) -> Iterator[Entry]:
        """Each document that is not empty."""
        self._advance()
        before = 0
        while not self._is("StreamEnd"):
            start = self._advance()
            opening = start.end_mark.index if start.explicit else before
            blank = self._is("Scalar") and self._tag(self.event) == _NULL
            node = self._node(-1, None if self._in_line(opening) else "")
            if node.block:
                node.body = next_line(self.text, opening) if start.explicit or before else 0
            before = self._advance().end_mark.index
            if not blank:
                yield Entry(None, node, start.start_mark.index if start.explicit else opening)
        self.step, self.dash = self.step or "  ", self.dash or ""

    def _node(self, after: int, outer: str | None) -> Node:
        event = self._advance()
        name = type(event).__name__
        start, end = event.start_mark.index, event.end_mark.index
        node = Node(start, end, anchor=getattr(event, "anchor", None), after=after, outer=outer)
        if name == "AliasEvent":
            node.alias, node.anchor = event.anchor, None
            return node
        if event.anchor or event.tag:
            self._skip_properties(node, event)
        if name == "ScalarEvent":
            self._end_scalar(node, event)
        elif event.flow_style:
            self._flow(node, name == "MappingStartEvent")
        elif name == "MappingStartEvent":
            self._block_map(node)
        else:
            self._block_list(node)
        return node

    def _skip_properties(self, node: Node, event: Any) -> None:
        """A value begins behind its anchor and its tag, so that they stay; a standard tag goes with the value."""
        match = _PROPERTIES.match(self.text, node.start)
        ended = match.end() if match else node.start
        if type(event).__name__ == "ScalarEvent":
            ended = min(ended, node.end)
            kept = not (event.tag or "").startswith("tag:yaml.org")
            node.start = ended if kept else node.start
        else:
            node.start = ended
        node.after = len(self.text[:ended].rstrip(" \t")) if ended else node.after

    def _end_scalar(self, node: Node, event: Any) -> None:
        if event.style in {"|", ">"}:
            keep = "+" in self.text[node.start : node.start + 3]
            margin = margin_of(self.text[node.start : node.end], node.outer or "") or 0
            ending = _LAST_BREAK if keep else re.compile(rf"(?:\r?\n {{0,{margin}}})+\Z")
            match = ending.search(self.text, node.start, node.end)
            node.end = match.start() if match else node.end
        elif node.start >= node.end and node.after > 0:
            node.start = node.end = node.after

    def _flow(self, node: Node, mapping: bool) -> None:
        node.start += len(self.text[node.start :][:200]) - len(self.text[node.start :][:200].lstrip())
        node.kind = "map" if mapping else "list"
        bare = self.text[node.start] not in "[{"  # `[a: 1]`: a mapping without brackets
        while not self._is("MappingEnd" if mapping else "SequenceEnd"):
            if mapping:
                self._pair(node, None)
            else:
                start = self.event.start_mark.index
                node.entries.append(Entry(None, self._node(-1, None), start))
        node.end = self._advance().end_mark.index
        if bare:
            node.kind, node.entries, node.end = "leaf", [], node.entries[-1].end

    def _block_map(self, node: Node) -> None:
        node.kind, node.block = "map", True
        asked = self._question(self.event)
        self._open(node, self.event.start_mark.index if asked is None else asked)
        while not self._is("MappingEnd"):
            self._pair(node, node.indent)
        self._advance()
        node.end = max(node.entries[-1].end, node.entries[-1].key_end)
        if node.outer is not None and node.after > 0 and self.text[node.after - 1] != "-":
            self.step = self.step or " " * (len(node.indent) - len(node.outer))

    def _block_list(self, node: Node) -> None:
        node.kind, node.block = "list", True
        self._open(node, self.text.index("-", node.start) if self.text[node.start] != "-" else node.start)
        dash = re.compile(rf"^{node.indent}-(?=\s)", re.MULTILINE)
        start = node.start
        while not self._is("SequenceEnd"):
            if node.entries:
                match = dash.search(self.text, node.entries[-1].end)
                start = match.end() - 1 if match else start
            node.entries.append(Entry(None, self._node(start + 1, node.indent), start))
        self._advance()
        node.end = node.entries[-1].end
        if node.outer is not None and self.text[node.after - 1] != "-" and self.dash is None:
            self.dash = " " * (len(node.indent) - len(node.outer))

    def _open(self, node: Node, start: int) -> None:
        """Where the first entry of a block stands, and how far it is moved in."""
        node.start = start
        node.indent = " " * (start - self.text.rfind("\n", 0, start) - 1)
        broken = "\n" in self.text[max(node.after, 0) : start]
        node.body = next_line(self.text, node.after) if broken else start

    def _pair(self, node: Node, outer: str | None) -> None:
        event = self.event
        start, key_end, key = event.start_mark.index, event.end_mark.index, None
        if type(event).__name__ == "ScalarEvent":
            self._advance()
            key = self._key(event)
        else:
            key_end = self._node(-1, None).end
            node.rigid = _UNUSUAL
        asked = self._question(event)
        start = start if asked is None else asked
        match = (_COLON if asked is None else _EXPLICIT).match(self.text, key_end)
        value = self._node(match.end() if match else key_end, outer)
        merge = key == "<<" and not event.style
        node.entries.append(Entry(key, value, start, key_end, "merge" if merge else "own"))

    def _question(self, event: Any) -> int | None:
        """Where the question mark of a key stands that has one."""
        at = event.start_mark.index
        before = self.text[max(0, at - 200) : at].rstrip(" ")
        asks = before.endswith("?") and getattr(event, "style", None) not in {"|", ">"}
        if not asks or before[-2:-1] not in {"", " ", "\n", "-", "{", "[", ","}:
            return None
        return int(self.text.rindex("?", 0, at))

    def _key(self, event: Any) -> Any:
        tag = self._tag(event)
        if tag == "tag:yaml.org,2002:str":
            return event.value
        try:
            return self.loader.construct_object(self.scalar(tag, event.value))
        except Exception:  # noqa: BLE001 - the reader has its own idea of it, or none: then the keys don't agree
            return event.value

    def _tag(self, event: Any) -> str:
        if event.tag or event.style or not event.implicit[0]:
            return event.tag or "tag:yaml.org,2002:str"
        tag: str = self.loader.resolve(  # type: ignore[no-untyped-call]
            self.scalar, event.value, (True, False)
        )
        return tag

    def _is(self, name: str) -> bool:
        return type(self.event).__name__ == f"{name}Event"

    def _advance(self) -> Any:
        event, self.event = self.event, next(self.events, None)
        return event

    def _in_line(self, opening: int) -> bool:
        """Does a document's value stand on the line of its `---`?"""
        between = self.text[opening : self.event.start_mark.index]
        return opening > 0 and "\n" not in between
