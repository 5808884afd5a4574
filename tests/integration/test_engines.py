"""DuckDB, PostgreSQL and Spark give the same rows, in a full build and in an incremental one."""

from __future__ import annotations

from pathlib import Path

import pytest
from sojourn.build import build
from sojourn.gate import run_gate
from sojourn.settings import Settings
from sojourn.sources import load
from sojourn.spark import kept_session

from tests.integration.conftest import DAYS, day_end, make_brand
from tests.integration.sameness import assert_same


def grow(settings: Settings, exports: Path, name: str) -> Settings:
    """Load, judge and build six days, then the rest."""
    grown = settings.model_copy(update={"exports": exports, "var_dir": settings.var_dir / name})
    for day in (6, DAYS):
        with kept_session():
            load(grown, as_of=day_end(day))
            run_gate(grown)
        build(grown, as_of=day_end(day), tests=day == DAYS and name != "spark", quiet=True)
    return grown


def test_postgres_agrees_with_duckdb(
    small_brand: Path, duckdb_settings: Settings, postgres_settings: Settings
) -> None:
    duckdb = grow(duckdb_settings, small_brand, "duckdb")
    postgres = grow(postgres_settings, small_brand, "postgres")
    assert_same(duckdb, postgres)


@pytest.mark.long
def test_spark_agrees_with_duckdb(
    tmp_path: Path, duckdb_settings: Settings, spark_server_settings: Settings
) -> None:
    """On fewer people: what Spark costs here is planning, not rows."""
    exports = make_brand(tmp_path / "brand", people=60, days=DAYS)
    duckdb = grow(duckdb_settings, exports, "duckdb")
    spark = grow(spark_server_settings, exports, "spark")
    with kept_session():
        assert_same(duckdb, spark)
