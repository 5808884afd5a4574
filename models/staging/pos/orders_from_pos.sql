with lines as (

    select * from {{ ref('sojourn', 'pos_lines_deduplicated') }}

),

sales as (

    select
        receipt_id,
        max(currency) as currency,
        max(load_id) as load_id,
        sum(net_amount) as net_amount,
        sum(tax_amount) as tax_amount,
        sum(discount_amount) as discount_amount,
        min(sold_at) as sold_at,
        max(loaded_at) as loaded_at

    from lines
    where not is_return
    group by receipt_id

),

returns_by_load as (

    select
        returned_receipt_id as receipt_id,
        load_id,
        -sum(net_amount) as refunded_amount,
        max(sold_at) as returned_at,
        max(loaded_at) as loaded_at

    from lines
    where is_return
    group by returned_receipt_id, load_id

),

-- Each load with returns of a receipt makes a version of the sale, with all returns until then.
returns_so_far as (

    select
        receipt_id,
        load_id,
        sum(refunded_amount) over (
            partition by receipt_id
            order by loaded_at, load_id
        ) as refunded_amount,
        max(returned_at) over (
            partition by receipt_id
            order by loaded_at, load_id
        ) as returned_at,
        loaded_at

    from returns_by_load

),

versions as (

    select
        receipt_id,
        load_id,
        cast(0 as {{ sojourn.type_money() }}) as refunded_amount,
        cast(null as {{ sojourn.type_timestamp() }}) as returned_at,
        loaded_at

    from sales

    union all

    select
        receipt_id,
        load_id,
        refunded_amount,
        returned_at,
        loaded_at

    from returns_so_far

),

mapped as (

    select
        sales.receipt_id as record_id,
        'pos' as source,
        'pos' as source_kind,
        sales.receipt_id as order_id,
        sales.currency,
        case
            when versions.refunded_amount <= 0 then 'paid'
            when versions.refunded_amount >= sales.net_amount then 'refunded'
            else 'partially_refunded'
        end as status,
        cast(sales.net_amount + sales.tax_amount as {{ sojourn.type_money() }}) as gross_amount,
        cast(sales.tax_amount as {{ sojourn.type_money() }}) as tax_amount,
        cast(0 as {{ sojourn.type_money() }}) as shipping_amount,
        cast(sales.discount_amount as {{ sojourn.type_money() }}) as discount_amount,
        cast(versions.refunded_amount as {{ sojourn.type_money() }}) as refunded_amount,
        cast(sales.net_amount as {{ sojourn.type_money() }}) as net_amount,
        greatest(sales.load_id, versions.load_id) as load_id,
        sales.sold_at as ordered_at,
        versions.returned_at as refunded_at,
        coalesce(versions.returned_at, sales.sold_at) as observed_at,
        greatest(sales.loaded_at, versions.loaded_at) as loaded_at

    from sales
    inner join versions on sales.receipt_id = versions.receipt_id

)

select * from mapped
