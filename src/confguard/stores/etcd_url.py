"""The URL of a store in etcd: endpoints, who logs in, certificates, and the prefix of all keys."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote

from attrs import field, frozen

from confguard.errors import StoreError, did_you_mean
from confguard.stores.urls import without_password

__all__ = ["EtcdUrl"]

_OPTIONS = ("ca", "cert", "key")
_PORT = "2379"


@frozen
class EtcdUrl:
    """What a URL says."""

    endpoints: tuple[tuple[str, int], ...]
    prefix: str
    secure: bool = False
    user: tuple[str, str] | None = field(default=None, repr=False)
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    shown: str = "etcd"
    """The URL without what is secret in it."""

    @classmethod
    def parse(cls, url: str) -> EtcdUrl:
        """The parts of a URL. Raises `StoreError`.

        >>> EtcdUrl.parse("etcd://[::1]:2379,db-2/app?ca=ca.pem").endpoints
        (('::1', 2379), ('db-2', 2379))
        """
        shown = without_password(url)
        scheme, _, rest = url.partition("://")
        rest, _, query = rest.partition("?")
        authority, _, prefix = rest.partition("/")
        credentials, at, hosts = authority.rpartition("@")
        if not at and "@" in prefix:
            raise StoreError(
                f"{shown}: '@' stands behind the first '/'",
                hint="in a password, write / as %2F, ? as %3F, # as %23 and @ as %40",
            )
        name, _, password = credentials.partition(":")
        return cls(
            tuple(_endpoint(host.strip(), shown) for host in hosts.split(",")),
            unquote(prefix).strip("/"),
            secure=scheme == "etcds",
            user=(unquote(name), unquote(password)) if at else None,
            shown=shown,
            **_options(query, shown),
        )


def _options(query: str, shown: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    for option, value in options.items():
        if option not in _OPTIONS:
            raise StoreError(f"{shown}: unknown option '{option}'{did_you_mean(option, _OPTIONS)}")
        if not value:
            raise StoreError(f"{shown}: the option '{option}' names no file")
    if "key" in options and "cert" not in options:
        raise StoreError(f"{shown}: a key without its certificate", hint="?cert=me.pem&key=me.key")
    return options


def _endpoint(host: str, shown: str) -> tuple[str, int]:
    name, _, port = host.rpartition(":") if not host.endswith("]") and ":" in host else (host, "", _PORT)
    if not name or not port.isdecimal() or not 0 < int(port) < 65536:
        raise StoreError(f"{shown}: '{host}' is no endpoint", hint="etcd://host:2379,other:2379/prefix")
    return name.strip("[]"), int(port)
