{{ config(materialized='view') }}

with paths as (

    select * from {{ ref('sojourn', 'paths') }}
    where touch_count > 0

),

creditable_kinds as (

    select * from {{ ref('sojourn', 'creditable_kinds') }}
    where model = 'paths'

),

touches as (

    select touchpoints.*
    from {{ ref('sojourn', 'touchpoints') }} as touchpoints
    inner join creditable_kinds on touchpoints.kind = creditable_kinds.kind
    where
        touchpoints.person_id is not null
        and not coalesce(touchpoints.is_machine, false)

),

-- A person's journeys for one type of conversion follow each other: their times do not overlap.
steps as (

    select
        paths.path_id,
        touches.touchpoint_id,
        paths.person_id,
        paths.conversion_type,
        coalesce(touches.channel, 'Unassigned') as channel,
        touches.campaign,
        row_number() over (
            partition by paths.path_id
            order by touches.touched_at, {{ sojourn.in_byte_order('touches.touchpoint_id') }}
        ) as step_number,
        paths.touch_count,
        coalesce(touches.is_direct, false) as is_direct,
        paths.is_converted,
        touches.touched_at,
        coalesce(paths.converted_at, paths.last_touched_at) as ended_at

    from paths
    inner join touches
        on
            paths.person_id = touches.person_id
            and paths.first_touched_at <= touches.touched_at
            and paths.last_touched_at >= touches.touched_at
    {% set channel_counts = sojourn.channel_counts(
        'paths.conversion_type', 'touches.channel'
    ) -%}
    {% if channel_counts %}where {{ channel_counts }}{% endif %}

)

select * from steps
