"""Keys, tokens, private keys and hashes of passwords that are known by their form, wherever they stand."""

from __future__ import annotations

import base64
import binascii
import re

__all__ = ["is_login", "is_token", "known_forms_hidden"]

_TOKENS = re.compile(
    r"""(?<![A-Za-z0-9])(?:
      (?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,} | gh[pousr]_[A-Za-z0-9]{16,} | github_pat_\w{16,}
    | gl[a-z]{2,5}-[\w-]{16,} | xox[a-z]-[\w.-]{8,} | xapp-[\w-]{10,} | xoxe\.[\w.-]{10,}
    | (?:sk|rk)_(?:live|test)_\w{8,} | whsec_[\w+/=]{8,} | sk-(?:[a-z]+\d*-)*[A-Za-z0-9_-]{20,} | AIza[\w-]{30,}
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
    r"|(?<=/bot)\d{8,10}:[\w-]{30,}"
    r"|(?<=hooks\.slack\.com/)(?:services|workflows|triggers)/[\w/-]+"
    r"|(?<=/api/webhooks/)\d+/[\w-]+|(?<=\.webhook\.office\.com/)\S+",
    re.VERBOSE,
)
"""Keys and tokens that are known by how they begin."""
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
_PASSWORD_FILE = re.compile(
    r"^(?P<head>[\w.*-]+:(?:\d{2,5}|\*):[^\s:]+:[^\s:]+:)(?P<value>(?:[^\s:\\]|\\.){3,})$", re.MULTILINE
)
"""Lines of PostgreSQL's `.pgpass`: host, port, database, user, password."""


def known_forms_hidden(text: str, hidden: str) -> str:
    """A text in which what is known by its form is hidden.

    >>> known_forms_hidden("with ghp_0123456789abcdef0123 and db:5432:main:app:hunter2", "***")
    'with *** and db:5432:main:app:hunter2'
    >>> known_forms_hidden("db:5432:main:app:hunter2", "***")
    'db:5432:main:app:***'
    """
    if "-----BEGIN" in text or "PuTTY" in text:
        text = _PEM.sub(hidden, text)
    text = _TOKENS.sub(hidden, text)
    if "$" in text or "}" in text or "md5" in text or "*" in text:
        text = _HASHES.sub(hidden, text)
    return _PASSWORD_FILE.sub(rf"\g<head>{hidden}", text) if text.count(":") >= 4 else text


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
