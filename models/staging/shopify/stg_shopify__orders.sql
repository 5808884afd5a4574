with raw_orders as (

    {{ sojourn.raw_table('shopify', 'orders', [
        'name', 'id', 'email', 'financial_status', 'paid_at', 'currency', 'subtotal', 'shipping',
        'taxes', 'total', 'discount_code', 'discount_amount', 'created_at', 'lineitem_quantity',
        'lineitem_name', 'lineitem_price', 'lineitem_sku', 'lineitem_discount', 'billing_name',
        'billing_city', 'billing_zip', 'billing_country', 'billing_phone', 'note_attributes', 'cancelled_at', 'refunded_amount',
        'tags', 'source', 'phone', 'email__standard', 'phone__standard',
        'billing_phone__standard', 'billing_country__standard',
    ]) }}

),

renamed as (

    select
        trim(leading '#' from trim(name)) as order_id,
        {{ sojourn.clean('id') }} as shopify_id,
        {{ sojourn.regexp_group('note_attributes', 'user_id: *([^\\s,;]+)') }} as user_id,
        email__standard as email,
        coalesce(phone__standard, billing_phone__standard) as phone,
        {{ sojourn.clean('billing_name') }} as billing_name,
        {{ sojourn.clean('billing_city') }} as city,
        {{ sojourn.clean('billing_zip') }} as postal_code,
        coalesce(billing_country__standard, {{ sojourn.country_code('billing_country') }})
            as country,
        lower(trim(financial_status)) as financial_status,
        upper({{ sojourn.clean('currency') }}) as currency,
        {{ sojourn.clean('discount_code') }} as discount_code,
        {{ sojourn.clean('tags') }} as tags,
        {{ sojourn.clean('source') }} as sales_channel,
        {{ sojourn.clean('lineitem_sku') }} as product_id,
        {{ sojourn.clean('lineitem_name') }} as product_name,
        {{ sojourn.money('total') }} as total_amount,
        {{ sojourn.money('subtotal') }} as subtotal_amount,
        {{ sojourn.money('taxes') }} as tax_amount,
        {{ sojourn.money('shipping') }} as shipping_amount,
        {{ sojourn.money('discount_amount') }} as discount_amount,
        {{ sojourn.money('refunded_amount') }} as refunded_amount,
        {{ sojourn.try_cast('lineitem_quantity', sojourn.type_bigint()) }} as quantity,
        {{ sojourn.money('lineitem_price') }} as unit_price,
        {{ sojourn.money('lineitem_discount') }} as line_discount_amount,
        _row_id as row_id,
        _file as file_path,
        _dlt_load_id as load_id,
        _line as file_line,
        financial_status is not null or total is not null as is_order_row,
        {{ sojourn.parse_timestamp('created_at') }} as ordered_at,
        {{ sojourn.parse_timestamp('paid_at') }} as paid_at,
        {{ sojourn.parse_timestamp('cancelled_at') }} as cancelled_at,
        _loaded_at as loaded_at

    from raw_orders

),

judged as (

    select
        *,
        {{ sojourn.quarantine_reason(
            keys=['order_id'],
            others={
                'ordered_at is missing or cannot be read': 'is_order_row and ordered_at is null',
                'ordered_at lies more than a day in the future':
                    "ordered_at > loaded_at + interval '1 day'",
                'amounts are missing or cannot be read':
                    'is_order_row and coalesce(subtotal_amount, total_amount) is null',
                'quantity is missing or cannot be read': 'quantity is null',
            },
        ) }} as quarantine_reason

    from renamed

)

select * from judged
