with raw_orders as (

    {{ sojourn.generic_rows('orders', [
        'id', 'ordered_at', 'gross_revenue', 'refunded_revenue', 'revenue', 'currency', 'status',
    ]) }}

),

renamed as (

    select
        source_name,
        coalesce({{ sojourn.clean('id') }}, _row_id) as order_id,
        upper({{ sojourn.clean('currency') }}) as currency,
        lower({{ sojourn.clean('status') }}) as status,
        identifiers,
        _row_id as row_id,
        _file as file_path,
        _dlt_load_id as load_id,
        _line as file_line,
        {{ sojourn.money('gross_revenue') }} as gross_revenue,
        {{ sojourn.money('refunded_revenue') }} as refunded_revenue,
        {{ sojourn.money('revenue') }} as revenue,
        {{ sojourn.parse_timestamp('ordered_at') }} as ordered_at,
        coalesce(_loaded_at, {{ sojourn.run_at() }}) as loaded_at

    from raw_orders

),

judged as (

    select
        *,
        {{ sojourn.quarantine_reason(
            times=['ordered_at'],
            others={
                'amounts are missing or cannot be read':
                    'coalesce(gross_revenue, revenue) is null',
            },
        ) }} as quarantine_reason

    from renamed

)

select * from judged
