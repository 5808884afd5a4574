with raw_receipts as (

    {{ sojourn.raw_table('pos', 'receipts', [
        'receipt_id', 'store_id', 'store_timezone', 'register_id', 'sold_at', 'line_number',
        'sku', 'description', 'quantity', 'unit_price', 'discount', 'tax', 'currency',
        'loyalty_number', 'e_receipt_email', 'returned_receipt_id', 'e_receipt_email__standard',
    ]) }}

),

renamed as (

    select
        {{ sojourn.clean('receipt_id') }} as receipt_id,
        {{ sojourn.clean('returned_receipt_id') }} as returned_receipt_id,
        {{ sojourn.clean('store_id') }} as store_id,
        {{ sojourn.clean('register_id') }} as register_id,
        {{ sojourn.clean('loyalty_number') }} as loyalty_number,
        e_receipt_email__standard as email,
        {{ sojourn.clean('sku') }} as product_id,
        {{ sojourn.clean('description') }} as product_name,
        upper({{ sojourn.clean('currency') }}) as currency,
        {{ sojourn.clean('store_timezone') }} as store_timezone,
        {{ sojourn.try_cast('line_number', sojourn.type_bigint()) }} as line_number,
        {{ sojourn.try_cast('quantity', sojourn.type_bigint()) }} as quantity,
        {{ sojourn.money('unit_price') }} as unit_price,
        coalesce({{ sojourn.money('discount') }}, 0) as discount_amount,
        coalesce({{ sojourn.money('tax') }}, 0) as tax_amount,
        _row_id as row_id,
        _file as file_path,
        _dlt_load_id as load_id,
        _line as file_line,
        {{ sojourn.to_utc(sojourn.parse_timestamp('sold_at'), sojourn.clean('store_timezone')) }}
            as sold_at,
        _loaded_at as loaded_at

    from raw_receipts

),

judged as (

    select
        *,
        {{ sojourn.quarantine_reason(
            keys=['receipt_id', 'line_number', 'quantity', 'unit_price'],
            times=['sold_at'],
            others={
                'a return without the receipt that it returns':
                    'quantity < 0 and returned_receipt_id is null',
            },
        ) }} as quarantine_reason

    from renamed

)

select * from judged
