"""The project file: `confguard.toml`, or `[tool.confguard]` in `pyproject.toml`. It names store and configs.

`settings` is what may stand in it, `project` what it means where it stands, `reading` finds it, reads it and checks it,
`guards` makes guards, bakes and terms of it.
"""

from confguard.project.project import Project
from confguard.project.reading import (
    ENVIRONMENT,
    FILE_NAME,
    find_project,
    has_project,
    load_project,
    project_in,
    require_project,
)
from confguard.project.settings import Config, Settings

__all__ = [
    "ENVIRONMENT",
    "FILE_NAME",
    "Config",
    "Project",
    "Settings",
    "find_project",
    "has_project",
    "load_project",
    "project_in",
    "require_project",
]
