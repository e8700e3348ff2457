"""What happened to a setting, whatever it is for: each kind of change, with its size and a message."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from attrs import frozen

from confguard.diffs.quantity import amounts, times, unit_of
from confguard.risk.names import polarity, switched, word_set, words_of
from confguard.risk.rules.interface import Context, Edit, sized
from confguard.risk.rules.quantities import unit_lost
from confguard.risk.rules.roles import ROLES, words_for
from confguard.secrets import is_reference

__all__ = ["EVERYTHING", "KINDS", "Happened", "means_everything"]

EVERYTHING = frozenset(
    {
        "*",
        "*.*",
        "*:*",
        ".*",
        "^.*$",
        "**",
        "/*",
        "all",
        "any",
        "anyone",
        "everyone",
        "everything",
        "allusers",
    }
    | {"internet", "0.0.0.0/0", "::/0", "all-users", "allauthenticatedusers", "world"}
)
_SCHEME = re.compile(r"\s*([a-zA-Z][a-zA-Z0-9+.-]*)://")
_FLOATING_ADDRESS = re.compile(r"(?:@|[?&]ref=|/)(?:latest|main|master|HEAD|nightly)(?=$|[/&#?\s])")
_STORES = re.compile(
    r"postgres(?:ql)?|mysql|mariadb|mongo(?:db)?|elasticsearch|opensearch|cassandra|kafka|zookeeper|clickhouse|etcd|influxdb",
    re.IGNORECASE,
)
_MAJOR = re.compile(r"(?:^|[:v-])(\d{1,6})(?:[-_.][a-z0-9_.-]{0,80})?$", re.IGNORECASE)
_TEXTS_ONLY = word_set("label labels annotation annotations env environment")
_ALWAYS_ON = word_set("verify verification insecure validate checkhostname authorized secure httponly skip")
_MOUNTED = word_set("mountpath subpath mount mounts hostpath globalmounts advancedmounts volume volumename")
_CHOOSING = word_set("prefix prefixlist host path pattern label labels cidr")
_LONGEST = 1_000
_NO_LIMIT = frozenset({"unlimited", "infinity", "infinite", "inf", "none", "max", "nolimit", "-1"})
_FLOATING = frozenset({"latest", "main", "master", "head", "stable", "edge", "nightly", "*", "x", "develop"})


@frozen
class Happened:
    """That a kind of change took place: how much of it, and in words."""

    size: float
    message: str


Kind: TypeAlias = Callable[[Edit, Context, str], Happened | None]
"""Given an edit, its context and the role in question: what happened; None for another kind."""


def means_everything(value: Any) -> bool:
    """Does a value say `everything`? A list does with one such element.

    >>> means_everything("*"), means_everything(["a", "any"]), means_everything("web")
    (True, True, False)
    """
    if isinstance(value, list):
        return any(isinstance(each, str) and means_everything(each) for each in value)
    return isinstance(value, str) and value.strip().lower() in EVERYTHING


def _cut(edit: Edit, context: Context, role: str) -> Happened | None:
    if edit.ratio is None or edit.ratio >= 1:
        return None
    return Happened(1 / edit.ratio, f"cut {sized(edit)}: {times(edit.ratio)}")


def _raised(edit: Edit, context: Context, role: str) -> Happened | None:
    if edit.ratio is None or edit.ratio <= 1:
        return None
    return Happened(edit.ratio, f"raised {sized(edit)}: {times(edit.ratio)}")


def _zero(edit: Edit, context: Context, role: str) -> Happened | None:
    before, after = edit.amounts_before, edit.amounts_after
    became = any(before[each] > 0 and after[each] == 0 for each in before.keys() & after.keys())
    return Happened(1, f"{sized(edit)}: zero") if became else None


def _negative(edit: Edit, context: Context, role: str) -> Happened | None:
    before, after = edit.amounts_before.get("n"), edit.amounts_after.get("n")
    if before is None or after is None or before < 0 or after >= 0:
        return None
    return Happened(1, f"{sized(edit)}: negative")


def _few_left(edit: Edit, context: Context, role: str) -> Happened | None:
    """From two or more to one (1), or to none (2)."""
    before, after = _whole(edit.before), _whole(edit.after)
    if before is None or after is None or before < 2 or after > 1:
        return None
    return Happened(2 if after <= 0 else 1, sized(edit))


def _minority(edit: Edit, context: Context, role: str) -> Happened | None:
    before, after = _whole(edit.before), _whole(edit.after)
    if before is None or after is None or not before >= 3 > after > 1:
        return None
    return Happened(1, f"cut {sized(edit)}: with fewer than three, the first failure leaves no majority")


def _to_whole(edit: Edit, context: Context, role: str) -> Happened | None:
    """From less than half of all to all."""
    before, after = _share(edit.before), _share(edit.after)
    if before is None or after is None or before >= 0.5 or after < 1:
        return None
    return Happened(1, f"from {edit.before} to {edit.after} in one step")


def _all_percent(edit: Edit, context: Context, role: str) -> Happened | None:
    whole = _percent(edit.after) == 1 and _percent(edit.before) != 1
    return Happened(1, sized(edit)) if whole else None


def _lifted(edit: Edit, context: Context, role: str) -> Happened | None:
    if not edit.amounts_before or isinstance(edit.before, bool) or not isinstance(edit.after, str):
        return None
    if edit.after.strip().lower() not in _NO_LIMIT:
        return None
    return Happened(1, f"was {edit.before}, and is without limit")


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


def _blank(edit: Edit, context: Context, role: str) -> Happened | None:
    was = isinstance(edit.before, str) and edit.before.strip()
    empty = edit.after is None or (isinstance(edit.after, str) and not edit.after.strip())
    itself = edit.path == edit.change.path  # not a part of what another value took the place of
    return Happened(1, "is blank now") if was and empty and itself and not edit.removed else None


def _another_name(edit: Edit, context: Context, role: str) -> Happened | None:
    """One plain name in place of another: no switch, no amount."""
    if not isinstance(edit.before, str) or not isinstance(edit.after, str) or edit.ratio is not None:
        return None
    plain = all(
        text.replace("-", "").replace("_", "").isalnum() and not text.isdigit()
        for text in (edit.before, edit.after)
    )
    switch = polarity(edit.before) is not None or polarity(edit.after) is not None
    return Happened(1, f"from {edit.before} to {edit.after}") if plain and not switch else None


def _changed(edit: Edit, context: Context, role: str) -> Happened | None:
    return None if edit.added or edit.removed else Happened(1, sized(edit))


def _floating(edit: Edit, context: Context, role: str) -> Happened | None:
    if not isinstance(edit.before, str) or not isinstance(edit.after, str):
        return None
    tag = edit.after.rpartition("@")[2].rpartition(":")[2].strip().lower()
    pinned = any(char.isdigit() for char in edit.before.rpartition(":")[2])
    return Happened(1, f"from {edit.before} to {edit.after}") if tag in _FLOATING and pinned else None


def _unit(edit: Edit, context: Context, role: str) -> Happened | None:
    if lost := unit_lost(edit):
        return Happened(1, f"{sized(edit)}: that is {lost}")
    if edit.ratio is None or 0.1 < edit.ratio < 10:
        return None
    before, after = unit_of(edit.before), unit_of(edit.after)
    if not before or not after or before == after:
        return None
    return Happened(1, f"{sized(edit)}: {times(edit.ratio)}, and the unit went from {before} to {after}")


def _magnitude(edit: Edit, context: Context, role: str) -> Happened | None:
    """Ten times off (1); a hundred times, or the same digits with a zero more or less (2)."""
    if edit.ratio is None or 0.1 < edit.ratio < 10:
        return None
    severe = edit.ratio <= 0.01 or edit.ratio >= 100 or _zero_typed(edit)
    return Happened(2 if severe else 1, f"{sized(edit)}: {times(edit.ratio)}")


def _share_slip(edit: Edit, context: Context, role: str) -> Happened | None:
    """A share that was a part of one is a number above one, or the other way: 0.05 and 5."""
    before, after = edit.amounts_before.get("n"), edit.amounts_after.get("n")
    if (
        not before
        or not after
        or not isinstance(edit.before, int | float)
        or not isinstance(edit.after, int | float)
    ):
        return None
    slipped = (0 < before < 1 <= after and after != 1) or (0 < after < 1 < before)
    return Happened(1, f"{sized(edit)}: a share of one, or a percentage?") if slipped else None


def _another_literal(edit: Edit, context: Context, role: str) -> Happened | None:
    """Another text, where neither is a reference to what stands elsewhere."""
    if not isinstance(edit.before, str) or not isinstance(edit.after, str):
        return None
    if is_reference(edit.before) or is_reference(edit.after):
        return None
    return Happened(1, "differs from what tokens and peers carry now")


def _another_scheme(edit: Edit, context: Context, role: str) -> Happened | None:
    """Of an address: another protocol; with or without encryption is another danger."""
    old, new = _scheme(edit.before), _scheme(edit.after)
    if not old or not new or old == new or {f"{old}s", f"{new}s"} & {old, new}:
        return None
    return Happened(1, f"from {old} to {new}")


def _root(edit: Edit, context: Context, role: str) -> Happened | None:
    root = (0, "0", "root")
    return Happened(1, "runs as root") if edit.after in root and edit.before not in root else None


def _off_for_good(edit: Edit, context: Context, role: str) -> Happened | None:
    off = polarity(edit.after) is False and polarity(edit.before) is not False
    return Happened(1, "is off") if off and edit.after is not None else None


def _blank_alone(edit: Edit, context: Context, role: str) -> Happened | None:
    """Blank in one element of a list or table, where each other element has a value for it."""
    happened = _blank(edit, context, role)
    if happened is None or len(edit.path) < 2:
        return None
    others = [each.get(edit.path[-1]) for each in context.siblings(edit.path[:-1])]
    if edit.after is None:
        return None
    alone = bool(others) and all(isinstance(value, str) and value.strip() for value in others)
    return Happened(1, f"is blank, and no other {edit.name} is") if alone else None


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


def _address_floating(edit: Edit, context: Context, role: str) -> Happened | None:
    """An address that named a version, and names a branch or whatever is newest."""
    if not isinstance(edit.before, str) or not isinstance(edit.after, str) or "://" not in edit.after:
        return None
    if len(edit.after) > _LONGEST:  # prose with links, or a file of its own
        return None
    now = _FLOATING_ADDRESS.search(edit.after)
    if now is None or _FLOATING_ADDRESS.search(edit.before) or not any(map(str.isdigit, edit.before)):
        return None
    return Happened(1, f"fetches {now[0].strip('/')}")


def _switch_as_text(edit: Edit, context: Context, role: str) -> Happened | None:
    texts = {"true", "false", "yes", "no", "on", "off"}
    if edit.trail & _TEXTS_ONLY:
        return None
    slipped = isinstance(edit.before, bool) and isinstance(edit.after, str) and edit.after.lower() in texts
    return Happened(1, f'was {str(edit.before).lower()}, and is the text "{edit.after}"') if slipped else None


def _unanswered(edit: Edit, context: Context, role: str) -> Happened | None:
    """Asked elsewhere, where nothing in the file answers (1); what was asked before still does (2)."""
    if edit.added or edit.removed:
        return None
    now, before = str(edit.after), str(edit.before)
    known = [
        text
        for path, text in context.texts_after
        if path[: len(edit.path) - 1] != context.path_after(edit.path)[:-1]
    ]
    answers = re.compile(rf"(?<![0-9A-Za-z]){re.escape(now)}(?![0-9A-Za-z])")
    if any(answers.search(text) for text in known):
        return None
    stays = re.compile(rf"(?<![0-9A-Za-z]){re.escape(before)}(?![0-9A-Za-z])")
    witness = next((text for text in known if before.isdigit() and stays.search(text)), None)
    return Happened(
        2 if witness else 1, sized(edit) + (f", while the file still says {witness!r}" if witness else "")
    )


def _major(edit: Edit, context: Context, role: str) -> Happened | None:
    """Another major version of a database, by its image or by the name around it."""
    beside = context.after_at(edit.path[:-1])
    named = (
        [beside.get(key) for key in ("image", "repository", "engine", "name")]
        if isinstance(beside, dict)
        else []
    )
    about = " ".join(str(each) for each in (*edit.path[-3:], *named, edit.after))
    store = _STORES.search(about)
    before, after = _MAJOR.search(str(edit.before)), _MAJOR.search(str(edit.after))
    counted = "." in f"{edit.before}{edit.after}" or ":" in str(edit.after)  # others count their packages
    if edit.added or edit.removed or not counted or not store:
        return None
    if not before or not after or before[1] == after[1]:
        return None
    return Happened(1, f"{sized(edit)}: another major version of {store[0].lower()}")


KINDS: Mapping[str, Kind] = {
    "cut": _cut,
    "raised": _raised,
    "to zero": _zero,
    "negative": _negative,
    "to one or none": _few_left,
    "below a majority": _minority,
    "to all": _to_whole,
    "to 100 %": _all_percent,
    "lifted": _lifted,
    "gone": _gone,
    "table gone": _table_gone,
    "lost": _lost,
    "switched off": _off,
    "switched on": _on,
    "closed": _closed,
    "was off and is on": _turned_on,
    "blank": _blank,
    "another name": _another_name,
    "changed": _changed,
    "no longer pinned": _floating,
    "unit slip": _unit,
    "order of magnitude": _magnitude,
    "share slip": _share_slip,
    "another literal": _another_literal,
    "another scheme": _another_scheme,
    "root": _root,
    "switched off for good": _off_for_good,
    "blank unlike its siblings": _blank_alone,
    "only choice gone": _only_choice_gone,
    "address no longer pinned": _address_floating,
    "switch as text": _switch_as_text,
    "another that nothing answers": _unanswered,
    "another major version of a store": _major,
}
"""Each kind of change by its name. `from A to B` (a word in place of another) is told by the cell itself."""


def _scheme(value: Any) -> str:
    match = _SCHEME.match(value) if isinstance(value, str) else None
    return match[1].lower() if match else ""


def _zero_typed(edit: Edit) -> bool:
    """Are the digits the same but for zeros at the end? A step from one, or of a share, is none of that."""
    before, after = edit.before, edit.after
    if not isinstance(before, int) or not isinstance(after, int) or min(before, after) < 2:
        return False
    shares = words_of("percent percentage pct share weight ratio sample rollout canary")
    return str(before).rstrip("0") == str(after).rstrip("0") and not edit.words & shares


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _share(value: Any) -> float | None:
    """A share of a whole as 0 to 1: percentages above 1, texts with a percent sign."""
    number = amounts(value).get("n")
    return number / 100 if number is not None and isinstance(value, int) else number


def _percent(value: Any) -> float | None:
    return amounts(value).get("n") if isinstance(value, str) and value.strip().endswith("%") else None
