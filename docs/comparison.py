"""Makes `explanation/comparison.md`: twenty pairs of configurations through four tools. Run by `make comparison`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import Any, NamedTuple

from deepdiff import DeepDiff
from jsondiff import JsonDiffer

import confguard as cg

PAGE = Path(__file__).parent / "explanation" / "comparison.md"
GRAPHTAGE = Path(sys.executable).with_name("graphtage")


class Pair(NamedTuple):
    """Two texts, and who tells the difference best."""

    title: str
    before: str
    after: str
    verdict: str
    format: str = "yaml"
    schema: Any = None


def typed() -> Any:
    """A schema for the pairs in which values are spelt otherwise."""
    from pydantic import BaseModel

    from confguard.fields import ByteSize, Duration, Network

    class Settings(BaseModel):
        timeout: Duration = Duration("1s")
        size: ByteSize = ByteSize("1Gi")
        allowed: Network = Network("10.0.0.0/8")

    return Settings


CONTAINERS = """\
containers:
- name: app
  image: app:1.0
  ports: [{containerPort: 80, protocol: TCP}]
- name: proxy
  image: proxy:2.0
- name: logs
  image: logs:3.0
"""
PAIRS = [
    Pair("A number", "pool: 64\n", "pool: 4\n", "All find it; only confguard says how much it is."),
    Pair(
        "A duration in another unit",
        "timeout: 2s\n",
        "timeout: 20ms\n",
        "graphtage shows it by characters, which hides that it is a hundred times less.",
    ),
    Pair(
        "The same amounts, spelt otherwise (with a schema)",
        "timeout: 60s\nsize: 1024Mi\nallowed: 10.0.0.0/255.0.0.0\n",
        "timeout: 1m\nsize: 1Gi\nallowed: 10.0.0.0/8\n",
        "Only confguard has schemas, and so only it knows that nothing changed.",
        schema=True,
    ),
    Pair(
        "A network that opens up (with a schema)",
        "allowed: 10.0.0.0/8\n",
        "allowed: 0.0.0.0/0\n",
        "`wider` is what matters here.",
        schema=True,
    ),
    Pair(
        "A number that became a text",
        "port: 8080\n",
        "port: '8080'\n",
        "deepdiff names both types, too; graphtage sees no change.",
    ),
    Pair(
        "1, 1.0 and true",
        "a: 1\nb: 1\n",
        "a: 1.0\nb: true\n",
        "confguard and deepdiff tell types apart; jsondiff and graphtage compare as Python does, and find nothing.",
    ),
    Pair("Not a number", "a: .nan\n", "a: .nan\n", "The same file twice: nothing, for all."),
    Pair("The order of keys", "a: 1\nb: 2\n", "b: 2\na: 1\n", "Nothing, for all."),
    Pair(
        "One element at the front",
        "hosts: [b, c, d]\n",
        "hosts: [a, b, c, d]\n",
        "All align the list.",
    ),
    Pair(
        "One edited in the middle",
        "hosts: [alpha, beta, gamma]\n",
        "hosts: [alpha, beta-2, gamma]\n",
        "graphtage shows which characters; jsondiff a removal and an insertion.",
    ),
    Pair(
        "A changed order",
        "hosts: [a, b, c, d]\n",
        "hosts: [d, a, b, c]\n",
        "One move says it best; the others tell a removal and an addition.",
    ),
    Pair(
        "An edit in a list of maps",
        CONTAINERS,
        CONTAINERS.replace("proxy:2.0", "proxy:2.1"),
        "By name, not by position: the path stays true when the list changes.",
    ),
    Pair(
        "An edit in a list of maps that was sorted",
        CONTAINERS,
        "containers:\n"
        + "".join(
            f"- {block}"
            for block in sorted(CONTAINERS.replace("proxy:2.0", "proxy:2.1").split("\n- ", 1)[1].split("- "))
        ),
        "Without keys, every element seems to have changed.",
    ),
    Pair(
        "Maps that two fields identify",
        "ports:\n- {containerPort: 53, protocol: UDP, x: 1}\n- {containerPort: 53, protocol: TCP, x: 1}\n",
        "ports:\n- {containerPort: 53, protocol: TCP, x: 2}\n- {containerPort: 53, protocol: UDP, x: 1}\n",
        "Kubernetes' list-map-keys, found without being told.",
    ),
    Pair(
        "A table under a new name",
        "db: {host: a, port: 5432, user: web}\n",
        "database: {host: a, port: 5432, user: web}\n",
        "graphtage sees the rename, too, and shows it well.",
    ),
    Pair(
        "A table that went elsewhere, with an edit",
        "db: {host: a, port: 5432, user: web}\nstores: {}\n",
        "stores:\n  db: {host: a, port: 6432, user: web}\n",
        "A removal and an addition hide the edit.",
    ),
    Pair(
        "Kubernetes manifests in another order",
        "kind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}\n---\n"
        "kind: Service\nmetadata: {name: web}\nspec: {port: 80}\n",
        "kind: Service\nmetadata: {name: web}\nspec: {port: 80}\n---\n"
        "kind: Deployment\nmetadata: {name: web}\nspec: {replicas: 0}\n",
        "By kind and name, whatever the order. By position, everything seems to have changed.",
    ),
    Pair(
        "A secret",
        "password: hunter2\n",
        "password: hunter3\n",
        "All others print it, to wherever their output goes.",
    ),
    Pair(
        "Long texts",
        'banner: "' + "welcome to the machine, " * 5 + 'friend"\n',
        'banner: "' + "welcome to the machine, " * 5 + 'stranger"\n',
        "confguard leaves out what both have in common; graphtage shows the whole text, and marks the characters.",
    ),
    Pair(
        "Everything at once",
        "a: 1\nb: [1, 2]\nc: {d: x}\n",
        "a: 2\nb: [2, 3]\ne: {f: y}\n",
        "Much the same from all of them.",
    ),
]


def main() -> None:
    """Write the page."""
    lines = [
        "# Twenty pairs, four tools",
        "",
        "The same pairs of files through deepdiff, jsondiff, graphtage and confguard, each as it is without options.",
        "`make comparison` runs the tools and writes this page; the remarks are ours. For speed: [Speed](speed.md).",
        "",
    ]
    for number, pair in enumerate(PAIRS, 1):
        lines += [f"## {number}. {pair.title}", ""]
        for text in (pair.before, pair.after):
            lines += ["```text", text.rstrip("\n"), "```", ""]
        for name, said in outputs(pair).items():
            lines += [f"{name}:", "", "```text", said or "(nothing)", "```", ""]
        lines += [pair.verdict, ""]
    PAGE.write_text("\n".join(lines).rstrip("\n") + "\n")


def outputs(pair: Pair) -> dict[str, str]:
    """What each tool says."""
    before, after = cg.parse(pair.before, pair.format), cg.parse(pair.after, pair.format)
    return {
        "confguard": str(cg.diff(before, after, typed() if pair.schema else None)),
        "deepdiff": short(DeepDiff(before.data, after.data).pretty()),
        "jsondiff": short(jsondiff(before.data, after.data)),
        "graphtage": short(graphtage(pair)),
    }


def jsondiff(before: Any, after: Any) -> str:
    """Its default syntax."""
    made = JsonDiffer().diff(before, after)
    return "" if made == {} else str(made)


def graphtage(pair: Pair) -> str:
    """Its terminal output, without colours; `++` and `~~` mark what came and went."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, f"{name}.{pair.format}") for name in ("a", "b")]
        for file, text in zip(files, (pair.before, pair.after), strict=True):
            file.write_text(text)
        command = [str(GRAPHTAGE), "--no-color", "--no-status", *map(str, files)]
        ended = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "COLUMNS": "80"},
        )
    said = re.sub(r"\x1b\[[0-9;]*m", "", ended.stdout)
    same = ended.returncode == 0
    return "" if same else "\n".join(line.rstrip() for line in said.strip("\n").splitlines())


def short(text: str, lines: int = 14) -> str:
    """Not more than a page can take."""
    found = [part for line in text.splitlines() for part in textwrap.wrap(line, 116, drop_whitespace=False)]
    return "\n".join(
        found[:lines] + ([f"... and {len(found) - lines} lines more"] if len(found) > lines else [])
    )


if __name__ == "__main__":
    main()
