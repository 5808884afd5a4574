with lines as (

    select * from {{ ref('sojourn', 'pos_lines_deduplicated') }}
    where not is_return

),

mapped as (

    select
        receipt_id as record_id,
        'pos' as source,
        receipt_id as order_id,
        line_number,
        coalesce(product_id, product_name) as product_id,
        product_name,
        quantity,
        net_amount,
        load_id,
        sold_at as observed_at,
        loaded_at

    from lines

)

select * from mapped
