"""HubSpot: the contacts export (CSV) and the e-mail events of its API (JSON lines)."""

from __future__ import annotations

from sojourn.sources.connector import Connector, Stream, standard

CONNECTOR = Connector(
    name="hubspot",
    streams=(
        Stream(
            table="contacts",
            stem="contacts",
            format="csv",
            columns=(
                *("Record ID", "First Name", "Last Name", "Email", "Phone Number"),
                *("Country/Region", "Time Zone", "Lifecycle Stage", "Original Source"),
                *("Contact owner", "Company Name", "Create Date", "Last Modified Date"),
            ),
            required=("record_id",),
            native_key=("record_id",),
            standards=(
                standard("email", "email"),
                standard("phone_number", "phone", country=("country_region",)),
                standard("first_name", "first_name"),
                standard("last_name", "last_name"),
                standard("country_region", "country"),
            ),
        ),
        Stream(
            table="email_events",
            stem="email_events",
            format="jsonl",
            columns=(
                *("id", "type", "recipient", "created", "emailCampaignId", "emailCampaignName"),
                *("portalId", "appId", "appName", "url", "userAgent", "subject", "filteredEvent"),
                *("portalSubscriptionStatus", "subscriptions", "browser", "location", "sentBy"),
            ),
            optional=(
                *("requested_by", "source", "category", "response", "status", "attempt", "from"),
                *("reply_to", "duration", "device_type", "ip_address", "caused_by", "bcc", "cc"),
                *("obsoleted_by", "link_id", "referer", "drop_message", "drop_reason"),
                *("email_campaign_group_id", "smtp_id", "suppressed_reason", "hmid"),
            ),
            required=("id", "type", "recipient", "created"),
            native_key=("id",),
            json_columns=(
                *("subscriptions", "browser", "location", "sent_by", "caused_by", "obsoleted_by"),
            ),
            standards=(standard("recipient", "email"),),
        ),
    ),
)
