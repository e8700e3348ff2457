"""What is known of a change beside what changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from attrs import frozen

from confguard.fields import ImpactLevel
from confguard.paths import Path
from confguard.risk.history import History
from confguard.stores.interface import Revision


@frozen(kw_only=True)
class Circumstances:
    """When and why a change is made, and what happened before. What is not known counts for nothing.

    >>> Circumstances(reason="raise the throughput").at is None
    True
    """

    history: Iterable[Revision] | History | None = None
    """The config's revisions, newest first, or what a repository tells of author and files."""
    reason: str | None = None
    at: datetime | None = None
    """The time of the change; now, if it is not said."""
    last_changed: Callable[[Path], timedelta | None] | None = None
    """How long ago a setting was changed before."""
    taken_back: Callable[[Path, Any], str | None] | None = None
    """What came of it when a setting was set to a value before, where that was taken back."""
    unwatched: bool = False
    """Is it known that no schema, probe or monitor looks at the config?"""
    removed: bool = False
    """Is the file gone as a whole?"""
    accompanied: bool = False
    """Does the change edit other configuration, too, so that what read a file that is gone may not read it any more?"""


@frozen(kw_only=True)
class Process(Circumstances):
    """The circumstances as rules see them: with what a policy says of the time, and how much is at stake."""

    outside_hours: str = ""
    """When it is, where that is outside of the hours that the policy gives."""
    freeze: str = ""
    """Why changes are frozen now."""
    impact: ImpactLevel | None = None
    """How much depends on the config, where that is said."""
