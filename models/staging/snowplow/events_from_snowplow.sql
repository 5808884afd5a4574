with snowplow_events as (

    select * from {{ ref('sojourn', 'stg_snowplow__events') }}
    where quarantine_reason is null

),

mapped as (

    select
        event_id,
        'snowplow' as source,
        coalesce(app_id, 'snowplow') as property,
        domain_userid as anonymous_id,
        user_id,
        -- Self-describing events of forms (sign-up, download) may hold an address.
        case
            when {{ sojourn.regexp_like('form_email', "'^[^@ ]+@[^@ ]+[.][^@ .]+$'") }}
                then form_email
        end as email,
        cast(null as {{ sojourn.type_string() }}) as phone,
        case when domain_userid is not null then 'domain_userid' end as device_id_type,
        domain_sessionid as session_key,
        coalesce(case when event = 'struct' then se_action end, event_name, event) as event_name,
        case event
            when 'page_view' then 'page'
            when 'page_ping' then 'ping'
            when 'struct' then 'track'
            when 'unstruct' then 'track'
            when 'transaction' then 'track'
            when 'transaction_item' then 'track'
            else event
        end as event_type,
        order_id,
        page_url,
        referrer,
        coalesce(mkt_source, {{ sojourn.utm_parameter('page_url', 'utm_source') }}) as utm_source,
        coalesce(mkt_medium, {{ sojourn.utm_parameter('page_url', 'utm_medium') }}) as utm_medium,
        coalesce(mkt_campaign, {{ sojourn.utm_parameter('page_url', 'utm_campaign') }})
            as utm_campaign,
        coalesce(mkt_content, {{ sojourn.utm_parameter('page_url', 'utm_content') }})
            as utm_content,
        coalesce(mkt_term, {{ sojourn.utm_parameter('page_url', 'utm_term') }}) as utm_term,
        coalesce({{ sojourn.click_id('page_url') }}, mkt_clickid) as click_id,
        coalesce(
            {{ sojourn.click_id_type('page_url') }},
            case
                when mkt_clickid is not null
                    then case lower(mkt_network)
                        when 'google' then 'gclid'
                        when 'microsoft' then 'msclkid'
                        when 'doubleclick' then 'dclid'
                        when 'facebook' then 'fbclid'
                    end
            end
        ) as click_id_type,
        {{ sojourn.utm_parameter('page_url', 'utm_id') }} as campaign_id,
        user_agent,
        ip_address,
        case
            when event = 'struct' then {{ sojourn.json_object({
                'category': 'se_category',
                'action': 'se_action',
                'label': 'se_label',
                'property': 'se_property',
                'value': 'se_value',
            }) }}
            else unstruct_event
        end as properties,
        load_id,
        -- The tracker sends the user id while somebody is signed in; there is no call of its own.
        user_id is not null as is_sign_in,
        coalesce(event = 'struct' and lower(se_action) in ('signed out', 'sign_out'), false)
            as is_sign_out,
        occurred_at,
        coalesce(received_at, occurred_at) as received_at,
        loaded_at

    from snowplow_events

)

select * from mapped
