"""How many misconfigurations of the demo's login service are caught, as docs/how-to/drill.md tells.

python -m research.drill [--service] [OPTION OF THE COMMAND...]
    (in tests/; with `--service` it is run on each copy that nothing else stops, which takes minutes)
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from contextlib import redirect_stdout
from importlib.resources import files
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from confguard.cli import main

PROJECT = """[configs.auth]
files = ["auth.toml"]
schema = "confguard.demo.settings:AuthSettings"
"""
SERVICE = f"""probes = ["http://127.0.0.1:8917/healthz"]
monitors = [{{ url = "http://127.0.0.1:8917/metrics", baseline = 0.01 }}]
drill_service = ['{sys.executable}', "-m", "confguard.demo.rehearsal", "{{}}", "--port", "8917"]
"""


def drilled(what: str, words: list[str]) -> Any:
    """One drill, and its figures."""
    began, out = time.monotonic(), StringIO()
    with redirect_stdout(out):
        main(["drill", "auth", "--format", "json", *words])
    result = json.loads(out.getvalue())
    layers = Counter(each["caught_by"] for each in result["cases"])
    counts = ", ".join(f"{layer} {count}" for layer, count in layers.most_common())
    print(f"{what}: {result['caught']} of {result['tried']} ({result['share']:.1%}): {counts};", end=" ")
    print(f"{time.monotonic() - began:.0f} s", flush=True)
    return result


if __name__ == "__main__":
    words = sys.argv[1:]
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("auth.toml").write_bytes((files("confguard.demo") / "auth.toml").read_bytes())
        with_service = "--service" in words
        project = Path("confguard.toml")
        project.write_text(PROJECT + SERVICE * with_service)
        words = [word for word in words if word != "--service"]
        advice = drilled("as it is", words)["advice"]
        bounds = [each["paste"] for each in advice if each["kind"] == "bound"]
        project.write_text("\n\n".join([project.read_text(), *bounds]))
        drilled(f"with the {len(bounds)} bounds that it advised", words)
