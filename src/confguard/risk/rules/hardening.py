"""Hardening: permissions, lifetimes, lock-outs and headers that hold an attacker back."""

from __future__ import annotations

import re

from confguard.diffs.quantity import times
from confguard.risk.names import polarity, words_of
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Verdict, sized

__all__ = ["HeaderLoosened", "LifetimeRaised", "LockoutWeakened", "PermissionWidened", "RootUser"]

_ROLES = (
    "viewer",
    "read",
    "reader",
    "guest",
    "user",
    "member",
    "editor",
    "write",
    "writer",
    "maintainer",
    "operator",
)
_RULERS = frozenset(
    {"admin", "administrator", "owner", "root", "superuser", "sudo", "clusteradmin", "poweruser"}
)
_POWERS = frozenset(
    {"sys_admin", "net_admin", "all", "sys_ptrace", "dac_override", "cap_sys_admin", "net_raw"}
)


class PermissionWidened(EditRule):
    """A role, mode or capability that may do more."""

    code = "CG412"
    title = "permissions were widened"
    severity = "high"
    reason = "What may do more than it needs does more than it should when it fails or is taken over."
    advice = "Grant what is needed, by name."
    example = Example('role = "viewer"\n', 'role = "admin"\n', 'role = "reader"\n')

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """An administrator's role, a mode for everyone, a capability that rules the machine."""
        if edit.words & {"mode", "permission", "permissions", "umask", "chmod"} and (
            found := _mode(edit.after)
        ):
            before = _mode(edit.before)
            if found & 0o002 and not (before or 0) & 0o002:
                return f"everyone may write: {edit.after}"
        if not isinstance(edit.after, str):
            return None
        granted = edit.trail & {"capability", "capabilities"} and "drop" not in edit.trail
        if granted and edit.after.lower() in _POWERS:
            return f"may do what only the machine's owner should: {edit.after}"
        named = edit.words & {
            "role",
            "roles",
            "permission",
            "permissions",
            "access",
            "privilege",
            "privileges",
            "group",
        }
        ruling = words_of(edit.after) & _RULERS or edit.after.lower().replace("-", "") in _RULERS
        was = isinstance(edit.before, str) and (words_of(edit.before) & _RULERS)
        return f"from {edit.before} to {edit.after}" if named and ruling and not was and edit.before else None


class LifetimeRaised(EditRule):
    """Tokens, sessions or certificates live much longer."""

    code = "CG413"
    title = "credentials live much longer"
    severity = "medium"
    reason = "A stolen token is worth as much as the time it has left, and a revoked one works until then."
    advice = "Keep access tokens short, and refresh them."
    example = Example(
        'access_token_ttl = "15m"\n', 'access_token_ttl = "30d"\n', 'access_token_ttl = "20m"\n'
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """Ten times as long or more; a hundred times is high."""
        credential = edit.trail & {
            "token",
            "tokens",
            "session",
            "sessions",
            "cookie",
            "jwt",
            "otp",
            "certificate",
            "password",
        }
        lasting = edit.words & {
            "ttl",
            "lifetime",
            "expiry",
            "expiration",
            "expires",
            "age",
            "duration",
            "validity",
        }
        if not credential or not lasting or edit.ratio is None or edit.ratio < 10:
            return None
        return ("high" if edit.ratio >= 100 else "medium"), f"{sized(edit)}: {times(edit.ratio)}"


class LockoutWeakened(EditRule):
    """More guesses, or shorter passwords."""

    code = "CG414"
    title = "guessing became easier"
    severity = "high"
    reason = "Lock-outs and lengths are what makes guessing passwords slow."
    advice = "Keep the number of guesses small and the passwords long."
    example = Example("max_login_attempts = 5\n", "max_login_attempts = 500\n", "max_login_attempts = 4\n")

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """Five times the attempts; a shorter minimum length; fewer rounds of a password hash."""
        if edit.ratio is None:
            return None
        login = edit.trail & {"login", "password", "signin", "lockout", "auth", "otp", "pin"}
        if login and edit.words & {"attempt", "attempts", "failures", "lockout"} and edit.ratio >= 5:
            return f"{sized(edit)}: {times(edit.ratio)}"
        short = edit.trail & {"password", "passphrase", "pin"} and edit.words & {"min", "minimum", "length"}
        rounds = edit.words & {"rounds", "iterations", "cost"} and edit.trail & {
            "password",
            "bcrypt",
            "argon2",
            "pbkdf2",
            "scrypt",
            "hash",
            "hashing",
        }
        return sized(edit) if (short and edit.ratio < 1) or (rounds and edit.ratio <= 0.5) else None


class RootUser(EditRule):
    """A container or process runs as root, or on the host's own network or files."""

    code = "CG415"
    title = "runs as root, or on the host"
    severity = "high"
    reason = "What breaks out of it, or is taken over, has the machine."
    advice = "Run as a user of its own; mount only what is needed."
    example = Example("runAsUser = 1000\n", "runAsUser = 0\n", "runAsUser = 1001\n")

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """User 0, `runAsNonRoot` off, `hostNetwork` and its like on, escalation allowed."""
        words = edit.words
        if (
            {"run", "user"} <= words
            and edit.after in (0, "0", "root")
            and edit.before not in (0, "0", "root")
        ):
            return "runs as root"
        if {"non", "root"} <= words and polarity(edit.after) is False and polarity(edit.before) is not False:
            return "may run as root"
        host = "host" in words and words & {"network", "pid", "ipc"}
        escalation = {"privilege", "escalation"} <= words
        if (host or escalation) and polarity(edit.after) is True and polarity(edit.before) is not True:
            return "is on"
        return None


class HeaderLoosened(EditRule):
    """A header that browsers obey forbids less."""

    code = "CG416"
    title = "a protecting header was loosened"
    severity = "high"
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
        if new and edit.words & {"csp", "content", "security", "policy", "frame", "header", "headers"}:
            return f"allows {new[0]}"
        if {"same", "site"} <= edit.words or "samesite" in edit.words:
            return sized(edit) if after == "none" != before else None
        return None


def _mode(value: object) -> int | None:
    """File permissions, as YAML's and TOML's numbers and texts write them."""
    text = str(value)
    if isinstance(value, str) and re.fullmatch(r"(0o?)?[0-7]{3,4}", text):
        return int(text.removeprefix("0o"), 8)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 0o7777 else None
