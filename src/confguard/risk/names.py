"""What a setting's name says: its words, and what names of well-known programs mean."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise

from confguard.paths import Key, Path, Segment
from confguard.plugins import naming_plugin
from confguard.texts import plain

_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z](?!s(?![a-z]))[a-z])|[^A-Za-z0-9]+")
_NAMING = ("name", "key", "id")
_LONGEST = 200
"""A longer text is no name: what comes after so many characters says nothing more."""
_VALUE_NAMES = {"value", "default", "val"}
_SWITCH_WORDS = {"enable", "enabled", "active", "on", "use", "disable", "disabled", "allow", "set"}
_NEGATING = {"disable", "disabled", "skip", "no", "not", "without", "insecure", "ignore", "bypass", "unsafe"}
_ON = {"true", "yes", "on", "enabled", "enable", "required", "require", "always", "strict", "enforce", "1"}
_UNITS = {
    spelled: unit
    for unit, names in {
        "ms": "ms msec millis milliseconds millisecond",
        "s": "sec secs seconds second",
        "min": "mins minutes minute",
        "h": "hours hour",
        "d": "days day",
        "MiB": "mb mib",
        "GiB": "gb gib",
        "KiB": "kb kib",
        "B": "bytes",
    }.items()
    for spelled in names.split()
}
_OFF = {"false", "no", "off", "disabled", "disable", "none", "never", "optional", "permissive", "0"}


@lru_cache(maxsize=4096)
def words_of(name: str) -> frozenset[str]:
    """The lower-case words of a name, each also without a plural's `s`, and neighbours as one word.

    What the vocabulary says of a known name takes their place.

    >>> sorted(words_of("liveness_probes"))
    ['liveness', 'livenessprobe', 'livenessprobes', 'probe', 'probes']
    """
    name = name[:_LONGEST]
    known = meaning(name)
    if known is not None:
        return known
    parts = parts_of(name)
    words = {*parts, *map("".join, pairwise(parts)), "".join(parts)}
    singular = {word[:-1] for word in words if len(word) > 3 and word.endswith("s") and word[-2] != "s"}
    return frozenset(words | singular)


def name_of(path: Path) -> str:
    """The name of the setting a path leads to: of `env[name=DB_POOL].value` it is `DB_POOL`.

    >>> name_of(("env", Key.of(name="DB_POOL"), "value")), name_of(("hosts", 0))
    ('DB_POOL', 'hosts')
    """
    for i in reversed(range(len(path))):
        segment = path[i]
        if isinstance(segment, str):
            named = _key_name(path[i - 1]) if i and segment.lower() in _VALUE_NAMES else None
            return named or segment
    return str(path[-1]) if path else ""


def unit_in(name: str) -> str:
    """The unit that the last part of a name gives; blank where there is none.

    >>> unit_in("backoff.initial.ms"), unit_in("ttl_seconds"), unit_in("retries")
    ('ms', 's', '')
    """
    parts = parts_of(name)
    return _UNITS.get(parts[-1], "") if parts else ""


def parts_of(name: str) -> tuple[str, ...]:
    """The parts of a name in their order, in lower case.

    >>> parts_of("maxInflight-requests")
    ('max', 'inflight', 'requests')
    """
    return tuple(word.lower() for word in _BOUNDARY.split(name[:_LONGEST]) if word)


def head_of(name: str) -> str:
    """The last word of a name, which says what it is; without a plural's `s`.

    >>> head_of("secret-namespace"), head_of("allowedHosts")
    ('namespace', 'host')
    """
    last = (parts_of(name) or ("",))[-1]
    return last[:-1] if len(last) > 3 and last.endswith("s") and last[-2] != "s" else last


def _key_name(segment: Segment) -> str | None:
    if not isinstance(segment, Key):
        return None
    return next((str(value) for name, value in segment.fields if name in _NAMING), None)


def words_on_path(path: Path) -> frozenset[str]:
    """The words of every name on a path."""
    words: frozenset[str] = frozenset()
    for segment in path:
        if isinstance(segment, str):
            words |= words_of(segment)
    return words | words_of(name_of(path))


def polarity(value: object) -> bool | None:
    """Is a value on (True), off (False), or no switch at all (None)?

    >>> polarity("enabled"), polarity(0), polarity(17)
    (True, False, None)
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    text = value.lower() if isinstance(value, str) else None
    return True if text in _ON else False if text in _OFF else None


def subject_of(path: Path) -> frozenset[str]:
    """The words of what a setting is about: a mere switch (`enabled`) is about the table that it stands in.

    >>> "tls" in subject_of(("tls", "enabled"))
    True
    """
    name = words_of(name_of(path))
    if len(path) > 1 and not name - _SWITCH_WORDS - _NEGATING:
        return name | words_of(name_of(path[:-1]))
    return name


def switched(path: Path, before: object, after: object, words: frozenset[str]) -> bool | None:
    """Did what these words name go on (True) or off (False)? None if neither, or if they name nothing here.

    `skip_verify: true` switches `verify` off; `tls.enabled: false` switches `tls` off. A switch that was
    absent counts as on before, which is what such switches default to.
    """
    if not subject_of(path) & words:
        return None
    turned = bool(words_of(name_of(path)) & _NEGATING)
    old, new = polarity(before), polarity(after)
    if before is None or (old is None and isinstance(before, str) and before.strip()):
        old = not turned  # a switch that was not there, or a mode with a name
    if old is None or new is None or old == new:
        return None
    return new != turned


def meaning(name: str) -> frozenset[str] | None:
    """The words for a name that is known; None for others.

    >>> sorted(meaning("work_mem") or ())
    ['limit', 'memory']
    >>> meaning("colour") is None
    True
    """
    known = _known()
    return known.get(plain(name)) or known.get(plain(name.rpartition(".")[2]))  # `net.core.somaxconn`


@cache
def vocabulary() -> Mapping[str, Mapping[str, str]]:
    """The words that stand for names of well-known programs, by program.

    More come through the entry-point group `confguard.vocabulary`: a mapping of names to words.
    """
    text = files("confguard.risk").joinpath("vocabulary.toml").read_text("utf-8")
    known: Mapping[str, Mapping[str, str]] = tomllib.loads(text)
    return known


@cache
def _known() -> Mapping[str, frozenset[str]]:
    from importlib.metadata import entry_points

    known = {name: words for names in vocabulary().values() for name, words in names.items()}
    for point in entry_points(group="confguard.vocabulary"):
        with naming_plugin(point):
            known |= point.load()
    return {plain(name): frozenset(words.split()) for name, words in known.items()}
