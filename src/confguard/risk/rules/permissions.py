"""Permissions: roles, modes, capabilities and headers that allow more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from confguard.risk.findings import Finding
from confguard.risk.names import word_set, words_of
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Rule, Verdict, sized

__all__ = ["HeaderLoosened", "PermissionWidened", "RoleGranted"]

_RULERS = word_set("admin administrator owner root superuser sudo clusteradmin poweruser")
_POWERS = frozenset(
    {"sys_admin", "net_admin", "all", "sys_ptrace", "dac_override", "cap_sys_admin", "net_raw"}
)


class PermissionWidened(EditRule):
    code = "CG412"
    title = "permissions were widened"
    reason = "What may do more than it needs does more than it should when it fails or is taken over."
    advice = "Grant what is needed, by name."
    example = Example('role = "viewer"\n', 'role = "admin"\n', 'role = "reader"\n')

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """An administrator's role, a mode for everyone, a capability that rules the machine."""
        if edit.words & word_set("mode permission permissions umask chmod") and (mode := _mode(edit.after)):
            before = _mode(edit.before)
            if mode & 0o002 and not (before or 0) & 0o002:
                return f"everyone may write: {edit.after}"
        if not isinstance(edit.after, str):
            return None
        granted = edit.trail & {"capability", "capabilities"} and "drop" not in edit.trail
        if granted and edit.after.lower() in _POWERS:
            return f"may do what only the machine's owner should: {edit.after}"
        named = edit.words & word_set("role roles permission permissions access privilege privileges group")
        ruling = words_of(edit.after) & _RULERS or edit.after.lower().replace("-", "") in _RULERS
        was = isinstance(edit.before, str) and (words_of(edit.before) & _RULERS)
        return f"from {edit.before} to {edit.after}" if named and ruling and not was and edit.before else None


class RoleGranted(Rule):
    code = "CG418"
    title = "an administrator's role was granted"
    reason = "Whoever is bound to such a role may change and read everything that it covers."
    advice = "Bind a narrower role, or for a time only."
    example = Example(
        "roleRef: {name: vault-admin}\nsubjects:\n- {name: ann}\n",
        "roleRef: {name: vault-admin}\nsubjects:\n- {name: ann}\n- {name: bob}\n",
        "roleRef: {name: vault-viewer}\nsubjects:\n- {name: ann}\n- {name: bob}\n",
        "yaml",
    )

    def check(self, context: Context) -> Iterator[Finding]:
        """A member added to a list beside which, or under which, such a role is named; of one namespace it is less."""
        members = word_set("subjects members users principals groups bindings")
        for change in context.changes:
            path = change.path
            if (
                change.op != "add"
                or len(path) < 2
                or not isinstance(path[-2], str)
                or not words_of(path[-2]) & members
            ):
                continue
            around = context.after_at(path[:-2])
            role = next((text for text in _role_names(around, path[:-2]) if words_of(text) & _RULERS), None)
            if role is not None:
                bound = isinstance(around, dict) and around.get("kind") == "RoleBinding" and role == "admin"
                yield self.finding(path, f"is given the role {role}", "medium" if bound else None)


class HeaderLoosened(EditRule):
    code = "CG416"
    title = "a protecting header was loosened"
    reason = "Content policies and framing rules are what stops injected scripts and borrowed pages."
    advice = "Allow the one source that is needed, by name or by nonce."
    example = Example(
        "csp = \"script-src 'self'\"\n",
        "csp = \"script-src 'self' 'unsafe-inline'\"\n",
        "csp = \"script-src 'self' cdn.example.com\"\n",
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """`unsafe-inline`, `unsafe-eval`, `*`; framing allowed; SameSite none."""
        if not isinstance(edit.after, str):
            return None
        before, after = str(edit.before or "").lower(), edit.after.lower()
        loose = re.findall(r"unsafe-inline|unsafe-eval|allowall|(?:^|\s)\*(?=\s|;|$)", after)
        new = [part.strip() for part in loose if part.strip() not in before]
        if new and edit.words & {"csp", "contentsecurity", "securitypolicy", "frame", "header", "headers"}:
            return f"allows {new[0]}"
        return sized(edit) if "samesite" in edit.words and after == "none" != before and before else None


def _role_names(table: Any, path: tuple[Any, ...]) -> Iterator[str]:
    """The names of roles in a table, and in the names that lead to it."""
    yield from (each for each in path if isinstance(each, str))
    if isinstance(table, dict):
        for key, value in table.items():
            if words_of(str(key)) & {"role", "roleref"}:
                yield from (
                    each
                    for each in (value, *(value.values() if isinstance(value, dict) else ()))
                    if isinstance(each, str)
                )


def _mode(value: object) -> int | None:
    """File permissions, as YAML's and TOML's numbers and texts write them."""
    text = str(value)
    if isinstance(value, str) and re.fullmatch(r"(0o?)?[0-7]{3,4}", text):
        return int(text.removeprefix("0o"), 8)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 0o7777 else None
