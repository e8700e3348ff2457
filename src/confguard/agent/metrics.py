"""What the agent knows, for Prometheus: in its text format, on a port of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

from attrs import define, field

from confguard.errors import ConfguardError, brief, harmless
from confguard.events import Event
from confguard.guard import Guard

_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SLOWEST = 5.0
"""Seconds that a client has for each read and write."""
_NAMES = {
    "confguard_store_up": "gauge",
    "confguard_revision": "gauge",
    "confguard_baking": "gauge",
    "confguard_events_total": "counter",
}


@define
class Metrics:
    """Counts events, as a listener, and looks at heads when it is asked, each by a guard that `open_guard` opens."""

    configs: Sequence[str]
    open_guard: Callable[[str], Guard]
    _events: Counter[tuple[str, str]] = field(factory=Counter, init=False)
    _lock: Lock = field(factory=Lock, init=False, repr=False)

    def __call__(self, event: Event) -> None:
        with self._lock:
            self._events[event.config, event.kind] += 1

    def text(self) -> str:
        """All of it, as Prometheus reads it."""
        with self._lock:
            events = sorted(self._events.items())
        samples = [sample for config in self.configs for sample in self._looked(config)]
        samples += [
            ("confguard_events_total", f'config="{_label(config)}",kind="{kind}"', count)
            for (config, kind), count in events
        ]
        lines = []
        for name, kind in _NAMES.items():
            lines.append(f"# TYPE {name} {kind}")
            lines += [f"{name}{{{labels}}} {value}" for its, labels, value in samples if its == name]
        return "\n".join(lines) + "\n"

    def _looked(self, config: str) -> Iterator[tuple[str, str, int]]:
        labels = f'config="{_label(config)}"'
        try:
            with self.open_guard(config) as guard:
                head, bake = guard.store.head(config), guard.store.pending_bake(config)
        except ConfguardError:
            yield "confguard_store_up", labels, 0
            return
        yield "confguard_store_up", labels, 1
        yield "confguard_revision", labels, head.number if head else 0
        yield "confguard_baking", labels, int(bake is not None)


def listen_address(text: str) -> tuple[str, int]:
    """Host and port; loopback, if no host is named. Raises `ConfguardError`.

    >>> listen_address("9464"), listen_address("0.0.0.0:9464")
    (('127.0.0.1', 9464), ('0.0.0.0', 9464))
    """
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise ConfguardError(f"'{brief(text, 60)}' is not an address to listen at", hint="127.0.0.1:9464")
    return host or "127.0.0.1", int(port)


@contextmanager
def serving(metrics: Metrics, address: tuple[str, int]) -> Iterator[str]:
    """Answer GET /metrics meanwhile; gives the URL. Raises `ConfguardError` where it cannot listen."""
    one_at_a_time = Lock()

    class Handler(BaseHTTPRequestHandler):
        timeout = _SLOWEST

        def do_GET(self) -> None:
            if self.path.partition("?")[0] != "/metrics":
                self.send_error(404)
                return
            with one_at_a_time:
                body = metrics.text().encode("utf-8", "replace")
            self.send_response(200)
            self.send_header("Content-Type", _TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def version_string(self) -> str:
            return "confguard"

        def log_message(self, *_: object) -> None:
            """Nothing: a scrape is not an event."""

    try:
        server = ThreadingHTTPServer(address, Handler)
    except OSError as error:
        raise ConfguardError(
            f"cannot listen at {harmless(address[0])}:{address[1]}: {error.strerror or error}"
        ) from error
    server.daemon_threads, server.block_on_close = True, False
    thread = Thread(target=server.serve_forever, name="confguard-metrics", daemon=True)
    thread.start()
    try:
        yield f"http://{address[0]}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()


def _label(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
