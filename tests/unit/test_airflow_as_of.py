"""Which moment a DAG run stands for, by what started it."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from sojourn.airflow.as_of import format_as_of, greatest_as_of, parse_as_of, resolve_as_of

MIDNIGHT = datetime(2026, 1, 5, tzinfo=UTC)


def context(run_type: str = "manual", as_of: str | None = None, **run: Any) -> dict[str, Any]:
    dag_run = {"logical_date": None, "data_interval_end": None, "run_after": MIDNIGHT, **run}
    return {
        "params": {"as_of": as_of},
        "dag_run": SimpleNamespace(run_type=run_type, **dag_run),
    }


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-05", datetime(2026, 1, 5)),
        ("2026-01-05T06:30:00", datetime(2026, 1, 5, 6, 30)),
        ("2026-01-05T06:30:00Z", datetime(2026, 1, 5, 6, 30)),
        ("2026-01-05T06:30:00.999+02:00", datetime(2026, 1, 5, 4, 30)),
        (" 2026-01-05 06:30 ", datetime(2026, 1, 5, 6, 30)),
    ],
)
def test_texts_are_read_as_utc(text: str, moment: datetime) -> None:
    assert parse_as_of(text) == moment
    assert parse_as_of(format_as_of(moment)) == moment


def test_what_is_no_time_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="as_of 'yesterday' is not an ISO 8601"):
        parse_as_of("yesterday")


@pytest.mark.parametrize("run_type", ["scheduled", "backfill", "manual", "asset_triggered"])
def test_the_parameter_wins(run_type: str) -> None:
    given = context(run_type, as_of="2025-12-31", data_interval_end=MIDNIGHT, logical_date=MIDNIGHT)
    assert resolve_as_of(given) == datetime(2025, 12, 31)


def test_asset_events_hand_on_the_greatest() -> None:
    events = [
        SimpleNamespace(extra={"as_of": text})
        for text in ("2026-01-03T00:00:00", "2026-01-04T00:00:00", "2026-01-02T00:00:00")
    ]
    triggered = context("asset_triggered", run_after=datetime(2026, 2, 1, tzinfo=UTC))
    triggered["triggering_asset_events"] = {"raw": events[:2], "other": events[2:]}
    assert resolve_as_of(triggered) == datetime(2026, 1, 4)
    assert greatest_as_of([{}, {"as_of": None}]) is None


@pytest.mark.parametrize("run_type", ["scheduled", "backfill"])
def test_an_interval_is_known_at_its_end(run_type: str) -> None:
    start = datetime(2026, 1, 4, tzinfo=UTC)
    run = context(run_type, logical_date=start, data_interval_end=MIDNIGHT)
    assert resolve_as_of(run) == datetime(2026, 1, 5)


def test_a_run_by_hand_has_its_logical_date_or_the_time_it_was_asked_for() -> None:
    noon = datetime(2026, 1, 7, 12, tzinfo=UTC)
    # Airflow gives runs by hand the last whole interval: it says nothing about what is wanted.
    assert resolve_as_of(context(logical_date=noon, data_interval_end=MIDNIGHT)) == datetime(
        2026, 1, 7, 12
    )
    assert resolve_as_of(context()) == datetime(2026, 1, 5)
