"""One endpoint of etcd: its JSON gateway over urllib3, and what its answers and its silence mean.

An answer is whole within a time limit, however slowly its bytes drip: urllib3 counts its time-out anew at every read,
so that a server which sends a byte a second holds a call for hours. Here the time-out for reading is that of the whole
answer, headers and body; beside it holds the one for silence.

Certificates are renewed while a service runs: each new connection takes those that are there then.
"""

from __future__ import annotations

import io
import json
import re
import socket
import ssl
import time
from contextlib import suppress
from http.client import HTTPResponse
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeAlias

from attrs import define, field

from confguard.errors import StoreError, brief
from confguard.stores.retrying import LostError
from confguard.stores.urls import missing_extra

try:
    import urllib3
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError
except ImportError as error:
    raise missing_extra("etcd", "urllib3") from error

Body: TypeAlias = dict[str, Any]

CONNECT_SECONDS = 2.0
SILENCE_SECONDS = 2.0
"""How long an endpoint may be silent: an election takes about a second."""
QUIET_SECONDS = 300.0
"""How long a watch may be silent before it is begun anew: nobody can tell a quiet one from a dead one."""
_OPTIONS = {"TCP_NODELAY": 1, "TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
_OLD_TOKEN = re.compile(
    "auth token|revision of auth store is old|revision in header is old|user name is empty"
)
_NOT_DONE = re.compile("no leader|proposal dropped|too many requests|not supported for learner")
_IN_DOUBT = re.compile("leader changed|timed out|deadline|unavailable|stopped|connection|transport")
_MOST_BYTES = 15 * 2**20
"""More is taken by no etcd whose limits it does not warn of: 10 MiB in one request, which are a third more in JSON."""
_TOO_LARGE = (
    "etcd takes 1.5 MiB in one request (--max-request-bytes); larger configs fit SQLite and PostgreSQL"
)
_HINTS = {
    "database space exceeded": "etcd is full; docs/how-to/fleet.md tells how it takes writes again",
    "corrupt": "a member's data is damaged: `etcdctl alarm list` names it; replace that member",
    "permission denied": "docs/how-to/fleet.md tells which roles a reader and a writer need",
    "user name is empty": "this etcd asks who you are: etcds://user:password@host:2379/prefix",
    "too large": _TOO_LARGE,
    "larger than max": _TOO_LARGE,
    "too many operations": "each config of a commit takes up to 7 operations of etcd's --max-txn-ops (128 unless it is"
    " set): fewer configs at once, or an etcd that is started with more",
    "authentication failed": "are user and password right?",
    "Not Found": "is this the client port of an etcd 3.4 or newer?",
    "no JSON": "is this the client port of an etcd 3.4 or newer, with its JSON gateway enabled?",
}
_AWAY = "does etcd run, and has it a leader? `etcdctl endpoint status --cluster` tells which members are down"


class UnreachableError(LostError):
    """There is nobody to take it: waiting would not help."""

    sent = False


class OldTokenError(StoreError):
    """Logging in again helps."""


class Endpoint:
    """Connections to one endpoint: no proxy from the environment stands between a service and its store."""

    def __init__(self, host: str, port: int, tls: Certificates | None, shown: str) -> None:
        options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
        options += [(socket.IPPROTO_TCP, getattr(socket, name, 0), value) for name, value in _OPTIONS.items()]
        more: Body = {"maxsize": 32, "socket_options": [each for each in options if each[1]]}

        def pool() -> urllib3.HTTPConnectionPool:
            if tls:
                return _SecurePool(host, port, tls, **more)
            return urllib3.HTTPConnectionPool(host, port, **more)

        self.pool, self._streams = pool(), pool()
        self.pool.ConnectionCls = _SecureConnection if tls else _Connection
        self._name, self._shown = f"{host}:{port}", shown

    def ask(self, path: str, body: Body, token: str | None, seconds: float) -> Body:
        """The answer to one request. Raises `LostError` where none came, or none that can be relied on."""
        timeout = urllib3.Timeout(connect=min(CONNECT_SECONDS, seconds), read=seconds)
        data = json.dumps(body).encode()
        if len(data) > _MOST_BYTES:
            raise self._refused(400, f"the request is too large: {len(data):,} bytes")
        try:
            response = self._posted(self.pool, path, data, token, timeout)
        except HTTPError as error:
            raise self._lost(error) from error
        try:
            answer: Body = json.loads(response.data)
            wrong = answer.get("error", "" if response.status == 200 else answer.get("message", "?"))
        except (ValueError, AttributeError):
            wrong = "no JSON"
        if wrong:
            text = wrong.get("message", "?") if isinstance(wrong, dict) else str(wrong)
            raise self._refused(response.status, text)
        return answer

    def watch(self, body: Body, token: str | None) -> _Stream:
        """What it tells of a key, line by line."""
        timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=SILENCE_SECONDS)
        return _Stream(
            lambda: self._posted(
                self._streams, "/watch", json.dumps(body).encode(), token, timeout, preload_content=False
            )
        )

    def close(self) -> None:
        """Close the connections."""
        self.pool.close()
        self._streams.close()

    @staticmethod
    def _posted(
        pool: urllib3.HTTPConnectionPool,
        path: str,
        data: bytes,
        token: str | None,
        timeout: urllib3.Timeout,
        **more: Any,
    ) -> urllib3.BaseHTTPResponse:
        headers = {"Content-Type": "application/json"} | ({"Authorization": token} if token else {})
        more |= {"headers": headers, "timeout": timeout, "retries": False, "redirect": False}
        return pool.urlopen("POST", f"/v3{path}", data, **more)

    def _lost(self, error: HTTPError) -> LostError:
        """The error where there was no answer."""
        message = str(error.__cause__ or error)
        nobody = isinstance(error, NewConnectionError) or "certificate" in message.lower()
        lost = (UnreachableError if nobody else LostError)(self._no_answer(message), hint=_AWAY)
        lost.sent = not nobody and not isinstance(error, ConnectTimeoutError)
        return lost

    def _refused(self, status: int, message: str) -> StoreError:
        """What etcd says, as a person can act on it."""
        hint = next((hint for word, hint in _HINTS.items() if word in message), None)
        if _OLD_TOKEN.search(message):
            return OldTokenError(f"{self._shown}: {self._name}: {brief(message)}", hint=hint)
        if (hint is None or status >= 502) and (
            status >= 500 or _NOT_DONE.search(message) or _IN_DOUBT.search(message)
        ):
            lost = LostError(self._no_answer(message), hint=_AWAY)
            lost.sent = not _NOT_DONE.search(message)
            return lost
        return StoreError(f"{self._shown}: {self._name}: HTTP {status}: {brief(message)}", hint=hint)

    def _no_answer(self, message: str) -> str:
        return f"{self._shown}: no endpoint answers: {self._name}: {brief(message, 160)}"


class _Stream:
    """A watch: what it tells is read on a thread of its own, so that waiting for it has an end."""

    def __init__(self, opened: Any) -> None:
        self._opened, self._closed = opened, False
        self._events: SimpleQueue[bool] = SimpleQueue()
        self._response: urllib3.BaseHTTPResponse | None = None
        Thread(target=self._read, name="confguard-etcd-watch", daemon=True).start()

    def next(self, seconds: float) -> bool | None:
        """True when something was told, False when it is over, None when nothing came for so many seconds."""
        try:
            return self._events.get(timeout=seconds)
        except Empty:
            return None

    def close(self) -> None:
        """Have the thread end."""
        self._closed = True
        if self._response is not None:
            with suppress(Exception):  # it has ended by itself
                self._response.shutdown()

    def _read(self) -> None:
        try:
            with self._opened() as self._response:
                self._response.connection.sock.settimeout(QUIET_SECONDS)  # type: ignore[union-attr]
                for line in self._response:
                    if self._closed or not _tells(line):
                        break
                    self._events.put(True)
        except Exception:  # noqa: BLE001, S110 - whatever ended it, it is over; the reader is told below
            pass
        finally:
            self._events.put(False)


def _tells(line: bytes) -> bool:
    """Does a line of a watch tell something? etcd ends one when what it would tell was compacted away."""
    response = json.loads(line)
    return "error" not in response and not response["result"].get("canceled")


@define(eq=False)
class Certificates:
    """Files with an authority, a certificate and its key."""

    ca: str | None
    cert: str | None
    key: str | None
    shown: str
    """The store, in messages."""
    _context: ssl.SSLContext | None = field(default=None, init=False)
    _read: tuple[object, ...] = field(default=(), init=False)

    def context(self) -> ssl.SSLContext:
        """What they say now; while they are being written, what they said before. Raises `StoreError`.

        They are read again where they are others: reading the authorities of a system takes 30 ms.
        """
        stamps = tuple(map(_stamp, (self.ca, self.cert, self.key)))
        if self._context is not None and stamps == self._read:
            return self._context
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.cert:
                context.load_cert_chain(self.cert, self.key)
            self._context, self._read = context, stamps
        except (OSError, ValueError) as error:
            if self._context is None:
                raise StoreError(f"{self.shown}: its certificates cannot be used: {error}") from error
        return self._context


def _stamp(path: str | None) -> object:
    """By what one notices that a file is another one."""
    try:
        status = Path(path).stat() if path else None
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_ino, status.st_size) if status else None


class _SecurePool(urllib3.HTTPSConnectionPool):
    """Connections with the certificates of when each is opened."""

    def __init__(self, host: str, port: int, certificates: Certificates, **more: Any) -> None:
        super().__init__(host, port, ssl_context=certificates.context(), **more)
        self._certificates = certificates

    def _new_conn(self) -> Any:
        self.conn_kw["ssl_context"] = self._certificates.context()
        return super()._new_conn()


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


class _Connection(HTTPConnection):
    """A connection without TLS."""

    response_class = _Response


class _SecureConnection(HTTPSConnection):
    """A connection with TLS."""

    response_class = _Response
