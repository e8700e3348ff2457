"""Who is told: a webhook, signed as in Standard Webhooks, or a service that Apprise knows; and tables that name them.

Their secrets stand in an environment variable or in a file, never in the project file.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
import os
import time
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from attrs import field, frozen

from confguard.events import EventKind
from confguard.fields import Duration
from confguard.notify.messages import USUAL, Message, kinds_of
from confguard.targets.addresses import address_of, checked_url, shown_url
from confguard.targets.concealing import shown_by
from confguard.targets.options import Kind, UnusableError, keys_of, read_table, time_limit

THREADS = "confguard-notify-"
"""How the names of threads that send begin."""
_LONGEST_SECRET = 65_536
_LONGEST_KEY, _SHORTEST_KEY = 64, 24
_AGAIN = frozenset({408, 425, 429})
"""Statuses below 500 after which it is worth trying again."""
_LONGEST_PAUSE = 10.0
"""Seconds that a message waits to be tried again: those after it wait as well."""


class Notifier(Protocol):
    """Somebody to be told."""

    @property
    def name(self) -> str:
        """How it is called in messages: without a secret."""
        ...

    @property
    def events(self) -> tuple[EventKind, ...]:
        """The kinds of events that it is sent."""
        ...

    def send(self, message: Message, wait: Callable[[float], object]) -> str | None:
        """None if it was taken, else why not; `wait` between two attempts. May raise."""
        ...


@frozen
class _Secret:
    """Where a secret stands: in one of two places. It is read when it is needed, so that who only looks needs none."""

    variable: str | None
    file: Path | None

    @classmethod
    def of(cls, variable: str | None, file: str | os.PathLike[str] | None, what: str) -> _Secret:
        """The one place that was named. Raises `UnusableError` for none or both."""
        if (variable is None) == (file is None):
            raise UnusableError(
                f"a notifier needs one of '{what}_env' and '{what}_file'", hint=f'{what}_env = "NAME"'
            )
        return cls(variable, None if file is None else Path(file).expanduser())

    def read(self) -> str:
        """The secret. Raises `UnusableError`, which names the place alone."""
        if self.file is None:
            where, text = f"the environment variable {self.variable}", os.environ.get(self.variable or "", "")
        else:
            where = f"the file {self.file}"
            text = _text_of(self.file, where)
        if not text.strip():
            raise UnusableError(f"{where} holds no secret")
        return text.strip()


def _text_of(file: Path, where: str) -> str:
    try:
        if not file.is_file():
            raise UnusableError(f"{where} is not there, or no file")
        with file.open("rb") as opened:
            content = opened.read(_LONGEST_SECRET + 1)
        if len(content) > _LONGEST_SECRET:
            raise UnusableError(f"{where} is too long for a secret")
        return content.decode()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UnusableError(f"{where} cannot be read: {why}") from None


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
    _secret: _Secret = field(init=False, repr=False, eq=False)

    @_secret.default
    def _secret_of(self) -> _Secret:
        return _Secret.of(self.secret_env, self.secret_file, "secret")

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
    signed = hmac.new(key, f"{id}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": id,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }


def _key_of(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _SHORTEST_KEY <= len(key) <= _LONGEST_KEY:
        raise UnusableError(
            f"the webhook's secret is not base64 of {_SHORTEST_KEY} to {_LONGEST_KEY} bytes",
            hint="echo whsec_$(openssl rand -base64 32)",
        )
    return key


@frozen(kw_only=True)
class AppriseNotifier:
    """Services that Apprise knows, by URLs of its own: one a line, in `apprise_env` or in `apprise_file`.

    Needs the extra `notify`. Apprise sends by requests, with its own time limits; it is not tried again.

    >>> AppriseNotifier(apprise_env="OPS_URLS").name
    'Apprise'
    """

    apprise_env: str | None = None
    apprise_file: str | Path | None = None
    events: tuple[EventKind, ...] = field(default=USUAL, converter=kinds_of)
    _urls: _Secret = field(init=False, repr=False, eq=False)

    @_urls.default
    def _secret_of(self) -> _Secret:
        return _Secret.of(self.apprise_env, self.apprise_file, "apprise")

    @property
    def name(self) -> str:
        """What sends."""
        return "Apprise"

    def send(self, message: Message, wait: Callable[[float], object] | None = None) -> str | None:
        """Send it to each; None if all took it, else which did not, by their numbers: URLs are secrets."""
        apprise = _apprise()
        wrong = []
        for number, url in enumerate(_listed(self._urls.read()), 1):
            service = apprise.Apprise()
            if not service.add(url):
                wrong.append(f"URL {number} is none that Apprise knows")
            elif not service.notify(title=message.title, body=message.text or message.title):
                wrong.append(f"URL {number} did not take it")
        return "; ".join(wrong) or None


def _listed(text: str) -> list[str]:
    """The URLs, one a line, or with spaces between; not what stands in a comment."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(("#", ";"))]
    return " ".join(lines).split()


@cache
def _apprise() -> Any:
    """The library; what it logs of our own sending may hold a URL, and goes nowhere."""
    try:
        apprise = import_module("apprise")
    except ImportError as error:
        raise UnusableError(
            "Apprise is not installed", hint="pip install 'confguard-safety[notify]'"
        ) from error
    logging.getLogger("apprise").addFilter(lambda record: not (record.threadName or "").startswith(THREADS))
    return apprise


_EXPECTED = '{ url = "https://...", secret_env = "NAME" }, or { apprise_env = "NAME" }'
_KINDS: dict[str, Kind[Notifier]] = {
    key: Kind(cls, keys_of(cls))
    for key, cls in (("url", Webhook), ("apprise_env", AppriseNotifier), ("apprise_file", AppriseNotifier))
}
_TEXTS = ("secret_env", "secret_file", "apprise_env", "apprise_file")


def as_notifier(table: object, root: Path | None = None) -> Notifier:
    """The notifier of a table; its files are relative to `root`. Raises `UnusableError`, with the key at fault.

    >>> as_notifier({"url": "https://ops.internal/hook", "secret": "whsec_x"})
    Traceback (most recent call last):
        ...
    confguard.targets.options.UnusableError: a secret does not stand in the project file
    """
    if not isinstance(table, Mapping):
        raise UnusableError("a notifier is a table", hint=_EXPECTED)
    for key in ("secret", "apprise"):
        if key in table:
            hint = f'{key}_env = "NAME", or {key}_file = "path"'
            raise UnusableError("a secret does not stand in the project file", hint=hint, key=key)
    read: dict[str, Any] = dict(table)
    for key in _TEXTS:
        if key in read and (not isinstance(read[key], str) or not read[key].strip() or "\0" in read[key]):
            raise UnusableError(f"`{key}` is a text that is not empty", key=key)
        if key in read and key.endswith("_file"):
            read[key] = (root or Path()) / Path(read[key]).expanduser()
    return read_table("a notifier", read, _KINDS, hint=_EXPECTED)
