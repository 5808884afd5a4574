"""Segment: an event needs its id and type, and a time that can be read."""

from __future__ import annotations

from typing import Any

from sojourn.gate.rules import filled, mostly_unique, one_of, times


def suites() -> dict[str, list[Any]]:
    """Return the expectations of each raw table."""
    return {
        "events": [
            filled("message_id"),
            filled("type"),
            one_of("type", ("track", "page", "screen", "identify", "group", "alias")),
            filled("anonymous_id", mostly=0.5, severity="warning"),
            filled("timestamp", mostly=0.9, severity="warning"),
            mostly_unique("message_id"),
            *times("timestamp", "received_at"),
        ],
    }
