-- Rows without a load id are read in place: what is no longer there is forgotten by the next run.

select
    orders_from_till.record_id,
    orders_from_till.source,
    'orders' as rule,
    'email' as identifier_type,
    lower(till_receipts.email) as identifier_value,
    orders_from_till.load_id,
    orders_from_till.observed_at,
    orders_from_till.loaded_at

from {{ ref('orders_from_till') }} as orders_from_till
inner join {{ ref('till_receipts') }} as till_receipts
    on orders_from_till.order_id = till_receipts.receipt
