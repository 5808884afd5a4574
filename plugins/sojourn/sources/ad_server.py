"""Ad server: the log of impressions and clicks."""

from __future__ import annotations

from sojourn.sources.connector import Connector, Stream

CONNECTOR = Connector(
    name="ad_server",
    streams=(
        Stream(
            table="log",
            stem="log",
            format="csv",
            columns=(
                *("event_time", "event_type", "event_id", "impression_id", "click_id"),
                *("campaign_id", "campaign_name", "platform", "placement", "first_party_id"),
                *("country", "user_agent"),
            ),
            required=("event_time", "event_type", "event_id"),
            native_key=("event_id",),
        ),
    ),
)
