"""URLs of stores, shown without their passwords; and what is said of a store that cannot be used."""

from __future__ import annotations

import re

from confguard.errors import StoreError
from confguard.secrets import secret_name

__all__ = ["missing_extra", "newer_layout", "without_password"]

_PARAMETER = re.compile(r"([?&]([\w.-]+)=)[^&#]+")


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
