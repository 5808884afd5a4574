"""Meta Ads: a day, an account, a campaign and what it cost."""

from __future__ import annotations

from typing import Any

from sojourn.gate.rules import CURRENCY, DATE, filled, matches, numbers


def suites() -> dict[str, list[Any]]:
    """Return the expectations of each raw table."""
    return {
        "insights": [
            filled("date_start"),
            filled("account_id"),
            filled("campaign_id"),
            matches("date_start", DATE, "a date", mostly=0.95, severity="critical"),
            matches("account_currency", CURRENCY, "a currency code"),
            *numbers("spend", "impressions", "clicks"),
        ],
    }
