"""Point of sale: store receipts, one row a receipt line, times in the store's zone."""

from __future__ import annotations

from sojourn.sources.connector import Connector, Stream, standard

CONNECTOR = Connector(
    name="pos",
    streams=(
        Stream(
            table="receipts",
            stem="receipts",
            format="csv",
            columns=(
                *("receipt_id", "store_id", "store_timezone", "register_id", "sold_at"),
                *("line_number", "sku", "description", "quantity", "unit_price", "discount"),
                *("tax", "currency", "loyalty_number", "e_receipt_email"),
                "returned_receipt_id",
            ),
            required=("receipt_id", "line_number", "sold_at"),
            native_key=("receipt_id", "line_number"),
            standards=(standard("e_receipt_email", "email"),),
        ),
    ),
)
