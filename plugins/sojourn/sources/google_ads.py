"""Google Ads: cost by day and campaign; each file restates the days before it."""

from __future__ import annotations

from sojourn.sources.connector import Connector, Stream

CONNECTOR = Connector(
    name="google_ads",
    streams=(
        Stream(
            table="campaign_performance",
            stem="campaign_performance",
            format="csv",
            columns=(
                *("segments.date", "customer.id", "customer.currency_code", "customer.time_zone"),
                *("campaign.id", "campaign.name", "campaign.advertising_channel_type"),
                *("metrics.impressions", "metrics.clicks", "metrics.cost_micros"),
            ),
            required=("segments_date", "customer_id", "campaign_id", "metrics_cost_micros"),
            native_key=("segments_date", "customer_id", "campaign_id"),
        ),
    ),
)
