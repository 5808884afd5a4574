"""Send what has changed to the tools that talk to customers, then publish and report."""

from __future__ import annotations

from airflow.sdk import DAG, chain, task
from sojourn.airflow.common import CUSTOMERS, DEFAULT_ARGS, WAREHOUSE_POOL, as_of_param
from sojourn.airflow.tasks import activate_syncs, find_as_of, publish_snapshot, write_report

DOC = """
### Send what has changed, publish, report

Follows the asset `sojourn_customers`. **activate** sends to every destination of `syncs.yml` the
difference against what it last acknowledged: running it twice sends nothing twice. **publish**
swaps in a fresh copy of the warehouse for BI tools. **report** writes `var/report.html`.
"""

with DAG(
    dag_id="sojourn_activate",
    description="Send what has changed to the tools that talk to customers",
    doc_md=DOC,
    schedule=[CUSTOMERS],
    max_active_runs=1,
    is_paused_upon_creation=False,
    default_args={**DEFAULT_ARGS, "pool": WAREHOUSE_POOL},
    params={"as_of": as_of_param("the greatest of the events, by hand the logical date")},
    tags=["sojourn", "activation"],
):
    as_of = task(find_as_of, task_id="as_of", pool="default_pool")()

    chain(
        task(activate_syncs, task_id="activate")(as_of),
        task(publish_snapshot, task_id="publish")(),
        task(write_report, task_id="report")(),
    )
