"""Run in a Python of its own: the refit DAG with fits that only pretend, twice.

The first time there is too little to learn from.
"""

from __future__ import annotations

import json
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import sojourn.attribution.refit
import sojourn.value.fit
from airflow.dag_processing.dagbag import DagBag
from airflow.utils.db import initdb
from sojourn.attribution.refit import NothingFittedError
from sojourn.value.optimum import FitError

BEGAN = datetime(2026, 1, 12)
asked: list[Any] = []


def refit(settings: Any, as_of: datetime, *, adopt_below: float | None) -> Any:
    asked.append([as_of.isoformat(), adopt_below])
    if as_of < BEGAN:
        raise NothingFittedError("Nothing was fitted.")
    return SimpleNamespace(summary=lambda: "A candidate")


def fit_value(settings: Any, as_of: datetime) -> Any:
    if as_of < BEGAN:
        raise FitError("Too few customers.")
    return SimpleNamespace(summary=lambda: "A fit")


sojourn.attribution.refit.refit = refit  # type: ignore[assignment]
sojourn.value.fit.fit_value = fit_value  # type: ignore[assignment]

initdb()
dag = DagBag().dags["sojourn_refit"]
for task in dag.tasks:
    task.retries = 0
runs = []
for day in ("2026-01-05", "2026-01-12"):
    run = dag.test(run_conf={"as_of": day})
    runs.append(
        {ti.task_id: str(getattr(ti.state, "value", ti.state)) for ti in run.get_task_instances()}
    )
print("RUN " + json.dumps({"runs": runs, "asked": asked}))
