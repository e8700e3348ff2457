"""The pytest plugin: isolation, and the service's own tests under a candidate configuration.

`pytest --confguard-record` notes which test reads which setting. `pytest --confguard-candidate auth.toml=new.toml`
then runs the tests that read what changes, and those that nothing is known of, with the candidate in place of the
file (Sun et al., *Testing configuration changes in context to prevent production failures*, OSDI 2020).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

__all__ = ["pytest_addoption", "pytest_configure"]

RECORD = ".confguard-reads.json"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("confguard")
    group.addoption(
        "--confguard-record", action="store_true", help=f"note which test reads which setting, in {RECORD}"
    )
    group.addoption(
        "--confguard-candidate",
        metavar="FILE=CANDIDATE",
        help="run the tests that read what changes, with the candidate in place of the file",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Start what was asked for."""
    candidate = config.getoption("--confguard-candidate")
    if not candidate and not config.getoption("--confguard-record"):
        return
    from confguard.testing.context import Context

    file, separator, replacement = str(candidate or "").partition("=")
    if candidate and not separator:
        raise pytest.UsageError("--confguard-candidate takes FILE=CANDIDATE: auth.toml=auth.new.toml")
    try:
        pair = (Path(file).resolve(), Path(replacement).resolve()) if candidate else None
        context = Context(config.rootpath / RECORD, pair)
    except Exception as error:
        raise pytest.UsageError(f"confguard: {error}") from error
    config.pluginmanager.register(_InContext(context), "confguard-context")
    context.install()
    config.add_cleanup(context.uninstall)


class _InContext:
    """The hooks that are only there when a context is."""

    def __init__(self, context: Any) -> None:
        self.context = context

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        chosen = [item for item in items if self.context.wants(item.nodeid)]
        left = [item for item in items if not self.context.wants(item.nodeid)]
        if left:
            config.hook.pytest_deselected(items=left)
            items[:] = chosen

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        with self.context.reading(item.nodeid):
            return (yield)

    def pytest_report_header(self) -> str:
        return str(self.context.about())

    def pytest_sessionfinish(self) -> None:
        self.context.save()


@pytest.fixture
def confguard_isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and no setting of confguard's in the environment."""
    import os

    for name in list(os.environ):
        if name.startswith("CONFGUARD_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def confguard_memory() -> Any:
    """`confguard.testing.memory_guard`: makes guards that live in memory."""
    from confguard.testing.helpers import memory_guard

    return memory_guard


def load_record(file: Path) -> dict[str, list[str]]:
    """What tests read, as it was noted; nothing where nothing was."""
    try:
        made: dict[str, list[str]] = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return made
