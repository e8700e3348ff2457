"""Asking by HTTP: the one way, for reloads, probes and counts.

One deadline holds for all of it: name, connection, TLS, request, headers and body, however slowly bytes drip. It is why
this stands on the standard library: requests, urllib3 and httpx each count their time-out anew at every read, and look
up names without one. Redirects are not followed, proxies of the environment not asked, bodies read up to a bound.
"""

from __future__ import annotations

import io
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import closing
from http.client import (
    BadStatusLine,
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    IncompleteRead,
    RemoteDisconnected,
)
from typing import Any

from attrs import field, frozen

from confguard.errors import brief
from confguard.fields import Duration
from confguard.targets.addresses import Address
from confguard.targets.calls import Call
from confguard.targets.writing import undoing

MOST = 65_536
"""How many bytes of a body are read, unless more are asked for."""


@frozen
class Answer:
    """What a server answered: all that was wanted, if there is no `problem`."""

    problem: str | None = None
    """Why there is no answer, or no whole one."""
    status: int = 0
    reason: str = ""
    location: str | None = None
    """Where a redirect leads."""
    body: bytes = field(default=b"", repr=False)
    retry_after: int | None = None
    """Seconds after which it may be asked again, where it said so."""

    @property
    def good(self) -> bool:
        """Is it a whole answer, with a status from 200 to 299?"""
        return self.problem is None and 200 <= self.status < 300

    @property
    def wrong(self) -> str | None:
        """What is wrong with it, if anything is.

        >>> Answer(status=301, reason="Moved", location="https://a.internal/").wrong
        'answered 301 Moved: it leads to https://a.internal/, and is not followed'
        """
        if self.good or self.problem is not None:
            return self.problem
        return f"answered {self.status} {self.reason}".rstrip() + self.leads

    @property
    def leads(self) -> str:
        """Where a redirect leads, as a part of a sentence."""
        return f": it leads to {self.location}, and is not followed" if self.location else ""


def ask(
    address: Address,
    timeout: Duration,
    method: str = "GET",
    most: int = MOST,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Ask once. Whatever goes wrong is an answer, too."""
    until = time.monotonic() + timeout.total_seconds()
    try:
        with closing(_connect(address, until)) as connected:
            connection = HTTPConnection(address.host, address.port)
            connection.sock = _Line(connected, until)
            connection.request(method, address.path, body, _headers(address, headers or {}))
            return _answer(connection.getresponse(), address, timeout, most)
    except Exception as error:  # noqa: BLE001 - whatever a server and a network do is its answer
        return Answer(_what_went_wrong(error, address, timeout))


def _headers(address: Address, more: Mapping[str, str]) -> dict[str, str]:
    headers = {"Host": address.named, "User-Agent": "confguard", "Accept": "*/*", "Connection": "close"}
    return headers | {**more, **({"Authorization": address.login} if address.login is not None else {})}


def _answer(response: HTTPResponse, address: Address, timeout: Duration, most: int) -> Answer:
    body, problem = bytearray(), None
    try:
        _read(response, body, most)
    except (OSError, HTTPException) as error:
        late = isinstance(error, TimeoutError)
        problem = f"answered {response.status}, but not in full" + (f" within {timeout}" if late else "")
    clean = address.concealed.clean
    location = response.getheader("Location")
    again = (response.getheader("Retry-After") or "").strip()
    return Answer(
        problem,
        response.status,
        brief(clean(response.reason), 80),
        None if location is None else brief(clean(location), 160),
        bytes(body),
        int(again[:9]) if again.isdecimal() and again.isascii() else None,
    )


def _read(response: HTTPResponse, body: bytearray, most: int) -> None:
    while len(body) < most:
        piece = response.read1(most - len(body))
        if not piece:
            if response.length:
                raise IncompleteRead(b"", response.length)
            return
        body += piece


def _connect(address: Address, until: float) -> socket.socket:
    """A connection to the first of a host's addresses that answers; each has its share of the time."""
    addresses = _look_up(address, until)
    for i, (family, kind, protocol, _, where) in enumerate(addresses):
        connected = socket.socket(family, kind, protocol)
        try:
            connected.settimeout(_left(until) / (len(addresses) - i))
            connected.connect(where)
            return _secured(connected, address, until) if address.scheme == "https" else connected
        except BaseException as error:
            connected.close()
            if i + 1 == len(addresses) or not isinstance(error, OSError) or isinstance(error, ssl.SSLError):
                raise
    raise OSError("the name of the host has no address")


def _secured(connected: socket.socket, address: Address, until: float) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    name = address.host.rstrip(".").partition("%")[0]
    secured = context.wrap_socket(connected, server_hostname=name, do_handshake_on_connect=False)
    with undoing(secured.close):
        secured.settimeout(_left(until))
        secured.do_handshake()
    return secured


def _look_up(address: Address, until: float) -> list[Any]:
    """The addresses of a host. The system's look-up has no time limit: who asks does not wait longer."""
    call = Call(lambda: socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM))
    if not call.wait(_left(until)):
        raise TimeoutError
    return call.result()


class _Line(io.RawIOBase):
    """A socket as `http.client` uses it, on which every step has what is left of the time."""

    def __init__(self, connected: socket.socket, until: float) -> None:
        self._socket, self._until = connected, until

    def sendall(self, data: Any) -> None:
        self._socket.settimeout(_left(self._until))
        self._socket.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._socket.settimeout(_left(self._until))
        return self._socket.recv_into(buffer)

    def close(self) -> None:
        """It is closed by who opened it."""


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _what_went_wrong(error: Exception, address: Address, timeout: Duration) -> str:
    if isinstance(error, TimeoutError):
        return f"did not answer within {timeout}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"did not answer: its certificate is not accepted: {brief(error.verify_message)}"
    if isinstance(error, RemoteDisconnected):
        return "did not answer: it closed the connection"
    if isinstance(error, BadStatusLine):
        return "did not answer: what it sent is not HTTP"
    message = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return f"did not answer: {brief(address.concealed.clean(message))}"
