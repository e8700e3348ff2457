"""`import confguard` stays cheap, and every public name is there, documented and true to its type stubs."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import subprocess
import sys

import pytest

import confguard
from conftest import unmeasured

HEAVY = [
    "pydantic",
    "deepdiff",
    "cattrs",
    "yaml",
    "tomlkit",
    "rich",
    "starlette",
    "httpx",
    "argon2",
    "sqlite3",
]


def loaded_by(code: str) -> set[str]:
    script = f"import sys, json\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    command = [sys.executable, "-c", script]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, env=unmeasured())
    return set(json.loads(ended.stdout))


def test_importing_confguard_loads_nothing_else() -> None:
    loaded = loaded_by("import confguard")
    assert not loaded & {*HEAVY, "attrs", "attr"}
    assert {name for name in loaded if name.startswith("confguard")} == {"confguard", "confguard.lazy"}


def test_what_is_not_used_is_not_loaded() -> None:
    used = loaded_by("import confguard as cg; cg.diff(cg.parse('a = 1', 'toml'), cg.parse('a = 2', 'toml'))")
    assert not used & set(HEAVY)
    line = loaded_by("from confguard.cli import build_parser; build_parser('diff')")
    assert not line & (set(HEAVY) - {"sqlite3"})


@pytest.mark.parametrize("name", confguard.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(confguard, name)
    assert name in dir(confguard)
    if name != "__version__":
        assert inspect.getdoc(value)


def test_every_module_says_what_it_is_and_exports_what_there_is() -> None:
    for found in pkgutil.walk_packages(confguard.__path__, "confguard."):
        if found.name.endswith("__main__"):
            continue
        module = importlib.import_module(found.name)
        assert module.__doc__, found.name
        for name in getattr(module, "__all__", ()):
            assert hasattr(module, name), f"{found.name}.{name}"


def test_an_unknown_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        confguard.nonsense  # noqa: B018
