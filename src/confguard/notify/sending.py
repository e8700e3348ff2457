"""Sending beside what happens: it never holds up, and never fails, what it tells of."""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping

from attrs import define, evolve, field

from confguard.errors import brief
from confguard.events import Event, Listener
from confguard.notify.messages import Message
from confguard.notify.notifiers import THREADS, Notifier
from confguard.secrets import masked
from confguard.targets.calls import kind_and_message

_LOG = logging.getLogger(__name__)
_MOST_WAITING = 1000
_LEAVING = 5.0
"""Seconds that the end of the process waits for what is still to be sent."""


class Notifications:
    """A listener that sends events to notifiers, by their names; each has a thread of its own.

    Then the event goes to `on_event`. That is also told, in the thread that sends, when a notifier failed: as an event
    of the kind "not notified", which is logged as well. The end of the process waits 5 seconds at most for what is on
    its way.

    >>> Notifications({}).close()
    True
    """

    def __init__(self, notifiers: Mapping[str, Notifier], on_event: Listener | None = None) -> None:
        self._senders = [_Sender(name, each, self._failed) for name, each in notifiers.items()]
        self._on_event = on_event
        self._at_exit = False
        self._was_waited_for = False

    def __call__(self, event: Event) -> None:
        """Have it sent; returns at once."""
        for each in self._senders:
            if event.kind in each.notifier.events:
                self._was_waited_for = False
                if not self._at_exit:
                    self._at_exit = True
                    atexit.register(self.close)
                each.put(Message(event))
        if self._on_event:
            self._on_event(event)

    def flush(self, seconds: float = _LEAVING) -> bool:
        """Wait until all is sent, so long at most. Was it? What is sent from a process that ends cannot use threads."""
        until = time.monotonic() + seconds
        sent = [each.flush(until) for each in self._senders]
        self._was_waited_for = True
        return all(sent)

    def close(self, seconds: float = _LEAVING) -> bool:
        """Wait until all is sent, so long at most, and once; what is not sent is given up, and said. Was all sent?"""
        atexit.unregister(self.close)
        until = time.monotonic() + (0.0 if self._was_waited_for else seconds)
        sent = [each.close(until) for each in self._senders]
        return all(sent)

    def _failed(self, notifier: str, event: Event, why: str) -> None:
        _LOG.warning("notifier '%s' was not told that revision %d of '%s' was %s: %s", notifier, event.revision,
                     event.config, event.kind, why)  # fmt: skip
        if self._on_event:
            detail = {"notifier": notifier, "event": event.kind, "why": why}
            try:
                self._on_event(evolve(event, kind="not notified", detail=detail))
            except Exception:  # noqa: BLE001 - whoever listens, the next message is sent
                _LOG.exception("a listener failed")


@define(eq=False)
class _Sender:
    """The thread of one notifier, and what waits for it."""

    name: str
    notifier: Notifier
    failed: Callable[[str, Event, str], None]
    _waiting: deque[Message] = field(factory=deque, init=False)
    _changed: threading.Condition = field(factory=threading.Condition, init=False)
    _sending: Message | None = field(default=None, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)
    _closing: threading.Event = field(factory=threading.Event, init=False)

    def put(self, message: Message) -> None:
        with self._changed:
            full = len(self._waiting) >= _MOST_WAITING or self._closing.is_set()
            if not full:
                self._waiting.append(message)
                self._changed.notify_all()
                if self._thread is None or not self._thread.is_alive():  # it does not outlive a fork
                    self._thread = threading.Thread(target=self._run, name=THREADS + self.name, daemon=True)
                    self._thread.start()
        if full:
            self.failed(self.name, message.event, "too many messages wait for it, or it is closed")

    def flush(self, until: float) -> bool:
        with self._changed:
            return self._changed.wait_for(
                lambda: not (self._waiting or self._sending), max(0.0, until - time.monotonic())
            )

    def close(self, until: float) -> bool:
        self.flush(until)
        with self._changed:
            unsent = [each for each in (self._sending, *self._waiting) if each]
            self._waiting.clear()
            self._closing.set()
            self._changed.notify_all()
        for each in unsent:
            self.failed(self.name, each.event, "not known to be sent before the end")
        return not unsent

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing.is_set())
                if not self._waiting:
                    return
                message = self._sending = self._waiting.popleft()
            wrong = self._send(message)
            if wrong and not self._closing.is_set():
                self.failed(self.name, message.event, wrong)
            with self._changed:
                self._sending = None
                self._changed.notify_all()

    def _send(self, message: Message) -> str | None:
        try:
            wrong = self.notifier.send(message, self._closing.wait)
        except Exception as error:  # noqa: BLE001 - whatever a notifier raises, the next message is sent
            return brief(kind_and_message(error))
        return brief(masked(wrong)) if wrong else None
