"""Google Ads: a day, an account, a campaign and what it cost."""

from __future__ import annotations

from typing import Any

from sojourn.gate.rules import CURRENCY, DATE, filled, matches, numbers


def suites() -> dict[str, list[Any]]:
    """Return the expectations of each raw table."""
    return {
        "campaign_performance": [
            filled("segments_date"),
            filled("customer_id"),
            filled("campaign_id"),
            matches("segments_date", DATE, "a date", mostly=0.95, severity="critical"),
            matches("customer_currency_code", CURRENCY, "a currency code"),
            *numbers("metrics_cost_micros", "metrics_impressions", "metrics_clicks"),
        ],
    }
