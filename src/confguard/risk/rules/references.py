"""What settings say of each other: names that are referred to, environments and roles, siblings that were alike."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from confguard.paths import Key, Path
from confguard.risk.findings import Finding
from confguard.risk.names import head_of, name_of, words_of, words_on_path
from confguard.risk.rules.context import environment_of
from confguard.risk.rules.edits import leaves
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Rule, Verdict, sized
from confguard.schema.guarded import opaque
from confguard.texts import word_set

_REFERRING = word_set(
    "ref selector label node reflector name backend upstream pool target default use service "
    "cluster group profile provider database queue topic secret config class template role policy source "
    "sink primary fallback serviceaccount storageclass claim destination route listener "
    "certificate list prefixlist to from origin channel parent"
)
_ROLES = (
    word_set("primary master leader writer rw"),
    word_set("replica slave secondary standby reader readonly ro follower"),
)
_POLICIES = word_set(
    "export import policy policies acl filter profile ruleset firewall securitygroup routemap chain"
)
_APPLIED = _POLICIES | word_set(
    "middleware middlewares prefixlist authorizer limiter ratelimit waf plugin plugins securitygroups interceptor guard"
)
_HOST = re.compile(
    r"[A-Za-z0-9*_-]+(?:\.[A-Za-z0-9_-]+)*\.[A-Za-z]{2,}(?::\d+)?|\d+\.\d+\.\d+\.\d+(?:[:/]\d+)?"
)
_PLACEHOLDER = re.compile(
    r"\{\{-?\s*\.?([A-Za-z_][\w.]*)\s*-?\}\}|\$\{([A-Za-z_]\w*)\}|\$\(([A-Za-z_]\w*)\)|(?<![{$])\{([a-z_]\w*)\}(?!\})"
)
_ARTEFACTS = tuple(
    word_set(
        ".qcow2 .img .iso .vmdk .ova .box .tgz .gz .xz .zst .bz2 .zip .tar .jar .whl .deb .rpm .exe .msi"
    )
)
_ADDRESS = re.compile(r"[.:/@]")
_LOOPBACK = re.compile(r"(?<![a-z0-9.])(localhost|127\.0\.0\.1|\[::1\])(?![a-z0-9.])", re.IGNORECASE)
_NAMED_AT = {("name",), ("id",)}


class OtherEnvironment(EditRule):
    code = "CG508"
    title = "a value of another environment"
    reason = "Staging that talks to production changes real data; production that talks to staging serves test data."
    advice = "Check which environment this file is for."
    example = Example(
        'environment = "production"\ndb = "db.prod.internal"\n',
        'environment = "production"\ndb = "db.staging.internal"\n',
        'environment = "production"\ndb = "db2.prod.internal"\n',
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """From one environment's value to the other's, or into a file of the other."""
        exempt = edit.words & word_set("description comment environment env image tag")
        if not isinstance(edit.after, str) or exempt:
            return None
        before = edit.before if isinstance(edit.before, str) else ""
        addressed = _ADDRESS.search(edit.after) is not None
        if _loopback(edit.after) and before and not _loopback(before) and addressed:
            return f"from {before} to this machine alone: {edit.after}"
        if " " in edit.after.strip():
            return None  # prose
        was, now = environment_of(_used_at(before)), environment_of(_used_at(edit.after))
        if now is None or was == now or (_loopback(edit.after) and not before):
            return None
        home = context.environment(edit.path)
        if was is not None and home != now:
            return f"from a value of {was} to one of {now}: {edit.after}"
        if addressed and home not in (None, now):
            return f"a value of {now}, in a file of {home}: {edit.after}"
        return None


class RoleSwapped(EditRule):
    code = "CG517"
    title = "an endpoint of another role"
    reason = "Writes to a replica fail or are lost; reads from the primary take what writes need."
    advice = "Check the role of the new endpoint."
    example = Example(
        'db_host = "pg-primary.internal"\n',
        'db_host = "pg-replica-2.internal"\n',
        'db_host = "pg-primary-2.internal"\n',
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """From a name of one role to one of the other."""
        if max(map(len, edit.texts)) > 200 or " " in edit.texts[1]:
            return None
        before, after = map(words_of, edit.texts)
        for own, other in (_ROLES, _ROLES[::-1]):
            if before & own and after & other and not before & other and not after & own:
                return sized(edit)
        return None


class DanglingReference(Rule):
    code = "CG510"
    title = "a name that is still referred to is gone"
    reason = "What refers to it finds nothing: it fails at the next start, or falls back without a word."
    advice = "Change what refers to it in the same change."
    example = Example(
        'backend = "blue"\n[pools.blue]\nsize = 3\n[pools.green]\nsize = 3\n',
        'backend = "blue"\n[pools.indigo]\nsize = 3\n[pools.green]\nsize = 3\n',
        'backend = "green"\n[pools.green]\nsize = 3\n',
    )
    outage = "Reddit, 14 March 2023: a label that route reflectors were selected by no longer existed"

    def check(self, context: Context) -> Iterator[Finding]:
        """Names that are gone and still stand as values; references that now name what is nowhere."""
        gone = {name: path for name, path in _named(context) if len(name) > 2}
        if gone:
            still = set(_names_in(context.after))
            before = set(_texts(context.before))
            for path, value in _references(context.after):
                if value in gone and value not in still and value in before:
                    yield self.finding(path, f"refers to '{value}', which is gone")
                    del gone[value]
        yield from self._repointed(context)
        yield from self._unlisted(context)

    def _unlisted(self, context: Context) -> Iterator[Finding]:
        """A host that left a list and is still named elsewhere; a DNS record that others lead to."""
        for change in context.changes:
            if change.op != "remove" or not change.path or not isinstance(change.path[-1], int | Key):
                continue
            gone = opaque(change.before)
            if isinstance(gone, str) and _HOST.fullmatch(gone):
                stays = [path for path, text in context.texts_after if text == gone]
                named = sum(text == gone for text in _texts(context.before))
                if stays and named > 1:  # and did not only go to another list
                    yield self.finding(change.path, f"{gone} is gone, and {name_of(stays[0])} still names it")
            elif isinstance(gone, dict) and gone.get("type") in {"A", "AAAA", "CNAME"} and gone.get("name"):
                label = re.compile(rf"(?<![\w.-]){re.escape(str(gone['name']))}\.")
                if any(label.search(text) for _, text in context.texts_after):
                    yield self.finding(change.path, f"{gone['name']} is gone, and other records lead to it")

    def _repointed(self, context: Context) -> Iterator[Finding]:
        """A reference to a table or element of the file that now names none."""
        known = set[str]()
        for edit in context.edits:
            before, after = edit.texts
            referring = head_of(name_of(edit.path)) in _REFERRING and edit.path[-1] not in {"name", "id"}
            if before == after or not referring:
                continue
            around = words_on_path(edit.path[-2:])
            if around & word_set("labels annotations sourcelabel targetlabel"):  # which name themselves
                continue
            known = known or set(_names_in(context.after))
            if before in known and after not in known:
                yield self.finding(edit.path, f"named '{before}', which is in this file; '{after}' is not")


class PolicySwapped(EditRule):
    code = "CG539"
    title = "another policy applies"
    reason = "All that the policy lets through, announces or refuses changes at once, by one word."
    advice = "Compare the two policies line by line; try it on one neighbour, host or client."
    example = Example(
        "peer: {export: own}\npolicies: {own: {a: 1}, full: {b: 2}}\n",
        "peer: {export: full}\npolicies: {own: {a: 1}, full: {b: 2}}\n",
        "peer: {export: own}\npolicies: {own: {a: 1}, full: {b: 3}}\n",
        "yaml",
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """From one name to another, both of tables or elements of the file."""
        if not any(edit.texts) or not edit.words & _POLICIES:
            return None
        return sized(edit) if set(edit.texts) <= set(_names_in(context.after)) else None


class PolicyDropped(EditRule):
    code = "CG549"
    title = "a policy no longer applies to what it was for"
    reason = (
        "The policy still stands there, and looks as if it were in force; what it held back goes through."
    )
    advice = "Keep it until what it is for has gone; then remove both."
    example = Example(
        "redistribute: {from: bgp, policy: core}\npolicies: {core: [{permit: a}]}\n",
        "redistribute: {from: bgp}\npolicies: {core: [{permit: a}]}\n",
        "redistribute: {from: bgp, policy: core, metric: 2}\npolicies: {core: [{permit: a}]}\n",
        "yaml",
    )
    outage = "Rogers, 8 July 2022: a filter was taken from a redistribution, and routers drowned in routes"

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A name of a table or element of the file that stood where policies do, and that nothing names now."""
        gone = edit.removed and isinstance(edit.before, str) and words_of(name_of(edit.path)) & _APPLIED
        if not gone or edit.before not in set(_names_in(context.after)):
            return None
        texts = context.texts_after
        named = any(text == edit.before for path, text in texts if path[-1] not in {"name", "id"})
        left = not named and context.after_at(edit.path[:-1])
        return f"'{edit.before}' is still here, and nothing names it" if left else None


class UnknownPlaceholder(EditRule):
    code = "CG527"
    title = "a placeholder names nothing"
    reason = "What a placeholder does not find becomes blank, or stays: another path, host or filter."
    advice = "Use the name that the values have."
    example = Example(
        'cells:\n- {cell: a}\npath: "cells/{{.cell}}/x"\n',
        'cells:\n- {cell: a}\npath: "cells/{{.cellName}}/x"\n',
        'cells:\n- {cell: a}\npath: "all/{{.cell}}/x"\n',
        "yaml",
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """The old placeholder named a key of the file; the new one names none."""
        old, new = map(_placeholders, edit.texts)
        if old and not new and "{" in edit.texts[1]:
            return f"{sorted(old)[0]} is no placeholder any more: {edit.after}"
        if not old or not new - old:
            return None
        names = {each for path, _ in context.texts_after for each in path if isinstance(each, str)}
        used = {name for _, text in context.texts_after if text != edit.after for name in _placeholders(text)}
        unknown = sorted(new - old - names - used)
        if unknown and old & names and used <= names:  # else names come from elsewhere, too
            return f"asks for {unknown[0]}, which nothing here gives; it asked for {sorted(old & names)[0]}"
        return None


class SwitchedEverywhere(EditRule):
    code = "CG534"
    title = "switched on for all at once"
    reason = "What nobody has tried at this size is tried on everyone, and there is no part that still works."
    advice = "Begin with a part, and wait as long as a failure takes to show."
    example = Example(
        "[collector]\nenabled = false\n[rollout]\nclusters = ['*']\n",
        "[collector]\nenabled = true\n[rollout]\nclusters = ['*']\n",
        "[collector]\nenabled = true\n[rollout]\nclusters = ['one']\n",
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A switch that was off and is on, in a file that says that it reaches all."""
        on = edit.before is False and edit.after is True
        return f"was off and is on, and {context.at_once}" if on and context.at_once else None


def _used_at(address: str) -> str:
    """An address without the name of what was built and is fetched there: that says how, not where it is used."""
    return address.rpartition("/")[0] if address.endswith(_ARTEFACTS) else address


def _loopback(text: str) -> bool:
    return _LOOPBACK.search(text) is not None


def _placeholders(text: str) -> set[str]:
    return {next(group for group in match.groups() if group) for match in _PLACEHOLDER.finditer(text)}


def _named(context: Context) -> Iterator[tuple[str, Path]]:
    """Names that tables and elements had, and that no longer exist."""
    for change in context.changes:
        if change.op == "remove" or (change.op == "move" and change.origin):
            path = change.origin or change.path
            last = path[-1] if path else None
            if isinstance(last, str) and isinstance(change.before, dict):
                yield last, path
                continue
            if isinstance(last, Key):
                named = [value for name, value in last.fields if name.rpartition(".")[2] in {"name", "id"}]
            elif isinstance(last, int) and isinstance(change.before, dict):
                named = [change.before.get(key) for key in ("name", "id")]
            else:
                continue
            yield from ((value, path) for value in named if isinstance(value, str))
        elif change.op == "replace" and isinstance(change.before, str) and change.path[-1:] in _NAMED_AT:
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


def _references(data: Any) -> Iterator[tuple[Path, str]]:
    """Texts that stand where names of others do: by the last word of the setting's name, or of its list's."""
    for path, value in leaves(data, ()):
        if path and isinstance(value, str):
            key = path[-1]
            if isinstance(key, int) or (head_of(str(key)) in _REFERRING and key not in {"name", "id"}):
                yield path, value


def _texts(data: Any) -> Iterator[str]:
    return (value for _, value in leaves(data, ()) if isinstance(value, str))
