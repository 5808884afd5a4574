with contacts as (

    select * from {{ ref('sojourn', 'stg_salesforce__contacts') }}
    where quarantine_reason is null

),

leads as (

    select * from {{ ref('sojourn', 'stg_salesforce__leads') }}
    where quarantine_reason is null

),

contact_people as (

    select
        contact_id as record_id,
        'salesforce' as source,
        email,
        coalesce(mobile_phone, phone) as phone,
        first_name,
        last_name,
        birth_date,
        city,
        postal_code,
        country,
        cast(null as {{ sojourn.type_string() }}) as timezone,
        cast(null as {{ sojourn.type_string() }}) as company,
        job_title,
        account_id,
        load_id,
        is_deleted,
        created_at,
        modified_at as observed_at,
        loaded_at

    from contacts

),

lead_people as (

    select
        lead_id as record_id,
        'salesforce' as source,
        email,
        phone,
        first_name,
        last_name,
        cast(null as {{ sojourn.type_string() }}) as birth_date,
        city,
        postal_code,
        country,
        cast(null as {{ sojourn.type_string() }}) as timezone,
        company,
        cast(null as {{ sojourn.type_string() }}) as job_title,
        converted_account_id as account_id,
        load_id,
        is_deleted,
        created_at,
        modified_at as observed_at,
        loaded_at

    from leads

),

people as (

    select * from contact_people

    union all

    select * from lead_people

)

select * from people
