{{ config(
    materialized='incremental',
    incremental_strategy=sojourn.strategy('replace_changed'),
    partition_by=sojourn.partition(),
    unique_key=['device_key', 'session_id'],
) }}

with event_sessions as (

    select * from {{ ref('sojourn', 'event_sessions') }}

),

{% if is_incremental() %}
changed_devices as (

    select distinct device_key
    from {{ ref('sojourn', 'events_collected') }}
    where changed_in > {{ sojourn.last_run() }}

),
{% endif %}

events_collected as (

    select
        event_key,
        event_id,
        anonymous_id,
        user_id,
        lower(utm_source) as utm_source,
        lower(utm_medium) as utm_medium,
        utm_campaign,
        click_id,
        click_id_type,
        campaign_id,
        {{ sojourn.url_host('page_url') }} as page_host,
        {{ sojourn.url_host('referrer') }} as referrer_host

    from {{ ref('sojourn', 'events_collected') }}
    where not is_superseded

),

referral_exclusions as (

    select * from {{ ref('referral_exclusions') }}

),

session_events as (

    select
        event_sessions.session_id,
        event_sessions.device_key,
        event_sessions.source,
        event_sessions.property,
        event_sessions.occurred_at,
        events_collected.*,
        case
            when
                referral_exclusions.host is null
                and coalesce(events_collected.page_host, '') <> events_collected.referrer_host
                then events_collected.referrer_host
        end as external_referrer_host

    from event_sessions
    {% if is_incremental() %}
    inner join changed_devices on event_sessions.device_key = changed_devices.device_key
    {% endif %}
    inner join events_collected on event_sessions.event_key = events_collected.event_key
    left join referral_exclusions on events_collected.referrer_host = referral_exclusions.host

),

session_spans as (

    select
        session_id,
        device_key,
        source,
        property,
        min(anonymous_id) as anonymous_id,
        count(*) as event_count,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at

    from session_events
    group by session_id, device_key, source, property

),

-- A session came from where its first event with a campaign, a click id or a foreign referrer says.
entries as (

    select
        *,
        row_number() over (partition by session_id order by occurred_at, event_key) as entry_number

    from session_events
    where
        utm_source is not null
        or utm_medium is not null
        or utm_campaign is not null
        or click_id is not null
        or external_referrer_host is not null

),

sources as (

    select
        session_spans.*,
        entries.utm_source,
        entries.utm_medium,
        entries.utm_campaign,
        entries.click_id,
        entries.click_id_type,
        entries.campaign_id,
        entries.external_referrer_host as referrer_host,
        case
            when entries.session_id is null then '(direct)'
            when entries.utm_source is not null then entries.utm_source
            when entries.click_id_type in ('gclid', 'gbraid', 'wbraid', 'dclid') then 'google'
            when entries.click_id_type = 'msclkid' then 'bing'
            when entries.external_referrer_host is not null then entries.external_referrer_host
            when entries.click_id_type = 'fbclid' then 'facebook'
            when entries.click_id_type = 'ttclid' then 'tiktok'
            else '(not set)'
        end as traffic_source,
        case
            when entries.session_id is null then '(none)'
            when entries.utm_medium is not null then entries.utm_medium
            when entries.click_id_type in ('gclid', 'gbraid', 'wbraid', 'msclkid') then 'cpc'
            when entries.click_id_type = 'dclid' then 'display'
            when entries.utm_source is null and entries.external_referrer_host is not null
                then 'referral'
            else '(not set)'
        end as traffic_medium,
        coalesce(lower(entries.utm_campaign), '(not set)') as traffic_campaign

    from session_spans
    left join entries
        on
            session_spans.session_id = entries.session_id
            and entries.entry_number = 1

),

{{ sojourn.classify_channels('sources') }},

first_matches as (

    select
        sources.session_id,
        min(channel_matches.priority) as priority

    from sources
    inner join channel_matches
        on
            sources.traffic_source = channel_matches.traffic_source
            and sources.traffic_medium = channel_matches.traffic_medium
            and sources.traffic_campaign = channel_matches.traffic_campaign
            and sources.started_at >= channel_matches.valid_from
            and sources.started_at < channel_matches.valid_to
    group by sources.session_id

),

sessions as (

    select
        sources.session_id,
        sources.device_key,
        sources.source,
        sources.property,
        sources.anonymous_id,
        channel_rules.channel,
        sources.utm_source,
        sources.utm_medium,
        sources.utm_campaign,
        sources.click_id,
        sources.click_id_type,
        sources.campaign_id,
        sources.referrer_host,
        cast(sources.event_count as {{ sojourn.type_bigint() }}) as event_count,
        sources.started_at,
        sources.ended_at,
        {{ sojourn.this_run() }} as changed_in

    from sources
    inner join first_matches on sources.session_id = first_matches.session_id
    inner join channel_rules on first_matches.priority = channel_rules.priority

)

{{ sojourn.replacement('sessions', 'changed_devices', 'device_key') }}
