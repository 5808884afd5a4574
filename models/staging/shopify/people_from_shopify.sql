with orders as (

    select * from {{ ref('sojourn', 'stg_shopify__orders') }}
    where
        is_order_row
        and quarantine_reason is null

),

-- The export has one name: its first word is taken as the first name.
mapped as (

    select
        order_id as record_id,
        'shopify' as source,
        email,
        phone,
        {{ sojourn.regexp_group('billing_name', '^([^ ]+) ') }} as first_name,
        coalesce({{ sojourn.regexp_group('billing_name', '^[^ ]+ +(.+)$') }}, billing_name)
            as last_name,
        cast(null as {{ sojourn.type_string() }}) as birth_date,
        city,
        postal_code,
        country,
        cast(null as {{ sojourn.type_string() }}) as timezone,
        cast(null as {{ sojourn.type_string() }}) as company,
        cast(null as {{ sojourn.type_string() }}) as job_title,
        cast(null as {{ sojourn.type_string() }}) as account_id,
        load_id,
        false as is_deleted,
        ordered_at as created_at,
        ordered_at as observed_at,
        loaded_at

    from orders

)

select * from mapped
