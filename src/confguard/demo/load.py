"""Users who log in: a bounded, steady stream with a wave now and then, as after a tea break."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter

import httpx
from attrs import define, field, frozen

__all__ = ["Load", "Login"]

RATE = 20.0
"""Logins a second between waves."""
WAVE_EVERY = 3.0
WAVE = 90
"""Logins that come at once, every `WAVE_EVERY` seconds."""


@frozen
class Login:
    """One login: when it was answered, in seconds since the start, and how it ended (`ok`, or why not)."""

    at: float
    ended: str

    @property
    def ok(self) -> bool:
        """Did it succeed?"""
        return self.ended == "ok"


@define
class Load:
    """Logs users in from a thread of its own, until it is stopped or `limit` seconds have passed."""

    url: str
    passwords: dict[str, str]
    limit: float = 90.0
    logins: list[Login] = field(factory=list)
    began: float = field(factory=time.monotonic)
    _stopping: threading.Event = field(factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self.began = time.monotonic()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="load", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for the logins under way."""
        self._stopping.set()
        if self._thread:
            self._thread.join(timeout=15)

    def now(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.began

    def between(self, start: float, end: float) -> Counter[str]:
        """How the logins ended that were answered within this time."""
        return Counter(login.ended for login in list(self.logins) if start <= login.at < end)

    async def _run(self) -> None:
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
        async with httpx.AsyncClient(base_url=self.url, timeout=10, limits=limits, trust_env=False) as client:
            under_way: set[asyncio.Task[None]] = set()
            wave = WAVE_EVERY / 2
            while not self._stopping.is_set() and self.now() < self.limit:
                count = 1
                if self.now() >= wave:
                    count, wave = WAVE, wave + WAVE_EVERY
                for _ in range(count):
                    task = asyncio.create_task(self._log_in(client))
                    under_way.add(task)
                    task.add_done_callback(under_way.discard)
                await asyncio.sleep(random.expovariate(RATE))
            await asyncio.gather(*under_way)

    async def _log_in(self, client: httpx.AsyncClient) -> None:
        user = random.choice(list(self.passwords))  # noqa: S311 - nothing depends on it
        try:
            answer = await client.post("/login", json={"user": user, "password": self.passwords[user]})
            body = answer.json()
            ended = "ok" if answer.status_code == 200 else str(body.get("error", answer.status_code))
            if ended == "ok" and len(self.logins) % 10 == 0:
                bearer = {"Authorization": f"Bearer {body['token']}"}
                who = await client.get("/whoami", headers=bearer)
                ended = "ok" if who.json().get("user") == user else "token refused"
        except (httpx.HTTPError, ValueError) as error:
            ended = type(error).__name__
        self.logins.append(Login(self.now(), ended))
