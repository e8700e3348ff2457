"""Where passwords stand on command lines: what an option of one letter means depends on whose it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from confguard.secret_names import secret_name

__all__ = ["is_password_of_command", "passwords_hidden"]

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
_VALUE = r"(?:\"[^\"]*\"|'[^']*'|[^\s\"'|;&]+)"
_OF_PROGRAMS = re.compile(rf"(?P<head>{_PROGRAMS})(?P<value>(?!\*\*\*){_VALUE})")
_LOGIN = re.compile(
    rf"(?P<head>(?<![\w-])(?:-u|--user|--proxy-user)(?:{_NEXT})?[\"']?(?P<user>[\w.@-]+):)(?P<value>(?!\*\*\*)[^\s\"']+)"
)
_PIPED = re.compile(
    rf"(?P<head>(?<![\w.-])(?:echo|printf)\s+(?:-\w+\s+)?(?:[\"']?[\w.-]+:(?=[^|]*\|\s*chpasswd))?)(?P<value>(?!\*\*\*){_VALUE})"
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
    rf"(?P<value>(?!\*\*\*|-){_VALUE})"
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
