"""Which moment a DAG run stands for: the `as_of` that every layer of the warehouse is built at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

# Runs that were planned for an interval of data; a run started by hand has none of its own.
INTERVAL_RUN_TYPES = ("scheduled", "backfill")


def parse_as_of(text: str) -> datetime:
    """Return an ISO 8601 date or time as UTC without zone, to the second.

    Raises:
        ValueError: when the text is no ISO 8601 date or time.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ValueError(
            f"as_of {text!r} is not an ISO 8601 date or time such as 2026-01-05 "
            "or 2026-01-05T06:00:00Z."
        ) from error
    return to_naive_utc(moment)


def to_naive_utc(moment: datetime) -> datetime:
    """Return the moment in UTC, without zone and microseconds; without zone it is UTC already."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.replace(microsecond=0)


def format_as_of(moment: datetime) -> str:
    """Return the text in which `as_of` travels: `2026-01-05T00:00:00`."""
    return to_naive_utc(moment).isoformat(timespec="seconds")


def greatest_as_of(extras: Iterable[Mapping[str, Any]]) -> datetime | None:
    """Return the latest `as_of` that asset events carry, or None when none carries one."""
    return max(
        (parse_as_of(extra["as_of"]) for extra in extras if extra.get("as_of")), default=None
    )


def resolve_as_of(context: Mapping[str, Any]) -> datetime:
    """Return the `as_of` of the DAG run that a task's context describes.

    In this order: the run's parameter `as_of`; the greatest `as_of` of the asset events that
    triggered the run; the end of its data interval, when it is a scheduled run or a backfill; its
    logical date; the moment from which it could run.

    Raises:
        ValueError: when a parameter or an event holds something that is no time.
    """
    given = (context.get("params") or {}).get("as_of")
    if given:
        return parse_as_of(str(given))

    triggering = context.get("triggering_asset_events") or {}
    extras = [event.extra or {} for events in triggering.values() for event in events]
    if (greatest := greatest_as_of(extras)) is not None:
        return greatest

    dag_run = context["dag_run"]
    run_type = str(getattr(dag_run.run_type, "value", dag_run.run_type))
    if run_type in INTERVAL_RUN_TYPES and dag_run.data_interval_end is not None:
        return to_naive_utc(dag_run.data_interval_end)
    return to_naive_utc(dag_run.logical_date or dag_run.run_after)
