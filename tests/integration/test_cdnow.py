"""The real purchases of an online music shop, through the file connector and every model."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

from sojourn.build import build
from sojourn.gate import run_gate
from sojourn.settings import Settings
from sojourn.sources import load
from sojourn.warehouse import open_warehouse

from tests.conftest import PROJECT_DIR


def test_every_purchase_arrives_once(usual_engine_settings: Settings, shared_data: Path) -> None:
    settings = usual_engine_settings.model_copy(
        update={
            "sources": PROJECT_DIR / "examples" / "cdnow" / "sources.yml",
            "exports": shared_data / "cdnow",
        }
    )
    as_of = datetime(1998, 7, 1)
    for _ in range(2):
        load(settings, as_of=as_of)
    run_gate(settings)
    build(settings, as_of=as_of, quiet=True)
    with open_warehouse(settings) as warehouse:

        def one(sql: str) -> tuple[object, ...]:
            return warehouse.fetch(sql)[0]

        assert one("select count(*), sum(revenue) from events.orders") == (
            69_659,
            Decimal("2500315.63"),
        )
        assert one("select count(*) from events.orders where revenue = 0") == (80,)
        assert one("select count(*) from profiles.profiles where order_count > 0") == (23_570,)
        assert one("select count(*) from profiles.profiles") == (23_570,)
        assert one("select count(*), sum(revenue) from events.conversions") == (
            69_659,
            Decimal("2500315.63"),
        )
        assert one("select sum(case when is_first then 1 else 0 end) from events.conversions") == (
            23_570,
        )
        assert one(
            "select sum(attributed_revenue) from attribution.credits where model = 'linear'"
        ) == (Decimal("2500315.63"),)
