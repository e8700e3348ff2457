"""The one notion of what is a secret: by the name of a setting, and by the form of a text.

Everything that shows something asks here. Names say what a setting is for; forms are those of keys and tokens that
are known by how they begin, of passwords in addresses, of pairs such as `password=...`. What only refers to a secret
(`${DB_PASSWORD}`, `vault:db#password`, a path to a file) is shown: it is what an operator needs to see.
"""

from __future__ import annotations

import re
from functools import lru_cache

from confguard.secret_forms import (
    attributes_hidden,
    is_login,
    is_token,
    known_forms_hidden,
    passwords_hidden,
)
from confguard.secret_names import (
    about_name,
    is_ambiguous,
    is_plain,
    plural_name,
    says_otherwise,
    secret_name,
)
from confguard.texts import word_set

__all__ = [
    "HIDDEN",
    "about_name",
    "is_ambiguous",
    "is_login",
    "is_plain",
    "is_reference",
    "is_token",
    "masked",
    "masked_settings",
    "plural_name",
    "says_otherwise",
    "secret_name",
]

HIDDEN = "***"
"""What is shown in place of a secret."""


_REFERENCE = re.compile(
    r"""\s*(?:(?i:bearer|basic|token)\s+)?(?:
      \$\{\{?[^{}:\-'"]*\}?\} | \$\{\{[^{}'"]*\}\}
    | \$\{(?:env|file|vault|sm|secret\w*|sys|aws|azure\w*|gcp\w*|op):[\w./#@ -]+\}
    | \$[A-Z_][A-Z0-9_]* | \$\([\w.\- /]+\) | %[\w.]+% | %env\([\w:.]+\)%
    | \(\([^()'"]*\)\) | \{\{(?!.*default)[^{}]*\}\} | <[^<>]*> | %[({][\w.: ]*[)}]
    | %[a-zA-Z] | \{(?:[A-Za-z_.]*(?:![rsa])?|\d)\}
    | (?:(?:secret)?ref\+\S+|(?:vault|env|file|ssm|sops|ref|arn|op|gcp|aws|azure|kms|akv|sm|keyring|keychain
       |bws|lpass|doppler|secret\w*|aws-?secrets\w*|azure-?key\w*|gcp-?secret\w*|berglas|conjur|infisical|credstash|k8s|kubernetes|gsm)
       :\S+)
    | (?:\w*kms|hashivault|pkcs11|k8s)://\S+
    | ENC\[.*\] | \$ANSIBLE_VAULT;.* | @Microsoft\.KeyVault\(.*\) | projects/[\w-]+/secrets/\S+ | \{cipher\}\S+
    | [a-z]+(?:[_-][a-z]+)*(?:/[a-z]+(?:[_-][a-z]+)*\d?){2,}(?:\#[\w.-]+)?
    | (?:secrets?|kv|vault)(?:/[a-z_.-]+\d?)+(?:\#[\w.-]+)?
    | (?:~|\.{1,2})?(?:/[\w.@+ -]{1,40})+/? | [A-Za-z]:\\[\w.\\ -]+
    | [\w-]+(?:/[\w.-]+)*\.(?:pem|key|crt|txt|json|p12|jks) | (?:\./)?[\w-]+(?:[./][\w-]+)*\.(?:ya?ml|env|enc|age|gpg)
    )\s*""",
    re.VERBOSE | re.DOTALL,
)
_RUN = re.compile(r"[A-Za-z0-9+=_-]{16,}")


def is_reference(text: str) -> bool:
    """Does a text only say where a secret is to be found?

    >>> [is_reference(text) for text in ("${DB_PASSWORD}", "vault:db#password", "/run/secrets/db", "((db))", "")]
    [True, True, True, True, True]
    >>> is_reference("${DB_PASSWORD:-hunter2}"), is_reference("hunter2")
    (False, False)
    """
    return not text or bool(_REFERENCE.fullmatch(text) and not any(map(_is_random, _RUN.findall(text))))


def _is_random(run: str) -> bool:
    return bool(re.search("[a-z]", run) and re.search("[A-Z]", run) and re.search(r"\d", run))


_TELLING = re.compile(
    r"[=:@<$]|\{[A-Z]|--?[A-Za-z]|[\w+/.~-]{12}|\b(?:bearer|basic|token|login|rabbitmqctl|chpasswd)\b|pass|secret|masterauth",
    re.IGNORECASE,
)
"""What every text has that holds a secret."""
_ADDRESS = re.compile(
    r"(?P<mixed>https?://)(?=[\w-]*\d)(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{8,}(?::(?:x-oauth-basic|x)?)?@(?=[\w\[])"
    r"|(?P<long>https?://)(?=[\w-]*\d)[\w-]{16,}(?::(?:x-oauth-basic|x)?)?@(?=[\w\[])"
    r"|(?P<start>[A-Za-z][A-Za-z0-9+.-]*://[^\s/@:?#\"'<>]*:)(?!\d{1,5}[/?#])(?:(?!://)[^\s\"'<>])+@(?=[\w\[({$.%-])"
    r"|(?P<name>://)[A-Za-z0-9_-]{20,}:?@(?=[\w\[])"
    r"|(?P<go>(?<![\w.-])[\w.-]+:)[^\s@]+@(?=\w+\()"
    r"|(?P<oracle>jdbc:oracle:\w+:[^/\s@]+/)[^\s]+@"
    r"|(?P<bare>(?<![\w./:-])[\w.-]+:)[^\s@/\"']+@(?!sha\d)(?=[\w.-]+(?::\d|/))"
)
_NAME = r"[A-Za-z_][\w.-]{0,80}"
_REST = r"(?:(?![&;,]\s*[\w.-][\w .-]{0,40}=)[^\s\"'<>&])+"
_VALUE = rf"\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?|{_REST}"
_LINE = re.compile(
    rf"^(?P<head>[ \t]*(?:export[ \t]+|-{{1,2}}|- )?(?P<name>{_NAME})[ \t]*=[ \t]*)(?P<value>.+)$",
    re.MULTILINE,
)
_SEVERAL = re.compile(rf"[\s&;,]\s*{_NAME}\s*=")
_PAIR = re.compile(
    rf"(?<![\w.-])(?P<head>(?P<name>{_NAME})(?:\\*[\"'])?\s*(?:=|:=|=>)\s*)(?P<quote>\\*)(?P<value>{_VALUE})"
    rf"|(?<![\w.-])(?P<head2>(?P<name2>{_NAME})\\*[\"']\s*:\s*)(?P<quote2>\\*)(?P<value2>\"(?:[^\"\\]|\\[^\"])*\\?\"?|'[^']*'?|[^\s,}}\]]+)"
)
_COLON = re.compile(
    rf"(?<![\w.-])(?P<head>(?P<name>{_NAME})[ \t]*:[ \t]+)(?P<value>\"[^\"\n]*\"|'[^'\n]*'|[^\s\"']+)"
    r"(?=[ \t]*(?:[\"']|[ \t]#|$))",
    re.MULTILINE,
)
_BLOCK = re.compile(
    rf"^(?P<head>(?P<indent>[ \t]*)(?:- +)?[\"']?(?P<name>{_NAME})[\"']?:[ \t]*)[|>][+-]?\d?[ \t]*(?:#.*)?\n"
    r"(?:(?P=indent)[ \t]+\S.*(?:\n|\Z)|[ \t]*\n)+",
    re.MULTILINE,
)
"""A block of lines in YAML."""
_LIST = re.compile(
    rf"(?<![\w.-])(?P<head>(?P<name>{_NAME})(?:\\*[\"'])?\s*[:=]\s*\[)(?P<value>[^\[\]{{}}<>]+)(?=\]|\Z)"
)
_SETTING_LINE = re.compile(
    rf"^(?P<head>[ \t]*(?:- +)?[\"']?(?P<name>{_NAME})[\"']?[ \t]*[:=][ \t]+)(?P<value>[^|>\s].*)$",
    re.MULTILINE,
)
_DIRECTIVE = re.compile(
    rf"^(?P<head>[ \t]*(?P<name>{_NAME})[ \t]+)(?P<value>(?=[^\s]*[A-Za-z])\S+)[ \t]*$", re.MULTILINE
)
"""A line of two words, as `redis.conf` has them."""
_LETTERS = re.compile(r"[A-Za-z]+[.,:!?]?")
_OPTION = re.compile(
    r"(?<![\w-])(?P<head>--?(?P<name>[A-Za-z][\w.-]{1,80})[ \t]+)(?P<value>(?!-)(?:\"[^\"]*\"|'[^']*'|\S+))"
    r"|(?<![\w-])(?P<head2>--?(?P<name2>[A-Za-z][\w.-]{1,80})[=:])(?P<value2>\"[^\"]*\"|'[^']*'|\S+?(?=[)\],;:.]*(?:\s|$)))"
    r"|(?<![\w-])(?P<head3>--?(?P<name3>[A-Za-z][\w.-]{1,80})[\"'],\s*[\"'])(?P<value3>[^\"'\n]+)"
)
_HEADER = re.compile(
    r"(?P<head>\b(?:proxy-)?authorization[\"']?\s*[:=]\s*[\"']?)"
    r"(?P<value>(?:[A-Za-z][\w-]*[ ]+)?(?:\{\{[^{}]*\}\}|\$\{[^{}]*\}|[^\s\"'>]+))"
    r"|(?P<cookie>(?<![\w-])(?:set-)?cookie[\"']?:\s*)[^\s\"'][^\"'\r\n]*"
    r"|(?P<scheme>\b(?:bearer|basic|token|apikey|negotiate|digest)[ ]+(?:token=)?[\"']?)(?P<sent>[\w+/=.~-]{6,})",
    re.IGNORECASE,
)
_SIGNED = re.compile(
    r"(?P<head>[?&](?:x-(?:amz|goog|oss|cos)-(?:signature|credential|security-token)|sig|signature|sign|hmac|code|awsaccesskeyid"
    r"|key|auth|st|policy|jwt|hdnts|hdnea|__token__)=)[^&\s\"'<>#]+",
    re.IGNORECASE,
)
_ELEMENT = re.compile(rf"(?P<head><(?P<name>{_NAME})(?:\s[^<>]*)?>\s*)(?P<value>[^<>]+?)(?=\s*</)")
_AUTH = re.compile(r"(?P<head>\b_?auth\\*[\"']?\s*[:=]\s*\\*[\"']?)(?P<value>[A-Za-z0-9+/]{8,}=*)")
_DEFAULT = re.compile(r"(?P<head>\$\{(?P<name>[\w.]+)(?::?[-=?+]|:))(?P<value>[^{}]+)(?=\})")


def masked(text: str) -> str:
    """A text in which whatever is recognised as a secret is `***`.

    >>> masked("postgres://app:hunter2@db/main")
    'postgres://app:***@db/main'
    >>> masked("Server=db;User=app;Password=hunter2;Pool=5"), masked("--token s3cr3t --retries 3")
    ('Server=db;User=app;Password=***;Pool=5', '--token *** --retries 3')
    >>> masked("Authorization: Bearer abc.def"), masked("DB_PASSWORD=a&b c")
    ('Authorization: ***', 'DB_PASSWORD=***')
    >>> masked("DB_PASSWORD=${DB_PASSWORD}"), masked("password: missing or too short")
    ('DB_PASSWORD=${DB_PASSWORD}', 'password: missing or too short')
    """
    return _masked(text) if len(text) <= _SHORT else _masked.__wrapped__(text)


_SHORT = 200
"""Longer texts are not kept to be judged once."""


@lru_cache(maxsize=8192)
def _masked(text: str) -> str:
    if not _TELLING.search(text):
        return text
    text = known_forms_hidden(text, HIDDEN)
    if "@" in text:
        text = _ADDRESS.sub(_address, text)
    if "=" in text:
        text = _LINE.sub(_line, text)
        text = _SIGNED.sub(rf"\g<head>{HIDDEN}", text)
    if "\n" in text and ":" in text:
        text = _BLOCK.sub(_block, text)
    if "[" in text:
        text = _LIST.sub(_pair, text)
    if "=" in text or ":" in text:
        text = _PAIR.sub(_pair, text)
        text = _COLON.sub(_pair, text)
        text = _AUTH.sub(_base64_pair, text)
        text = _DEFAULT.sub(_pair, text)
    if "-" in text:
        text = _OPTION.sub(_pair, text)
    text = passwords_hidden(text, HIDDEN, _shown)
    if " " in text:
        text = _DIRECTIVE.sub(_directive, text)
    if "<" in text:
        text = attributes_hidden(_ELEMENT.sub(_pair, text), HIDDEN, _is_secret)
    return _HEADER.sub(_header, text)


def _address(match: re.Match[str]) -> str:
    start = next(value for value in match.groups() if value is not None)
    return f"{start}{HIDDEN}@"


def masked_settings(text: str) -> str:
    """A text of lines that are settings, masked; what stands behind a secret's name is its value to the line's end.

    >>> masked_settings("{{ if x }}\\nuser: ana\\npassword: two words\\n")
    '{{ if x }}\\nuser: ana\\npassword: ***\\n'
    """
    return masked(_SETTING_LINE.sub(_pair, text))


def _block(match: re.Match[str]) -> str:
    return f"{match['head']}{HIDDEN}\n" if secret_name(match["name"]) else match[0]


def _directive(match: re.Match[str]) -> str:
    """Two words that are no prose: the first has parts, or the second is more than letters."""
    is_secret = match["name"] in _DIRECTIVES or not _LETTERS.fullmatch(match["value"])
    return _pair(match) if is_secret else match[0]


def _is_secret(name: str, value: str) -> bool:
    return secret_name(name) and not (_shown(value) or says_otherwise(name, value) or is_plain(name, value))


def _line(match: re.Match[str]) -> str:
    """A line that is one pair: whatever stands behind the sign is its value."""
    name, value = match["name"], match["value"]
    if not _is_secret(name, value) or _SEVERAL.search(value) or _is_placeholder(name, value):
        return match[0]
    return match["head"] + HIDDEN


def _pair(match: re.Match[str]) -> str:
    parts = {name.rstrip("23"): part for name, part in match.groupdict().items() if part is not None}
    quote = parts.get("quote", "")
    mark = parts["value"][0] if parts["value"][0] in "\"'" else ""
    if not _is_secret(parts["name"], parts["value"]) or _is_placeholder(parts["name"], parts["value"]):
        if mark and "=" in parts["value"]:  # pairs in a pair: `dsn="host=db password=..."`
            return f"{parts['head']}{quote}{mark}{_PAIR.sub(_pair, parts['value'][1:])}"
        return match[0]
    return f"{parts['head']}{quote}{mark}{HIDDEN}{quote}{mark}"


def _base64_pair(match: re.Match[str]) -> str:
    return match["head"] + HIDDEN if is_login(match["value"]) else match[0]


def _header(match: re.Match[str]) -> str:
    if match["head"] and is_reference(match["value"]):
        return match[0]
    if match["head"] or match["cookie"]:
        return (match["head"] or match["cookie"]) + HIDDEN
    whole = match[0] == match.string.strip() and match["sent"].lower() not in _PROSE
    if whole or re.search(r"\d|[a-z][A-Z]|.{20}|[+/=.~_]\w", match["sent"]):
        return match["scheme"] + HIDDEN
    return match[0]


def _shown(value: str) -> bool:
    """Is a value of a secret's name nothing to hide: a reference, a switch, nothing, or hidden already?"""
    value = value.strip().strip("\"'\\").rstrip(",;")
    return not value or value.lower() in _NOTHING or HIDDEN in value or is_reference(value)


def _is_placeholder(name: str, value: str) -> bool:
    """Is this what a help text writes in place of a value: `--api-key KEY`?"""
    value = value.strip("\"'[],.;")
    capitals = value.isascii() and value.isupper() and value.replace("_", "").isalpha()
    return capitals and (value.lower() in name.lower() or secret_name(value) or value in _PLACEHOLDERS)


_DIRECTIVES = frozenset({"requirepass", "masterauth"})
_PLACEHOLDERS = frozenset({"KEY", "VALUE", "STRING", "TEXT", "XXX"})
_PROSE = word_set(
    "auth authentication authorization access token tokens bucket scheme header expired revoked missing "
    "required"
)
_NOTHING = word_set(
    "empty expected false invalid missing nil no none null off on required true unknown wrong yes > [ { | ~"
)
