"""Users who log in, and what came of it: a steady stream, with a wave now and then, as after a tea break.

They do not wait for each other: each logs in when it is due, however slow the answers are. How many there are depends
on what this machine can answer at this moment. What the sender itself adds is kept apart: each login knows how late it
was sent.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence

import httpx
from attrs import define, field, frozen

WAVE_EVERY = 3.0
"""Seconds from one wave to the next."""
_TRIAL_SECONDS, _TRIAL_USERS = 1.5, 16


@frozen
class Login:
    """One login: when it was answered, in seconds since the start, and how it ended (`ok`, or why not)."""

    at: float
    ended: str
    took: float = 0.0
    """Seconds from sending to the answer."""
    late: float = 0.0
    """How much later than it was due it was sent: that is the sender's fault, not the service's."""

    @property
    def ok(self) -> bool:
        return self.ended == "ok"

    @property
    def sent(self) -> float:
        return self.at - self.took


@frozen
class Pace:
    """How many log in."""

    rate: float
    """Logins a second between waves."""
    wave: int
    """Logins that come at once."""

    @classmethod
    def for_capacity(cls, answered: float) -> Pace:
        """Less than half of what can be answered: a wave is done long before the next.

        >>> Pace.for_capacity(100)
        Pace(rate=25.0, wave=60)
        """
        return cls(min(40.0, max(2.0, 0.25 * answered)), min(150, max(12, round(0.6 * answered))))

    def halved(self) -> Pace:
        return Pace(self.rate / 2, max(6, self.wave // 2))


@define
class Load:
    """Logs users in from a thread of its own, until it is stopped or `limit` seconds have passed."""

    url: str
    passwords: dict[str, str] = field(repr=False)
    limit: float = 300.0
    logins: list[Login] = field(factory=list)
    began: float = field(factory=time.monotonic)
    capacity: float = 0.0
    """Logins a second that were answered when as many as possible were sent."""
    pace: Pace = Pace(2.0, 12)
    _under_way: dict[int, float] = field(factory=dict)  # when each was sent
    _measured: threading.Event = field(factory=threading.Event)
    _stopping: threading.Event = field(factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Find out what can be answered here and now, and begin."""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="load", daemon=True)
        self._thread.start()
        self._measured.wait(60)

    def stop(self) -> None:
        """End, and wait for the logins under way."""
        self._stopping.set()
        if self._thread:
            self._thread.join(timeout=15)

    def now(self) -> float:
        return time.monotonic() - self.began

    def answered_until(self) -> float:
        """All logins that were sent before this moment have been answered."""
        return min([*self._under_way.copy().values(), self.now()])

    def between(self, start: float, end: float) -> Counter[str]:
        """How the logins ended that were answered within this time."""
        return Counter(login.ended for login in list(self.logins) if start <= login.at < end)

    async def _run(self) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=200)
        async with httpx.AsyncClient(base_url=self.url, timeout=10, limits=limits, trust_env=False) as client:
            try:
                self.capacity = await self._try_out(client)
                self.pace = Pace.for_capacity(self.capacity)
            finally:
                self.began = time.monotonic()
                self._measured.set()
            await self._send(client)

    async def _try_out(self, client: httpx.AsyncClient) -> float:
        """How many logins a second are answered when each user logs in again at once."""
        began, answered = time.monotonic(), 0

        async def user() -> None:
            nonlocal answered
            while time.monotonic() - began < _TRIAL_SECONDS:
                await self._outcome(client)
                answered += 1

        await asyncio.gather(*(user() for _ in range(_TRIAL_USERS)))
        return answered / (time.monotonic() - began)

    async def _send(self, client: httpx.AsyncClient) -> None:
        tasks: set[asyncio.Task[None]] = set()
        due, wave = self.now(), self.now() + WAVE_EVERY / 2
        while not self._stopping.is_set() and self.now() < self.limit:
            count = 1
            if due >= wave:
                count, wave = self.pace.wave, wave + WAVE_EVERY
            for _ in range(count):
                task = asyncio.create_task(self._log_in(client, due))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            due += random.expovariate(self.pace.rate)
            await asyncio.sleep(max(0.0, due - self.now()))
        await asyncio.gather(*tasks)

    async def _log_in(self, client: httpx.AsyncClient, due: float) -> None:
        sent = self.now()
        self._under_way[id(asyncio.current_task())] = sent
        ended = await self._outcome(client)
        at = self.now()
        self.logins.append(Login(at, ended, took=at - sent, late=max(0.0, sent - due)))
        del self._under_way[id(asyncio.current_task())]

    async def _outcome(self, client: httpx.AsyncClient) -> str:
        user = random.choice(list(self.passwords))  # noqa: S311 - nothing depends on it
        try:
            answer = await client.post("/login", json={"user": user, "password": self.passwords[user]})
            body = answer.json()
            if answer.status_code != 200:
                return str(body.get("error", answer.status_code))
            if len(self.logins) % 10:
                return "ok"
            who = await client.get("/whoami", headers={"Authorization": f"Bearer {body['token']}"})
            return "ok" if who.json().get("user") == user else "token refused"
        except (httpx.HTTPError, ValueError) as error:
            return type(error).__name__


PROOF_SECONDS = WAVE_EVERY
"""Recovered is what has been so for so long: a wave is within."""
_TOLERANCE = 0.02
"""By how much less than in calm time may succeed."""


@frozen
class Measured:
    """How logins went that were sent within some time."""

    logins: int
    succeeded: int
    median: float
    slow: float
    """95 % were answered within so many seconds."""
    latest: float
    """By how much the sender itself was late at most."""

    @classmethod
    def of(cls, logins: Iterable[Login]) -> Measured:
        some = list(logins)
        took = sorted(login.took for login in some) or [0.0]
        return cls(
            len(some),
            sum(login.ok for login in some),
            took[len(took) // 2],
            took[min(len(took) - 1, int(0.95 * len(took)))],
            max((login.late for login in some), default=0.0),
        )

    @property
    def share(self) -> float:
        return self.succeeded / self.logins if self.logins else 0.0

    def to_json(self) -> dict[str, float]:
        return {
            "logins": self.logins,
            "succeeded": self.succeeded,
            "median": round(self.median, 4),
            "95%": round(self.slow, 4),
            "sender_late": round(self.latest, 4),
        }

    def __str__(self) -> str:
        return (
            f"{self.logins} logins, {self.share:.1%} succeed, median {1000 * self.median:.0f} ms,"
            f" 95% within {1000 * self.slow:.0f} ms; sent late by {1000 * self.latest:.0f} ms at most"
        )


def recovery(logins: Sequence[Login], reverted: float, end: float, calm: Measured) -> float | None:
    """How long after the revert logins succeeded as in calm time, and went on to; None if that was not seen.

    What counts is when a login was sent. One that was under way at the time of the revert is of the failure.

    >>> logins = [Login(second / 10, "queue full" if second < 5 else "ok") for second in range(100)]
    >>> recovery(logins, 0, 10, Measured(100, 100, 0.1, 0.2, 0))
    0.5
    """
    after = sorted((each for each in logins if reverted <= each.sent < end), key=lambda each: each.sent)
    enough = calm.share - _TOLERANCE
    ok = 0
    earliest = None
    for count, login in enumerate(reversed(after), start=1):
        ok += login.ok
        if login.ok and ok >= enough * count and end - login.sent >= PROOF_SECONDS:
            earliest = login.sent - reverted
    return earliest
