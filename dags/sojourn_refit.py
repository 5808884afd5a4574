"""Fit the models of customer value anew."""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import DAG, CronDataIntervalTimetable, task
from sojourn.airflow.common import DEFAULT_ARGS, WAREHOUSE_POOL, as_of_param
from sojourn.airflow.tasks import find_as_of, refit_value
from sojourn.settings import get_settings

DOC = """
### Fit the models of customer value anew

**refit_value** learns how often customers buy, when they stop and what an order is worth, from the
orders up to the last midnight; it tests the same on the latest ninety days, and adds both to the
warehouse (`profiles.value_parameters`, `value_backtests`, `value_calibration`). The next build
predicts by it. It is what `sojourn value fit` does.

- **Schedule**: Mondays (`SOJOURN_REFIT_SCHEDULE`).
- **It fails** where there are too few customers yet, or no parameters are best: the log says which.
  Nothing is kept then, and builds go on predicting by the last fit.
"""

settings = get_settings()

with DAG(
    dag_id="sojourn_refit",
    description="Fit the models of customer value anew",
    doc_md=DOC,
    schedule=CronDataIntervalTimetable(settings.refit_schedule, timezone="UTC")
    if settings.refit_schedule
    else None,
    start_date=datetime(2024, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params={"as_of": as_of_param("the end of the data interval, by hand the logical date")},
    tags=["sojourn", "value"],
):
    as_of = task(find_as_of, task_id="as_of")()
    task(refit_value, task_id="refit_value", pool=WAREHOUSE_POOL)(as_of)
