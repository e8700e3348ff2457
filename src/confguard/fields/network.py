"""Networks, ports and URLs."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Self
from urllib.parse import urlsplit, urlunsplit

from attrs import frozen

from confguard.fields.base import FieldType, TextType


class Port(int, FieldType):
    """A TCP or UDP port, 1 to 65535.

    >>> Port("8080")
    8080
    """

    expects = "a port from 1 to 65535"

    def __new__(cls, value: object = 1) -> Self:
        digits = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 5
        if not (digits or (isinstance(value, int) and not isinstance(value, bool))):
            raise cls._refuse(value)
        number = int(value)  # type: ignore[call-overload]
        if not 1 <= number <= 65535:
            raise cls._refuse(value)
        return int.__new__(cls, number)


@frozen(order=False, init=False)
class Network(FieldType):
    """A network of addresses: `"10.0.0.0/8"`, `"10.0.0.0/255.0.0.0"`, `"2001:db8::/32"`, or one address.

    >>> Network("10.0.0.0/255.0.0.0") == Network("10.0.0.0/8")
    True
    >>> "10.1.2.3" in Network("10.0.0.0/8")
    True
    """

    expects = "a network such as '10.0.0.0/8' or '2001:db8::/32'"
    network: IPv4Network | IPv6Network

    def __init__(self, value: object) -> None:
        if not isinstance(value, str | IPv4Network | IPv6Network | Network):
            raise self._refuse(value)
        try:
            network = value.network if isinstance(value, Network) else ip_network(value)
        except ValueError as error:
            hint = "; bits are set to the right of the mask" if "host bits" in str(error) else ""
            raise ValueError(f"{self._refuse(value)}{hint}") from None
        object.__setattr__(self, "network", network)

    @property
    def size(self) -> int:
        """How many addresses it holds."""
        return self.network.num_addresses

    def __contains__(self, address: str) -> bool:
        return ip_address(address) in self.network

    def __str__(self) -> str:
        return str(self.network)


_DEFAULT_PORTS = {
    "http": 80,
    "https": 443,
    "ws": 80,
    "wss": 443,
    "ftp": 21,
    "redis": 6379,
    "postgresql": 5432,
}


class Url(TextType):
    """A URL with a scheme and a host. Two are equal that name the same: case of scheme and host, the default
    port and an empty path do not matter (RFC 3986, section 6.2). Its `repr` hides a password; `str` is the text.

    >>> Url("HTTPS://Example.com:443") == Url("https://example.com/")
    True
    >>> Url("https://ana:geheim@example.com/")
    Url('https://ana:***@example.com/')
    >>> Url("example.com/x")
    Traceback (most recent call last):
        ...
    ValueError: expected a URL such as 'https://example.com/path', got 'example.com/x'
    """

    expects = "a URL such as 'https://example.com/path'"

    def __new__(cls, value: object) -> Self:
        if not isinstance(value, str):
            raise cls._refuse(value)
        text = str.strip(value)
        try:
            parts = urlsplit(text)
            named = parts.scheme and parts.hostname and parts.port != 0
        except ValueError:
            raise cls._refuse(value) from None
        if not named or any(char.isspace() for char in text):
            raise cls._refuse(value)
        return str.__new__(cls, text)

    @property
    def normal(self) -> str:
        """The form by which two are compared."""
        parts = urlsplit(str(self))
        scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
        port = parts.port if parts.port != _DEFAULT_PORTS.get(scheme) else None
        host = f"[{host}]" if ":" in host else host
        user = parts.netloc.rpartition("@")[0]
        place = f"{user}@{host}" if user else host
        netloc = f"{place}:{port}" if port else place
        return urlunsplit((scheme, netloc, parts.path or "/", parts.query, parts.fragment))

    def __repr__(self) -> str:
        shown = re.sub(r"(?<=://)([^/@\s:]*):([^/@\s]+)@", r"\1:***@", str(self))
        return f"Url({shown!r})"
