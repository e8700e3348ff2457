"""A parsed text: its data, exact bytes and format; places are worked out on demand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from attrs import define, field

from confguard.documents.interface import ParseError, Places, Position
from confguard.documents.registry import format_named
from confguard.paths import follow, path_from_json
from confguard.values import digest_of

__all__ = ["Parsed"]


@define(slots=False, frozen=True, eq=False)
class Parsed:
    """A parsed text: what it says, its exact bytes, and where each value stands."""

    data: Any = field(repr=False)
    """What the text says: mappings, lists and scalars."""
    content: bytes = field(repr=False)
    """The exact bytes."""
    format: str
    """The format's name: `toml`, `yaml`, `json`, `ini` or `env`."""
    path: str | None = None
    """The file it came from, if it came from one."""
    tags: tuple[str, ...] = field(default=(), repr=False)
    """The tags that were named for reading it."""

    @cached_property
    def text(self) -> str:
        """The exact text."""
        return self.content.decode("utf-8")

    @property
    def texts_only(self) -> bool:
        """Has the format no other values than texts, so that what reads them tells what they are?"""
        return format_named(self.format).texts_only

    @cached_property
    def data_digest(self) -> str:
        """SHA-256 of what the text says, whatever its format, layout, comments and order of keys."""
        return digest_of(self.data)

    def digest_data(self) -> str:
        """Work out `data_digest` now, so that it is there when time is short."""
        return self.data_digest

    def locate(self, path: Sequence[object], *, nearest: bool = False) -> Position | None:
        """Where the key of a path stands; None if nowhere.

        With `nearest`, the closest enclosing value that does stand somewhere.
        """
        walked, whole = follow(self.data, path_from_json(path))
        if not whole and not nearest:
            return None
        while walked:
            if walked in self._places:
                return self._places[walked].key
            walked = walked[:-1]
        return Position(1, 1)

    def locate_value(self, path: Sequence[object]) -> Position | None:
        """Where the value of a path stands; None if nowhere."""
        walked, whole = follow(self.data, path_from_json(path))
        position = self._places.get(walked) if whole else None
        return position.value if position else None

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the text, as places count them."""
        return self.text.removeprefix("\ufeff").split("\n")

    def places(self) -> Places:
        """Where each path stands."""
        return self._places

    @cached_property
    def _places(self) -> Places:
        try:
            return format_named(self.format).places(self.text.removeprefix("\ufeff"))
        except (ParseError, RecursionError):  # a place is a courtesy: data is what counts
            return {}
