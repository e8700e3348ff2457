"""How many misconfigurations of the demo's login service are caught, as docs/how-to/drill.md tells.

python -m research.drill
    (in tests/)
"""

from __future__ import annotations

import sys
from importlib.resources import files

from confguard.cli import main

if __name__ == "__main__":
    settings = str(files("confguard.demo") / "auth.toml")
    sys.exit(main(["drill", settings, "--schema", "confguard.demo.settings:AuthSettings"]))
