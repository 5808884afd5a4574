-- What the tills sold is the net of the orders, and what came back is their refunds, but for returns
-- whose receipt is not known.

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

sold as (

    select
        sum(case when not is_return then net_amount else 0 end) as sold_amount,
        -sum(
            case
                when returned_receipt_id in (select latest_versions.order_id from latest_versions)
                    and is_return
                    then net_amount
                else 0
            end
        ) as returned_amount

    from lines

),

ordered as (

    select
        sum(net_amount) as net_amount,
        sum(refunded_amount) as refunded_amount

    from latest_versions

)

select
    sold.sold_amount,
    ordered.net_amount,
    sold.returned_amount,
    ordered.refunded_amount

from sold
cross join ordered
where
    sold.sold_amount is distinct from ordered.net_amount
    or sold.returned_amount is distinct from ordered.refunded_amount
