"""What is sent: an event as a CloudEvent, and as a line for people. Neither holds a secret that can be recognised."""

from __future__ import annotations

import json
import platform
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, get_args
from urllib.parse import quote

from attrs import field, frozen

from confguard.errors import brief, did_you_mean
from confguard.events import Event, EventKind
from confguard.secrets import masked
from confguard.targets.options import UnusableError

KINDS: tuple[EventKind, ...] = tuple(kind for kind in get_args(EventKind) if kind != "not notified")
"""The kinds of events that can be sent: one that says that a notifier failed is not."""
USUAL: tuple[EventKind, ...] = (
    "applied",
    "refused",
    "recovered",
    "alarmed",
    "confirmed",
    "reverted",
    "drifted",
)
"""What a notifier is sent where nothing else is said."""


def _new_id() -> str:
    return f"msg_{uuid.uuid4().hex}"


@frozen
class Message:
    """An event on its way. The `id` stays the same when it is sent again.

    >>> from datetime import UTC, datetime
    >>> event = Event("reverted", "auth", 3, datetime(2026, 1, 2, tzinfo=UTC), {"reason": "password=hunter2"})
    >>> message = Message(event)
    >>> message.title, message.text
    ('auth: revision 3 reverted', 'reason: password=***')
    """

    event: Event
    id: str = field(factory=_new_id)

    @property
    def title(self) -> str:
        """One line that says what happened."""
        return f"{safe(self.event.config)}: revision {self.event.revision} {self.event.kind}"

    @property
    def text(self) -> str:
        """What else is known, a line for each detail."""
        return "\n".join(f"{name}: {safe(value)}" for name, value in self.event.detail.items())

    def cloud_event(self) -> bytes:
        """The event in the structured JSON form of CloudEvents 1.0."""
        event = self.event
        detail = {name: safe(value) for name, value in event.detail.items()}
        members = {
            "specversion": "1.0",
            "id": self.id,
            "source": f"//{quote(platform.node() or 'localhost', safe='')}/confguard",
            "type": f"confguard.{event.kind.replace(' ', '-')}",
            "subject": safe(event.config),
            "time": event.at.isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "data": {"config": safe(event.config), "revision": event.revision, "detail": detail},
        }
        return json.dumps(members, ensure_ascii=False).encode("utf-8", "replace")


def safe(value: object) -> Any:
    """A detail as JSON has it: texts short, without secrets and control characters."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {safe(str(key)): safe(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [safe(each) for each in value]
    return brief(masked(str(value)), 2000)


def kinds_of(kinds: object) -> tuple[EventKind, ...]:
    """The kinds of events that a notifier is sent. Raises `UnusableError`.

    >>> kinds_of(["aplied"])
    Traceback (most recent call last):
        ...
    confguard.targets.options.UnusableError: no event 'aplied' (did you mean 'applied'?)
    """
    hint = f"events: {', '.join(KINDS)}"
    if isinstance(kinds, str | bytes) or not isinstance(kinds, Sequence) or not kinds:
        raise UnusableError("`events` is a list of kinds of events", hint=hint)
    for kind in kinds:
        if kind not in KINDS:
            meant = did_you_mean(str(kind), KINDS)
            raise UnusableError(f"no event '{brief(str(kind), 40)}'{meant}", hint=None if meant else hint)
    return tuple(kinds)
