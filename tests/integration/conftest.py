"""Small simulated worlds that several tests share."""

from __future__ import annotations

import shutil
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sojourn.simulation import simulate

START = date(2026, 1, 1)
DAYS = 10


def day_end(day: int) -> datetime:
    """The as_of of the ``day``-th daily run (1 for the first day)."""
    return datetime(START.year, START.month, START.day) + timedelta(days=day)


@pytest.fixture(scope="session")
def small_brand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten days of a small brand, with one file sent again under another name."""
    folder = tmp_path_factory.mktemp("brand")
    simulate(folder, people=250, days=DAYS, seed=5, start=START)
    shutil.copy(
        folder / "segment" / "events_2026-01-02.jsonl.gz",
        folder / "segment" / "events_2026-01-06_resent.jsonl.gz",
    )
    return folder
