-- What the tills sold is the net of the orders, and what came back is their refunds, but for
-- returns whose receipt is not known.

with lines as (

    select * from {{ ref('sojourn', 'pos_lines_deduplicated') }}

),

latest_versions as (

    select
        order_id,
        net_amount,
        max(refunded_amount) as refunded_amount

    from {{ ref('sojourn', 'orders_from_pos') }}
    group by order_id, net_amount

),

returned_lines as (

    select lines.net_amount
    from lines
    inner join latest_versions on lines.returned_receipt_id = latest_versions.order_id
    where lines.is_return

),

sold_lines as (

    select net_amount
    from lines
    where not is_return

),

amounts as (

    select
        (select sum(net_amount) from sold_lines) as sold_amount,
        (select sum(net_amount) from latest_versions) as net_amount,
        (select coalesce(-sum(net_amount), 0) from returned_lines) as returned_amount,
        (select coalesce(sum(refunded_amount), 0) from latest_versions) as refunded_amount

)

select * from amounts
where
    sold_amount is distinct from net_amount
    or returned_amount is distinct from refunded_amount
