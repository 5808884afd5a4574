"""The raw gate on a real warehouse: verdicts, rejection, report."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
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
