"""Settings that belong together: what its siblings, its default or its other half say of a setting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from confguard.diffs.quantity import ratio, times
from confguard.paths import Path, value_at
from confguard.risk.findings import Finding
from confguard.risk.names import head_of, name_of, parts_of, word_set, words_of, words_on_path
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Rule, Verdict
from confguard.risk.rules.roles import roles_of
from confguard.secrets import is_reference

__all__ = ["DefaultApplies", "LeftBehind", "LostUnlikeSiblings", "SelectsNothing"]

_TOGETHER = word_set(
    "topic queue exchange version secretversion keyid kid schema realm issuer audience subnet cidr vlan mtu secret "
    "credential password token algorithm encoding serializer bucket database"
)
_SIDES = (word_set("selector matchlabels podselector nodeselector"), word_set("labels"))
_ALONE = word_set("image tag chart appversion")
_DEFAULTS = word_set("default defaults base common global globals all shared values settings config")


class LeftBehind(EditRule):
    code = "CG528"
    title = "others still have the old value"
    reason = (
        "Both ends of a queue, users of one credential, peers of one protocol have to agree: one moved alone."
    )
    advice = "Change them together, or let both values count for a while."
    example = Example(
        'producer_topic = "orders.v1"\nconsumer_topic = "orders.v1"\n',
        'producer_topic = "orders.v2"\nconsumer_topic = "orders.v1"\n',
        'producer_topic = "orders.v2"\nconsumer_topic = "orders.v2"\n',
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """Settings of one kind of name, where one value has to be the same."""
        head = head_of(name_of(edit.path))
        plain = isinstance(edit.after, str | int) and isinstance(edit.before, str | int)
        if edit.added or edit.removed or not plain or isinstance(edit.before, bool):
            return None
        if (
            edit.words & _ALONE
            or (head not in _TOGETHER and not _names_secret(edit.before))
            or len(str(edit.before)) < (1 if head == "version" else 3)
        ):
            return None
        if head == "version" and not edit.words & word_set("secret key schema protocol api format"):
            return None
        own = context.path_after(edit.path)
        left = [
            path
            for path, text in context.texts_after
            if text == str(edit.before)
            and path != own
            and head_of(name_of(path)) == head
            and len(path) == len(own)
            and path[:-2] == own[:-2]
        ]
        moved = [each for each in context.edits if each.path != edit.path and each.before == edit.before]
        if not left or moved:
            return None
        return f"from {edit.before} to {edit.after}, and {name_of(left[0])} still has {edit.before}"


def _names_secret(value: object) -> bool:
    """Does a text say where one secret is found, by a path?"""
    return isinstance(value, str) and "/" in value and is_reference(value)


class SelectsNothing(Rule):
    code = "CG538"
    title = "a selector and its labels no longer agree"
    reason = "A selector that matches nothing has no back ends: what it leads to gets no traffic, or is not watched."
    advice = "Change the labels and what selects by them together."
    example = Example(
        "selector: {app: web}\ntemplate: {labels: {app: web}}\n",
        "selector: {app: web2}\ntemplate: {labels: {app: web}}\n",
        "selector: {app: web2}\ntemplate: {labels: {app: web2}}\n",
        "yaml",
    )

    def check(self, context: Context) -> Iterator[Finding]:
        """One side changed, and the other still has the old value, and nothing the new one."""
        for edit in context.edits:
            if len(edit.path) < 2 or edit.added or edit.removed or not isinstance(edit.after, str):
                continue
            side = next((n for n, names in enumerate(_SIDES) if words_on_path(edit.path[:-1]) & names), None)
            if side is None:
                continue
            others = [
                text
                for path, text in context.texts_after
                if len(path) > 1
                and path[-1] == edit.path[-1]
                and words_on_path(path[:-1]) & _SIDES[1 - side]
                and not words_on_path(path[:-1]) & _SIDES[side]
            ]
            if str(edit.before) in others and edit.after not in others:
                other_side = "labels still say" if side == 0 else "what selects still asks for"
                yield self.finding(
                    edit.path, f"from {edit.before} to {edit.after}, and {other_side} {edit.before}"
                )


class DefaultApplies(EditRule):
    code = "CG529"
    title = "a default applies that is far from what was in force"
    reason = "To remove an override does not remove the setting: the default takes its place."
    advice = "Compare the default with what was in force; keep the override, or change the default with it."
    example = Example(
        "[defaults]\nrate = 10\n[prod]\nrate = 900\nx = 1\n",
        "[defaults]\nrate = 10\n[prod]\nx = 1\n",
        "[defaults]\nrate = 800\n[prod]\nx = 1\nrate = 900\n",
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A removed setting of which a table of defaults around has one, at most half or at least twice as much."""
        if not edit.removed or isinstance(edit.before, dict | list) or context.member_gone(edit.path):
            return None
        default = self._default(edit.path, context)
        factor = ratio(edit.before, default)
        switched = isinstance(default, bool) and isinstance(edit.before, bool) and default is not edit.before
        if switched or (factor is not None and not 0.5 < factor < 2):
            much = f": {times(factor)}" if factor is not None else ""
            return f"was {edit.before}; the default of {default} applies now{much}"
        return None

    def _default(self, path: Path, context: Context) -> Any:
        """What a table of defaults beside one of those around the setting says of it."""
        for depth in range(len(path) - 1):
            around = context.after_at(path[:depth])
            for key in around if isinstance(around, dict) else ():
                if not isinstance(key, str) or not _DEFAULTS.issuperset(parts_of(key)) or key == path[depth]:
                    continue
                for start in range(depth + 1, min(depth + 3, len(path))):
                    value = value_at(around[key], path[start:])
                    if value is not None and not isinstance(value, dict | list):
                        return value
        return None


class LostUnlikeSiblings(Rule):
    code = "CG530"
    title = "one lost what its siblings have"
    reason = (
        "What all members of a group have is there for a reason; the one without it behaves by a default."
    )
    advice = "Say in the reason what takes its place, or put it back."
    example = Example(
        "steps:\n- {id: a, environment: prod}\n- {id: b, environment: prod}\n- {id: c, environment: prod}\n",
        "steps:\n- {id: a, environment: prod}\n- {id: b}\n- {id: c, environment: prod}\n",
        "steps:\n- {id: a}\n- {id: b}\n- {id: c}\n",
        "yaml",
    )

    def check(self, context: Context) -> Iterator[Finding]:
        """A removed setting that at least two siblings, and all that had it, still have."""
        for change in context.changes:
            path = change.path
            if change.op != "remove" or len(path) < 2 or not isinstance(path[-1], str):
                continue
            plain = words_of(path[-1]) & word_set("description title label comment note summary")
            if plain or isinstance(change.before, dict | list):
                continue
            siblings = context.siblings(path[:-1])
            having = [each for each in siblings if path[-1] in each]
            same = [each for each in having if each[path[-1]] == change.before]
            if (
                len(having) >= 2
                and len(having) * 3 >= len(siblings) * 2
                and same
                and "numbered" not in roles_of(path)
            ):
                yield self.finding(path, f"is gone, and {len(having)} beside it still have it")
