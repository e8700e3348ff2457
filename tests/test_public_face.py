"""README, docs and examples import from the public packages only, and only what those list."""

from __future__ import annotations

import ast
import doctest
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from conftest import ROOT

PUBLIC = {
    "confguard",
    "confguard.fields",
    "confguard.errors",
    "confguard.stores",
    "confguard.targets",
    "confguard.rollout",
    "confguard.notify",
    "confguard.risk.rules",
    "confguard.testing",
}
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("examples/**/*.md"))]
PROGRAMS = sorted(ROOT.glob("examples/**/*.py"))
_BLOCK = re.compile(r"(?ms)^(?P<indent> *)```(?P<language>\w+)[^\n]*\n(?P<body>.*?)^(?P=indent)```")
_ONE_LINER = re.compile(r"python3? -c (?P<quote>['\"])(?P<code>.*?)(?P=quote)", re.DOTALL)
_SCHEMA = re.compile(r"(?:schema = |--schema )\"?(confguard[\w.]*):")


def programs(page: Path) -> Iterator[str]:
    """The Python of a page: blocks, with prompts and without, and what is given to `python -c`."""
    text = page.read_text()
    for block in _BLOCK.finditer(text):
        body = block["body"]
        if block["language"] == "python":
            has_prompts = body.lstrip().startswith(">>>")
            yield (
                "".join(each.source for each in doctest.DocTestParser().get_examples(body))
                if has_prompts
                else body
            )
    yield from (found["code"] for found in _ONE_LINER.finditer(text))


def used(program: str) -> Iterator[tuple[str, str | None]]:
    """The packages of confguard that a program imports from, each with a name that it takes from there."""
    tree = ast.parse(program)
    aliases = {"cg": "confguard"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "confguard":
            yield from ((node.module or "", name.name) for name in node.names)
        elif isinstance(node, ast.Import):
            for name in node.names:
                if name.name.split(".")[0] == "confguard":
                    aliases[name.asname or "confguard"] = name.name if name.asname else "confguard"
                    yield name.name, None
        elif (
            isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases
        ):
            yield aliases[node.value.id], node.attr
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
            inner = node.value  # cg.diff.x: of a function, or of a package that is not public
            if isinstance(inner.value, ast.Name) and inner.value.id in aliases and inner.attr.islower():
                yield f"{aliases[inner.value.id]}.{inner.attr}", node.attr


@pytest.mark.parametrize("page", [*PAGES, *PROGRAMS], ids=lambda page: str(page.relative_to(ROOT)))
def test_what_is_shown_is_public(page: Path) -> None:
    shown = [page.read_text()] if page.suffix == ".py" else programs(page)
    strangers = {
        f"{package}: {name}"
        for program in shown
        for package, name in used(program)
        if package not in PUBLIC or (name and name not in import_module(package).__all__)
    }
    strangers |= {f"schema {module}" for module in _SCHEMA.findall(page.read_text()) if module not in PUBLIC}
    assert not strangers


def test_pages_name_the_public_packages() -> None:
    for page in ("README.md", "docs/reference/api.md"):
        named = set(re.findall(r"`(confguard(?:\.[a-z]+)*)`", (ROOT / page).read_text()))
        assert named >= PUBLIC, page


@pytest.mark.parametrize("package", sorted(PUBLIC))
def test_what_a_package_lists_is_there_and_told(package: str) -> None:
    module = import_module(package)
    assert len(module.__all__) == len(set(module.__all__))
    untold = [
        name
        for name in module.__all__
        if isinstance(given := getattr(module, name), type) and not given.__doc__
    ]
    assert not untold


def test_what_the_reference_describes_can_be_imported() -> None:
    page = (ROOT / "docs/reference/api.md").read_text()
    blocks = re.findall(r"(?m)^::: (\S+)(?:\n    options: \{ members: \[([^]]*)\])?", page)
    described = {
        name
        for whole, members in blocks
        for name in (members.split(", ") if members else [whole.split(".")[-1]])
    }
    public = {name for name in described for home in PUBLIC if hasattr(import_module(home), name)}
    assert described - public == {"Factor", "Event", "Format"}
