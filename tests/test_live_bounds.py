"""A service waits for no store without end, ends when it is told to, and takes few connections."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import confguard as cg
from confguard.errors import StoreError
from confguard.stores.sqlite import MemoryStore
from test_live import Pool, eventually
from test_live_history import Silent, change, guard_at

BOUND = 3.0
"""Generous for a machine that is busy: what is not bounded hangs for a minute."""


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[Silent]:
    monkeypatch.setattr("confguard.live.feeds.StoredFeed.patience", 0.3)
    monkeypatch.setattr("confguard.live.settings._GRACE", 0.2)
    store = Silent()
    change(guard_at(store), 1)
    yield store
    store.answers.set()


@pytest.mark.slow
def test_a_start_without_an_answer_is_from_the_copy(folder: Path, silent: Silent) -> None:
    """launchdarkly/node-server-sdk#289: the wait for the first answer never ended."""
    guard = guard_at(silent)
    with cg.Live(Pool, guard, cache="copy", interval=None):
        pass
    silent.answers.clear()
    begun = time.monotonic()
    with cg.Live(Pool, guard, cache="copy", interval=0.2) as live:
        assert time.monotonic() - begun < BOUND
        assert live.current == Pool(1)
        assert "has not answered for" in str(live.problem)
        silent.answers.set()
        change(guard, 2)
        eventually(lambda: live.current == Pool(2) and live.problem is None)


def test_a_start_without_an_answer_and_a_copy_is_an_error(
    silent: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("confguard.live.settings._START_SECONDS", 0.3)
    silent.answers.clear()
    with pytest.raises(StoreError, match="has not answered for"):
        cg.Live(Pool, guard_at(silent), interval=None)


@pytest.mark.slow
def test_a_store_that_does_not_close_holds_nobody_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """psycopg2#561: closing a connection that went silent waits for its server."""
    closing, go = threading.Event(), threading.Event()

    class Stuck(MemoryStore):
        def close(self) -> None:
            closing.set()
            go.wait(60)

    store = Stuck()
    change(guard_at(store), 1)
    monkeypatch.setattr("confguard.live.feeds.open_store", lambda url: store)
    live = cg.Live(Pool, "etcd://anywhere:2379#pool", interval=None)
    begun = time.monotonic()
    live.close()
    assert time.monotonic() - begun < BOUND
    assert closing.is_set()
    assert "has not ended" in str(live.problem)
    go.set()


SERVICE = """
import signal, sys, threading, time
import confguard as cg
from attrs import frozen
from confguard.stores.sqlite import MemoryStore

@frozen
class Pool:
    size: int = 64

answers = threading.Event()
answers.set()

class Silent(MemoryStore):
    def head(self, config):
        answers.wait()
        return super().head(config)

signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
guard = cg.Guard("pool", store=Silent(), format="toml")
guard.apply(guard.plan({"size": 1}, author="ana", reason="first"))
what = sys.argv[1]
if what == "start":
    answers.clear()
    print("ready", flush=True)
    cg.Live(Pool, guard)
with cg.Live(Pool, guard, interval=0.1) as live:
    answers.clear()
    print("ready", flush=True)
    if what == "refresh":
        live.refresh()
    elif what == "close":
        time.sleep(0.2)
        live.close()
    time.sleep(60)
"""


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("during", ["start", "refresh", "close", "run"])
def test_a_signal_ends_whatever_is_under_way(folder: Path, during: str, sent: signal.Signals) -> None:
    service = subprocess.Popen(
        [sys.executable, "-c", SERVICE, during],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ,
    )
    assert service.stdout is not None
    with service:
        try:
            assert service.stdout.readline() == b"ready\n"
            time.sleep(0.3)
            service.send_signal(sent)
            begun = time.monotonic()
            service.wait(20)
            assert time.monotonic() - begun < BOUND
            assert service.returncode in (143, -signal.SIGINT, 130)
        finally:
            service.kill()


class Counted:
    """Opens stores, and counts those that are open."""

    def __init__(self, opener: Callable[[Any], Any]) -> None:
        self._opener, self.opened, self.closed = opener, 0, 0

    def __call__(self, url: str) -> Any:
        self.opened += 1
        store = self._opener(url)
        close = store.close

        def counted() -> None:
            self.closed += 1
            close()

        store.close = counted
        return store


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    from confguard.stores.opening import open_store

    counted = Counted(open_store)
    monkeypatch.setattr("confguard.live.feeds.open_store", counted)
    return counted


def test_those_who_follow_one_store_share_it(folder: Path, counted: Counted) -> None:
    """strapi#10999: so many services, and a server that has fewer connections than they want."""
    guards = [guard_at("sqlite:///store.db", name) for name in ("one", "two", "three")]
    for guard in guards:
        change(guard, 1)
    lives = [cg.Live(Pool, f"sqlite:///store.db#{guard.name}", interval=0.2) for guard in guards]
    assert counted.opened == 1
    lives[0].close()
    assert counted.closed == 0, "others use it"
    change(guards[1], 2)
    change(guards[2], 3)
    eventually(lambda: [live.current.size for live in lives] == [1, 2, 3])
    for live in lives:
        live.close()
        live.close()
    assert counted.closed == 1
    with cg.Live(Pool, "sqlite:///store.db#two", interval=None) as again:
        assert again.current == Pool(2)
    assert (counted.opened, counted.closed) == (2, 2)


def test_the_same_name_in_another_folder_is_another_store(
    folder: Path, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(guard_at("sqlite:///store.db"), 1)
    with cg.Live(Pool, "sqlite:///store.db#pool", interval=None) as here:
        (folder / "elsewhere").mkdir()
        monkeypatch.chdir(folder / "elsewhere")
        change(guard_at("sqlite:///store.db"), 2)
        with cg.Live(Pool, "sqlite:///store.db#pool", interval=None) as there:
            assert (here.current, there.current) == (Pool(1), Pool(2))
    assert counted.closed == 2


def test_a_store_that_could_not_be_opened_is_tried_again(folder: Path, counted: Counted) -> None:
    for _ in range(2):
        with pytest.raises(cg.ConfguardError):
            cg.Live(Pool, "sqlite:///store.db#pool", interval=None)
    change(guard_at("sqlite:///store.db"), 1)
    with cg.Live(Pool, "sqlite:///store.db#pool", interval=None) as live:
        assert live.current == Pool(1)
    assert counted.opened == counted.closed == 3, "a store that has nothing yet is given back, too"
