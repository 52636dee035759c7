"""Killed at random points, the office loses nothing it stored and repeats almost nothing."""

from __future__ import annotations

import random
from pathlib import Path

from bench.crashes import kill_loop


def test_kills_lose_no_alert_no_clock_and_no_message(tmp_path: Path) -> None:
    report = kill_loop(tmp_path, 4, random.Random(11))
    assert (report.stored, report.alerts, report.cases) == (4, 4, 4)
    assert report.cases_without_clocks == 0
    assert report.undelivered == 0
    assert report.repeats <= report.kills
