with orders as (

    select * from {{ ref('sojourn', 'stg_shopify__orders') }}
    where
        is_order_row
        and quarantine_reason is null

),

amounts as (

    select
        *,
        coalesce(
            subtotal_amount, total_amount - coalesce(tax_amount, 0) - coalesce(shipping_amount, 0)
        ) as net_amount,
        coalesce(
            total_amount, subtotal_amount + coalesce(tax_amount, 0) + coalesce(shipping_amount, 0)
        ) as gross_amount,
        {{ sojourn.file_observed_at('file_path', 'loaded_at') }} as observed_at

    from orders

),

-- What is given back includes its tax; the value of an order does not. A refund therefore counts in
-- the proportion of the order's net to net and tax, and never more than the net. The export has no
-- time of a refund: it is the end of the day of the first file that has it.
mapped as (

    select
        order_id as record_id,
        'shopify' as source,
        'shop' as source_kind,
        order_id,
        currency,
        case
            -- A payment that was never taken, voided or out of time, buys nothing.
            when cancelled_at is not null or financial_status in ('voided', 'expired')
                then 'cancelled'
            when financial_status in ('pending', 'authorized') then 'pending'
            when financial_status in ('refunded', 'partially_refunded') then financial_status
            else 'paid'
        end as status,
        cast(gross_amount as {{ sojourn.type_money() }}) as gross_amount,
        cast(coalesce(tax_amount, 0) as {{ sojourn.type_money() }}) as tax_amount,
        cast(coalesce(shipping_amount, 0) as {{ sojourn.type_money() }}) as shipping_amount,
        cast(coalesce(discount_amount, 0) as {{ sojourn.type_money() }}) as discount_amount,
        case
            when coalesce(refunded_amount, 0) <= 0 then cast(0 as {{ sojourn.type_money() }})
            when refunded_amount >= net_amount + coalesce(tax_amount, 0)
                then cast(net_amount as {{ sojourn.type_money() }})
            else {{ sojourn.proportion(
                'refunded_amount', 'net_amount', 'net_amount + coalesce(tax_amount, 0)'
            ) }}
        end as refunded_amount,
        cast(net_amount as {{ sojourn.type_money() }}) as net_amount,
        load_id,
        ordered_at,
        case
            when refunded_amount > 0
                then min(observed_at) over (partition by order_id, refunded_amount)
        end as refunded_at,
        observed_at,
        loaded_at

    from amounts

)

select * from mapped
