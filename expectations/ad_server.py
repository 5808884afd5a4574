"""Ad server: impressions and clicks with ids and times."""

from __future__ import annotations

from typing import Any

from sojourn.gate.rules import filled, mostly_unique, one_of, times


def suites() -> dict[str, list[Any]]:
    """Return the expectations of each raw table."""
    return {
        "log": [
            filled("event_id"),
            mostly_unique("event_id"),
            one_of("event_type", ("impression", "click"), severity="critical", mostly=0.9),
            filled("campaign_id", mostly=0.9, severity="warning"),
            *times("event_time"),
        ],
    }
