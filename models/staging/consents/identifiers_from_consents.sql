with changes as (

    select * from {{ ref('sojourn', 'stg_consents__changes') }}
    where quarantine_reason is null

),

mapped as (

    select
        consent_id as record_id,
        'consents' as source,
        'consent' as rule,
        identifier_type,
        identifier_value,
        load_id,
        changed_at as observed_at,
        loaded_at

    from changes

)

select * from mapped
