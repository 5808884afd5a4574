"""A warehouse that grew day by day is the same as one that was built at once, on any engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from sojourn.build import build, run_dbt
from sojourn.gate import run_gate
from sojourn.settings import Settings
from sojourn.sources import load
from sojourn.warehouse import DuckDBWarehouse, open_warehouse, relation_name

from tests.conftest import make_settings
from tests.integration.conftest import DAYS, FIT_DAY, day_end, grow, make_brand, record_value_fit
from tests.integration.sameness import assert_same


def rebuild(grown: Settings, folder: Path, days: int) -> Settings:
    """Build the same raw data once."""
    at_once = make_settings(folder)
    with open_warehouse(at_once) as warehouse:
        assert isinstance(warehouse, DuckDBWarehouse)
        warehouse.execute(f"attach '{grown.path(grown.duckdb_path)}' as daily (read_only)")
        tables = warehouse.fetch(
            "select schema_name, table_name from duckdb_tables() "
            "where database_name = 'daily' and schema_name like 'raw%'"
        )
        assert tables
        for schema, table in tables:
            name = relation_name(schema, table)
            warehouse.execute(f'create schema if not exists "{schema}"')
            warehouse.execute(f"create table {name} as from daily.{name}")
    build_with_fit(at_once, days)
    return at_once


def build_with_fit(settings: Settings, days: int) -> None:
    """Build once, by the fit that was recorded while the other warehouse grew."""
    build(settings, as_of=day_end(days), select=["value_parameters"], tests=False, quiet=True)
    record_value_fit(settings)
    build(settings, as_of=day_end(days), tests=False, quiet=True)


def run_unit_tests(settings: Settings) -> None:
    run_dbt(settings, ["test", "--select", "test_type:unit"], as_of=day_end(DAYS), quiet=True)


def test_the_same_as_one_build_of_the_same_raw_data(
    day_by_day: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With equal `loaded_at` the person ids are equal too."""
    assert_same(day_by_day, rebuild(day_by_day, tmp_path_factory.mktemp("rebuilt"), DAYS))


@pytest.mark.long
def test_thirty_days_are_the_same_as_one_build(tmp_path_factory: pytest.TempPathFactory) -> None:
    exports = make_brand(tmp_path_factory.mktemp("brand"), people=250, days=30)
    grown = grow(make_settings(tmp_path_factory.mktemp("daily"), exports=exports), 30)
    assert_same(grown, rebuild(grown, tmp_path_factory.mktemp("rebuilt"), 30))


def test_postgres_agrees(
    day_by_day: Settings, small_brand: Path, postgres_settings: Settings
) -> None:
    """In two steps, the second incremental; ids come from other anchors."""
    postgres = postgres_settings.model_copy(update={"exports": small_brand})
    for day in (FIT_DAY, DAYS):
        load(postgres, as_of=day_end(day))
        run_gate(postgres)
        build(postgres, as_of=day_end(day), tests=day == DAYS, quiet=True)
        if day == FIT_DAY:
            record_value_fit(postgres)
    with open_warehouse(postgres) as warehouse:
        assert warehouse.fetch(
            "select count(*) > 5, min(expected_value_90_days) > 0, min(propensity_30_days) > 0 "
            "from profiles.predictions where reason is null"
        ) == [(True, True, True)]
    assert_same(day_by_day, postgres, up_to_renaming=True)
    assert_news_is_found_by_index(postgres)
    run_unit_tests(postgres)


def assert_news_is_found_by_index(postgres: Settings) -> None:
    """What a run or a load has written has an index by it, and its columns are known, too."""
    with open_warehouse(postgres) as warehouse:
        found = warehouse.fetch(
            "select tables.relname, columns.attname,"
            " exists (select 1 from pg_index as i"
            " where i.indrelid = tables.oid and i.indkey[0] = columns.attnum),"
            " tables.reltuples = 0 or exists (select 1 from pg_statistic as s"
            " where s.starelid = tables.oid and s.staattnum = columns.attnum)"
            " from pg_class as tables"
            " inner join pg_attribute as columns on tables.oid = columns.attrelid"
            " where tables.relkind = 'r' and columns.attname in ('changed_in', '_dlt_load_id')"
        )
    assert {"events", "identifier_components", "receipts"} <= {table for table, *_ in found}
    assert [row for row in found if not (row[2] and row[3])] == []


def test_unit_tests_of_models(day_by_day: Settings) -> None:
    """On PostgreSQL they run where it has been built anyway."""
    run_unit_tests(day_by_day)


@pytest.mark.long
def test_the_same_as_one_load_and_build_of_all_files(
    day_by_day: Settings, small_brand: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Loaded at once, ids come from other anchors, and are equal up to renaming."""
    at_once = make_settings(tmp_path_factory.mktemp("at_once"), exports=small_brand)
    load(at_once, as_of=day_end(DAYS))
    run_gate(at_once)
    build_with_fit(at_once, DAYS)
    assert_same(day_by_day, at_once, up_to_renaming=True)
