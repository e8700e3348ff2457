"""What the etcd store needs of a client: several endpoints, TLS, users, ranges, transactions, leases, watches.

It speaks to etcd's JSON gateway over urllib3. Every call ends within `CALL_SECONDS`. Every request may be sent again:
reads and deletions say the same twice; a transaction that was written the first time compares false the second time,
and whoever sent it looks whether what it was to write is there.
"""

from __future__ import annotations

import json
import socket
import ssl
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any, TypeAlias

from confguard.errors import StoreError, brief
from confguard.forking import renew_in_children
from confguard.stores.etcd_url import EtcdUrl
from confguard.stores.retrying import LostError, pauses, retrying
from confguard.stores.urls import missing_extra

try:
    import urllib3
    from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError
except ImportError as error:
    raise missing_extra("etcd", "urllib3") from error

__all__ = ["Client", "absent", "delete", "exists", "holds", "put", "ranged"]

Body: TypeAlias = dict[str, Any]
Pairs: TypeAlias = list[tuple[bytes, bytes]]

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 2.5
"""How long one endpoint may be silent before another one is asked: an election takes about a second."""
CALL_SECONDS = 6.0
"""How long any call may take, over all endpoints."""
SILENCE_SECONDS = 300.0
"""How long a watch may be silent before it is begun anew: nobody can tell a quiet one from a dead one."""
_TICK = 0.2
_LOGINS = 3
_TCP = {
    "TCP_NODELAY": 1,
    "TCP_KEEPIDLE": 10,
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 25_000,
}
_OLD_TOKEN = (
    "auth token",
    "revision of auth store is old",
    "revision in header is old",
    "user name is empty",
)
_NOT_DONE = ("no leader", "proposal dropped", "too many requests", "not supported for learner")
_IN_DOUBT = (
    "leader changed",
    "timed out",
    "deadline exceeded",
    "unavailable",
    "stopped",
    "connection",
    "transport",
)
_HINTS = {
    "database space exceeded": "etcd is full; docs/how-to/fleet.md tells how it takes writes again",
    "corrupt": "a member's data is damaged: `etcdctl alarm list` names it; replace that member",
    "permission denied": "docs/how-to/fleet.md tells which roles a reader and a writer need",
    "user name is empty": "this etcd asks who you are: etcds://user:password@host:2379/prefix",
    "too large": "etcd takes 1.5 MiB in one request; larger configs fit SQLite and PostgreSQL",
    "too many operations": "etcd's --max-txn-ops is below 128",
    "authentication failed": "are user and password right?",
}
_NO_LEADER = "most of its members are down or cut off: `etcdctl endpoint status --cluster` tells which"


class Client:
    """Several endpoints of one etcd."""

    def __init__(self, url: EtcdUrl) -> None:
        self._url = url
        self._tls = _tls(url) if url.secure else None
        self.after_fork()
        renew_in_children(self)

    def range(self, start: bytes, end: bytes | None = None, **more: Any) -> Pairs:
        """Keys and values as `ranged` names them. Linearizable."""
        return _pairs(self._post("/kv/range", ranged(start, end, **more)))

    def ranges(self, *asked: Body) -> list[Pairs]:
        """The keys and values of several ranges, as they were at the same moment."""
        body = {"compare": [], "success": [{"request_range": each} for each in asked], "failure": []}
        return [_pairs(each["response_range"]) for each in self._post("/kv/txn", body)["responses"]]

    def transaction(self, compares: Sequence[Body], operations: Sequence[Body]) -> bool:
        """Did all that was compared hold, so that all was written? False, too, if it was written before."""
        body = {"compare": list(compares), "success": list(operations), "failure": []}
        return bool(self._post("/kv/txn", body).get("succeeded", False))

    def grant(self, seconds: float) -> str:
        """A lease of so many seconds: keys that are put with it go when it ends."""
        return str(self._post("/lease/grant", {"TTL": int(seconds)})["ID"])

    def keep_alive(self, lease: str) -> bool:
        """Renew a lease. False if it has ended."""
        answer = self._post("/lease/keepalive", {"ID": lease})
        return int(answer.get("result", {}).get("TTL", 0)) > 0

    def watch(self, key: bytes, stop: Event, patience: float) -> Iterator[None]:
        """Yield when the watch stands, when the key is written, and at least every `patience` seconds.

        A watch that ends, never answers, or stands on an endpoint that other calls lost, is begun anew. Raises
        `LostError` when no endpoint answers.
        """
        delays = pauses(1.0)
        quiet_until = time.monotonic() + patience
        while not stop.is_set():
            self.range(key, keys_only=True)  # finds an endpoint that answers, and logs in
            losses = self._losses
            stream = _Stream(self._pools[self._current], _watching(key), self._headers(self._token))
            try:
                while not stop.is_set() and self._losses == losses:
                    told = stream.next(_TICK)
                    if told is False:
                        break
                    if told:
                        delays = pauses(1.0)
                    elif time.monotonic() < quiet_until:
                        continue
                    yield None
                    quiet_until = time.monotonic() + patience
            finally:
                stream.close()
            if not stop.is_set():
                yield None  # whatever came meanwhile
                quiet_until = time.monotonic() + patience
                stop.wait(min(next(delays), patience))

    def close(self) -> None:
        """Close the connections."""
        for pool in self._pools:
            pool.close()

    def __str__(self) -> str:
        return self._url.shown

    def after_fork(self) -> None:
        """Connections of this process: a forked child must not use its parent's."""
        self._current, self._losses = 0, 0
        self._token: str | None = None
        self._pools = [_pool(host, port, self._tls) for host, port in self._url.endpoints]

    def _post(self, path: str, body: Body) -> Body:
        """The answer of whichever endpoint gives one."""
        end = time.monotonic() + CALL_SECONDS
        heard = False
        for last in retrying(CALL_SECONDS):
            hopeless = True
            for _ in self._pools:
                at = self._current
                try:
                    return self._answer(at, path, body, end)
                except LostError as error:
                    lost = error
                    heard = heard or error.sent
                    hopeless = hopeless and isinstance(error, _UnreachableError)
                    self._leave(at)
                except StoreError as error:
                    if heard:  # this attempt was refused, and an earlier one may have been done
                        raise LostError(str(error), hint=error.hint) from error
                    raise
                if time.monotonic() >= end:
                    break
            if last or hopeless or time.monotonic() >= end:
                break
        lost.sent = heard
        raise lost

    def _leave(self, at: int) -> None:
        """The next one is asked from now on."""
        self._losses += 1
        if self._current == at:
            self._current = (at + 1) % len(self._pools)

    def _answer(self, at: int, path: str, body: Body, end: float) -> Body:
        """The answer of one endpoint, logged in: again, when the token has ended or users were changed."""
        for _ in range(_LOGINS):
            if self._url.user and self._token is None:
                self._token = self._log_in(at, end)
            token = self._token
            try:
                return self._exchange(at, path, body, end, token)
            except _OldTokenError as error:
                refused = error
                if self._token == token:
                    self._token = None
        raise refused

    def _log_in(self, at: int, end: float) -> str:
        assert self._url.user
        name, password = self._url.user
        try:
            return str(
                self._exchange(at, "/auth/authenticate", {"name": name, "password": password}, end)["token"]
            )
        except StoreError as error:
            if "not enabled" in str(error):
                return ""  # nobody asks who we are
            raise

    def _exchange(self, at: int, path: str, body: Body, end: float, token: str | None = None) -> Body:
        """One request to one endpoint. Raises `LostError` where no answer came, or none that can be relied on."""
        left = max(0.1, end - time.monotonic())
        timeout = urllib3.Timeout(connect=min(CONNECT_SECONDS, left), read=min(ANSWER_SECONDS, left))
        try:
            response = self._pools[at].urlopen(
                "POST",
                f"/v3{path}",
                body=json.dumps(body).encode(),
                headers=self._headers(token),
                timeout=timeout,
                retries=False,
                redirect=False,
            )
        except HTTPError as error:
            raise self._lost(at, error) from error
        try:
            answer = json.loads(response.data)
            said = answer.get("error") or ("" if response.status == 200 else answer.get("message", ""))
        except (ValueError, AttributeError):
            answer, said = {}, f"HTTP {response.status}, and no JSON"
        if response.status == 200 and not said and isinstance(answer, dict):
            return answer
        raise self._refused(at, response.status, said.get("message", "") if isinstance(said, dict) else said)

    def _headers(self, token: str | None) -> dict[str, str]:
        return {"Content-Type": "application/json"} | ({"Authorization": token} if token else {})

    def _lost(self, at: int, error: HTTPError) -> LostError:
        """The error where there was no answer."""
        said = str(error.__cause__ or error)
        if isinstance(error, NewConnectionError) or "certificate" in said.lower():
            kind: type[LostError] = _UnreachableError
        else:
            kind = LostError
        lost = kind(
            f"{self}: no endpoint answers: {self._name(at)}: {brief(said, 160)}",
            hint="does etcd run, and has it a leader? " + _NO_LEADER,
        )
        lost.sent = not isinstance(error, ConnectTimeoutError) and kind is LostError
        return lost

    def _refused(self, at: int, status: int, said: str) -> StoreError:
        """What etcd says, as a person can act on it."""
        message = f"{self}: {self._name(at)}: {brief(said or f'HTTP {status}')}"
        if self._url.user and any(word in said for word in _OLD_TOKEN):
            return _OldTokenError(message, hint="the user was changed all the time while it logged in")
        hint = next((hint for word, hint in _HINTS.items() if word in said), None)
        if hint is None and (status >= 500 or any(word in said for word in (*_NOT_DONE, *_IN_DOUBT))):
            lost = LostError(
                f"{self}: no endpoint answers: {self._name(at)}: {brief(said, 160)}", hint=_NO_LEADER
            )
            lost.sent = not any(word in said for word in _NOT_DONE)
            return lost
        if status in (404, 405) or "no JSON" in said:
            hint = "is this the client port of an etcd 3.4 or newer, with its JSON gateway enabled?"
        return StoreError(message, hint=hint)

    def _name(self, at: int) -> str:
        host, port = self._url.endpoints[at]
        return f"{host}:{port}"


class _UnreachableError(LostError):
    """There is nobody to take it: waiting would not help."""

    sent = False


class _OldTokenError(StoreError):
    """Logging in again helps."""


class _Stream:
    """A watch: what it tells is read on a thread of its own."""

    def __init__(self, pool: urllib3.HTTPConnectionPool, body: Body, headers: dict[str, str]) -> None:
        self._pool, self._body, self._headers = pool, body, headers
        self._told: SimpleQueue[bool] = SimpleQueue()
        self._closed = False
        self._response: urllib3.BaseHTTPResponse | None = None
        Thread(target=self._read, name="confguard-etcd-watch", daemon=True).start()

    def next(self, seconds: float) -> bool | None:
        """True when something was told, False when it is over, None when nothing came for so many seconds."""
        try:
            return self._told.get(timeout=seconds)
        except Empty:
            return None

    def close(self) -> None:
        """Have the thread end."""
        self._closed = True
        if self._response is not None:
            with suppress(Exception):  # it has ended by itself
                self._response.shutdown()

    def _read(self) -> None:
        timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=ANSWER_SECONDS)
        try:
            with self._pool.urlopen(
                "POST",
                "/v3/watch",
                body=json.dumps(self._body).encode(),
                headers=self._headers,
                timeout=timeout,
                retries=False,
                redirect=False,
                preload_content=False,
            ) as response:
                self._response = response
                response.connection.sock.settimeout(SILENCE_SECONDS)  # type: ignore[union-attr]
                for line in response:
                    if self._closed or not _is_told(line):
                        break
                    self._told.put(True)
        except Exception:  # noqa: BLE001, S110 - whatever ended it, it is over; the reader is told below
            pass
        finally:
            self._told.put(False)


def _is_told(line: bytes) -> bool:
    """Does a line of a watch tell something? etcd ends one when what it would tell was compacted away."""
    told = json.loads(line)
    return "error" not in told and not told["result"].get("canceled")


def _watching(key: bytes) -> Body:
    return {"create_request": {"key": _text(key), "progress_notify": True}}


def _pool(host: str, port: int, tls: ssl.SSLContext | None) -> urllib3.HTTPConnectionPool:
    """Connections to one endpoint: no proxy from the environment stands between a service and its store."""
    options: list[tuple[int, int, int]] = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    for name, value in _TCP.items():
        if hasattr(socket, name):
            options.append((socket.IPPROTO_TCP, getattr(socket, name), value))
    if tls is None:
        return urllib3.HTTPConnectionPool(host, port, maxsize=4, socket_options=options)
    return urllib3.HTTPSConnectionPool(host, port, maxsize=4, socket_options=options, ssl_context=tls)


def _tls(url: EtcdUrl) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=url.ca)
        if url.cert:
            context.load_cert_chain(url.cert, url.key)
    except (OSError, ValueError) as error:
        raise StoreError(f"{url.shown}: its certificates cannot be used: {error}") from error
    return context


def ranged(
    start: bytes,
    end: bytes | None = None,
    *,
    limit: int = 0,
    newest_first: bool = False,
    keys_only: bool = False,
) -> Body:
    """Keys and values from `start` to before `end`; of `start` alone, if that is None."""
    body: Body = {"key": _text(start), "limit": limit, "keys_only": keys_only}
    if end is not None:
        body["range_end"] = _text(end)
    return body | ({"sort_order": "DESCEND", "sort_target": "KEY"} if newest_first else {})


def holds(key: bytes, value: bytes) -> Body:
    """A comparison: the key has that value."""
    return {"key": _text(key), "target": "VALUE", "result": "EQUAL", "value": _text(value)}


def exists(key: bytes) -> Body:
    """A comparison: there is such a key."""
    return {"key": _text(key), "target": "CREATE", "result": "GREATER", "create_revision": 0}


def absent(key: bytes) -> Body:
    """A comparison: there is no such key."""
    return {"key": _text(key), "target": "CREATE", "result": "EQUAL", "create_revision": 0}


def put(key: bytes, value: bytes, lease: str | None = None) -> Body:
    """An operation: the key has that value from now on, or as long as the lease."""
    written = {"key": _text(key), "value": _text(value)}
    return {"request_put": written | ({"lease": lease} if lease else {})}


def delete(key: bytes) -> Body:
    """An operation: there is no such key from now on."""
    return {"request_delete_range": {"key": _text(key)}}


def _pairs(answer: Body) -> Pairs:
    return [(b64decode(each["key"]), b64decode(each.get("value", ""))) for each in answer.get("kvs", [])]


def _text(value: bytes) -> str:
    return b64encode(value).decode()
