"""Which configs a symptom names, and which of the others these depend on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from attrs import define, field

from confguard.errors import harmless

_PARTS = re.compile(r"[a-z]+|\d+")
_SUFFIXES = frozenset(["toml", "yaml", "yml", "json", "jsonc", "ini", "env", "conf", "cfg", "properties"])
_COMMON = _SUFFIXES.union(
    ["config", "configs", "settings", "values", "live", "prod", "production", "staging", "main", "default"],
    ["app", "apps", "service", "services", "server", "the", "and", "etc", "deploy", "environments"],
    ["com", "org", "net"],
)
"""Words that tell no config from another."""
NAMED, PARTLY, UPSTREAM, APART = 18.0, 8.0, 15.0, -6.0
_HOPS = 4


@define
class Dependencies:
    """What depends on what, as the project declares it, seen from what the symptom names.

    >>> web = Dependencies.read("web is slow", {"web": ["auth"], "auth": ["users-db"]}, ["web", "auth", "users-db"])
    >>> web.nearness(["users-db"])
    ('upstream', 10.0, 'web depends on it, over auth')
    """

    _of: Mapping[str, Sequence[str]]
    _words: frozenset[str]
    _whole: list[str] = field(factory=list)
    """The configs that the symptom names whole."""
    _ways: dict[str, list[str]] = field(factory=dict)
    """For what these depend on, the way there."""
    _dependents: dict[str, int] = field(factory=dict)

    @classmethod
    def read(cls, symptom: str, of: Mapping[str, Sequence[str]], configs: Iterable[str]) -> Dependencies:
        """What a symptom names, of all configs that are known."""
        graph = cls(of, frozenset(_parts(symptom)))
        known = dict.fromkeys([*configs, *of, *(each for ones in of.values() for each in ones)])
        graph._whole = [each for each in known if graph._names(each)]
        graph._ways = _ways(graph._whole, of)
        for each in of:
            for upstream in _ways([each], of):
                graph._dependents[upstream] = graph._dependents.get(upstream, 0) + 1
        return graph

    def nearness(self, names: Sequence[str]) -> tuple[str, float, str] | None:
        """How near a change is to what the symptom names, as a factor; None where it names nothing."""
        for name in names:
            if name in self._whole or self._names(name):
                return "named", NAMED, f"the symptom names {harmless(name)}"
        for name in names:
            if name in self._ways:
                way = self._ways[name]
                over = f", over {', '.join(map(harmless, way[1:]))}" if len(way) > 1 else ""
                return (
                    "upstream",
                    UPSTREAM / (1 + 0.5 * (len(way) - 1)),
                    f"{harmless(way[0])} depends on it{over}",
                )
        if self._whole and any(each in self._of for each in self._whole):
            return "apart", APART, f"{harmless(self._whole[0])} is named, and does not depend on it"
        same = {word for name in names for word in _telling(name)} & self._words
        if same:
            return "named", PARTLY, f"the symptom names '{min(same)}'"
        return None

    def dependents(self, names: Sequence[str]) -> int:
        """How many configs depend on these, directly or over others."""
        return max((self._dependents.get(name, 0) for name in names), default=0)

    def _names(self, config: str) -> bool:
        """Does the symptom say the whole name of a config?"""
        parts = set(_parts(config)) - _SUFFIXES
        return bool(_telling(config)) and parts <= self._words and len("".join(parts)) > 2


def _ways(starts: Iterable[str], of: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """For all that some configs depend on, the shortest way there: a cycle ends it."""
    ways: dict[str, list[str]] = {}
    reached: dict[str, list[str]] = {each: [] for each in starts}
    for _ in range(_HOPS):
        following = {upstream: [*way, name] for name, way in reached.items() for upstream in of.get(name, ())}
        reached = {name: way for name, way in following.items() if name not in ways}
        ways |= reached
    return {name: way for name, way in ways.items() if name not in way}


@lru_cache(maxsize=8192)
def _telling(name: str) -> frozenset[str]:
    return frozenset(word for word in _parts(name) if word not in _COMMON and len(word) > 1)


def _parts(text: str) -> list[str]:
    return _PARTS.findall(text.lower())
