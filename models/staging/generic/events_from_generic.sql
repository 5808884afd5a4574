with events as (

    select * from {{ ref('sojourn', 'stg_generic__events') }}
    where quarantine_reason is null

),

-- Identifiers are mapped by `identifiers:` or, an event's usual two, by `columns:`.
identified as (

    select
        *,
        coalesce(anonymous_id, {{ sojourn.json_text('identifiers', 'anonymous_id') }})
            as device_id,
        coalesce({{ sojourn.json_text('identifiers', 'user_id') }}, user_id) as known_user_id

    from events

),

mapped as (

    select
        source_name || ':' || event_id as event_id,
        source_name as source,
        source_name as property,
        device_id as anonymous_id,
        known_user_id as user_id,
        {{ sojourn.json_text('identifiers', 'email') }} as email,
        {{ sojourn.json_text('identifiers', 'phone') }} as phone,
        case when device_id is not null then 'anonymous_id' end as device_id_type,
        session_key,
        coalesce(event_name, event_type, 'event') as event_name,
        coalesce(event_type, 'track') as event_type,
        {{ sojourn.json_text('properties', 'order_id') }} as order_id,
        page_url,
        referrer,
        coalesce(
            utm_source, {{ sojourn.utm_parameter('page_url', 'utm_source') }}
        ) as utm_source,
        coalesce(
            utm_medium, {{ sojourn.utm_parameter('page_url', 'utm_medium') }}
        ) as utm_medium,
        coalesce(
            utm_campaign, {{ sojourn.utm_parameter('page_url', 'utm_campaign') }}
        ) as utm_campaign,
        coalesce(
            utm_content, {{ sojourn.utm_parameter('page_url', 'utm_content') }}
        ) as utm_content,
        coalesce(
            utm_term, {{ sojourn.utm_parameter('page_url', 'utm_term') }}
        ) as utm_term,
        coalesce({{ sojourn.click_id('page_url') }}, click_id) as click_id,
        {{ sojourn.click_id_type('page_url') }} as click_id_type,
        {{ sojourn.utm_parameter('page_url', 'utm_id') }} as campaign_id,
        cast(null as {{ sojourn.type_string() }}) as user_agent,
        cast(null as {{ sojourn.type_string() }}) as ip_address,
        properties,
        load_id,
        known_user_id is not null and (
            event_type = 'identify'
            or lower(event_name) = 'signed in'
        ) as is_sign_in,
        coalesce(lower(event_name) = 'signed out', false) as is_sign_out,
        occurred_at,
        coalesce(received_at, occurred_at) as received_at,
        loaded_at

    from identified

)

select * from mapped
