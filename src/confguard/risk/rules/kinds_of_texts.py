"""What happened to a text: blank, another name, version or address."""

from __future__ import annotations

import re
from typing import Any

from confguard.risk.names import parts_of, polarity, word_set, words_on_path
from confguard.risk.rules.happened import Happened
from confguard.risk.rules.interface import Context, Edit, sized
from confguard.secrets import is_reference

__all__ = [
    "address_floating",
    "all_of_them",
    "another_in_path",
    "another_literal",
    "another_major",
    "another_minor",
    "another_name",
    "another_scheme",
    "another_text",
    "blank_alone",
    "cached_for_all",
    "harsher",
    "into_working_hours",
    "made_blank",
    "made_noop",
    "manual_no_longer",
    "no_longer_pinned",
    "switch_as_text",
    "unanswered",
]

_SCHEME = re.compile(r"\s*([a-zA-Z][a-zA-Z0-9+.-]*)://")
_FLOATING_ADDRESS = re.compile(r"(?:@|[?&]ref=|/)(?:latest|main|master|HEAD|nightly)(?=$|[/&#?\s])")
_STORES = re.compile(
    r"postgres(?:ql)?|pgsql|mysql|mariadb|mongo(?:db)?|elasticsearch|opensearch|cassandra|kafka|zookeeper|clickhouse|etcd|influxdb",
    re.IGNORECASE,
)
_IN_PATH = re.compile(r"/(?:pgsql|postgresql|mysql|mariadb|mongodb)[-/]?(9\.\d|\d{1,3})(?!\d)", re.IGNORECASE)
"""As in `/usr/pgsql-9.6/bin`."""
_MAJOR = re.compile(r"(?:^|[:v-])(\d{1,6})(?:[-_.][a-z0-9_.-]{0,80})?$", re.IGNORECASE)
_TEXTS_ONLY = word_set("label labels annotation annotations env environment")
_ORCHESTRATORS = word_set(
    "kubernetes k8s eks gke aks controlplane kubernetesversion clusterversion openshift nomad"
)
_MINOR = re.compile(r"v?(\d{1,3}\.\d{1,3})(?:[.-].{0,40})?")
_MILD = word_set(
    "keep last good stale retry defer ignore warn skip default queue continue log soft open hold alert notify"
)
_HARSH = word_set(
    "delete drop reject fail failure abort panic crash exit terminate kill refetch purge deny block close closed halt "
    "stop discard refuse"
)
_ALL = word_set("all everyone everybody everything global globally any")
_LONGEST = 1_000
_NOTHING_DONE = frozenset({"true", ":", "/bin/true", "exit 0", "/usr/bin/true", "echo", "noop", "/bin/:"})
_FLOATING = frozenset({"latest", "main", "master", "head", "stable", "edge", "nightly", "*", "x", "develop"})


def made_blank(edit: Edit, context: Context, role: str) -> Happened | None:
    was = isinstance(edit.before, str) and edit.before.strip()
    empty = edit.after is None or (isinstance(edit.after, str) and not edit.after.strip())
    itself = edit.path == edit.change.path  # not a part of what another value took the place of
    return Happened(1, "is blank now") if was and empty and itself and not edit.removed else None


def another_name(edit: Edit, context: Context, role: str) -> Happened | None:
    """One plain name in place of another: no switch, no amount."""
    if not isinstance(edit.before, str) or not isinstance(edit.after, str) or edit.ratio is not None:
        return None
    plain = all(
        text.replace("-", "").replace("_", "").isalnum() and not text.isdigit()
        for text in (edit.before, edit.after)
    )
    switch = polarity(edit.before) is not None or polarity(edit.after) is not None
    return Happened(1, f"from {edit.before} to {edit.after}") if plain and not switch else None


def no_longer_pinned(edit: Edit, context: Context, role: str) -> Happened | None:
    if not isinstance(edit.before, str) or not isinstance(edit.after, str):
        return None
    tag = edit.after.rpartition("@")[2].rpartition(":")[2].strip().lower()
    pinned = any(char.isdigit() for char in edit.before.rpartition(":")[2])
    return Happened(1, f"from {edit.before} to {edit.after}") if tag in _FLOATING and pinned else None


def another_literal(edit: Edit, context: Context, role: str) -> Happened | None:
    """Another text, where neither is a reference to what stands elsewhere."""
    if not isinstance(edit.before, str) or not isinstance(edit.after, str):
        return None
    if is_reference(edit.before) or is_reference(edit.after):
        return None
    return Happened(1, "differs from what tokens and peers carry now")


def another_scheme(edit: Edit, context: Context, role: str) -> Happened | None:
    """Of an address: another protocol; with or without encryption is another danger."""
    old, new = _scheme(edit.before), _scheme(edit.after)
    if not old or not new or old == new or {f"{old}s", f"{new}s"} & {old, new}:
        return None
    return Happened(1, f"from {old} to {new}")


def blank_alone(edit: Edit, context: Context, role: str) -> Happened | None:
    """Blank in one element of a list or table, where each other element has a value for it."""
    happened = made_blank(edit, context, role)
    if happened is None or len(edit.path) < 2:
        return None
    others = [each.get(edit.path[-1]) for each in context.siblings(edit.path[:-1])]
    if edit.after is None:
        return None
    alone = bool(others) and all(isinstance(value, str) and value.strip() for value in others)
    return Happened(1, f"is blank, and no other {edit.name} is") if alone else None


def address_floating(edit: Edit, context: Context, role: str) -> Happened | None:
    """An address that named a version, and names a branch or whatever is newest."""
    if not isinstance(edit.before, str) or not isinstance(edit.after, str) or "://" not in edit.after:
        return None
    if len(edit.after) > _LONGEST:  # prose with links, or a file of its own
        return None
    now = _FLOATING_ADDRESS.search(edit.after)
    if now is None or _FLOATING_ADDRESS.search(edit.before) or not any(map(str.isdigit, edit.before)):
        return None
    return Happened(1, f"fetches {now[0].strip('/')}")


def switch_as_text(edit: Edit, context: Context, role: str) -> Happened | None:
    texts = {"true", "false", "yes", "no", "on", "off"}
    if edit.trail & _TEXTS_ONLY:
        return None
    slipped = isinstance(edit.before, bool) and isinstance(edit.after, str) and edit.after.lower() in texts
    return Happened(1, f'was {str(edit.before).lower()}, and is the text "{edit.after}"') if slipped else None


def unanswered(edit: Edit, context: Context, role: str) -> Happened | None:
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


def another_major(edit: Edit, context: Context, role: str) -> Happened | None:
    """Another major version of a database, by its image or by the name around it."""
    beside = context.after_at(edit.path[:-1])
    named = (
        [beside.get(key) for key in ("image", "repository", "engine", "name")]
        if isinstance(beside, dict)
        else []
    )
    about = " ".join(str(each) for each in (*edit.path[-3:], *named, edit.after))
    store = _STORES.search(about)
    before, after = (
        _IN_PATH.search(str(each)) or _MAJOR.search(str(each)) for each in (edit.before, edit.after)
    )
    counted = "." in f"{edit.before}{edit.after}" or ":" in str(edit.after)  # others count their packages
    if (
        edit.added
        or edit.removed
        or not counted
        or not store
        or not before
        or not after
        or before[1] == after[1]
    ):
        return None
    return Happened(1, f"{sized(edit)}: another major version of {store[0].lower()}")


def another_in_path(edit: Edit, context: Context, role: str) -> Happened | None:
    """Another major version of a database, of which a path names the programs: `/usr/pgsql-9.6/bin`."""
    before, after = (_IN_PATH.search(str(each)) for each in (edit.before, edit.after))
    return Happened(1, sized(edit)) if before and after and before[1] != after[1] else None


def another_minor(edit: Edit, context: Context, role: str) -> Happened | None:
    """Another minor version of what runs everything else: its interfaces change with each."""
    before, after = (_MINOR.fullmatch(str(each).strip()) for each in (edit.before, edit.after))
    around = words_on_path(edit.path[-2:])
    if (
        not around & _ORCHESTRATORS or "/" in edit.name or edit.trail & _TEXTS_ONLY
    ):  # labels say what runs there
        return None
    if not before or not after or before[1] == after[1]:
        return None
    return Happened(1, f"{sized(edit)}: another minor version")


def harsher(edit: Edit, context: Context, role: str) -> Happened | None:
    """A word that refuses or drops in place of one that kept or waited."""
    if not isinstance(edit.before, str) or not isinstance(edit.after, str):
        return None
    before, after = (frozenset(parts_of(each)) for each in (edit.before, edit.after))
    harsh = before & _MILD and after & _HARSH and not after & _MILD and not before & _HARSH
    return Happened(1, f"from {edit.before} to {edit.after}") if harsh else None


def all_of_them(edit: Edit, context: Context, role: str) -> Happened | None:
    """A text that says `all` in place of one that named some."""
    if not isinstance(edit.before, str) or not isinstance(edit.after, str) or not edit.before:
        return None
    before, after = (frozenset(parts_of(each)) for each in (edit.before, edit.after))
    return Happened(1, f"from {edit.before} to {edit.after}") if after & _ALL and not before & _ALL else None


def manual_no_longer(edit: Edit, context: Context, role: str) -> Happened | None:
    """It waited for a person, and does not say so any more."""
    gone = edit.removed and edit.before == "manual" and isinstance(context.after_at(edit.path[:-1]), dict)
    return Happened(1, "was manual, and is gone") if gone else None


def another_text(edit: Edit, context: Context, role: str) -> Happened | None:
    """Another text, in place of one."""
    both = (
        isinstance(edit.before, str)
        and isinstance(edit.after, str)
        and edit.before.strip()
        and edit.after.strip()
    )
    return Happened(1, f"from {edit.before} to {edit.after}") if both else None


def cached_for_all(edit: Edit, context: Context, role: str) -> Happened | None:
    """What was for one user alone may be kept for all."""
    before, after = str(edit.before).lower(), str(edit.after).lower()
    private = re.search(r"\b(?:private|no-store|no-cache)\b", before)
    return (
        Happened(1, f"from {edit.before} to {edit.after}")
        if private and re.search(r"\bpublic\b", after)
        else None
    )


def made_noop(edit: Edit, context: Context, role: str) -> Happened | None:
    """A command that does nothing, in place of one that did."""
    if not isinstance(edit.before, str) or not isinstance(edit.after, str) or " " not in edit.before.strip():
        return None
    before, after = (each.strip().strip("'\"").strip() for each in (edit.before, edit.after))
    done = after in _NOTHING_DONE and before not in _NOTHING_DONE
    return Happened(1, f"from {edit.before} to {edit.after}") if done else None


def into_working_hours(edit: Edit, context: Context, role: str) -> Happened | None:
    """A window that began at night or on a weekend begins while people work."""
    if not isinstance(edit.before, str) or not isinstance(edit.after, str):
        return None
    worked = _in_working_hours(edit.after) and _in_working_hours(edit.before) is False
    return Happened(1, f"from {edit.before} to {edit.after}") if worked else None


def _in_working_hours(window: str) -> bool | None:
    hour = re.search(r"\b(\d{1,2}):\d\d", window)
    if hour is None:
        return None
    weekend = re.search(r"\b(?:sat|sun)", window, re.IGNORECASE)
    return 8 <= int(hour[1]) < 18 and not weekend


def _scheme(value: Any) -> str:
    match = _SCHEME.match(value) if isinstance(value, str) else None
    return match[1].lower() if match else ""
