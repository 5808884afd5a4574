with receipts as (

    select * from {{ ref('sojourn', 'stg_pos__receipts') }}
    where quarantine_reason is null

),

-- A receipt is printed once: whatever comes again under its number is a repetition.
ranked as (

    select
        *,
        row_number() over (
            partition by receipt_id, line_number
            order by loaded_at, load_id, file_path, file_line
        ) as repetition

    from receipts

),

lines as (

    select
        receipt_id,
        returned_receipt_id,
        loyalty_number,
        email,
        product_id,
        product_name,
        currency,
        row_id,
        file_path,
        load_id,
        file_line,
        line_number,
        quantity,
        cast(quantity * unit_price - discount_amount as {{ sojourn.type_money() }}) as net_amount,
        discount_amount,
        tax_amount,
        quantity < 0 as is_return,
        sold_at,
        loaded_at

    from ranked
    where repetition = 1

)

select * from lines
