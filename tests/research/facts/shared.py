"""What all that reads facts shares: a clone of a repository, facts of one name from several places, and the file."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

FILES = Path(__file__).parents[3] / "src/confguard/risk/rules/programs"
Fact = dict[str, Any]
Facts = dict[str, Fact]


class Repository:
    """A bare clone."""

    def __init__(self, folder: Path, name: str) -> None:
        self._git = ["git", "-C", str(folder / name.replace("/", "+") / "repo")]
        self.commit = self._run("rev-parse", "--short=12", "HEAD").strip()
        self.url = f"https://github.com/{name}"

    def read(self, path: str) -> str:
        """The text of a file."""
        return self._run("show", f"HEAD:{path}")

    def paths(self, under: str, suffix: str) -> list[str]:
        """The files below a folder."""
        listed = self._run("ls-tree", "-r", "--name-only", "HEAD", under).splitlines()
        return [each for each in listed if each.endswith(suffix)]

    def at(self, path: str) -> str:
        """The address of a file as it was read."""
        return f"{self.url}/blob/{self.commit}/{path}"

    def _run(self, *words: str) -> str:
        return subprocess.run([*self._git, *words], capture_output=True, check=True, text=True).stdout


def merged(facts: Iterable[tuple[str, Fact]]) -> Facts:
    """Facts by name; what is said differently in two places is left out."""
    known: Facts = {}
    for name, fact in facts:
        others = known.get(name, fact)
        known[name] = {key: value for key, value in fact.items() if others.get(key) == value}
    return {name: fact for name, fact in sorted(known.items()) if fact}


def write(name: str, stated: dict[str, Any]) -> None:
    """One setting a line."""
    lines = ",\n".join(
        f"    {json.dumps(key)}: {json.dumps(fact)}" for key, fact in stated["settings"].items()
    )
    head = ",\n".join(
        f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in stated.items() if key != "settings"
    )
    text = f'{{\n{head},\n  "settings": {{\n{lines}\n  }}\n}}\n'
    (FILES / f"{name}.json").write_text(text)
    print(f"{name}: {len(stated['settings'])} settings, {len(text) // 1024} KiB")
