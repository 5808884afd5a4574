"""Small simulated worlds that several tests share."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sojourn.build import build
from sojourn.gate import run_gate
from sojourn.settings import Settings
from sojourn.simulation import simulate
from sojourn.sources import load
from sojourn.value.fit import Learned, ValueFit, keep
from sojourn.value.propensity import PropensityModel
from sojourn.value.purchases import PurchaseModel
from sojourn.value.spending import SpendingModel
from sojourn.warehouse import open_warehouse

from tests.conftest import make_settings

START = date(2026, 1, 1)
DAYS = 10


@pytest.fixture(scope="package", autouse=True)
def _no_manifests() -> Iterator[None]:
    """Nobody reads dbt's manifests here, and each of many runs takes seconds to write them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_WRITE_JSON", "False")
        yield


def day_end(day: int) -> datetime:
    """The as_of of the ``day``-th daily run (1 for the first day)."""
    return datetime(START.year, START.month, START.day) + timedelta(days=day)


FIT_DAY = 6


def record_value_fit(settings: Settings) -> None:
    """Record what customers are worth, as learned after day ``FIT_DAY``, for later builds."""
    as_of = day_end(FIT_DAY)
    learned = Learned(
        cut_off=as_of,
        training_from=as_of - timedelta(365),
        purchases={"mbg_nbd": PurchaseModel("mbg_nbd", r=0.7, alpha=5.0, a=0.8, b=2.0)},
        spending=SpendingModel(p=6.0, q=4.0, gamma=15.0),
        propensity=PropensityModel(
            -0.5, {"buys_by_model": 0.4, "orders": 0.3, "sessions_in_30_days": 0.2}
        ),
        customers=500,
        spenders=200,
        most_repeats=20,
        most_tenure=10,
        missing=[],
    )
    with open_warehouse(settings) as warehouse:
        keep(
            warehouse,
            f"{settings.schema_prefix}profiles",
            ValueFit(as_of.isoformat(), as_of, "mbg_nbd", learned, None),
        )


def make_brand(folder: Path, *, people: int, days: int) -> Path:
    """A small brand's exports; one file comes again under another name, another corrected."""
    simulate(folder, people=people, days=days, seed=5, start=START)
    shutil.copy(
        folder / "segment" / "events_2026-01-02.jsonl.gz",
        folder / "segment" / "events_2026-01-06_resent.jsonl.gz",
    )
    _correct(
        folder / "segment" / "events_2026-01-03.jsonl.gz",
        folder / "segment" / "events_2026-01-07_corrected.jsonl.gz",
    )
    return folder


def grow(settings: Settings, days: int) -> Settings:
    """Load and build after each of the days; keep a copy of the last but one.

    What customers are worth is learned on the way.
    """
    for day in range(1, days + 1):
        load(settings, as_of=day_end(day))
        build(settings, as_of=day_end(day), tests=day == days, quiet=True)
        if day == FIT_DAY:
            record_value_fit(settings)
        if day == days - 1:
            shutil.copy(settings.path(settings.duckdb_path), day_before(settings))
    run_gate(settings)
    return settings


def day_before(settings: Settings) -> Path:
    """Where `grow` keeps the warehouse of the last day but one."""
    return settings.path(settings.var_dir) / "day_before.duckdb"


@pytest.fixture(scope="session")
def small_brand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten days of a small brand."""
    return make_brand(tmp_path_factory.mktemp("brand"), people=250, days=DAYS)


@pytest.fixture(scope="session")
def day_by_day(small_brand: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Ten days, each with a run of its own (for tests of the group `days`)."""
    return grow(make_settings(tmp_path_factory.mktemp("daily"), exports=small_brand), DAYS)


def _correct(sent: Path, corrected: Path) -> None:
    """Write a file again as received an hour earlier, its events on other devices, some by a bot.

    The first received copy of an event counts: what was built for the former devices is wrong now.
    """
    with gzip.open(sent, "rt", encoding="utf-8") as file:
        events = [json.loads(line) for line in file]
    devices = [event["anonymousId"] for event in events if event.get("anonymousId")]
    with gzip.open(corrected, "wt", encoding="utf-8") as file:
        for number, event in enumerate(events):
            if number % 3 == 0 and event.get("anonymousId"):
                event["anonymousId"] = devices[(number * 7) % len(devices)]
            if number % 11 == 0:
                event.setdefault("context", {})["userAgent"] = "Googlebot/2.1"
            received = datetime.fromisoformat(event["receivedAt"].replace("Z", "+00:00"))
            event["receivedAt"] = (received - timedelta(hours=1)).isoformat()
            file.write(json.dumps(event, ensure_ascii=False) + "\n")
