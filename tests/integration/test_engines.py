"""Each engine gives the same rows as DuckDB, in a full build and in an incremental one.

PostgreSQL is compared in `test_incremental`, too, after runs of other days.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from sojourn.build import build, run_dbt
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
    duckdb, spark = grow_beside(tmp_path, duckdb_settings, spark_server_settings)
    # Credit that sums to 1, revenue that is conserved, and the rest: as on the other engines.
    tests = ["path:tests/dbt/attribution", "path:models/attribution,test_type:generic"]
    run_dbt(spark, ["test", "--select", *tests], as_of=day_end(DAYS), quiet=True)
    assert_same_report(tmp_path, duckdb, spark, engine="Apache Spark")


def test_spark_in_a_process_takes_up_the_same(tmp_path: Path, duckdb_settings: Settings) -> None:
    """dbt's session method, on a table that grows; the long run of tests does all."""
    spark = make_spark_settings(tmp_path)
    skip_without_java()
    grow_beside(
        tmp_path,
        duckdb_settings,
        spark,
        sources=["shopify"],
        select=["+record_identifiers"],
        only=["identity.record_identifiers"],
    )


@pytest.mark.long
def test_spark_in_a_process_agrees_with_duckdb(tmp_path: Path, duckdb_settings: Settings) -> None:
    """dbt's session method, with the catalogue and the planner that users have."""
    skip_without_java()
    grow_beside(tmp_path, duckdb_settings, make_spark_settings(tmp_path, spark_java_options=""))


@pytest.mark.long
def test_postgres_agrees_with_duckdb(
    tmp_path: Path, duckdb_settings: Settings, postgres_settings: Settings
) -> None:
    duckdb, postgres = grow_beside(tmp_path, duckdb_settings, postgres_settings)
    assert_same_report(tmp_path, duckdb, postgres, engine="PostgreSQL")


def skip_without_java() -> None:
    problem = missing()
    if problem is not None:
        pytest.skip(problem)


def grow_beside(
    tmp_path: Path,
    duckdb_settings: Settings,
    other_settings: Settings,
    *,
    sources: Sequence[str] | None = None,
    select: Sequence[str] = (),
    only: Sequence[str] = (),
) -> tuple[Settings, Settings]:
    """Build twice on both and compare after each.

    Of few people: what Spark costs here is planning, not rows. What customers are worth is learned
    between, if all is built.
    """
    exports = make_brand(tmp_path / "brand", people=60, days=DAYS)
    duckdb, other = (
        settings.model_copy(update={"exports": exports, "var_dir": settings.var_dir / name})
        for name, settings in (("duckdb", duckdb_settings), ("other", other_settings))
    )
    counts = []
    for day in (FIT_DAY, DAYS):
        for settings in (duckdb, other):
            with kept_session():
                load(settings, as_of=day_end(day), sources=sources)
                run_gate(settings, sources=sources)
            build(settings, as_of=day_end(day), select=select, tests=False, quiet=True)
        with kept_session():
            counts.append(assert_same(duckdb, other, same_runs=True, only=only))
            if day == FIT_DAY and not select:
                record_value_fit(duckdb)
                record_value_fit(other)
    before, after = counts
    tables = only or ["identity.identifiers", "events.events", "attribution.credits"]
    assert all(before[table] < after[table] for table in tables)
    # Of the fit that lies between.
    assert only or after["profiles.value_parameters"]
    return duckdb, other


def assert_same_report(tmp_path: Path, duckdb: Settings, other: Settings, *, engine: str) -> None:
    with open_warehouse(duckdb) as warehouse:
        assert warehouse.fetch(
            "select count(*) > 0 from profiles.predictions where expected_value_90_days > 0"
        ) == [(True,)]
    with kept_session():
        expected, found = read_facts(duckdb), read_facts(other)
        assert expected.merge is not None
        assert found.merge is not None
        assert found.merge.nodes == expected.merge.nodes
        assert (found.persons_by_size, found.stages) == (expected.persons_by_size, expected.stages)
        assert f"on {engine}." in write_report(other, tmp_path / "report.html").read_text()
