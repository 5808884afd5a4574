with orders_observed as (

    select * from {{ ref('sojourn', 'orders_observed') }}
    where rate is not null

),

orders as (

    select
        order_id,
        record_id,
        person_id,
        source,
        currency,
        status,
        net_amount as revenue_original,
        {{ sojourn.to_reporting_currency('net_amount', 'rate') }} as gross_revenue,
        {{ sojourn.to_reporting_currency('refunded_amount', 'rate') }} as refunded_revenue,
        cast(
            {{ sojourn.to_reporting_currency('net_amount', 'rate') }}
            - {{ sojourn.to_reporting_currency('refunded_amount', 'rate') }}
            as {{ sojourn.type_money() }}
        ) as revenue,
        ordered_at,
        refunded_at,
        loaded_at

    from orders_observed

)

select * from orders
