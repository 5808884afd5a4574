"""What the DAGs have in common: assets, the warehouse's pool, retries, the parameter `as_of`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, Param

# The pool of every task that writes to the warehouse: one slot on DuckDB, which takes one writer.
WAREHOUSE_POOL = "sojourn_warehouse"

# Both travel with {"as_of": "2026-01-05T00:00:00"} in the event's extra.
RAW = Asset(name="sojourn_raw", uri="sojourn://warehouse/raw", group="sojourn")
CUSTOMERS = Asset(name="sojourn_customers", uri="sojourn://warehouse/customers", group="sojourn")

RETRIES: dict[str, Any] = {
    "retries": 3,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=10),
}

DEFAULT_ARGS: dict[str, Any] = {"owner": "sojourn", **RETRIES}


def as_of_param(otherwise: str) -> Param:
    """Return the DAG parameter `as_of`, an ISO 8601 time in UTC that may be left empty."""
    return Param(
        None,
        type=["null", "string"],
        title="As of",
        description=(
            "Build the warehouse as of this moment (ISO 8601, UTC), for example "
            f"2026-01-05T00:00:00. Left empty: {otherwise}."
        ),
    )
