{{ config(
    materialized='incremental',
    incremental_strategy=sojourn.strategy('replace_changed'),
    partition_by=sojourn.partition(),
    unique_key=['device_key', 'event_key'],
) }}

with events_collected as {{ sojourn.inline() }} (

    select
        event_key,
        device_key,
        source,
        property,
        session_key,
        {% if var('campaign_cuts_session') -%}
        nullif(
            concat_ws('|', lower(utm_source), lower(utm_medium), lower(utm_campaign), click_id), ''
        ) as campaign,
        {% endif -%}
        is_bot,
        is_internal,
        is_superseded,
        occurred_at,
        changed_in

    from {{ ref('sojourn', 'events_collected') }}

),

{% if is_incremental() %}
changed_devices as (

    select distinct device_key
    from events_collected
    where changed_in > {{ sojourn.last_run() }}

),
{% endif %}

device_events as (

    select events_collected.*
    from events_collected
    {% if is_incremental() %}
    inner join changed_devices on events_collected.device_key = changed_devices.device_key
    {% endif %}
    where
        not events_collected.is_superseded
        and not events_collected.is_bot
        and not events_collected.is_internal

),

{% if var('campaign_cuts_session') -%}
-- Where a person comes by another campaign than before, a session begins.
campaign_entries as (

    select
        event_key,
        campaign,
        lag(campaign) over (
            partition by device_key, source, property, session_key
            order by occurred_at, event_key
        ) as previous_campaign

    from device_events
    where campaign is not null

),

new_campaigns as (

    select event_key
    from campaign_entries
    where campaign is distinct from previous_campaign

),

{% endif -%}
with_previous as (

    select
        device_events.*,
        {% if var('campaign_cuts_session') -%}
        new_campaigns.event_key is not null as has_new_campaign,
        {% endif -%}
        lag(device_events.occurred_at) over (
            partition by
                device_events.device_key,
                device_events.source,
                device_events.property,
                device_events.session_key
            order by device_events.occurred_at, device_events.event_key
        ) as previous_occurred_at

    from device_events
    {% if var('campaign_cuts_session') -%}
    left join new_campaigns on device_events.event_key = new_campaigns.event_key
    {% endif %}

),

-- The vendor's session where the event has one, otherwise a pause ends a session.
with_starts as (

    select
        *,
        case
            when previous_occurred_at is null then 1
            {% if var('campaign_cuts_session') -%}
            when has_new_campaign then 1
            {% endif -%}
            when session_key is not null then 0
            when
                occurred_at > {{ sojourn.minutes_after(
                    'previous_occurred_at', var('session_timeout_minutes')
                ) }}
                then 1
            else 0
        end as is_start

    from with_previous

),

numbered as (

    select
        *,
        sum(is_start) over (
            partition by device_key, source, property, session_key
            order by occurred_at, event_key
            rows between unbounded preceding and current row
        ) as session_number

    from with_starts

),

-- A session is named after its first event.
named as (

    select
        event_key,
        device_key,
        source,
        property,
        first_value(event_key) over (
            partition by device_key, source, property, session_key, session_number
            order by occurred_at, event_key
        ) as session_id,
        occurred_at,
        {{ sojourn.this_run() }} as changed_in

    from numbered

)

{{ sojourn.replacement('named', 'changed_devices', 'device_key') }}
