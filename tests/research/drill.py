"""Which layer catches how many misconfigurations of the demo's login service, as docs/how-to/drill.md tells.

Its policy and schema, and its probe and monitor on the service that runs with the wrong settings; without the advice of
the drill, and with its bounds pasted into the project file.

python -m research.drill
    (in tests/)
"""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import time
from collections import Counter
from importlib.resources import files
from pathlib import Path

from confguard.drill import Drill
from confguard.testing import drill

WATCH = "400ms"
PROJECT = """
[configs.auth]
files = ["auth.toml"]
schema = "confguard.demo.settings:AuthSettings"
probes = ["http://127.0.0.1:{port}/healthz"]
monitors = [{{ url = "http://127.0.0.1:{port}/logins", baseline = 0.01 }}]
drill_service = ["{python}", "-m", "confguard.demo.serving", "{{}}", "--port", "{port}"]
"""


def measured(title: str) -> Drill:
    """Drill, and say what came of it."""
    began = time.monotonic()
    result = drill("auth.toml", limit=1000, watch=WATCH)
    layers = Counter(each.caught_by for each in result.cases)
    print(f"{title}: {result.caught} of {result.tried} caught ({result.share:.1%})")
    print(f"  in {time.monotonic() - began:.0f} s, each service watched for {WATCH}")
    for layer, count in layers.most_common():
        print(f"  {layer:20} {count:4} {count / result.tried:6.1%}")
    return result


def main() -> None:
    """Both, in a folder of their own."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("auth.toml").write_bytes(files("confguard.demo").joinpath("auth.toml").read_bytes())
        project = Path("confguard.toml")
        project.write_text(PROJECT.format(port=port, python=sys.executable))
        first = measured("without the advice")
        bounds = [each.paste for each in first.advice if each.kind == "bound"]
        project.write_text(project.read_text() + "\n" + "\n\n".join(bounds) + "\n")
        measured(f"with its {len(bounds)} bounds")


if __name__ == "__main__":
    main()
