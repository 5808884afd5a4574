"""Snowplow: the atomic columns stand where the canonical event model puts them."""

from __future__ import annotations

from typing import Any

from sojourn.gate.rules import filled, matches, mostly_unique, one_of, times


def suites() -> dict[str, list[Any]]:
    """Return the expectations of each raw table."""
    return {
        "events": [
            filled("event_id"),
            filled("collector_tstamp"),
            matches(
                "event_id",
                r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
                "a UUID",
                mostly=0.9,
                severity="critical",
            ),
            one_of(
                "event",
                ("page_view", "page_ping", "struct", "unstruct", "transaction", "transaction_item"),
            ),
            filled("domain_userid", mostly=0.5, severity="warning"),
            mostly_unique("event_id"),
            *times("collector_tstamp", "derived_tstamp"),
        ],
    }
