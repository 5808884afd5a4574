-- Every order of any source is in `orders` or in `orders_quarantined`.
with order_inputs as (

    {{ sojourn.union_inputs('orders') }}

),

arrived as (

    select order_id from {{ ref('sojourn', 'orders') }}

    union all

    select order_id from {{ ref('sojourn', 'orders_quarantined') }}

)

select distinct order_inputs.order_id

from order_inputs
left join arrived on order_inputs.order_id = arrived.order_id
where arrived.order_id is null
