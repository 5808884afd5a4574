"""Segment: web and app events, one JSON object a line, as the Segment spec writes them."""

from __future__ import annotations

from sojourn.sources.connector import Connector, Standard, Stream

CONNECTOR = Connector(
    name="segment",
    streams=(
        Stream(
            table="events",
            stem="events",
            format="jsonl",
            columns=(
                *("type", "event", "name", "messageId", "anonymousId", "userId", "previousId"),
                *("groupId", "timestamp", "originalTimestamp", "sentAt", "receivedAt", "channel"),
                *("context", "properties", "traits", "integrations", "version"),
            ),
            required=("message_id", "type"),
            native_key=("message_id",),
            json_columns=("context", "properties", "traits", "integrations"),
            standards=(
                Standard("email__standard", "email", "traits", path="email"),
                Standard(
                    "phone__standard",
                    "phone",
                    "traits",
                    path="phone",
                    country=("traits.address.country", "traits.country"),
                ),
            ),
        ),
    ),
)
