with lines as (

    select * from {{ ref('sojourn', 'pos_lines_deduplicated') }}
    where email is not null

),

receipts as (

    select
        receipt_id as record_id,
        'pos' as source,
        email,
        cast(null as {{ sojourn.type_string() }}) as phone,
        cast(null as {{ sojourn.type_string() }}) as first_name,
        cast(null as {{ sojourn.type_string() }}) as last_name,
        cast(null as {{ sojourn.type_string() }}) as birth_date,
        cast(null as {{ sojourn.type_string() }}) as city,
        cast(null as {{ sojourn.type_string() }}) as postal_code,
        cast(null as {{ sojourn.type_string() }}) as country,
        cast(null as {{ sojourn.type_string() }}) as timezone,
        cast(null as {{ sojourn.type_string() }}) as company,
        cast(null as {{ sojourn.type_string() }}) as job_title,
        cast(null as {{ sojourn.type_string() }}) as account_id,
        load_id,
        false as is_deleted,
        min(sold_at) as created_at,
        min(sold_at) as observed_at,
        min(loaded_at) as loaded_at

    from lines
    group by receipt_id, email, load_id

)

select * from receipts
