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
            optional=(
                *(f"tax_{number}_{part}" for number in range(1, 6) for part in ("name", "value")),
                *("outstanding_balance", "employee", "location", "device_id", "receipt_number"),
                *("duties", "payment_id", "payment_reference", "payment_terms_name"),
                *("next_payment_due_at", "lineitem_compare_at_price", "lineitem_taxable"),
                *("lineitem_requires_shipping", "lineitem_fulfillment_status", "billing_street"),
                *("billing_address1", "billing_address2", "billing_company", "billing_zip"),
                *("billing_province", "billing_province_name", "shipping_street"),
                *("shipping_address1", "shipping_address2", "shipping_company", "shipping_city"),
                *("shipping_zip", "shipping_province", "shipping_province_name"),
                *("shipping_phone",),
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
