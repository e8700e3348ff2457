"""Runs every code block of the README and of docs/: Python, consoles, and files that a title names.

- ```` ```python ````: executed, one namespace a page; with `>>>` prompts, outputs are compared.
- ```` ```console ````: each line after `$` is run by bash in the page's folder, and its output compared
  (`...` stands for anything). A line after `> ` belongs to the command before.
- ```` ```toml title="auth.toml" ````: written as that file; any language will do. Without a title: parsed.
- ```` ```text ````: shown, not run, unless a title makes it a file.
- ```` ```sql ```` and ```` ```bash ````: what PostgreSQL and etcd are told; `tests/test_fleet.py` tells them.
"""

from __future__ import annotations

import doctest
import gc
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sybil import Document, Example, Region, Sybil
from sybil.integration.pytest import SybilItem

import confguard as cg

ROOT = Path(__file__).parent
collect_ignore = ["tests/fuzz.py"]  # needs atheris: `make fuzz` brings it
_BLOCK = re.compile(
    r"^(?P<indent>[ ]*)```(?P<language>\w+)(?:[ ]+title=\"(?P<title>[^\"]+)\")?[^\n]*\n"
    r"(?P<body>.*?)^(?P=indent)```[ ]*$",
    re.MULTILINE | re.DOTALL,
)
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
_SEED = os.environ.setdefault("CONFGUARD_PAGES", str(random.randrange(10_000)))  # one for all processes
_CI = ("CI", "BUILD_NUMBER")  # by which pytest knows a CI, and says more there than the pages show


settings.register_profile("pages", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("pages")  # a page must not fail because the machine is busy


def blocks(document: Document) -> Iterable[Region]:
    """Every fenced block of a page."""
    for found in _BLOCK.finditer(document.text):
        body = textwrap.dedent(found["body"])
        if found["language"] != "text" or found["title"]:
            yield Region(found.start(), found.end(), (found["language"], found["title"], body), evaluate)


def evaluate(example: Example) -> str | None:
    """Run one block; what is wrong with it, if anything."""
    language, title, body = example.parsed
    if title:
        Path(title).parent.mkdir(parents=True, exist_ok=True)
        Path(title).write_text(body)
        return None
    if language == "python":
        return _python(body, example)
    if language == "console":
        return _console(body)
    if language in ("bash", "sql"):  # tests/test_fleet.py runs them, against real servers
        return None
    cg.parse(body, language)
    return None


def _python(body: str, example: Example) -> str | None:
    if not body.lstrip().startswith(">>>"):
        exec(compile("\n" * example.line + body, example.path, "exec", dont_inherit=True), example.namespace)
        return None
    test = doctest.DocTestParser().get_doctest(body, example.namespace, "block", example.path, example.line)
    said: list[str] = []
    doctest.DocTestRunner(optionflags=_FLAGS).run(test, out=said.append, clear_globs=False)
    example.namespace.update(test.globs)
    return "".join(said) or None


def _console(body: str) -> str | None:
    for step in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        lines = step.splitlines(keepends=True)
        command = lines[0]
        for line in lines[1:]:
            if not command.endswith("\\\n") and not line.startswith("> "):
                break
            command += line.removeprefix("> ")
        expected = "".join(lines[command.count("\n") :])
        found = _run(command.strip())
        if not doctest.OutputChecker().check_output(expected or "...", found, _FLAGS):
            return f"$ {command}expected:\n{expected}\nfound:\n{found}"
    return None


def _run(command: str) -> str:
    """What a command prints; what would take minutes or change the machine is looked up instead."""
    if command.startswith("make "):
        command = f"make -C {ROOT} -n {command.removeprefix('make ')} >/dev/null"
    elif command.startswith("python3 -m venv "):
        command = "python3 -m venv --help >/dev/null"
    elif command == "confguard demo":
        command = "confguard demo --help >/dev/null"
    elif command.startswith("pip install "):
        command = f"grep -q '^demo = ' {ROOT}/pyproject.toml"
    ended = subprocess.run(
        ["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120
    )
    if ended.returncode and "echo $?" not in command and not ended.stdout:
        return f"ended with {ended.returncode}, silently"
    return ended.stdout


def enter(namespace: dict[str, object]) -> None:
    """A folder of its own for each page, with the environment's programs first on the path."""
    names = ("PATH", "NO_COLOR", "GIT_CONFIG_GLOBAL", "PRE_COMMIT_HOME", "COLUMNS", *_CI)
    folder = tempfile.mkdtemp(prefix="confguard-docs-")
    before = {name: os.environ.get(name) for name in names}
    namespace["_before"] = (folder, Path.cwd(), before, list(sys.path))
    identity = Path(folder, ".identity")
    identity.write_text("[user]\nname = Ana\nemail = ana@example.com\n[init]\ndefaultBranch = main\n")
    for name in _CI:
        os.environ.pop(name, None)
    os.environ |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "NO_COLOR": "1",
        "COLUMNS": "80",
        "GIT_CONFIG_GLOBAL": str(identity),
    }
    os.chdir(folder)
    sys.path.insert(0, folder)


def leave(namespace: dict[str, object]) -> None:
    """Back to where we were; the page's own folder goes, and no other: this may be called again after an error."""
    folder, before, environment, path = namespace["_before"]  # type: ignore[misc]
    os.chdir(before)
    sys.path[:] = path
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(folder):
            del sys.modules[name]  # another page has a `settings` of its own
    for name, value in environment.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    shutil.rmtree(folder, ignore_errors=True)


def pytest_collection_finish() -> None:
    """What was collected stays until the end: the collector need not look through it while tests run."""
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How to see a failure again."""
    if terminalreporter.stats.get("failed"):
        terminalreporter.write_line(f"pages ran in the order of CONFGUARD_PAGES={_SEED}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Pages run in another order each time, their blocks in that of the page: no page may need another.

    Those that show commands start a process for each, are slow, and show the same with any Python; the README is asked
    in the inner loop, too.
    """
    pages: dict[Path, list[pytest.Item]] = {}
    others = []
    for item in items:
        is_page = isinstance(item, SybilItem)
        (pages.setdefault(item.path, []) if is_page else others).append(item)
    for page, blocks_of_page in pages.items():
        if page.name != "README.md" and "```console" in page.read_text():
            for item in blocks_of_page:
                item.add_marker(pytest.mark.slow)
                item.add_marker(pytest.mark.once)
    order = sorted(pages)
    random.Random(_SEED).shuffle(order)
    items[:] = [*others, *(item for page in order for item in pages[page])]


pytest_collect_file = Sybil(
    parsers=[blocks], patterns=["README.md", "docs/*.md", "docs/**/*.md"], setup=enter, teardown=leave
).pytest()
