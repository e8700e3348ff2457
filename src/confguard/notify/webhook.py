"""Webhooks: a CloudEvent by POST, signed as in Standard Webhooks, so that a receiver knows who sent it, and when."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable
from pathlib import Path

from attrs import field, frozen

from confguard.events import EventKind
from confguard.fields import Duration
from confguard.notify.keys import Place, place_of
from confguard.notify.messages import USUAL, Message, kinds_of
from confguard.targets.addresses import address_of, checked_url, shown_url
from confguard.targets.concealing import shown_by
from confguard.targets.refusing import UnusableError, time_limit

__all__ = ["Webhook", "signature"]

_LONGEST_KEY, _SHORTEST_KEY = 64, 24
_AGAIN = frozenset({408, 425, 429})
"""Statuses below 500 after which it is worth trying again."""
_LONGEST_PAUSE = 10.0
"""Seconds that a message waits to be tried again: those after it wait as well."""


def _attempts(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 10:
        raise UnusableError("`attempts` is a number from 1 to 10")
    return value


@frozen(kw_only=True)
class Webhook:
    """A URL that is sent each event, signed with a secret that both sides know.

    The secret is `whsec_` and 24 to 64 bytes in base64, in the environment variable `secret_env` or in `secret_file`.
    A redirect is a failure, and not followed. What fails for the moment (no answer, 408, 425, 429, 500 to 599) is sent
    again, `attempts` times in all, after half a second, one, two, four ...; `timeout` is for each.

    >>> Webhook(url="https://ops.internal/hook", secret_env="HOOK_SECRET").name
    'POST https://ops.internal/hook'
    """

    url: str = field(converter=checked_url, repr=shown_by(shown_url))
    secret_env: str | None = None
    secret_file: str | Path | None = None
    events: tuple[EventKind, ...] = field(default=USUAL, converter=kinds_of)
    timeout: Duration = field(default=Duration("5s"), converter=time_limit)
    attempts: int = field(default=3, converter=_attempts)
    _secret: Place = field(init=False, repr=False, eq=False)

    @_secret.default
    def _place(self) -> Place:
        return place_of(self.secret_env, self.secret_file, "secret")

    @property
    def name(self) -> str:
        """`POST` and the URL."""
        return f"POST {shown_url(self.url)}"

    def send(self, message: Message, wait: Callable[[float], object] = time.sleep) -> str | None:
        """Send it; None if it was taken, else why not."""
        from confguard.targets import http

        key = _key_of(self._secret.read())
        body, address = message.cloud_event(), address_of(self.url)
        wrong, pause = "", 0.5
        for attempt in range(self.attempts):
            if attempt:
                wait(pause)
                pause *= 2
            headers = {
                "Content-Type": "application/cloudevents+json; charset=UTF-8",
                **signature(key, message.id, int(time.time()), body),
            }
            answer = http.ask(address, self.timeout, "POST", body=body, headers=headers)
            if 200 <= answer.status < 300:  # whatever it goes on to say
                return None
            wrong = answer.wrong or ""
            if 0 < answer.status < 500 and answer.status not in _AGAIN:
                return wrong
            if (asked := answer.retry_after or 0) > _LONGEST_PAUSE:
                return f"{wrong}, and asks not to be told again for {asked} s"
            pause = max(pause, asked)
        return f"{wrong} ({self.attempts} attempts)"


def signature(key: bytes, id: str, at: int, body: bytes) -> dict[str, str]:
    """The headers that sign a body, as Standard Webhooks has them.

    >>> headers = signature(b"k" * 24, "msg_1", 1700000000, b"{}")
    >>> headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"][:3]
    ('msg_1', '1700000000', 'v1,')
    """
    made = hmac.new(key, f"{id}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": id,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(made).decode()}",
    }


def _key_of(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _SHORTEST_KEY <= len(key) <= _LONGEST_KEY:
        raise UnusableError(
            f"the webhook's secret is no base64 of {_SHORTEST_KEY} to {_LONGEST_KEY} bytes",
            hint="echo whsec_$(openssl rand -base64 32)",
        )
    return key
