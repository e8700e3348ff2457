"""`import confguard` stays cheap, and every public name is there, documented and true to its type stubs."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

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


@pytest.mark.slow
def test_what_is_not_used_is_not_loaded() -> None:
    used = loaded_by("import confguard as cg; cg.diff(cg.parse('a = 1', 'toml'), cg.parse('a = 2', 'toml'))")
    assert not used & set(HEAVY)
    line = loaded_by("from confguard.cli import build_parser; build_parser('diff')")
    assert not line & (set(HEAVY) - {"sqlite3"})


_MODEL = "from pydantic import BaseModel, SecretStr\nclass App(BaseModel):\n    size: int = 4\n"
_ATTRS = "import attrs\n@attrs.frozen\nclass App:\n    size: int = 4\n"
_FIELDS = "from confguard.fields import Duration, Port, Secret\n"
STARTS: dict[str, tuple[str, set[str]]] = {
    "pydantic": (_MODEL, {"attr", "cattrs", "confguard.paths", "confguard.secrets"}),
    "pydantic's secret": (f"{_MODEL}    key: SecretStr = SecretStr('x')\n", {"attr", "confguard.secrets"}),
    "only a secret": (
        f"from confguard.fields import Secret\n{_MODEL}    key: Secret = Secret('x')\n",
        {"attr", "confguard.paths", "confguard.secrets"},
    ),
    "secret": (f"{_FIELDS}{_MODEL}    key: Secret = Secret('x')\n", {"confguard.paths", "confguard.secrets"}),
    "port": (f"{_FIELDS}{_MODEL}    port: Port | None = Port(80)\n", {"confguard.secrets"}),
    "duration": (f"{_FIELDS}{_MODEL}    wait: Duration = Duration('2s')\n", {"confguard.secrets"}),
    "attrs": (_ATTRS, {"pydantic", "confguard.paths", "confguard.secrets"}),
    "attrs secret": (f"{_FIELDS}{_ATTRS}    key: Secret = Secret('x')\n", {"pydantic", "confguard.secrets"}),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("start", "form"), [*((start, "toml") for start in STARTS), ("pydantic", "yaml"), ("pydantic", "json")]
)
def test_a_service_that_starts_loads_no_more_than_it_needs(start: str, form: str, folder: Path) -> None:
    code, unneeded = STARTS[start]
    Path(f"app.{form}").write_text("size = 5\n" if form == "toml" else '{"size": 5}\n')
    loaded = loaded_by(f"import confguard as cg\n{code}assert cg.load(App, 'app.{form}').size == 5")
    of_schemas = {name for name in loaded if name.startswith("confguard.schema.")}
    assert not loaded & unneeded
    assert of_schemas <= {
        f"confguard.schema.{name}" for name in ("loading", "interface", "conversion", "structuring", "bounds")
    }


def test_the_face_is_small() -> None:
    assert len(confguard.__all__) <= 30


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
