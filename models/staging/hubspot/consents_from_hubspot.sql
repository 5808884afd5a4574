with unsubscriptions as (

    select * from {{ ref('sojourn', 'stg_hubspot__email_events') }}
    where
        is_unsubscribe
        and recipient is not null
        and quarantine_reason is null

),

mapped as (

    select
        email_event_id as consent_key,
        'email' as identifier_type,
        recipient as identifier_value,
        'email' as channel,
        'marketing' as purpose,
        'denied' as status,
        'hubspot' as source,
        load_id,
        occurred_at as effective_at,
        loaded_at

    from unsubscriptions

)

select * from mapped
