"""Consent changes: one row a change of an address's standing for a channel and purpose."""

from __future__ import annotations

from sojourn.sources.connector import Connector, Standard, Stream

CONNECTOR = Connector(
    name="consents",
    streams=(
        Stream(
            table="changes",
            stem="changes",
            format="csv",
            columns=(
                *("consent_id", "identifier_type", "identifier_value", "channel", "purpose"),
                *("status", "source", "changed_at"),
            ),
            required=("consent_id", "identifier_type", "identifier_value", "status", "changed_at"),
            native_key=("consent_id",),
            standards=(
                Standard(
                    "identifier_value__standard",
                    "by_identifier_type",
                    "identifier_value",
                    type_column="identifier_type",
                ),
            ),
        ),
    ),
)
