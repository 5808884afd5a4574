"""Airflow itself: its services run, one REST call starts ingest, and the rest follows by assets."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from sojourn.airflow.services import USER, AirflowServices
from sojourn.build import run_dbt
from sojourn.settings import Settings
from sojourn.simulation import simulate
from sojourn.warehouse import open_warehouse

from tests.conftest import make_settings

FINISHED = {"success", "failed"}
DAYS = 7
AS_OF = "2026-01-08T00:00:00"

# One of each kind: events, people with consents and e-mails, orders, spend.
SOURCES = ("segment", "hubspot", "shopify", "google_ads")


def make_brand(folder: Path, **values: object) -> Settings:
    """A week of a small brand's exports, with dbt's manifest."""
    simulate(folder / "exports", people=60, days=DAYS, seed=11, start=date(2026, 1, 1))
    lines = [f"  - {{name: {name}, connector: {name}}}\n" for name in SOURCES]
    (folder / "sources.yml").write_text("root: exports\nsources:\n" + "".join(lines))
    settings = make_settings(folder / "var", sources=folder / "sources.yml", exports=None, **values)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DBT_TARGET_PATH", raising=False)
        run_dbt(settings, ["parse"], quiet=True)
    return settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return make_brand(tmp_path_factory.mktemp("services"), ingest_schedule="")


@pytest.fixture(scope="module")
def services(settings: Settings) -> Iterator[AirflowServices]:
    home = settings.path(settings.var_dir) / "airflow"
    with AirflowServices(settings, home) as running:
        started = [psutil.Process(process.pid) for process in running._processes.values()]
        yield running
    assert not [process for process in started if process.is_running()]


@contextmanager
def signed_in(services: AirflowServices) -> Iterator[httpx.Client]:
    """A client that is signed in with the password that the services made."""
    answer = httpx.post(
        f"{services.url}/auth/token",
        json={"username": USER, "password": services.password},
        timeout=30,
        trust_env=False,
    )
    answer.raise_for_status()
    with httpx.Client(
        base_url=f"{services.url}/api/v2",
        headers={"Authorization": f"Bearer {answer.json()['access_token']}"},
        timeout=30,
        trust_env=False,
    ) as client:
        yield client


@pytest.fixture(scope="module")
def api(services: AirflowServices) -> Iterator[httpx.Client]:
    with signed_in(services) as client:
        yield client


def wait_for_dags(api: httpx.Client, dag_ids: set[str], timeout: float = 180) -> None:
    deadline = time.monotonic() + timeout
    known: set[str] = set()
    while time.monotonic() < deadline:
        known = {dag["dag_id"] for dag in api.get("/dags").json()["dags"]}
        if dag_ids <= known:
            return
        time.sleep(1)
    errors = api.get("/importErrors").json()["import_errors"]
    pytest.fail(f"Airflow knows {known} only; import errors: {errors}")


def wait_for_run(
    api: httpx.Client, services: AirflowServices, dag_id: str, timeout: float = 600
) -> dict[str, Any]:
    """Return the first run of a DAG once it has ended."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        services.check()
        runs = api.get(f"/dags/{dag_id}/dagRuns").json()["dag_runs"]
        if runs and runs[0]["state"] in FINISHED:
            return dict(runs[0])
        time.sleep(1)
    tasks = api.get(f"/dags/{dag_id}/dagRuns/~/taskInstances").json()
    states = [(task["task_id"], task["state"]) for task in tasks["task_instances"]]
    pytest.fail(f"{dag_id} did not end: {states}")


def failures(api: httpx.Client, run: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the tasks of a run that did not succeed."""
    tasks = api.get(
        f"/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}/taskInstances", params={"limit": 500}
    ).json()["task_instances"]
    return [(task["task_id"], task["state"]) for task in tasks if task["state"] != "success"]


def test_one_call_loads_builds_and_activates(
    settings: Settings, services: AirflowServices, api: httpx.Client
) -> None:
    dags = ("sojourn_ingest", "sojourn_transform", "sojourn_activate")
    wait_for_dags(api, set(dags))
    assert httpx.get(f"{services.url}/api/v2/dags", trust_env=False).status_code == 401

    pool = api.get("/pools/sojourn_warehouse").json()
    assert pool["slots"] == 1

    api.patch("/dags/sojourn_ingest", json={"is_paused": False}).raise_for_status()
    api.post(
        "/dags/sojourn_ingest/dagRuns", json={"logical_date": None, "conf": {"as_of": AS_OF}}
    ).raise_for_status()

    for dag_id in dags:
        begin = time.monotonic()
        run = wait_for_run(api, services, dag_id)
        print(f"{dag_id}: {run['state']} after {time.monotonic() - begin:.0f} s")
        assert run["state"] == "success", failures(api, run)
        if dag_id != "sojourn_ingest":
            assert run["run_type"] == "asset_triggered"
            assert failures(api, run) == []

    events = api.get("/assets/events").json()["asset_events"]
    assert {event["name"]: event["extra"]["as_of"] for event in events} == {
        "sojourn_raw": AS_OF,
        "sojourn_customers": AS_OF,
    }

    with open_warehouse(settings, read_only=True) as warehouse:
        [(persons,)] = warehouse.fetch("select count(*) from profiles.profiles")
        [(last,)] = warehouse.fetch("select max(loaded_at) from events.events")
    assert persons > 0
    assert last == datetime.fromisoformat(AS_OF)
    assert (Path(settings.var_dir) / "report.html").is_file()


def wait_until(
    services: AirflowServices, is_so: Callable[[], bool], state: Callable[[], object]
) -> None:
    deadline = time.monotonic() + 600
    while not is_so():
        services.check()
        if time.monotonic() > deadline:
            pytest.fail(f"It did not come to pass: {state()}")
        time.sleep(2)


@pytest.mark.long
def test_history_is_replayed_and_a_day_is_loaded_again_on_postgres(
    tmp_path: Path, postgres_settings: Settings
) -> None:
    """Two intervals since the start, then a backfill of the first, which finds a late file."""
    postgres = {
        name: value for name, value in postgres_settings if name.startswith(("postgres", "target"))
    }
    settings = make_brand(
        tmp_path / "brand",
        ingest_schedule="0 0 3,5 1 *",
        ingest_start=date(2025, 1, 5),
        **postgres,
    )
    ends = ["2026-01-03T00:00:00", "2026-01-05T00:00:00"]
    home = settings.path(settings.var_dir) / "airflow"
    with AirflowServices(settings, home) as services, signed_in(services) as api:

        def ingests() -> list[tuple[str, str, str]]:
            runs = api.get("/dags/sojourn_ingest/dagRuns").json()["dag_runs"]
            return sorted(
                (run["run_type"], run["data_interval_end"][:19], run["state"]) for run in runs
            )

        def built() -> list[str]:
            answer = api.get("/assets/events")
            # Airflow 3.3 has no answer while a run that an event created has not started.
            if answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR:
                return []
            events = answer.json()["asset_events"]
            return [
                event["extra"]["as_of"] for event in events if event["name"] == "sojourn_customers"
            ]

        def rows() -> list[tuple[object, ...]]:
            with open_warehouse(settings) as warehouse:
                return warehouse.fetch(
                    "select cast(_loaded_at as date), count(*) from raw_segment.events "
                    "group by 1 order by 1"
                )

        wait_for_dags(api, {"sojourn_ingest", "sojourn_transform", "sojourn_activate"})
        api.patch("/dags/sojourn_ingest", json={"is_paused": False}).raise_for_status()
        replayed = [("scheduled", end, "success") for end in ends]
        wait_until(services, lambda: ingests() == replayed, ingests)
        wait_until(services, lambda: ends[1] in built(), built)
        [(_, first), (_, second)] = rows()

        exports = settings.sources.parent / "exports" / "segment"
        sent = gzip.decompress((exports / "events_2026-01-01.jsonl.gz").read_bytes())
        late = sent.replace(b'"messageId":"', b'"messageId":"late-')
        (exports / "events_late_2026-01-02.jsonl.gz").write_bytes(gzip.compress(late))
        days = {"from_date": "2026-01-03T00:00:00Z", "to_date": "2026-01-03T00:00:00Z"}
        asked = {"dag_id": "sojourn_ingest", "max_active_runs": 1, **days}
        api.post("/backfills", json={**asked, "reprocess_behavior": "completed"}).raise_for_status()
        again = [("backfill", ends[1], "success"), ("scheduled", ends[0], "success")]
        wait_until(services, lambda: ingests() == again, ingests)
        wait_until(services, lambda: built().count(ends[1]) == 2, built)
        late_rows = late.count(b'"late-')
        assert rows() == [(date(2026, 1, 3), first), (date(2026, 1, 5), second + late_rows)]
