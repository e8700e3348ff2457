"""Figures and names that pages give are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

import confguard
from confguard.risk.rules import all_rules
from conftest import ROOT, incidents


def test_the_count_of_rules() -> None:
    for page in ("README.md", "CHANGELOG.md"):
        assert f"{len(all_rules())} rules" in (ROOT / page).read_text(), page


def test_the_count_of_incidents() -> None:
    labels = [each["label"] for each in incidents()]
    bad, benign = labels.count("incident"), labels.count("benign")
    said = " ".join((ROOT / "README.md").read_text().split())
    assert (
        f"of {len(labels)} reconstructed changes all {bad} incidents are flagged and none of the {benign}"
        in said
    )


def test_the_version_stands_once_everywhere() -> None:
    assert f'version = "{confguard.__version__}"' in (ROOT / "pyproject.toml").read_text()
    assert f"## {confguard.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_hook_definition_names_a_program_that_is_installed() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert [hook["id"] for hook in hooks] == ["confguard", "confguard-check"]
    for hook in hooks:
        program = hook["entry"].split()[0]
        assert f"{program} = " in (ROOT / "pyproject.toml").read_text()
        pattern = re.compile(hook["files"])
        for name in ("a.toml", "x/b.yml", ".env", "deploy/.env.production", "my.cnf", "c.json"):
            assert pattern.search(name), name
        assert not pattern.search("script.py")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_links_lead_somewhere(page: str) -> None:
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", (ROOT / page).read_text()):
        assert link.startswith("http") or (ROOT / link).exists(), link


def test_modules_fit_in_the_head() -> None:
    long = {
        path.name: count
        for path in Path(ROOT, "src").rglob("*.py")
        if (count := len(path.read_text().splitlines())) > 440
    }
    assert not long
