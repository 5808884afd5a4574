"""Spark gives the same rows as DuckDB, in a full build and in an incremental one.

PostgreSQL is compared in `test_incremental`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from sojourn.build import build
from sojourn.gate import run_gate
from sojourn.report import write_report
from sojourn.report.facts import read_facts
from sojourn.settings import Settings
from sojourn.sources import load
from sojourn.spark import kept_session, missing
from sojourn.warehouse import open_warehouse

from tests.conftest import make_spark_settings
from tests.integration.conftest import DAYS, FIT_DAY, day_end, make_brand, record_value_fit
from tests.integration.sameness import assert_same


def test_a_spark_server_agrees_with_duckdb(
    tmp_path: Path, duckdb_settings: Settings, spark_server_settings: Settings
) -> None:
    compare(tmp_path, duckdb_settings, spark_server_settings)


@pytest.mark.long
def test_spark_in_a_process_agrees_with_duckdb(tmp_path: Path, duckdb_settings: Settings) -> None:
    """dbt's session method, with the catalogue and the planner that users have."""
    problem = missing()
    if problem is not None:
        pytest.skip(problem)
    settings = make_spark_settings(tmp_path, spark_java_options="")
    compare(tmp_path, duckdb_settings, settings)


def compare(tmp_path: Path, duckdb_settings: Settings, spark_settings: Settings) -> None:
    """On few people: what Spark costs here is planning, not rows."""
    exports = make_brand(tmp_path / "brand", people=60, days=DAYS)
    duckdb, spark = (
        settings.model_copy(update={"exports": exports, "var_dir": settings.var_dir / name})
        for name, settings in (("duckdb", duckdb_settings), ("spark", spark_settings))
    )
    for day in (FIT_DAY, DAYS):
        for settings in (duckdb, spark):
            with kept_session():
                load(settings, as_of=day_end(day))
                run_gate(settings)
            build(settings, as_of=day_end(day), tests=False, quiet=True)
        with kept_session():
            assert_same(duckdb, spark)
            if day == FIT_DAY:
                record_value_fit(duckdb)
                record_value_fit(spark)
    with open_warehouse(duckdb) as warehouse:
        assert warehouse.fetch(
            "select count(*) > 0 from profiles.predictions where expected_value_90_days > 0"
        ) == [(True,)]
    with kept_session():
        expected, found = read_facts(duckdb), read_facts(spark)
        assert expected.merge is not None
        assert found.merge is not None
        assert found.merge.nodes == expected.merge.nodes
        assert (found.persons_by_size, found.stages) == (expected.persons_by_size, expected.stages)
        assert "on Apache Spark." in write_report(spark, tmp_path / "report.html").read_text()
