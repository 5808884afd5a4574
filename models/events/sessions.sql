with sessions_cut as (

    select * from {{ ref('sojourn', 'sessions_cut') }}

),

events as (

    select * from {{ ref('sojourn', 'events') }}
    where session_id is not null

),

-- A session belongs to the owner of its first event that has one.
session_owners as (

    select
        session_id,
        {{ sojourn.first_by('person_id', 'occurred_at') }} as person_id

    from events
    where person_id is not null
    group by session_id

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
        sessions_cut.ended_at

    from sessions_cut
    left join session_owners on sessions_cut.session_id = session_owners.session_id

)

select * from sessions
