"""Sources by YAML alone: the default expectations of each entity.

A source may have a file of its own here, by its name; it then replaces these.
"""

from __future__ import annotations

from typing import Any

from sojourn.gate.rules import (
    CURRENCY,
    DATE,
    filled,
    matches,
    mostly_unique,
    numbers,
    one_of,
    times,
)
from sojourn.sources.entities import CONSENT_STATUSES, DELIVERY_KINDS


def suites() -> dict[str, list[Any]]:
    """Return the expectations of each entity."""
    return {
        "people": [filled("id"), filled("identifiers", severity="warning")],
        "events": [
            filled("occurred_at"),
            filled("name", mostly=0.5, severity="warning"),
            mostly_unique("id"),
            *times("occurred_at"),
        ],
        "touchpoints": [
            filled("touched_at"),
            filled("channel", mostly=0.5, severity="warning"),
            *times("touched_at"),
        ],
        "orders": [
            filled("id"),
            filled("ordered_at"),
            matches("currency", CURRENCY, "a currency code"),
            *numbers("revenue", "gross_revenue"),
            *times("ordered_at"),
        ],
        "spend": [
            filled("date_day"),
            filled("spend"),
            matches("date_day", DATE, "a date", mostly=0.95, severity="critical"),
            matches("currency", CURRENCY, "a currency code"),
            *numbers("spend"),
        ],
        "consents": [
            filled("identifier_value", mostly=0.99),
            one_of("status", CONSENT_STATUSES, mostly=0.99, severity="critical"),
            *times("changed_at"),
        ],
        "deliveries": [
            filled("delivered_at"),
            one_of("kind", DELIVERY_KINDS),
            *times("delivered_at"),
        ],
    }
