with segment_events as (

    select * from {{ ref('sojourn', 'stg_segment__events') }}
    where quarantine_reason is null

),

mapped as (

    select
        event_id,
        'segment' as source,
        'segment' as property,
        anonymous_id,
        user_id,
        case when event_type = 'identify' then email end as email,
        case when event_type = 'identify' then phone end as phone,
        case when anonymous_id is not null then 'anonymous_id' end as device_id_type,
        cast(null as {{ sojourn.type_string() }}) as session_key,
        coalesce(event_name, event_type) as event_name,
        event_type,
        order_id,
        page_url,
        referrer,
        coalesce(campaign_source, {{ sojourn.utm_parameter('page_url', 'utm_source') }})
            as utm_source,
        coalesce(campaign_medium, {{ sojourn.utm_parameter('page_url', 'utm_medium') }})
            as utm_medium,
        coalesce(campaign_name, {{ sojourn.utm_parameter('page_url', 'utm_campaign') }})
            as utm_campaign,
        coalesce(campaign_content, {{ sojourn.utm_parameter('page_url', 'utm_content') }})
            as utm_content,
        coalesce(campaign_term, {{ sojourn.utm_parameter('page_url', 'utm_term') }})
            as utm_term,
        {{ sojourn.click_id('page_url') }} as click_id,
        {{ sojourn.click_id_type('page_url') }} as click_id_type,
        coalesce(campaign_id, {{ sojourn.utm_parameter('page_url', 'utm_id') }}) as campaign_id,
        user_agent,
        ip_address,
        properties,
        load_id,
        user_id is not null and (
            event_type = 'identify'
            or (event_type = 'track' and lower(event_name) = 'signed in')
        ) as is_sign_in,
        event_type = 'track' and coalesce(lower(event_name) = 'signed out', false) as is_sign_out,
        occurred_at,
        coalesce(received_at, occurred_at) as received_at,
        loaded_at

    from segment_events

)

select * from mapped
