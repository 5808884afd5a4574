with contacts as (

    select * from {{ ref('sojourn', 'stg_hubspot__contacts') }}
    where quarantine_reason is null

),

mapped as (

    select
        contact_id as record_id,
        'hubspot' as source,
        email,
        phone,
        first_name,
        last_name,
        birth_date,
        city,
        postal_code,
        country,
        timezone,
        company_name as company,
        cast(null as {{ sojourn.type_string() }}) as job_title,
        cast(null as {{ sojourn.type_string() }}) as account_id,
        load_id,
        false as is_deleted,
        created_at,
        modified_at as observed_at,
        loaded_at

    from contacts

)

select * from mapped
