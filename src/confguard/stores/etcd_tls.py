"""Certificates that are renewed while a service runs: each new connection takes those that are there then."""

from __future__ import annotations

import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any

import urllib3
from attrs import define, field

from confguard.errors import StoreError

__all__ = ["Certificates", "SecurePool"]


@define(eq=False)
class Certificates:
    """Files with an authority, a certificate and its key; what is none that can be used changes nothing."""

    ca: str | None
    cert: str | None
    key: str | None
    shown: str
    """The store, in messages."""
    _context: ssl.SSLContext = field(init=False, repr=False)
    _read: tuple[object, ...] = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Read the files. Raises `StoreError` where they cannot be used."""
        self._read = self._state()
        try:
            self._context = self._loaded()
        except (OSError, ValueError) as error:
            raise StoreError(f"{self.shown}: its certificates cannot be used: {error}") from error

    def context(self) -> ssl.SSLContext:
        """What a connection that is opened now uses."""
        state = self._state()
        if state != self._read:
            with suppress(
                OSError, ValueError
            ):  # while they are being written: the next connection looks again
                self._context, self._read = self._loaded(), state
        return self._context

    def _loaded(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca)
        if self.cert:
            context.load_cert_chain(self.cert, self.key)
        return context

    def _state(self) -> tuple[object, ...]:
        """By what one notices that the files are others."""
        return tuple(map(_stamp, (self.ca, self.cert, self.key)))


class SecurePool(urllib3.HTTPSConnectionPool):
    """Connections with the certificates of when each is opened."""

    def __init__(self, host: str, port: int, certificates: Certificates, **more: Any) -> None:
        super().__init__(host, port, ssl_context=certificates.context(), **more)
        self._certificates = certificates

    def _new_conn(self) -> Any:
        self.conn_kw["ssl_context"] = self._certificates.context()
        return super()._new_conn()


def _stamp(path: str | None) -> tuple[int, ...] | None:
    try:
        status = Path(path).stat() if path else None
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_ino, status.st_size) if status else None
