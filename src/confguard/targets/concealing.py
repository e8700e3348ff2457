"""Command lines and URLs that carry secrets: how they may be shown, and how to keep what they hold out of answers.

What is a secret, `confguard.secrets` says. Here it is found where it stands as a word or a part of a URL, and known by
value from then on: a service that is sent a password may well print it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import quote, unquote

from attrs import field, frozen

from confguard.errors import harmless
from confguard.secrets import masked, secret_name

_HIDDEN = "***"
_LONGEST = 2_000
_ALSO = frozenset({"auth", "bearer", "cookie", "hmac", "jwt", "key", "pat", "sig", "signature"})
"""Options of these names hold secrets, settings rather not. `masked` knows those of URLs."""
_NAMED = re.compile(r"(?P<head>-{0,2}(?P<name>[A-Za-z_][\w.-]*)=)(?P<value>.+)", re.DOTALL)
_HEADER = re.compile(r"-H[A-Za-z][\w-]*:")
"""A header behind curl's option for one, without a space."""
_OPTION = re.compile(r"--?(?P<name>[A-Za-z][\w.-]*)")


@frozen
class Concealed:
    """A text as it may be shown, and the secrets that were taken out of it.

    >>> line = concealed_words(["curl", "-H", "Authorization: Bearer s3cr3t-t0ken", "http://ana:pa%2Fss@db/"])
    >>> line.shown
    'curl -H Authorization: *** http://ana:***@db/'
    >>> line.clean("401 for ana:pa/ss, YW5hOnBhL3Nz and s3cr3t-t0ken")
    '401 for ***, *** and ***'
    """

    shown: str
    values: frozenset[str] = field(repr=False)

    def clean(self, text: str) -> str:
        """Another text (output, an answer) without these secrets, as they are, percent-encoded or in base64.

        One of up to three characters is replaced only where it stands as a word: else it would be everywhere.
        """
        for value in sorted(self.values, key=len, reverse=True):
            text = re.sub(_any_form_of(value), _HIDDEN, text)
        return masked(text)


def concealed_words(words: Sequence[str]) -> Concealed:
    """A command line, joined by spaces.

    A secret is known by what stands before it (`--password x`, `TOKEN=x`, `Authorization: Bearer x`, `-u ana:x`,
    `://ana:x@`) or by its own form. What is neither, such as `-pSECRET` of some program, cannot be known.

    >>> concealed_words(["env", "DB_PASSWORD=a b", "setup", "--api-token", "-x y", "--user", "ana"]).shown
    'env DB_PASSWORD=*** setup --api-token *** --user ana'
    """
    shown: list[str] = []
    values: set[str] = set()
    option: str | None = None
    for word in words:
        named = _NAMED.fullmatch(word)
        match = _OPTION.fullmatch(word)
        if option is not None and _is_secret(option, word):
            values |= _parts(word)
            shown.append(_HIDDEN)
        elif named and _is_secret(named["name"], named["value"]):
            first, _, rest = named["value"].partition(" ")  # a script may go on behind it
            values |= {named["value"], *_parts(first), *_masked(rest, ()).values}
            shown.append(named["head"] + _HIDDEN)
        else:
            glued = "-H" if _HEADER.match(word) else ""
            alone = _masked(word.removeprefix(glued), ())
            values |= alone.values
            shown.append(glued + alone.shown)
        option = match["name"] if match else None
    known = Concealed("", frozenset(values - {""}))
    again = [known.clean(each) if each in words else each for each in shown]  # a script may hold it once more
    return _masked(" ".join(again), values)


def shown_words(words: Sequence[str]) -> str:
    """A command line without its secrets."""
    return concealed_words(words).shown


def shown_by(show: Callable[[Any], str]) -> Callable[[Any], str]:
    """How `attrs` writes a field with secrets in a `repr`."""
    return lambda value: repr(show(value))


def concealed_url(url: str, login: str) -> Concealed:
    """A URL, and the `user:password` in it, as it is written there; of a user alone, the user is the secret.

    >>> concealed_url("http://ana:pw@db/?key=abcd&x=1", "ana:pw").shown
    'http://ana:***@db/?key=***&x=1'
    >>> concealed_url("http://t0ken@db/", "t0ken").shown
    'http://***@db/'
    """
    if not login:
        return _masked(url, ())
    user, _, password = login.partition(":")
    login_shown = f"{user}:{_HIDDEN}" if password else _HIDDEN
    secret = password or user
    values = {secret, unquote(secret), login, unquote(login)}
    return _masked(url.replace(f"//{login}@", f"//{login_shown}@", 1), values)


def without_login(text: str) -> str:
    """What may be shown of a text that should be a URL, and is none that can be taken apart.

    >>> without_login("http://ana:p#w@db:x/"), without_login("nginx -s reload")
    ('http://***@db:x/', 'nginx -s reload')
    """
    start, sign, rest = text.rpartition("@")
    scheme = re.match(r"\w+://", start)
    shown = f"{scheme[0] if scheme else ''}{_HIDDEN}@{rest}" if sign else text
    return harmless(masked(shown[:_LONGEST]))


def _is_secret(name: str, value: str) -> bool:
    """Not where it only says where the secret is found: `--token $TOKEN`."""
    pair = f"password={value}"
    return (secret_name(name) or name.lower() in _ALSO) and masked(pair) != pair


def _masked(text: str, values: Iterable[str]) -> Concealed:
    shown = masked(text)
    known = {*values, *_hidden_parts(text, shown)} - {"", _HIDDEN}
    return Concealed(harmless(shown), frozenset(known))


def _hidden_parts(text: str, shown: str) -> list[str]:
    """What stood where a text now has `***`."""
    match = re.fullmatch("(.+?)".join(map(re.escape, shown.split(_HIDDEN))), text, re.DOTALL)
    if match is None:
        return []
    hidden: list[str] = []
    for i in range(1, match.re.groups + 1):
        before = re.search(r"[^\s/:@=]+:$", text[: match.start(i)])
        hidden += [*_parts(match[i]), *([unquote(before[0] + match[i])] if before else ())]
    return hidden


def _parts(value: str) -> set[str]:
    """A secret, and what may be the secret in it: without quotes, a scheme, a sign before or behind it."""
    pieces = [each.strip("=-") for each in re.split(r"[\s\"'#&;,|]+", value)]
    return {value, unquote(value), *(each for each in pieces if len(each) > 3)}


def _any_form_of(value: str) -> str:
    """An expression that finds a secret as it is, percent-encoded in whole or in part, or as base64."""
    plain = "".join(_any_form_of_character(character) for character in value)
    if len(value) <= 3:
        return rf"(?<!\w){plain}(?!\w)"
    coded = base64.b64encode(value.encode(errors="surrogateescape")).decode().rstrip("=")
    urlsafe = coded.replace("+", "-").replace("/", "_")
    return "|".join([plain, *(f"{re.escape(each)}=*" for each in dict.fromkeys([coded, urlsafe]))])


def _any_form_of_character(character: str) -> str:
    forms = [re.escape(character), f"(?i:{quote(character, safe='', errors='surrogateescape')})"]
    if character.isalnum() and character.isascii():
        forms[1] = f"(?i:%{ord(character):02x})"
    if character == " ":
        forms.append(r"\+")
    if not character.isascii():
        forms.append("\ufffd")  # in an answer of another encoding
    return f"(?:{'|'.join(forms)})"
