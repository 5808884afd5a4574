with sessions as (

    select * from {{ ref('sojourn', 'sessions') }}

),

touchpoints_observed as (

    select * from {{ ref('sojourn', 'touchpoints_observed') }}

),

-- A click and the session that it opens are one touch: the same click id says so ...
opened_by_click_id as (

    select
        touchpoints_observed.touchpoint_id,
        sessions.session_id,
        touchpoints_observed.touched_at,
        touchpoints_observed.campaign,
        touchpoints_observed.campaign_id

    from touchpoints_observed
    inner join sessions on touchpoints_observed.click_id = sessions.click_id
    where touchpoints_observed.kind in ('click', 'email_click')

),

-- ... or the same person and campaign within half an hour.
opened_by_campaign as (

    select
        touchpoints_observed.touchpoint_id,
        sessions.session_id,
        touchpoints_observed.touched_at,
        touchpoints_observed.campaign,
        touchpoints_observed.campaign_id

    from touchpoints_observed
    inner join sessions
        on
            touchpoints_observed.person_id = sessions.person_id
            and lower(touchpoints_observed.campaign) = lower(sessions.utm_campaign)
            and touchpoints_observed.touched_at <= sessions.started_at
            and {{ sojourn.minutes_after('touchpoints_observed.touched_at', 30) }}
            >= sessions.started_at
    where touchpoints_observed.kind in ('click', 'email_click')

),

opened as (

    select * from opened_by_click_id

    union

    select * from opened_by_campaign

),

clicks_that_opened as (

    select distinct touchpoint_id
    from opened

),

opening_clicks as (

    select
        session_id,
        {{ sojourn.first_by('touchpoint_id', 'touched_at') }} as touchpoint_id,
        min(campaign_id) as campaign_id,
        min(campaign) as campaign

    from opened
    group by session_id

),

session_touches as (

    select
        sessions.session_id as touchpoint_id,
        sessions.person_id,
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
    left join opening_clicks on sessions.session_id = opening_clicks.session_id

),

other_touches as (

    select
        touchpoints_observed.touchpoint_id,
        touchpoints_observed.person_id,
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
    left join clicks_that_opened
        on touchpoints_observed.touchpoint_id = clicks_that_opened.touchpoint_id
    where clicks_that_opened.touchpoint_id is null

),

touchpoints as (

    select * from session_touches

    union all

    select * from other_touches

)

select * from touchpoints
