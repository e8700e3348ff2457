"""A worker with layers and secrets:

    python examples/worker/worker.py

The lowest layer first, later ones win: the base, production, mounted secrets, the environment.
"""

import os
from pathlib import Path

from settings import Worker

import confguard as cg

HERE = Path(__file__).parent


def sources(profile: str, environ: dict[str, str]) -> list[object]:
    """Where settings come from; in life `environ` is left out, and `secrets` is `/run/secrets`."""
    return [
        HERE / "worker.toml",
        cg.Profile(HERE / "worker.toml", profile),
        cg.SecretFiles(HERE / "secrets"),
        cg.Env("WORKER_", environ=environ),
    ]


def main() -> None:
    """Load, say where each value is from, and refuse what is wrong."""
    environ = {"WORKER_PAUSE": "250ms"} | dict(os.environ)
    layers = sources("production", environ)
    worker = cg.load(Worker, *layers)
    print(f"works on {worker.batch} jobs of {worker.database.host} every {worker.pause}\n")
    print("Where each value is from (a secret is never shown):\n")
    print(cg.explain(Worker, *layers))

    print("\nA variable that does not fit is refused at the start, by its name:\n")
    try:
        cg.load(Worker, *sources("production", {"WORKER_BATCH": "0"}))
    except cg.ValidationError as error:
        print(error)


if __name__ == "__main__":
    main()
