{{ config(materialized='view') }}

with journeys as (

    select * from {{ ref('sojourn', 'journeys') }}

),

conversions as (

    select * from {{ ref('sojourn', 'conversions') }}

),

-- A journey that has not converted may still do so until its time has passed: left out till then.
ended as (

    select
        path_id,
        conversion_id,
        person_id,
        conversion_type,
        path,
        touch_count,
        revenue,
        first_touched_at,
        last_touched_at,
        converted_at

    from journeys
    where
        conversion_id is not null
        or last_touched_at
        <= {{ sojourn.days_before(sojourn.run_at(), sojourn.window_days('conversion_type')) }}

),

-- A conversion of nobody we know is a journey without touches.
conversions_of_nobody as (

    select
        {{ sojourn.hash_id(['conversion_type', "'conversion ' || conversion_id"]) }} as path_id,
        conversion_id,
        person_id,
        conversion_type,
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
    cast(
        {{ sojourn.seconds_between('first_touched_at', 'converted_at') }} / 86400
        as {{ sojourn.type_double() }}
    ) as days_to_convert,
    conversion_id is not null as is_converted,
    first_touched_at,
    last_touched_at,
    converted_at

from all_journeys
