"""Finding a repository's configuration files, and writing the project file that names them."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from confguard import git
from confguard.documents.registry import detect_format
from confguard.errors import DocumentError

__all__ = ["find_configs", "project_text"]

_MOST = 200
_DEPTH = 6
_NOT_SETTINGS = re.compile(
    r"(package(-lock)?|composer|tsconfig.*|jsconfig.*|deno|renovate|manifest|.*\.schema)\.json|.*\.lock"
    r"|pyproject\.toml|cargo\.toml|confguard\.toml|setup\.cfg|tox\.ini|pytest\.ini|mypy\.ini|mkdocs\.yml"
    r"|(pnpm-lock|docker-compose\.override)\.ya?ml|\..*\.(ya?ml|json|toml|ini|cfg)|codecov\.ya?ml"
)
_NOT_FOLDERS = re.compile(r"\..*|node_modules|vendor|venv|site-packages|__pycache__|dist|build|tests?|docs")


def find_configs(root: Path) -> dict[str, list[str]]:
    """Names for the configuration files below a folder: those git knows, or all where there is no git."""
    named: dict[str, list[str]] = {}
    for file in sorted(filter(_is_config, git.tracked(root) or _walked(root)))[:_MOST]:
        named[_name(file, named)] = [file]
    return named


def project_text(configs: dict[str, list[str]]) -> str:
    """The text of a project file."""
    lines = [
        "# confguard: what is guarded, and how. All paths are relative to this file.",
        'store = "sqlite:///confguard.db"',
        "",
        "[policy]",
        "review = 50   # from this score on, a change needs a review",
        "block = 75    # from this score on, it is blocked",
    ]
    for name, files in configs.items():
        key = name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)
        lines += ["", f"[configs.{key}]", f"files = [{', '.join(map(_quoted, files))}]"]
        lines += [
            '# schema = "app.settings:Model"     # a pydantic model, attrs class or dataclass',
            '# targets = ["/etc/app/live.toml"]  # files that shall hold the head',
            '# impact = "high"                   # how much depends on it',
            '# owners = ["team"]',
        ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)


def _walked(root: Path) -> list[str]:
    found: list[str] = []
    folders = [root]
    while folders and len(found) < _MOST:
        try:
            entries = sorted(folders.pop().iterdir())
        except OSError:
            continue
        for entry in entries:
            if entry.is_dir() and not entry.is_symlink():
                if not _NOT_FOLDERS.fullmatch(entry.name) and len(entry.relative_to(root).parts) < _DEPTH:
                    folders.append(entry)
            elif entry.is_file():
                found.append(entry.relative_to(root).as_posix())
    return found


def _is_config(file: str) -> bool:
    path = PurePosixPath(file)
    if _NOT_SETTINGS.fullmatch(path.name.lower()) or any(
        _NOT_FOLDERS.fullmatch(part) for part in path.parts[:-1]
    ):
        return False
    try:
        detect_format(path.name)
    except DocumentError:
        return False
    return True


def _name(file: str, taken: dict[str, list[str]]) -> str:
    """A short name that is not taken: the stem, else with as many folders as it needs."""
    path = PurePosixPath(file)
    stem = path.stem.lstrip(".") or path.name.lstrip(".")
    parts = [*path.parts[:-1], stem]
    for count in range(1, len(parts) + 1):
        name = "-".join(parts[-count:])
        if name not in taken:
            return name
    return file
