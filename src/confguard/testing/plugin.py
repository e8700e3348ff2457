"""The pytest plugin: isolation, and the service's own tests under a candidate configuration.

`pytest --confguard-record` notes which test reads which setting. `pytest --confguard-candidate auth.new.toml`
then runs the tests that read what changes, and those that nothing is known of, with the candidate in place of the
file (Sun et al., *Testing configuration changes in context to prevent production failures*, OSDI 2020).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from confguard.testing.context import Record


RECORD = ".confguard-reads.json"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("confguard")
    group.addoption(
        "--confguard-record", action="store_true", help=f"note which test reads which setting, in {RECORD}"
    )
    group.addoption(
        "--confguard-candidate",
        metavar="[FILE=]CANDIDATE",
        help="run the tests that read what changes, with the candidate in place of the file (of the one that was "
        "read when it was recorded, unless it is named)",
    )


def pytest_configure(config: pytest.Config) -> None:
    candidate = config.getoption("--confguard-candidate")
    if not candidate and not config.getoption("--confguard-record"):
        return
    from confguard.testing.context import Record, Session

    try:
        record = Record.load(config.rootpath / RECORD)
        context = Session(record, _pair(str(candidate), record) if candidate else None)
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


def _pair(option: str, record: Record) -> tuple[Path, Path]:
    """The file, and what stands in for it."""
    file, separator, candidate = option.partition("=")
    if separator:
        return Path(file).resolve(), Path(candidate).resolve()
    suffix = Path(option).suffix
    alike = [read for read in record.files if Path(read).suffix == suffix]
    named = [read for read in alike if Path(option).name.startswith(Path(read).stem)]
    chosen = alike if len(alike) == 1 else named
    if len(chosen) != 1:
        read = ", ".join(record.files) or f"none: run --confguard-record first, or see to {record.file.name}"
        raise ValueError(
            f"which file does {option} stand in for? Say --confguard-candidate FILE={option} (files read: {read})"
        )
    return (record.file.parent / chosen[0]).resolve(), Path(option).resolve()
