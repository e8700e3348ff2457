"""What is known of a value from what stands beside it: a name, a flag, a reference, the kind of the whole."""

from __future__ import annotations

from typing import Any

from confguard.secrets import secret_name

__all__ = [
    "HEADERS",
    "JWK",
    "VALUES",
    "is_flagged",
    "is_key_of_jwk",
    "lists_names",
    "names_secret",
    "says_which",
]

HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
"""By which somebody logs in."""
VALUES = frozenset(
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
JWK = frozenset({"d", "dp", "dq", "k", "p", "q", "qi"})
"""What is private of a key that is written as JSON (RFC 7517)."""
_REFERENCES = frozenset({"remoteref", "sourceref", "valuefrom", "objectname"})
_OF_MOUNTS = frozenset({"source", "target", "uid", "gid", "mode"})
_OF_SERVICES = frozenset({"image", "build"})


def _is_secret_name(name: str) -> bool:
    return name.lower() in HEADERS or secret_name(name)


def is_flagged(siblings: dict[Any, Any]) -> bool:
    """Is a value said to be secret by what stands beside it: `sensitive: true`, `type: SecureString`?"""
    return any(
        isinstance(key, str) and _says_secret(key.lower().replace("_", "").replace("-", ""), value)
        for key, value in siblings.items()
    )


def _says_secret(key: str, value: Any) -> bool:
    if key in _FLAGS:
        return value is True or (isinstance(value, str) and value.lower() in {"true", "yes"})
    return key in {"type", "format"} and isinstance(value, str) and value.lower() in _SECRET_TYPES


def names_secret(siblings: dict[Any, Any]) -> bool:
    """Is this `{name: API_KEY, value: ...}`, in one of the spellings that there are?"""
    return (
        any(
            isinstance(key, str)
            and key.lower() in _NAMES
            and isinstance(value, str)
            and _is_secret_name(value)
            for key, value in siblings.items()
        )
        and len(siblings) <= 12
    )


def is_key_of_jwk(name: str, siblings: dict[Any, Any]) -> bool:
    """Is this what is private of a key, beside `kty`?"""
    return name in JWK and isinstance(siblings.get("kty"), str)


def says_which(name: str, siblings: dict[Any, Any]) -> bool:
    """Does this say under which key a secret is to be put, beside where to find it?"""
    return name == "secretkey" and any(
        isinstance(key, str) and key.lower() in _REFERENCES for key in siblings
    )


def lists_names(name: str, value: Any, siblings: dict[Any, Any]) -> bool:
    """Are these the names of secrets that a service is given, as compose files list them?"""
    if name != "secrets" or not isinstance(value, list):
        return False
    return bool(_OF_SERVICES & siblings.keys()) or (bool(value) and all(map(_is_name, value)))


def _is_name(each: Any) -> bool:
    if isinstance(each, dict):
        return "source" in each and each.keys() <= _OF_MOUNTS
    return isinstance(each, str) and each.islower() and secret_name(each)
