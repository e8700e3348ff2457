"""Notifiers from `[notifiers.NAME]` tables of the project file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from confguard.notify.apprise import AppriseNotifier
from confguard.notify.sending import Notifier
from confguard.notify.webhook import Webhook
from confguard.targets.kinds import Kind, keys_of, read_table
from confguard.targets.refusing import UnusableError

__all__ = ["as_notifier"]

_EXPECTED = '{ url = "https://...", secret_env = "NAME" }, or { apprise_env = "NAME" }'
_APPRISE: Kind[Notifier] = Kind(AppriseNotifier, keys_of(AppriseNotifier))
_KINDS: dict[str, Kind[Notifier]] = {
    "url": Kind(Webhook, keys_of(Webhook)),
    "apprise_env": _APPRISE,
    "apprise_file": _APPRISE,
}
_TEXTS = ("secret_env", "secret_file", "apprise_env", "apprise_file")


def as_notifier(table: object, root: Path | None = None) -> Notifier:
    """The notifier of a table; its files are relative to `root`. Raises `UnusableError`, with the key at fault.

    >>> as_notifier({"url": "https://ops.internal/hook", "secret": "whsec_x"})
    Traceback (most recent call last):
        ...
    confguard.targets.refusing.UnusableError: a secret does not stand in the project file
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
