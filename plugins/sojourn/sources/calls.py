"""Call centre: one row a call."""

from __future__ import annotations

from sojourn.sources.connector import Connector, Stream, standard

CONNECTOR = Connector(
    name="calls",
    streams=(
        Stream(
            table="calls",
            stem="calls",
            format="csv",
            columns=(
                *("call_id", "started_at", "direction", "caller_number", "caller_country"),
                *("agent_id", "duration_seconds", "topic", "outcome", "loyalty_number"),
                *("order_number", "campaign_code"),
            ),
            required=("call_id", "started_at"),
            native_key=("call_id",),
            standards=(standard("caller_number", "phone", country=("caller_country",)),),
        ),
    ),
)
