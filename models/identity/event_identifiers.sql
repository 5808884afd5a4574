{{ config(
    materialized='incremental',
    incremental_strategy='replace',
    unique_key=['device_key', 'source'],
) }}

with events_collected as (

    select * from {{ ref('sojourn', 'events_collected') }}

),

{% if is_incremental() %}
changed_devices as (

    select distinct device_key
    from events_collected
    where changed_in > {{ sojourn.last_run() }}

),
{% endif %}

events_of_people as (

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

identifiers_seen_together as (

    select
        source,
        device_key,
        device_id_type,
        anonymous_id,
        user_id,
        email,
        phone,
        {{ sojourn.first_by('event_id', 'occurred_at') }} as first_record_id,
        {{ sojourn.last_by('event_id', 'occurred_at') }} as last_record_id,
        count(*) as observation_count,
        min(occurred_at) as first_seen_at,
        max(occurred_at) as last_seen_at,
        min(loaded_at) as first_loaded_at,
        {{ sojourn.this_run() }} as changed_in

    from events_of_people
    group by source, device_key, device_id_type, anonymous_id, user_id, email, phone

)

{{ sojourn.replacement('identifiers_seen_together', 'changed_devices', 'device_key') }}
