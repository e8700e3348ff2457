"""Figures and names that pages give are those of the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import confguard as cg
from confguard.risk.rules import all_rules
from conftest import ROOT, incidents


def test_the_count_of_rules() -> None:
    """README says it in tens, so that one more rule is one more file; a release says what it had."""
    count = len(all_rules())
    assert f"more than {(count - 1) // 10 * 10} rules" in readme()
    of_a_release = re.findall(r"(\d+) rules", (ROOT / "CHANGELOG.md").read_text())
    assert of_a_release
    assert all(int(each) <= count for each in of_a_release)


def test_the_incidents_that_are_flagged() -> None:
    labels = [each["label"] for each in incidents()]
    flagged = [each["label"] for each in incidents() if is_flagged(each)]
    assert (
        f"of {len(labels)} reconstructed changes {_share(flagged.count('incident'), labels.count('incident'))} "
        f"incidents are flagged and {flagged.count('benign') or 'none'} of the {labels.count('benign')} look-alikes"
    ) in readme()


def _share(count: int, of: int) -> str:
    return f"all {of}" if count == of else f"{count} of the {of}"


def is_flagged(incident: dict[str, Any]) -> bool:
    sides = [cg.parse(incident[side], incident["format"]) for side in ("before", "after")]
    return cg.Policy().decide(cg.assess(cg.diff(*sides))) is not cg.Decision.ALLOW


def test_the_faults_that_were_survived() -> None:
    """README adds up what `make soak` wrote into its page, and says what the suite does itself."""
    counts: dict[str, int] = {}
    for fault, count, violations in _rows((ROOT / "docs/explanation/faults.md").read_text()):
        assert violations == 0
        kind = re.split(r"[:(]| from | in a byte", fault)[0].strip()
        counts[kind] = counts.get(kind, 0) + count
    errors = sum(counts[name] for name in ("ENOSPC", "EIO", "EDQUOT", "EINTR"))
    assert (
        f"nor did {counts['SIGKILL at a system call']:,} at single system calls, {errors:,} errors from them, "
        f"{counts['power lost, unsynced writes lost or reordered']:,} power failures replayed, "
        f"and {counts['a bit flipped']:,} flipped bits"
    ) in readme()
    kills = re.search(r'\["kills"\] == (\d+)', (ROOT / "tests/test_crash.py").read_text())
    assert kills
    assert f"{kills[1]} kills with SIGKILL in the middle of applies and reverts" in readme()


def _rows(page: str) -> list[tuple[str, int, int]]:
    table = re.search(r"(?s)<!-- table: begin -->(.*)<!-- table: end -->", page)
    assert table
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table[1].strip().splitlines()[2:]
    ]
    return [(fault, int(count.replace(",", "")), int(violations)) for fault, count, violations in cells]


def test_the_python_that_is_needed() -> None:
    least = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text())
    assert least
    assert f"Python {least[1]} or newer" in readme()


def test_every_figure_of_readme_is_asserted_or_of_the_story() -> None:
    """A claim with a figure that no test here, no example that runs and no line of the story gives is softened."""
    prose = re.sub(r"(?ms)^ *```.*?^ *```", "", (ROOT / "README.md").read_text())
    prose = re.sub(r"\]\([^)]*\)|`[^`]*`|\*\*\d\. ", "", prose)
    told = {
        "18",
        "2024",
        "85",
        "225",
        "3.11",
        "47",
        "24",
        "23",
        "200",
        str((len(all_rules()) - 1) // 10 * 10),
    }
    told |= set(re.findall(r"[\d,]*\d", re.search(r"nor\s+did.*?bits", prose, re.DOTALL)[0]))  # type: ignore[index]
    assert set(re.findall(r"\d[\d.,]*\d|\d", prose)) <= told


def readme() -> str:
    return " ".join((ROOT / "README.md").read_text().split())


def test_the_version_stands_once_everywhere() -> None:
    assert f'version = "{cg.__version__}"' in (ROOT / "pyproject.toml").read_text()
    assert f"## {cg.__version__}" in (ROOT / "CHANGELOG.md").read_text()


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


def test_the_house_is_as_contributing_says() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"`([a-z_]+)/`", page)) - {"tests", "docs", "examples"}
    assert named == {path.parent.name for path in ROOT.glob("src/confguard/*/__init__.py")}
    files = [*ROOT.glob("tests/*.py"), *ROOT.glob("src/confguard/**/*.py")]
    for file in re.findall(r"`((?:[a-z_]+/)*[a-z_]+\.py)`", page):
        assert any(path.as_posix().endswith(f"/{file}") for path in files), file


def test_modules_fit_in_the_head() -> None:
    long = {
        path.name: count
        for path in Path(ROOT, "src").rglob("*.py")
        if (count := len(path.read_text().splitlines())) > 440
    }
    assert not long
