"""URLs of stores: what they say, and how they are shown; and what is said of a store that cannot be used."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, unquote

from attrs import field, frozen

from confguard.errors import StoreError, did_you_mean
from confguard.secrets import secret_name

_ETCD_OPTIONS = ("ca", "cert", "key")
_ETCD_PORT = "2379"
CONNECT_SECONDS = 5
_CONNECTING = {
    "connect_timeout": CONNECT_SECONDS,
    "client_encoding": "utf8",
    "fallback_application_name": "confguard",
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""What holds where the URL says nothing else. Of an idle connection that was dropped, TCP itself is to tell."""
_SCHEMA = re.compile(r"(?P<before>[?&])schema=(?P<schema>[^&]*)(?P<after>&|$)")


_PARAMETER = re.compile(r"([?&]([\w.-]+)=)[^&#]+")
"""A parameter is whole up to the next: it is no text in which a secret is looked for."""


def without_password(url: str) -> str:
    """A URL that may be shown.

    >>> without_password("postgresql://ana:secret@db/confguard")
    'postgresql://ana:***@db/confguard'
    >>> without_password("postgresql:///confguard?user=ana&password=secret")
    'postgresql:///confguard?user=ana&password=***'
    >>> without_password("etcd://ana:sec/ret?@db:2379/confguard")
    'etcd://ana:***@db:2379/confguard'
    """
    scheme, colon, rest = url.partition(":")
    before = rest[: _end_of_credentials(rest)]
    name, separator, _ = before.partition(":")
    shown = f"{scheme}{colon}{name}:***{rest[len(before) :]}" if separator else url
    return _PARAMETER.sub(lambda match: match[1] + "***" if secret_name(match[2]) else match[0], shown)


def _end_of_credentials(rest: str) -> int:
    """Where user and password end, before their `@`: also where the password was not written as URLs ask for."""
    before_query = rest.partition("?")[0]
    if "@" in before_query:
        return before_query.rindex("@")
    _, colon, port = before_query.lstrip("/").partition("/")[0].rpartition(":")
    return rest.rindex("@") if "@" in rest and colon and not port.isdigit() else 0


def missing_extra(extra: str, package: str) -> StoreError:
    """The error for a store whose client is not installed."""
    return StoreError(
        f"this store needs {package}, which is not installed", hint=f"pip install 'confguard-safety[{extra}]'"
    )


def newer_layout(store: object, layout: int, known: int) -> StoreError:
    """The error for a store whose layout this version does not know yet."""
    return StoreError(
        f"{store}: made by a newer confguard (layout {layout}, this one knows {known})",
        hint="upgrade confguard-safety",
    )


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
            tuple(_etcd_endpoint(host.strip(), shown) for host in hosts.split(",")),
            unquote(prefix).strip("/"),
            secure=scheme == "etcds",
            user=(unquote(name), unquote(password)) if at else None,
            shown=shown,
            **_etcd_options(query, shown),
        )


def _etcd_options(query: str, shown: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    for option, value in options.items():
        if option not in _ETCD_OPTIONS:
            raise StoreError(f"{shown}: unknown option '{option}'{did_you_mean(option, _ETCD_OPTIONS)}")
        if not value:
            raise StoreError(f"{shown}: the option '{option}' names no file")
    if "key" in options and "cert" not in options:
        raise StoreError(f"{shown}: a key without its certificate", hint="?cert=me.pem&key=me.key")
    return options


def _etcd_endpoint(host: str, shown: str) -> tuple[str, int]:
    name, _, port = host.rpartition(":") if not host.endswith("]") and ":" in host else (host, "", _ETCD_PORT)
    if not name or not port.isdecimal() or not 0 < int(port) < 65536:
        raise StoreError(f"{shown}: '{host}' is not an endpoint", hint="etcd://host:2379,other:2379/prefix")
    return name.strip("[]"), int(port)


def postgres_settings(url: str) -> tuple[str, str]:
    """What libpq is to connect to, and the schema. Raises `StoreError`.

    >>> postgres_settings("postgresql:///app?schema=settings")[1]
    'settings'
    """
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    schema = "confguard"

    def without(match: re.Match[str]) -> str:
        nonlocal schema
        schema = unquote(match["schema"])
        return "?" if match["before"] == "?" and match["after"] else ""

    plain = _SCHEMA.sub(without, url, count=1)
    if not re.fullmatch(r"\w{1,63}", schema):
        raise StoreError(f"'{schema}' is not a schema's name", hint="letters, digits and underscores")
    try:
        settings: dict[str, Any] = _CONNECTING | conninfo_to_dict(plain)
    except ProgrammingError as error:
        raise StoreError(
            f"{without_password(url)}: is not a URL that PostgreSQL's library takes: {first_line(error)}",
            hint="postgresql://user@host:5432/database?schema=confguard",
        ) from error
    return make_conninfo(**settings), schema


def first_line(error: Exception) -> str:
    """The first line of what the server or its library says."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
