{{ config(materialized='view') }}

-- In which conversions a channel came last, and in which it was there before another one did.

with journey_steps as (

    select * from {{ ref('sojourn', 'journey_steps') }}
    where is_converted

),

in_journeys as (

    select
        conversion_type,
        path_id,
        channel,
        max(case when step_number = 1 then 1 else 0 end) as is_first,
        max(case when step_number = touch_count then 1 else 0 end) as is_last

    from journey_steps
    group by conversion_type, path_id, channel

),

counted as (

    select
        conversion_type,
        channel,
        count(*) as conversions,
        cast(sum(is_first) as {{ sojourn.type_bigint() }}) as first_touch_conversions,
        cast(sum(is_last) as {{ sojourn.type_bigint() }}) as last_touch_conversions

    from in_journeys
    group by conversion_type, channel

)

select
    conversion_type,
    channel,
    conversions,
    first_touch_conversions,
    last_touch_conversions,
    conversions - last_touch_conversions as assisted_conversions,
    cast(conversions - last_touch_conversions as {{ sojourn.type_double() }})
    / nullif(last_touch_conversions, 0) as assists_per_last_touch

from counted
