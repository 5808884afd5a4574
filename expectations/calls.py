"""Call centre: calls with an id and a time."""

from __future__ import annotations

from typing import Any

from sojourn.gate.rules import COUNT, filled, matches, mostly_unique, one_of, standardised, times


def suites() -> dict[str, list[Any]]:
    """Return the expectations of each raw table."""
    return {
        "calls": [
            filled("call_id"),
            mostly_unique("call_id"),
            one_of("direction", ("inbound", "outbound")),
            matches("duration_seconds", COUNT, "a count of seconds"),
            *standardised("caller_number", mostly=0.7),
            *times("started_at"),
        ],
    }
