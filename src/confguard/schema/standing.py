"""What is known of a place from the names above it: is a secret there, something about one, or where to find it?"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache
from typing import Any, Literal, get_origin

from confguard.paths import Key, Segment
from confguard.schema.shape import CONCEALED, Shape
from confguard.schema.siblings import (
    HEADERS,
    JWK,
    VALUES,
    is_flagged,
    is_key_of_jwk,
    lists_names,
    names_secret,
    says_which,
)
from confguard.schema.table_names import is_limit, is_limits, is_wording, is_wordings, joined
from confguard.secret_forms import is_password_of_command
from confguard.secrets import about_name, is_ambiguous, is_login, is_reference, plural_name, secret_name
from confguard.values import Files

__all__ = ["State", "below", "is_telling", "shape_here"]


class State(IntEnum):
    """What is known of a place from above; of two, the larger one holds."""

    REFERENCE = 0
    """It says where a secret is to be found."""
    MEASURES = 1
    """In a table of limits: a number there is none, whatever it limits."""
    WORDINGS = 2
    """In a table of labels or types: a word there is what people read, or a type."""
    MANIFESTS = 3
    """In what holds Secrets of Kubernetes: data is theirs."""
    PLAIN = 4
    ABOUT = 5
    """In a table about one secret: its texts are the secret, unless their names say otherwise."""
    INSIDE = 6
    """It goes by a secret's name."""
    SECRET = 7
    """The schema says so, or it is the data of a Kubernetes Secret."""


_CURRENT = frozenset({"value", "current", "previous", "old", "new", "plain", "text", "secret"})
_LOGINS = frozenset(
    f"{kind}{mark}auth" for kind in ("basic", "http", "web", "proxy") for mark in ("", "_", "-", ".")
)
_USER_AND_PASSWORD = re.compile(r"[\w.@-]+:(?!//)\S+")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_SECRET_AS_JSON = re.compile(r'"kind"\s*:\s*"Secret"')
_REFERENCES = frozenset({"valuefrom", "envfrom", "remoteref"})
_REF = re.compile(r"[a-z_-](?:Ref|_ref|-ref)s?$")
_SPECIAL = _REFERENCES | {"data", "stringdata", "auth", "_auth", "secretgenerator", _LAST_APPLIED}
_SECRET_TABLES = frozenset(
    {"securejsondata", "protectedsettings", "securesettings", "secureparameters", "secureproperties"}
)
"""Tables of which every value is secret, as Grafana and Azure have them."""
_COLUMN = re.compile(r"[a-z]+(?:_[a-z]+)*")
_OWNERS = frozenset(
    {
        "user",
        "username",
        "client",
        "service",
        "server",
        "host",
        "group",
        "admin",
        "owner",
        "region",
        "app",
        "system",
    }
)
"""Below `passwords` these are whose password it is."""


def shape_here(shape: Shape, value: Any) -> Shape:
    """The shape of a value; that of a secret, where a table or list with secrets is wanted and it is something else.

    Where the places of a list mean different things, one that does not fit may hold the secret at any of them.
    """
    if shape.secret or not shape.holds_secret or value is None or isinstance(value, bool):
        return shape
    if isinstance(value, list) and any(item.holds_secret for item in shape.of(value).items):
        fits = shape.reads(value)
    else:
        fits = shape.of_kind(value) and (not isinstance(value, str | int | float) or shape.reads(value))
    return shape if fits else CONCEALED


def below(state: State, container: Any, segment: Segment, value: Any, shape: Shape) -> State:
    """What is known of a value from the container it stands in."""
    if state is State.SECRET or shape.secret:
        return State.SECRET
    if shape.field_type or get_origin(shape.hint) is Literal:  # the schema says what it is, and no secret
        return State.PLAIN
    if isinstance(segment, int | Key):
        if isinstance(segment, int) and isinstance(container, list) and _is_options_value(container, segment):
            return State.INSIDE
        return State.ABOUT if state is State.INSIDE and isinstance(value, dict) else state
    return _by_name(state, container, str(segment), value)


@lru_cache(maxsize=4096)
def is_telling(name: str) -> bool:
    """Can a name make a value secret, or a reference?"""
    lowered = name.lower()
    known = (
        lowered in VALUES or lowered in HEADERS or lowered in _SPECIAL or lowered in _LOGINS or name in JWK
    )
    return (
        known
        or is_limits(name)
        or is_wordings(name)
        or joined(name) in _SECRET_TABLES
        or bool(_REF.search(name))
        or secret_name(name)
    )


def _by_name(state: State, container: Any, name: str, value: Any) -> State:
    siblings = container if isinstance(container, dict) else {}
    if name in {"items", "spec"} and siblings.get("kind") in ("SecretList", "SealedSecret"):
        return State.MANIFESTS
    if isinstance(container, Files) or (state <= State.PLAIN and not is_telling(name)):
        return state  # a file's name is no setting's
    lowered = name.lower()
    beside = _by_siblings(state, siblings, name, value)
    if beside is not None:
        return beside
    if joined(name) in _SECRET_TABLES:
        return State.INSIDE
    if secret_name(name) and _is_harmless(state, value):
        return State.PLAIN
    if secret_name(name) and not (isinstance(value, dict) and is_ambiguous(name)):
        return State.ABOUT if isinstance(value, dict) and not plural_name(name) else State.INSIDE
    if _is_sent(lowered, value):
        return State.ABOUT if isinstance(value, dict) else State.INSIDE
    return _within(state, name, value) if state >= State.ABOUT else _in_table(state, name)


def _by_siblings(state: State, siblings: dict[Any, Any], name: str, value: Any) -> State | None:
    """What stands beside a value says of it, or where in a manifest it stands; None where that says nothing."""
    lowered = name.lower()
    of_secret = siblings.get("kind") == "Secret" or state is State.MANIFESTS
    if name == "stringData" or (name == "data" and of_secret) or is_key_of_jwk(lowered, siblings):
        return State.SECRET
    if says_which(lowered, siblings) or lists_names(lowered, value, siblings):
        return State.PLAIN
    if name == "secretGenerator":  # of Kustomize
        return State.ABOUT
    if state is State.ABOUT and name == "literals":
        return State.INSIDE
    if state is State.REFERENCE or lowered in _REFERENCES or _REF.search(name):
        return State.REFERENCE
    if lowered in VALUES and is_flagged(siblings):
        return State.SECRET
    return State.INSIDE if lowered in VALUES and names_secret(siblings) else None


def _within(state: State, name: str, value: Any) -> State:
    """What is known of a value within what goes by a secret's name."""
    lowered = name.lower()
    several = state is State.INSIDE
    if lowered in VALUES and not isinstance(value, dict):  # a number by default is that of something
        return State.PLAIN if several and lowered == "default" and isinstance(value, int) else State.INSIDE
    if not several and lowered in _CURRENT:
        return State.INSIDE
    if about_name(name) and not (several and lowered in _OWNERS):
        return State.PLAIN
    return State.ABOUT if isinstance(value, dict) else state


def _in_table(state: State, name: str) -> State:
    """What a name says of what stands in a table that goes by it."""
    return State.MEASURES if is_limits(name) else State.WORDINGS if is_wordings(name) else state


def _is_harmless(state: State, value: Any) -> bool:
    """Is a value of a secret's name a limit, or a wording, by the table that it stands in?"""
    return (state is State.MEASURES and is_limit(value)) or (state is State.WORDINGS and is_wording(value))


def _is_sent(name: str, value: Any) -> bool:
    """Is this a header by which somebody logs in, a registry's login, or a Secret that was applied last?"""
    if isinstance(value, dict):
        return name in HEADERS and any(isinstance(key, str) and key.lower() in VALUES for key in value)
    if isinstance(value, list):
        return name in HEADERS and any(isinstance(each, str) and _is_sent(name, each) for each in value)
    if not isinstance(value, str):
        return False
    if name == _LAST_APPLIED:
        return bool(_SECRET_AS_JSON.search(value))
    if name in HEADERS:
        return bool(re.search(r"[\s\d=]|.{24}", value))
    if name in _LOGINS:
        return bool(_USER_AND_PASSWORD.fullmatch(value))
    return name in {"auth", "_auth"} and is_login(value)


def _is_options_value(container: list[Any], at: int) -> bool:
    """Is this what follows `--token` in a list of arguments, or a name in a pair of two?"""
    if not 0 < at < len(container):
        return False
    before, value = container[at - 1], container[at]
    if not isinstance(before, str) or not isinstance(value, str):
        return False
    option = value.startswith("--")
    if ("=" in value or not option) and is_password_of_command(container, at, is_reference):
        return True
    if option:
        return False
    if "=" in before or not (secret_name(before) or before.lower() in HEADERS):
        return False
    return before.startswith("-") or (len(container) == 2 and not _are_columns(before, value))


def _are_columns(one: str, other: str) -> bool:
    """Are these two the names of fields, rather than a name and its value?"""
    named = secret_name(other) and not any(map(str.isdigit, other))
    return named or bool(_COLUMN.fullmatch(one) and _COLUMN.fullmatch(other))
