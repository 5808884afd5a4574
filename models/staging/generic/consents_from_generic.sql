with consents as (

    select * from {{ ref('sojourn', 'stg_generic__consents') }}
    where quarantine_reason is null

),

mapped as (

    select
        source_name || ':' || consent_id as consent_key,
        identifier_type,
        identifier_value,
        channel,
        coalesce(purpose, 'marketing') as purpose,
        status,
        source_name as source,
        load_id,
        changed_at as effective_at,
        loaded_at

    from consents

)

select * from mapped
