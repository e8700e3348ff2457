"""Which regular expressions backtrack without bound: those that can read one text in exponentially many ways.

The pattern becomes a position automaton (Glushkov 1961): a state for each character of the pattern, an edge for
each way one can follow another. It is exponentially ambiguous if a state can come back to itself in two ways over
the same text (Weber and Seidl 1991): either an edge of a cycle comes about in two ways, as in `(a+)+` and, as what
lies between can be empty in two ways, in `(a(|))*`; or two different paths read the same characters, as in `(a|aa)*`.
The text of that cycle, repeated, is the proof. Lookarounds and atomic groups are judged by themselves, and to what
stands around them they are nothing; back references are left out of account.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
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

    >>> pump_of("(a+)+$"), pump_of("(x|xy|y)*z"), pump_of("(ab|ab)*c"), pump_of("[a-z]+@[a-z]+")
    ('a', 'xyx', 'ba', None)
    """
    tree = _parser.parse(pattern)
    automaton = _Automaton(_alphabet(tree), tree.state.flags)
    automaton.sequence(tree)
    return automaton.pump()


def polynomial_of(pattern: str) -> str | None:
    """A character that two repetitions of a pattern take one right after the other; None if there are no such two.

    Then the time grows with the square of a run of it, at least, where what follows can fail. Raises `re.error`.

    >>> polynomial_of(".*.*=x"), polynomial_of("[a-z]+[0-9]+x"), polynomial_of("(a|b)*c")
    ('a', None, None)
    """
    tree = _parser.parse(pattern)
    adjacent = _Adjacent(_alphabet(tree), tree.state.flags)
    adjacent.sequence(list(tree))
    return adjacent.shared


@define
class _Adjacent:
    """Walks a pattern from the left and keeps what the repetitions that may just have ended take."""

    alphabet: Characters
    flags: int
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
        return matched(operation, argument, self.alphabet, self.flags) if operation in known else None


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
    ends: frozenset[int] = frozenset()
    """Where it can end whatever comes next: no anchor or lookaround has to hold."""
    empty: bool = True
    ways: int = 0
    """In how many ways it is empty whatever comes next. Which anchors hold at one place is not known: none counts."""

    def times_empty(self, counted: Counter[int]) -> Counter[int]:
        """What is counted, in each way in which this is empty."""
        ways = max(self.ways, 1) if self.empty else 0
        return Counter({position: count * ways for position, count in counted.items() if ways})


_NOTHING = _Fragment(ways=1)


@define
class _Automaton:
    alphabet: Characters
    flags: int
    reads: list[Characters] = field(factory=list)
    follows: Counter[tuple[int, int]] = field(factory=Counter)
    alone: list[_Automaton] = field(factory=list)
    """Those of lookarounds and atomic groups."""

    def sequence(self, items: Iterable[tuple[Any, Any]]) -> _Fragment:
        fragment = _NOTHING
        for operation, argument in items:
            fragment = self._joined(fragment, self._item(operation, argument))
        return fragment

    def _item(self, operation: Any, argument: Any) -> _Fragment:
        if operation in (sre.LITERAL, sre.NOT_LITERAL, sre.IN, sre.ANY):
            return self._characters(matched(operation, argument, self.alphabet, self.flags))
        if operation is sre.BRANCH:
            return self._either([self.sequence(branch) for branch in argument[1]])
        if operation is sre.SUBPATTERN:
            return self._group(*argument)
        if operation in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            return self._repeated(*argument)
        if operation in (sre.ATOMIC_GROUP, sre.ASSERT, sre.ASSERT_NOT, sre.POSSESSIVE_REPEAT):
            self._by_itself(argument if operation is sre.ATOMIC_GROUP else argument[-1])
        return _Fragment()  # these, anchors, back references

    def _characters(self, read: Characters) -> _Fragment:
        self.reads.append(read)
        here = len(self.reads) - 1
        return _Fragment(Counter([here]), Counter([here]), frozenset([here]), empty=False)

    def _either(self, branches: list[_Fragment]) -> _Fragment:
        first, last = Counter[int](), Counter[int]()
        for branch in branches:
            first += branch.first
            last += branch.last
        ends = frozenset[int]().union(*(branch.ends for branch in branches))
        empty = any(branch.empty for branch in branches)
        return _Fragment(first, last, ends, empty, sum(branch.ways for branch in branches))

    def _group(self, _number: int | None, added: int, removed: int, body: Any) -> _Fragment:
        before, self.flags = self.flags, (self.flags | added) & ~removed
        fragment = self.sequence(body)
        self.flags = before
        return fragment

    def _by_itself(self, body: Any) -> None:
        """Judge what is matched once: where it can end, it does, and no cycle through there is tried another way."""
        automaton = _Automaton(self.alphabet, self.flags)
        ends = automaton.sequence(body).ends
        for before, after in list(automaton.follows):
            if before in ends:
                del automaton.follows[before, after]
        self.alone.append(automaton)

    def _repeated(self, least: int, most: Any, body: Any) -> _Fragment:
        fragment = self.sequence(body)
        empty, ways = least == 0 or fragment.empty, min(fragment.ways, 2)  # more is the same, and grows
        if most is sre.MAXREPEAT or most >= _MANY:
            self._connect(fragment.last, fragment.first)
            if fragment.empty and least >= _MANY:  # which of the rounds are empty is tried in every way
                self._connect(fragment.last, fragment.first)
            # Python goes round once more without taking a character, where it can
            last = fragment.last + Counter({at: count * ways for at, count in fragment.last.items()})
            fragment = _Fragment(fragment.first, last, fragment.ends)
        elif most > 1:
            fragment = self._copied(fragment, least, most, body)
        least = min(least, 2)
        ways = ways**least + (ways ** (least + 1) if most > least else 0)
        return _Fragment(fragment.first, fragment.last, fragment.ends, empty, ways)

    def _copied(self, fragment: _Fragment, least: int, most: int, body: Any) -> _Fragment:
        """A body and its copies: up to two that must be there, and one that may be."""
        for optional in [False] * (least > 1) + [True] * (most > least):
            if not fragment.first or len(self.reads) > MOST_STATES:
                break  # copies of copies have no end
            copy = self.sequence(body)
            if optional:
                copy = _Fragment(copy.first, copy.last, copy.ends, empty=True, ways=copy.ways + 1)
            fragment = self._joined(fragment, copy)
        return fragment

    def _joined(self, left: _Fragment, right: _Fragment) -> _Fragment:
        self._connect(left.last, right.first)
        return _Fragment(
            left.first + left.times_empty(right.first),
            right.last + right.times_empty(left.last),
            right.ends | (left.ends if right.ways else frozenset()),
            left.empty and right.empty,
            left.ways * right.ways,
        )

    def _connect(self, last: Counter[int], first: Counter[int]) -> None:
        for before, ways in last.items():
            for after, more in first.items():
                self.follows[before, after] += ways * more

    def pump(self) -> str | None:
        """The characters of a cycle that can be gone round in two ways."""
        for automaton in self.alone:
            if witness := automaton.pump():
                return witness
        if len(self.reads) > MOST_STATES:
            return None
        after: dict[int, list[int]] = {}
        for before, following in self._on_cycles():
            after.setdefault(before, []).append(following)
        for state in sorted(after):
            witness = self._twice(state, after)
            if witness:
                return witness
        return None

    def _on_cycles(self) -> Iterator[tuple[int, int]]:
        """The steps that lead back to where they begin, sooner or later: only there is anything gone round."""
        reached = [0] * len(self.reads)  # as bits: which states a state leads to
        for before, following in self.follows:
            reached[before] |= 1 << following
        for between in range(len(reached)):
            for state in range(len(reached)):
                if reached[state] >> between & 1:
                    reached[state] |= reached[between]
        return (step for step in self.follows if reached[step[1]] >> step[0] & 1)

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
    flags = tree.state.flags
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, tuple) and len(node) == 2 and node[0] in (sre.LITERAL, sre.NOT_LITERAL):
            characters |= _around(node[1])
        elif isinstance(node, tuple) and len(node) == 2 and node[0] is sre.RANGE:
            characters |= _around(node[1][0]) | _around(node[1][1])
        elif isinstance(node, tuple | list | _parser.SubPattern):
            if isinstance(node, tuple) and node and node[0] is sre.SUBPATTERN:
                flags |= node[1][1]
            stack.extend(node)
    if flags & re.IGNORECASE:
        characters |= {other for char in characters if len(other := char.swapcase()) == 1}
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


def matched(operation: Any, argument: Any, alphabet: Characters, flags: int = 0) -> Characters:
    """The characters of an alphabet that one item of a parsed pattern takes, under flags of `re`."""
    if operation is sre.ANY:
        return alphabet if flags & re.DOTALL else alphabet - {"\n"}
    if operation is sre.LITERAL:
        return _cased(frozenset(chr(argument)), alphabet, flags)
    if operation is sre.NOT_LITERAL:
        return alphabet - _cased(frozenset(chr(argument)), alphabet, flags)
    negated = bool(argument) and argument[0][0] is sre.NEGATE
    ordered = sorted(alphabet)  # a class may have a thousand ranges, and the alphabet grows with them
    chosen = frozenset(char for part in argument for char in _members(ordered, *part))
    chosen = _cased(chosen, alphabet, flags)
    return alphabet - chosen if negated else chosen


def _cased(characters: Characters, alphabet: Characters, flags: int) -> Characters:
    """The characters, and where letter case means nothing those of the alphabet that differ in that alone."""
    if not flags & re.IGNORECASE:
        return characters
    lowered = {char.lower() for char in characters}
    return characters | {char for char in alphabet if char.lower() in lowered}


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
