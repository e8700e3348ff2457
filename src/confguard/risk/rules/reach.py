"""Reach: how much a change takes hold of at once, in which environment, in which order, and who refers to it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from confguard.paths import Path
from confguard.risk.findings import Finding
from confguard.risk.names import words_of, words_on_path
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Rule, Verdict

__all__ = [
    "CatchAllFirst",
    "DanglingReference",
    "EveryMember",
    "OtherEnvironment",
    "RoleSwapped",
    "SelectorRemoved",
]

_PRODUCTION = re.compile(r"(?<![a-z])(prod|production|live)(?![a-z])", re.IGNORECASE)
_ELSEWHERE = re.compile(
    r"(?<![a-z])(staging|stage|dev|development|test|testing|qa|sandbox|localhost|127\.0\.0\.1)(?![a-z])",
    re.IGNORECASE,
)
_ORDERED = frozenset(
    {
        "rule",
        "rules",
        "policy",
        "policies",
        "route",
        "routes",
        "acl",
        "acls",
        "term",
        "terms",
        "filter",
        "filters",
    }
    | {"firewall", "ingress", "egress", "location", "locations", "match", "matches", "path", "paths", "chain"}
)
_SELECTORS = frozenset(
    {"selector", "filter", "match", "matchlabels", "where", "condition", "only", "include", "scope"}
)
_REFERRING = frozenset(
    {
        "ref",
        "selector",
        "label",
        "node",
        "reflector",
        "name",
        "backend",
        "upstream",
        "pool",
        "target",
        "default",
        "use",
        "uses",
        "service",
        "cluster",
        "group",
    }
    | {
        "profile",
        "provider",
        "database",
        "queue",
        "topic",
        "secret",
        "config",
        "class",
        "template",
        "role",
        "policy",
    }
    | {"source", "sink", "primary", "fallback", "depends", "needs", "serviceaccount", "storageclass", "claim"}
)
_ROLES = (
    frozenset({"primary", "master", "leader", "writer", "rw"}),
    frozenset({"replica", "slave", "secondary", "standby", "reader", "readonly", "ro", "follower"}),
)


class OtherEnvironment(EditRule):
    """A value of one environment in another."""

    code = "CG508"
    title = "a value of another environment"
    severity = "high"
    reason = "Staging that talks to production changes real data; production that talks to staging serves test data."
    advice = "Check which environment this file is for."
    example = Example(
        'environment = "production"\ndb = "db.prod.internal"\n',
        'environment = "production"\ndb = "db.staging.internal"\n',
        'environment = "production"\ndb = "db2.prod.internal"\n',
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """From one environment's value to the other's, or into a file of the other."""
        if not isinstance(edit.after, str) or edit.words & {
            "description",
            "comment",
            "environment",
            "env",
            "image",
            "tag",
        }:
            return None
        before = edit.before if isinstance(edit.before, str) else ""
        if _loopback(edit.after) and before and not _loopback(before) and re.search(r"[.:/@]", edit.after):
            return f"from {before} to this machine alone: {edit.after}"
        was, now = _environment(before), _environment(edit.after)
        if now is None or was == now:
            return None
        if was is not None:
            return f"from a value of {was} to one of {now}: {edit.after}"
        home = _home(edit.path, context)
        addressed = re.search(r"[.:/@]", edit.after) is not None
        return (
            f"a value of {now}, in a file of {home}: {edit.after}"
            if addressed and home not in (None, now)
            else None
        )


class CatchAllFirst(Rule):
    """In a list whose first match wins, something now stands before what it hides."""

    code = "CG509"
    title = "a catch-all stands before other rules"
    severity = "high"
    reason = "Where the first match wins, nothing behind a rule that matches everything is ever reached."
    advice = "Put what matches everything last; check the order of the others."
    example = Example(
        "rules:\n- {match: /api, to: api}\n- {match: '*', to: web}\n",
        "rules:\n- {match: '*', to: web}\n- {match: /api, to: api}\n",
        "rules:\n- {match: /api, to: api}\n- {match: /img, to: img}\n- {match: '*', to: web}\n",
        "yaml",
    )
    outage = "Cloudflare, 21 June 2022: a reordering put a reject term before those that announced"

    def check(self, context: Context) -> Iterator[Finding]:
        """Catch-alls that hide what they did not hide; other changed orders are medium."""
        seen = set()
        for change in context.diff:
            path = change.path[:-1]
            if path in seen or not change.path or not words_on_path(path[-1:]) & _ORDERED:
                continue
            seen.add(path)
            before, after = context.before_at(path), context.after_at(path)
            if not isinstance(before, list) or not isinstance(after, list):
                continue
            hidden = _hidden(after)
            if hidden is not None and _hidden(before) is None:
                yield self.finding(
                    (*path, hidden), f"matches everything, and {len(after) - hidden - 1} stand behind it"
                )
            elif any(each.op == "move" and each.path[:-1] == path for each in context.diff):
                yield self.finding(path, "is in another order, and the first match wins", "medium")


class DanglingReference(Rule):
    """A name that others in the file still use is gone."""

    code = "CG510"
    title = "a name that is still referred to is gone"
    severity = "high"
    reason = "What refers to it finds nothing: it fails at the next start, or falls back without a word."
    advice = "Change what refers to it in the same change."
    example = Example(
        'backend = "blue"\n[pools.blue]\nsize = 3\n[pools.green]\nsize = 3\n',
        'backend = "blue"\n[pools.indigo]\nsize = 3\n[pools.green]\nsize = 3\n',
        'backend = "green"\n[pools.green]\nsize = 3\n',
    )
    outage = "Reddit, 14 March 2023: a label that route reflectors were selected by no longer existed"

    def check(self, context: Context) -> Iterator[Finding]:
        """Keys of tables and names of elements that are gone, and still stand as values elsewhere."""
        gone = {name: path for name, path in _named(context) if len(name) > 2}
        if not gone:
            return
        still = set(_names_in(context.after))
        for path, value in _references(context.after, ()):
            if value in gone and value not in still and value in set(_texts(context.before)):
                yield self.finding(path, f"refers to '{value}', which is gone")
                del gone[value]


class SelectorRemoved(EditRule):
    """What chose some now chooses all."""

    code = "CG511"
    title = "a selector was removed"
    severity = "high"
    reason = "Without its selector a job, policy or deletion applies to everything there is."
    advice = "Say what it shall apply to."
    example = Example(
        '[cleanup]\nfilter = "tmp-*"\nage = "7d"\n',
        '[cleanup]\nage = "7d"\n',
        '[cleanup]\nfilter = "tmp-a*"\nage = "7d"\n',
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A selecting setting that is gone while the table around it stays."""
        if (
            not edit.removed
            or not edit.words & _SELECTORS
            or "node" in edit.words
            or edit.before in (None, "", [], {})
        ):
            return None
        around = context.after_at(edit.path[:-1])
        return "is gone: what chose some now takes all" if isinstance(around, dict) and around else None


class EveryMember(Rule):
    """Every member of a group changed in the same way at once."""

    code = "CG512"
    title = "every member of a group changed at once"
    severity = "medium"
    reason = "What is wrong is wrong everywhere at once: there is no member left that works."
    advice = "Change one, watch it, then the others."
    example = Example(
        "[regions.eu]\nengine = 'a'\n[regions.us]\nengine = 'a'\n[regions.ap]\nengine = 'a'\n",
        "[regions.eu]\nengine = 'b'\n[regions.us]\nengine = 'b'\n[regions.ap]\nengine = 'b'\n",
        "[regions.eu]\nengine = 'b'\n[regions.us]\nengine = 'a'\n[regions.ap]\nengine = 'a'\n",
    )
    outage = "Azure Storage, 18 November 2014: a change went to all of the regions in one step"

    def check(self, context: Context) -> Iterator[Finding]:
        """The same key in all of at least three siblings."""
        groups: dict[tuple[Path, Any], set[Any]] = defaultdict(set)
        for edit in context.edits:
            if len(edit.path) >= 2 and not edit.added and not edit.removed:
                groups[edit.path[:-2], edit.path[-1]].add(edit.path[-2])
        for (path, key), members in groups.items():
            around = context.after_at(path)
            total = len(around) if isinstance(around, dict | list) else 0
            if total >= 3 and len(members) == total:
                yield self.finding(path, f"{key} changed in all {total} at once")


class RoleSwapped(EditRule):
    """An address of another role: a replica where the primary stood, or the other way."""

    code = "CG517"
    title = "an endpoint of another role"
    severity = "high"
    reason = "Writes to a replica fail or are lost; reads from the primary take what writes need."
    advice = "Check the role of the new endpoint."
    example = Example(
        'db_host = "pg-primary.internal"\n',
        'db_host = "pg-replica-2.internal"\n',
        'db_host = "pg-primary-2.internal"\n',
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """From a name of one role to one of the other."""
        if not isinstance(edit.before, str) or not isinstance(edit.after, str):
            return None
        if max(len(edit.before), len(edit.after)) > 200 or " " in edit.after:
            return None
        before, after = words_of(edit.before), words_of(edit.after)
        for one, other in (_ROLES, _ROLES[::-1]):
            if before & one and after & other and not before & other and not after & one:
                return f"from {edit.before} to {edit.after}"
        return None


def _loopback(text: str) -> bool:
    return (
        re.search(r"(?<![a-z0-9.])(localhost|127\.0\.0\.1|\[::1\])(?![a-z0-9.])", text, re.IGNORECASE)
        is not None
    )


def _environment(text: str) -> str | None:
    production, elsewhere = bool(_PRODUCTION.search(text)), bool(_ELSEWHERE.search(text))
    return None if production is elsewhere else "production" if production else "staging or test"


def _home(path: Path, context: Context) -> str | None:
    """The environment that a file is for, by its name, by the path of the setting, or by what it says."""
    document = context.diff.after_document
    said = [document.part_at(path)[0].path or ""] if document else []
    said += [segment for segment in path[:-1] if isinstance(segment, str)]
    after = context.document_of(path)
    if isinstance(after, dict):
        said += [
            str(after[key])
            for key in ("environment", "env", "stage", "ENV", "ENVIRONMENT")
            if isinstance(after.get(key), str)
        ]
    return next((found for text in reversed(said) if (found := _environment(text))), None)


def _hidden(elements: list[Any]) -> int | None:
    """The position of an element that matches everything while others stand behind it."""
    for n, element in enumerate(elements[:-1]):
        if _catches_all(element):
            return n
    return None


def _catches_all(element: Any) -> bool:
    if isinstance(element, dict):
        values = [
            v
            for k, v in element.items()
            if isinstance(k, str)
            and words_of(k) & (_SELECTORS | {"path", "prefix", "host", "from", "source", "pattern", "cidr"})
        ]
        return bool(values) and all(_means_all(value) for value in values)
    return _means_all(element)


def _means_all(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(map(_means_all, value))
    return isinstance(value, str) and value.strip().lower() in {
        "*",
        ".*",
        "/",
        "any",
        "all",
        "0.0.0.0/0",
        "^.*$",
        "**",
        "/*",
    }


def _named(context: Context) -> Iterator[tuple[str, Path]]:
    """Names that tables and elements had, and that no longer exist."""
    for change in context.diff:
        if change.op == "remove" or (change.op == "move" and change.origin):
            path = change.origin or change.path
            last = path[-1] if path else None
            if isinstance(last, str) and isinstance(change.before, dict):
                yield last, path
            elif hasattr(last, "fields"):
                named = [value for name, value in last.fields if name.rpartition(".")[2] in {"name", "id"}]
                yield from ((value, path) for value in named if isinstance(value, str))
        elif (
            change.op == "replace"
            and change.path
            and change.path[-1] in {"name", "id"}
            and isinstance(change.before, str)
        ):
            yield change.before, change.path


def _names_in(data: Any) -> Iterator[str]:
    """Every name that something has: keys of tables, `name` and `id` of elements."""
    if isinstance(data, dict):
        for key, value in data.items():
            if isinstance(value, dict | list) and isinstance(key, str):
                yield key
            if key in {"name", "id"} and isinstance(value, str):
                yield value
            yield from _names_in(value)
    elif isinstance(data, list):
        for value in data:
            yield from _names_in(value)


def _references(data: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Texts that stand where names of others do."""
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in children:
        inner = (*path, key)
        if isinstance(value, str):
            words = words_on_path(inner[-2:])
            if (words & _REFERRING and key not in {"name", "id"}) or isinstance(key, int):
                yield inner, value
        else:
            yield from _references(value, inner)


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list):
        for value in data.values() if isinstance(data, dict) else data:
            yield from _texts(value)
