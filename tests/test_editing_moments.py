"""Dates and times that are edited keep their notation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

import confguard as cg

HOUR = timedelta(hours=1)


def shown(format: str) -> str:
    return {"toml": "at = {}  # when\n", "yaml": "at: {}  # when\n"}[format]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2031-02-03T04:05:06Z", "2031-02-03T05:05:06Z"),
        ("2031-02-03 04:05:06Z", "2031-02-03 05:05:06Z"),
        ("2031-02-03t04:05:06Z", "2031-02-03t05:05:06Z"),
        ("2031-02-03T04:05:06.5Z", "2031-02-03T05:05:06.5Z"),
        ("2031-02-03T04:05:06.250Z", "2031-02-03T05:05:06.250Z"),
        ("2031-02-03T04:05:06.000-08:00", "2031-02-03T05:05:06.000-08:00"),
        ("2031-02-03T04:05:06+00:00", "2031-02-03T05:05:06+00:00"),
        ("2031-02-03 23:05:06.125", "2031-02-04 00:05:06.125"),
        ("2031-02-03T04:05:06+05:30", "2031-02-03T05:05:06+05:30"),
    ],
)
@pytest.mark.parametrize("format", ["toml", "yaml"])
def test_a_time_keeps_its_notation(format: str, old: str, new: str) -> None:
    document = cg.parse(shown(format).format(old), format)
    after = {"at": document.data["at"] + HOUR}
    done = document.edit(cg.diff(document.data, after))
    assert done.text == shown(format).format(new)
    assert done.data == after


@pytest.mark.parametrize(
    ("format", "old", "after", "new"),
    [
        ("toml", "2031-02-03T04:05:06z", datetime(2031, 1, 1, tzinfo=UTC), "2031-01-01T00:00:00z"),
        ("toml", "2031-02-03T04:05Z", datetime(2031, 1, 1, tzinfo=UTC), "2031-01-01T00:00Z"),
        ("toml", "2031-02-03T04:05Z", datetime(2031, 1, 1, 0, 0, 9, tzinfo=UTC), "2031-01-01T00:00:09Z"),
        ("toml", "2031-02-03T04:05:06.5Z", datetime(2031, 1, 1, tzinfo=UTC), "2031-01-01T00:00:00.0Z"),
        ("toml", "2031-02-03T04:05:06.5", datetime(2031, 1, 1, 0, 0, 0, 125000), "2031-01-01T00:00:00.125"),
        ("toml", "2031-02-03T04:05:06Z", datetime(2031, 1, 1), "2031-01-01T00:00:00"),
        (
            "toml",
            "2031-02-03 04:05:06Z",
            datetime(2031, 1, 1, tzinfo=timezone(HOUR)),
            "2031-01-01 00:00:00+01:00",
        ),
        ("toml", "2031-02-03 04:05:06Z", datetime(2031, 1, 1).date(), "2031-01-01"),
        ("toml", "2031-02-03", datetime(2031, 1, 1, tzinfo=UTC), "2031-01-01T00:00:00+00:00"),
        ("toml", "04:05:06.50", datetime(2031, 1, 1, 7).time(), "07:00:00.00"),
        ("toml", "04:05", datetime(2031, 1, 1, 7).time(), "07:00"),
        ("yaml", "2031-2-3 4:05:06.5 Z", datetime(2031, 1, 1, tzinfo=UTC), "2031-01-01 00:00:00.0 Z"),
        (
            "yaml",
            "2031-02-03 04:05:06 -5",
            datetime(2031, 1, 1, tzinfo=timezone(-5 * HOUR)),
            "2031-01-01 00:00:00 -5",
        ),
        ("yaml", "2031-02-03T04:05", datetime(2031, 1, 1), "2031-01-01 00:00:00"),
        ("yaml", "2031-02-03T04:05:06z", datetime(2031, 1, 1, tzinfo=UTC), "2031-01-01 00:00:00+00:00"),
    ],
)
def test_a_time_that_is_another_kind_of_time(format: str, old: str, after: Any, new: str) -> None:
    document = cg.parse(shown(format).format(old), format)
    done = document.edit([cg.Change("replace", ("at",), document.data["at"], after)])
    assert done.text == shown(format).format(new)
    assert done.data == {"at": after}
