"""Security: what was verified, closed or secret, and no longer is."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from confguard.diffs.applying import reveal
from confguard.fields import Secret
from confguard.risk.names import polarity, switched, words_of
from confguard.risk.rules.interface import Context, Edit, EditRule, Example, Verdict
from confguard.secrets import is_reference, is_token, secret_name

__all__ = [
    "AuthenticationOff",
    "DebugOn",
    "IdentityChanged",
    "MadePublic",
    "NetworkOpened",
    "PrivateCached",
    "PublicOn",
    "SchemeDowngraded",
    "SecretInClear",
    "VerificationOff",
    "WeakAlgorithm",
    "Wildcard",
]

_VERIFY = frozenset(
    {"verify", "verification", "tls", "ssl", "mtls", "certificate", "cert", "signature", "signed", "https"}
    | {"hsts", "secure", "httponly", "checkhostname", "insecure"}
)
_AUTH = frozenset(
    {"auth", "authentication", "authorization", "authenticate", "authorize", "rbac", "acl", "mfa", "otp"}
    | {"csrf", "encryption", "encrypt", "encrypted", "firewall", "sandbox", "selinux", "apparmor", "audit"}
)
_PUBLIC = frozenset({"public", "publicly", "anonymous", "exposed", "expose", "guest", "privileged", "world"})
_WEAK = frozenset(
    {"none", "null", "md5", "sha1", "des", "3des", "rc4", "rc2", "ssl", "sslv2", "sslv3", "tlsv1", "tls1.0"}
    | {"tlsv1.0", "tlsv1.1", "tls1.1", "1.0", "1.1", "plain", "anon", "export"}
)
_ALGORITHMS = frozenset(
    {"algorithm", "algorithms", "alg", "algs", "cipher", "ciphers", "hash", "digest", "signing", "protocol"}
    | {"protocols", "tls", "ssl", "mac", "kex", "jwt", "mechanism", "mechanisms"}
)
_ADDRESSES = frozenset(
    {"bind", "listen", "host", "address", "addr", "allow", "allowed", "cidr", "source", "network", "ingress"}
    | {
        "ip",
        "interface",
        "range",
        "whitelist",
        "allowlist",
        "trusted",
        "expose",
        "subnet",
        "from",
        "endpoint",
    }
)
_EVERYTHING = frozenset({"*", "*.*", "*:*", ".*", "**", "all", "any", "everyone", "everything", "allusers"})


class VerificationOff(EditRule):
    """Certificates, signatures or TLS are no longer checked."""

    code = "CG401"
    title = "verification was switched off"
    severity = "critical"
    reason = "Without verification anyone on the way can read and change what is sent."
    advice = "Mend the certificate or name the authority that signed it; do not stop checking."
    example = Example("[tls]\nverify = true\n", "[tls]\nverify = false\n", "[tls]\nverify = true\nca = 'x'\n")

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """What verifies went off."""
        if switched(edit.path, edit.before, _set(edit), _VERIFY) is False:
            return _off(edit)
        return None


class AuthenticationOff(EditRule):
    """Authentication, authorization or encryption went off."""

    code = "CG402"
    title = "authentication or encryption was switched off"
    severity = "critical"
    reason = "Whoever reaches the service may now do what only some were allowed to."
    advice = "Keep it on; give the caller that fails its own identity."
    example = Example(
        "[auth]\nenabled = true\n", "[auth]\nenabled = false\n", "[auth]\nenabled = true\nx = 1\n"
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """What protects went off."""
        if edit.added and not isinstance(_set(edit), bool):
            return None
        if switched(edit.path, edit.before, _set(edit), _AUTH) is False:
            return _off(edit)
        return None


class WeakAlgorithm(EditRule):
    """An algorithm or protocol that does not protect is accepted."""

    code = "CG403"
    title = "a weak algorithm is accepted"
    severity = "high"
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
    """An address or network that was narrow is open to all, or much wider."""

    code = "CG404"
    title = "a network was opened"
    severity = "high"
    reason = (
        "What listens on every address, or trusts every network, is reached by those it was not meant for."
    )
    advice = "Name the networks that need it."
    example = Example(
        'bind_address = "10.0.4.11"\n', 'bind_address = "0.0.0.0"\n', 'bind_address = "10.0.4.12"\n'
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """Open now and not before, or at least 256 times as wide."""
        after = _network(edit.after)
        if after is None or not edit.trail & _ADDRESSES:
            return None
        before = _network(edit.before)
        if edit.after.strip() == "*" and not edit.words & {"bind", "listen"}:
            return None  # a wildcard of names, not of addresses
        everything = after.prefixlen == 0
        if everything and (before is None or before.prefixlen > 0):
            return f"open to every address: {edit.after}"
        if before is not None and before.version == after.version and before.prefixlen - after.prefixlen >= 6:
            return f"from {edit.before} to {edit.after}: {before.prefixlen - after.prefixlen} bits wider"
        return None


class Wildcard(EditRule):
    """A list or pattern of some now takes all."""

    code = "CG405"
    title = "a wildcard where names stood"
    severity = "high"
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
        if not isinstance(edit.after, str) or edit.after.strip().lower() not in _EVERYTHING:
            return None
        if isinstance(edit.before, str) and edit.before.strip().lower() in _EVERYTHING:
            return None
        if edit.added and edit.after.lower() in {"all", "any"} and not isinstance(edit.path[-1], int):
            return None  # a new setting that says `all` had no names before
        neighbours = context.before_at(edit.path[:-1])
        if isinstance(neighbours, list) and neighbours and all(_means_all(value) for value in neighbours):
            return None
        return f"now takes everything: {edit.after}"


class SecretInClear(EditRule):
    """A password, key or token stands in the file itself."""

    code = "CG406"
    title = "a secret in the clear"
    severity = "high"
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
        if not (isinstance(edit.after, Secret) or secret_name(edit.name)) or not _literal(after):
            return None
        if _literal(before):
            return "low", "a secret that stands in the file was changed there"
        return "holds a secret in the clear"


class DebugOn(EditRule):
    """Debugging was switched on."""

    code = "CG407"
    title = "debug mode was switched on"
    severity = "medium"
    reason = "Debug modes show internals to strangers, skip checks and slow things down."
    advice = "Switch it on for one instance, or raise the level of one logger."
    example = Example("debug = false\n", "debug = true\n", "debug = false\nname = 'x'\n")

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A debug switch that is on and was not."""
        debug = edit.words & {"debug", "debugger", "profiling", "trace"}
        if debug and polarity(edit.after) is True and polarity(edit.before) is not True:
            return "is on"
        return None


class SchemeDowngraded(EditRule):
    """A URL lost its encryption."""

    code = "CG408"
    title = "a URL lost its encryption"
    severity = "high"
    reason = "What went encrypted now goes in the clear, and what compares the URL no longer matches."
    advice = "Keep the scheme; mend the certificate if that is what failed."
    example = Example(
        'url = "https://auth.example.com"\n',
        'url = "http://auth.example.com"\n',
        'url = "https://login.example.com"\n',
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """`https` to `http`, and the like."""
        if not isinstance(edit.before, str) or not isinstance(edit.after, str):
            return None
        before, after = edit.before.partition("://")[0].lower(), edit.after.partition("://")[0].lower()
        if before == f"{after}s" and "://" in edit.after:
            return f"from {before} to {after}"
        ports = (edit.before.rpartition(":")[2], edit.after.rpartition(":")[2])
        listening = edit.words & {"listen", "bind", "port", "address", "endpoint"}
        if listening and ports in {("443", "80"), ("8443", "8080"), ("8443", "80"), ("443", "8080")}:
            return f"from port {ports[0]} to {ports[1]}"
        return None


class MadePublic(EditRule):
    """What was private is for everyone."""

    code = "CG417"
    title = "what was private is public"
    severity = "high"
    reason = "What is public is found within minutes by those who look for it all day."
    advice = "Share it with those who need it, by name or by a link that ends."
    example = Example('acl = "private"\n', 'acl = "public-read"\n', 'acl = "authenticated-read"\n')

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A word for everyone where a narrower one stood."""
        if not isinstance(edit.before, str) or not isinstance(edit.after, str) or len(edit.after) > 40:
            return None
        everyone = {"public", "anonymous", "allusers", "everyone", "world", "internet", "external"}
        about = {
            "acl",
            "access",
            "visibility",
            "exposure",
            "scheme",
            "scope",
            "network",
            "audience",
            "type",
            "policy",
        }
        opened = words_of(edit.after) & everyone and not words_of(edit.before) & everyone
        return f"from {edit.before} to {edit.after}" if opened and edit.words & about else None


class IdentityChanged(EditRule):
    """The identity that others check against changed."""

    code = "CG409"
    title = "an identity that others check was changed"
    severity = "high"
    reason = (
        "Issuers, audiences and realms are compared letter by letter. Tokens that were issued before carry "
        "the old one and are rejected; a slash at the end is enough."
    )
    advice = "Accept both for as long as the longest-lived token lives, then drop the old one."
    example = Example(
        'issuer = "https://auth.example.com"\n',
        'issuer = "https://auth.example.com/"\n',
        'issuer = "https://auth.example.com"\nname = "x"\n',
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """Another text under such a name."""
        identity = edit.words & {"issuer", "iss", "audience", "aud", "realm", "jwks", "entityid", "tenant"}
        if identity and isinstance(edit.before, str) and isinstance(edit.after, str):
            return "differs from what tokens and peers carry now"
        return None


class PublicOn(EditRule):
    """Something private is public, or runs with all privileges."""

    code = "CG410"
    title = "made public or privileged"
    severity = "high"
    reason = "What strangers may reach, they will; what runs privileged takes the host with it."
    advice = "Give access to those who need it by name."
    example = Example(
        "publicly_accessible = false\n",
        "publicly_accessible = true\n",
        "publicly_accessible = false\nx = 1\n",
    )

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A switch for the public that went on."""
        switch = edit.words & _PUBLIC and polarity(edit.after) is True
        return "is on" if switch and polarity(edit.before) is not True else None


class PrivateCached(EditRule):
    """Answers for one user may be served to another from a cache."""

    code = "CG411"
    title = "private answers may be cached"
    severity = "high"
    reason = "A shared cache that keeps what one signed-in user was shown serves it to the next one."
    advice = "Keep signed-in traffic past the cache, or let the cache vary by the user."
    example = Example(
        '[cache]\nauthenticated = "bypass"\n', '[cache]\nauthenticated = "cache"\n', "[cache]\nttl = 300\n"
    )
    outage = "Steam, 25 December 2015: pages of signed-in users served from a shared cache"

    def judge(self, edit: Edit, context: Context) -> Verdict:
        """A cache's rule for private traffic that changed and does not keep it out."""
        private = {"authenticated", "private", "cookie", "cookies", "session", "authorization", "loggedin"}
        if not edit.trail & {"cache", "caching", "cdn"} or not edit.words & private or edit.removed:
            return None
        keeps_out = {"bypass", "pass", "private", "nostore", "ignore", "skip", "never", "deny"}
        after = words_of(str(edit.after)) if isinstance(edit.after, str) else frozenset[str]()
        off = polarity(edit.after) is False or after & keeps_out or {"no", "store"} <= after
        if off or (isinstance(edit.after, dict | list | int | float) and not isinstance(edit.after, bool)):
            return None
        return f"from {edit.before} to {edit.after}"


def _set(edit: Edit) -> Any:
    """The new value; a bare key (`skip-grant-tables`) that was added is on."""
    return True if edit.added and edit.after is None else edit.after


def _off(edit: Edit) -> str:
    return "was not set and is off" if edit.added else "was on and is off"


def _asymmetric(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"(rs|es|ps)(256|384|512)|eddsa", value.lower()))


def _url_password(value: Any) -> bool:
    found = re.search(r"://[^/@\s:]*:([^/@\s]+)@", value) if isinstance(value, str) else None
    return found is not None and _literal(found[1])


def _means_all(value: Any) -> bool:
    return isinstance(value, str) and value.strip().lower() in _EVERYTHING


def _literal(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and not is_reference(value)


def _network(value: Any) -> IPv4Network | IPv6Network | None:
    """The network a text stands for; a port or brackets are left out, `*` is every address."""
    if not isinstance(value, str):
        return None
    text = value.strip()
    if found := re.fullmatch(r"\[(.+)\](?::\d+)?", text):
        text = found[1]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    if text in {"*", "0.0.0.0", "::"}:  # noqa: S104 - recognized, not bound
        text = "::/0" if text == "::" else "0.0.0.0/0"
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
