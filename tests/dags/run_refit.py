"""Run in a Python of its own: the refit DAG, once as of each of the times given."""

from __future__ import annotations

import json
import sys

from airflow.dag_processing.dagbag import DagBag
from airflow.utils.db import initdb

initdb()
dag = DagBag().dags["sojourn_refit"]
for task in dag.tasks:
    task.retries = 0
runs = []
for as_of in sys.argv[1:]:
    run = dag.test(run_conf={"as_of": as_of})
    runs.append(
        {ti.task_id: str(getattr(ti.state, "value", ti.state)) for ti in run.get_task_instances()}
    )
print("RUN " + json.dumps(runs))
