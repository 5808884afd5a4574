-- Revenue is conserved: what persons have in profiles is what their orders have.

with ordered as (

    select
        count(*) as order_count,
        coalesce(sum(revenue), 0) as revenue

    from {{ ref('sojourn', 'orders') }}
    where
        person_id is not null
        and {{ sojourn.is_purchase('status') }}

),

profiled as (

    select
        coalesce(sum(order_count), 0) as order_count,
        coalesce(sum(revenue), 0) as revenue

    from {{ ref('sojourn', 'profiles') }}

)

select
    ordered.order_count,
    profiled.order_count as profiled_order_count,
    ordered.revenue,
    profiled.revenue as profiled_revenue

from ordered
cross join profiled
where
    ordered.order_count <> profiled.order_count
    or ordered.revenue <> profiled.revenue
