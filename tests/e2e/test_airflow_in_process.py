"""The three DAGs in one process, as `make demo` runs them, on a small simulated brand."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

import pytest
from rich.console import Console
from sojourn.airflow.as_of import parse_as_of
from sojourn.airflow.demo import DagRunFailedError, run_dags
from sojourn.settings import Settings
from sojourn.warehouse import open_warehouse

from tests.conftest import make_settings
from tests.e2e.airflow_brand import AS_OF, SOURCES, make_brand


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return make_brand(tmp_path_factory.mktemp("in_process"))


def test_the_chain_runs_and_says_what_it_does(settings: Settings) -> None:
    text = io.StringIO()
    runs = run_dags(settings, parse_as_of(AS_OF), Console(file=text, width=120))
    print(text.getvalue())

    assert runs.as_of == datetime.fromisoformat(AS_OF)
    assert list(runs.seconds) == ["sojourn_ingest", "sojourn_transform", "sojourn_activate"]
    for source in SOURCES:
        assert f"✓ {source}.load" in text.getvalue()
    assert "tables built" in text.getvalue()
    # Airflow's own noise is in the file, not on the screen.
    assert "DAG TEST" not in text.getvalue()
    assert "DAG TEST" in runs.log.read_text()

    with open_warehouse(settings, read_only=True) as warehouse:
        [(persons,)] = warehouse.fetch("select count(*) from profiles.profiles")
        [(changes,)] = warehouse.fetch(
            "select count(*) from identity.id_changes where changed_at > ?", (runs.as_of,)
        )
    assert persons > 0
    assert changes == 0
    assert (Path(settings.var_dir) / "report.html").is_file()


def test_what_fails_is_named(tmp_path: Path) -> None:
    sources = tmp_path / "sources.yml"
    sources.write_text("sources:\n  - {name: shop, connector: file, path: none.csv}\n")
    settings = make_settings(tmp_path / "var", sources=sources)
    with pytest.raises(DagRunFailedError, match=r"run\.log"):
        run_dags(settings, parse_as_of(AS_OF), Console(file=io.StringIO()))
