"""Shopify: each row names its order; amounts and times can be read."""

from __future__ import annotations

from typing import Any

from sojourn.gate.rules import CURRENCY, filled, matches, numbers, one_of, standardised, times


def suites() -> dict[str, list[Any]]:
    """Return the expectations of each raw table."""
    return {
        "orders": [
            filled("name"),
            filled("lineitem_quantity", mostly=0.9, severity="warning"),
            matches("currency", CURRENCY, "a currency code"),
            one_of(
                "financial_status",
                (
                    *("paid", "pending", "refunded", "partially_refunded", "authorized", "voided"),
                    *("partially_paid", "expired"),
                ),
            ),
            *standardised("email", "billing_phone", "billing_country"),
            *numbers("total", "subtotal", "taxes", "shipping", "lineitem_price"),
            *times("created_at"),
        ],
    }
