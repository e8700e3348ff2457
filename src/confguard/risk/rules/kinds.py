"""What happened to a setting, whatever it is for: each kind of change, with its size and a message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from confguard.paths import Key
from confguard.risk.names import polarity, switched, word_set, words_of
from confguard.risk.rules.happened import Happened, Kind
from confguard.risk.rules.interface import Context, Edit, sized
from confguard.risk.rules.kinds_of_addresses import made_internal, public_made_private, range_shrank
from confguard.risk.rules.kinds_of_amounts import (
    all_percent,
    cut,
    few_left,
    lifted,
    minority,
    negative,
    order_of_magnitude,
    raised,
    share_slip,
    smaller_size,
    to_whole,
    to_zero,
    unit_slip,
)
from confguard.risk.rules.kinds_of_texts import (
    address_floating,
    all_of_them,
    another_in_path,
    another_literal,
    another_major,
    another_minor,
    another_name,
    another_scheme,
    another_text,
    blank_alone,
    cached_for_all,
    harsher,
    into_working_hours,
    made_blank,
    made_noop,
    manual_no_longer,
    no_longer_pinned,
    switch_as_text,
    unanswered,
)
from confguard.risk.rules.roles import ROLES, words_for

__all__ = ["EVERYTHING", "KINDS", "means_everything"]

EVERYTHING = frozenset(
    word_set("* *.* *:* .* ^.*$ ** /* all any anyone everyone everything allusers")
    | {"internet", "0.0.0.0/0", "::/0", "all-users", "allauthenticatedusers", "world"}
)
_ALWAYS_ON = word_set("verify verification insecure validate checkhostname authorized secure httponly skip")
_MOUNTED = word_set("mountpath subpath mount mounts hostpath globalmounts advancedmounts volume volumename")
_CHOOSING = word_set("prefix prefixlist host path pattern label labels cidr")


def means_everything(value: Any) -> bool:
    """Does a value say `everything`? A list does with one such element.

    >>> means_everything("*"), means_everything(["a", "any"]), means_everything("web")
    (True, True, False)
    """
    if isinstance(value, list):
        return any(isinstance(each, str) and means_everything(each) for each in value)
    return isinstance(value, str) and value.strip().lower() in EVERYTHING


def _gone(edit: Edit, context: Context, role: str) -> Happened | None:
    """A setting that is gone while the table around it stays."""
    around = context.after_at(edit.path[:-1])
    if not edit.removed or edit.before in (None, "", [], {}) or not isinstance(around, dict) or not around:
        return None
    if context.member_gone(edit.path):
        return None
    amount = bool(edit.amounts_before) and not isinstance(edit.before, bool)
    return Happened(1, f"was {edit.before}, and is gone" if amount else "is gone")


def _table_gone(edit: Edit, context: Context, role: str) -> Happened | None:
    if not isinstance(edit.before, dict | list) or context.is_elsewhere(edit.before):
        return None
    return _gone(edit, context, role)


def _lost(edit: Edit, context: Context, role: str) -> Happened | None:
    """Was there, and is zero, off or (2) gone."""
    had = polarity(edit.before) is True or any(value > 0 for value in edit.amounts_before.values())
    if not had:
        return None
    if edit.removed:
        return Happened(1, f"was {edit.before}, and is gone")
    zero = bool(edit.amounts_after) and not any(edit.amounts_after.values())
    off = polarity(edit.after) is False or zero
    return Happened(2, f"was {edit.before}, and is {edit.after}") if off else None


def _off(edit: Edit, context: Context, role: str) -> Happened | None:
    """What the role's words name went off; (2) a switch that was not there counts as on."""
    after = True if edit.added and edit.after is None else edit.after
    if switched(edit.path, edit.before, after, words_for(role)) is not False:
        return None
    if edit.added:  # what is written out for the first time was not on, but for what is always on
        always = edit.words & _ALWAYS_ON and not isinstance(edit.after, str)
        return Happened(1, "was not set and is off") if always else None
    return None if edit.removed else Happened(2, "was on and is off")


def _on(edit: Edit, context: Context, role: str) -> Happened | None:
    on = edit.after is not None and polarity(edit.after) is True and polarity(edit.before) is not True
    return Happened(1, "is on") if on else None


def _closed(edit: Edit, context: Context, role: str) -> Happened | None:
    """Is on, and is about a service: what has a place to be mounted at is a volume."""
    beside = context.after_at(edit.path[:-1])
    mounted = isinstance(beside, dict) and any(words_of(str(key)) & _MOUNTED for key in beside)
    return None if mounted else _on(edit, context, role)


def _turned_on(edit: Edit, context: Context, role: str) -> Happened | None:
    """Was there and off, and is on."""
    on = polarity(edit.before) is False and polarity(edit.after) is True
    return Happened(1, "was off and is on for all that read this") if on else None


def _changed(edit: Edit, context: Context, role: str) -> Happened | None:
    return None if edit.added or edit.removed else Happened(1, sized(edit))


def _root(edit: Edit, context: Context, role: str) -> Happened | None:
    root = (0, "0", "root")
    return Happened(1, "runs as root") if edit.after in root and edit.before not in root else None


def _off_for_good(edit: Edit, context: Context, role: str) -> Happened | None:
    off = polarity(edit.after) is False and polarity(edit.before) is not False
    return Happened(1, "is off") if off and edit.after is not None else None


def _only_choice_gone(edit: Edit, context: Context, role: str) -> Happened | None:
    """What chose some is gone, and nothing beside it chooses."""
    file = isinstance(edit.before, str) and edit.before.endswith((".yml", ".yaml"))  # Ansible's include
    if _gone(edit, context, role) is None or means_everything(edit.before) or file:
        return None
    left = context.after_at(edit.path[:-1])
    choosing = ROLES["selector"].holds
    if any(
        choosing(words_of(str(key)), frozenset(), frozenset()) or words_of(str(key)) & _CHOOSING
        for key in left
    ):
        return None
    return Happened(1, "is gone: what chose some now takes all")


def _element_removed(edit: Edit, context: Context, role: str) -> Happened | None:
    if (
        not edit.removed
        or not edit.path
        or not isinstance(edit.path[-1], int | Key)
        or edit.before in (None, "")
    ):
        return None
    return Happened(1, f"{edit.before} is gone")


KINDS: Mapping[str, Kind] = {
    "answered more harshly": harsher,
    "all of them": all_of_them,
    "manual no longer": manual_no_longer,
    "element removed": _element_removed,
    "a smaller size": smaller_size,
    "made internal": made_internal,
    "public made private": public_made_private,
    "range shrank": range_shrank,
    "another text": another_text,
    "cached for all": cached_for_all,
    "made a no-op": made_noop,
    "into working hours": into_working_hours,
    "another minor version": another_minor,
    "another version in a path": another_in_path,
    "cut": cut,
    "raised": raised,
    "to zero": to_zero,
    "negative": negative,
    "to one or none": few_left,
    "below a majority": minority,
    "to all": to_whole,
    "to 100 %": all_percent,
    "lifted": lifted,
    "gone": _gone,
    "table gone": _table_gone,
    "lost": _lost,
    "switched off": _off,
    "switched on": _on,
    "closed": _closed,
    "was off and is on": _turned_on,
    "blank": made_blank,
    "another name": another_name,
    "changed": _changed,
    "no longer pinned": no_longer_pinned,
    "unit slip": unit_slip,
    "order of magnitude": order_of_magnitude,
    "share slip": share_slip,
    "another literal": another_literal,
    "another scheme": another_scheme,
    "root": _root,
    "switched off for good": _off_for_good,
    "blank unlike its siblings": blank_alone,
    "only choice gone": _only_choice_gone,
    "address no longer pinned": address_floating,
    "switch as text": switch_as_text,
    "another that nothing answers": unanswered,
    "another major version of a store": another_major,
}
"""Each kind of change by its name. `from A to B` (a word in place of another) is told by the cell itself."""
