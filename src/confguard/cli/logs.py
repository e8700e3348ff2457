"""What the library logs, on standard error: warnings, or from the level on that `CONFGUARD_LOG` names."""

from __future__ import annotations

import logging
import os
import time

from confguard.errors import ConfguardError, brief

__all__ = ["log_to_stderr"]

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def log_to_stderr() -> None:
    """Do so, for the rest of the process. Raises `ConfguardError` for a level that is none."""
    named = os.environ.get("CONFGUARD_LOG", "").strip().lower()
    if named and named not in _LEVELS:
        raise ConfguardError(f"CONFGUARD_LOG is '{brief(named, 40)}'", hint=f"one of {', '.join(_LEVELS)}")
    logger = logging.getLogger("confguard")
    if not named:  # a command tells its events itself
        logging.getLogger("confguard.events").setLevel(logging.ERROR)
    handler = logging.StreamHandler()
    formatter = logging.Formatter("%(asctime)sZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.setLevel(_LEVELS.get(named, logging.WARNING))
    logger.setLevel(handler.level)
    logger.addHandler(handler)
