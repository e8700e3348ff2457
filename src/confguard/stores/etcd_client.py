"""What the etcd store needs of a client: several endpoints, TLS, users, ranges, transactions, watches.

etcd3gw speaks to one endpoint; here are several of it, and whichever answers is used. Every request may be sent again:
reads and deletions say the same twice; a transaction that was written the first time compares false the second time,
and whoever sent it looks whether what it was to write is there.
"""

from __future__ import annotations

import json
import queue
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from threading import Event, RLock, Thread
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from confguard.errors import StoreError, brief, did_you_mean
from confguard.forking import renew_in_children
from confguard.stores.retrying import LostError, retrying
from confguard.stores.urls import missing_extra, without_password

try:
    import requests
    from etcd3gw import exceptions
    from etcd3gw.client import Etcd3Client
except ImportError as error:
    raise missing_extra("etcd", "etcd3gw") from error

__all__ = ["Client"]

TIMEOUT_SECONDS = 5.0
PATIENCE_SECONDS = 2.0
"""How long a request is tried on one endpoint after the other: an election takes about a second."""
_TICK = 0.2
_LOST = (
    exceptions.ConnectionFailedError,
    exceptions.ConnectionTimeoutError,
    exceptions.InternalServerError,
    requests.exceptions.RequestException,
)
_TRANSIENT = ("no leader", "leader changed", "timed out", "unavailable", "stopped", "raft proposal dropped")
_OPTIONS = ("ca", "cert", "key")


class Client:
    """Several endpoints of one etcd."""

    def __init__(
        self,
        endpoints: list[tuple[str, int]],
        *,
        secure: bool = False,
        user: tuple[str, str] | None = None,
        ca: str | None = None,
        cert: str | None = None,
        key: str | None = None,
        shown: str = "etcd",
    ) -> None:
        self._endpoints, self._secure, self._user, self._shown = endpoints, secure, user, shown
        self._ca, self._cert, self._key = ca, cert, key
        self._current = 0
        self.after_fork()
        renew_in_children(self)

    @classmethod
    def of_url(cls, url: str) -> tuple[Client, str]:
        """The client that a URL names, and the prefix of keys in it."""
        parts = urlsplit(url)
        shown = without_password(url)
        user, at, hosts = parts.netloc.rpartition("@")
        name, _, password = user.partition(":")
        options = dict(parse_qsl(parts.query))
        for option in options:
            if option not in _OPTIONS:
                raise StoreError(f"{shown}: unknown option '{option}'{did_you_mean(option, _OPTIONS)}")
        client = cls(
            [_endpoint(host, shown) for host in hosts.split(",")],
            secure=parts.scheme == "etcds",
            user=(unquote(name), unquote(password)) if at else None,
            shown=shown,
            **options,
        )
        return client, unquote(parts.path).strip("/")

    def range(
        self,
        start: bytes,
        end: bytes | None,
        *,
        limit: int = 0,
        newest_first: bool = False,
        keys_only: bool = False,
    ) -> list[tuple[bytes, bytes]]:
        """Keys and values from `start` to before `end`; of `start` alone, if that is None. Linearizable."""
        body: dict[str, Any] = {"key": _text(start), "limit": limit, "keys_only": keys_only}
        if end is not None:
            body["range_end"] = _text(end)
        if newest_first:
            body |= {"sort_order": "DESCEND", "sort_target": "KEY"}
        found = self._post("/kv/range", body).get("kvs", [])
        return [(b64decode(each["key"]), b64decode(each.get("value", ""))) for each in found]

    def head_and_last(
        self, key: bytes, start: bytes, end: bytes, other: bytes
    ) -> tuple[list[bytes], list[bytes], list[bytes]]:
        """The values of a key, of the last key of a range, and of another key, as they were at the same moment."""
        last = {
            "key": _text(start),
            "range_end": _text(end),
            "limit": 1,
            "sort_order": "DESCEND",
            "sort_target": "KEY",
        }
        asked = [
            {"request_range": {"key": _text(key)}},
            {"request_range": last},
            {"request_range": {"key": _text(other)}},
        ]
        answers = self._post("/kv/txn", {"compare": [], "success": asked, "failure": []})["responses"]
        one, newest, more = (
            [b64decode(each.get("value", "")) for each in answer["response_range"].get("kvs", [])]
            for answer in answers
        )
        return one, newest, more

    def values(self, *keys: bytes) -> list[bytes | None]:
        """The values of some keys as they were at the same moment; None for those that are not there."""
        asked = [{"request_range": {"key": _text(key)}} for key in keys]
        answers = self._post("/kv/txn", {"compare": [], "success": asked, "failure": []})["responses"]
        found = [answer["response_range"].get("kvs", []) for answer in answers]
        return [b64decode(each[0].get("value", "")) if each else None for each in found]

    def grant(self, seconds: float) -> str:
        """A lease of so many seconds: keys that are put with it go when it ends."""
        return str(self._post("/lease/grant", {"TTL": int(seconds)})["ID"])

    def keep_alive(self, lease: str) -> bool:
        """Renew a lease. False if it has ended."""
        answer = self._post("/lease/keepalive", {"ID": lease})
        return int(answer.get("result", {}).get("TTL", 0)) > 0

    def transaction(self, body: dict[str, Any]) -> bool:
        """Did all that was compared hold, so that all was written?"""
        return bool(self._post("/kv/txn", body).get("succeeded", False))

    def watch(self, key: bytes, stop: Event, patience: float) -> Iterator[None]:
        """Yield when the watch stands, when the key is written, and at least every `patience` seconds."""
        response = self._opened_watch(key)
        lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        Thread(target=_read_into, args=(response, lines), name="confguard-etcd-watch", daemon=True).start()
        try:
            quiet_until = time.monotonic() + patience
            while not stop.is_set():
                try:
                    line = lines.get(timeout=_TICK)
                except queue.Empty:
                    if time.monotonic() < quiet_until:
                        continue
                else:
                    self._check_watch(line)
                quiet_until = time.monotonic() + patience
                yield None
        finally:
            response.raw.shutdown()
            response.close()

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients:
            client.session.close()

    def __str__(self) -> str:
        return self._shown

    def after_fork(self) -> None:
        """Connections, and a lock, of this process: a forked child must not use its parent's."""
        self._lock = RLock()
        self._clients = [
            Etcd3Client(
                host,
                port,
                protocol="https" if self._secure else "http",
                ca_cert=self._ca,
                cert_cert=self._cert,
                cert_key=self._key,
                timeout=TIMEOUT_SECONDS,
                api_path="/v3/",
            )
            for host, port in self._endpoints
        ]
        for client in self._clients:
            # Neither a proxy nor another authority from the environment stands between a service and its store.
            client.session.trust_env = False

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            sent = False
            for last in retrying(PATIENCE_SECONDS):
                for _ in self._clients:
                    client = self._clients[self._current]
                    try:
                        return self._answer(client, path, body)
                    except (*_LOST, LostError) as error:
                        lost: Exception = error
                        sent = sent or not _refused(error)
                        self._current = (self._current + 1) % len(self._clients)
                if last or _refused(lost):  # nobody listens on any: waiting would not help
                    break
            final = self._lost(lost)
            final.sent = sent
            raise final from lost

    def _answer(self, client: Etcd3Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
        for first in (True, False):
            if self._user and "Authorization" not in client.session.headers:
                self._log_in(client)
            try:
                answer: dict[str, Any] = client.post(client.get_url(path), json=body)
            except exceptions.Etcd3Exception as error:
                if first and self._user and "auth token" in str(error.detail_text):
                    client.session.headers.pop("Authorization", None)  # it is old
                    continue
                if isinstance(error, _LOST):
                    raise
                raise self._explained(error) from error
            else:
                return answer
        raise AssertionError

    def _log_in(self, client: Etcd3Client) -> None:
        assert self._user
        name, password = self._user
        try:
            answer = client.post(
                client.get_url("/auth/authenticate"), json={"name": name, "password": password}
            )
        except exceptions.Etcd3Exception as error:
            if isinstance(error, _LOST):
                raise
            raise self._explained(error) from error
        client.session.headers["Authorization"] = answer["token"]

    def _opened_watch(self, key: bytes) -> requests.Response:
        self._post(
            "/kv/range", {"key": _text(key), "keys_only": True}
        )  # finds an endpoint that answers, and logs in
        client = self._clients[self._current]
        body = {"create_request": {"key": _text(key), "progress_notify": True}}
        try:
            return client.session.post(
                client.get_url("/watch"), json=body, stream=True, timeout=(TIMEOUT_SECONDS, None)
            )
        except requests.exceptions.RequestException as error:
            raise self._lost(error) from error

    def _check_watch(self, line: bytes | None) -> None:
        """Raise `LostError` if the watch is over: etcd ends it when what it would tell was compacted away."""
        if line is None:
            raise LostError(f"{self._shown}: the watch ended", hint="it is begun anew")
        try:
            told = json.loads(line)
        except ValueError as error:
            raise LostError(f"{self._shown}: the watch told something else than JSON") from error
        if "error" in told or told.get("result", {}).get("canceled"):
            raise LostError(f"{self._shown}: the watch was ended: {brief(line.decode(errors='replace'))}")

    def _lost(self, error: Exception) -> LostError:
        said = brief(str(getattr(error, "detail_text", None) or error).partition("\n")[0], 160)
        return LostError(
            f"{self._shown}: no endpoint answers: {said}", hint="does etcd run, and has it a leader?"
        )

    def _explained(self, error: exceptions.Etcd3Exception) -> StoreError:
        """What etcd says, as a person can act on it."""
        text = str(error.detail_text)
        try:
            said = str(json.loads(text).get("error", text))
        except (ValueError, AttributeError):
            said = text
        if any(word in said for word in _TRANSIENT):
            return self._lost(error)
        hint = None
        if "permission denied" in said or "user name is empty" in said:
            hint = "docs/how-to/fleet.md tells which roles a reader and a writer need"
        elif "too large" in said:
            hint = "etcd takes 1.5 MiB in one request; larger configs fit SQLite and PostgreSQL"
        elif "authentication failed" in said:
            hint = "are user and password right?"
        return StoreError(f"{self._shown}: {brief(said)}", hint=hint)


def _endpoint(host: str, shown: str) -> tuple[str, int]:
    name, _, port = host.rpartition(":") if not host.endswith("]") and ":" in host else (host, "", "2379")
    if not name or not port.isdigit():
        raise StoreError(f"{shown}: '{host}' is no endpoint", hint="etcd://host:2379,other:2379/prefix")
    return name.strip("[]"), int(port)


def _refused(error: Exception) -> bool:
    """Was there nobody to take it?"""
    return "refused" in str(error) or "Name or service" in str(error)


def _read_into(response: requests.Response, lines: queue.SimpleQueue[bytes | None]) -> None:
    """Hand over the lines of a stream as they come; None at its end."""
    try:
        for line in response.iter_lines(chunk_size=1):
            if line:
                lines.put(line)
    except Exception:  # noqa: BLE001, S110 - whatever ended it, it is over; the reader is told below
        pass
    finally:
        lines.put(None)


def _text(value: bytes) -> str:
    return b64encode(value).decode()
