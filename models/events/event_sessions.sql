{{ config(
    materialized='incremental',
    incremental_strategy='replace',
    unique_key=['device_key', 'event_key'],
) }}

with events_collected as (

    select
        event_key,
        device_key,
        source,
        property,
        session_key,
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

with_previous as (

    select
        *,
        lag(occurred_at) over (
            partition by device_key, source, property, session_key
            order by occurred_at, event_key
        ) as previous_occurred_at

    from device_events

),

-- The vendor's session where the event has one, otherwise a pause ends a session.
with_starts as (

    select
        *,
        case
            when previous_occurred_at is null then 1
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
