"""What is asked of etcd, as its JSON gateway takes it: ranges, and what a transaction compares and does."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any, TypeAlias

__all__ = ["Body", "Pairs", "absent", "delete", "exists", "holds", "pairs", "put", "ranged", "watching"]

Body: TypeAlias = dict[str, Any]
Pairs: TypeAlias = list[tuple[bytes, bytes]]


def ranged(
    start: bytes,
    end: bytes | None = None,
    *,
    limit: int = 0,
    newest_first: bool = False,
    keys_only: bool = False,
) -> Body:
    """Keys and values from `start` to before `end`; of `start` alone, if that is None."""
    body: Body = {"key": _text(start), "limit": limit, "keys_only": keys_only}
    if end is not None:
        body["range_end"] = _text(end)
    return body | ({"sort_order": "DESCEND", "sort_target": "KEY"} if newest_first else {})


def holds(key: bytes, value: bytes) -> Body:
    """A comparison: the key has that value."""
    return {"key": _text(key), "target": "VALUE", "result": "EQUAL", "value": _text(value)}


def exists(key: bytes) -> Body:
    """A comparison: there is such a key."""
    return {"key": _text(key), "target": "CREATE", "result": "GREATER", "create_revision": 0}


def absent(key: bytes) -> Body:
    """A comparison: there is no such key."""
    return {"key": _text(key), "target": "CREATE", "result": "EQUAL", "create_revision": 0}


def put(key: bytes, value: bytes, lease: str | None = None) -> Body:
    """An operation: the key has that value from now on, or as long as the lease."""
    written = {"key": _text(key), "value": _text(value)}
    return {"request_put": written | ({"lease": lease} if lease else {})}


def delete(key: bytes) -> Body:
    """An operation: there is no such key from now on."""
    return {"request_delete_range": {"key": _text(key)}}


def pairs(answer: Body) -> Pairs:
    """The keys and values of an answer."""
    return [(b64decode(each["key"]), b64decode(each.get("value", ""))) for each in answer.get("kvs", [])]


def _text(value: bytes) -> str:
    return b64encode(value).decode()


def watching(key: bytes) -> Body:
    """A watch of one key."""
    return {"create_request": {"key": _text(key), "progress_notify": True}}
