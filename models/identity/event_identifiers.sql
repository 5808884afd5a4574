{{ config(
    materialized='incremental',
    incremental_strategy=sojourn.strategy('replace_changed'),
    partition_by=sojourn.partition(),
    unique_key=['device_key', 'group_id'],
) }}

with events_collected as {{ sojourn.inline() }} (

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

seen_together as (

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
        min(loaded_at) as first_loaded_at

    from events_of_people
    group by source, device_key, device_id_type, anonymous_id, user_id, email, phone

),

identified as (

    select
        {{ sojourn.hash_id(['source', 'device_key', 'user_id', 'email', 'phone']) }} as group_id,
        seen_together.*,
        false as is_removed,
        {{ sojourn.this_run() }} as changed_in

    from seen_together

),

seen_or_removed as (

    select * from identified

    {% if is_incremental() %}
    union all

    -- What is seen no more, since its events are another device's or a bot's now.
    select
        seen_before.group_id,
        seen_before.source,
        seen_before.device_key,
        seen_before.device_id_type,
        seen_before.anonymous_id,
        seen_before.user_id,
        seen_before.email,
        seen_before.phone,
        seen_before.first_record_id,
        seen_before.last_record_id,
        seen_before.observation_count,
        seen_before.first_seen_at,
        seen_before.last_seen_at,
        seen_before.first_loaded_at,
        true as is_removed,
        {{ sojourn.this_run() }} as changed_in

    from {{ this }} as seen_before
    inner join changed_devices on seen_before.device_key = changed_devices.device_key
    left join identified on seen_before.group_id = identified.group_id
    where identified.group_id is null
    {% endif %}

)

{{ sojourn.rewritten('seen_or_removed') }}
