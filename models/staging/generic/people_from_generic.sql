with people as (

    select * from {{ ref('sojourn', 'stg_generic__people') }}
    where quarantine_reason is null

),

mapped as (

    select
        source_name || ':' || record_id as record_id,
        source_name as source,
        coalesce({{ sojourn.json_text('identifiers', 'email') }}, email) as email,
        coalesce({{ sojourn.json_text('identifiers', 'phone') }}, phone) as phone,
        first_name,
        last_name,
        birth_date,
        city,
        postal_code,
        country,
        timezone,
        company,
        job_title,
        cast(null as {{ sojourn.type_string() }}) as account_id,
        load_id,
        false as is_deleted,
        created_at,
        coalesce(
            updated_at,
            {{ sojourn.file_observed_at('file_path', 'coalesce(created_at, loaded_at)') }}
        ) as observed_at,
        loaded_at

    from people

)

select * from mapped
