with changes as (

    select * from {{ ref('sojourn', 'stg_consents__changes') }}
    where quarantine_reason is null

),

mapped as (

    select
        consent_id as consent_key,
        identifier_type,
        identifier_value,
        channel,
        purpose,
        status,
        'consents' as source,
        load_id,
        changed_at as effective_at,
        loaded_at

    from changes

)

select * from mapped
