"""A network between a client and a server that goes wrong on demand: silent, cut, or losing answers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from attrs import define, field

__all__ = ["Proxy"]

_TICK = 0.02


@define(eq=False)
class _Flow:
    """One connection through the proxy."""

    client: socket.socket
    server: socket.socket
    silent: bool = False
    """Takes what comes, and passes nothing on."""
    answers_to_lose: int = 0
    request: bytes = b""
    """What came since the last answer."""
    dripping: float = 0.0
    """The pause before each byte of an answer."""
    deaf: bool = False
    """Passes requests on, and no answers."""

    def cut(self) -> None:
        for end in (self.client, self.server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@define(eq=False)
class Proxy:
    """Forwards TCP from a port of its own to `port`, until it is told to do worse."""

    port: int
    host: str = "127.0.0.1"
    listener: socket.socket = field(init=False)
    flows: list[_Flow] = field(factory=list, init=False)
    lost: int = field(default=0, init=False)
    """How many answers were lost."""
    _silent: bool = field(default=False, init=False)
    _lose: tuple[bytes, int] = field(default=(b"", 0), init=False)
    _then: Callable[[], object] = field(default=bool, init=False)
    _mute: bytes = field(default=b"", init=False)
    _swallow: bytes = field(default=b"", init=False)
    _drip: tuple[bytes, float] = field(default=(b"", 0.0), init=False)

    def __attrs_post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.listener.getsockname()[1]}"

    def go_silent(self, *, new: bool = True) -> None:
        """Pass nothing on, on connections that there are and (unless told otherwise) on new ones; close none."""
        self._silent = new
        for flow in self.flows:
            flow.silent = True

    def recover(self) -> None:
        """Work again. What was sent into the silence is lost: those connections stay as they are."""
        self._silent, self._lose, self._mute, self._drip = False, (b"", 0), b"", (b"", 0.0)

    def cut(self) -> None:
        """End all connections."""
        for flow in self.flows:
            flow.cut()
        self.flows.clear()

    def lose_answers(self, count: int, to: bytes, then: Callable[[], object] = bool) -> None:
        """Pass the next requests that hold `to` on, do something, and cut the connection before their answer."""
        self._lose, self._then = (to, count), then

    def swallow(self, to: bytes, then: Callable[[], object]) -> None:
        """Keep the next request that holds `to` from the server, do something, and cut the connection."""
        self._swallow, self._then = to, then

    def drip(self, to: bytes, pause: float) -> None:
        """Pass answers to requests that hold `to` on byte by byte, with a pause before each."""
        self._drip = (to, pause)

    def mute(self, to: bytes) -> None:
        """Never pass an answer on to requests that hold `to`; the connection stays."""
        self._mute = to

    def close(self) -> None:
        with suppress(OSError):
            self.listener.shutdown(
                socket.SHUT_RDWR
            )  # one that is closed while it is waited at takes one more
        self.listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection((self.host, self.port), 5)
            except OSError:
                client.close()
                continue
            flow = _Flow(client, server, silent=self._silent)
            self.flows.append(flow)
            for pump in (self._requests, self._answers):
                threading.Thread(target=pump, args=(flow,), daemon=True).start()

    def _requests(self, flow: _Flow) -> None:
        with suppress(OSError):
            while data := flow.client.recv(65536):
                if flow.silent:
                    continue
                flow.request = (flow.request + data)[-200_000:]
                if self._swallow and self._swallow in flow.request:
                    self._swallow = b""
                    self._then()
                    break
                text, count = self._lose
                if count and text in flow.request:
                    self._lose, flow.answers_to_lose = (text, count - 1), 1
                elif self._drip[0] and self._drip[0] in flow.request:
                    flow.dripping = self._drip[1]
                elif self._mute and self._mute in flow.request:
                    flow.deaf = True
                flow.server.sendall(data)
        if not flow.silent:
            flow.cut()

    def _answers(self, flow: _Flow) -> None:
        with suppress(OSError):
            while data := flow.server.recv(65536):
                if flow.answers_to_lose:
                    self.lost += 1
                    self._then()
                    break
                if flow.silent or flow.deaf:
                    continue
                flow.request = b""
                for piece in [data[i : i + 1] for i in range(len(data))] if flow.dripping else [data]:
                    time.sleep(flow.dripping)
                    flow.client.sendall(piece)
        while flow.silent and flow in self.flows:
            time.sleep(_TICK)
        flow.cut()
