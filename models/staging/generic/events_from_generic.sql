with events as (

    select * from {{ ref('sojourn', 'stg_generic__events') }}
    where quarantine_reason is null

),

parsed as (

    {{ sojourn.select_with_json('events', {
        'identifiers': {
            'identifiers_anonymous_id': 'anonymous_id',
            'identifiers_user_id': 'user_id',
            'identifiers_email': 'email',
            'identifiers_phone': 'phone',
        },
        'properties': {
            'order_id': 'order_id',
        },
    }) }}

),

-- Identifiers are mapped by `identifiers:` or, an event's usual two, by `columns:`. An event with
-- nothing but an identifier of an own type goes by that.
identified as (

    select
        *,
        coalesce(anonymous_id, identifiers_anonymous_id) as device_id,
        coalesce(identifiers_user_id, user_id) as known_user_id,
        case
            when
                coalesce(
                    anonymous_id, identifiers_anonymous_id, identifiers_user_id, user_id,
                    identifiers_email, identifiers_phone
                ) is null
                then {{ sojourn.regexp_group('identifiers', '^[{] ?"([^"]+)"') }}
        end as own_type

    from parsed

),

mapped as (

    select
        source_name || ':' || event_id as event_id,
        source_name as source,
        source_name as property,
        case
            when own_type is null then device_id
            else {{ sojourn.regexp_group('identifiers', '^[{] ?"[^"]+" ?: ?"([^"]+)"') }}
        end as anonymous_id,
        known_user_id as user_id,
        identifiers_email as email,
        identifiers_phone as phone,
        case when device_id is not null then 'anonymous_id' else own_type end as device_id_type,
        session_key,
        coalesce(event_name, event_type, 'event') as event_name,
        coalesce(event_type, 'track') as event_type,
        order_id,
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
