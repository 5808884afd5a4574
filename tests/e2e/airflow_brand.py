"""A small simulated brand for the tests that run Airflow."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sojourn.build import run_dbt
from sojourn.settings import Settings
from sojourn.simulation import simulate

from tests.conftest import make_settings

START = date(2026, 1, 1)
DAYS = 7
AS_OF = "2026-01-08T00:00:00"

# One of each kind: events, people with consents and e-mails, orders, spend.
SOURCES = ("segment", "hubspot", "shopify", "google_ads")


def make_brand(folder: Path) -> Settings:
    """Write a week of exports, a sources.yml and dbt's manifest below ``folder``."""
    simulate(folder / "exports", people=60, days=DAYS, seed=11, start=START)
    lines = [f"  - {{name: {name}, connector: {name}}}\n" for name in SOURCES]
    (folder / "sources.yml").write_text("root: exports\nsources:\n" + "".join(lines))
    settings = make_settings(
        folder / "var", sources=folder / "sources.yml", exports=None, ingest_schedule=""
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DBT_TARGET_PATH", raising=False)
        run_dbt(settings, ["parse"], quiet=True)
    return settings
