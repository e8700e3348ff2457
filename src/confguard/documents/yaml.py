"""YAML 1.1, read by PyYAML's safe loader (the C one where it is built), as users' services read it."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from confguard.documents.bounds import MAX_INTEGER_BITS, TOO_LARGE, check_yaml_depth
from confguard.documents.interface import Format, LineIndex, ParseError, Places, Spot, places_of, twice
from confguard.documents.reading import is_named, naming_tags
from confguard.values import Documents

if TYPE_CHECKING:
    from confguard.paths import Path

_YAML = "tag:yaml.org,2002:"
MERGE, TEXT, _NULL = f"{_YAML}merge", f"{_YAML}str", f"{_YAML}null"
"""Tags that nodes carry."""


class YamlFormat(Format):
    """YAML: one document is its data; several are `Documents`, a list of them; none is an empty mapping."""

    name = "yaml"
    notation = "confguard.documents.editing.yaml:YamlNotation"

    def parse(self, text: str) -> Any:
        import yaml

        try:
            check_yaml_depth(text, lambda: yaml.parse(text, Loader=safe_loader()))
            loader, nodes = _composed(text)
            if "*" in text:
                visited: set[int] = set()
                for node in nodes:
                    _refuse_cycles(node, set(), visited)
            return joined([loader.construct_document(node) for node in nodes])
        except yaml.MarkedYAMLError as error:
            raise _placed_error(error, text) from error
        except _RefusedError as error:
            raise error.placed(text) from error
        except yaml.reader.ReaderError as error:
            match = yaml.reader.Reader.NON_PRINTABLE.search(text)
            problem = f"character #x{error.character:04x} is not allowed here"
            raise ParseError.at(text, match.start() if match else 0, problem) from error
        except yaml.YAMLError as error:
            raise ParseError(str(error), 1, 1) from error

    def places(self, text: str) -> Places:
        with naming_tags(["*"]):  # the text is known to parse: its tags were named
            loader, nodes = _composed(text)
            kept = [node for node in nodes if node.tag != _NULL]
            spots: list[Spot] = []
            for number, node in enumerate(kept):
                path: Path = (number,) if len(kept) > 1 else ()
                spots += [_spot(path, node, node)] * len(path)
                spots += _spots(node, path, loader)
        return places_of(text, spots)

    def write(self, data: Any) -> str:
        import yaml

        several = isinstance(data, Documents)
        text: str = yaml.dump_all(
            data if several else [data],
            Dumper=text_dumper(),
            sort_keys=False,
            allow_unicode=True,
            explicit_start=several,
        )
        return text


def _composed(text: str) -> tuple[Any, list[Any]]:
    """The nodes of all documents, and the loader that makes data of them."""
    import yaml

    try:
        return _nodes(safe_loader(), text)
    except yaml.composer.ComposerError as error:
        if "duplicate anchor" not in f"{error.context} {error.problem}":
            raise
        return _nodes(safe_loader(anchors_again=True), text)


def _nodes(kind: Any, text: str) -> tuple[Any, list[Any]]:
    loader, nodes = kind(text), []
    while loader.check_node():
        nodes.append(loader.get_node())
    return loader, nodes


def _refuse_cycles(node: Any, inside: set[int], visited: set[int]) -> None:
    """Refuse an alias of what it stands in. What several aliases share is looked at once."""
    if id(node) in inside:
        raise _RefusedError("an alias refers to the value that holds it", node)
    if node.id != "scalar" and id(node) not in visited:
        visited.add(id(node))
        inside.add(id(node))
        for child in node.value if node.id == "sequence" else itertools.chain.from_iterable(node.value):
            _refuse_cycles(child, inside, visited)
        inside.discard(id(node))


def joined(documents: list[Any]) -> Any:
    """The data of a file of these documents."""
    kept = [document for document in documents if document is not None]
    if len(kept) > 1:
        return Documents(kept)
    return kept[0] if kept else {}


@cache
def safe_loader(*, anchors_again: bool = False) -> Any:
    """The loader; a slower one for texts in which an anchor's name is used again, which libyaml refuses."""
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
            keys: dict[Any, Any] = {}
            for key_node, _ in node.value:
                if key_node.tag == MERGE:
                    continue
                key = key_node.value if key_node.tag == TEXT else self.construct_object(key_node, deep=True)
                if key != key:
                    raise _RefusedError("a key is not a number (.nan), and equal to nothing", key_node)
                try:
                    first = keys.setdefault(key, key_node)
                except TypeError:
                    raise _RefusedError(
                        "a key is a list or a mapping: such keys are not read", key_node
                    ) from None
                if first is not key_node:
                    raise _DuplicateKeyError(key, first, key_node)

    class AnchorsAgainLoader(yaml.composer.Composer, UniqueKeyLoader):
        """Composes in Python, and lets the name of an anchor be used again, as YAML does: the last one counts."""

        def __init__(self, stream: str) -> None:
            UniqueKeyLoader.__init__(self, stream)
            yaml.composer.Composer.__init__(self)

        def compose_node(self, parent: Any, index: Any) -> Any:
            event: Any = self.peek_event()
            if not isinstance(event, yaml.AliasEvent):
                self.anchors.pop(event.anchor, None)
            return super().compose_node(parent, index)

    _teach(UniqueKeyLoader, base)
    return AnchorsAgainLoader if anchors_again else UniqueKeyLoader


def _teach(loader: Any, base: Any) -> None:
    """Say how values are made of nodes."""
    for name in ("int", "float", "bool", "timestamp"):
        loader.add_constructor(_YAML + name, _careful(base.yaml_constructors[_YAML + name], name))
    loader.add_constructor(f"{_YAML}value", base.construct_scalar)  # a bare `=`
    # As what they are written as: no later step needs to know of sets and pairs.
    loader.add_constructor(f"{_YAML}set", base.construct_yaml_map)
    for name in ("omap", "pairs"):
        loader.add_constructor(_YAML + name, base.construct_yaml_seq)
    loader.add_constructor(None, _untagged)


_MOST_DIGITS = 15_000
"""Longer numbers are refused before they are converted, which takes a time that grows with the square."""
_NO_SUCH = {
    "int": "no whole number",
    "float": "no number",
    "bool": "neither true nor false",
    "timestamp": "no date or time that exists",
}


def _careful(make: Callable[[Any, Any], Any], name: str) -> Callable[[Any, Any], Any]:
    """A constructor of scalars that tells the place of whatever is wrong."""

    def constructor(loader: Any, node: Any) -> Any:
        if len(node.value) > _MOST_DIGITS:
            raise _RefusedError(TOO_LARGE, node)
        try:
            value = make(loader, node)
        except (ValueError, OverflowError, LookupError, AttributeError) as error:
            problem = TOO_LARGE if len(node.value) > 1_000 else _NO_SUCH[name]
            raise _RefusedError(problem, node, "put quotes around it where a text is meant") from error
        if type(value) is int and value.bit_length() > MAX_INTEGER_BITS:
            raise _RefusedError(TOO_LARGE, node)
        return value

    return constructor


def _untagged(loader: Any, node: Any) -> Any:
    """What carries a tag that the project names, as if it did not; any other unknown tag is refused."""
    import yaml

    if not is_named(node.tag):
        raise _UnknownTagError(node)
    if node.id == "scalar":
        tag = loader.resolve(yaml.ScalarNode, node.value, (not node.style, bool(node.style)))
    else:
        tag = _YAML + {"mapping": "map", "sequence": "seq"}[node.id]
    return loader.yaml_constructors[tag](loader, node)


class _RefusedError(Exception):
    """What YAML allows and confguard does not read, or what has no value."""

    def __init__(self, problem: str, node: Any, hint: str | None = None) -> None:
        self.problem, self.node, self.hint = problem, node, hint

    def placed(self, text: str) -> ParseError:
        """The error at its place in the text."""
        return ParseError.at(text, self.node.start_mark.index, self.problem, self.hint)


class _DuplicateKeyError(_RefusedError):
    def __init__(self, key: Any, first: Any, again: Any) -> None:
        named = repr(key) if isinstance(key, str) else again.value or "null"  # as the file has it: `yes`, `~`
        super().__init__(f"key {named}", again)
        self.first = first

    def placed(self, text: str) -> ParseError:
        first, again = (node.start_mark.index for node in (self.first, self.node))
        if self.first.tag == self.node.tag:
            return twice(text, self.problem, first, again, " in one mapping")
        line, column = LineIndex(text).position(first)
        equal = f"keys {self.first.value} and {self.node.value} are equal to Python, and one mapping cannot hold both"
        message = f"{equal}: the other is on line {line}, column {column}"
        return ParseError.at(text, again, message, "put quotes around one of them")


class _UnknownTagError(_RefusedError):
    def __init__(self, node: Any) -> None:
        known = node.tag.startswith(_YAML)
        shown = f"!!{node.tag.removeprefix(_YAML)}" if known else node.tag
        if _is_tag(shown, node):
            super().__init__(f"the tag {shown} is not known", node)
            self.hint = (
                "tags that ask for code or for types of one language are never read" if known else None
            )
        else:  # it is not shown: it may be a password
            super().__init__("begins with !, so that YAML reads it as a tag, which is not known", node)
            self.hint = "a text is to stand in quotes; a tag is named in `documents.tags`"

    def placed(self, text: str) -> ParseError:
        self.hint = self.hint or self._naming(text)
        return super().placed(text)

    def _naming(self, text: str) -> str:
        """The line that names all unknown tags of the text."""
        import yaml

        events: Iterator[Any] = yaml.parse(text, Loader=safe_loader())
        tags = {event.tag for event in events if getattr(event, "tag", None) and _is_tag(event.tag, event)}
        named = json.dumps(sorted(tag for tag in tags if not tag.startswith(_YAML) and tag != "!"))
        return (
            f"put `documents.tags = {named}` at the top of confguard.toml, and they are read as their plain values"
            f" (in Python: cg.read(path, tags={named}))"
        )


_TAG = re.compile(r"!?!?[A-Za-z]+[0-9]{0,2}([-_:./]+[A-Za-z]+[0-9]{0,2})*")
"""How tags are called: `!Ref`, `!Fn::Sub`, `!python/name:os.system`."""


def _is_tag(shown: str, node: Any) -> bool:
    """Is this one, and not a text that was to stand in quotes: is it called as tags are, and is there what it tags?"""
    tags_nothing = getattr(node, "value", None) == "" and not node.style
    return not tags_nothing and _TAG.fullmatch(shown) is not None


_HANDLE = re.compile(r"found undefined tag handle '.*'", re.DOTALL)


def _placed_error(error: Any, text: str) -> ParseError:
    mark = error.problem_mark or error.context_mark
    # PyYAML counts other line breaks, too, and columns of the parser's are those of an editor only through the index.
    message = ", ".join(part for part in (error.context, error.problem) if part)
    message = _HANDLE.sub(
        "found undefined tag handle", message
    )  # which is what somebody wrote without quotes
    return ParseError.at(text, min(mark.index, len(text)) if mark else 0, message)


def _spots(node: Any, path: Path, loader: Any) -> Iterator[Spot]:
    if node.id == "mapping":
        keys: set[Any] = set()
        for key_node, value_node, key in _pairs(node, loader):
            if key not in keys:
                keys.add(key)
                yield _spot((*path, key), key_node, value_node)
                yield from _spots(value_node, (*path, key), loader)
    elif node.id == "sequence":
        for number, child in enumerate(node.value):
            yield _spot((*path, number), child, child)
            yield from _spots(child, (*path, number), loader)


def _spot(path: Path, key: Any, value: Any) -> Spot:
    # Of a mark only the offset counts: PyYAML counts other line breaks, too, as U+2028, which is none to an editor.
    start, end = key.start_mark.index, value.end_mark.index
    return Spot(path, start, key.end_mark.index, value.start_mark.index, end)


def _pairs(node: Any, loader: Any) -> Iterator[tuple[Any, Any, Any]]:
    """A mapping's own pairs first, then those that merge keys bring."""
    merged: list[Any] = []
    for key_node, value_node in node.value:
        if key_node.tag == MERGE:
            merged += value_node.value if value_node.id == "sequence" else [value_node]
        else:
            yield key_node, value_node, loader.construct_object(key_node, deep=True)
    for source in merged:
        if source.id == "mapping":
            yield from _pairs(source, loader)


_AMBIGUOUS = re.compile(
    r"""(?:
    | ~ | = | << | null | y | n | yes | no | on | off | true | false
    | [-+]? \.inf | \.nan
    | [-+]? 0 (?: b[01_]+ | o?[0-9_]+ | x[0-9a-f_]+ )
    | [-+]? [0-9][0-9_,]* (?: : [0-5]?[0-9] )+ (?: \.[0-9_]* )?
    | [-+]? (?: [0-9][0-9_,]* (?: \.[0-9_]* )? | \.[0-9_]+ ) (?: e[-+]?[0-9]+ )?
    | [0-9]{4} - [0-9]{1,2} - [0-9]{1,2} (?: (?: t | [ \t]+ ) [0-9] .* )?
    )""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
"""What some reader takes for null, a truth value, a number, a time or a sign: YAML's types of 1.1 and 1.2 in one, with
what go-yaml, ruamel.yaml, SnakeYAML and Psych add to them."""


def is_ambiguous(text: str) -> bool:
    """Would some reader of YAML take a text without quotes for something else?

    >>> [word for word in ["on", "1e3", "0o17", "12:30", "1.2.3", "v1", "8080:80"] if is_ambiguous(word)]
    ['on', '1e3', '0o17', '12:30']
    """
    return bool(_AMBIGUOUS.fullmatch(text))


@cache
def text_dumper() -> Any:
    """PyYAML's safe dumper, save that ambiguous texts are quoted."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """The safe dumper; texts that some reader takes for something else are quoted."""

    def text(dumper: Any, data: str) -> Any:
        style = dumper.default_style or ("'" if is_ambiguous(data) else None)
        return dumper.represent_scalar(TEXT, data, style)

    Dumper.add_representer(str, text)
    return Dumper
