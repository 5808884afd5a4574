"""The raw gate on a real warehouse: verdicts, rejection, report."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from sojourn.build import run_dbt
from sojourn.gate import run_gate
from sojourn.settings import Settings
from sojourn.sources import load
from sojourn.warehouse import open_warehouse

CONSENTS = "consent_id,identifier_type,identifier_value,channel,purpose,status,source,changed_at\n"
ADS = (
    "date_start,date_stop,account_id,account_currency,account_timezone_name,campaign_id,"
    "campaign_name,impressions,clicks,spend\n"
)


def consent(number: int, status: str = "granted") -> str:
    return (
        f"c{number},email,a{number}@b.example,email,marketing,{status},web,2026-01-05T10:00:00Z\n"
    )


def ad(day: int) -> str:
    return f"2026-01-{day:02d},2026-01-{day:02d},1,USD,UTC,7,spring,10,1,2.50\n"


@pytest.fixture
def settings(engine_settings: Settings, tmp_path: Path) -> Settings:
    root = tmp_path / "exports"
    for folder in ("consents", "meta_ads"):
        (root / folder).mkdir(parents=True)
    (root / "sources.yml").write_text(
        "sources:\n"
        "  - {name: consents, connector: consents}\n"
        "  - {name: meta_ads, connector: meta_ads}\n"
        "  - {name: till, connector: file, path: till.csv, entity: orders}\n"
    )
    (root / "till.csv").write_text("id,ordered_at,revenue,currency\n1,2026-01-05,2,dollars\n")
    return engine_settings.model_copy(update={"sources": root / "sources.yml", "exports": root})


def test_a_critical_failure_rejects_its_load_only(settings: Settings) -> None:
    root = settings.exports
    assert root is not None
    good = root / "consents" / "changes_2026-01-05.csv"
    good.write_text(CONSENTS + "".join(consent(number) for number in range(10)))
    (root / "meta_ads" / "insights_2026-01-05.csv").write_text(ADS + ad(5))
    load(settings, as_of=datetime(2026, 1, 6))
    first = run_gate(settings, as_of=datetime(2026, 1, 6))
    assert first.rejected == {}
    assert {found.source for found in first.checks} == {"consents", "meta_ads", "till"}
    assert [found.expectation for found in first.warnings] == ["currency is a currency code"]
    assert run_gate(settings).checks == []

    bad = root / "consents" / "changes_2026-01-06.csv"
    bad.write_text(CONSENTS + "".join(consent(number, "maybe") for number in range(10)))
    (root / "meta_ads" / "insights_2026-01-06.csv").write_text(ADS + ad(6))
    loaded = load(settings, as_of=datetime(2026, 1, 7))
    second = run_gate(settings, as_of=datetime(2026, 1, 7))
    assert second.rejected == {"consents": "changes: status is one of granted, denied"}
    load_id = loaded.sources[0].load_id
    with open_warehouse(settings) as warehouse:
        assert warehouse.fetch(
            "select load_id, reason, rejected_at from raw_consents.rejected_loads"
        ) == [(load_id, "changes: status is one of granted, denied", datetime(2026, 1, 7))]
        assert warehouse.fetch(
            "select severity, success, observed, unexpected_count, checked_at "
            "from raw_gate.results where load_id = ? and expectation like 'status%'",
            (load_id,),
        ) == [("critical", False, "10 of 10 rows do not comply", 10, datetime(2026, 1, 7))]
        assert not warehouse.relation_exists("raw_meta_ads", "rejected_loads")

    assert second.report is not None
    page = second.report.read_text()
    assert "rejected" in page
    assert "10 of 10 rows do not comply" in page
    assert "@b.example" not in page
    assert "http" not in page.replace("http-equiv", "")

    # The rejected file is not retried; mended, it is judged anew.
    assert load(settings).rows == 0
    bad.write_text(CONSENTS + consent(99, "denied"))
    assert load(settings).rows == 1
    assert run_gate(settings).rejected == {}


def test_a_load_mostly_in_quarantine_is_rejected(settings: Settings) -> None:
    root = settings.exports
    assert root is not None
    (root / "meta_ads" / "insights_2026-01-05.csv").write_text(ADS + ad(5) + "x\ny\nz\n")
    load(settings)
    result = run_gate(settings, sources=["meta_ads"])
    assert result.rejected == {"meta_ads": "insights: at most half of the rows went to quarantine"}


def staged(settings: Settings, model: str) -> int:
    """Return how many rows staging reads."""
    with open_warehouse(settings) as warehouse:
        return int(warehouse.fetch(f"select count(*) from staging.{model}")[0][0])


def build_staging(settings: Settings, *options: str) -> None:
    models = ["stg_consents__changes", "stg_generic__orders"]
    run_dbt(settings, ["run", "--select", *models, *options], quiet=True)


def test_only_what_was_accepted_is_read(settings: Settings) -> None:
    root = settings.exports
    assert root is not None

    # Who never runs the gate reads what was loaded.
    (root / "consents" / "changes_2026-01-05.csv").write_text(CONSENTS + consent(1))
    assert not load(settings, as_of=datetime(2026, 1, 6)).awaits_gate
    build_staging(settings)
    assert staged(settings, "stg_consents__changes") == 1
    assert staged(settings, "stg_generic__orders") == 1

    # A run that promises a gate and is killed before it: nothing of it is read.
    (root / "till.csv").write_text("id,ordered_at,revenue,currency\n2,2026-01-05,2,dollars\n")
    with (root / "sources.yml").open("a") as file:
        file.write("  - {name: own, connector: table, relation: shop.orders, entity: orders}\n")
    with open_warehouse(settings) as warehouse:
        warehouse.execute("create schema shop")
        warehouse.execute("create table shop.orders (id varchar, ordered_at date, revenue varchar)")
        warehouse.execute("insert into shop.orders values ('1', '2026-01-05', '2')")
    assert load(settings, as_of=datetime(2026, 1, 7), gated=True).awaits_gate
    build_staging(settings)
    assert staged(settings, "stg_consents__changes") == 0
    assert staged(settings, "stg_generic__orders") == 0
    run_gate(settings)
    assert staged(settings, "stg_consents__changes") == 1
    assert staged(settings, "stg_generic__orders") == 3

    # From then on every load waits for its verdict, whoever loads it, and a bad one stays out.
    bad = root / "consents" / "changes_2026-01-08.csv"
    (root / "consents" / "changes_2026-01-07.csv").write_text(CONSENTS + consent(2))
    bad.write_text(CONSENTS + consent(3, "maybe"))
    assert load(settings, as_of=datetime(2026, 1, 9)).awaits_gate
    assert staged(settings, "stg_consents__changes") == 1
    found = run_gate(settings)
    assert set(found.rejected) == {"consents"}
    assert staged(settings, "stg_consents__changes") == 1

    # The message says how to let the good file in, and that is so.
    assert "sojourn load --source consents --retry-rejected" in found.summary()
    assert found.report is not None
    assert "--retry-rejected" in found.report.read_text()
    again = load(settings, as_of=datetime(2026, 1, 10))
    assert again.rows == 0
    assert "2 files of table changes" in again.summary()
    bad.write_text(CONSENTS + consent(3, "denied"))
    again = load(settings, as_of=datetime(2026, 1, 10), retry_rejected=True)
    assert again.rows == 2
    assert "--retry-rejected" not in again.summary()
    assert staged(settings, "stg_consents__changes") == 1
    assert run_gate(settings).rejected == {}
    assert staged(settings, "stg_consents__changes") == 3

    # Of a relation that is read in place, nothing is read while it is rejected.
    with open_warehouse(settings) as warehouse:
        warehouse.execute("insert into shop.orders values ('2', null, '2'), ('3', null, '2')")
    found = run_gate(settings)
    assert set(found.rejected) == {"own"}
    assert "sojourn gate --source own" in found.summary()
    assert staged(settings, "stg_generic__orders") == 2
    with open_warehouse(settings) as warehouse:
        warehouse.execute("delete from shop.orders")
    assert run_gate(settings).rejected == {}
    with open_warehouse(settings) as warehouse:
        warehouse.execute("insert into shop.orders values ('4', '2026-01-09', '2')")
    assert staged(settings, "stg_generic__orders") == 3


@pytest.mark.long
def test_a_project_may_always_ask_for_verdicts_or_never(
    duckdb_settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "till.csv").write_text("id,ordered_at,revenue\n1,2026-01-05,2\n")
    (tmp_path / "sources.yml").write_text(
        "sources:\n  - {name: till, connector: file, path: till.csv, entity: orders}\n"
    )
    settings = duckdb_settings.model_copy(update={"sources": tmp_path / "sources.yml"})
    load(settings)
    build_staging(settings, "--vars", "{require_gate: true}")
    assert staged(settings, "stg_generic__orders") == 0
    run_gate(settings)
    (tmp_path / "till.csv").write_text("id,ordered_at,revenue\n2,2026-01-05,2\n")
    load(settings)
    build_staging(settings, "--vars", "{require_gate: false}")
    assert staged(settings, "stg_generic__orders") == 2


def test_a_load_without_a_readable_file_is_judged_for_its_quarantine(settings: Settings) -> None:
    root = settings.exports
    assert root is not None
    load(settings, sources=["till"])
    run_gate(settings, sources=["till"])
    with open_warehouse(settings) as warehouse:
        warehouse.execute(
            "insert into raw_till._dlt_loads select 'x', schema_name, status, "
            "inserted_at, schema_version_hash from raw_till._dlt_loads"
        )
        warehouse.execute(
            "create table if not exists raw_till.quarantine (table_name varchar, "
            "_file varchar, _line bigint, reason varchar, content varchar, _loaded_at timestamp, "
            "_dlt_load_id varchar)"
        )
        warehouse.execute(
            "insert into raw_till.quarantine values "
            "('orders', 'till.csv', null, 'cannot be read', null, '2026-01-05', 'x')"
        )
    assert {found.load_id for found in run_gate(settings, sources=["till"]).checks} == {"x"}
