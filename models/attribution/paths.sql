with path_steps as (

    select * from {{ ref('sojourn', 'path_steps') }}

),

conversions as (

    select * from {{ ref('sojourn', 'conversions') }}

),

journeys as (

    select
        path_id,
        conversion_type,
        person_id,
        max(conversion_id) as conversion_id,
        {{ sojourn.joined_text(
            "case when is_conversion = 0 then coalesce(channel, 'Unassigned') end",
            ' > ',
            'step_number',
        ) }} as path,
        count(touchpoint_id) as touch_count,
        max(revenue) as revenue,
        min(case when is_conversion = 0 then happened_at end) as first_touched_at,
        max(case when is_conversion = 0 then happened_at end) as last_touched_at,
        max(case when is_conversion = 1 then happened_at end) as converted_at

    from path_steps
    group by path_id, conversion_type, person_id

),

-- A journey that has not converted may still do so until its time has passed: left out till then.
ended as (

    select * from journeys
    where
        conversion_id is not null
        or last_touched_at
        <= {{ sojourn.days_before(sojourn.run_at(), var('attribution_window_days')) }}

),

-- A conversion of nobody we know is a journey without touches.
conversions_of_nobody as (

    select
        {{ sojourn.hash_id(['conversion_type', "'conversion ' || conversion_id"]) }} as path_id,
        conversion_type,
        person_id,
        conversion_id,
        cast(null as {{ sojourn.type_string() }}) as path,
        0 as touch_count,
        revenue,
        cast(null as {{ sojourn.type_timestamp() }}) as first_touched_at,
        cast(null as {{ sojourn.type_timestamp() }}) as last_touched_at,
        converted_at

    from conversions
    where person_id is null

),

all_journeys as (

    select * from ended
    union all
    select * from conversions_of_nobody

)

select
    path_id,
    conversion_id,
    person_id,
    conversion_type,
    coalesce(path, '') as path,
    cast(touch_count as {{ sojourn.type_bigint() }}) as touch_count,
    cast(revenue as {{ sojourn.type_money() }}) as revenue,
    cast({{ sojourn.seconds_between('first_touched_at', 'converted_at') }} / 86400
        as {{ sojourn.type_double() }}) as days_to_convert,
    conversion_id is not null as is_converted,
    first_touched_at,
    last_touched_at,
    converted_at

from all_journeys
