{{ config(
    materialized='incremental',
    incremental_strategy=sojourn.strategy('replace'),
    partition_by=sojourn.partition(),
    unique_key=['device_key', 'touchpoint_id'],
) }}

-- depends_on: {{ ref('sojourn', 'events_collected') }}
-- depends_on: {{ ref('sojourn', 'event_owners') }}

with sessions as (

    select * from {{ ref('sojourn', 'sessions') }}

),

touchpoints_observed as (

    select * from {{ ref('sojourn', 'touchpoints_observed') }}

),

sessions_opened as (

    select * from {{ ref('sojourn', 'sessions_opened') }}
    where not is_superseded

),

{% if is_incremental() %}
changed_openings as (

    select * from {{ ref('sojourn', 'sessions_opened') }}
    where changed_in > {{ sojourn.last_run() }}

),

changed_touches as (

    select touchpoint_id from changed_openings

    union

    select touchpoint_id from {{ ref('sojourn', 'touchpoints_observed') }}
    where changed_in > {{ sojourn.last_run() }}

),

changed_devices as (

    {{ sojourn.changed_devices() }}

    union

    select device_key from changed_openings

    union

    select 'touch:' || touchpoint_id as device_key from changed_touches

),
{% endif %}

-- A click and the session that it opens are one touch.
opening_clicks as (

    select
        session_id,
        min(campaign_id) as campaign_id,
        min(campaign) as campaign

    from sessions_opened
    group by session_id

),

clicks_that_opened as (

    select distinct touchpoint_id
    from sessions_opened

),

session_touches as (

    select
        sessions.session_id as touchpoint_id,
        sessions.person_id,
        sessions.device_key,
        sessions.channel,
        sessions.utm_source,
        sessions.utm_medium,
        coalesce(sessions.utm_campaign, opening_clicks.campaign) as campaign,
        coalesce(sessions.campaign_id, opening_clicks.campaign_id) as campaign_id,
        sessions.click_id,
        sessions.session_id,
        sessions.source,
        'session' as kind,
        sessions.channel = 'Direct' as is_direct,
        false as is_machine,
        sessions.started_at as touched_at

    from sessions
    {% if is_incremental() %}
    inner join changed_devices on sessions.device_key = changed_devices.device_key
    {% endif %}
    left join opening_clicks on sessions.session_id = opening_clicks.session_id

),

other_touches as (

    select
        touchpoints_observed.touchpoint_id,
        touchpoints_observed.person_id,
        'touch:' || touchpoints_observed.touchpoint_id as device_key,
        touchpoints_observed.channel,
        touchpoints_observed.utm_source,
        touchpoints_observed.utm_medium,
        touchpoints_observed.campaign,
        touchpoints_observed.campaign_id,
        touchpoints_observed.click_id,
        cast(null as {{ sojourn.type_string() }}) as session_id,
        touchpoints_observed.source,
        touchpoints_observed.kind,
        touchpoints_observed.channel = 'Direct' as is_direct,
        touchpoints_observed.is_machine,
        touchpoints_observed.touched_at

    from touchpoints_observed
    {% if is_incremental() %}
    inner join changed_touches
        on touchpoints_observed.touchpoint_id = changed_touches.touchpoint_id
    {% endif %}
    left join clicks_that_opened
        on touchpoints_observed.touchpoint_id = clicks_that_opened.touchpoint_id
    where clicks_that_opened.touchpoint_id is null

),

touchpoints as (

    select * from session_touches

    union all

    select * from other_touches

),

written as (

    select
        *,
        {{ sojourn.fingerprint([
            'touchpoint_id', 'kind', 'channel', 'utm_source', 'campaign', 'campaign_id',
            'is_direct', 'touched_at',
        ]) }} as fingerprint,
        {{ sojourn.this_run() }} as changed_in

    from touchpoints

)

{{ sojourn.replacement('written', 'changed_devices', 'device_key') }}
