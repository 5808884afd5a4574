"""Consents: whose address, for what, and what was said. Doubt here stops the load."""

from __future__ import annotations

from typing import Any

from sojourn.gate.rules import filled, one_of, standardised, times


def suites() -> dict[str, list[Any]]:
    """Return the expectations of each raw table."""
    return {
        "changes": [
            filled("consent_id"),
            filled("identifier_value", mostly=0.99),
            one_of("identifier_type", ("email", "phone"), mostly=0.99, severity="critical"),
            one_of("status", ("granted", "denied"), mostly=0.99, severity="critical"),
            one_of("channel", ("email", "sms", "mail", "call", "ads")),
            one_of("purpose", ("marketing", "service")),
            *standardised("identifier_value", mostly=0.9),
            *times("changed_at"),
        ],
    }
