"""What is known of a place: is a secret there, something about one, or where to find it?

The names above it tell, the name of the table that it stands in, and what stands beside it.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache
from typing import Any, Literal, get_origin

from confguard.paths import Key, Segment
from confguard.schema.shape import Shape
from confguard.secret_forms import is_password_of_command
from confguard.secrets import about_name, is_ambiguous, is_login, is_reference, plural_name, secret_name
from confguard.values import Files

_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
"""By which somebody logs in."""
_VALUES = frozenset(
    [
        *("value", "values", "val", "default", "defaultvalue", "parametervalue", "content", "plaintext"),
        *("example", "examples"),
    ]
)
_FLAGS = frozenset(
    [
        *("sensitive", "issensitive", "secret", "issecret", "masked", "ismasked", "secured", "noecho"),
        *("confidential", "writeonly"),
    ]
)
"""Keys beside a value that say whether it is secret, as Terraform, CloudFormation, Octopus and GitLab have them."""
_SECRET_TYPES = frozenset({"securestring", "secureobject", "secret", "password"})
"""What stands under `type` or `format` beside a value that is secret."""
_NAMES = frozenset(
    [
        *("name", "key", "variable", "var", "option", "setting", "header", "field", "property"),
        *("parameterkey", "env"),
    ]
)
_JWK = frozenset({"d", "dp", "dq", "k", "p", "q", "qi"})
"""What is private of a key that is written as JSON (RFC 7517)."""
_SOURCES = frozenset({"remoteref", "sourceref", "valuefrom", "objectname"})
_OF_MOUNTS = frozenset({"source", "target", "uid", "gid", "mode"})
_OF_SERVICES = frozenset({"image", "build"})


def _is_flagged(siblings: dict[Any, Any]) -> bool:
    """Is a value said to be secret by what stands beside it: `sensitive: true`, `type: SecureString`?"""
    return any(isinstance(key, str) and _says_secret(_joined(key), value) for key, value in siblings.items())


def _says_secret(key: str, value: Any) -> bool:
    if key in _FLAGS:
        return value is True or (isinstance(value, str) and value.lower() in {"true", "yes"})
    return key in {"type", "format"} and isinstance(value, str) and value.lower() in _SECRET_TYPES


def _names_secret(siblings: dict[Any, Any]) -> bool:
    """Is this `{name: API_KEY, value: ...}`, in one of the spellings that there are?"""
    return len(siblings) <= 12 and any(
        isinstance(key, str)
        and key.lower() in _NAMES
        and isinstance(value, str)
        and (value.lower() in _HEADERS or secret_name(value))
        for key, value in siblings.items()
    )


def _lists_names(name: str, value: Any, siblings: dict[Any, Any]) -> bool:
    """Are these the names of secrets that a service is given, as compose files list them?"""
    if name != "secrets" or not isinstance(value, list):
        return False
    return bool(_OF_SERVICES & siblings.keys()) or (bool(value) and all(map(_is_name, value)))


def _is_name(each: Any) -> bool:
    if isinstance(each, dict):
        return "source" in each and each.keys() <= _OF_MOUNTS
    return isinstance(each, str) and each.islower() and secret_name(each)


_LIMITS = frozenset(
    [
        *("age", "budget", "count", "delay", "duration", "interval", "length", "lifetime", "limit", "max"),
        *("maximum", "min", "minimum", "port", "priority", "priorities", "quota", "rate", "ratelimit"),
        *("retries", "size", "threshold", "timeout", "ttl", "weight"),
    ]
)
_WORDINGS = frozenset(
    [
        *("caption", "columns", "descriptions", "errors", "headings", "help", "hint", "i18n", "label"),
        *("locale", "messages", "placeholders", "titles", "tooltips", "translation", "type"),
    ]
)
_LIMIT = re.compile(r"\d{1,7}(?:[.,]\d+)?\s?(?:[A-Za-z]{1,7}|%)?(?:/\w+)?")
_WORDING = re.compile(r"[^\W\d_]+(?:[ _'’-][^\W\d_]+)*[.!?:…]?|[A-Za-z]+\(\d+(?:, ?\d+)?\)")
_LAST_WORD = re.compile(r"(?:[A-Z]+|[A-Z]?[a-z0-9]+)$")


@lru_cache(maxsize=4096)
def _is_limits(name: str) -> bool:
    """Are these limits, by the names of what they limit?

    >>> _is_limits("rate_limits"), _is_limits("requestTimeouts"), _is_limits("clients")
    (True, True, False)
    """
    return _is_of(name, _LIMITS)


@lru_cache(maxsize=4096)
def _is_wordings(name: str) -> bool:
    """Are these words about things, by the things' names?

    >>> _is_wordings("labels"), _is_wordings("column_types"), _is_wordings("clients")
    (True, True, False)
    """
    return _is_of(name, _WORDINGS)


def _is_of(name: str, words: frozenset[str]) -> bool:
    match = _LAST_WORD.search(name[-50:])
    word = match[0].lower() if match else ""
    return word in words or word.removesuffix("s") in words


def _is_limit(value: Any) -> bool:
    """Is this a number, with its unit or without?"""
    if isinstance(value, int | float):
        return abs(value) < 10_000_000
    return isinstance(value, str) and bool(_LIMIT.fullmatch(value))


def _is_wording(value: Any) -> bool:
    """Is this what people read, or a type: words without digits, `varchar(80)`?"""
    return isinstance(value, str) and bool(_WORDING.fullmatch(value))


def _joined(name: str) -> str:
    """A name in small letters without what parts its words: `secureJsonData` and `secure_json_data` are one."""
    return name.lower().replace("_", "").replace("-", "")


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
    [
        *("user", "username", "client", "service", "server", "host", "group", "admin", "owner"),
        *("region", "app", "system"),
    ]
)
"""Below `passwords` these are whose password it is."""


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
    return (
        any(lowered in names for names in (_VALUES, _HEADERS, _SPECIAL, _LOGINS))
        or name in _JWK
        or _is_limits(name)
        or _is_wordings(name)
        or _joined(name) in _SECRET_TABLES
        or bool(_REF.search(name))
        or secret_name(name)
    )


def _by_name(state: State, container: Any, name: str, value: Any) -> State:
    siblings = container if isinstance(container, dict) else {}
    if name in {"items", "spec"} and siblings.get("kind") in ("SecretList", "SealedSecret"):
        return State.MANIFESTS
    if isinstance(container, Files) or (state <= State.PLAIN and not is_telling(name)):
        return state  # a file's name is not a setting's
    lowered = name.lower()
    beside = _by_siblings(state, siblings, name, value)
    if beside is not None:
        return beside
    if _joined(name) in _SECRET_TABLES:
        return State.INSIDE
    if secret_name(name) and _is_harmless(state, value):
        return State.PLAIN
    if secret_name(name) and not (isinstance(value, dict) and is_ambiguous(name)):
        return State.ABOUT if isinstance(value, dict) and not plural_name(name) else State.INSIDE
    if _is_sent(lowered, value):
        return State.ABOUT if isinstance(value, dict) else State.INSIDE
    if state >= State.ABOUT:
        return _within(state, name, value)
    return State.MEASURES if _is_limits(name) else State.WORDINGS if _is_wordings(name) else state


def _by_siblings(state: State, siblings: dict[Any, Any], name: str, value: Any) -> State | None:
    """What stands beside a value says of it, or where in a manifest it stands; None where that says nothing."""
    lowered = name.lower()
    of_secret = siblings.get("kind") == "Secret" or state is State.MANIFESTS
    if name == "stringData" or (name == "data" and of_secret):
        return State.SECRET
    if lowered in _JWK and isinstance(siblings.get("kty"), str):
        return State.SECRET
    if lowered == "secretkey" and any(isinstance(key, str) and key.lower() in _SOURCES for key in siblings):
        return State.PLAIN  # the key under which the secret is to be put
    if _lists_names(lowered, value, siblings):
        return State.PLAIN
    if name == "secretGenerator":  # of Kustomize
        return State.ABOUT
    if state is State.ABOUT and name == "literals":
        return State.INSIDE
    if state is State.REFERENCE or lowered in _REFERENCES or _REF.search(name):
        return State.REFERENCE
    if lowered in _VALUES and _is_flagged(siblings):
        return State.SECRET
    return State.INSIDE if lowered in _VALUES and _names_secret(siblings) else None


def _within(state: State, name: str, value: Any) -> State:
    """What is known of a value within what goes by a secret's name."""
    lowered = name.lower()
    several = state is State.INSIDE
    if lowered in _VALUES and not isinstance(value, dict):  # a number by default is that of something
        return State.PLAIN if several and lowered == "default" and isinstance(value, int) else State.INSIDE
    if not several and lowered in _CURRENT:
        return State.INSIDE
    if about_name(name) and not (several and lowered in _OWNERS):
        return State.PLAIN
    return State.ABOUT if isinstance(value, dict) else state


def _is_harmless(state: State, value: Any) -> bool:
    """Is a value of a secret's name a limit, or a wording, by the table that it stands in?"""
    return (state is State.MEASURES and _is_limit(value)) or (state is State.WORDINGS and _is_wording(value))


def _is_sent(name: str, value: Any) -> bool:
    """Is this a header by which somebody logs in, a registry's login, or a Secret that was applied last?"""
    if isinstance(value, dict):
        return name in _HEADERS and any(isinstance(key, str) and key.lower() in _VALUES for key in value)
    if isinstance(value, list):
        return name in _HEADERS and any(isinstance(each, str) and _is_sent(name, each) for each in value)
    if not isinstance(value, str):
        return False
    if name == _LAST_APPLIED:
        return bool(_SECRET_AS_JSON.search(value))
    if name in _HEADERS:
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
    if "=" in before or not (secret_name(before) or before.lower() in _HEADERS):
        return False
    return before.startswith("-") or (len(container) == 2 and not _are_columns(before, value))


def _are_columns(one: str, other: str) -> bool:
    """Are these two the names of fields, rather than a name and its value?"""
    named = secret_name(other) and not any(map(str.isdigit, other))
    return named or bool(_COLUMN.fullmatch(one) and _COLUMN.fullmatch(other))
