"""SIGKILL at random moments of an apply-and-revert loop: the promises hold every time."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.once
def test_two_hundred_kills_break_no_promise(tmp_path: Path) -> None:
    harness = Path(__file__).parent / "crash_harness.py"
    command = [sys.executable, str(harness), "200", str(random.randrange(2**32)), str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert ended.returncode == 0, ended.stderr
    result = json.loads(ended.stdout)
    assert result["broken"] == [], result
    assert result["kills"] == 200
    assert result["half_done"] >= 10, "the kills must hit applies that are under way, or they show nothing"
    assert result["acknowledged"] >= 50, "between them, applies must get through, even on a busy machine"
