"""The named connectors. A new one: its own file beside this one, and a line in the list."""

from __future__ import annotations

from sojourn.sources import (
    ad_server,
    calls,
    consents,
    google_ads,
    hubspot,
    meta_ads,
    pos,
    salesforce,
    segment,
    shopify,
    snowplow,
)
from sojourn.sources.connector import Connector

CONNECTORS: dict[str, Connector] = {
    module.CONNECTOR.name: module.CONNECTOR
    for module in (
        segment,
        snowplow,
        salesforce,
        hubspot,
        shopify,
        pos,
        calls,
        google_ads,
        meta_ads,
        ad_server,
        consents,
    )
}
