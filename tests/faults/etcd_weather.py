"""Three etcd members, each behind a proxy: killed, frozen, cut off, losing answers, restored."""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path

from confguard.stores import etcd_client, retrying
from proxy import Proxy
from servers import Etcd, until

__all__ = ["EtcdServers"]


class EtcdServers:
    """What `bad_weather` strikes."""

    call_seconds = etcd_client.CALL_SECONDS
    commit_seconds = retrying.PATIENCE_SECONDS + 3 * etcd_client.CALL_SECONDS

    def __init__(self) -> None:
        self._cluster = Etcd(3)
        self._proxies = [Proxy(port) for port in self._cluster.ports]
        self.url = "etcd://" + ",".join(each.address for each in self._proxies) + "/fleet"

    def strike(self, chance: random.Random) -> str:
        """One member at a time, or for moments all of them."""
        member = self._cluster.leader() if chance.random() < 0.5 else chance.randrange(3)
        how = chance.choice([self._killed, self._frozen, self._cut_off, self._losing, self._cut, self._all])
        seconds = chance.uniform(0.5, 7)
        how(max(member, 0), seconds, chance)
        return f"member {member} {how.__name__.strip('_').replace('_', ' ')}, {seconds:.1f} s"

    def replace(self) -> None:
        """All members from a backup."""
        with tempfile.TemporaryDirectory() as folder:
            backup = Path(folder, "backup")
            self._cluster.ctl("get", "now")  # a snapshot is of one member: it must have caught up
            self._cluster.ctl("snapshot", "save", str(backup))
            self._cluster.restore(backup)

    def close(self) -> None:
        """End all of it."""
        for each in self._proxies:
            each.close()
        self._cluster.close()

    def _killed(self, member: int, seconds: float, chance: random.Random) -> None:
        self._cluster.kill(member)
        time.sleep(seconds)
        self._cluster.start(member)

    def _frozen(self, member: int, seconds: float, chance: random.Random) -> None:
        self._cluster.freeze(member)
        time.sleep(seconds)
        self._cluster.thaw(member)

    def _cut_off(self, member: int, seconds: float, chance: random.Random) -> None:
        """Old connections stay silent for ever; new ones go through again later, or at once."""
        self._proxies[member].go_silent(new=chance.random() < 0.7)
        time.sleep(seconds)
        self._proxies[member].recover()

    def _losing(self, member: int, seconds: float, chance: random.Random) -> None:
        for each in self._proxies:
            each.lose_answers(chance.randrange(1, 20), chance.choice([b"/v3/kv/txn", b"request_put"]))
        time.sleep(seconds)
        for each in self._proxies:
            each.recover()

    def _cut(self, member: int, seconds: float, chance: random.Random) -> None:
        self._proxies[member].cut()

    def _all(self, member: int, seconds: float, chance: random.Random) -> None:
        """All killed, or all frozen."""
        strike, heal = chance.choice(
            [(self._cluster.kill, self._cluster.start), (self._cluster.freeze, self._cluster.thaw)]
        )
        for index in range(3):
            strike(index)
        time.sleep(seconds)
        for index in range(3):
            heal(index, wait=False) if heal == self._cluster.start else heal(index)  # type: ignore[call-arg]
        until(lambda: self._cluster.leader() >= 0, 60, "a leader")
