"""Settings that stand within a value: a document in a text, flags of a command line, a patch that names a path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import attrs

from confguard.diffs.applying import opaque
from confguard.diffs.change import Change
from confguard.diffs.engine import diff
from confguard.paths import Key, Path
from confguard.risk.names import word_set, words_of

__all__ = ["changes_within", "directives_of", "document_of", "leaves"]

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
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    )
    if children is None:
        yield path, value
        return
    for key, child in children:
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
    lines = (line for line in text.splitlines() if len(line) <= _LONGEST_LINE)
    return {match[1]: _typed(match[2]) for line in lines if (match := _DIRECTIVE.match(line))}


def _directives(path: Path, before: str, after: str) -> Iterator[Change]:
    """Lines such as `proxy_pass http://app;` that differ, where the words that they begin with do not."""
    old, new = (
        [
            match
            for line in text.splitlines()
            if len(line) <= _LONGEST_LINE and (match := _DIRECTIVE.match(line))
        ]
        for text in (before, after)
    )
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
    from confguard.documents.parsing import parse_bytes
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
