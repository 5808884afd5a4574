{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
) }}

with orders as (

    select * from {{ ref('sojourn', 'orders') }}

),

{% if is_incremental() %}
logged as (

    select
        order_id,
        sum(refunded_revenue) as refunded_revenue

    from {{ this }}
    group by order_id

),
{% endif %}

-- What an order has been refunded since the log last spoke of it; less than nothing where a refund
-- was taken back.
refunds as (

    select
        orders.order_id,
        orders.source,
        {% if is_incremental() -%}
        cast(
            orders.refunded_revenue - coalesce(logged.refunded_revenue, 0)
            as {{ sojourn.type_money() }}
        ) as refunded_revenue,
        {% else -%}
        orders.refunded_revenue,
        {% endif -%}
        coalesce(orders.refunded_at, orders.ordered_at) as refunded_at,
        {{ sojourn.run_at() }} as recorded_at,
        {{ sojourn.this_run() }} as changed_in

    from orders
    {% if is_incremental() %}
    left join logged on orders.order_id = logged.order_id
    where orders.refunded_revenue <> coalesce(logged.refunded_revenue, 0)
    {% else %}
    where orders.refunded_revenue <> 0
    {% endif %}

)

select * from refunds
