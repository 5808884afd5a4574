with conversions as (

    select * from {{ ref('sojourn', 'conversions') }}

),

touchpoints as (

    select * from {{ ref('sojourn', 'touchpoints') }}
    where not coalesce(is_machine, false)

),

-- A touch counts only while the conversion's window is open, and never after it.
touches_in_window as (

    select
        conversions.conversion_id,
        touchpoints.touchpoint_id,
        conversions.person_id,
        touchpoints.kind,
        touchpoints.channel,
        touchpoints.utm_source,
        touchpoints.campaign,
        touchpoints.campaign_id,
        coalesce(touchpoints.is_direct, false) as is_direct,
        touchpoints.touched_at,
        conversions.converted_at

    from conversions
    inner join touchpoints
        on
            conversions.person_id = touchpoints.person_id
            and conversions.converted_at >= touchpoints.touched_at
            and touchpoints.touched_at > {{ sojourn.days_before(
                'conversions.converted_at', var('attribution_window_days')
            ) }}

)

select * from touches_in_window
