"""YAML 1.1, read by PyYAML's safe loader (the C one where it is built), as users' services read it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from confguard.documents.bounds import check_yaml_depth
from confguard.documents.interface import LineIndex, ParseError, Place, Places, Position

if TYPE_CHECKING:
    from confguard.paths import Path

__all__ = ["YamlFormat"]

_MERGE = "tag:yaml.org,2002:merge"
_TEXT = "tag:yaml.org,2002:str"


class YamlFormat:
    """YAML: one document is its data; several are a list of them; none is an empty mapping."""

    name = "yaml"
    suffixes = (".yaml", ".yml")

    def parse(self, text: str) -> Any:
        """The text's data."""
        import yaml

        loader = _loader()
        try:
            check_yaml_depth(text, lambda: yaml.parse(text, Loader=loader))
            documents = list(yaml.load_all(text, Loader=loader))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise ParseError(_message(error), *_line_and_column(mark)) from error
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            raise ParseError(f"character #x{error.character:04x} is not allowed here", line) from error
        except yaml.YAMLError as error:
            raise ParseError(str(error)) from error
        except (
            ValueError,
            OverflowError,
        ) as error:  # 2001-02-30, or digits beyond what Python converts
            raise ParseError(str(error)) from error
        return _joined(documents)

    def places(self, text: str) -> Places:
        """Where each path stands."""
        import yaml

        places: Places = {}
        nodes = list(yaml.compose_all(text, Loader=_loader()))
        constructor = yaml.constructor.SafeConstructor()
        kept = [node for node in nodes if not _blank(node)]
        index = LineIndex(text)  # marks count other line breaks, too: U+2028 is none to an editor
        for number, node in enumerate(kept):
            _walk(node, (number,) if len(kept) > 1 else (), places, constructor, index)
        return places


def _joined(documents: list[Any]) -> Any:
    kept = [document for document in documents if document is not None]
    if len(kept) > 1:
        return kept
    return kept[0] if kept else {}


def _blank(node: Any) -> bool:
    return node is None or node.tag == "tag:yaml.org,2002:null"


@cache
def _loader() -> Any:
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class UniqueKeyLoader(base):  # type: ignore[misc]
        """The safe loader, except that a key may not stand twice in one mapping."""

        def __init__(self, stream: str) -> None:
            super().__init__(stream)
            self._checked: set[int] = set()

        def flatten_mapping(self, node: Any) -> None:
            # Merge keys are written into the node here, and may then rightly be given again.
            if id(node) not in self._checked:
                self._checked.add(id(node))
                self._refuse_duplicates(node)
            super().flatten_mapping(node)

        def _refuse_duplicates(self, node: Any) -> None:
            seen: dict[Any, Any] = {}
            for key_node, _ in node.value:
                if key_node.tag == _MERGE:
                    continue
                key = key_node.value if key_node.tag == _TEXT else self.construct_object(key_node, deep=True)
                try:
                    first = seen.setdefault(key, key_node.start_mark)
                except TypeError:
                    continue  # not hashable: the loader says so itself
                if first is not key_node.start_mark:
                    raise yaml.constructor.ConstructorError(
                        None,
                        None,
                        f"key {key!r} stands twice in one mapping, as on line {first.line + 1}",
                        key_node.start_mark,
                    )

    return UniqueKeyLoader


def _message(error: Any) -> str:
    if error.problem and "could not determine a constructor" in error.problem:
        return f"a tag that asks for code or an unknown type is refused: {error.problem.split()[-1]}"
    return ", ".join(part for part in (error.context, error.problem) if part)


def _line_and_column(mark: Any) -> tuple[int | None, int | None]:
    return (mark.line + 1, mark.column + 1) if mark else (None, None)


def _walk(node: Any, path: Path, places: Places, constructor: Any, index: LineIndex) -> None:
    if node.id == "mapping":
        for key_node, value_node, key in _pairs(node, constructor):
            inner = (*path, key)
            if inner not in places:
                places[inner] = Place(_position(key_node, index), _position(value_node, index))
                _walk(value_node, inner, places, constructor, index)
    elif node.id == "sequence":
        for number, child in enumerate(node.value):
            inner = (*path, number)
            places[inner] = Place(_position(child, index), _position(child, index))
            _walk(child, inner, places, constructor, index)


def _pairs(node: Any, constructor: Any) -> Iterator[tuple[Any, Any, Any]]:
    """A mapping's own pairs first, then those that merge keys bring."""
    merged: list[Any] = []
    for key_node, value_node in node.value:
        if key_node.tag == _MERGE:
            merged += value_node.value if value_node.id == "sequence" else [value_node]
        else:
            yield key_node, value_node, constructor.construct_object(key_node, deep=True)
    for source in merged:
        if source.id == "mapping":
            yield from _pairs(source, constructor)


def _position(node: Any, index: LineIndex) -> Position:
    return index.position(node.start_mark.index)
