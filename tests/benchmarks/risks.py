"""Assessing changes: in a running process, as the hook, and over a history."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import confguard as cg
from confguard.risk.backtest import backtest

from .measure import Row, best, best_of_each, compare, process

_KUBERNETES = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web-{n}, labels: {{app: web}}}}
spec:
  replicas: {replicas}
  template:
    spec:
      containers:
      - name: app
        image: web:1.{n}
        resources: {{requests: {{cpu: 500m, memory: 512Mi}}, limits: {{cpu: "2", memory: 1Gi}}}}
        env: [{{name: DB_POOL, value: "{pool}"}}, {{name: LOG_LEVEL, value: info}}]
        readinessProbe: {{httpGet: {{path: /ready, port: 8080}}, periodSeconds: 10, timeoutSeconds: 3}}
"""


def bench_assess() -> list[Row]:
    """Five files in a process that runs already."""
    texts = [
        (_KUBERNETES.format(n=n, replicas=3, pool=50), _KUBERNETES.format(n=n, replicas=4, pool=5))
        for n in range(5)
    ]

    def parsed() -> list[tuple[cg.Document, cg.Document]]:
        return [(cg.parse(one, "yaml"), cg.parse(two, "yaml")) for one, two in texts]

    def assessed() -> None:
        for before, after in parsed():
            cg.assess(cg.diff(before, after))

    assessed()
    floor, ours = best_of_each(parsed, assessed, runs=10)
    return [compare("assess a change of 5 files, with findings", ours, floor, "parsing them")]


def bench_hook() -> list[Row]:
    """The hook as a whole process, on a commit of five files."""
    with tempfile.TemporaryDirectory() as folder:

        def git(*arguments: str) -> None:
            subprocess.run(
                ["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@b", *arguments], check=True
            )

        git("init", "-q")
        names = [f"web{n}.yaml" for n in range(5)]
        for n, name in enumerate(names):
            Path(folder, name).write_text(_KUBERNETES.format(n=n, replicas=3, pool=50))
        git("add", ".")
        git("commit", "-qm", "one")
        for n, name in enumerate(names):
            Path(folder, name).write_text(_KUBERNETES.format(n=n, replicas=4, pool=60))
        git("add", ".")
        floor, ours = best_of_each(
            process("-c", "pass"), process("-m", "confguard.hooks.pre_commit", *names, cwd=folder), runs=8
        )
    return [compare("the hook on a commit of 5 files, whole process", ours, floor, "a bare interpreter")]


def bench_backtest() -> list[Row]:
    """A history made for it: changes a second, on all cores."""
    with tempfile.TemporaryDirectory() as folder:
        stream = bytearray()
        for n in range(2_000):
            text = _KUBERNETES.format(n=n // 3, replicas=3 + n % 5, pool=50 + n % 7).encode()
            at = 1_700_000_000 + n * 3600
            stream += b"commit refs/heads/main\n"
            stream += f"committer a <a@b> {at} +0000\ndata 7\ntune it\n".encode()
            stream += f"M 100644 inline web{n % 20}.yaml\ndata {len(text)}\n".encode() + text + b"\n"
        subprocess.run(["git", "init", "-q", "-b", "main", folder], check=True)
        subprocess.run(["git", "-C", folder, "fast-import", "--quiet"], input=bytes(stream), check=True)
        spent = best(lambda: backtest(Path(folder)), 1)
    print(f"backtest: {2_000 / spent:,.0f} changes a second on {os.cpu_count()} cores", flush=True)
    print(f"  so 10,000 changes of files of this size take {10_000 * spent / 2_000:.0f} s", flush=True)
    return [{"what": "backtest, 2,000 changes", "ms": spent * 1000, "python": sys.version.split()[0]}]
