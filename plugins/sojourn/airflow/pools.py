"""The pool that keeps writers of the warehouse apart.

`python -m sojourn.airflow.pools` prepares Airflow's metadata database: its tables, and the pool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sojourn.airflow.common import WAREHOUSE_POOL

if TYPE_CHECKING:
    from sojourn.settings import Settings

DESCRIPTION = "Tasks that write to Sojourn's warehouse. DuckDB and Spark take one: keep one slot."


def pool_slots(settings: Settings) -> int:
    """Return how many tasks may write at once.

    One where one process can open the warehouse, and on Spark, which has neither transactions nor
    locks to keep a second writer from tables that are being overwritten.
    """
    return settings.threads if settings.target == "postgres" else 1


def ensure_pool(settings: Settings) -> int:
    """Create the pool in Airflow's metadata database; return its slots.

    A pool that is there keeps the slots that somebody gave it, except on DuckDB and Spark, where
    more than one can only do harm. For use where that database is at hand (set-up, in-process
    runs), never in a task.
    """
    from airflow.models.pool import Pool

    slots = pool_slots(settings)
    existing = Pool.get_pool(WAREHOUSE_POOL)
    if existing is not None and settings.target == "postgres":
        return int(existing.slots)
    Pool.create_or_update_pool(
        WAREHOUSE_POOL, slots=slots, description=DESCRIPTION, include_deferred=False
    )
    return slots


def main() -> None:
    """Bring the metadata database up to date and create the pool."""
    from airflow.utils.db import initdb

    from sojourn.settings import get_settings

    initdb()
    print(f"Pool {WAREHOUSE_POOL}: {ensure_pool(get_settings())} slot(s).")


if __name__ == "__main__":
    main()
