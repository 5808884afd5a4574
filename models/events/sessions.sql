{{ config(
    materialized='incremental',
    incremental_strategy=sojourn.strategy('replace'),
    partition_by=sojourn.partition(),
    unique_key=['device_key', 'session_id'],
) }}

-- depends_on: {{ ref('sojourn', 'events_collected') }}
-- depends_on: {{ ref('sojourn', 'event_owners') }}

with sessions_cut as (

    select * from {{ ref('sojourn', 'sessions_cut') }}

),

events as (

    select * from {{ ref('sojourn', 'events') }}
    where session_id is not null

),

{% if is_incremental() %}
changed_devices as (

    {{ sojourn.changed_devices() }}

),
{% endif %}

-- A session belongs to the owner of its first event that has one.
session_owners as (

    select
        events.session_id,
        {{ sojourn.first_by('events.person_id', 'events.occurred_at') }} as person_id

    from events
    {% if is_incremental() %}
    inner join changed_devices on events.device_key = changed_devices.device_key
    {% endif %}
    where events.person_id is not null
    group by events.session_id

),

sessions as (

    select
        sessions_cut.session_id,
        session_owners.person_id,
        sessions_cut.device_key,
        sessions_cut.anonymous_id,
        sessions_cut.source,
        sessions_cut.property,
        sessions_cut.channel,
        sessions_cut.utm_source,
        sessions_cut.utm_medium,
        sessions_cut.utm_campaign,
        sessions_cut.click_id,
        sessions_cut.click_id_type,
        sessions_cut.campaign_id,
        sessions_cut.referrer_host,
        sessions_cut.event_count,
        sessions_cut.started_at,
        sessions_cut.ended_at,
        {{ sojourn.this_run() }} as changed_in

    from sessions_cut
    {% if is_incremental() %}
    inner join changed_devices on sessions_cut.device_key = changed_devices.device_key
    {% endif %}
    left join session_owners on sessions_cut.session_id = session_owners.session_id

)

{{ sojourn.replacement('sessions', 'changed_devices', 'device_key') }}
