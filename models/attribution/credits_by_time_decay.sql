{{ config(materialized='view') }}

-- A touch earns half of what a touch that is a half-life younger earns. Ages are counted from the
-- last touch, which changes no proportion and keeps the weights from vanishing.

with creditable_touches as (

    {{ sojourn.creditable_touches('time_decay') }}

),

aged as (

    select
        conversion_id,
        touchpoint_id,
        touched_at,
        max(touched_at) over (partition by conversion_id) as last_touched_at

    from creditable_touches

),

weighted as (

    select
        conversion_id,
        touchpoint_id,
        power(
            cast(0.5 as {{ sojourn.type_double() }}),
            {{ sojourn.seconds_between('touched_at', 'last_touched_at') }}
            / (86400 * cast({{ sojourn.half_life_days() }} as {{ sojourn.type_double() }}))
        ) as weight

    from aged

)

select
    conversion_id,
    touchpoint_id,
    weight / sum(weight) over (partition by conversion_id) as credit

from weighted
