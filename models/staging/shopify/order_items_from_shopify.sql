with lines as (

    select * from {{ ref('sojourn', 'stg_shopify__orders') }}
    where
        product_name is not null
        and quarantine_reason is null

),

amounts as (

    select
        *,
        cast(
            quantity * unit_price - coalesce(line_discount_amount, 0)
            as {{ sojourn.type_money() }}
        ) as net_amount,
        {{ sojourn.file_observed_at('file_path', 'loaded_at') }} as observed_at

    from lines

),

-- The export does not number an order's lines; their order in the file does.
numbered as (

    select
        *,
        cast(
            row_number() over (
                partition by order_id, file_path, load_id
                order by file_line, row_id
            ) as {{ sojourn.type_bigint() }}
        ) as line_number

    from amounts

),

mapped as (

    select
        order_id as record_id,
        'shopify' as source,
        order_id,
        line_number,
        coalesce(product_id, product_name) as product_id,
        product_name,
        quantity,
        net_amount,
        load_id,
        observed_at,
        loaded_at

    from numbered

)

select * from mapped
