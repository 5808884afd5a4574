with item_inputs as (

    {{ sojourn.union_inputs('order_items') }}

),

orders as (

    select * from {{ ref('sojourn', 'orders') }}

),

exchange_rates_to_reporting as (

    select * from {{ ref('sojourn', 'exchange_rates_to_reporting') }}

),

latest as (

    select
        *,
        row_number() over (
            partition by source, order_id, line_number
            order by
                observed_at desc nulls last,
                loaded_at desc nulls last,
                net_amount desc nulls last,
                record_id desc
        ) as version_rank

    from item_inputs

),

order_items as (

    select
        latest.order_id,
        latest.source,
        latest.product_id,
        latest.product_name,
        cast(latest.line_number as {{ sojourn.type_bigint() }}) as line_number,
        cast(latest.quantity as {{ sojourn.type_bigint() }}) as quantity,
        {{ sojourn.to_reporting_currency(
            'latest.net_amount', 'exchange_rates_to_reporting.rate'
        ) }} as revenue,
        orders.ordered_at

    from latest
    inner join orders
        on
            latest.order_id = orders.order_id
            and latest.source = orders.source
    inner join exchange_rates_to_reporting
        on {{ sojourn.rate_on('orders.currency', 'orders.ordered_at') }}
    where latest.version_rank = 1

)

select * from order_items
