"""URLs of stores: shown without their passwords; and what is said where a store's client is missing."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from confguard.errors import StoreError
from confguard.secrets import secret_name

__all__ = ["missing_extra", "without_password"]

_PARAMETER = re.compile(r"([?&]([\w.-]+)=)[^&#]+")


def without_password(url: str) -> str:
    """A URL that may be shown.

    >>> without_password("postgresql://ana:secret@db/confguard")
    'postgresql://ana:***@db/confguard'
    >>> without_password("postgresql:///confguard?user=ana&password=secret")
    'postgresql:///confguard?user=ana&password=***'
    """
    try:
        password = urlsplit(url).password
    except ValueError:
        return url.partition("://")[0] + "://***"
    shown = url.replace(f":{password}@", ":***@") if password else url
    return _PARAMETER.sub(lambda found: found[1] + "***" if secret_name(found[2]) else found[0], shown)


def missing_extra(extra: str, package: str) -> StoreError:
    """The error for a store whose client is not installed."""
    return StoreError(
        f"this store needs {package}, which is not installed", hint=f"pip install 'confguard-safety[{extra}]'"
    )
