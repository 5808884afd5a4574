-- What the log says of an order adds up to what it has been refunded.
with logged as (

    select
        order_id,
        sum(refunded_revenue) as refunded_revenue

    from {{ ref('sojourn', 'refund_log') }}
    group by order_id

)

select
    orders.order_id,
    orders.refunded_revenue,
    logged.refunded_revenue as logged_revenue

from {{ ref('sojourn', 'orders') }} as orders
left join logged on orders.order_id = logged.order_id
where orders.refunded_revenue <> coalesce(logged.refunded_revenue, 0)
