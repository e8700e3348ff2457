"""The one notion of what is a secret: by the name of a setting, and by the form of a text.

Everything that shows something asks here. Names say what a setting is for; forms are those of keys and tokens that
are known by how they begin, of passwords in addresses, of pairs such as `password=...`. What only refers to a secret
(`${DB_PASSWORD}`, `vault:db#password`, a path to a file) is shown: it is what an operator needs to see.
"""

from __future__ import annotations

import base64
import binascii
import re
from functools import lru_cache

from confguard.commands import passwords_hidden
from confguard.secret_names import about_name, is_ambiguous, plural_name, says_otherwise, secret_name

__all__ = [
    "HIDDEN",
    "about_name",
    "is_ambiguous",
    "is_login",
    "is_reference",
    "is_token",
    "masked",
    "plural_name",
    "says_otherwise",
    "secret_name",
]

HIDDEN = "***"
"""What is shown in place of a secret."""


_REFERENCE = re.compile(
    r"""\s*(?:
      \$\{\{?[^{}:\-'"]*\}?\} | \$\{(?:env|file|vault|sm|secret\w*|sys|aws|azure\w*|gcp\w*|op):[\w./#@ -]+\}
    | \$[A-Z_][A-Z0-9_]* | \$\([\w.\- /]+\) | %[\w.]+% | %env\([\w:.]+\)%
    | \(\([^()'"]*\)\) | \{\{(?!.*default)[^{}]*\}\} | <[^<>]*> | %[({][\w.: ]*[)}]
    | (?:(?:secret)?ref\+\S+|(?:vault|env|file|ssm|sops|ref|arn|op|gcp|aws|azure|kms|akv|sm|keyring|keychain
       |bws|lpass|doppler|secret\w*|aws-?secrets\w*|azure-?key\w*|gcp-?secret\w*|berglas|conjur|infisical|credstash|k8s|kubernetes|gsm)
       :\S+)
    | ENC\[.*\] | \$ANSIBLE_VAULT;.* | @Microsoft\.KeyVault\(.*\) | projects/[\w-]+/secrets/\S+ | \{cipher\}\S+
    | (?:~|\.{1,2})?(?:/[\w.@+ -]{1,40})+/? | [A-Za-z]:\\[\w.\\ -]+
    | [\w-]+(?:/[\w.-]+)*\.(?:pem|key|crt|txt|json|p12|jks)
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


_TOKENS = re.compile(
    r"""(?<![A-Za-z0-9])(?:
      (?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,} | gh[pousr]_[A-Za-z0-9]{16,} | github_pat_\w{16,}
    | gl[a-z]{2,5}-[\w-]{16,} | xox[a-z]-[\w.-]{8,} | xapp-[\w-]{10,} | xoxe\.[\w.-]{10,}
    | (?:sk|rk|pk)_(?:live|test)_\w{8,} | whsec_[\w+/=]{8,} | sk-(?:[a-z]+\d*-)*[A-Za-z0-9_-]{20,} | AIza[\w-]{30,}
    | ya29\.[\w-]{10,} | GOCSPX-[\w-]{10,} | 1//0[\w-]{20,} | SG\.[\w-]{10,}\.[\w-]{10,} | npm_[A-Za-z0-9]{20,}
    | pypi-[\w-]{16,} | do[opr]_v1_[a-f0-9]{32,} | shp(?:at|ca|pa|ss)_[a-fA-F0-9]{16,} | hf_[A-Za-z0-9]{20,}
    | dckr_[a-z]+_[\w-]{16,} | hv[sbr]\.[\w-]{16,} | AGE-SECRET-KEY-1[A-Z0-9]+ | eyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*)*
    | \d{8,10}:AA[\w-]{30,} | key-[0-9a-f]{32} | SK[0-9a-f]{32} | lin_api_\w{16,} | sq0[a-z]{3}-[\w-]{16,}
    | NRAK-[A-Z0-9]{16,} | PMAK-[\w-]{16,} | gl(?:sa|c)_[\w+/=]{16,} | dapi[0-9a-f]{32} | sntry[su]_[\w+/=]{16,}
    | rubygems_[a-f0-9]{32,} | AT(?:ATT3|BB|CTT3)[\w=-]{16,} | pscale_\w+_[\w.-]{16,} | \w{14}\.atlasv1\.[\w-]{20,}
    | ntn_[A-Za-z0-9]{20,} | EAA[A-Za-z0-9]{40,} | A3T[A-Z0-9]{16,} | LTAI[A-Za-z0-9]{16,} | figd_[\w-]{16,}
    | (?:dp\.(?:pt|st|ct|sa|scim|audit)\.|dt0[a-z]\d\d\.|pplx-|pul-|pat-(?:na|eu)\d-|HRKU-|NRJS-|NRII-|NRIQ-|rdme_
       |sgp_|sq[uap]_|tfp_|tskey-[a-z]+-|sbp_|sb_secret_|nfp_|gsk_|xai-|r8_|bk(?:ua|pat)_|CCIPAT_|xkeysib-|xsmtpsib-|shippo_(?:live|test)_
       |duffel_(?:live|test)_|EZ[AT]K|FLWSECK(?:_TEST)?-|fio-u-|fm[12]_|fo1_|CLOJARS_|p8e-|AKCp|ops_eyJ|pnu_|PMAT-|secret_(?=[A-Za-z0-9]{43})
       |api_org_|phx_|lsv2_[a-z]{2}_|tk-us-|sl\.u\.|sm_aat_|ico-|AQVN|bb_api_)
      [\w+/=.~-]{16,}
    | [MNO][A-Za-z\d_-]{23,25}\.[\w-]{6}\.[\w-]{27,} | [a-z\d]{32}-us\d{1,2}\b | sha256~[\w-]{40,}
    | A3-[A-Z0-9]{6}-(?:[A-Z0-9]{5,11}-?){3,6} | pat[A-Za-z0-9]{14}\.[a-f0-9]{64}
    )"""
    r"|(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{31,34}"
    r"|(?<=hooks\.slack\.com/)(?:services|workflows|triggers)/[\w/-]+"
    r"|(?<=/api/webhooks/)\d+/[\w-]+|(?<=\.webhook\.office\.com/)\S+",
    re.VERBOSE,
)
"""Keys and tokens that are known by how they begin."""
_TELLING = re.compile(
    r"[=:@<$]|\{[A-Z]|--?[A-Za-z]|[\w+/.~-]{12}|\b(?:bearer|basic|token|login|rabbitmqctl|chpasswd)\b",
    re.IGNORECASE,
)
"""What every text has that holds a secret."""
_HASHES = re.compile(
    r"""(?:
      \$\$?[1567]\$\$?(?:rounds=\d+\$\$?)?[./\w-]{1,16}\$\$?[./A-Za-z0-9]{8,}
    | \$\$?(?:2[abxy]?\$\$?\d\d|apr1|y|gy|md5|sha1|scrypt|argon2(?:id?|d)|(?:pbkdf2|bcrypt|ldap)[\w-]*|[PHS])
      \$\$?[./\w$=,+-]{8,}
    | (?:pbkdf2_sha\d+|bcrypt(?:_sha256)?|argon2(?:id?|d)?|scrypt|md5|sha1)\$[./\w$=,+-]{8,}
    | (?:pbkdf2:sha\d+:\d+|scrypt:\d+:\d+:\d+)\$\$?[./\w$=,+-]{8,}
    | \{(?:S?SHA\d*|S?MD5|CRYPT|PBKDF2[\w-]*|ARGON2|SSHA-\d+)\}[./\w$=,+-]{8,}
    | (?<!\w)(?:md5[0-9a-f]{32}|\*[0-9A-F]{40})(?!\w)
    | SCRAM-SHA-\d+\$\$?\d+:[\w+/=]+\$\$?[\w+/=]+:[\w+/=]+
    )""",
    re.VERBOSE | re.ASCII,
)
"""Hashes of passwords, as `htpasswd`, LDAP, Django and PostgreSQL have them; `$` is twice in compose files."""
_PEM = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----.*?(?:-----END [^-]*-----|\Z)|PuTTY-User-Key-File-.*",
    re.DOTALL,
)
_ADDRESS = re.compile(
    r"(?P<start>[A-Za-z][A-Za-z0-9+.-]*://[^\s/@:?#\"'<>]*:)(?!\d{1,5}[/?#])(?:(?!://)[^\s\"'<>])+@(?=[\w\[({$.%-])"
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
_OPTION = re.compile(
    r"(?<![\w-])(?P<head>--?(?P<name>[A-Za-z][\w.-]{1,80})[ \t]+)(?P<value>(?!-)(?:\"[^\"]*\"|'[^']*'|\S+))"
    r"|(?<![\w-])(?P<head2>--?(?P<name2>[A-Za-z][\w.-]{1,80})[=:])(?P<value2>\"[^\"]*\"|'[^']*'|\S+?(?=[)\],;:.]*(?:\s|$)))"
    r"|(?<![\w-])(?P<head3>--?(?P<name3>[A-Za-z][\w.-]{1,80})[\"'],\s*[\"'])(?P<value3>[^\"'\n]+)"
)
_HEADER = re.compile(
    r"(?P<head>\b(?:proxy-)?authorization[\"']?\s*[:=]\s*[\"']?)(?P<value>(?:[A-Za-z][\w-]*[ ]+)?[^\s\"'>]+)"
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
    if "-----BEGIN" in text or "PuTTY" in text:
        text = _PEM.sub(HIDDEN, text)
    text = _TOKENS.sub(HIDDEN, text)
    if "$" in text or "}" in text or "md5" in text or "*" in text:
        text = _HASHES.sub(HIDDEN, text)
    if "@" in text:
        text = _ADDRESS.sub(_address, text)
    if "=" in text:
        text = _LINE.sub(_line, text)
        text = _SIGNED.sub(rf"\g<head>{HIDDEN}", text)
    if "=" in text or ":" in text:
        text = _PAIR.sub(_pair, text)
        text = _COLON.sub(_pair, text)
        text = _AUTH.sub(_base64_pair, text)
        text = _DEFAULT.sub(_pair, text)
    if "-" in text:
        text = _OPTION.sub(_pair, text)
    text = passwords_hidden(text, HIDDEN, _shown)
    if "</" in text:
        text = _ELEMENT.sub(_pair, text)
    return _HEADER.sub(_header, text)


def _address(found: re.Match[str]) -> str:
    kept = next(value for value in found.groups() if value is not None)
    return f"{kept}{HIDDEN}@"


def _line(found: re.Match[str]) -> str:
    """A line that is one pair: whatever stands behind the sign is its value."""
    name, value = found["name"], found["value"]
    if not secret_name(name) or _SEVERAL.search(value) or _shown(value) or says_otherwise(name, value):
        return found[0]
    return found["head"] + HIDDEN


def _pair(found: re.Match[str]) -> str:
    parts = {name.rstrip("23"): part for name, part in found.groupdict().items() if part is not None}
    if (
        not secret_name(parts["name"])
        or _shown(parts["value"])
        or says_otherwise(parts["name"], parts["value"])
    ):
        return found[0]
    quote = parts.get("quote", "")
    mark = parts["value"][0] if parts["value"][0] in "\"'" else ""
    return f"{parts['head']}{quote}{mark}{HIDDEN}{quote}{mark}"


def _base64_pair(found: re.Match[str]) -> str:
    return found["head"] + HIDDEN if is_login(found["value"]) else found[0]


def _header(found: re.Match[str]) -> str:
    if found["head"] or found["cookie"]:
        return (found["head"] or found["cookie"]) + HIDDEN
    whole = found[0] == found.string.strip() and found["sent"].lower() not in _PROSE
    if whole or re.search(r"\d|[a-z][A-Z]|.{20}|[+/=.~_]\w", found["sent"]):
        return found["scheme"] + HIDDEN
    return found[0]


def is_token(text: str) -> bool:
    """Is there a live key or token in a text, of a form that is known?

    >>> is_token("ghp_0123456789abcdef0123"), is_token("hunter2")
    (True, False)
    """
    return bool(_TOKENS.search(text) or _PEM.search(text))


def is_login(text: str) -> bool:
    """Is a text the base64 of `user:password`, as container registries and basic authentication have it?

    >>> is_login("YW5hOmh1bnRlcjI="), is_login("authentication")
    (True, False)
    """
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    return b":" in plain[1:] and plain.isascii() and plain.decode().isprintable()


def _shown(value: str) -> bool:
    """Is a value of a secret's name nothing to hide: a reference, a switch, nothing, or hidden already?"""
    value = value.strip().strip("\"'\\").rstrip(",;")
    return not value or value.lower() in _NOTHING or HIDDEN in value or is_reference(value)


_PROSE = frozenset(
    {"auth", "authentication", "authorization", "access", "token", "tokens", "bucket", "scheme", "header"}
)
_NOTHING = frozenset(
    [
        "empty",
        "expected",
        "false",
        "invalid",
        "missing",
        "nil",
        "no",
        "none",
        "null",
        "off",
        "on",
        "required",
        "true",
        "unknown",
        "wrong",
        "yes",
        ">",
        "[",
        "{",
        "|",
        "~",
    ]
)
