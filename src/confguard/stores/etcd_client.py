"""What the etcd store needs of a client: several endpoints, users, ranges, transactions, leases, watches.

Every call ends within `CALL_SECONDS`. Every request may be sent again: reads and deletions say the same twice; a
transaction that was written the first time compares false the second time, and whoever sent it looks whether what it
was to write is there.
"""

from __future__ import annotations

import math
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from threading import Event
from typing import Any, TypeAlias

from confguard.errors import StoreError
from confguard.forking import renew_in_children
from confguard.stores.etcd_endpoint import Body, Certificates, Endpoint, OldTokenError, UnreachableError
from confguard.stores.retrying import LostError, pauses, retrying
from confguard.stores.urls import EtcdUrl

Pairs: TypeAlias = list[tuple[bytes, bytes]]
CALL_SECONDS = 5.0
"""How long any call may take, over all endpoints."""
_TICK = 0.2
_LOGINS = 3


def ranged(
    start: bytes,
    end: bytes | None = None,
    *,
    limit: int = 0,
    newest_first: bool = False,
    keys_only: bool = False,
) -> Body:
    """Keys and values from `start` to before `end`; of `start` alone, if that is None."""
    body: Body = {"key": _base64(start), "limit": limit, "keys_only": keys_only}
    if end is not None:
        body["range_end"] = _base64(end)
    return body | ({"sort_order": "DESCEND", "sort_target": "KEY"} if newest_first else {})


def holds(key: bytes, value: bytes) -> Body:
    """A comparison: the key has that value."""
    return {"key": _base64(key), "target": "VALUE", "result": "EQUAL", "value": _base64(value)}


def exists(key: bytes) -> Body:
    """A comparison: there is such a key."""
    return {"key": _base64(key), "target": "CREATE", "result": "GREATER", "create_revision": 0}


def absent(key: bytes) -> Body:
    """A comparison: there is no such key."""
    return {"key": _base64(key), "target": "CREATE", "result": "EQUAL", "create_revision": 0}


def put(key: bytes, value: bytes, lease: str | None = None) -> Body:
    """An operation: the key has that value from now on, or as long as the lease."""
    written = {"key": _base64(key), "value": _base64(value)}
    return {"request_put": written | ({"lease": lease} if lease else {})}


def delete(key: bytes) -> Body:
    """An operation: there is no such key from now on."""
    return {"request_delete_range": {"key": _base64(key)}}


def pairs(answer: Body) -> Pairs:
    """The keys and values of an answer."""
    return [(b64decode(each["key"]), b64decode(each.get("value", ""))) for each in answer.get("kvs", [])]


def _base64(value: bytes) -> str:
    return b64encode(value).decode()


def watching(key: bytes) -> Body:
    """A watch of one key."""
    return {"create_request": {"key": _base64(key), "progress_notify": True}}


class Client:
    """Several endpoints of one etcd."""

    def __init__(self, url: EtcdUrl) -> None:
        self._url = url
        self._tls = Certificates(url.ca, url.cert, url.key, url.shown) if url.secure else None
        self.after_fork()
        renew_in_children(self)

    def range(self, start: bytes, end: bytes | None = None, **more: Any) -> Pairs:
        """Keys and values as `ranged` names them. Linearizable."""
        return pairs(self._post("/kv/range", ranged(start, end, **more)))

    def ranges(self, *asked: Body) -> list[Pairs]:
        """The keys and values of several ranges, as they were at the same moment."""
        body = {"compare": [], "success": [{"request_range": each} for each in asked], "failure": []}
        return [pairs(each["response_range"]) for each in self._post("/kv/txn", body)["responses"]]

    def transaction(self, compares: Sequence[Body], operations: Sequence[Body]) -> bool:
        """Did all that was compared hold, so that all was written? False, too, if it was written before."""
        body = {"compare": list(compares), "success": list(operations), "failure": []}
        return bool(self._post("/kv/txn", body).get("succeeded", False))

    def grant(self, seconds: float) -> str:
        """A lease of so many seconds: keys that are put with it go when it ends."""
        return str(self._post("/lease/grant", {"TTL": math.ceil(seconds)})["ID"])

    def keep_alive(self, lease: str) -> bool:
        """Renew a lease. False if it has ended."""
        answer = self._post("/lease/keepalive", {"ID": lease})
        return int(answer.get("result", {}).get("TTL", 0)) > 0

    def watch(self, key: bytes, stop: Event, patience: float) -> Iterator[None]:
        """Yield when the watch stands, when the key is written, and at least every `patience` seconds.

        A watch that ends, never answers, or stands on an endpoint that other calls lost, is begun anew: on the one that
        answered them last. Raises `LostError` when no endpoint answers.
        """
        delays = pauses(1.0)
        quiet_until = time.monotonic() + patience
        while not stop.is_set():
            if time.monotonic() - self._heard_at > min(patience, CALL_SECONDS):
                self.range(key, keys_only=True)  # nobody looked at what was yielded
            losses = self._losses
            stream = self._endpoints[self._current].watch(watching(key), self._token)
            try:
                while not stop.is_set() and self._losses == losses:
                    event = stream.next(_TICK)
                    if event is False:
                        break
                    if event:
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
        """Close the connections. Whoever asks again opens new ones."""
        for endpoint in self._endpoints:
            endpoint.close()
        self.after_fork()

    def __str__(self) -> str:
        return self._url.shown

    def after_fork(self) -> None:
        """Connections of this process: a forked child must not use its parent's."""
        self._current, self._losses, self._heard_at = 0, 0, 0.0
        self._token: str | None = None
        self._endpoints = [Endpoint(*each, self._tls, str(self)) for each in self._url.endpoints]

    def _post(self, path: str, body: Body) -> Body:
        """The answer of whichever endpoint gives one."""
        end = time.monotonic() + CALL_SECONDS
        sent = False
        for last in retrying(CALL_SECONDS):
            hopeless = True
            for _ in self._endpoints:
                at = self._current
                try:
                    return self._answer(self._endpoints[at], path, body, end)
                except LostError as error:
                    lost = error
                    sent, hopeless = sent or lost.sent, hopeless and isinstance(lost, UnreachableError)
                    self._losses += 1
                    if self._current == at:  # the next one is asked from now on
                        self._current = (at + 1) % len(self._endpoints)
                except StoreError as error:
                    if not sent:
                        raise
                    # This attempt was refused; one before it may have been done.
                    raise LostError(str(error), hint=error.hint) from error
                if time.monotonic() >= end:
                    break
            if last or hopeless or time.monotonic() >= end:
                break
        lost.sent = sent
        raise lost

    def _answer(self, endpoint: Endpoint, path: str, body: Body, end: float, logins: int = _LOGINS) -> Body:
        """The answer of one endpoint, logged in: again, when the token has ended or users were changed."""
        if self._url.user and self._token is None:
            self._token = self._log_in(endpoint, self._url.user, end)
        token = self._token
        try:
            answer = endpoint.ask(path, body, token, _left(end))
        except OldTokenError:
            if not self._url.user or logins == 1:
                raise
            if self._token == token:
                self._token = None
            return self._answer(endpoint, path, body, end, logins - 1)
        self._heard_at = time.monotonic()
        return answer

    def _log_in(self, endpoint: Endpoint, user: tuple[str, str], end: float) -> str:
        try:
            body = dict(zip(("name", "password"), user, strict=True))
            return str(endpoint.ask("/auth/authenticate", body, None, _left(end))["token"])
        except StoreError as error:
            if "authentication is not enabled" in str(error):
                return ""  # nobody asks who we are
            raise


def _left(end: float) -> float:
    return max(0.1, end - time.monotonic())
