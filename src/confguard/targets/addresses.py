"""URLs that are asked: taken apart, and refused where that cannot be done without a doubt."""

from __future__ import annotations

import base64
import re
from urllib.parse import unquote, urlsplit

from attrs import field, frozen

from confguard.errors import brief
from confguard.targets.concealing import Concealed, concealed_url, without_login
from confguard.targets.options import UnusableError

_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}")
_URL = re.compile(r"https?://[^/?#]*(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_PORTS = {"http": 80, "https": 443}


@frozen
class Address:
    """A URL, taken apart. It shows no secret."""

    scheme: str
    host: str
    port: int
    path: str = field(repr=False)
    """Path and query."""
    login: str | None = field(repr=False)
    """What the header `Authorization` says."""
    concealed: Concealed

    @property
    def named(self) -> str:
        """The host as the header `Host` has it."""
        host = f"[{self.host.partition('%')[0]}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def address_of(url: object) -> Address:
    """The parts of a URL. Raises `UnusableError`, without a secret in the message.

    >>> address_of("https://[::1]:8443/-/reload").named
    '[::1]:8443'
    >>> address_of("http://ana:p/w@db/")
    Traceback (most recent call last):
        ...
    confguard.targets.options.UnusableError: 'http://***@db/' has an @ behind the host
    """
    shown = f"'{brief(without_login(url))}'" if isinstance(url, str) else f"a {type(url).__name__}"
    match = _URL.fullmatch(url) if isinstance(url, str) else None
    if match is None:
        hint = "a URL starts with http:// or https://; a command is a list of its words"
        raise UnusableError(f"{shown} is not an http or https URL", hint=hint)
    if not match[0].isascii() or not match[0].isprintable() or " " in match[0]:
        hint = "percent-encode it; a host is written in Punycode: xn--..."
        raise UnusableError(f"{shown} has a character that no URL has", hint=hint)
    if "@" in match["rest"]:
        hint = "in a password / is written %2F, # %23, ? %3F; elsewhere @ is written %40"
        raise UnusableError(f"{shown} has an @ behind the host", hint=hint)
    try:
        parts = urlsplit(match[0])
        host, port = parts.hostname or "", parts.port
    except ValueError:
        port = 0
    if port == 0:
        hint = "http://127.0.0.1:8080/reload; what is special in a password is percent-encoded"
        raise UnusableError(f"{shown} has no port from 1 to 65535 behind its host", hint=hint)
    host = unquote(host)
    if not _is_host(host):
        raise UnusableError(f"{shown} names no host", hint="http://127.0.0.1:8080/reload")
    login = parts.netloc.rpartition("@")[0]
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(
        parts.scheme,
        host,
        port or _PORTS[parts.scheme],
        path,
        _authorization(login),
        concealed_url(match[0], login),
    )


def checked_url(url: object) -> str:
    """A URL that can be asked. Raises `UnusableError`."""
    address_of(url)
    return str(url)


def shown_url(url: str) -> str:
    """A URL without its secrets."""
    return address_of(url).concealed.shown


def _is_host(host: str) -> bool:
    import ipaddress

    try:
        ipaddress.ip_address(host)
    except ValueError:
        labels = host.removesuffix(".").split(".")
        return len(host) <= 253 and all(_LABEL.fullmatch(label) for label in labels)
    return True


def _authorization(login: str) -> str | None:
    if not login:
        return None
    user, _, password = login.partition(":")
    if ":" in unquote(user):
        raise UnusableError(
            "a user's name with a colon (%3A) cannot be sent",
            hint="basic authentication has no way to write it",
        )
    plain = f"{unquote(user, errors='surrogateescape')}:{unquote(password, errors='surrogateescape')}"
    return "Basic " + base64.b64encode(plain.encode(errors="surrogateescape")).decode()
