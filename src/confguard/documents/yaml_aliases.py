"""YAML whose aliases and merge keys stay as they are written: what they lead to may change, and they do not."""

from __future__ import annotations

from functools import cache
from typing import Any

from confguard.documents.yaml import MERGE, TEXT, joined, safe_loader

_ALIAS = "\0alias "
"""What no text can begin with, since YAML allows no such character."""


def with_aliases(text: str) -> Any:
    r"""The data of a YAML text that parses, with each alias as the name that it is written with.

    None where two anchors have the same name, so that it does not tell where an alias leads.

    >>> with_aliases("a: &x 1\nb: {<<: *y, c: 2}\n")
    {'a': 1, 'b': {'<<': '\x00alias y', 'c': 2}}
    >>> with_aliases("a: &x 1\nb: &x 2\n")
    """
    loader = _loader()(text)
    documents = []
    while loader.check_node():
        documents.append(loader.construct_document(loader.get_node()))
    return None if loader.is_ambiguous else joined(documents)


@cache
def _loader() -> Any:
    import yaml

    base: Any = safe_loader(anchors_again=True)

    class AliasLoader(base):  # type: ignore[misc]
        """Takes each alias for a text."""

        def __init__(self, stream: str) -> None:
            super().__init__(stream)
            self.is_ambiguous = False
            self._names: set[str] = set()

        def compose_node(self, parent: Any, index: Any) -> Any:
            event: Any = self.peek_event()
            if isinstance(event, yaml.AliasEvent):
                self.get_event()
                return yaml.ScalarNode(TEXT, f"{_ALIAS}{event.anchor}")
            self.is_ambiguous |= event.anchor in self._names
            if event.anchor:
                self._names.add(event.anchor)
            return super().compose_node(parent, index)

        def flatten_mapping(self, node: Any) -> None:
            merged = [key for key, _ in node.value if key.tag == MERGE]
            for number, key in enumerate(merged):
                key.tag, key.value = TEXT, "<<" + f" {number + 1}" * (number > 0)
            super().flatten_mapping(node)

    return AliasLoader
