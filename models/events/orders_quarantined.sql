with orders_observed as (

    select * from {{ ref('sojourn', 'orders_observed') }}
    where rate is null

),

quarantined as (

    select
        order_id,
        record_id,
        source,
        currency,
        net_amount,
        case
            when currency is null then 'no currency'
            else 'no exchange rate for its currency and day: add one to the seed exchange_rates'
        end as reason,
        ordered_at

    from orders_observed

)

select * from quarantined
