"""Meta Ads: insights by day and campaign."""

from __future__ import annotations

from sojourn.sources.connector import Connector, Stream

CONNECTOR = Connector(
    name="meta_ads",
    streams=(
        Stream(
            table="insights",
            stem="insights",
            format="csv",
            columns=(
                *("date_start", "date_stop", "account_id", "account_currency"),
                *("account_timezone_name", "campaign_id", "campaign_name", "impressions"),
                *("clicks", "spend"),
            ),
            required=("date_start", "account_id", "campaign_id", "spend"),
            native_key=("date_start", "account_id", "campaign_id"),
        ),
    ),
)
