{{ config(
    materialized='incremental',
    incremental_strategy=sojourn.strategy('delete+insert'),
    partition_by=sojourn.partition(),
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

-- Few events change: each table is cut to them before it is joined to another.
changed_collected as (

    select events_collected.*
    from events_collected
    {% if is_incremental() %}
    inner join changed_events on events_collected.event_key = changed_events.event_key
    {% endif %}
    where not events_collected.is_superseded

),

changed_sessions as (

    select
        event_sessions.event_key,
        event_sessions.session_id,
        sessions_cut.channel

    from event_sessions
    {% if is_incremental() %}
    inner join changed_events on event_sessions.event_key = changed_events.event_key
    {% endif %}
    left join sessions_cut on event_sessions.session_id = sessions_cut.session_id

),

changed_owners as (

    select
        event_owners.event_key,
        event_owners.person_id

    from event_owners
    {% if is_incremental() %}
    inner join changed_events on event_owners.event_key = changed_events.event_key
    {% endif %}

),

events as (

    select
        changed_collected.event_id,
        changed_collected.event_key,
        changed_collected.device_key,
        changed_owners.person_id,
        changed_collected.anonymous_id,
        changed_collected.user_id,
        changed_sessions.session_id,
        changed_collected.order_id,
        changed_collected.source,
        changed_collected.property,
        changed_collected.event_name,
        changed_collected.event_type,
        changed_sessions.channel,
        changed_collected.utm_source,
        changed_collected.utm_medium,
        changed_collected.utm_campaign,
        changed_collected.utm_content,
        changed_collected.utm_term,
        changed_collected.click_id,
        changed_collected.click_id_type,
        changed_collected.page_url,
        changed_collected.referrer,
        changed_collected.properties,
        changed_collected.is_bot,
        changed_collected.is_internal,
        changed_collected.occurred_at,
        changed_collected.received_at,
        changed_collected.loaded_at,
        {{ sojourn.this_run() }} as changed_in

    from changed_collected
    left join changed_sessions on changed_collected.event_key = changed_sessions.event_key
    left join changed_owners on changed_collected.event_key = changed_owners.event_key

)

{{ sojourn.rewritten('events') }}
