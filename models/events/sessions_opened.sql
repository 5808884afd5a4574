{{ config(
    materialized='incremental',
    incremental_strategy=sojourn.strategy('delete+insert'),
    partition_by=sojourn.partition(),
    unique_key='touchpoint_id',
) }}

-- depends_on: {{ ref('sojourn', 'events_collected') }}
-- depends_on: {{ ref('sojourn', 'event_owners') }}

with sessions as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'sessions') }}

),

clicks as {{ sojourn.inline() }} (

    select * from {{ ref('sojourn', 'touchpoints_observed') }}
    where kind in ('click', 'email_click')

),

{% if is_incremental() %}
changed_devices as (

    {{ sojourn.changed_devices() }}

),

opened_before as {{ sojourn.inline() }} (

    select * from {{ this }}

),

changed_sessions as (

    select sessions.*
    from sessions
    inner join changed_devices on sessions.device_key = changed_devices.device_key

),

changed_clicks as (

    select touchpoint_id
    from {{ ref('sojourn', 'touchpoints_observed') }}
    where changed_in > {{ sojourn.last_run() }}

    union

    select opened_before.touchpoint_id
    from opened_before
    inner join changed_devices on opened_before.device_key = changed_devices.device_key

    union

    select clicks.touchpoint_id
    from clicks
    inner join changed_sessions as sessions on {{ sojourn.opened_by_click_id() }}

    union

    select clicks.touchpoint_id
    from clicks
    inner join changed_sessions as sessions on {{ sojourn.opened_by_campaign() }}

),
{% endif %}

judged_clicks as (

    select clicks.*
    from clicks
    {% if is_incremental() %}
    inner join changed_clicks on clicks.touchpoint_id = changed_clicks.touchpoint_id
    {% endif %}

),

opened as (

    select
        clicks.touchpoint_id,
        sessions.session_id,
        sessions.device_key,
        clicks.campaign,
        clicks.campaign_id,
        clicks.touched_at

    from judged_clicks as clicks
    inner join sessions on {{ sojourn.opened_by_click_id() }}

    union

    select
        clicks.touchpoint_id,
        sessions.session_id,
        sessions.device_key,
        clicks.campaign,
        clicks.campaign_id,
        clicks.touched_at

    from judged_clicks as clicks
    inner join sessions on {{ sojourn.opened_by_campaign() }}

),

pairs as (

    select
        *,
        false as is_superseded
    from opened

    {% if is_incremental() %}
    union all

    -- What a click opened until now: a mark, so that the touch of that session is made anew.
    select
        opened_before.touchpoint_id,
        opened_before.session_id,
        opened_before.device_key,
        opened_before.campaign,
        opened_before.campaign_id,
        opened_before.touched_at,
        true as is_superseded

    from opened_before
    inner join changed_clicks on opened_before.touchpoint_id = changed_clicks.touchpoint_id
    left join opened
        on
            opened_before.touchpoint_id = opened.touchpoint_id
            and opened_before.session_id = opened.session_id
            and opened_before.device_key = opened.device_key
    where opened.touchpoint_id is null
    {% endif %}

),

stamped as (

    select
        *,
        {{ sojourn.this_run() }} as changed_in

    from pairs

)

{{ sojourn.rewritten('stamped') }}
