"""Load every source and judge what came."""

from __future__ import annotations

from datetime import date, datetime, time

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, CronDataIntervalTimetable, TaskGroup, task
from sojourn.airflow.common import DEFAULT_ARGS, RAW, WAREHOUSE_POOL, as_of_param
from sojourn.airflow.tasks import announce, find_as_of, judge_source, load_source
from sojourn.settings import get_settings
from sojourn.sources.config import read_sources

DOC = """
### Load every source and judge what came

One task group a source of `sources.yml`: **load** takes the new files and rows into `raw_<source>`,
**gate** judges them. A source that is rejected, or cannot be read, fails this run and stops there;
the others go on. Then the asset `sojourn_raw` tells the rest which moment the raw data stands for.

- **Schedule**: daily (`SOJOURN_INGEST_SCHEDULE`). A run loads what was complete at the end of its
  data interval.
- **By hand**: the parameter `as_of`, otherwise the run's logical date.
- **Replay** into an empty warehouse: set `SOJOURN_INGEST_START` to the first day, and the schedule
  loads every interval since, oldest first.
- **Backfill** of days that were missed: `airflow backfill create --dag-id sojourn_ingest
  --max-active-runs 1 --from-date ... --to-date ...`. The warehouse's clock never goes back: what a
  run for an earlier day finds is recorded at the latest moment that the warehouse has seen.
"""

settings = get_settings()

with DAG(
    dag_id="sojourn_ingest",
    description="Load every source and judge what came",
    doc_md=DOC,
    # A plain cron text has had no data intervals since Airflow 3: this timetable has.
    schedule=CronDataIntervalTimetable(settings.ingest_schedule, timezone="UTC")
    if settings.ingest_schedule
    else None,
    start_date=datetime.combine(settings.ingest_start or date(2024, 1, 1), time()),
    catchup=settings.ingest_start is not None,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params={"as_of": as_of_param("the end of the data interval, by hand the logical date")},
    tags=["sojourn", "raw"],
):
    as_of = task(find_as_of, task_id="as_of")()

    accepted = []
    for source in read_sources(settings).sources:
        with TaskGroup(source.name):
            loaded = task(load_source, task_id="load", pool=WAREHOUSE_POOL)(source.name, as_of)
            accepted.append(
                task(judge_source, task_id="gate", pool=WAREHOUSE_POOL)(source.name, loaded)
            )

    task(
        announce,
        task_id="announce_raw",
        outlets=[RAW],
        trigger_rule="all_done_min_one_success",
    )(RAW, accepted)

    # A run is as good as its last tasks: without this one, a rejected source would go unnoticed.
    accepted >> EmptyOperator(task_id="all_sources_accepted")
