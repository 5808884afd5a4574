"""HubSpot: contacts with their ids, e-mail events with a recipient and a time."""

from __future__ import annotations

from typing import Any

from sojourn.gate.rules import COUNT, filled, matches, one_of, standardised, times


def suites() -> dict[str, list[Any]]:
    """Return the expectations of each raw table."""
    return {
        "contacts": [
            filled("record_id"),
            matches("record_id", COUNT, "a number", mostly=0.95, severity="critical"),
            *standardised("email", "phone_number", "country_region"),
            *times("create_date", "last_modified_date"),
        ],
        "email_events": [
            filled("id"),
            filled("type"),
            filled("recipient"),
            matches(
                "created", r"^\d{12,13}$", "epoch milliseconds", mostly=0.95, severity="critical"
            ),
            one_of(
                "type",
                (
                    *("SENT", "DELIVERED", "OPEN", "CLICK", "BOUNCE", "STATUSCHANGE", "DEFERRED"),
                    *("PROCESSED", "DROPPED", "SPAMREPORT", "SUPPRESSED", "FORWARD", "PRINT"),
                ),
            ),
            *standardised("recipient", mostly=0.95),
        ],
    }
