{{ config(
    materialized='incremental',
    incremental_strategy='append',
    post_hook='{{ sojourn.gather_statistics(this) }}',
) }}

with completed_orders as (

    select * from {{ ref('sojourn', 'stg_segment__events') }}
    where
        event_type = 'track'
        and lower(event_name) = 'order completed'
        and order_id is not null
        and quarantine_reason is null
    {% if is_incremental() %}
        and load_id > {{ sojourn.last_load() }}
    {% endif %}

),

parsed as (

    {{ sojourn.select_with_json('completed_orders', {
        'properties': {
            'order_total': 'total',
            'order_revenue': 'revenue',
            'order_subtotal': 'subtotal',
            'order_tax': 'tax',
            'order_shipping': 'shipping',
            'order_discount': 'discount',
            'order_currency': 'currency',
        },
    }) }}

),

amounts as (

    select
        *,
        {{ sojourn.money('order_total') }} as total_amount,
        {{ sojourn.money('order_revenue') }} as revenue_amount,
        {{ sojourn.money('order_subtotal') }} as subtotal_amount,
        coalesce({{ sojourn.money('order_tax') }}, 0) as tax_amount,
        coalesce({{ sojourn.money('order_shipping') }}, 0) as shipping_amount,
        coalesce({{ sojourn.money('order_discount') }}, 0) as discount_amount

    from parsed

),

-- Segment's `revenue` is net of tax and shipping, its `subtotal` is before discounts.
mapped as (

    select
        event_id as record_id,
        'segment' as source,
        'event' as source_kind,
        order_id,
        upper({{ sojourn.clean('order_currency') }}) as currency,
        'paid' as status,
        cast(
            coalesce(total_amount, revenue_amount + tax_amount + shipping_amount)
            as {{ sojourn.type_money() }}
        ) as gross_amount,
        cast(tax_amount as {{ sojourn.type_money() }}) as tax_amount,
        cast(shipping_amount as {{ sojourn.type_money() }}) as shipping_amount,
        cast(discount_amount as {{ sojourn.type_money() }}) as discount_amount,
        cast(0 as {{ sojourn.type_money() }}) as refunded_amount,
        cast(
            coalesce(
                revenue_amount,
                subtotal_amount - discount_amount,
                total_amount - tax_amount - shipping_amount
            ) as {{ sojourn.type_money() }}
        ) as net_amount,
        load_id,
        occurred_at as ordered_at,
        cast(null as {{ sojourn.type_timestamp() }}) as refunded_at,
        coalesce(received_at, occurred_at) as observed_at,
        loaded_at

    from amounts

)

select * from mapped
