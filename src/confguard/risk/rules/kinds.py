"""What happened to a setting, whatever it is for: it is gone, off, on, blank, or another text."""

from __future__ import annotations

import re
from typing import Any

from attrs import field, frozen

from confguard.paths import Key
from confguard.risk.names import parts_of, polarity, switched, words_of, words_on_path
from confguard.risk.rules.interface import Context, Edit, sized
from confguard.risk.rules.roles import ROLES, words_for
from confguard.risk.rules.table import Happened
from confguard.secrets import is_reference
from confguard.texts import word_set

EVERYTHING = frozenset(
    word_set("* *.* *:* .* ^.*$ ** /* all any anyone everyone everything allusers")
    | {"internet", "0.0.0.0/0", "::/0", "all-users", "allauthenticatedusers", "world"}
)
_ALWAYS_ON = word_set("verify verification insecure validate checkhostname authorized secure httponly skip")
_MOUNTED = word_set("mountpath subpath mount mounts hostpath globalmounts advancedmounts volume volumename")
_CHOOSING = word_set("prefix prefixlist host path pattern label labels cidr")
_SCHEME = re.compile(r"\s*([a-zA-Z][a-zA-Z0-9+.-]*)://")
_FLOATING_ADDRESS = re.compile(r"(?:@|[?&]ref=|/)(?:latest|main|master|HEAD|nightly)(?=$|[/&#?\s])")
_STORES = re.compile(
    r"postgres(?:ql)?|pgsql|mysql|mariadb|mongo(?:db)?|elasticsearch|opensearch|cassandra|kafka|zookeeper|clickhouse|etcd|influxdb",
    re.IGNORECASE,
)
_IN_PATH = re.compile(r"/(?:pgsql|postgresql|mysql|mariadb|mongodb)[-/]?(9\.\d|\d{1,3})(?!\d)", re.IGNORECASE)
"""As in `/usr/pgsql-9.6/bin`."""
_MAJOR = re.compile(r"(?:^|[:v-])(\d{1,6})(?:[-_.][a-z0-9_.-]{0,80})?$", re.IGNORECASE)
_MINOR = re.compile(r"v?(\d{1,3}\.\d{1,3})(?:[.-].{0,40})?")
_ORCHESTRATORS = word_set(
    "kubernetes k8s eks gke aks controlplane kubernetesversion clusterversion openshift nomad"
)
_TEXTS_ONLY = word_set("label labels annotation annotations env environment")
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
_FLOATING = word_set("latest main master head stable edge nightly * x develop")
_SWITCHES = word_set("true false yes no on off")
_INTERNAL = re.compile(
    r"(?:[a-z]+://)?(?:[\w-]+\.)*(?:localhost|local|internal|svc|lan|localdomain|intranet|consul)\.?(?::\d+)?(?:/.*)?",
    re.IGNORECASE,
)
_PUBLIC = re.compile(r"(?:[a-z]+://)?(?:[\w-]+\.)+[a-z]{2,24}\.?(?::\d+)?(?:/.*)?", re.IGNORECASE)


def means_everything(value: Any) -> bool:
    """Does a value say `everything`? A list does with one such element.

    >>> means_everything("*"), means_everything(["a", "any"]), means_everything("web")
    (True, True, False)
    """
    if isinstance(value, list):
        return any(isinstance(each, str) and means_everything(each) for each in value)
    return isinstance(value, str) and value.strip().lower() in EVERYTHING


@frozen
class Word:
    """The kind of change that is a word in place of another: which, from which. Empty: any."""

    to: frozenset[str] = field(converter=word_set)
    was: frozenset[str] = field(default="", converter=word_set)

    def __call__(self, edit: Edit, context: Context, role: str) -> Happened:
        """One of these words, and none of them before."""
        before, after = _word(edit.before), _word(edit.after)
        if after is None or after not in self.to or before in self.to or edit.removed:
            return None
        if self.was and before not in self.was:
            return None
        return sized(edit) if before is not None else f"is {edit.after}"


def _word(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return value.strip().lower().replace("-", "").replace("_", "") if isinstance(value, str) else None


# Settings that are there, gone, on or off


def gone(edit: Edit, context: Context, role: str) -> str | None:
    """A setting that is gone while the table around it stays."""
    if not edit.removed or edit.before in (None, "", [], {}):
        return None
    if not context.around(edit.path) or context.member_gone(edit.path):
        return None
    amount = bool(edit.amounts_before) and not isinstance(edit.before, bool)
    return f"was {edit.before}, and is gone" if amount else "is gone"


def table_gone(edit: Edit, context: Context, role: str) -> Happened:
    """A table or list that is gone, and stands nowhere else."""
    whole = isinstance(edit.before, dict | list) and not context.is_elsewhere(edit.before)
    return gone(edit, context, role) if whole else None


def element_removed(edit: Edit, context: Context, role: str) -> Happened:
    """An element of a list that is gone."""
    element = edit.removed and edit.path and isinstance(edit.path[-1], int | Key)
    return f"{edit.before} is gone" if element and edit.before not in (None, "") else None


def only_choice_gone(edit: Edit, context: Context, role: str) -> Happened:
    """What chose some is gone, and nothing beside it chooses."""
    file = isinstance(edit.before, str) and edit.before.endswith((".yml", ".yaml"))  # Ansible's include
    if gone(edit, context, role) is None or means_everything(edit.before) or file:
        return None
    choosing = ROLES["selector"].holds
    left = [words_of(str(key)) for key in context.around(edit.path)]
    if any(choosing(words, frozenset(), frozenset()) or words & _CHOOSING for words in left):
        return None
    return "is gone: what chose some now takes all"


def manual_no_longer(edit: Edit, context: Context, role: str) -> Happened:
    """It waited for a person, and does not say so any more."""
    waited = edit.removed and edit.before == "manual" and isinstance(context.after_at(edit.path[:-1]), dict)
    return "was manual, and is gone" if waited else None


def lost(edit: Edit, context: Context, role: str) -> Happened:
    """Was there, and is gone (1), zero or off (2)."""
    had = polarity(edit.before) is True or any(value > 0 for value in edit.amounts_before.values())
    if not had:
        return None
    if edit.removed:
        return f"was {edit.before}, and is gone"
    zero = bool(edit.amounts_after) and not any(edit.amounts_after.values())
    off = polarity(edit.after) is False or zero
    return (2, f"was {edit.before}, and is {edit.after}") if off else None


def switched_off(edit: Edit, context: Context, role: str) -> Happened:
    """What the role's words name went off; (2) a switch that was not there counts as on."""
    after = True if edit.added and edit.after is None else edit.after
    if switched(edit.path, edit.before, after, words_for(role)) is not False:
        return None
    if edit.added:  # what is written out for the first time was not on, but for what is always on
        always = edit.words & _ALWAYS_ON and not isinstance(edit.after, str)
        return "was not set and is off" if always else None
    return None if edit.removed else (2, "was on and is off")


def off_for_good(edit: Edit, context: Context, role: str) -> Happened:
    """Is off, whatever it was."""
    off = polarity(edit.after) is False and polarity(edit.before) is not False
    return "is off" if off and edit.after is not None else None


def switched_on(edit: Edit, context: Context, role: str) -> Happened:
    """Is on, and was not."""
    on = edit.after is not None and polarity(edit.after) is True and polarity(edit.before) is not True
    return "is on" if on else None


def off_then_on(edit: Edit, context: Context, role: str) -> Happened:
    """Was there and off, and is on."""
    on = polarity(edit.before) is False and polarity(edit.after) is True
    return "was off and is on for all that read this" if on else None


def closed(edit: Edit, context: Context, role: str) -> Happened:
    """Is on, and is about a service: what has a place to be mounted at is a volume."""
    mounted = any(words_of(str(key)) & _MOUNTED for key in context.around(edit.path))
    return None if mounted else switched_on(edit, context, role)


def switch_as_text(edit: Edit, context: Context, role: str) -> Happened:
    """A switch that is written as a text now."""
    if edit.trail & _TEXTS_ONLY or not isinstance(edit.before, bool) or not isinstance(edit.after, str):
        return None
    slipped = edit.after.lower() in _SWITCHES
    return f'was {str(edit.before).lower()}, and is the text "{edit.after}"' if slipped else None


def root(edit: Edit, context: Context, role: str) -> Happened:
    """Runs as root, and did not."""
    names = (0, "0", "root")
    return "runs as root" if edit.after in names and edit.before not in names else None


def changed(edit: Edit, context: Context, role: str) -> Happened:
    """Another value, whatever it is."""
    return None if edit.added or edit.removed else sized(edit)


# Texts


def blank(edit: Edit, context: Context, role: str) -> str | None:
    """A text that is blank now."""
    was = isinstance(edit.before, str) and edit.before.strip()
    empty = edit.after is None or (isinstance(edit.after, str) and not edit.after.strip())
    itself = edit.path == edit.change.path  # not a part of what another value took the place of
    return "is blank now" if was and empty and itself and not edit.removed else None


def blank_alone(edit: Edit, context: Context, role: str) -> Happened:
    """Blank in one element of a list or table, where each other element has a value for it."""
    if edit.after is None or len(edit.path) < 2 or blank(edit, context, role) is None:
        return None
    others = [each.get(edit.path[-1]) for each in context.siblings(edit.path[:-1])]
    alone = bool(others) and all(isinstance(value, str) and value.strip() for value in others)
    return f"is blank, and no other {edit.name} is" if alone else None


def another_text(edit: Edit, context: Context, role: str) -> Happened:
    """Another text, in place of one."""
    return sized(edit) if all(map(str.strip, edit.texts)) else None


def another_literal(edit: Edit, context: Context, role: str) -> Happened:
    """Another text, where neither is a reference to what stands elsewhere."""
    literal = any(edit.texts) and not any(map(is_reference, edit.texts))
    return "differs from what tokens and peers carry now" if literal else None


def another_name(edit: Edit, context: Context, role: str) -> Happened:
    """One plain name in place of another: no switch, no amount."""
    if edit.ratio is not None or any(polarity(text) is not None for text in edit.texts):
        return None
    joined = (text.replace("-", "").replace("_", "") for text in edit.texts)
    return sized(edit) if all(map(str.isalnum, joined)) and not any(map(str.isdigit, edit.texts)) else None


def another_scheme(edit: Edit, context: Context, role: str) -> Happened:
    """Of an address: another protocol; with or without encryption is another danger."""
    old, new = (match[1].lower() if (match := _SCHEME.match(text)) else "" for text in edit.texts)
    if not old or not new or old == new or {f"{old}s", f"{new}s"} & {old, new}:
        return None
    return f"from {old} to {new}"


def harsher(edit: Edit, context: Context, role: str) -> Happened:
    """A word that refuses or drops in place of one that kept or waited."""
    before, after = (frozenset(parts_of(text)) for text in edit.texts)
    harsh = before & _MILD and after & _HARSH and not after & _MILD and not before & _HARSH
    return sized(edit) if harsh else None


def all_of_them(edit: Edit, context: Context, role: str) -> Happened:
    """A text that says `all` in place of one that named some."""
    before, after = (frozenset(parts_of(text)) for text in edit.texts)
    return sized(edit) if edit.before and after & _ALL and not before & _ALL else None


def cached_for_all(edit: Edit, context: Context, role: str) -> Happened:
    """What was for one user alone may be kept for all."""
    before, after = str(edit.before).lower(), str(edit.after).lower()
    private = re.search(r"\b(?:private|no-store|no-cache)\b", before)
    return sized(edit) if private and re.search(r"\bpublic\b", after) else None


def no_op(edit: Edit, context: Context, role: str) -> Happened:
    """A command that does nothing, in place of one that did."""
    if " " not in edit.texts[0].strip():
        return None
    before, after = (text.strip().strip("'\"").strip() for text in edit.texts)
    return sized(edit) if after in _NOTHING_DONE and before not in _NOTHING_DONE else None


def into_working_hours(edit: Edit, context: Context, role: str) -> Happened:
    """A window that began at night or on a weekend begins while people work."""
    before, after = map(_in_working_hours, edit.texts)
    return sized(edit) if after and before is False else None


def _in_working_hours(window: str) -> bool | None:
    hour = re.search(r"\b(\d{1,2}):\d\d", window)
    if hour is None:
        return None
    weekend = re.search(r"\b(?:sat|sun)", window, re.IGNORECASE)
    return 8 <= int(hour[1]) < 18 and not weekend


# Versions and addresses


def no_longer_pinned(edit: Edit, context: Context, role: str) -> Happened:
    """A version with a number in it, and now a name that moves."""
    before, after = edit.texts
    tag = after.rpartition("@")[2].rpartition(":")[2].strip().lower()
    pinned = any(map(str.isdigit, before.rpartition(":")[2]))
    return sized(edit) if tag in _FLOATING and pinned else None


def address_floating(edit: Edit, context: Context, role: str) -> Happened:
    """An address that named a version, and names a branch or whatever is newest."""
    before, after = edit.texts
    if "://" not in after or len(after) > _LONGEST:  # prose with links, or a file of its own
        return None
    now = _FLOATING_ADDRESS.search(after)
    if now is None or _FLOATING_ADDRESS.search(before) or not any(map(str.isdigit, before)):
        return None
    return f"fetches {now[0].strip('/')}"


def another_major(edit: Edit, context: Context, role: str) -> Happened:
    """Another major version of a database, by its image or by the name around it."""
    beside = context.around(edit.path)
    named = [beside.get(key) for key in ("image", "repository", "engine", "name") if beside]
    store = _STORES.search(" ".join(map(str, (*edit.path[-3:], *named, edit.after))))
    before, after = (
        _IN_PATH.search(str(each)) or _MAJOR.search(str(each)) for each in (edit.before, edit.after)
    )
    counted = "." in f"{edit.before}{edit.after}" or ":" in str(edit.after)  # others count their packages
    if edit.added or edit.removed or not (counted and store and before and after) or before[1] == after[1]:
        return None
    return f"{sized(edit)}: another major version of {store[0].lower()}"


def another_in_path(edit: Edit, context: Context, role: str) -> Happened:
    """Another major version of a database, of which a path names the programs: `/usr/pgsql-9.6/bin`."""
    before, after = (_IN_PATH.search(str(each)) for each in (edit.before, edit.after))
    return sized(edit) if before and after and before[1] != after[1] else None


def another_minor(edit: Edit, context: Context, role: str) -> Happened:
    """Another minor version of what runs everything else: its interfaces change with each."""
    before, after = (_MINOR.fullmatch(str(each).strip()) for each in (edit.before, edit.after))
    if not before or not after or before[1] == after[1]:
        return None
    labelled = "/" in edit.name or edit.trail & _TEXTS_ONLY  # labels say what runs there
    if labelled or not words_on_path(edit.path[-2:]) & _ORCHESTRATORS:
        return None
    return f"{sized(edit)}: another minor version"


def made_internal(edit: Edit, context: Context, role: str) -> Happened:
    """A name that others know became one that only this network knows."""
    before, after = map(str.strip, edit.texts)
    if len(edit.texts[1]) > _LONGEST or not _PUBLIC.fullmatch(before) or _INTERNAL.fullmatch(before):
        return None
    return f"{sized(edit)}: nobody outside knows it" if _INTERNAL.fullmatch(after) else None


def unanswered(edit: Edit, context: Context, role: str) -> Happened:
    """Asked elsewhere, where nothing in the file answers (1); what was asked before still does (2)."""
    if edit.added or edit.removed:
        return None
    own = context.path_after(edit.path)[:-1]
    known = [text for path, text in context.texts_after if path[: len(own)] != own]
    answers, stays = (
        re.compile(rf"(?<![0-9A-Za-z]){re.escape(str(each))}(?![0-9A-Za-z])")
        for each in (edit.after, edit.before)
    )
    if any(map(answers.search, known)):
        return None
    witness = next((text for text in known if str(edit.before).isdigit() and stays.search(text)), None)
    return (2, f"{sized(edit)}, while the file still says {witness!r}") if witness else sized(edit)
