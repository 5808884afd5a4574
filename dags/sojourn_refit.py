"""Fit the models of attribution and customer value anew."""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import DAG, CronDataIntervalTimetable, task
from sojourn.airflow.common import DEFAULT_ARGS, WAREHOUSE_POOL, as_of_param
from sojourn.airflow.tasks import find_as_of, refit_attribution, refit_value
from sojourn.settings import get_settings

DOC = """
### Fit the models of attribution and customer value anew

**refit_value** learns how often customers buy, when they stop and what an order is worth, from the
orders up to the last midnight; it tests the same on the latest ninety days, and adds both to the
warehouse (`profiles.value_parameters`, `value_backtests`, `value_calibration`). The next build
predicts by it. It is what `sojourn value fit` does.

**refit_attribution** learns the weights of channels and campaigns (Markov, Shapley) from the
journeys of the training window, as a candidate that is named after the day. What it would move, by
channel and campaign, is in its log and in `attribution.refit_reports`. Credits stay as they are
until somebody adopts it (`sojourn attribution adopt <day>`), or by itself where no more moves than
`SOJOURN_REFIT_ADOPT_BELOW` allows, if that is set. It is what `sojourn attribution refit` does.

- **Schedule**: Mondays (`SOJOURN_REFIT_SCHEDULE`).
- **refit_value fails** where there are too few customers yet, or no parameters are best: the log
  says which. Nothing is kept then, and builds go on predicting by the last fit.
- **refit_attribution is skipped** where there are too few conversions yet.
"""

settings = get_settings()

with DAG(
    dag_id="sojourn_refit",
    description="Fit the models of attribution and customer value anew",
    doc_md=DOC,
    schedule=CronDataIntervalTimetable(settings.refit_schedule, timezone="UTC")
    if settings.refit_schedule
    else None,
    start_date=datetime(2024, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params={"as_of": as_of_param("the end of the data interval, by hand the logical date")},
    tags=["sojourn", "attribution", "value"],
):
    as_of = task(find_as_of, task_id="as_of")()
    task(refit_value, task_id="refit_value", pool=WAREHOUSE_POOL)(as_of)
    task(refit_attribution, task_id="refit_attribution", pool=WAREHOUSE_POOL)(as_of)
