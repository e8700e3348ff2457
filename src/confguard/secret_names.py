"""Which names of settings, options and environment variables say that what they hold is secret."""

from __future__ import annotations

import re
from functools import lru_cache

from confguard.texts import word_set

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-zß-ÿ]+|[A-Z]+|\d+")
_NOUN = re.compile(
    r"(?:.*(?:password|passwort|kennwort|wachtwoord|contrase[nñ]a|motdepasse|passwd|passphrase|passcode|passkey|pincode"
    r"|secret|credential)|tokens?|.{2,}token|pwd|pw|psk"
    r"|creds?|senha|pass|requirepass|masterauth|mnemonic|bearer|(?:bind|root|admin|user|db)pw|(?:db|smtp|user|ftp|key|store|ssh|ldap)pass"
    r"|(?:api|access|private|secret|auth|master|signing|encryption|shared|account|license|app)key)s?",
)
"""Words that name a secret."""
_KEYS = word_set(
    """
    access account admin aes api app application auth cipher client consumer cookie crypto database db decryption deploy
    encrypt encryption fernet hmac host ingest ingestion instrumentation integration jwt licence license
    master preshared priv private recovery secret service session shared sign signing ssl storage subscription
    tls unseal webhook wrapping write
    """
)
"""Words that make a key a secret one: `api_key`, and neither `public_key` nor `partition_key`."""
_WRITTEN_AS_TWO = word_set("apikey passcode passkey passphrase passwd password")
_SECOND = {
    "answer": word_set("security"),
    "code": word_set("access backup mfa otp pin recovery totp unlock verification"),
    "community": word_set("snmp"),
    "cookie": word_set("access auth erlang login remember session sso"),
    "passe": word_set("de"),
    "pat": word_set("azure devops git gitea github gitlab"),
    "phrase": word_set("seed"),
    "seed": word_set("hotp master mfa otp private totp wallet"),
}
"""Words that name a secret behind one of these."""
_ROUNDS = word_set("final first last multi next one second single third two")
"""Of which a pass is one over something."""
_AMBIGUOUS = word_set("cookie hotp mfa otp pepper pin salt totp")
"""Words that name a secret at the end of a name only, and of a table something else, such as a cookie's domain."""
_PINS = word_set(
    """
    access account admin app bank bluetooth card customer default device door hsm lock login my pairing parental
    piv security setup sim slot smartcard so token unlock user wifi
    """
)
"""Whose pin is a secret one: that of a board is none."""
_ABOUT = word_set(
    """
    address age algorithm alias allowed arn attempts attribute aud audience auth authentication backend batch
    bearer bits bucket budget bytes cache change characters chars charset check claim class cleanup client
    complexity config configured context cost count created days default description dir directory disabled domain
    duration enabled encoder encoding encryption endpoint engine env environment exchange exists
    expiration expire expires expiry field file filename files flow folder format from generator grace grant group
    handler hashing header helper hint history host hours httponly iat id identifier ids index info injector interval
    iss issuer iterations kind label labels leeway len length lengths level lifespan lifetime limit limited
    limiter limits location lock lockout manager margin max maximum mechanism memory method min minimum
    minutes mode model mount name names namespace namespaces needed new num number only operator optional options
    owner param parameter path paths pattern per plugin policies policy port prefix prompt property provider
    queue quota rate ratio reader realm recovery ref reference references refresh refs regex region rename
    renewal replication request required requirement requirements reset resolver rotate rotation rotator
    rounds rule rules same samesite scan scanner scanning schema scheme scope scopes score seconds secure
    selector separator server service settings site size sizes skew source special ssm status storage store stores
    strategy strength suffix sync system table tags template threshold time timeout title ttl type types update
    uri uris url urls usage use user username validation validator validity verification version versions volume
    window writer
    """
)
"""Words behind a secret's that make it something about one: `token_ttl`, `password_file`, `secretName`."""
_NO_OWN = word_set(
    """
    accept accepts allow automount bos check cls completion context continuation count create disable
    embedding enable eos existing force forgot generate has hide ignore image input invalid is list mask max
    min must n needs next no num number of output pad page per prompt proxy public publishable pull require
    required requires reset rotate sep separator show skip special stop support supports sync total unk use
    uses validate weak with without
    """
)
"""Words before a secret's that make it something else: `max_tokens`, `existingSecret`, `pad_token`."""


_CLAIM = re.compile(r"[\w-]{1,60}(?:\.[\w-]{1,60}){1,6}:([\w/-]{1,60})")
"""A claim of an issuer, as in a policy's condition: `token.actions.githubusercontent.com:sub`."""


@lru_cache(maxsize=4096)
def secret_name(name: str) -> bool:
    """Does a setting, option or environment variable of this name hold a secret?

    >>> [secret_name(name) for name in ("DB_PASSWORD", "apiKey", "--auth-token", "dbPass", "client_secret")]
    [True, True, True, True, True]
    >>> [secret_name(name) for name in ("password_file", "max_tokens", "token_ttl", "secretName", "tokenizer")]
    [False, False, False, False, False]
    """
    claim = _CLAIM.fullmatch(name)
    words = _joined([word.lower() for word in _WORDS.findall(claim[1] if claim else name[-200:])])
    if name == "_auth":  # of npm
        return True
    at = next((i for i in reversed(range(len(words))) if _names_secret(words, i)), None)
    if at is None or (words[at] == "pass" and at + 1 < len(words)):
        return False
    return not any(map(_is_about, words[at + 1 :])) and _NO_OWN.isdisjoint(words[:at])


def _joined(words: list[str]) -> list[str]:
    """Words, of which some are written as two: `passWord`, `pass_phrase`; `APIkey` falls apart as `AP Ikey`."""
    joined: list[str] = []
    for word in words:
        if joined and (joined[-1] + word).removesuffix("s") in _WRITTEN_AS_TWO:
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def _names_secret(words: list[str], i: int) -> bool:
    word, before = words[i], words[i - 1] if i else ""
    if word in {"key", "keys"}:
        return before in _KEYS
    if word == "pass" and before in _ROUNDS:
        return False
    singular = word if word == "passe" else word.removesuffix("s")
    if singular in _SECOND and before in _SECOND[singular]:
        return singular != "cookie" or i == len(words) - 1
    if word == "pin":
        return i == len(words) - 1 and (not before or before in _PINS)
    if word in _AMBIGUOUS and word != "cookie":
        return i == len(words) - 1
    return bool(_NOUN.fullmatch(word))


def is_ambiguous(name: str) -> bool:
    """Is a secret's name one that many use for something else, too?

    >>> is_ambiguous("user_pin"), is_ambiguous("password")
    (True, False)
    """
    words = _WORDS.findall(name)
    return bool(words) and words[-1].lower().removesuffix("s") in _AMBIGUOUS


def says_otherwise(name: str, value: object) -> bool:
    """Does a value show that its name, which may be a secret's, means a count, a board's pin, or a method?

    >>> says_otherwise("tokens", 4096), says_otherwise("token", "90071992547409"), says_otherwise("password", 1234)
    (True, False, False)
    >>> says_otherwise("pin", "GPIO4"), says_otherwise("pin", 4711), says_otherwise("mfa", "required")
    (True, False, True)
    """
    if is_ambiguous(name):
        return bool(_BOARD_PIN.fullmatch(str(value))) or str(value).lower() in _METHODS
    return name.lower().rstrip("s").endswith("token") and bool(_COUNT.fullmatch(str(value)))


def is_plain(name: str, value: str) -> bool:
    """Is a text a word that only says how something is set, or what a key is called that may be no secret one?

    >>> is_plain("id-token", "write"), is_plain("storage_key", "theme"), is_plain("storage_key", "eX4mple0")
    (True, True, False)
    """
    if value.strip("\"' ").lower() in _SWITCHES:
        return True
    words = [word.lower() for word in _WORDS.findall(name[-200:])]
    open_key = len(words) > 1 and words[-1] == "key" and words[-2] in _OPEN_KEYS
    return open_key and bool(_PLAIN_NAME.fullmatch(value.strip("\"' ")))


_SWITCHES = word_set(
    "always auto disabled enabled false inherit never no none null off on optional read required true write yes"
)
_OPEN_KEYS = word_set(
    "account app application client cookie database db host integration service session storage subscription write"
)
"""Whose keys are often names of what is stored there."""
_PLAIN_NAME = re.compile(r"[a-z]{1,20}(?:[_.:-][a-z]{1,20}){0,3}")
_COUNT = re.compile(r"-?[\d._]{1,9}")
_BOARD_PIN = re.compile(r"(?:GPIO|IO|[ADP]|P[A-K])?_?\d{1,2}", re.IGNORECASE)
_METHODS = word_set(
    """
    adaptive always any app disabled duo email enabled enforced google hotp never none off okta on optional phone push
    required sms totp u2f voice webauthn yubikey
    """
)


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
        _is_about(words[-1]) or words[-1] in {"at", "email", "in", "login", "role", "roles", "team"}
    )


def _is_about(word: str) -> bool:
    return word in _ABOUT or word.removesuffix("s") in _ABOUT
