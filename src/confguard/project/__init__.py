"""The project file: `confguard.toml`, or `[tool.confguard]` in `pyproject.toml`. It names store and configs.

`project` is what may stand in it and what that means where it stands, `reading` finds it, reads it and checks it,
`guards` makes guards, bakes and terms of it.
"""

from confguard.project.project import Config, Project, Settings
from confguard.project.reading import (
    ENVIRONMENT,
    find_project,
    has_project,
    load_project,
    project_in,
    require_project,
)

__all__ = [
    "ENVIRONMENT",
    "Config",
    "Project",
    "Settings",
    "find_project",
    "has_project",
    "load_project",
    "project_in",
    "require_project",
]
