{{ config(materialized='view') }}

with conversions as (

    select * from {{ ref('sojourn', 'conversions') }}

),

conversion_types as (

    select distinct conversion_type
    from conversions

),

touches as (

    select
        touchpoints.touchpoint_id,
        touchpoints.person_id,
        touchpoints.channel,
        touchpoints.campaign,
        touchpoints.touched_at

    from {{ ref('sojourn', 'touchpoints') }} as touchpoints
    inner join {{ ref('sojourn', 'creditable_kinds') }} as creditable_kinds
        on
            touchpoints.kind = creditable_kinds.kind
            and creditable_kinds.model = 'paths'
    where
        touchpoints.person_id is not null
        and not coalesce(touchpoints.is_machine, false)

),

-- What a person did, once for each conversion type. A touch at the very time of a conversion
-- comes before it.
steps as (

    select
        conversion_types.conversion_type,
        touches.person_id,
        touches.touchpoint_id,
        cast(null as {{ sojourn.type_string() }}) as conversion_id,
        touches.touchpoint_id as step_id,
        touches.channel,
        touches.campaign,
        cast(null as {{ sojourn.type_money() }}) as revenue,
        0 as is_conversion,
        touches.touched_at as happened_at

    from touches
    cross join conversion_types

    union all

    select
        conversion_type,
        person_id,
        cast(null as {{ sojourn.type_string() }}) as touchpoint_id,
        conversion_id,
        conversion_id as step_id,
        cast(null as {{ sojourn.type_string() }}) as channel,
        cast(null as {{ sojourn.type_string() }}) as campaign,
        revenue,
        1 as is_conversion,
        converted_at as happened_at

    from conversions
    where person_id is not null

),

ordered as (

    select
        *,
        row_number() over (
            partition by conversion_type, person_id
            order by happened_at, is_conversion, {{ sojourn.in_byte_order('step_id') }}
        ) as step_number

    from steps

),

followed as (

    select
        *,
        lag(happened_at) over (
            partition by conversion_type, person_id
            order by step_number
        ) as previous_happened_at,
        lag(is_conversion) over (
            partition by conversion_type, person_id
            order by step_number
        ) as previous_is_conversion

    from ordered

),

-- A journey begins with the first step, after each conversion, and after a time without a touch
-- or conversion that is as long as the attribution window.
begun as (

    select
        *,
        case
            when previous_happened_at is null then 1
            when previous_is_conversion = 1 then 1
            when
                previous_happened_at
                <= {{ sojourn.days_before('happened_at', var('attribution_window_days')) }}
                then 1
            else 0
        end as begins_journey

    from followed

),

numbered as (

    select
        *,
        sum(begins_journey) over (
            partition by conversion_type, person_id
            order by step_number
            rows between unbounded preceding and current row
        ) as journey_number

    from begun

),

-- A journey is named after its conversion, or else its first touch: stable when persons merge.
named as (

    select
        *,
        max(conversion_id) over (partition by conversion_type, person_id, journey_number)
            as journey_conversion_id,
        max(case when begins_journey = 1 then touchpoint_id end) over (
            partition by conversion_type, person_id, journey_number
        ) as first_touchpoint_id

    from numbered

)

select
    {{ sojourn.hash_id([
        'conversion_type',
        "coalesce('conversion ' || journey_conversion_id, 'touch ' || first_touchpoint_id)",
    ]) }} as path_id,
    conversion_type,
    person_id,
    touchpoint_id,
    conversion_id,
    channel,
    campaign,
    step_number,
    journey_number,
    revenue,
    is_conversion,
    happened_at

from named
