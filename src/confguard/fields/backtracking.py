"""Which regular expressions backtrack without bound: those that can read one text in exponentially many ways.

The pattern becomes a position automaton (Glushkov 1961): a state for each character of the pattern, an edge for
each way one can follow another. It is exponentially ambiguous if a state can come back to itself in two ways over
the same text (Weber and Seidl 1991): either an edge of a cycle comes about in two ways, as in `(a+)+`, or two
different paths read the same characters, as in `(a|aa)*`. The text of that cycle, repeated, is the proof.
Lookarounds and back references are left out of account.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Callable, Iterable
from itertools import filterfalse
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

from attrs import define, field, frozen

MOST_STATES = 150
"""Larger patterns are not judged."""
_MANY = 12
"""A repetition of at least so many times counts as unbounded."""

Characters = frozenset[str]


def pump_of(pattern: str) -> str | None:
    """A text that, repeated, makes matching exponentially slow; None if there is none.

    Raises `re.error` for what is not a regular expression.

    >>> pump_of("(a+)+$"), pump_of("(x|xy|y)*z"), pump_of("[a-z]+@[a-z]+")
    ('a', 'xyx', None)
    """
    tree = _parser.parse(pattern)
    automaton = _Automaton(_alphabet(tree))
    fragment = automaton.sequence(tree)
    if len(automaton.reads) > MOST_STATES:
        return None
    for position in fragment.first:
        automaton.starts.add(position)
    return automaton.pump()


def polynomial_of(pattern: str) -> str | None:
    """A character that two repetitions of a pattern take one right after the other; None if there are no such two.

    Then the time grows with the square of a run of it, at least, where what follows can fail. Raises `re.error`.

    >>> polynomial_of(".*.*=x"), polynomial_of("[a-z]+[0-9]+x"), polynomial_of("(a|b)*c")
    ('a', None, None)
    """
    tree = _parser.parse(pattern)
    alphabet = _alphabet(tree)
    adjacent = _Adjacent(alphabet)
    adjacent.sequence(list(tree))
    return adjacent.shared


@define
class _Adjacent:
    """Walks a pattern from the left and keeps what the repetitions that may just have ended take."""

    alphabet: Characters
    open: Characters = frozenset()
    shared: str | None = None

    def sequence(self, nodes: Any) -> None:
        for number, (operation, argument) in enumerate(nodes):
            last = number == len(nodes) - 1
            self._node(operation, argument, last=last)

    def _node(self, operation: Any, argument: Any, *, last: bool) -> None:
        if operation in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            least, most, inner = argument
            characters = self._single(inner)
            if characters is None:
                self.sequence(list(inner))
            elif most >= _MANY:
                both = self.open & characters
                if both and not self.shared and not last:
                    self.shared = min(both, key=lambda char: (not char.isalnum(), char.isdigit(), char))
                self.open = (self.open if least == 0 else frozenset()) | characters
            elif least:
                self.open = frozenset()
        elif operation is sre.SUBPATTERN:
            self.sequence(list(argument[-1]))
        elif operation is sre.BRANCH:
            before, ends = self.open, frozenset[str]()
            for branch in argument[1]:
                self.open = before
                self.sequence(list(branch))
                ends |= self.open
            self.open = ends
        elif operation is not sre.AT:
            self.open = frozenset()

    def _single(self, inner: Any) -> Characters | None:
        """The characters that a repetition of one character takes; None for one of more."""
        if len(inner) != 1:
            return None
        operation, argument = inner[0]
        if operation is sre.SUBPATTERN:
            return self._single(argument[-1])
        known = (sre.ANY, sre.LITERAL, sre.NOT_LITERAL, sre.IN)
        return matched(operation, argument, self.alphabet) if operation in known else None


def normal_form(pattern: str) -> str:
    """What the parser makes of a pattern, the same for two that differ only in how they are written.

    >>> normal_form("(?:[ab])") == normal_form("[ba]"), normal_form("a+") == normal_form("a*")
    (True, False)
    """
    tree = _parser.parse(pattern)
    return f"{tree.state.flags} {_normal(tree)}"


def _normal(node: Any) -> str:
    if isinstance(node, _parser.SubPattern):
        return f"[{', '.join(map(_normal, node))}]"
    if isinstance(node, tuple) and len(node) == 2 and node[0] is sre.IN:
        return f"in {sorted(map(_normal, node[1]))}"
    if isinstance(node, tuple | list):
        return f"({', '.join(map(_normal, node))})"
    return str(node)


@frozen
class _Fragment:
    """A part of the pattern: where it can begin and end, and whether it can be empty."""

    first: Counter[int] = field(factory=Counter)
    last: Counter[int] = field(factory=Counter)
    empty: bool = True


@define
class _Automaton:
    alphabet: Characters
    reads: list[Characters] = field(factory=list)
    follows: Counter[tuple[int, int]] = field(factory=Counter)
    starts: set[int] = field(factory=set)

    def sequence(self, items: Iterable[tuple[Any, Any]]) -> _Fragment:
        fragment = _Fragment()
        for operation, argument in items:
            fragment = self._joined(fragment, self._item(operation, argument))
        return fragment

    def _item(self, operation: Any, argument: Any) -> _Fragment:
        if operation in (sre.LITERAL, sre.NOT_LITERAL, sre.IN, sre.ANY):
            return self._characters(matched(operation, argument, self.alphabet))
        if operation is sre.BRANCH:
            return self._either([self.sequence(branch) for branch in argument[1]])
        if operation is sre.SUBPATTERN:
            return self.sequence(argument[3])
        if operation in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            return self._repeated(*argument)
        return _Fragment()  # anchors, lookarounds, back references, atomic groups

    def _characters(self, read: Characters) -> _Fragment:
        self.reads.append(read)
        here = len(self.reads) - 1
        return _Fragment(Counter([here]), Counter([here]), empty=False)

    def _either(self, branches: list[_Fragment]) -> _Fragment:
        first, last = Counter[int](), Counter[int]()
        for branch in branches:
            first += branch.first
            last += branch.last
        return _Fragment(first, last, any(branch.empty for branch in branches))

    def _repeated(self, least: int, most: Any, body: Any) -> _Fragment:
        fragment = self.sequence(body)
        if most is sre.MAXREPEAT or most >= _MANY:
            self._connect(fragment.last, fragment.first)
        elif most > 1:
            fragment = self._joined(fragment, self.sequence(body))
        return _Fragment(fragment.first, fragment.last, fragment.empty or least == 0)

    def _joined(self, left: _Fragment, right: _Fragment) -> _Fragment:
        self._connect(left.last, right.first)
        first = left.first + right.first if left.empty else left.first
        last = left.last + right.last if right.empty else right.last
        return _Fragment(first, last, left.empty and right.empty)

    def _connect(self, last: Counter[int], first: Counter[int]) -> None:
        for before, ways in last.items():
            for after, more in first.items():
                self.follows[before, after] += ways * more

    def pump(self) -> str | None:
        """The characters of a cycle that can be gone round in two ways."""
        after: dict[int, list[int]] = {}
        for before, following in self.follows:
            after.setdefault(before, []).append(following)
        for state in range(len(self.reads)):
            witness = self._twice(state, after)
            if witness:
                return witness
        return None

    def _twice(self, state: int, after: dict[int, list[int]]) -> str | None:
        """Two ways from a state to itself over the same text: a walk over pairs of states that has forked."""
        start = (state, state, False)
        words: dict[tuple[int, int, bool], str] = {start: ""}
        waiting = deque([start])
        while waiting:
            left, right, forked = here = waiting.popleft()
            for x in after.get(left, ()):
                for y in after.get(right, ()):
                    read = self.reads[x] & self.reads[y]
                    if not read:
                        continue
                    split = forked or x != y or (left == right and self.follows[left, x] > 1)
                    word = words[here] + min(read)
                    if x == y == state and split:
                        return word
                    there = (x, y, split)
                    if there not in words and len(word) <= 2 * len(self.reads):
                        words[there] = word
                        waiting.append(there)
        return None


def _alphabet(tree: Any) -> Characters:
    """Characters enough to tell all classes of a pattern apart: the ends of its ranges and their neighbours."""
    characters = set("a0 _-\n")
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, tuple) and len(node) == 2 and node[0] in (sre.LITERAL, sre.NOT_LITERAL):
            characters |= _around(node[1])
        elif isinstance(node, tuple) and len(node) == 2 and node[0] is sre.RANGE:
            characters |= _around(node[1][0]) | _around(node[1][1])
        elif isinstance(node, tuple | list | _parser.SubPattern):
            stack.extend(node)
    return frozenset(characters)


def _around(code: int) -> set[str]:
    return {chr(near) for near in (code - 1, code, code + 1) if 0 <= near < 0x110000}


_CATEGORIES: dict[Any, Callable[[str], bool]] = {
    sre.CATEGORY_DIGIT: str.isdecimal,
    sre.CATEGORY_SPACE: str.isspace,
    sre.CATEGORY_WORD: lambda char: char.isalnum() or char == "_",
}
_OPPOSITES = {
    sre.CATEGORY_NOT_DIGIT: sre.CATEGORY_DIGIT,
    sre.CATEGORY_NOT_SPACE: sre.CATEGORY_SPACE,
    sre.CATEGORY_NOT_WORD: sre.CATEGORY_WORD,
}


def matched(operation: Any, argument: Any, alphabet: Characters) -> Characters:
    """The characters of an alphabet that one item of a parsed pattern takes."""
    if operation is sre.ANY:
        return alphabet - {"\n"}
    if operation is sre.LITERAL:
        return frozenset(chr(argument))
    if operation is sre.NOT_LITERAL:
        return alphabet - {chr(argument)}
    negated = bool(argument) and argument[0][0] is sre.NEGATE
    ordered = sorted(alphabet)  # a class may have a thousand ranges, and the alphabet grows with them
    chosen = frozenset(char for part in argument for char in _members(ordered, *part))
    return alphabet - chosen if negated else chosen


def _members(ordered: list[str], operation: Any, argument: Any) -> Iterable[str]:
    """Those of the characters, which are in order, that one part of a class takes."""
    if operation is sre.LITERAL:
        return _members(ordered, sre.RANGE, (argument, argument))
    if operation is sre.RANGE:
        first, last = argument
        return ordered[bisect_left(ordered, chr(first)) : bisect_right(ordered, chr(last))]
    if operation is sre.CATEGORY:
        opposite = _OPPOSITES.get(argument)
        if opposite is None:
            return filter(_CATEGORIES[argument], ordered)
        return filterfalse(_CATEGORIES[opposite], ordered)
    return ()
