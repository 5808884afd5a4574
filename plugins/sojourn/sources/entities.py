"""The entities that the generic connectors fill, and their canonical columns."""

from __future__ import annotations

CANONICAL_COLUMNS: dict[str, tuple[str, ...]] = {
    "people": (
        *("id", "email", "phone", "first_name", "last_name", "birth_date", "city", "postal_code"),
        *("country", "timezone", "company", "job_title", "created_at", "updated_at"),
    ),
    "events": (
        *("id", "name", "type", "occurred_at", "received_at", "anonymous_id", "user_id"),
        *("session_key", "page_url", "referrer", "utm_source", "utm_medium", "utm_campaign"),
        *("utm_content", "utm_term", "click_id", "properties"),
    ),
    "touchpoints": (
        *("id", "touched_at", "channel", "utm_source", "utm_medium", "campaign", "campaign_id"),
        "kind",
    ),
    "orders": (
        *("id", "ordered_at", "gross_revenue", "refunded_revenue", "revenue", "currency"),
        "status",
    ),
    "spend": (
        *("date_day", "platform", "account_id", "campaign_id", "campaign", "channel"),
        *("impressions", "clicks", "spend", "currency", "timezone", "reported_at"),
    ),
    "consents": (
        *("id", "identifier_type", "identifier_value", "channel", "purpose", "status", "source"),
        "changed_at",
    ),
    "deliveries": (*("id", "delivered_at", "kind", "channel", "campaign_id", "campaign", "url"),),
}

ENTITIES: tuple[str, ...] = tuple(CANONICAL_COLUMNS)

REQUIRED_COLUMNS: dict[str, tuple[str, ...]] = {
    "people": (),
    "events": ("occurred_at",),
    "touchpoints": ("touched_at",),
    "orders": ("ordered_at",),
    "spend": ("date_day", "spend"),
    "consents": ("status", "changed_at"),
    "deliveries": ("delivered_at", "kind"),
}
"""A row without one of these is quarantined."""

TIME_COLUMNS = frozenset(
    (
        *("created_at", "updated_at", "occurred_at", "received_at", "touched_at", "ordered_at"),
        *("reported_at", "changed_at", "delivered_at"),
    )
)
DATE_COLUMNS = frozenset(("date_day",))
AMOUNT_COLUMNS = frozenset(("gross_revenue", "refunded_revenue", "revenue", "spend"))
COUNT_COLUMNS = frozenset(("impressions", "clicks"))
JSON_COLUMNS = frozenset(("properties",))

DELIVERY_KINDS: tuple[str, ...] = ("sent", "delivered", "open", "click", "bounce", "unsubscribe")
CONSENT_STATUSES: tuple[str, ...] = ("granted", "denied", "unknown")
