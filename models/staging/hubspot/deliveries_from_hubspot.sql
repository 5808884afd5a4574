with email_events as (

    select * from {{ ref('sojourn', 'stg_hubspot__email_events') }}
    where quarantine_reason is null

),

mapped as (

    select
        email_event_id as delivery_key,
        'hubspot' as source,
        case
            when email_event_type <> 'STATUSCHANGE' then lower(email_event_type)
            when is_unsubscribe then 'unsubscribe'
            else 'subscribe'
        end as kind,
        'email' as channel,
        case when recipient is not null then 'email' end as identifier_type,
        recipient as identifier_value,
        email_campaign_name as campaign,
        email_campaign_id as campaign_id,
        url,
        is_machine,
        load_id,
        occurred_at,
        loaded_at

    from email_events

)

select * from mapped
