"""Shopify: the admin's order export, one row a line item, order fields on an order's first row."""

from __future__ import annotations

from sojourn.sources.connector import Connector, Stream, standard

CONNECTOR = Connector(
    name="shopify",
    streams=(
        Stream(
            table="orders",
            stem="orders",
            format="csv",
            columns=(
                *("Name", "Email", "Financial Status", "Paid at", "Fulfillment Status"),
                *("Fulfilled at", "Accepts Marketing", "Currency", "Subtotal", "Shipping"),
                *("Taxes", "Total", "Discount Code", "Discount Amount", "Shipping Method"),
                *("Created at", "Lineitem quantity", "Lineitem name", "Lineitem price"),
                *("Lineitem sku", "Lineitem discount", "Billing Name", "Billing City"),
                *("Billing Country", "Billing Phone", "Shipping Name", "Shipping Country"),
                *("Notes", "Note Attributes", "Cancelled at", "Payment Method"),
                *("Refunded Amount", "Vendor", "Id", "Tags", "Risk Level", "Source", "Phone"),
            ),
            required=("name",),
            native_key=("name",),
            standards=(
                standard("email", "email"),
                standard("phone", "phone", country=("billing_country", "shipping_country")),
                standard("billing_phone", "phone", country=("billing_country",)),
                standard("billing_country", "country"),
                standard("shipping_country", "country"),
            ),
        ),
    ),
)
