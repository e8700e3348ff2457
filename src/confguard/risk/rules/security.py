"""Security: secrets, algorithms, networks, wildcards, permissions and headers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from confguard.fields import Secret
from confguard.paths import reveal
from confguard.risk.findings import Finding
from confguard.risk.names import head_of, parts_of, polarity, words_of
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Rule, Verdict, sized
from confguard.risk.rules.kinds import means_everything
from confguard.secrets import is_reference, is_token, secret_name
from confguard.texts import word_set

_WEAK = word_set(
    "none null md5 sha1 des 3des rc4 rc2 ssl sslv2 sslv3 tlsv1 tls1.0 tlsv1.0 tlsv1.1 tls1.1 1.0 1.1 plain anon export"
)
_ALGORITHMS = word_set(
    "algorithm algorithms alg algs cipher ciphers hash digest signing protocol protocols tls ssl mac kex "
    "mechanism mechanisms"
)
_LISTENING = word_set(
    "bind listen host address addr allow allowed cidr source network ingress ip interface range "
    "whitelist allowlist trusted expose subnet from endpoint"
)
_DENYING = word_set("deny denied block blocked blocklist blacklist banned reject drop exclude except")
_ANY_VERSION = word_set("require dependencies devdependencies peerdependencies engines version versions")
_RULERS = word_set("admin administrator owner root superuser sudo clusteradmin poweruser")
_REFERENCE_NAME = re.compile(r"[a-z]+\d{0,2}(?:[-._/][a-z]+\d{0,2})+")
_STAND_IN = re.compile(
    r"(?<![a-z])(?:fake|dummy|example|sample|mock|placeholder|redacted|hidden|notused|your|set[-_ ]?me)(?![a-z])",
    re.IGNORECASE,
)
"""What is written where a secret is to stand."""
_WORDS = re.compile(r"[a-z]+(?:[-_ ][a-z]+)*")
_CONSTANT = re.compile(r"[A-Z]+(?:_[A-Z]+)+")
_NO_SECRETS = word_set(
    "read write none true false yes no on off optional required inherit default enabled disabled auto"
)
_NOT_SECRET = word_set(
    "name description host port user username url dir path file enabled version domain database"
)
_REFERENCES = word_set("secretref secretkeyref secretname fromsecret envfromsecret encrypteddata")
_ENCRYPTED = re.compile(r"\s*(?:ENC\[|\$ANSIBLE_VAULT;|-----BEGIN AGE ENCRYPTED|vault:v\d)")
_VERSION_RANGE = re.compile(r"[\^~<>=v]*\s*\d+(?:\.\w+)+.*")
_POWERS = word_set("sys_admin net_admin all sys_ptrace dac_override cap_sys_admin net_raw")


class WeakAlgorithm(EditRule):
    code = "CG403"
    title = "a weak algorithm is accepted"
    reason = "What is accepted will be used by whoever gains from it: with `none`, unsigned tokens are valid."
    advice = "Accept only what clients use today, and nothing that is broken."
    example = Example(
        'algorithms = ["RS256"]\n', 'algorithms = ["RS256", "none"]\n', 'algorithms = ["ES256"]\n'
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A weak name where an algorithm or protocol version is named."""
        if edit.after is None or not edit.trail & _ALGORITHMS or isinstance(edit.after, bool | dict | list):
            return None
        after = str(edit.after).lower()
        if _asymmetric(edit.before) and re.fullmatch(r"hs(256|384|512)", after):
            return f"from {edit.before} to {edit.after}: whoever can check a signature can now make one"
        if after not in _WEAK or (edit.before is not None and str(edit.before).lower() in _WEAK):
            return None
        return ("critical" if after in {"none", "null"} else "high"), f"accepts {edit.after}"


class NetworkOpened(EditRule):
    code = "CG404"
    title = "a network was opened"
    reason = "What listens on every address, trusts every network, or acts on it, reaches those it was not meant for."
    advice = "Name the networks that need it."
    example = Example(
        'bind_address = "10.0.4.11"\n', 'bind_address = "0.0.0.0"\n', 'bind_address = "10.0.4.12"\n'
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """Open now and not before, or at least 64 times as wide."""
        before, after = _network(edit.before), _network(edit.after)
        if after is None or (before is None and (not edit.trail & _LISTENING or edit.trail & _DENYING)):
            return None
        if edit.after.strip() == "*" and not edit.words & {"bind", "listen"}:
            return None  # a wildcard of names, not of addresses
        if after.prefixlen == 0 and (before is None or before.prefixlen > 0):
            listens = before is None and "/" not in edit.after  # in a container, as they all do
            return "medium" if listens else "high", f"open to every address: {edit.after}"
        if before is not None and before.version == after.version and before.prefixlen - after.prefixlen >= 6:
            return f"from {edit.before} to {edit.after}: {before.prefixlen - after.prefixlen} bits wider"
        return None


class Wildcard(EditRule):
    code = "CG405"
    title = "a wildcard where names stood"
    reason = "`*` also means what nobody thought of: every origin, every host, every action."
    advice = "Name what is meant; if all is meant, say so in the reason."
    example = Example(
        'origins = ["https://app.example.com"]\n',
        'origins = ["*"]\n',
        'origins = ["https://app.example.com", "https://m.example.com"]\n',
    )
    outage = "Joyent, 27 May 2014: a reboot aimed at every host of a data centre"

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A whole value that means everything."""
        if not isinstance(edit.after, str) or "*" not in edit.after + "*" * means_everything(edit.after):
            return None
        if means_everything(edit.before):
            return None
        if edit.trail & (_DENYING | _ANY_VERSION) or edit.words & {"log", "level"}:
            return None
        if edit.added and edit.after.lower() in {"all", "any"} and not isinstance(edit.path[-1], int):
            return None  # a new setting that says `all` had no names before
        if edit.added and isinstance(edit.path[-1], str) and edit.change.path != edit.path:
            return None  # part of something new
        if _covers(edit.after, edit.before):
            return f"from {edit.before} to {edit.after}, which covers more"
        if not means_everything(edit.after):
            return None
        neighbours = context.before_at(edit.path[:-1])
        if isinstance(neighbours, dict):  # of one setting by another name
            neighbours = list(neighbours.values())
        if isinstance(neighbours, list) and neighbours and means_everything(neighbours):
            return None
        return f"now takes everything: {edit.after}"


class SecretInClear(EditRule):
    code = "CG406"
    title = "a secret in the clear"
    reason = (
        "What stands in a file is in every clone, backup and log of it, and stays in its history for ever."
    )
    advice = "Put it where secrets are kept and refer to it; if it was ever committed, change it."
    example = Example(
        'password_file = "/run/secrets/db"\n', 'password = "hV7qLm29xRt"\n', 'password = "${DB_PASSWORD}"\n'
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A literal under a secret's name, or a text of a known token's form."""
        before, after = reveal(edit.before), reveal(edit.after)
        if not isinstance(after, str):
            return None
        if is_token(after) and not (isinstance(before, str) and is_token(before)):
            return "critical", "holds what looks like a live key or token"
        if _url_password(after) and not _url_password(before):
            return "holds a password within a URL"
        named = secret_name(edit.name) and not _names_a_secret(edit, after)
        if not (isinstance(edit.after, Secret) or named) or not _literal(after):
            return None
        if _names_a_secret(edit, after):
            return None
        if _literal(before):
            return "low", "a secret that stands in the file was changed there"
        return "holds a secret in the clear"


class SchemeDowngraded(EditRule):
    code = "CG408"
    title = "a URL lost its encryption"
    reason = "What went encrypted now goes in the clear, and what compares the URL no longer matches."
    advice = "Keep the scheme; mend the certificate if that is what failed."
    example = Example(
        'url = "https://auth.example.com"\n',
        'url = "http://auth.example.com"\n',
        'url = "https://login.example.com"\n',
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """`https` to `http`, and the like."""
        old, new = edit.texts
        before, after = old.partition("://")[0].lower(), new.partition("://")[0].lower()
        if before == f"{after}s" and "://" in new:
            return f"from {before} to {after}"
        ports = (old.rpartition(":")[2], new.rpartition(":")[2])
        listening = edit.words & {"listen", "bind", "port", "address", "endpoint"}
        if listening and ports in {("443", "80"), ("8443", "8080"), ("8443", "80"), ("443", "8080")}:
            return f"from port {ports[0]} to {ports[1]}"
        return None


class PrivateCached(EditRule):
    code = "CG411"
    title = "private answers may be cached"
    reason = "A shared cache that keeps what one signed-in user was shown serves it to the next one."
    advice = "Keep signed-in traffic past the cache, or let the cache vary by the user."
    example = Example(
        '[cache]\nauthenticated = "bypass"\n', '[cache]\nauthenticated = "cache"\n', "[cache]\nttl = 300\n"
    )
    outage = "Steam, 25 December 2015: pages of signed-in users served from a shared cache"

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A cache's rule for private traffic that changed and does not keep it out."""
        private = word_set("authenticated private cookie cookies session authorization loggedin")
        if not edit.words & private or edit.removed or edit.words & {"ttl", "lifetime", "name"}:
            return None
        near = frozenset[str]().union(*(words_of(str(key)) for key in context.around(edit.path)))
        if not (edit.trail | near) & {"cache", "caching", "cdn"}:
            return None
        keeps_out = word_set("bypass pass private nostore ignore skip never deny none strip disabled")
        after = words_of(str(edit.after)) if isinstance(edit.after, str) else frozenset[str]()
        off = polarity(edit.after) is False or after & keeps_out or {"no", "store"} <= after
        if off or (isinstance(edit.after, dict | list | int | float) and not isinstance(edit.after, bool)):
            return None
        return f"from {edit.before} to {edit.after}"


def _covers(wide: str, narrow: Any) -> bool:
    """Does a pattern with a star take what stood there before, and more?"""
    short = isinstance(narrow, str) and len(narrow) < 300 and len(wide) < 300
    return short and not set("?[\\^$(|") & set(wide) and wide != narrow and fnmatchcase(narrow, wide)


def _asymmetric(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"(rs|es|ps)(256|384|512)|eddsa", value.lower()))


def _url_password(value: Any) -> bool:
    match = re.search(r"://[^/@\s:]*:([^/@\s]+)@", value) if isinstance(value, str) else None
    return match is not None and _literal(match[1])


def _literal(value: Any) -> bool:
    text = isinstance(value, str) and bool(value.strip())
    return text and not is_reference(value) and not _ENCRYPTED.match(value)


def _names_a_secret(edit: Edit, value: str) -> bool:
    """Is this the name of where a secret is kept, or of no secret at all?"""
    names = [each.lower() for each in edit.path if isinstance(each, str)]
    if not _REFERENCES.isdisjoint(names[:-1]) or head_of(edit.name) in _NOT_SECRET:
        return True
    if _STAND_IN.search(value) or _CONSTANT.fullmatch(value) or value.strip().lower() in _NO_SECRETS:
        return True
    if "\n" in value.strip() or value.strip()[:1] in "{[":
        return True
    parts = frozenset(parts_of(value))
    if len(parts) > 1 and _WORDS.fullmatch(value) and parts <= set(parts_of(edit.name)):
        return True  # `LICENSE_KEY: license-key`: what stands there says what is to stand there
    if any("secret" in words_of(each) for each in names) and _REFERENCE_NAME.fullmatch(value):
        return True
    if {"secret", "secretkey"} & set(names) and value.isascii() and value.isalpha() and value.islower():
        return True  # `secret: database`, as volumes and certificates name one
    return _VERSION_RANGE.fullmatch(value) is not None


def _network(value: Any) -> IPv4Network | IPv6Network | None:
    """The network a text stands for; a port or brackets are left out, `*` is every address."""
    if not isinstance(value, str):
        return None
    text = value.strip()
    if match := re.fullmatch(r"\[(.+)\](?::\d+)?", text):
        text = match[1]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    if text in {"*", "0.0.0.0", "::"}:  # noqa: S104 - recognized, not bound
        text = "::/0" if text == "::" else "0.0.0.0/0"
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


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
            listed = change.op == "add" and len(path) > 1 and isinstance(path[-2], str)
            if not listed or not words_of(str(path[-2])) & members:
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
                named = (value, *(value.values() if isinstance(value, dict) else ()))
                yield from (each for each in named if isinstance(each, str))


def _mode(value: object) -> int | None:
    """File permissions, as YAML's and TOML's numbers and texts write them."""
    text = str(value)
    if isinstance(value, str) and re.fullmatch(r"(0o?)?[0-7]{3,4}", text):
        return int(text.removeprefix("0o"), 8)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 0o7777 else None
