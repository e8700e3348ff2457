"""A PostgreSQL primary behind a proxy: stopped, frozen, cut off, losing answers, locked; replaced by its standby."""

from __future__ import annotations

import random
import time
from contextlib import closing

import psycopg

from confguard.stores import open_store, postgres, retrying
from confguard.stores.urls import CONNECT_SECONDS
from proxy import Proxy
from servers import Postgres, Standby, until

__all__ = ["PostgresServers"]


class PostgresServers:
    """What `bad_weather` strikes."""

    call_seconds = CONNECT_SECONDS + postgres.READ_SECONDS + 1
    commit_seconds = retrying.PATIENCE_SECONDS + postgres.WRITE_SECONDS + CONNECT_SECONDS + 1

    def __init__(self) -> None:
        self._primary = Postgres(max_connections=60, wal_level="replica", max_wal_senders=4)
        self._standbys: list[Standby] = []
        self._proxy = Proxy(self._primary.port)
        self.url = f"postgresql://confguard@{self._proxy.address}/postgres"

    def strike(self, chance: random.Random) -> str:
        """One thing at a time."""
        how = chance.choice(
            [self._stopped, self._frozen, self._cut_off, self._losing, self._cut, self._locked]
        )
        if self._standbys and how in (self._stopped, self._frozen):
            how = self._cut  # what was promoted is not ours to stop here
        seconds = chance.uniform(0.5, 7)
        how(seconds, chance)
        return f"primary {how.__name__.strip('_').replace('_', ' ')}, {seconds:.1f} s"

    def replace(self) -> None:
        """The standby takes over, once it has all of it."""
        if self._standbys:
            return
        standby = Standby(self._primary)
        direct = open_store(self._url_of(self._primary.port))
        until(lambda: open_store(standby.url()).newest("c") == direct.newest("c"), 60, "the standby")
        direct.close()
        self._primary.stop("immediate")
        standby.promote()
        self._standbys.append(standby)
        self._proxy.port = standby.port
        self._proxy.cut()

    def close(self) -> None:
        """End all of it."""
        self._proxy.close()
        for each in self._standbys:
            each.close()
        self._primary.close()

    def _url_of(self, port: int) -> str:
        return f"postgresql://confguard@127.0.0.1:{port}/postgres"

    def _stopped(self, seconds: float, chance: random.Random) -> None:
        self._primary.stop("immediate")
        time.sleep(seconds)
        self._primary.start()

    def _frozen(self, seconds: float, chance: random.Random) -> None:
        self._primary.freeze()
        time.sleep(seconds)
        self._primary.thaw()

    def _cut_off(self, seconds: float, chance: random.Random) -> None:
        """Old connections stay silent for ever; new ones go through again later, or at once."""
        self._proxy.go_silent(new=chance.random() < 0.7)
        time.sleep(seconds)
        self._proxy.recover()

    def _losing(self, seconds: float, chance: random.Random) -> None:
        self._proxy.lose_answers(chance.randrange(1, 20), b"WITH s0")
        time.sleep(seconds)
        self._proxy.recover()

    def _cut(self, seconds: float, chance: random.Random) -> None:
        self._proxy.cut()

    def _locked(self, seconds: float, chance: random.Random) -> None:
        """Somebody else's transaction holds the row that every commit changes."""
        with closing(psycopg.connect(self._url_of(self._proxy.port))) as connection:
            connection.execute('SELECT 1 FROM "confguard".config FOR UPDATE')
            time.sleep(seconds)
            connection.rollback()
