{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='event_key',
) }}

with events_collected as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'events_collected') }}

),

event_sessions as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'event_sessions') }}

),

sessions_cut as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'sessions_cut') }}

),

event_owners as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'event_owners') }}

),

{% if is_incremental() %}
-- Events that came, moved to another session or owner, or whose session came from elsewhere.
changed_events as (

    select event_key from events_collected
    where changed_in > {{ sojourn.last_run() }}

    union

    select event_key from event_sessions
    where changed_in > {{ sojourn.last_run() }}

    union

    select event_key from event_owners
    where changed_in > {{ sojourn.last_run() }}

    union

    select event_sessions.event_key
    from event_sessions
    inner join sessions_cut on event_sessions.session_id = sessions_cut.session_id
    where sessions_cut.changed_in > {{ sojourn.last_run() }}

),
{% endif %}

events as (

    select
        events_collected.event_id,
        events_collected.event_key,
        events_collected.device_key,
        event_owners.person_id,
        events_collected.anonymous_id,
        events_collected.user_id,
        event_sessions.session_id,
        events_collected.order_id,
        events_collected.source,
        events_collected.property,
        events_collected.event_name,
        events_collected.event_type,
        sessions_cut.channel,
        events_collected.utm_source,
        events_collected.utm_medium,
        events_collected.utm_campaign,
        events_collected.utm_content,
        events_collected.utm_term,
        events_collected.click_id,
        events_collected.click_id_type,
        events_collected.page_url,
        events_collected.referrer,
        events_collected.properties,
        events_collected.is_bot,
        events_collected.is_internal,
        events_collected.occurred_at,
        events_collected.received_at,
        events_collected.loaded_at,
        {{ sojourn.this_run() }} as changed_in

    from events_collected
    {% if is_incremental() %}
    inner join changed_events on events_collected.event_key = changed_events.event_key
    {% endif %}
    left join event_sessions on events_collected.event_key = event_sessions.event_key
    left join sessions_cut on event_sessions.session_id = sessions_cut.session_id
    left join event_owners on events_collected.event_key = event_owners.event_key
    where not events_collected.is_superseded

)

select * from events
