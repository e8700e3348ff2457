"""`init`: finding a folder's configuration files, and writing the project file that names them."""

from __future__ import annotations

import glob
import itertools
import json
import os
import re
import shlex
import sys
from argparse import Namespace
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from attrs import frozen

from confguard import git
from confguard.cli.here import find_project
from confguard.cli.options import Commands, flag
from confguard.cli.output import say
from confguard.documents.document import read
from confguard.documents.registry import is_configuration
from confguard.errors import ConfguardError, DocumentError, harmless
from confguard.project import FILE_NAME, Project, load_project
from confguard.project.guards import guard_of
from confguard.risk.policy import Decision
from confguard.texts import amount

_MOST = 200
_DEPTH = 6
_NOT_SETTINGS = re.compile(
    r"(package(-lock)?|composer|tsconfig.*|jsconfig.*|deno|renovate|manifest|.*\.schema)\.json|.*\.lock"
    r"|pyproject\.toml|cargo\.toml|confguard\.toml|setup\.cfg|tox\.ini|pytest\.ini|mypy\.ini|mkdocs\.yml"
    r"|(pnpm-lock|docker-compose\.override)\.ya?ml|\..*\.(ya?ml|json|toml|ini|cfg)|codecov\.ya?ml"
)
_NOT_FOLDERS = re.compile(r"\..*|node_modules|vendor|venv|site-packages|__pycache__|dist|build|tests?|docs")
_REASON = "imported by confguard init"

_HEAD = """\
# confguard: what is guarded, and how. Paths are relative to this file.

# Where revisions are kept, with all that the files hold, secrets too: keep it out of git.
store = "sqlite:///confguard.db"

[policy]
review = 50   # from this score on, a change needs a review
block = 75    # from this score on, it is blocked

# Each config has a name, and says
#   files     where it is edited: the hook and CI judge them, `confguard apply NAME` reads them
#   targets   where it takes effect: the files that the service reads. `apply` and `revert` write them, and nobody
#             else should: what somebody else writes there is drift. So a target is not one of the files.
#             Without targets the head is in the store alone, where `cg.Live` of a service reads it.
#   reload    how the service is told: ["a", "command"], a URL, { systemd = "..." } or { pid_file, signal }
#   schema    what it may hold: "module:Class", a pydantic model, attrs class or dataclass
#   impact    how much depends on it: "low", "medium", "high" or "critical"
#   owners    who to ask
"""
_NONE_FOUND = """\

# Nothing here looks like a config yet. Once there is one:
#
# [configs.auth]
# files = ["auth.toml"]
# targets = ["live/auth.toml"]
"""


@frozen
class Found:
    """What a folder holds."""

    configs: Mapping[str, str]
    """Files that can be read, by the name that each is given."""
    left_out: Mapping[str, str]
    """Files that look like configs and are none that can be guarded, each with the reason."""


def register(commands: Commands) -> None:
    command = commands.add(
        "init", init, "confguard init --import", exits="0 done, 2 cannot run, or a file could not be imported"
    )
    flag(command, "--dry-run", "print it, write nothing")
    about = "make what the files hold the first revisions (at a terminal, you are asked)"
    flag(command, "--import", about, dest="take_in")


def init(args: Namespace) -> int:
    file = Path(FILE_NAME)
    if not args.dry_run:
        _refuse_a_second(file)
    configs = find_configs(Path.cwd())
    text = project_text(configs.configs)
    if args.dry_run:
        say(args.format, {"file": str(file), "text": text}, lambda: text.rstrip("\n"))
        return 0
    above = _project_above()
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfguardError(f"{file}: cannot be written: {error.strerror}") from error
    imported: list[str] = []
    errors: dict[str, str] = {}
    if configs.configs and (args.take_in or _agreed(args.format, len(configs.configs))):
        imported, errors = _imported(load_project(file), configs.configs)
    data = {
        "file": str(file),
        "configs": {name: [path] for name, path in configs.configs.items()},
        "left_out": dict(configs.left_out),
        "imported": imported,
        "errors": errors,
    }
    say(args.format, data, lambda: _summary(configs, imported, errors, above))
    return 2 if errors else 0


def find_configs(root: Path) -> Found:
    """The configuration files below a folder that can be read: what git ignores is none of them."""
    known = git.not_ignored(root)
    files = sorted(filter(_is_config, _walked(root) if known is None else known))
    left_out = dict.fromkeys(files[_MOST:], f"more than {_MOST} files")
    readable = []
    for file in files[:_MOST]:
        why = _unreadable(root, file)
        if why is None:
            readable.append(file)
        elif why:
            left_out[harmless(file)] = why
    return Found(_named(readable), left_out)


def project_text(configs: Mapping[str, str]) -> str:
    lines = [_HEAD if configs else _HEAD + _NONE_FOUND]
    for name, file in configs.items():
        key = name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)
        path = PurePosixPath(file)
        live = path.with_name(f"{path.stem}.live{path.suffix}")
        lines += [
            f"[configs.{key}]",
            f"files = [{_quoted(glob.escape(file))}]",
            f"# targets = [{_quoted(str(live))}]",
            "",
        ]
    return "\n".join(lines).rstrip() + "\n"


def _refuse_a_second(file: Path) -> None:
    holder = file
    with suppress(OSError, UnicodeDecodeError):
        if re.search(r"^\s*\[+\s*tool\.confguard\b", Path("pyproject.toml").read_text("utf-8"), re.MULTILINE):
            holder = Path("pyproject.toml")
    if file.exists() or holder != file:
        what = "exists already" if holder == file else "holds [tool.confguard] already"
        again = "delete it" if holder == file else "take that table out"
        hint = f"{again} to begin anew; --dry-run prints what would be written"
        raise ConfguardError(f"{holder} {what}", hint=hint)


def _project_above() -> Project | None:
    """The project that held here until now, where it is a folder above."""
    with suppress(ConfguardError):
        project = find_project()
        return project if project and project.root in Path.cwd().parents else None
    return None


def _agreed(format: str, count: int) -> bool:
    """Whether somebody at a terminal wants the import; nobody is asked elsewhere, and nothing is imported."""
    if format != "text" or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    several = f"what the {count} files hold as first revisions"
    print(
        f"Import {'what is there as its first revision' if count == 1 else several}? [y/N] ",
        end="",
        flush=True,
    )
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _imported(project: Project, configs: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """The configs whose first revision was made, and why that of others was not.

    What is there is in force already: no policy blocks it.
    """
    imported: list[str] = []
    errors: dict[str, str] = {}
    for name in configs:
        try:
            with guard_of(project, name) as guard:
                if guard.head() is None:
                    plan = guard.plan(project.source_of(name), reason=_REASON)
                    guard.apply(plan, override=None if plan.decision == Decision.ALLOW else _REASON)
                    imported.append(name)
        except ConfguardError as error:
            errors[name] = str(error)
    return imported, errors


def _summary(configs: Found, imported: list[str], errors: Mapping[str, str], above: Project | None) -> str:
    count = len(configs.configs)
    lines = [f"wrote {FILE_NAME} with {amount(count, 'config')}"]
    lines += [f"  {name}: {file}" for name, file in configs.configs.items()]
    lines += [f"left out {file}: {why}" for file, why in configs.left_out.items()]
    lines += [f"note: {above.file} no longer holds in this folder"] if above else []
    lines += [f"not imported: {name}: {why}" for name, why in errors.items()]
    if imported:
        lines.append(f"imported: {', '.join(imported)}")
        repair = f"confguard drift {shlex.quote(imported[0])} --repair"
        lines.append(f"next: name the targets in {FILE_NAME}, then write them: {repair}")
    elif configs.configs:
        name = shlex.quote(next(iter(configs.configs)))
        lines.append(f"next: name the targets in {FILE_NAME}, then import what is there:")
        lines.append(f'  confguard apply {name} --reason "as it is"')
    else:
        lines.append(f"next: name a config in {FILE_NAME}")
    return "\n".join(lines)


def _unreadable(root: Path, file: str) -> str | None:
    """Why a file cannot be guarded; nothing said where it is not there, and None where it can be."""
    if not (root / file).is_file():
        return ""
    try:
        file.encode()
        read(root / file)
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    except DocumentError as error:
        return str(error).removeprefix(f"{root / file}:").removeprefix(f"{file}:").strip()
    return None


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _walked(root: Path) -> list[str]:
    paths: list[str] = []
    for folder, folders, files in os.walk(root):
        below = Path(folder).relative_to(root)
        deep = len(below.parts) >= _DEPTH - 1
        folders[:] = [] if deep else [name for name in folders if not _NOT_FOLDERS.fullmatch(name)]
        paths += filter(_is_config, ((below / file).as_posix() for file in files))
        if len(paths) >= _MOST:
            break
    return paths


def _is_config(file: str) -> bool:
    path = PurePosixPath(file)
    hidden = any(map(_NOT_FOLDERS.fullmatch, path.parts[:-1]))
    return not (hidden or _NOT_SETTINGS.fullmatch(path.name.lower())) and is_configuration(path.name)


def _named(files: Iterable[str]) -> dict[str, str]:
    """A name for each file: its stem, behind as many of its folders as tell it from the others of that stem."""
    parts = {file: _parts(file) for file in files}
    named: dict[str, str] = {}
    for file, own in parts.items():
        peers = [other for other in parts.values() if other[-1] == own[-1]]
        count = 1
        while count < len(own) and sum(other[-count:] == own[-count:] for other in peers) > 1:
            count += 1
        name = "-".join(own[-count:])
        numbered = (f"{name}-{number}" for number in itertools.count(2))
        named[name if name not in named else next(each for each in numbered if each not in named)] = file
    return named


def _parts(file: str) -> list[str]:
    path = PurePosixPath(file)
    stem = path.name.strip(".") if path.name.startswith(".") else path.stem
    return [re.sub(r"[^\w-]+", "-", part).strip("-") or "config" for part in (*path.parts[:-1], stem)]
