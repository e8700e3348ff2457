"""Connections on which an answer is whole within a time limit, however slowly its bytes drip.

urllib3 counts its time-out anew at every read, so that a server which sends a byte a second holds a call for hours.
Here the time-out for reading is that of the whole answer, headers and body; beside it holds the one for silence.
"""

from __future__ import annotations

import io
import socket
import time
from http.client import HTTPResponse
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection

__all__ = ["BoundedConnection", "BoundedSecureConnection"]

SILENCE_SECONDS = 2.0
"""How long an endpoint may be silent: an election takes about a second."""


class _Incoming(io.RawIOBase):
    """What a socket receives until the time that it has now is over."""

    def __init__(self, raw: io.RawIOBase, connected: socket.socket) -> None:
        self._raw, self._socket = raw, connected
        self._until = time.monotonic() + (connected.gettimeout() or SILENCE_SECONDS)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._socket.settimeout(min(left, SILENCE_SECONDS))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *words: Any, **more: Any) -> None:
        super().__init__(sock, *words, **more)
        self.fp = io.BufferedReader(_Incoming(self.fp.detach(), sock))


class BoundedConnection(HTTPConnection):
    """A connection without TLS."""

    response_class = _Response


class BoundedSecureConnection(HTTPSConnection):
    """A connection with TLS."""

    response_class = _Response
