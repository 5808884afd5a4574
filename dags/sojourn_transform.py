"""Build and test every model, once the raw data is there."""

from __future__ import annotations

from airflow.sdk import DAG, task
from sojourn.airflow.common import CUSTOMERS, DEFAULT_ARGS, RAW, WAREHOUSE_POOL, as_of_param
from sojourn.airflow.dbt import dbt_task_group
from sojourn.airflow.tasks import announce, find_as_of, wait_for_warehouse
from sojourn.settings import get_settings

DOC = """
### Build and test every model

Follows the asset `sojourn_raw`; the run's `as_of` is the greatest one that the events which
triggered it carry (by hand: the parameter). One dbt process, the task `dbt_producer_watcher`,
builds the whole project and holds a slot of the pool `sojourn_warehouse`; each model's task only
tells how that model fared. The tests of the data come last: nothing that fails one goes on to
activation. Then the asset `sojourn_customers` carries `as_of` on.

- **A model failed**: mend it, then clear the whole task group `dbt`, not the one task (a single
  task that is cleared runs dbt by itself, beside whatever else writes to the warehouse).
- **One task `build` instead of one a model**: dbt's manifest was missing when Airflow read this
  file. Run `sojourn manifest`; run it again whenever models come or go.
"""

with DAG(
    dag_id="sojourn_transform",
    description="Build and test every model, once the raw data is there",
    doc_md=DOC,
    schedule=[RAW],
    max_active_runs=1,
    # It runs when raw data arrives, and then it must: the ingest run does not ask again.
    is_paused_upon_creation=False,
    default_args=DEFAULT_ARGS,
    params={"as_of": as_of_param("the greatest of the events, by hand the logical date")},
    tags=["sojourn", "dbt"],
):
    as_of = task(find_as_of, task_id="as_of")()
    ready = task(wait_for_warehouse, task_id="wait_for_warehouse", pool=WAREHOUSE_POOL)()
    models = dbt_task_group(
        get_settings(), as_of="{{ ti.xcom_pull(task_ids='as_of') }}", pool=WAREHOUSE_POOL
    )
    customers = task(announce, task_id="announce_customers", outlets=[CUSTOMERS])(
        CUSTOMERS, [as_of]
    )

    as_of >> ready >> models >> customers
