"""The edits of a change: every setting that changed, whatever the diff made of it, and what stands within a value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import attrs
from attrs import field, frozen

from confguard.diffs.changes import Change
from confguard.diffs.effects import amounts, ratio
from confguard.diffs.engine import diff
from confguard.fields import FieldType, Secret
from confguard.paths import Key, Path
from confguard.risk.names import name_of, words_of, words_on_path
from confguard.risk.rules.roles import roles_of
from confguard.schema.guarded import opaque
from confguard.schema.shape import Shape
from confguard.texts import spelling, word_set

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ "
_FLAG = re.compile(r"--?([A-Za-z][\w.-]*)(?:[= ](.*))?", re.DOTALL)
_DIRECTIVE = re.compile(r"^\s*([A-Za-z_][\w.-]*)[ \t]*[ \t=:][ \t]*(\S.*?)[ \t;{]*$")
_AMOUNT = re.compile(r"(?<![\w.-])([A-Za-z_][\w.-]{0,60})[ =](\d[\w./%]{0,30})")
_NAME = re.compile(r"[A-Za-z_][\w./-]*")
_COMPARED = re.compile(r"([<>]=?\s*)(\d+(?:\.\d+)?)(?![\w.])")
_RATE = re.compile(r"(\d{1,9})r/([sm])")  # as nginx writes it
_HEAP = re.compile(r"-(Xmx|Xms)(\d+[kKmMgG])")
_PROSE = word_set("description message summary title comment help note text body")
_LONGEST_LINE = 2_000
_LONGEST = 500_000


@frozen(slots=False)
class Edit:
    """One setting that changed: a leaf, or a whole container that came or went.

    `before` is None for what is new, `after` for what is gone. A secret is a `Secret`, which a rule
    that has to can `reveal`; what it says is shown without it.
    """

    path: Path
    before: Any
    after: Any
    change: Change = field(repr=False, eq=False)
    inner: bool = field(default=False, repr=False, eq=False)
    """Does it stand within a text, so that it is not a setting of the file itself?"""

    @cached_property
    def name(self) -> str:
        """The setting's name."""
        return name_of(self.path)

    @cached_property
    def texts(self) -> tuple[str, str]:
        """Both values, where both are texts; two blank ones otherwise."""
        both = isinstance(self.before, str) and isinstance(self.after, str)
        return (self.before, self.after) if both else ("", "")

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of the setting's name."""
        return words_of(self.name)

    @cached_property
    def roles(self) -> frozenset[str]:
        """What the setting is for."""
        return roles_of(self.path)

    @cached_property
    def trail(self) -> frozenset[str]:
        """The words of every name on the path."""
        return words_on_path(self.path)

    @cached_property
    def ratio(self) -> float | None:
        """How many times the old amount the new one is, as the schema reads both."""
        shape = self.shape.of(self.after)
        before, after = shape.meaning(self.before), shape.meaning(self.after)
        return None if _only_its_unit(before, after) else ratio(before, after)

    @cached_property
    def amounts_before(self) -> dict[str, float]:
        """What the old value may amount to, as the schema reads it."""
        return amounts(self.shape.meaning(self.before))

    @cached_property
    def amounts_after(self) -> dict[str, float]:
        """What the new value may amount to, as the schema reads it."""
        return amounts(self.shape.meaning(self.after))

    @cached_property
    def shape(self) -> Shape:
        """What the schema says of this setting."""
        return self.change.shape.at(self.path[len(self.change.path) :])

    @property
    def added(self) -> bool:
        """Was it not there before?"""
        return self.change.op == "add"

    @property
    def removed(self) -> bool:
        """Is it gone?"""
        return self.change.op == "remove"


def sized(edit: Edit) -> str:
    """`from 64 to 4`: an edit's amounts, for messages. Only for values that are amounts."""
    return f"from {edit.before} to {edit.after}"


def edits_of(changes: Iterable[Change], shape: Shape) -> Iterator[Edit]:
    """Every setting that changed: what a schema gives by default counts, and what stands within a value."""
    for change in changes:
        if "openAPIV3Schema" in change.path:  # says what others may hold, and sets nothing
            continue
        for judged in _judged(change):
            yield from _within(_from_default(judged, shape))
        for inner in changes_within(change):
            yield from _within(inner, inner=True)


def _judged(change: Change) -> Iterator[Change]:
    """What rules look at: a setting that went elsewhere is gone from one place, and new in another."""
    if change.op != "move":
        yield change
    elif change.origin and isinstance(change.path[-1], str):
        yield attrs.evolve(change, op="remove", path=change.origin, after=None, origin=None)
        yield attrs.evolve(change, op="add", before=None, origin=None)


def _from_default(change: Change, shape: Shape) -> Change:
    """A setting that is written out for the first time replaces its default; one that is taken out, restores it."""
    default = shape.at(change.path).default
    if isinstance(default, FieldType) and not isinstance(default, Secret | int | float):
        default = str(default)
    if change.op not in {"add", "remove"} or not isinstance(default, str | int | float):
        return change
    if change.op == "add":
        return attrs.evolve(change, op="replace", before=default)
    return attrs.evolve(change, op="replace", after=default)


def _within(change: Change, *, inner: bool = False) -> Iterator[Edit]:
    before, after = opaque(change.before), opaque(change.after)
    yield Edit(change.path, before, after, change, inner)
    if isinstance(before, dict | list):
        yield from (Edit(path, value, None, change, inner) for path, value in leaves(before, change.path))
    if isinstance(after, dict | list):
        yield from (Edit(path, None, value, change, inner) for path, value in leaves(after, change.path))


def _only_its_unit(before: Any, after: Any) -> bool:
    """Is one the digits of the other with a unit, or the same time in thousandths: the same amount, written out?"""
    texts = str(before).strip(), str(after).strip()
    bare = next((text for text in texts if text.isdigit()), None)
    if bare is None or texts[0] == texts[1] or all(text.isdigit() for text in texts):
        return False
    if any(text.endswith("%") for text in texts):  # a number and a share of a number
        return True
    if {text.rstrip(_LETTERS) for text in texts} == {bare}:
        return True
    seconds = next(
        (found["s"] for text in texts if not text.isdigit() and (found := amounts(text)).get("s")), None
    )
    return seconds is not None and any(float(bare) == seconds * 1000**power for power in (1, 2, 3))


def changes_within(change: Change) -> Iterator[Change]:
    """The changes of settings that stand within the values of a change.

    >>> [(each.path, each.before, each.after) for each in changes_within(
    ...     Change("replace", ("args", 0), "--workers=8", "--workers=1"))]
    [(('args', 'workers'), 8, 1)]
    >>> [(each.path, each.before, each.after) for each in changes_within(
    ...     Change("replace", ("data", "app"), "pool: 64\\nx: 1\\n", "pool: 4\\nx: 1\\n"))]
    [(('data', 'app', 'pool'), 64, 4)]
    """
    path, before, after = change.path, opaque(change.before), opaque(change.after)
    if path and isinstance(path[-1], int) and any(map(_is_flag, (before, after))):
        yield from _flags(path[:-1], before, after)
    elif isinstance(before, str) and isinstance(after, str):
        yield from _within_text(path, before, after)
    elif len(path) > 1 and path[-1] == "value" and isinstance(path[-2], Key):
        named = next((str(value) for name, value in path[-2].fields if name == "path"), "")
        if named.startswith("/"):  # RFC 6902, and what kustomize and BOSH make of it
            yield attrs.evolve(change, path=(*path[:-2], *named.strip("/").split("/")))


def leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Every scalar in a value, by its path; a scalar itself, by the path given."""
    if not isinstance(value, dict | list):
        yield path, value
        return
    for key, child in value.items() if isinstance(value, dict) else enumerate(value):
        yield from leaves(child, (*path, key))


def _is_flag(value: Any) -> bool:
    return isinstance(value, str) and _FLAG.fullmatch(value) is not None


def _flags(path: Path, before: Any, after: Any) -> Iterator[Change]:
    old, new = _flag(before), _flag(after)
    if old and new and old[0] == new[0]:
        yield Change("replace", (*path, old[0]), old[1], new[1])
        return
    if old:
        yield Change("remove", (*path, old[0]), old[1], None)
    if new:
        yield Change("add", (*path, new[0]), None, new[1])


def _flag(value: Any) -> tuple[str, Any] | None:
    match = _FLAG.fullmatch(value) if isinstance(value, str) else None
    return (match[1], _typed(match[2]) if match[2] is not None else True) if match else None


def _within_text(path: Path, before: str, after: str) -> Iterator[Change]:
    if "\n" not in before.strip() + after.strip():
        if max(len(before), len(after)) > _LONGEST_LINE:
            return
        for pattern, name in ((_COMPARED, "threshold"), (_HEAP, "heap"), (_AMOUNT, None)):
            yield from _amounts(path, name, pattern, before, after)
    elif path and not words_of(str(path[-1])) & _PROSE and max(len(before), len(after)) <= _LONGEST:
        old, new = document_of(before), document_of(after)
        if old is None or new is None:
            yield from _directives(path, before, after)
            return
        for inner in diff(old, new):
            origin = None if inner.origin is None else (*path, *inner.origin)
            yield attrs.evolve(inner, path=(*path, *inner.path), place=(*path, *inner.place), origin=origin)


def directives_of(text: str) -> dict[str, Any]:
    """What the lines of a text such as nginx's set, by the word that each begins with; the last one of a name.

    >>> directives_of("worker_processes 2;\\nproxy_read_timeout 60s;\\n")
    {'worker_processes': 2, 'proxy_read_timeout': '60s'}
    """
    return {match[1]: _typed(match[2]) for match in _directive_lines(text)}


def _directive_lines(text: str) -> list[re.Match[str]]:
    lines = (line for line in text.splitlines() if len(line) <= _LONGEST_LINE)
    return [match for line in lines if (match := _DIRECTIVE.match(line))]


def _directives(path: Path, before: str, after: str) -> Iterator[Change]:
    """Lines such as `proxy_pass http://app;` that differ, where the words that they begin with do not."""
    old, new = _directive_lines(before), _directive_lines(after)
    if [match[1] for match in old] != [match[1] for match in new]:
        return
    for was, now in zip(old, new, strict=True):
        if was[2] != now[2]:
            yield Change("replace", (*path, was[1]), _typed(was[2]), _typed(now[2]))
            yield from _amounts(path, None, _AMOUNT, was[2], now[2])


def _amounts(
    path: Path, name: str | None, pattern: re.Pattern[str], before: str, after: str
) -> Iterator[Change]:
    """Amounts within two texts that are the same but for them."""
    old, new = pattern.findall(before), pattern.findall(after)
    if old == new or len(old) != len(new) or pattern.sub("", before) != pattern.sub("", after):
        return
    for (named, was), (_, now) in zip(old, new, strict=True):
        if was != now:
            yield Change("replace", (*path, name or named), _typed(was), _typed(now))


def document_of(text: str) -> Any:
    """The data of a text that is a document of its own; None for another.

    >>> document_of("a: 1\\nb: 2\\n"), document_of("listen 80;\\n")
    ({'a': 1, 'b': 2}, None)
    """
    from confguard.documents.bundle import parse_bytes
    from confguard.errors import DocumentError

    for kind in ("json", "yaml") if text.lstrip()[:1] in "{[" else ("yaml",):
        try:
            data = parse_bytes(text.encode(), kind).data
        except DocumentError:
            continue
        named = isinstance(data, dict) and all(_NAME.fullmatch(str(key)) for key in data)
        if named or (isinstance(data, list) and data and isinstance(data[0], dict)):
            return data
    return None


def _typed(text: str) -> Any:
    """A word as a program would read it: a switch, a number, or a text."""
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if re.fullmatch(r"-?\d{1,18}", text):
        return int(text)
    if rate := _RATE.fullmatch(text):
        return int(rate[1]) / {"s": 1, "m": 60}[rate[2]]
    return float(text) if re.fullmatch(r"-?\d{1,18}\.\d{1,18}", text) else text


def paired(changes: Iterable[Change]) -> Iterator[Change]:
    """Changes, where what went and what came is one thing that changed: its name is spelt otherwise, or it has none.

    Elements of a list have none: those are compared that have the same keys, and are alike.

    >>> [(each.op, each.path, each.before, each.after) for each in paired(diff({"maxConns": 9}, {"max_conns": 5}))]
    [('replace', ('max_conns',), 9, 5)]
    """
    changes = tuple(changes)
    came: dict[object, list[Change]] = {}
    went: dict[object, list[Change]] = {}
    for change in changes:
        if change.op == "add":
            came.setdefault(_identity(change, change.place[:-1], change.after), []).append(change)
        elif change.op == "remove":
            went.setdefault(_identity(change, change.place, change.before), []).append(change)
    taken: set[int] = set()
    pairs: dict[int, Change] = {}
    for identity in (came.keys() & went.keys()) - {None}:
        new = came[identity]
        gone = next((each for each in went[identity] if _is_one(each, new[0], len(went[identity]))), None)
        if len(new) == 1 and gone is not None:
            taken.add(id(new[0]))
            pairs[id(gone)] = new[0]
    for change in changes:
        if id(change) in pairs:
            yield from _between(change, pairs[id(change)])
        elif id(change) not in taken:
            yield change


def _identity(change: Change, table: Path, value: Any) -> object:
    """The same for two spellings of a setting's name, or two elements of a list with the same keys; None for others."""
    name = change.path[-1] if change.path else None
    if isinstance(name, int) and isinstance(value, dict) and value:
        return table, tuple(sorted(map(str, value)))
    if isinstance(name, Key):
        named = tuple((key, spelling(str(value))) for key, value in name.fields)
        return (table, named) if all(spelt for _, spelt in named) else None
    return (table, known) if isinstance(name, str) and (known := spelling(name)) else None


def _is_one(gone: Change, new: Change, candidates: int) -> bool:
    return _alike(gone.before, new.after) if isinstance(gone.path[-1], int) else candidates == 1


def _alike(gone: Any, new: Any) -> bool:
    """Is it one thing that changed: the only key leads to both, or half of what it said stays?"""
    old, now = (dict(leaves(opaque(each), ())) for each in (gone, new))
    same = sum(1 for path, value in old.items() if path in now and now[path] == value)
    return len(opaque(gone)) == 1 or same * 2 >= max(len(old), 1)


def _between(gone: Change, new: Change) -> Iterator[Change]:
    before, after = opaque(gone.before), opaque(new.after)
    if not (isinstance(before, dict) and isinstance(after, dict)):
        yield attrs.evolve(new, op="replace", before=gone.before)
        return
    base = gone.path if isinstance(new.path[-1], int) else new.path
    for inner in paired(diff(before, after)):
        path, place = (*base, *inner.path), (*new.place, *inner.place)
        origin = None if inner.origin is None else (*gone.path, *inner.origin)
        yield attrs.evolve(inner, path=path, place=place, origin=origin, shape=new.shape.at(inner.path))
