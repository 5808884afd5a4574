"""The three DAGs, end to end, in one process: no scheduler, no services, nothing to configure.

Airflow lives in a folder of its own under ``var/``, which each run makes anew. Its logs go to a
file; what is worth reading comes back over a pipe, a line of JSON for each task.
"""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from sojourn.airflow.as_of import format_as_of, parse_as_of
from sojourn.airflow.environment import airflow_environment, end_with_parent
from sojourn.settings import Settings

# In this order; each hands `as_of` on to the next in the event of the asset that it emits.
CHAIN = (
    ("sojourn_ingest", "sojourn_raw"),
    ("sojourn_transform", "sojourn_customers"),
    ("sojourn_activate", None),
)

PIPE_VARIABLE = "SOJOURN_PROGRESS_PIPE"
_DBT_PROGRESS = re.compile(rb"(\d+) of (\d+) (OK|PASS|START)")


class DagRunFailedError(RuntimeError):
    """A task failed; the message names it and the log file."""


@dataclass
class DagRuns:
    """What the DAGs did: the effective `as_of`, seconds by DAG, and where the log is."""

    as_of: datetime
    log: Path
    seconds: dict[str, float] = field(default_factory=dict)


def run_dags(settings: Settings, as_of: datetime, console: Console | None = None) -> DagRuns:
    """Run ingest, transform and activate in one process and show how they fare.

    Args:
        settings: the warehouse, the sources and the folder under which Airflow lives for now.
        as_of: the moment to load and build at, UTC without zone.
        console: where to show progress; standard output when not given.

    Raises:
        DagRunFailedError: when a task, or Airflow itself, fails.
    """
    console = console or Console()
    home = settings.path(settings.var_dir) / "airflow" / "in_process"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    runs = DagRuns(as_of=as_of, log=home / "run.log")

    reader, writer = os.pipe()
    environment = airflow_environment(settings, home)
    environment[PIPE_VARIABLE] = str(writer)
    with runs.log.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 -- this module, in a Python of its own
            [sys.executable, "-m", "sojourn.airflow.demo", format_as_of(as_of)],
            cwd=settings.project_dir,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(writer,),
            preexec_fn=end_with_parent,
        )
    os.close(writer)
    try:
        failed = _show(reader, runs, console)
        code = process.wait()
    finally:
        os.close(reader)
        if process.poll() is None:
            process.terminate()
            process.wait()
    if failed:
        raise DagRunFailedError(f"Failed: {', '.join(failed)}. The log is {runs.log}.")
    if code != 0:
        raise DagRunFailedError(f"Airflow stopped with code {code}. The log is {runs.log}.")
    return runs


def _show(reader: int, runs: DagRuns, console: Console) -> list[str]:
    """Print what arrives until the pipe closes; return the tasks that failed."""
    failed: list[str] = []
    shown = Watched()
    with console.status("Airflow starts") as status:
        for event in _events(reader, runs.log, status):
            kind = event["kind"]
            if kind == "dag":
                console.print(f"[bold]{event['dag']}[/bold]  as of {event['as_of']}")
                shown = Watched()
            elif kind == "start":
                status.update(event["task"])
            elif kind == "task":
                if event["state"] != "success":
                    failed.append(f"{event['dag']}.{event['task']}")
                if line := shown.line(event):
                    console.print(line, highlight=False)
            elif kind == "end":
                runs.seconds[event["dag"]] = event["seconds"]
                runs.as_of = parse_as_of(event["as_of"])
                for line in shown.summary():
                    console.print(line, highlight=False)
                console.print(f"  {event['state']} in {event['seconds']:.0f} s", highlight=False)
    return failed


@dataclass
class Watched:
    """Which tasks are worth a line of their own: all but those that only watch one model each."""

    models: int = 0

    def line(self, event: dict[str, Any]) -> str | None:
        """Return the line for a task that ended, or None for one that is only counted."""
        good = event["state"] == "success"
        if event["watches"]:
            self.models += good
        if good and (event["watches"] or event["seconds"] < 0.05):
            return None
        mark = "[green]✓[/green]" if good else "[red]✗[/red]"
        return f"  {mark} {event['task']:<40} {event['seconds']:6.1f} s"

    def summary(self) -> list[str]:
        """Return the lines for what was only counted."""
        return [f"  [green]✓[/green] {self.models} tables built"] if self.models else []


def _events(reader: int, log: Path, status: Any) -> Iterator[dict[str, Any]]:
    """Yield the events that arrive on the pipe; meanwhile show how far dbt is, by its log."""
    buffer, position = b"", 0
    while True:
        ready, _, _ = select.select([reader], [], [], 0.5)
        if not ready:
            with log.open("rb") as file:
                file.seek(position)
                written = file.read()
            position += len(written)
            if found := _DBT_PROGRESS.findall(written):
                done, total, _ = found[-1]
                status.update(f"dbt: {done.decode()} of {total.decode()}")
            continue
        received = os.read(reader, 65536)
        if not received:
            return
        *lines, buffer = (buffer + received).split(b"\n")
        for line in lines:
            yield json.loads(line)


# What follows runs in the process that Airflow has for itself.


def _send(**event: Any) -> None:
    """Tell the parent process; without one, say it on standard output."""
    line = json.dumps(event) + "\n"
    if pipe := os.environ.get(PIPE_VARIABLE):
        os.write(int(pipe), line.encode())
    else:
        sys.stdout.write(line)


def _listener() -> Any:
    """Return an Airflow listener that reports each task's start and end."""
    from airflow.listeners import hookimpl

    started: dict[str, float] = {}

    def ended(task_instance: Any, state: str) -> None:
        task = task_instance.task
        _send(
            kind="task",
            dag=task_instance.dag_id,
            task=task_instance.task_id,
            state=state,
            watches=hasattr(task, "producer_task_id"),
            seconds=time.monotonic() - started.get(task_instance.task_id, time.monotonic()),
        )

    class Reporter:
        @hookimpl  # type: ignore[untyped-decorator]
        def on_task_instance_running(self, task_instance: Any) -> None:
            started[task_instance.task_id] = time.monotonic()
            _send(kind="start", dag=task_instance.dag_id, task=task_instance.task_id)

        @hookimpl  # type: ignore[untyped-decorator]
        def on_task_instance_success(self, task_instance: Any) -> None:
            ended(task_instance, "success")

        @hookimpl  # type: ignore[untyped-decorator]
        def on_task_instance_failed(self, task_instance: Any) -> None:
            ended(task_instance, "failed")

    return Reporter()


def _emitted_as_of(asset: str) -> str | None:
    """Return the `as_of` of the latest event of an asset, or None when there was no event."""
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import select as sql_select

    with create_session() as session:
        extra = session.scalars(
            sql_select(AssetEvent.extra)
            .join(AssetModel, AssetModel.id == AssetEvent.asset_id)
            .where(AssetModel.name == asset)
            .order_by(AssetEvent.id.desc())
            .limit(1)
        ).first()
    return str(extra["as_of"]) if extra else None


def run_here(as_of: str) -> bool:
    """Run the chain in this process, whose environment names an Airflow home; tell if all is well.

    The metadata database is made from Airflow's models, which takes a second or two; migrations
    are for databases that are kept.
    """
    from airflow.dag_processing.dagbag import DagBag
    from airflow.sdk.listener import get_listener_manager
    from airflow.utils.db import initdb

    from sojourn.airflow.pools import ensure_pool
    from sojourn.settings import get_settings

    initdb()
    ensure_pool(get_settings())
    bag = DagBag()
    if bag.import_errors:
        raise DagRunFailedError("\n".join(map(str, bag.import_errors.values())))
    get_listener_manager().add_listener(_listener())

    well = True
    for dag_id, asset in CHAIN:
        dag = bag.dags[dag_id]
        for task in dag.tasks:
            # Somebody watches: say at once what failed.
            task.retries = 0
        _send(kind="dag", dag=dag_id, as_of=as_of)
        begin = time.monotonic()
        run = dag.test(run_conf={"as_of": as_of})
        state = str(getattr(run.state, "value", run.state))
        emitted = _emitted_as_of(asset) if asset else None
        as_of = emitted or as_of
        seconds = time.monotonic() - begin
        _send(kind="end", dag=dag_id, state=state, as_of=as_of, seconds=seconds)
        well = well and state == "success"
        if asset and not emitted:
            break
    return well


if __name__ == "__main__":
    sys.exit(0 if run_here(sys.argv[1]) else 1)
