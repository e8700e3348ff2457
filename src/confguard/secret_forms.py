"""Secrets known by their form: keys, tokens and hashes anywhere, passwords on command lines, values in XML."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence

from confguard.secret_names import secret_name

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


_GAP = r"(?:\\\n|[^|;&\n]){0,200}?"
"""The words between a program and its option: of one command."""
_NEXT = r"(?:=|\s+(?:\\\n\s*)?|[\"'],\s*[\"'])"
"""From an option to its value: also in a list that is written as a text."""
_BEFORE = r"(?<=[\s\"'\[,])"


def _program(names: str) -> str:
    return rf"(?<![\w.-])(?:{names})(?![\w:.]|-\w)"


def _after(names: str, options: str, then: str = "") -> str:
    return rf"{_program(names)}{_GAP}{_BEFORE}(?:{options}){then}"


_PROGRAMS = "|".join(
    [
        _after(
            r"(?:mysql|mariadb)(?:\w*|-[a-z-]+)", "-p", r"(?![\s-]|[\"'](?:[\s,\]]|$))(?!(?:[\d.]+:)?\d+:\d+)"
        ),
        _after(r"mongo\w*|sshpass|cqlsh|rabbitmqadmin", "-p", rf"{_NEXT}?"),
        _after(r"(?:docker|podman|nerdctl|buildah|skopeo|helm|oras|crane|oc|az|cf|ibmcloud)", "login")
        + rf"{_GAP}{_BEFORE}-p{_NEXT}?",
        _after(r"7z\w?|rar|unrar", "-h?p"),
        _after(r"curl", "-[A-Za-z#]*u", rf"{_NEXT}?[\"']?[\w.@-]+:"),
        _after(r"curl", "-[A-Za-z#]*E|--(?:proxy-)?cert", rf"{_NEXT}?[\"']?[\w.@/~-]+:"),
        _after(r"openssl", "-[kK]", _NEXT),
        _after(r"kubectl|oc|k3s", "secret", rf"{_GAP}{_BEFORE}--from-literal{_NEXT}[\"']?[\w.-]+="),
        _after(r"poetry", r"http-basic[\w.-]*", r"\s+\S+\s+"),
        _after(r"vault|bao", "login", r"\s+(?:-[\w=/-]+\s+)*(?![\w-]+=|-)"),
        _after(r"redis-cli", "-a", rf"{_NEXT}?"),
        _after(r"ldap[a-z]+", "-w", rf"{_NEXT}?"),
        _after(r"sqlcmd|bcp|osql|zip|unzip|mosquitto_\w+|ipmitool", "-P", rf"{_NEXT}?"),
        _after(r"snmp[a-z]+", "-[cAX]", rf"{_NEXT}?"),
        _after(r"https?|xh|httpie", "(?:-a|--auth)", rf"{_NEXT}?[\w.@-]+:"),
        _after(r"smbclient|smbget|rpcclient", "(?:-U|--user)", rf"{_NEXT}?[\"']?[\w.@/\\-]+%"),
        _after(r"htpasswd", r"-[A-Za-z]*n[A-Za-z]*b[A-Za-z]*|-[A-Za-z]*b[A-Za-z]*n[A-Za-z]*", r"\s+\S+\s+"),
        _after(r"htpasswd", r"-(?:[A-Zac-mo-z]*)b(?:[A-Zac-mo-z]*)", r"\s+\S+\s+\S+\s+"),
        _after(r"rabbitmqctl", r"(?:add_user|change_password|authenticate_user)", r"\s+[\w.@-]+\s+"),
        rf"(?<![\w-])(?:-pass(?:in|out)?|--pass(?:in|out)?){_NEXT}pass:",
        r"(?<![\w-])login\s+\S+\s+password\s+",  # of .netrc
    ]
)
_WORD = r"(?:\"[^\"]*\"|'[^']*'|[^\s\"'|;&]+)"
_OF_PROGRAMS = re.compile(rf"(?P<head>{_PROGRAMS})(?P<value>(?!\*\*\*){_WORD})")
_LOGIN = re.compile(
    rf"(?P<head>(?<![\w-])(?:-u|--user|--proxy-user)(?:{_NEXT})?[\"']?(?P<user>[\w.@-]+):)(?P<value>(?!\*\*\*)[^\s\"']+)"
)
_PIPED = re.compile(
    rf"(?P<head>(?<![\w.-])(?:echo|printf)\s+(?:-\w+\s+)?(?:[\"']?[\w.-]+:(?=[^|]*\|\s*chpasswd))?)(?P<value>(?!\*\*\*){_WORD})"
    r"(?=\s*\|[^|;&\n]*(?:--password-stdin|--stdin|chpasswd))"
)
"""What is piped into a program that reads a password."""
_NO_LOGINS = re.compile(
    _program("docker|podman|nerdctl|kubectl|chown|install|rsync|chroot|gosu|su-exec|setpriv")
)
"""Programs for which `a:b` behind `-u` is a user and a group."""
_USER = re.compile(r"-u(?!ser)|--user\b")
_OPTION_OF_GO = re.compile(r"-[a-z]+")
_SETTING = re.compile(
    r"(?P<head>\b(?:config|configure)\s+(?:set\s+)?(?:--?[\w-]+\s+)*(?:[^\s\"']*[:/])?(?P<name>[A-Za-z_][\w.-]+)[ \t]+)"
    rf"(?P<value>(?!\*\*\*|-){_WORD})"
)
"""A command that keeps a setting: `aws configure set aws_secret_access_key ...`, `npm config set ...`."""
_WORDS = re.compile(
    r"\bconfig|\bsecret\b|\s--?\w|[\"']-\w|^-u|--(?:proxy-)?user|\blogin\b|rabbitmqctl|chpasswd"
)
_MOST = 8
"""How many passwords one command has at most."""
_FAR = 40
"""How many words before an option its program may stand."""


def passwords_hidden(text: str, hidden: str, shown: Callable[[str], bool]) -> str:
    """A text in which passwords of the programs that are known are hidden; `shown` tells of references and the like.

    >>> passwords_hidden("mysqldump -u root -phunter2 app; docker run -p 80:80", "***", lambda value: False)
    'mysqldump -u root -p*** app; docker run -p 80:80'
    """
    if not _WORDS.search(text):
        return text

    def replaced(match: re.Match[str]) -> str:
        return match[0] if shown(match["value"]) or _is_group(match) else match["head"] + hidden

    for _ in range(_MOST):
        before, text = text, _OF_PROGRAMS.sub(replaced, text)
        if text == before:
            break
    text = _SETTING.sub(lambda match: replaced(match) if secret_name(match["name"]) else match[0], text)
    return _LOGIN.sub(replaced, _PIPED.sub(replaced, text) if "|" in text else text)


def is_password_of_command(words: Sequence[object], at: int, shown: Callable[[str], bool]) -> bool:
    """Is one of the words of a command line a password, or holds it one behind its option?

    >>> words = ["mysqldump", "-u", "root", "-phunter2", "app"]
    >>> [word for i, word in enumerate(words) if is_password_of_command(words, i, lambda value: False)]
    ['-phunter2']
    """
    word = words[at]
    before = [each for each in words[max(0, at - _FAR) : at] if isinstance(each, str)]
    if not isinstance(word, str) or not before or not word or " " in word:
        return False
    alone = before[0].startswith("-") and any(map(_USER.match, before)) and not _OPTION_OF_GO.fullmatch(word)
    line = passwords_hidden(" ".join([*(["mysql"] if alone else []), *before, word]), "***", shown)
    return not line.endswith(word)


def _is_group(match: re.Match[str]) -> bool:
    """Is this the user and group that a program is to run as?"""
    user = match.groupdict().get("user")
    if user is None:
        return False
    command = re.split(r"[|;&\n]", match.string[: match.start()])[-1]
    return (user.isdigit() and match["value"].isdigit()) or bool(_NO_LOGINS.search(command))


_TAG = re.compile(r"<[A-Za-z][^<>]{0,2000}>")
_ATTRIBUTE = re.compile(
    r"(?P<head>\b(?P<name>[\w.:-]+)\s*=\s*)(?P<quote>[\"'])(?P<value>.*?)(?P=quote)", re.DOTALL
)
_NAMING = frozenset({"name", "key", "id", "property", "param", "parameter", "option", "setting"})
_VALUE = frozenset({"value", "val", "default", "content"})
_ELEMENTS = re.compile(
    r"(?P<head><(?P<naming>name|key|property|param-name)>\s*(?P<name>[\w.:-]+)\s*</(?P=naming)>\s*<(?P<of>value|val|string|param-value)>)"
    r"(?P<value>[^<>]+)(?=</(?P=of)>)"
)
_NAMED = re.compile(
    r"(?P<head><[\w.:-]+\s(?:[^<>]*\s)?(?:name|key|id)\s*=\s*[\"'](?P<name>[\w.:-]+)[\"'][^<>/]*>\s*(?:<(?:value|val|string)>\s*)?)"
    r"(?P<value>[^<>\s][^<>]*?)(?=\s*</)"
)


def attributes_hidden(text: str, hidden: str, is_secret: Callable[[str, str], bool]) -> str:
    """A text in which the values of what is secret by its name are hidden.

    >>> def is_password(name: str, value: str) -> bool:
    ...     return name == "password"
    >>> attributes_hidden('<add value="hunter2" key="password"/> <add key="port" value="80"/>', "***", is_password)
    '<add value="***" key="password"/> <add key="port" value="80"/>'
    """

    def tag(match: re.Match[str]) -> str:
        names = [each["value"] for each in _ATTRIBUTE.finditer(match[0]) if each["name"].lower() in _NAMING]

        def attribute(each: re.Match[str]) -> str:
            meant = [*(names if each["name"].lower() in _VALUE else []), each["name"]]
            secret = each["name"].lower() not in _NAMING and any(
                is_secret(name, each["value"]) for name in meant
            )
            return f"{each['head']}{each['quote']}{hidden}{each['quote']}" if secret else each[0]

        return _ATTRIBUTE.sub(attribute, match[0])

    def element(match: re.Match[str]) -> str:
        return match["head"] + hidden if is_secret(match["name"], match["value"]) else match[0]

    if "=" in text:
        text = _NAMED.sub(element, _TAG.sub(tag, text))
    return _ELEMENTS.sub(element, text)
