"""Run in a Python of its own: the ingest DAG with a loader and a gate that only pretend.

The gate rejects the source `pos`; the loader cannot read the source `calls`.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from types import ModuleType, SimpleNamespace
from typing import Any

import sojourn.sources
from airflow.dag_processing.dagbag import DagBag
from airflow.utils.db import initdb
from sojourn.airflow.demo import _emitted_as_of


def load(settings: Any, *, as_of: Any, sources: list[str], gated: bool) -> Any:
    assert gated
    if sources == ["calls"]:
        raise OSError("no such file")
    # The warehouse's clock is ahead for one source.
    moment = as_of + timedelta(hours=6 if sources == ["shopify"] else 0)
    return SimpleNamespace(as_of=moment, summary=lambda: f"{sources}: loaded")


def run_gate(settings: Any, *, sources: list[str]) -> Any:
    reasons = {"pos": "ids are missing."}
    rejected = {name: reasons[name] for name in sources if name in reasons}
    return SimpleNamespace(rejected=rejected, advice=dict.fromkeys(rejected, "Mend them."))


sojourn.sources.load = load  # type: ignore[assignment]
gate = ModuleType("sojourn.gate")
gate.run_gate = run_gate  # type: ignore[attr-defined]
sys.modules["sojourn.gate"] = gate

initdb()
dag = DagBag().dags["sojourn_ingest"]
for task in dag.tasks:
    task.retries = 0
run = dag.test(run_conf={"as_of": "2026-01-05"})
states = {ti.task_id: str(getattr(ti.state, "value", ti.state)) for ti in run.get_task_instances()}
state = str(getattr(run.state, "value", run.state))
print(
    "RUN " + json.dumps({"state": state, "tasks": states, "as_of": _emitted_as_of("sojourn_raw")})
)
