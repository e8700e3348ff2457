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

__all__ = [
    "HIDDEN",
    "about_name",
    "is_count",
    "is_login",
    "is_reference",
    "is_token",
    "masked",
    "plural_name",
    "secret_name",
]

HIDDEN = "***"
"""What is shown in place of a secret."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_NOUN = re.compile(
    r"(?:.*(?:password|passwort|kennwort|passwd|passphrase|passcode|secret|credential)|tokens?|.{2,}token|pwd|pw|psk"
    r"|creds?|senha|pass|requirepass|masterauth|mnemonic|(?:bind|root|admin|user|db)pw|(?:db|smtp|user|ftp)pass"
    r"|(?:api|access|private|secret|auth|master|signing|encryption|shared|account|license|app)key)s?",
)
"""Words that name a secret."""
_KEYS = _set(
    """
    access account admin aes api app application auth cipher client consumer cookie crypto decryption deploy
    encrypt encryption fernet hmac host ingest ingestion instrumentation integration jwt licence license
    master preshared private recovery secret service session shared sign signing ssl storage subscription
    tls unseal webhook wrapping write
    """
)
"""Words that make a key a secret one: `api_key`, and neither `public_key` nor `partition_key`."""
_ABOUT = _set(
    """
    address age algorithm alias allowed arn attempts attribute audience auth authentication backend batch
    bearer bits bucket budget bytes cache change characters chars charset check claim class cleanup client
    complexity config configured context cost count created days default description dir directory disabled
    duration enabled encoder encoding encryption endpoint engine env environment exchange exists expiration
    expire expires expiry field file filename files flow folder format from generator grace grant group
    handler hashing header hint history host hours iat id identifier ids index info injector interval iss
    issuer iterations kind label labels leeway len length lengths level lifespan lifetime limit limited
    limiter limits location lock lockout manager margin max maximum mechanism memory method min minimum
    minutes mode model mount name names namespace namespaces needed new num number operator optional options
    owner param parameter path paths pattern per plugin policies policy port prefix prompt property provider
    queue quota rate ratio reader realm recovery ref reference references refresh refs regex region rename
    renewal replication request required requirement requirements reset resolver rotate rotation rotator
    rounds rule rules scan scanner scanning schema scheme scope scopes score seconds selector separator
    server service settings size sizes skew source special ssm status storage store stores strategy strength
    suffix sync system table tags template threshold time timeout title ttl type types update uri uris url
    urls usage use user username validation validator validity verification version versions volume window
    writer
    """
)
"""Words behind a secret's that make it something about one: `token_ttl`, `password_file`, `secretName`."""
_NO_OWN = _set(
    """
    accept accepts allow automount bos check cls completion context continuation count create disable
    embedding enable eos existing force forgot generate has hide ignore image input invalid is list mask max
    min must n needs next no num number of output pad page per prompt proxy public publishable pull require
    required requires reset rotate sep separator show skip special stop support supports sync total unk use
    uses validate weak with without
    """
)
"""Words before a secret's that make it something else: `max_tokens`, `existingSecret`, `pad_token`."""

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


@lru_cache(maxsize=4096)
def secret_name(name: str) -> bool:
    """Does a setting, option or environment variable of this name hold a secret?

    >>> [secret_name(name) for name in ("DB_PASSWORD", "apiKey", "--auth-token", "dbPass", "client_secret")]
    [True, True, True, True, True]
    >>> [secret_name(name) for name in ("password_file", "max_tokens", "token_ttl", "secretName", "tokenizer")]
    [False, False, False, False, False]
    """
    words = [word.lower() for word in _WORDS.findall(name[-200:])]
    at = next((i for i in reversed(range(len(words))) if _names_secret(words, i)), None)
    if at is None or (words[at] == "pass" and at + 1 < len(words)):
        return False
    return not any(map(_is_about, words[at + 1 :])) and _NO_OWN.isdisjoint(words[:at])


def _names_secret(words: list[str], i: int) -> bool:
    word, before = words[i], words[i - 1] if i else ""
    if word in {"key", "keys"}:
        return before in _KEYS
    if word in {"salt", "pepper"}:
        return bool(before)
    return bool(_NOUN.fullmatch(word)) or (before, word) in {
        ("erlang", "cookie"),
        ("snmp", "community"),
        ("seed", "phrase"),
    }


def plural_name(name: str) -> bool:
    """Is a secret's name one of several secrets', so that a table below it holds secrets by name?

    >>> plural_name("api_keys"), plural_name("token")
    (True, False)
    """
    return name.lower().endswith("s") and not name.lower().endswith(("credentials", "creds", "pass"))


def about_name(name: str) -> bool:
    """Within a table about a secret, does a setting of this name say something else than the secret?

    >>> about_name("username"), about_name("expires_at"), about_name("current")
    (True, True, False)
    """
    words = [word.lower() for word in _WORDS.findall(name)]
    return bool(words) and (
        _is_about(words[-1]) or words[-1] in {"at", "email", "login", "role", "roles", "team"}
    )


def _is_about(word: str) -> bool:
    return word in _ABOUT or word.removesuffix("s") in _ABOUT


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
    )"""
    r"|(?<=hooks\.slack\.com/)(?:services|workflows|triggers)/[\w/-]+"
    r"|(?<=/api/webhooks/)\d+/[\w-]+|(?<=\.webhook\.office\.com/)\S+",
    re.VERBOSE,
)
"""Keys and tokens that are known by how they begin."""
_TELLING = re.compile(r"[=:@<]|--?[A-Za-z]|[\w+/.~-]{12}|\b(?:bearer|basic|token|login)\b", re.IGNORECASE)
"""What every text has that holds a secret."""
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
_TOOLS = re.compile(
    r"(?P<user>(?<![\w-])(?:-u|--user|--proxy-user)[ =]?[\w.@-]+:)\S+|"
    r"(?P<listed>(?<![\w-])(?:-u|--user|--proxy-user)[\"'],\s*[\"'][\w.@-]+:)[^\"'\n]+|"
    r"(?P<short>\b(?:sshpass[ ]-p|redis-cli\b[^|;&]{0,80}?[ ]-a)[ ]?)\S+"
    r"|(?P<mysql>\bmysql\w*\b[^|;&]{0,80}?[ ]-p)(?=\S)\S+|(?P<netrc>\blogin\s+\S+\s+password\s+)\S+"
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
    if "-" in text or "login" in text:
        text = _OPTION.sub(_pair, text)
        text = _TOOLS.sub(lambda found: found[found.lastgroup or 0] + HIDDEN, text)
    if "</" in text:
        text = _ELEMENT.sub(_pair, text)
    return _HEADER.sub(_header, text)


def _address(found: re.Match[str]) -> str:
    kept = next(value for value in found.groups() if value is not None)
    return f"{kept}{HIDDEN}@"


def _line(found: re.Match[str]) -> str:
    """A line that is one pair: whatever stands behind the sign is its value."""
    name, value = found["name"], found["value"]
    if not secret_name(name) or _SEVERAL.search(value) or _shown(value) or is_count(name, value):
        return found[0]
    return found["head"] + HIDDEN


def _pair(found: re.Match[str]) -> str:
    parts = {name.rstrip("23"): part for name, part in found.groupdict().items() if part is not None}
    if not secret_name(parts["name"]) or _shown(parts["value"]) or is_count(parts["name"], parts["value"]):
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


def is_count(name: str, value: object) -> bool:
    """Does a number under a name count tokens, instead of being one?

    >>> is_count("tokens", 4096), is_count("token", "90071992547409"), is_count("password", 1234)
    (True, False, False)
    """
    return name.lower().rstrip("s").endswith("token") and bool(_COUNT.fullmatch(str(value)))


def _shown(value: str) -> bool:
    """Is a value of a secret's name nothing to hide: a reference, a switch, nothing, or hidden already?"""
    value = value.strip().strip("\"'\\").rstrip(",;")
    return not value or value.lower() in _NOTHING or HIDDEN in value or is_reference(value)


_COUNT = re.compile(r"-?[\d._]{1,9}")
_PROSE = frozenset(
    {"auth", "authentication", "authorization", "access", "token", "tokens", "bucket", "scheme", "header"}
)
_NOTHING = _set(
    """
    empty expected false invalid missing nil no none null off on required true unknown wrong yes > [ { | ~
    """
)
