"""Run in a Python of its own: read the DAG files, print what they declare and did, as JSON."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import airflow.settings  # noqa: F401 -- Airflow's own import is not counted
from airflow.dag_processing.dagbag import DagBag

touched: list[str] = []
parsing = False
WATCHED = ("socket.connect", "sqlite3.connect", "subprocess.Popen", "os.system", "os.fork")
HEAVY = (
    *("dlt", "duckdb", "dbt", "great_expectations", "pandas", "pyarrow", "psycopg2", "splink"),
    *("sojourn.warehouse", "sojourn.gate.gate", "sojourn.activation.sync", "scipy"),
)


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    if parsing and event in WATCHED:
        touched.append(f"{event} {arguments!r:.200}")


def describe(task: Any) -> dict[str, Any]:
    return {
        "type": type(task).__name__,
        "upstream": sorted(task.upstream_task_ids),
        "pool": task.pool,
        "retries": task.retries,
        "trigger_rule": str(getattr(task.trigger_rule, "value", task.trigger_rule)),
        "outlets": [outlet.name for outlet in task.outlets],
        "exclude": getattr(task, "exclude", None),
        "env": getattr(task, "env", None),
        "watches": getattr(task, "producer_task_id", None),
    }


before = {name for name in HEAVY if name in sys.modules}
sys.addaudithook(watch)
parsing = True
begin = time.process_time()
bag = DagBag()
cpu_seconds = time.process_time() - begin
parsing = False
answer = {
    "import_errors": {str(path): error for path, error in bag.import_errors.items()},
    "seconds": {stat.file: stat.duration.total_seconds() for stat in bag.dagbag_stats},
    "cpu_seconds": cpu_seconds,
    "heavy": sorted({name for name in HEAVY if name in sys.modules} - before),
    "touched": touched,
    "dags": {
        dag_id: {
            "tasks": {task.task_id: describe(task) for task in dag.tasks},
            "schedule": type(dag.timetable).__name__,
            "catchup": dag.catchup,
            "max_active_runs": dag.max_active_runs,
            "paused_at_first": dag.is_paused_upon_creation,
            "tags": sorted(dag.tags),
            "doc_md": dag.doc_md,
            "params": list(dag.params),
        }
        for dag_id, dag in bag.dags.items()
    },
}
print("DAGS " + json.dumps(answer))
