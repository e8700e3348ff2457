"""What is known of a place from the names above it: is a secret there, something about one, or where to find it?"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache
from typing import Any, Literal, get_origin

from confguard.commands import is_password_of_command
from confguard.paths import Key, Segment
from confguard.schema.shape import CONCEALED, Shape
from confguard.secrets import about_name, is_ambiguous, is_login, is_reference, plural_name, secret_name
from confguard.values import Files

__all__ = ["State", "below", "is_telling", "shape_here"]


class State(IntEnum):
    """What is known of a place from above; of two, the larger one holds."""

    REFERENCE = 0
    """It says where a secret is to be found."""
    PLAIN = 1
    ABOUT = 2
    """In a table about one secret: its texts are the secret, unless their names say otherwise."""
    INSIDE = 3
    """It goes by a secret's name."""
    SECRET = 4
    """The schema says so, or it is the data of a Kubernetes Secret."""


_VALUES = frozenset(
    {
        "value",
        "values",
        "val",
        "default",
        "defaultvalue",
        "parametervalue",
        "content",
        "plaintext",
        "example",
        "examples",
    }
)
_FLAGS = frozenset(
    {
        "sensitive",
        "issensitive",
        "secret",
        "issecret",
        "masked",
        "ismasked",
        "secured",
        "noecho",
        "confidential",
        "writeonly",
    }
)
"""Keys beside a value that say whether it is secret, as Terraform, CloudFormation, Octopus and GitLab have them."""
_SECRET_TYPES = frozenset({"securestring", "secureobject", "secret", "password"})
"""What stands under `type` or `format` beside a value that is secret."""
_NAMES = (
    "name",
    "key",
    "variable",
    "var",
    "option",
    "setting",
    "header",
    "field",
    "property",
    "parameterkey",
    "env",
)
_CURRENT = frozenset({"value", "current", "previous", "old", "new", "plain", "text", "secret"})
_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
_LOGINS = frozenset(
    f"{kind}{mark}auth" for kind in ("basic", "http", "web", "proxy") for mark in ("", "_", "-", ".")
)
_USER_AND_PASSWORD = re.compile(r"[\w.@-]+:(?!//)\S+")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_SECRET_AS_JSON = re.compile(r'"kind"\s*:\s*"Secret"')
_REFERENCES = frozenset({"valuefrom", "envfrom", "remoteref"})
_REF = re.compile(r"[a-z_-](?:Ref|_ref|-ref)s?$")
_SPECIAL = _REFERENCES | {"data", "stringdata", "auth", "_auth", "secretgenerator", _LAST_APPLIED}
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
    known = lowered in _VALUES or lowered in _HEADERS or lowered in _SPECIAL or lowered in _LOGINS
    return known or bool(_REF.search(name)) or secret_name(name)


def _by_name(state: State, container: Any, name: str, value: Any) -> State:
    if isinstance(container, Files) or (state <= State.PLAIN and not is_telling(name)):
        return state  # a file's name is no setting's
    lowered = name.lower()
    siblings = container if isinstance(container, dict) else {}
    if siblings.get("kind") == "Secret" and name in {"data", "stringData"}:
        return State.SECRET
    if name == "secretGenerator":  # of Kustomize
        return State.ABOUT
    if state is State.ABOUT and name == "literals":
        return State.INSIDE
    if lowered in _REFERENCES or _REF.search(name):
        return State.REFERENCE
    if state is State.REFERENCE:
        return state
    if lowered in _VALUES and _is_flagged(siblings):
        return State.SECRET
    if lowered in _VALUES and _names_secret(siblings):
        return State.INSIDE
    if secret_name(name) and not (isinstance(value, dict) and is_ambiguous(name)):
        return State.ABOUT if isinstance(value, dict) and not plural_name(name) else State.INSIDE
    if isinstance(value, str) and _is_sent(lowered, value):
        return State.INSIDE
    if state is State.ABOUT and lowered in _CURRENT:
        return State.INSIDE
    if state is State.INSIDE:
        if about_name(name) and lowered not in _OWNERS:
            return State.PLAIN
        return State.ABOUT if isinstance(value, dict) else state
    return State.PLAIN if state is State.ABOUT and about_name(name) else state


def _is_sent(name: str, value: str) -> bool:
    """Is this a header by which somebody logs in, a registry's login, or a Secret that was applied last?"""
    if name == _LAST_APPLIED:
        return bool(_SECRET_AS_JSON.search(value))
    if name in _HEADERS:
        return bool(re.search(r"[\s\d=]|.{24}", value))
    if name in _LOGINS:
        return bool(_USER_AND_PASSWORD.fullmatch(value))
    return name in {"auth", "_auth"} and is_login(value)


def _is_flagged(siblings: dict[Any, Any]) -> bool:
    """Is a value said to be secret by what stands beside it: `sensitive: true`, `type: SecureString`?"""
    return any(
        isinstance(key, str) and _says_secret(key.lower().replace("_", "").replace("-", ""), value)
        for key, value in siblings.items()
    )


def _says_secret(key: str, value: Any) -> bool:
    if key in _FLAGS:
        return value is True or (isinstance(value, str) and value.lower() in {"true", "yes"})
    return key in {"type", "format"} and isinstance(value, str) and value.lower() in _SECRET_TYPES


def _names_secret(siblings: dict[Any, Any]) -> bool:
    """Is this `{name: API_KEY, value: ...}`, in one of the spellings that there are?"""
    return (
        any(
            isinstance(key, str) and key.lower() in _NAMES and isinstance(value, str) and secret_name(value)
            for key, value in siblings.items()
        )
        and len(siblings) <= 12
    )


def _is_options_value(container: list[Any], at: int) -> bool:
    """Is this what follows `--token` in a list of arguments, or a name in a pair of two?"""
    if not 0 < at < len(container):
        return False
    before, value = container[at - 1], container[at]
    if not isinstance(before, str) or not isinstance(value, str) or value.startswith("--"):
        return False
    if is_password_of_command(container, at, is_reference):
        return True
    return (before.startswith("-") or len(container) == 2) and "=" not in before and secret_name(before)
