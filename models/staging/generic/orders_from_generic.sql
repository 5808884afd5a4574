with orders as (

    select * from {{ ref('sojourn', 'stg_generic__orders') }}
    where quarantine_reason is null

),

-- Any two of gross, refunded and net revenue give the third; one alone is both gross and net.
amounts as (

    select
        *,
        coalesce(gross_revenue, revenue + coalesce(refunded_revenue, 0)) as net_amount,
        coalesce(revenue, gross_revenue - coalesce(refunded_revenue, 0)) as revenue_after_refunds,
        {{ sojourn.file_observed_at('file_path', 'loaded_at') }} as observed_at

    from orders

),

mapped as (

    select
        source_name || ':' || order_id as record_id,
        source_name as source,
        'shop' as source_kind,
        order_id,
        currency,
        coalesce(status, 'paid') as status,
        cast(net_amount as {{ sojourn.type_money() }}) as gross_amount,
        cast(0 as {{ sojourn.type_money() }}) as tax_amount,
        cast(0 as {{ sojourn.type_money() }}) as shipping_amount,
        cast(0 as {{ sojourn.type_money() }}) as discount_amount,
        cast(net_amount - revenue_after_refunds as {{ sojourn.type_money() }}) as refunded_amount,
        cast(net_amount as {{ sojourn.type_money() }}) as net_amount,
        load_id,
        ordered_at,
        case
            when net_amount <> revenue_after_refunds
                then coalesce({{ sojourn.file_day('file_path') }} + interval '1 day', ordered_at)
        end as refunded_at,
        observed_at,
        loaded_at

    from amounts

)

select * from mapped
