"""The URL of a store in PostgreSQL: what libpq is to connect to, and the schema."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from confguard.errors import StoreError
from confguard.stores.urls import without_password

__all__ = ["first_line", "parsed"]

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


def parsed(url: str) -> tuple[str, str]:
    """What libpq is to connect to, and the schema. Raises `StoreError`.

    >>> parsed("postgresql:///app?schema=settings")[1]
    'settings'
    """
    schema = "confguard"

    def without(match: re.Match[str]) -> str:
        nonlocal schema
        schema = unquote(match["schema"])
        return "?" if match["before"] == "?" and match["after"] else ""

    plain = _SCHEMA.sub(without, url, count=1)
    if not re.fullmatch(r"\w{1,63}", schema):
        raise StoreError(f"'{schema}' is no schema's name", hint="letters, digits and underscores")
    try:
        given = conninfo_to_dict(plain)
    except psycopg.ProgrammingError as error:
        raise StoreError(
            f"{without_password(url)}: is no URL that PostgreSQL's library takes: {first_line(error)}",
            hint="postgresql://user@host:5432/database?schema=confguard",
        ) from error
    settings: dict[str, Any] = _CONNECTING | given
    return make_conninfo(**settings), schema


def first_line(error: Exception) -> str:
    """The first line of what the server or its library says."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
