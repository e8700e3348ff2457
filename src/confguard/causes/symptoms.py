"""What the words of a symptom have to do with a setting: by its name, its comment, and what such settings do."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise

from attrs import frozen

from confguard.diffs.changes import Change
from confguard.paths import Path, show_path
from confguard.risk.names import polarity, subject_of, words_of, words_on_path
from confguard.risk.rules.roles import roles_of

_SUFFIX = re.compile(r"(?:ations?|ions?|ings?|ed|es|s|e)$")
_WORD = re.compile(r"[A-Za-z]+|\d+")
_COMMON = (
    "a an and are as at be been by can cannot do does for from has have in is it its many more most no not of on or "
    "our out over since some than that the their they this to too up was we were when which with after all again "
    "before customer user people problem issue alert error fail failure service system app config configuration"
)
"""Words of symptoms that say nothing of one setting or the other."""


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """A word without its ending.

    >>> stem("rejected"), stem("Logins"), stem("expired"), stem("expiry")
    ('reject', 'login', 'expir', 'expiry')
    """
    word = word.lower()
    short = _SUFFIX.sub("", word)
    return short if len(short) >= 3 else word


@frozen
class Topic:
    """One kind of symptom: its words, and those of settings that bring it about, as stems."""

    about: str
    words: frozenset[str]
    """What people say."""
    cut: frozenset[str]
    """Settings that bring it about when they go down, off or away."""
    raised: frozenset[str]
    """Settings that bring it about when they go up or on."""
    changed: frozenset[str]
    """Settings that bring it about when they become something else."""
    is_slow: bool
    """Does it take hours until it is felt?"""
    of_thing: bool
    """Is it about one kind of thing, so that a time-out counts where it is one of such a thing?"""


@cache
def _topics() -> tuple[Topic, ...]:
    topics = []
    for each in tomllib.loads(files(__package__).joinpath("topics.toml").read_text("utf-8"))["topics"]:
        parts = ("words", "cut", "raised", "changed")
        stems = {part: _stems(frozenset(each.get(part, "").split())) for part in parts}
        slow, thing = each.get("slow", False), each.get("thing", False)
        topics.append(Topic(each["about"], **stems, is_slow=slow, of_thing=thing))
    return tuple(topics)


def words_in(text: str) -> dict[str, str]:
    """The stems of a text's words, and of neighbours as one (`time out` is `timeout`), each with what is written.

    >>> words_in("logins time out")
    {'logintim': 'logins time', 'timeout': 'time out', 'login': 'logins', 'tim': 'time', 'out': 'out'}
    """
    words = _WORD.findall(text)
    pairs = {stem(one.removesuffix("s") + other): f"{one} {other}" for one, other in pairwise(words)}
    return pairs | {stem(word): word for word in words}


@cache
def _common() -> frozenset[str]:
    return frozenset(map(stem, _COMMON.split()))


@frozen
class Match:
    """How much a change has to do with a symptom, from 0 to 1, and why."""

    share: float = 0.0
    why: str = ""


@frozen
class Symptom:
    """A symptom that somebody has told, and what it is about."""

    words: Mapping[str, str]
    """What it says: stems, each with the word itself."""
    topics: tuple[Topic, ...] = ()

    @classmethod
    def read(cls, text: str) -> Symptom:
        """What a text says.

        >>> [topic.about for topic in Symptom.read("login rejected").topics]
        ['signing in', 'turning away']
        """
        words = {key: word for key, word in words_in(text).items() if key not in _common() and len(key) > 1}
        return cls(words, tuple(topic for topic in _topics() if topic.words & words.keys()))

    @property
    def is_slow(self) -> bool:
        """Is it one that takes hours until it is felt?"""
        return any(topic.is_slow for topic in self.topics)

    def match(self, change: Change, around: Iterable[str], notes: str = "") -> Match:
        """How much a change has to do with it.

        `around` are the names of the config, `notes` its comment or what the schema says of the setting.
        """
        if not self.words:
            return Match()
        leaf = _stems(subject_of(change.path) | _role_words(change.path))
        trail = _stems(words_on_path(change.path)) | _stems(_switched_by(change))
        outer = frozenset(each for name in around for each in words_in(name))
        way = _way(change)
        where = show_path(change.path)
        own = (
            (0.6, "the name of", leaf),
            (0.35, "the table of", trail - leaf),
            (0.3, "the comment of", set(words_in(notes))),
        )
        pieces = [
            (
                weight,
                f"{what} {where} speaks of {', '.join(repr(self.words[each]) for each in sorted(same)[:3])}",
            )
            for weight, what, words in own
            if (same := self.words.keys() & words)
        ]
        pieces += [
            (_share(topic, leaf, trail, outer, way), f"{where} has to do with {topic.about}")
            for topic in self.topics
        ]
        share = 1 - math.prod(1 - piece for piece, _ in pieces)
        ranked = sorted(((piece, why) for piece, why in pieces if piece), key=lambda each: -each[0])
        reasons = [why for piece, why in ranked[:2] if piece >= 0.2 or why == ranked[0][1]]
        return Match(share, "; ".join(reasons))


def _share(
    topic: Topic, leaf: frozenset[str], trail: frozenset[str], outer: frozenset[str], way: str
) -> float:
    """How well a change fits a topic: by the setting's own name, by those around it, and by which way it went."""
    ways = {"cut": topic.cut, "raised": topic.raised, "changed": topic.changed}
    everything = topic.cut | topic.raised | topic.changed
    above = (trail - leaf) & (everything | topic.words) or outer & (topic.words | topic.changed)
    share = 0.0
    if leaf & everything:
        share = 0.45 if way == "" else 0.7 if leaf & ways[way] else 0.2
        share *= 1.0 if above or leaf & topic.words or not topic.of_thing else 0.3
    around = 0.0 if not above else 0.5 if way and trail & ways[way] else 0.35
    return 1 - (1 - share) * (1 - around)


def _way(change: Change) -> str:
    """Which way a setting went: cut, raised, changed; empty where that cannot be told."""
    effect = change.effect
    if effect.ratio is not None and effect.ratio != 1:
        return "cut" if effect.ratio < 1 else "raised"
    old, new = polarity(change.before), polarity(change.after)
    if old is not None and new is not None and old != new:
        return "raised" if new else "cut"
    if change.op == "remove" or effect.word == "narrower":
        return "cut"
    return "changed" if change.op == "replace" else ""


def _role_words(path: Path) -> frozenset[str]:
    """What the setting is for, in the words of the roles that rules know."""
    return frozenset(word for role in roles_of(path) for word in role.split())


def _switched_by(change: Change) -> frozenset[str]:
    """What a value names: `debug` of a level says more than the level."""
    after = change.after
    return (
        words_of(after)
        if isinstance(after, str) and after.isidentifier() and len(after) < 30
        else frozenset()
    )


@lru_cache(maxsize=8192)
def _stems(words: frozenset[str]) -> frozenset[str]:
    return frozenset(map(stem, words))
