"""The three DAGs in one process, as `make demo` runs them, on a small simulated brand."""

from __future__ import annotations

import io
import shutil
from datetime import date, datetime
from pathlib import Path

import pytest
from rich.console import Console
from sojourn.airflow.demo import DagRunFailedError, run_dags
from sojourn.build import run_dbt
from sojourn.simulation import simulate
from sojourn.spark import missing
from sojourn.warehouse import open_warehouse

from tests.conftest import Demo, make_settings, make_spark_settings
from tests.dags.conftest import run_script


def test_the_chain_runs_and_says_what_it_does(demo: Demo) -> None:
    runs = demo.runs
    assert list(runs.seconds) == ["sojourn_ingest", "sojourn_transform", "sojourn_activate"]
    for source in ("segment", "salesforce", "shopify"):
        assert f"✓ {source}.load" in demo.printed
    assert "tables built" in demo.printed
    # Airflow's own noise is in the file, not on the screen.
    assert "DAG TEST" not in demo.printed
    assert "DAG TEST" in runs.log.read_text()

    with open_warehouse(demo.settings, read_only=True) as warehouse:
        [(persons,)] = warehouse.fetch("select count(*) from profiles.profiles")
        [(last,)] = warehouse.fetch("select max(loaded_at) from events.events")
        [(changes,)] = warehouse.fetch(
            "select count(*) from identity.id_changes where changed_at > ?", (runs.as_of,)
        )
    assert persons > 0
    assert last == runs.as_of
    assert changes == 0
    assert (Path(demo.settings.var_dir) / "report.html").is_file()


def test_what_fails_is_named(tmp_path: Path) -> None:
    sources = tmp_path / "sources.yml"
    sources.write_text("sources:\n  - {name: shop, connector: file, path: none.csv}\n")
    settings = make_settings(tmp_path / "var", sources=sources)
    with pytest.raises(DagRunFailedError, match=r"run\.log"):
        run_dags(settings, datetime(2026, 1, 8), Console(file=io.StringIO()))


def test_the_refit_proposes_and_adopts_or_says_that_there_is_too_little(
    demo: Demo, tmp_path: Path
) -> None:
    warehouse_file = tmp_path / "demo.duckdb"
    shutil.copy(demo.settings.duckdb_path, warehouse_file)
    settings = demo.settings.model_copy(
        update={"var_dir": tmp_path, "duckdb_path": warehouse_file, "refit_adopt_below": 1.0}
    )
    early, now = "2026-01-10T00:00:00", demo.runs.as_of.isoformat()
    home = tmp_path / "airflow"
    first, second = run_script(settings, "run_refit.py", home, early, now)
    assert first == {"as_of": "success", "refit_value": "failed", "refit_attribution": "skipped"}
    assert second["refit_attribution"] == "success"
    with open_warehouse(settings, read_only=True) as warehouse:
        assert warehouse.fetch(
            "select change, fit_version, recorded_at from attribution.fit_log "
            "order by change_number"
        ) == [(change, now[:10], demo.runs.as_of) for change in ("proposed", "adopted")]


@pytest.mark.long
def test_the_chain_runs_on_spark(tmp_path: Path) -> None:
    """The same DAGs, in which only the target is another; each task opens Spark for itself."""
    problem = missing()
    if problem is not None:
        pytest.skip(problem)
    start = date(2026, 1, 1)
    simulate(tmp_path / "exports", people=60, days=7, seed=11, start=start)
    sources = tmp_path / "sources.yml"
    sources.write_text(
        "root: exports\n"
        "sources:\n"
        "  - {name: segment, connector: segment}\n"
        "  - {name: shopify, connector: shopify}\n"
    )
    settings = make_spark_settings(tmp_path / "var", sources=sources, ingest_schedule="")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DBT_TARGET_PATH", raising=False)
        run_dbt(settings, ["parse"], quiet=True)
    text = io.StringIO()
    runs = run_dags(settings, datetime(2026, 1, 8), Console(file=text, width=120))
    assert list(runs.seconds) == ["sojourn_ingest", "sojourn_transform", "sojourn_activate"]
    with open_warehouse(settings, read_only=True) as warehouse:
        assert warehouse.fetch(
            "select count(*) > 0, max(loaded_at) from events.events where source = 'segment'"
        ) == [(True, runs.as_of)]
        assert warehouse.fetch("select count(*) > 0 from profiles.profiles") == [(True,)]
