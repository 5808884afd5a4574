"""Point of sale: receipts with lines, amounts and a local time whose zone is known."""

from __future__ import annotations

from typing import Any

from sojourn.gate.rules import CURRENCY, filled, matches, numbers, standardised, times


def suites() -> dict[str, list[Any]]:
    """Return the expectations of each raw table."""
    return {
        "receipts": [
            filled("receipt_id"),
            filled("store_timezone", mostly=0.9),
            filled("line_number"),
            matches("currency", CURRENCY, "a currency code"),
            *numbers("quantity", "unit_price", "discount", "tax"),
            *times("sold_at"),
            *standardised("e_receipt_email"),
        ],
    }
