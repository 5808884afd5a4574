with email_events as (

    select * from {{ ref('sojourn', 'stg_hubspot__email_events') }}
    where
        email_event_type in ('CLICK', 'OPEN')
        and quarantine_reason is null

),

-- The link's own parameters are what the session that it opens will carry.
mapped as (

    select
        email_event_id as touchpoint_key,
        'hubspot' as source,
        case email_event_type when 'CLICK' then 'email_click' else 'email_open' end as kind,
        case when recipient is not null then 'email' end as identifier_type,
        recipient as identifier_value,
        'Email' as channel,
        {{ sojourn.utm_parameter('url', 'utm_source') }} as utm_source,
        {{ sojourn.utm_parameter('url', 'utm_medium') }} as utm_medium,
        coalesce({{ sojourn.utm_parameter('url', 'utm_campaign') }}, email_campaign_name)
            as campaign,
        email_campaign_id as campaign_id,
        cast(null as {{ sojourn.type_string() }}) as click_id,
        is_machine,
        load_id,
        occurred_at as touched_at,
        loaded_at

    from email_events

)

select * from mapped
