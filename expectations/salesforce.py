"""Salesforce: record ids, relations that are filled, people whose addresses can be read."""

from __future__ import annotations

from typing import Any

from sojourn.gate.rules import CURRENCY, filled, matches, numbers, one_of, standardised, times


def suites() -> dict[str, list[Any]]:
    """Return the expectations of each raw table."""
    return {
        "accounts": [filled("id"), filled("name", severity="warning"), *times("created_date")],
        "contacts": [
            filled("id"),
            one_of("is_deleted", ("true", "false")),
            *standardised("email", "phone", "mailing_country"),
            *times("created_date", "last_modified_date"),
        ],
        "leads": [
            filled("id"),
            one_of("is_converted", ("true", "false")),
            *standardised("email", "phone", "country"),
            *times("created_date", "last_modified_date"),
        ],
        "opportunities": [
            filled("id"),
            filled("stage_name", severity="warning"),
            one_of("is_won", ("true", "false")),
            matches("currency_iso_code", CURRENCY, "a currency code"),
            *numbers("amount"),
            *times("created_date", "last_modified_date"),
        ],
        "opportunity_contact_roles": [
            filled("id"),
            filled("opportunity_id"),
            filled("contact_id"),
        ],
        "campaigns": [filled("id"), filled("name", severity="warning")],
        "campaign_members": [filled("id"), filled("campaign_id"), *times("created_date")],
    }
