{{ config(materialized='view') }}

-- Each channel of the path earns the same, and each touch of a channel an even part of that. This
-- is the Shapley value where a set of channels is worth the conversions whose paths it holds.

with creditable_touches as (

    {{ sojourn.creditable_touches('shapley_even') }}

),

of_channels as (

    select
        conversion_id,
        touchpoint_id,
        count(*) over (partition by conversion_id, coalesce(channel, 'Unassigned'))
            as touches_of_channel,
        row_number() over (
            partition by conversion_id, coalesce(channel, 'Unassigned')
            order by touch_number
        ) as number_in_channel

    from creditable_touches

),

counted as (

    select
        conversion_id,
        touchpoint_id,
        touches_of_channel,
        sum(case when number_in_channel = 1 then 1 else 0 end) over (partition by conversion_id)
            as channel_count

    from of_channels

)

select
    conversion_id,
    touchpoint_id,
    cast(1 as {{ sojourn.type_double() }}) / (channel_count * touches_of_channel) as credit

from counted
