"""The DAGs are what they should be: exactly these, these tasks, these arrows, nothing at parse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sojourn.airflow.dbt import manifest_path
from sojourn.airflow.pools import pool_slots
from sojourn.build import run_dbt
from sojourn.settings import Settings
from sojourn.sources.config import read_sources

from tests.conftest import make_settings, make_spark_settings
from tests.dags.conftest import run_script

POOL = "sojourn_warehouse"
PRODUCER = "dbt.dbt_producer_watcher"
TESTS = "dbt.sojourn_test"


def upstream(dag: dict[str, Any]) -> dict[str, set[str]]:
    return {name: set(task["upstream"]) for name, task in dag["tasks"].items()}


def test_every_file_is_read_without_error(described: dict[str, Any]) -> None:
    assert described["import_errors"] == {}
    assert set(described["dags"]) == {
        *("sojourn_ingest", "sojourn_transform", "sojourn_activate", "sojourn_refit")
    }


def test_reading_the_files_is_quick(described: dict[str, Any]) -> None:
    seconds = {Path(file).name: value for file, value in described["seconds"].items()}
    cpu = described["cpu_seconds"]
    print(f"DagBag: {seconds}, {sum(seconds.values()):.2f} s; {cpu:.2f} s of processor time")
    # Processor time is what it takes on a machine that others do not use at the same time.
    assert min(sum(seconds.values()), cpu) < 2


def test_reading_the_files_does_no_work(described: dict[str, Any]) -> None:
    assert described["heavy"] == []
    assert described["touched"] == []


def test_every_dag_guards_itself_and_explains_itself(described: dict[str, Any]) -> None:
    for dag_id, dag in described["dags"].items():
        assert dag["max_active_runs"] == 1, dag_id
        assert dag["catchup"] is False, dag_id
        assert dag["doc_md"].strip().startswith("###"), dag_id
        assert "sojourn" in dag["tags"], dag_id
        assert dag["params"] == ["as_of"], dag_id


def test_ingest(described: dict[str, Any], manifest_settings: Settings) -> None:
    dag = described["dags"]["sojourn_ingest"]
    names = [source.name for source in read_sources(manifest_settings).sources]
    assert len(names) == 11
    gates = {f"{name}.gate" for name in names}
    expected: dict[str, set[str]] = {"as_of": set()}
    expected |= {f"{name}.load": {"as_of"} for name in names}
    expected |= {f"{name}.gate": {f"{name}.load"} for name in names}
    expected |= {"announce_raw": gates, "all_sources_accepted": gates}
    assert upstream(dag) == expected
    assert dag["schedule"] == "CronDataIntervalTimetable"
    assert dag["tasks"]["announce_raw"]["outlets"] == ["sojourn_raw"]
    for name, task in dag["tasks"].items():
        assert (task["pool"] == POOL) == name.endswith((".load", ".gate")), name
        assert task["retries"] == 3, name


def test_transform_has_one_task_for_each_table_of_the_manifest(
    described: dict[str, Any], manifest_settings: Settings
) -> None:
    dag = described["dags"]["sojourn_transform"]
    manifest = json.loads(manifest_path(manifest_settings).read_text())
    tables = {
        unique_id: node
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node["config"]["materialized"] != "view"
    }
    assert len(tables) > 30
    watching = {
        name.rsplit(".", 1)[-1]: (name, set(task["upstream"]))
        for name, task in dag["tasks"].items()
        if task["watches"]
    }
    task_name = {unique_id: f"{node['name']}_run" for unique_id, node in tables.items()}
    assert set(watching) == set(task_name.values())
    for unique_id, node in tables.items():
        parents = {
            watching[task_name[parent]][0]
            for parent in node["depends_on"].get("nodes", [])
            if parent in tables
        }
        assert watching[task_name[unique_id]][1] == (parents or {PRODUCER}), unique_id


def test_transform_builds_once_and_tests_at_the_end(described: dict[str, Any]) -> None:
    dag = described["dags"]["sojourn_transform"]
    tasks = dag["tasks"]
    arrows = upstream(dag)
    watching = {name for name, task in tasks.items() if task["watches"]}
    assert set(tasks) - watching == {
        *("as_of", "wait_for_warehouse", PRODUCER, f"{PRODUCER}_done", TESTS),
        "announce_customers",
    }
    assert arrows["wait_for_warehouse"] == {"as_of"}
    assert arrows[PRODUCER] == {"wait_for_warehouse"}
    inner = {parent for name in watching for parent in arrows[name]}
    assert arrows[TESTS] == watching - inner
    assert {TESTS, f"{PRODUCER}_done", "as_of"} <= arrows["announce_customers"]
    assert tasks["announce_customers"]["outlets"] == ["sojourn_customers"]

    # Whoever runs dbt takes a slot; whoever watches does not, and never runs dbt by retrying.
    assert {name for name, task in tasks.items() if task["pool"] == POOL} == {
        *("wait_for_warehouse", PRODUCER, TESTS)
    }
    for name in (PRODUCER, TESTS, *watching):
        assert tasks[name]["retries"] == 0, name
        assert tasks[name]["env"]["SOJOURN_AS_OF"] == "{{ ti.xcom_pull(task_ids='as_of') }}"
    assert tasks[PRODUCER]["exclude"] is None
    assert tasks[TESTS]["exclude"] is None


def test_activate(described: dict[str, Any]) -> None:
    dag = described["dags"]["sojourn_activate"]
    assert upstream(dag) == {
        "as_of": set(),
        "activate": {"as_of"},
        "publish": {"activate"},
        "report": {"publish"},
    }
    assert {name for name, task in dag["tasks"].items() if task["pool"] == POOL} == {
        *("activate", "publish", "report")
    }


def test_refit(described: dict[str, Any]) -> None:
    dag = described["dags"]["sojourn_refit"]
    assert upstream(dag) == {
        "as_of": set(),
        "refit_value": {"as_of"},
        "refit_attribution": {"as_of"},
    }
    assert dag["schedule"] == "CronDataIntervalTimetable"
    assert dag["tasks"]["refit_value"]["pool"] == POOL
    assert dag["tasks"]["refit_attribution"]["pool"] == POOL


def test_what_follows_an_asset_is_not_paused(described: dict[str, Any]) -> None:
    paused = {name: dag["paused_at_first"] for name, dag in described["dags"].items()}
    assert paused == {
        "sojourn_ingest": None,
        "sojourn_transform": False,
        "sojourn_activate": False,
        "sojourn_refit": None,
    }


def test_no_value_that_airflow_shows_is_secret(tmp_path: Path) -> None:
    settings = make_settings(tmp_path / "var", postgres_password="do-not-show-this")
    assert "do-not-show-this" not in json.dumps(
        run_script(settings, "describe.py", tmp_path / "airflow")
    )


def test_without_a_manifest_one_task_builds_everything(tmp_path: Path) -> None:
    described = run_script(make_settings(tmp_path / "var"), "describe.py", tmp_path / "airflow")
    assert described["import_errors"] == {}
    tasks = described["dags"]["sojourn_transform"]["tasks"]
    assert {name: set(task["upstream"]) for name, task in tasks.items()} == {
        "as_of": set(),
        "wait_for_warehouse": {"as_of"},
        "dbt.build": {"wait_for_warehouse"},
        "announce_customers": {"as_of", "dbt.build"},
    }
    assert tasks["dbt.build"]["pool"] == POOL


def test_on_spark_the_dags_are_the_same(described: dict[str, Any], tmp_path: Path) -> None:
    settings = make_spark_settings(tmp_path / "var")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DBT_TARGET_PATH", raising=False)
        run_dbt(settings, ["parse"], quiet=True)
    there = run_script(settings, "describe.py", tmp_path / "airflow")
    assert there["import_errors"] == {}
    assert there["touched"] == []
    assert {name: upstream(dag) for name, dag in there["dags"].items()} == {
        name: upstream(dag) for name, dag in described["dags"].items()
    }
    # One process can have the catalogue open, as on DuckDB; a server has no locks.
    assert pool_slots(settings) == 1
    server = settings.model_copy(update={"spark_remote": "sc://localhost:15002"})
    assert pool_slots(server) == 1


def test_a_sources_file_that_is_wrong_says_so(tmp_path: Path) -> None:
    sources = tmp_path / "sources.yml"
    sources.write_text("sources:\n  - {name: shop, connector: shopfy}\n")
    settings = make_settings(tmp_path / "var", sources=sources)
    described = run_script(settings, "describe.py", tmp_path / "airflow")
    assert set(described["dags"]) == {"sojourn_transform", "sojourn_activate", "sojourn_refit"}
    [error] = described["import_errors"].values()
    assert "source 'shop'" in error


def test_a_rejected_source_stops_itself_only_and_does_not_go_unnoticed(tmp_path: Path) -> None:
    sources = tmp_path / "sources.yml"
    sources.write_text(
        "sources:\n"
        "  - {name: segment, connector: segment}\n"
        "  - {name: shopify, connector: shopify}\n"
        "  - {name: pos, connector: pos}\n"
        "  - {name: calls, connector: calls}\n"
    )
    settings = make_settings(tmp_path / "var", sources=sources)
    run = run_script(settings, "run_ingest.py", tmp_path / "airflow")
    assert run["tasks"] == {
        "as_of": "success",
        "segment.load": "success",
        "segment.gate": "success",
        "shopify.load": "success",
        "shopify.gate": "success",
        "pos.load": "success",
        "pos.gate": "failed",
        "calls.load": "failed",
        "calls.gate": "upstream_failed",
        "announce_raw": "success",
        "all_sources_accepted": "upstream_failed",
    }
    assert run["state"] == "failed"
    assert run["as_of"] == "2026-01-05T06:00:00"
